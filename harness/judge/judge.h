/* judge - claims + statistics + findings -> supported, refuted, inconclusive or invalid, each
 * with its reason.
 *
 * Normal use: judge_claims after a look or on a stored run; print the items; verdict_release.
 * Judging looks only at what is stored, so a stored run gives the same verdict for ever.
 */
#ifndef JUDGE_JUDGE_H
#define JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "judge/diagnose.h"
#include "results/basis.h"
#include "scenario/plan.h"

enum verdict_word {
    VERDICT_SUPPORTED,
    VERDICT_REFUTED,
    VERDICT_INCONCLUSIVE,
    VERDICT_INVALID, /* it must not be judged from this run: reason and remedy tell why */
    VERDICT_WORDS
};

/* One claim at one batch size. */
struct verdict_item {
    const struct scenario_claim *claim; /* of the scenario it was judged with */
    int value;                          /* index of the batch size; 0 when nothing varies */
    size_t batch_size;
    enum verdict_word word;
    double estimate; /* in the unit of the metric, or a ratio; NaN for claims that count */
    double lower,
        upper;  /* one-sided bounds at 95 % each (at the look's levels); infinities when none */
    size_t n;   /* cycles or pairs judged */
    size_t bad; /* of them against the claim */
    int look;   /* 1-based look at which it was decided, or the last one reached */
    double tau; /* variance inflation for dependent cycles, >= 1; 1 for claims that count */
    double effective_n; /* n / tau: what so many cycles are worth */
    double p_support, p_refute;
    double rate_upper;      /* INTACT: upper bound of the true rate of bad cycles, 95 % */
    bool hopeless;          /* INVALID, and more cycles cannot change that */
    bool this_sitting_only; /* fewer than 5 blocks, or blocks within less than 5 minutes */
    char reason[512];       /* one sentence */
    char remedy[256];       /* INVALID, INCONCLUSIVE: what to do about it, or "" */
};

struct verdict {
    struct verdict_item *items;
    size_t count;
    struct diagnosis diagnosis; /* of the run */
    bool decided;               /* no item waits for more cycles */
    /* arms of which no agent ever became ready, though no claim is about how they fail: the run
     * could not measure what it was asked to; or "" */
    char could_not[512];
};

/*
 * judge_claims - every claim at every batch size, from what is stored
 *
 * plan     : what this scenario and the seed of the run make; held against the one that the run
 *            declared, and not looked at where it declared none
 * basis    : loaded with this scenario
 * looks    : the looks complete so far are tested in order; a claim decided at a look stays decided
 */
void judge_claims(struct verdict *out, const struct scenario *scenario, const struct plan *plan,
                  const struct results_basis *basis);
void verdict_release(struct verdict *verdict);

const char *verdict_word_name(enum verdict_word word);

/* verdict_claim_counts - the claim is about a count of cycles (corruption, failure),
 * not about an estimate */
bool verdict_claim_counts(const struct scenario_claim *claim);

/* verdict_arm_idle - an arm that says that it starts nothing, or of which no agent ever became
 * ready, and why: "arm 'x': no agent ever became ready: ..." */
#define VERDICT_IDLE_BYTES 320
bool verdict_arm_idle(char out[VERDICT_IDLE_BYTES], const char *name,
                      const struct results_arm_use *use);

/*
 * verdict_exit_code - 0 every claim supported, 4 a finding, 5 nothing became ready in an arm or a
 * claim must not be judged, 1 a claim refuted, 3 inconclusive; of several the gravest
 */
int verdict_exit_code(const struct verdict *verdict, const struct results_tally *tally);

/* verdict_graver - which of two exit codes is told: 70, 128 + a signal, 4, 5, 2, 1, 3, 0 */
int verdict_graver(int a, int b);

#endif
