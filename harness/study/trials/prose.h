/* prose - what reports/gate.md says between its tables. */
#ifndef STUDY_TRIALS_PROSE_H
#define STUDY_TRIALS_PROSE_H

/* printf formats where the comment says so, plain Markdown else */
extern const char report_opening[];
extern const char report_again[]; /* seed, gates */
extern const char real_opening[], real_bars[], real_said[], real_how[];
extern const char simulated_opening[]; /* gates twice, pairs of a block, spread, three errors */
extern const char simulated_same[], simulated_edge[], simulated_unlike[], simulated_power[],
    simulated_fine[], simulated_tail[];

#endif
