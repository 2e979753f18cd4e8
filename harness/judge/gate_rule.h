/* gate_rule - is the candidate slower than the baseline, and could these pairs have shown it?
 *
 * The rule alone, on arrays: no files, no processes. Normal use: fill a question with
 * GATE_QUESTION_DEFAULTS, gate_judge at each look, go on while answer.more, gate_release.
 *
 * What is proven, and how often it may be wrong:
 *
 *   regression     slower by more than the tolerance; falsely in `alpha` of all gates at most,
 *                  all metrics and all looks together (Holm 1979; linear spending, Lan and DeMets
 *                  1983), and that at the tolerance itself: without any change much more seldom
 *   no regression  a change above the tolerance is excluded; falsely in `alpha_pass` at most, for
 *                  each metric
 *   improvement    no regression, and faster by more than the tolerance, with alpha as above
 *   inconclusive   neither is proven
 *   powerless      neither is proven, and a change as large as the tolerance could not have been
 *                  told from none at all: the silence of this gate means nothing
 *
 * reports/gate.md counts how often each is said, and how often it is wrong: on noise of known truth
 * (study/trials), and by real gates with slowdowns planted.
 */
#ifndef JUDGE_GATE_RULE_H
#define JUDGE_GATE_RULE_H

#include <stdbool.h>
#include <stddef.h>

#define GATE_ALPHA      0.01
#define GATE_ALPHA_PASS 0.05
#define GATE_POWER      0.8
#define GATE_TOLERANCE  0.05
#define GATE_MOST_LOOKS 8 /* STATS_MOST_LOOKS */

enum gate_word {
    GATE_INCONCLUSIVE,
    GATE_NO_REGRESSION,
    GATE_REGRESSION,
    GATE_IMPROVEMENT,
    GATE_POWERLESS,
    GATE_WORDS
};

/* One metric at one batch size. Arrays are borrowed for the call.
 *
 * Lower is better: a rate such as throughput is handed over as 1 / rate, so that 5 % less
 * throughput is some 5 % more time for each. A failed cycle is +infinity and never left out. A
 * value that nobody knows is NaN: such a pair speaks against every answer. One in which both failed
 * does so for the median, and tells nothing of a quantile of the tail. */
struct gate_metric {
    const char *name;
    double quantile; /* 0.5: the median of the ratios pair by pair; above: of all cycles of each */
    const double *baseline, *candidate; /* shape [n]; measured side by side, in random order */
    size_t n;
    const size_t *block_sizes; /* pairs of each consecutive block; NULL with blocks 0: none */
    size_t blocks;
};

struct gate_question {
    const struct gate_metric *metrics;
    size_t count;
    double tolerance;           /* 0.05: 5 % more is allowed; >= 0 */
    double alpha;               /* of a false regression, 0 < alpha < 0.5 */
    double alpha_pass;          /* of a false "no regression" */
    double power;               /* with which a change counts as one that would have been seen */
    int looks[GATE_MOST_LOOKS]; /* pairs, ascending, declared before the first one runs */
    size_t look_count;
};

#define GATE_QUESTION_DEFAULTS                                                                     \
    {                                                                                              \
        .tolerance = GATE_TOLERANCE, .alpha = GATE_ALPHA, .alpha_pass = GATE_ALPHA_PASS,           \
        .power = GATE_POWER, .looks = {50, 100, 200}, .look_count = 3                              \
    }

/* The answer for one metric. Plain value. */
struct gate_item {
    enum gate_word word;
    size_t n;   /* pairs judged: those up to the look that decided, or the last one reached */
    int look;   /* 1-based; 0: not even the first was reached, nothing can be decided */
    double tau; /* variance inflation for dependent pairs, >= 1 (judge/stats/robust.h) */
    double effective_n; /* n / tau */
    double ratio;       /* candidate / baseline: 1.03 is 3 % slower; 0 .. +infinity */
    /* one-sided bounds of it at the levels of the look: word agrees with them;
     * 0 and +infinity where there is none */
    double lower, upper;
    double p_regression;    /* held against alpha: the levels of the looks are in it already */
    double p_adjusted;      /* the same after Holm's correction over the metrics */
    double p_no_regression; /* held against alpha_pass likewise */
    double p_improvement;   /* held against alpha, after Holm's correction */
    /* smallest change told from none with `power`; 0.041 is 4.1 %; +infinity: none */
    double detectable;
    /* smallest change that would have been called a regression with `power`:
     * (1 + tolerance) (1 + detectable) - 1 */
    double least_regression;
    size_t failed_baseline, failed_candidate; /* cycles of the n */
    size_t doubtful; /* pairs without a value, or in which both failed: against every answer */
};

struct gate_answer {
    struct gate_item *items; /* [count], in the order of the metrics */
    size_t count;
    int look;            /* the last one reached, 0: none */
    bool more;           /* it is not decided yet and a later look may decide it: run on */
    enum gate_word word; /* the gravest: regression, then powerless, inconclusive, no regression */
};

/*
 * gate_judge - the answer so far
 *
 * Every look that is complete for all metrics is judged in order; what is decided at one stays
 * decided. A regression of one metric ends it: the others keep what they have. The same arrays give
 * the same answer.
 *
 * The median: a sign test on the ratios of pairs, bad = ratio > 1 + tolerance
 * (judge/STATISTICS.md 6.1), with the tau of stats_stern_tau at the smaller of alpha and
 * alpha_pass.
 *
 * A quantile p: the candidate divided by 1 + tolerance is laid on one heap with the baseline. Of
 * the heap's uppermost 2 n (1 - p) cycles those of pairs in which only one of the two is up there
 * are counted: as many by the candidate as by the baseline, were they alike (McNemar 1947),
 * whatever the distribution, and however cycles resemble their neighbours, since the order within a
 * pair is random. To prove a regression the uppermost three quarters of them count: a few slow ones
 * in a hundred are then not diluted by the body's own. Bounds come from dividing by other factors.
 *
 * returns : 0, or -1 and nothing in out when there is no metric, no look, a pair is missing
 *           altogether (n is 0), looks do not ascend, or a number is out of its range: a gate that
 *           was given nothing has no answer
 */
int gate_judge(struct gate_answer *out, const struct gate_question *question);
void gate_release(struct gate_answer *answer);

/* gate_word_name - "no regression"; gate_word_code - "no_regression", for programs */
const char *gate_word_name(enum gate_word word);
const char *gate_word_code(enum gate_word word);

/* gate_quantile - of values in any order; NaN goes to the end as infinity */
double gate_quantile(const double values[], size_t n, double p);

#endif
