/* result - what a gate found, in one place, before anybody words it.
 *
 * Normal use: gate_paired or gate_stored (stored.h) fills it, gate_settle decides on the exit code,
 * the writers of report/ tell it, gate_result_release.
 */
#ifndef TREND_GATE_RESULT_H
#define TREND_GATE_RESULT_H

#include "base/text.h"
#include "trend/gate/pairs.h"

#define GATE_MOST_FAILED_SHARE 0.05 /* of the baseline's cycles: above, it is no yardstick */

struct gate_result {
    char *scenario;             /* the name of the one that was asked for */
    char *baseline, *candidate; /* what they are, for people: a command, a name */
    bool paired;                /* side by side in one run; else against what is stored */
    int64_t run;                /* that was measured or judged; 0: none */
    uint64_t seed;
    size_t sittings; /* of the stored baseline */
    struct gate_asked asked;
    struct gate_pairs pairs;   /* places of the items; its arrays only when paired */
    struct gate_answer answer; /* no items: nothing could be compared */
    int64_t cycles;            /* of the candidate, warm-ups included */
    int64_t findings_baseline, findings_candidate; /* integrity and conduct */
    char finding[256];                             /* one of the candidate's, "" */
    char history[400]; /* what its history says, when it was asked; else "" */
    size_t open_steps; /* in it: for the worse, and nobody accepted them */
    struct text marks; /* what a reader must know, one line each: "the machine differs: ..." */
    char reason[512];  /* why it could not be compared; "" when it could */
    bool advisory;     /* it tells, and does not fail */
    int code;          /* exit code, see gate_settle */
};

/* How words become an exit code. */
struct gate_manners {
    bool advisory;            /* regression, inconclusive and powerless end with 0, too */
    bool inconclusive_passes; /* inconclusive and powerless end with 0 */
    bool allow_mismatch;      /* what speaks against comparing is marked, and no reason to end */
};

/* gate_mark   - one more line of marks
 * gate_refuse - it cannot be compared; the first reason stays */
void gate_mark(struct gate_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void gate_refuse(struct gate_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* gate_object - it speaks against comparing, and may be overruled: refused, or marked */
void gate_object(struct gate_result *out, const struct gate_manners *manners, const char *what);

/* gate_count_findings - those of the candidate, arm -1: of the whole run; fills cycles, too */
int gate_count_findings(struct gate_result *out, struct results *store, int64_t run, int arm,
                        struct err *err);

/*
 * gate_paired - judge a stored run of a derived scenario (derive.h): side by side
 *
 * Fills pairs, answer, findings, cycles. Refused: nothing measured, a baseline with findings or
 * with more than GATE_MOST_FAILED_SHARE of failed cycles, a metric that nobody knows anything of.
 * What gate_manners.allow_mismatch allows is marked instead.
 *
 * errors : those of the store
 */
int gate_paired(struct gate_result *out, const struct scenario *derived, struct results *store,
                int64_t run, const struct gate_manners *manners, struct err *err);

/*
 * gate_settle - the exit code: 4 the candidate has findings (however fast it is), 5 not comparable,
 * 1 a regression, or an open step of its history, 3 inconclusive or powerless, 0 no regression or
 * an improvement
 */
void gate_settle(struct gate_result *result, const struct gate_manners *manners);

/* gate_verdict - the last line for people: "no regression",
 * "integrity broken", "could not compare" */
const char *gate_verdict(const struct gate_result *result);

/* gate_statistic - "p50", "p95", "p99.9" */
#define GATE_STATISTIC_BYTES 16
const char *gate_statistic(char out[GATE_STATISTIC_BYTES], double quantile);

void gate_result_release(struct gate_result *result);

#endif
