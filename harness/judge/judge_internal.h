/* judge_internal - what the files of verdict/ share; nobody else includes it.
 *
 * One claim at one batch size goes: evidence_load -> looks_test -> sentence_write; claims that
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
    size_t n, blocks;
    size_t unknown; /* pairs without a value, counted against the claim as if they had failed */
    double p;       /* the claimed quantile of values; 0.5 for ratios and means */
    double edge;    /* the limit, of -x negated too; or the claimed ratio */
    bool ratio;     /* against the claim when below edge, else when above */
    bool negated;   /* values are -x */
};

int evidence_load(struct evidence *out, const struct scenario_claim *claim, struct results *store,
                  int64_t run, int value, struct err *err);
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
                   const struct results_tally *tally);

#endif
