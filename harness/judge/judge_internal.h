/* judge_internal - what the files of judge/ share; nobody else includes it.
 *
 * One claim at one batch size goes: evidence_take -> looks_test -> sentence_write; claims that
 * count cycles with a finding or a failure go through counted_judge instead.
 */
#ifndef JUDGE_JUDGE_INTERNAL_H
#define JUDGE_JUDGE_INTERNAL_H

#include "judge/judge.h"
#include "judge/stats/stats.h"

#define VERDICT_ALPHA 0.05 /* of each one-sided error */

/* The samples of one claim at one batch size, in order of pairs. Owned: evidence_release.
 *
 * Whatever is claimed, a sample is one number of which too much (single arm) or too little (ratio)
 * speaks against the claim: "at least" is judged on -x, so that a failed cycle, +infinity, is
 * always against it. */
struct evidence {
    double *values;
    size_t *sizes; /* pairs of each block, in order; they add up to n */
    int *pairs;    /* which pair each value is of, ascending: some may be left out */
    size_t n, blocks;
    size_t reached; /* pairs that were measured, those left out too */
    size_t unknown; /* pairs without a value, counted against the claim as if they had failed */
    double p;       /* the claimed quantile of values; 0.5 for ratios and means */
    double edge;    /* the limit, of -x negated too; or the claimed ratio */
    bool ratio;     /* against the claim when below edge, else when above */
    bool negated;   /* values are -x */
};

struct evidence evidence_take(const struct results_basis *basis, const struct scenario_claim *claim,
                              int value);
void evidence_release(struct evidence *evidence);

/* looks_test - word, n, bad, look, tau, p values, estimate and bounds, at the planned looks */
void looks_test(struct verdict_item *item, const struct scenario *scenario,
                const struct evidence *evidence);

/* sentence_value - a number in the unit of the claim's metric, three significant digits */
#define SENTENCE_VALUE_BYTES 32
const char *sentence_value(char out[SENTENCE_VALUE_BYTES], const struct scenario_claim *claim,
                           double value);

/* sentence_write - the reason, and for what is not decided the remedy */
void sentence_write(struct verdict_item *item, const struct scenario *scenario,
                    const struct evidence *evidence);

/* counted_judge - claims on corruption and on failures, from the tally of the claim's cycles */
void counted_judge(struct verdict_item *item, const struct scenario *scenario,
                   const struct results_basis *basis, const struct results_tally *tally);

/* counted_needed - cycles without a finding that support a claim on corruption */
size_t counted_needed(const struct scenario_claim *claim);

/* idle_find  - fills could_not
 * idle_judge - an item that was judged: invalid when an arm that it speaks of did nothing */
void idle_find(struct verdict *out, const struct scenario *scenario,
               const struct results_basis *basis);
void idle_judge(struct verdict_item *item, const struct scenario *scenario,
                const struct results_basis *basis);

/* ---- samples.c ---- */

/* Spawn times of one arm at one batch size. Owned by struct samples. */
struct samples_cell {
    int arm, value;
    const double *spawn; /* by pair, ns; +infinity: failed. Borrowed, like places */
    const int *places;   /* of each pair: 0 is first */
    size_t *sizes;       /* pairs of each block */
    size_t n, blocks, failed, distinct;
    double median;
};

/* Lives no longer than the basis. */
struct samples {
    struct samples_cell *cells; /* [arm * values + value] */
    size_t cell_count;
    /* pairs whose first cycle, against its arm's median,
     * took longer than their last; ties are left out */
    size_t first_slower, pairs_compared;
    double resolution_ns; /* of the clock; NaN: not known */
};

void samples_take(struct samples *out, const struct scenario *scenario,
                  const struct results_basis *basis);
void samples_release(struct samples *samples);

/* samples_series - one that the basis was loaded with; agent: NULL, or of phases */
const struct results_series *samples_series(const struct results_basis *basis, int arm, int value,
                                            enum scenario_metric metric, const char *agent);

/* ---- how a diagnostic is put on the list: diagnose.c, diagnose_plan.c, diagnose_growth.c ---- */

/* diagnosis_add - one more item, of the run as a whole; valid until the next one is added */
struct diagnosis_item *diagnosis_add(struct diagnosis *out, enum diagnosis_kind kind,
                                     enum diagnosis_level level, double figure);

/* diagnosis_say - what was seen; diagnosis_advise - what to do about it */
void diagnosis_say(struct diagnosis_item *item, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void diagnosis_advise(struct diagnosis_item *item, const char *remedy);

#define DIAGNOSIS_TAU_FLAGGED 2.0
#define DIAGNOSIS_DEPENDENCE_REMEDY                                                                \
    "more cycles, or spread over a longer time (--spread 5m); verdicts allow for it already"

/* diagnosis_sort - by kind, arm, batch size */
void diagnosis_sort(struct diagnosis *diagnosis);

/* diagnose_growth - does the -wal of a store grow without end? */
void diagnose_growth(struct diagnosis *out, const struct scenario *scenario,
                     const struct results_basis *basis);

/* diagnose_plan - is what is stored what was declared before the first cycle? */
void diagnose_plan(struct diagnosis *out, const struct plan *plan,
                   const struct results_basis *basis);

#endif
