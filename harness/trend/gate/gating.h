/* gating - is a candidate slower than its baseline? Side by side, or against what is stored.
 *
 * Normal use: gate_run_paired, or gate_stored (gate_baseline_find, in baseline.h, finds what it
 * is held against) fill a struct gate_result; gate_settle decides on the exit code, the writers of
 * report/ tell it, gate_result_release.
 */
#ifndef TREND_GATE_GATING_H
#define TREND_GATE_GATING_H

#include "base/text.h"
#include "judge/gate_rule.h"
#include "judge/judge.h"
#include "runner/runner.h"
#include "trend/gate/baseline.h"

/* ---- command.c: a command line as its words, without any shell ---- */

#define GATE_MOST_WORDS 256

/*
 * gate_split_command - "./spawner --name 'a b' \"c\"" as four words
 *
 * Blanks part words. '...' keeps everything, "..." everything but \" and \\, a backslash outside
 * quotes keeps the next character. Nothing is expanded: no variables, no patterns, no pipes.
 * out     : NULL-terminated; gate_free_words
 * errors  : ERR_USAGE: no word at all, a quote or backslash that is not closed, too many words
 * example : {reference} --mode parallel  gives "{reference}" "--mode" "parallel"
 */
int gate_split_command(char ***out, const char *text, struct err *err);

/* gate_free_words - accepts NULL */
void gate_free_words(char **words);

/* ---- derive.c: a scenario in which baseline and candidate run side by side ---- */

#define GATE_BASELINE  "baseline"
#define GATE_CANDIDATE "candidate"
#define GATE_SUFFIX    "-gate" /* of the derived scenario's name: its runs are nobody's history */

/*
 * gate_pick_arm - the arm that is gated
 *
 * name   : NULL: the only arm; of several the one that the claims about time speak for: who is
 *          said to be faster, or of whom a limit is claimed, when all of them mean the same arm
 * errors : ERR_USAGE: no such arm, or several that may be meant; the arms are named
 */
int gate_pick_arm(size_t *out, const struct scenario *scenario, const char *name, struct err *err);

/* gate_refuse_arm - the scenario has no such arm: ERR_USAGE, with the nearest name; returns -1 */
int gate_refuse_arm(const struct scenario *scenario, const char *name, struct err *err);

/* gate_looks - 50, 100, 200, 400 ... below `most`, and `most` itself: at most GATE_MOST_LOOKS
 * most    : 1 or more
 * returns : how many */
size_t gate_looks(int looks[], int most);

/*
 * gate_derive - the same agents in two arms: "baseline", which is `against`, and "candidate"
 *
 * Claims are left out but for integrity, which is always asked; so is the spec_id, lest evidence of
 * others be overwritten. The text is edited and checked like any other, and what is stored with the
 * run.
 *
 * against : NULL-terminated words
 * looks   : ascending
 * out     : whole, or untouched on error; scenario_release
 * errors  : ERR_USAGE
 */
int gate_derive(struct scenario *out, const struct scenario *scenario, size_t arm,
                char *const against[], const int looks[], size_t look_count, struct err *err);

/* ---- pairs.c: what is asked, and the stored cycles it is answered from ---- */

#define GATE_MOST_QUANTILES 8

/* What is gated and how strictly. Plain value. */
struct gate_asked {
    enum scenario_metric metrics[SCENARIO_METRICS];
    size_t metric_count;
    double quantiles[GATE_MOST_QUANTILES]; /* 0.5 .. below 1 */
    size_t quantile_count;
    double tolerance, alpha, power;
    int looks[GATE_MOST_LOOKS];
    size_t look_count;
};

/* What one metric of a question is about, and its figures. Plain value. */
struct gate_place {
    enum scenario_metric metric;
    size_t value, batch_size;
    char *arm;                  /* against a stored baseline, owned; NULL: side by side */
    double baseline, candidate; /* the statistic of each, in the metric's own unit */
    size_t unknown;             /* cycles of either whose value nobody knows */
};

/* The arrays behind a question. Owned: gate_pairs_release. */
struct gate_pairs {
    struct gate_metric *metrics; /* [count] */
    struct gate_place *places;   /* [count] */
    size_t count;
    void **arrays; /* what the metrics point to */
    size_t array_count;
};

/*
 * gate_pairs_load - every metric, at every batch size, at every quantile, pair by pair
 *
 * Throughput is turned into time per agent, so that lower is better everywhere.
 * errors : those of the store
 */
int gate_pairs_load(struct gate_pairs *out, const struct gate_asked *asked,
                    const struct scenario *scenario, struct results *store, int64_t run,
                    int baseline, int candidate, struct err *err);
void gate_pairs_release(struct gate_pairs *pairs);

/* gate_question_of - what is asked, over these pairs (borrowed) */
struct gate_question gate_question_of(const struct gate_asked *asked,
                                      const struct gate_pairs *pairs);

/* gate_turn - a rate as the time for each, in place: 0 becomes +infinity, NaN stays */
void gate_turn(double values[], size_t n);

/* ---- result.c: what was found, in one place, before anybody words it ---- */

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
    int64_t integrity_candidate;                   /* of the latter */
    char finding[256];                             /* one of the candidate's, "" */
    char history[1600]; /* what its history says, when it was asked; else "" */
    size_t open_steps;  /* in it: for the worse, and nobody accepted them */
    struct text marks;  /* what a reader must know, one line each: "the machine differs: ..." */
    char reason[512];   /* why it could not be compared; "" when it could */
    bool advisory;      /* it tells, and does not fail */
    int code;           /* exit code, see gate_settle */
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

/* gate_check_idle - refused when the arm says that it starts nothing, or no agent of it became
 * ready; errors: those of the store */
int gate_check_idle(struct gate_result *out, struct results *store, int64_t run, int arm,
                    const char *name, struct err *err);

/*
 * gate_paired - judge a stored run of a derived scenario (gate_derive): side by side
 *
 * Fills pairs, answer, findings, cycles. Refused: nothing measured, an arm that starts nothing or
 * of which no agent ever became ready, a baseline with findings or with more than
 * GATE_MOST_FAILED_SHARE of failed cycles, a metric that nobody knows anything of.
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
 * "integrity broken", "misconduct", "could not compare" */
const char *gate_verdict(const struct gate_result *result);

/* gate_statistic - "p50", "p95", "p99.9" */
#define GATE_STATISTIC_BYTES 16
const char *gate_statistic(char out[GATE_STATISTIC_BYTES], double quantile);

void gate_result_release(struct gate_result *result);

/* ---- floor.c: what a calibration of this machine says can be told apart at all ---- */

/*
 * gate_check_floor - refuse a tolerance that is below the calibrated noise floor of what is asked
 *
 * Looked at is the newest document of kind "calibration" for this machine class and scenario, else
 * for this machine class. No such document: nothing is known, nothing is refused. A document that
 * cannot be read is marked.
 *
 * machine  : id of the fingerprint
 * scenario : its name
 * errors   : those of the store
 */
int gate_check_floor(struct gate_result *result, struct results *store, const char *machine,
                     const char *scenario, struct err *err);

/* ---- paired.c: measured side by side, in one run, and judged ---- */

/* What runs against what. Borrowed for the call. */
struct gate_sides {
    struct runner_options runner; /* results, path, command, seed, observer; the rest is ours */
    const char *against;          /* command line of the baseline, see gate_split_command */
    const char *arm;              /* the candidate; NULL: see gate_pick_arm */
    struct gate_manners manners;
};

/*
 * gate_run_paired - derive the scenario, look at the noise floor, run both arms, judge
 *
 * The run stops at the first look at which the gate is decided.
 *
 * result : asked is filled before; refused when the run ended early or could not be begun
 * ended  : why it did, zero otherwise; it is not returned as an error
 * errors : ERR_USAGE, those of scenarios and of the store
 */
int gate_run_paired(struct gate_result *result, const struct gate_sides *sides, struct err *ended,
                    struct err *err);

/* ---- stored.c: against a baseline that was measured another time ---- */

#define GATE_ENOUGH_SITTINGS 10 /* judge/STATISTICS.md 6.2: with fewer it can only advise */
#define GATE_LEAST_CYCLES    20 /* of a sitting, and of the candidate */

/*
 * gate_stored - judge run `run` against the baseline
 *
 * The sitting is the unit: ln of the candidate's figure is held against the prediction interval of
 * those of the stored sittings, t = (ln x - mean) / (s sqrt(1 + 1 / m)) (stats_predict_sitting),
 * shifted by the tolerance; Holm's correction over all figures. The item's n is that of the
 * candidate's cycles. Fewer than GATE_ENOUGH_SITTINGS only advise unless `strict`.
 *
 * Refused, or marked where manners allow a mismatch: another machine class, another scenario.
 * Refused always: the run is one of the baseline's own, or partial; an arm, batch size, metric or
 * quantile that one of the two lacks; too few cycles for the quantile.
 * arm     : only this one; NULL: every arm of the baseline
 * errors  : those of the store
 */
int gate_stored(struct gate_result *out, const struct gate_baseline *baseline,
                struct results *store, int64_t run, const char *arm, bool strict,
                const struct gate_manners *manners, struct err *err);

/* ---- gate_self_test.c: a planted regression, and broken baselines ---- */

/* What one `spawnbench gate` answered. */
struct gate_said {
    int exit;
    char verdict[32]; /* of its JSON document, "" when there is none */
};

/* Zero but for `each`. */
struct gate_self_test {
    /* after each question; or NULL. good: it was answered as it must be */
    void (*each)(const char *what, const struct gate_said *said, bool good);
    size_t tried, missed;
};

/*
 * gate_self_test - ask all of it, in a folder of its own
 *
 * Runs this program, which must be spawnbench; what it complains of goes to stderr.
 * tolerance, alpha : that the gate is asked with
 * errors           : ERR_SYSTEM; ERR_UNFIT no baseline could be made
 */
int gate_self_test(struct gate_self_test *out, double tolerance, double alpha, struct err *err);

#endif
