/* gate_internal - what the files gate_*.c of judge/ share; nobody else includes it. */
#ifndef JUDGE_GATE_INTERNAL_H
#define JUDGE_GATE_INTERNAL_H

#include "judge/gate_rule.h"

/* A metric up to one look. Owned: sizes. */
struct gate_view {
    const double *baseline, *candidate;
    size_t n;
    double quantile;
    size_t *sizes; /* a look may cut a block short */
    size_t blocks;
};

/* How surprising the pairs are where the true ratio is 1 + tolerance, or 1 / (1 + tolerance). */
struct gate_proof {
    double regression, no_regression, improvement; /* p values, 0 .. 1 */
    double tau;
};

/* Levels of one look. */
struct gate_levels {
    double regression, pass;
};

/* What differs between the median and a quantile of the tail. */
struct gate_method {
    /* cycles that are counted at a look of n pairs: the levels follow from them */
    int (*counted)(double quantile, int n, bool pass);
    void (*prove)(struct gate_proof *out, const struct gate_view *view,
                  const struct gate_question *question);
    /* ratio, lower, upper, detectable: the bounds at these levels */
    void (*estimate)(struct gate_item *out, const struct gate_view *view,
                     const struct gate_question *question, const struct gate_levels *levels);
};

extern const struct gate_method gate_median, gate_tail;

/* gate_detectable - exp((z(1 - alpha) + z(power)) error) - 1; error: standard error of ln ratio */
double gate_detectable(const struct gate_question *question, double error);

/* gate_doubtful - a pair that tells nothing: a value is not known, or both failed */
bool gate_doubtful(double baseline, double candidate);

/* gate_correct - Holm's correction over all items, in p_adjusted and p_improvement of open ones */
void gate_correct(struct gate_item items[], size_t count);

/* gate_word_of - the word that the corrected p values give */
enum gate_word gate_word_of(const struct gate_item *item, const struct gate_question *question);

/* gate_gravest - of all items; there is at least one */
enum gate_word gate_gravest(const struct gate_answer *answer);

#endif
