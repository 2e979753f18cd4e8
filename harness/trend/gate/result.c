/* What came of the gate, may it be told as an answer, and how does the command end? */
#include "trend/gate/gating.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void gate_mark(struct gate_result *result, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    text_make_printable(line);
    text_addf(&result->marks, "%s\n", line);
}

void gate_refuse(struct gate_result *result, const char *format, ...)
{
    va_list args;
    if (result->reason[0])
        return;
    va_start(args, format);
    vsnprintf(result->reason, sizeof result->reason, format, args);
    va_end(args);
    text_make_printable(result->reason);
}

const char *gate_statistic(char out[GATE_STATISTIC_BYTES], double quantile)
{
    snprintf(out, GATE_STATISTIC_BYTES, "p%.6g", 100 * quantile);
    return out;
}

/* ---- fit to be compared? ---- */

/* One finding of the candidate is enough to be told. */
struct one_finding {
    int arm;
    struct gate_result *out;
};

static int keep_finding(void *context, const struct results_finding *finding)
{
    struct one_finding *one = context;
    if (one->arm >= 0 && finding->arm != one->arm)
        return 0;
    snprintf(one->out->finding, sizeof one->out->finding, "%s: %s", finding->rule, finding->text);
    text_make_printable(one->out->finding);
    return 1;
}

int gate_count_findings(struct gate_result *out, struct results *store, int64_t run, int arm,
                        struct err *err)
{
    struct one_finding one = {arm, out};
    struct results_tally tally;
    if (results_tally(store, run, arm, -1, &tally, err) < 0 ||
        results_each_finding(store, run, keep_finding, &one, err) < 0)
        return -1;
    out->findings_candidate = tally.findings_integrity + tally.findings_conduct;
    out->integrity_candidate = tally.findings_integrity;
    out->cycles = tally.cycles;
    return 0;
}

void gate_object(struct gate_result *out, const struct gate_manners *manners, const char *what)
{
    if (manners->allow_mismatch)
        gate_mark(out, "marked: %s", what);
    else
        gate_refuse(out, "%s (--allow-mismatch compares all the same)", what);
}

/* A baseline that loses things, or starts next to nothing, makes every candidate look good. */
static void check_baseline(struct gate_result *out, const struct results_tally *baseline,
                           const struct gate_manners *manners)
{
    char what[256];
    if (out->findings_baseline) {
        snprintf(what, sizeof what,
                 "the baseline has %lld findings: what it lost on the way cost it no time",
                 (long long)out->findings_baseline);
        gate_object(out, manners, what);
    }
    if ((double)baseline->cycles_failed > GATE_MOST_FAILED_SHARE * (double)baseline->cycles &&
        out->answer.word != GATE_REGRESSION)
        gate_refuse(out,
                    "the baseline failed in %lld of %lld cycles: it is no yardstick (run it alone "
                    "to see why)",
                    (long long)baseline->cycles_failed, (long long)baseline->cycles);
}

int gate_check_idle(struct gate_result *out, struct results *store, int64_t run, int arm,
                    const char *name, struct err *err)
{
    struct results_arm_use use;
    char why[VERDICT_IDLE_BYTES];
    if (results_arm_use_load(&use, store, run, arm, err) < 0)
        return -1;
    if (verdict_arm_idle(why, name, &use))
        gate_refuse(out, "%s", why);
    return 0;
}

static void check_metrics(struct gate_result *out)
{
    for (size_t i = 0; i < out->answer.count; i++) {
        const struct gate_item *item = &out->answer.items[i];
        if (item->doubtful == item->n)
            gate_refuse(out, "%s: not one pair of %zu has a value on both sides: %s",
                        out->pairs.metrics[i].name, item->n,
                        out->pairs.places[i].unknown ? "it is not known here"
                                                     : "both failed in each");
        else if (item->doubtful)
            gate_mark(out,
                      "%s: %zu of %zu pairs have no value or failed on both sides; they speak "
                      "against every answer",
                      out->pairs.metrics[i].name, item->doubtful, item->n);
    }
}

int gate_paired(struct gate_result *out, const struct scenario *derived, struct results *store,
                int64_t run, const struct gate_manners *manners, struct err *err)
{
    struct results_tally baseline, both;
    struct gate_question question;
    int64_t shared;
    out->paired = true;
    out->run = run;
    if (gate_pairs_load(&out->pairs, &out->asked, derived, store, run, 0, 1, err) < 0 ||
        results_tally(store, run, 0, -1, &baseline, err) < 0 ||
        results_tally(store, run, -1, -1, &both, err) < 0 ||
        gate_count_findings(out, store, run, 1, err) < 0)
        return -1;
    out->findings_baseline = baseline.findings_integrity + baseline.findings_conduct;
    shared = both.findings_integrity + both.findings_conduct - out->findings_baseline -
             out->findings_candidate;
    if (shared > 0) /* neither is accused, and neither is called sound */
        gate_refuse(out,
                    "%lld findings of databases that the agents of both arms share: which arm it "
                    "was is not known, run each alone",
                    (long long)shared);
    if (gate_check_idle(out, store, run, 1, GATE_CANDIDATE, err) < 0 ||
        gate_check_idle(out, store, run, 0, GATE_BASELINE, err) < 0)
        return -1;
    question = gate_question_of(&out->asked, &out->pairs);
    if (gate_judge(&out->answer, &question) < 0) {
        gate_refuse(out, "not one pair of cycles was measured");
        return 0;
    }
    check_baseline(out, &baseline, manners);
    check_metrics(out);
    return 0;
}

/* ---- the end ---- */

static int code_of(enum gate_word word)
{
    if (word == GATE_REGRESSION)
        return 1;
    return word == GATE_INCONCLUSIVE || word == GATE_POWERLESS ? 3 : 0;
}

void gate_settle(struct gate_result *result, const struct gate_manners *manners)
{
    result->advisory = result->advisory || manners->advisory;
    if (result->findings_candidate)
        result->code = 4;
    else if (result->reason[0] || result->answer.count == 0)
        result->code = 5;
    else
        result->code = result->open_steps ? 1 : code_of(result->answer.word);
    if ((result->code == 3 && manners->inconclusive_passes) ||
        (result->code < 4 && result->advisory))
        result->code = 0;
}

const char *gate_verdict(const struct gate_result *result)
{
    if (result->findings_candidate)
        return result->integrity_candidate ? "integrity broken" : "misconduct";
    if (result->reason[0] || result->answer.count == 0)
        return "could not compare";
    if (result->open_steps && result->answer.word != GATE_REGRESSION)
        return "slower than its history";
    return gate_word_name(result->answer.word);
}

void gate_result_release(struct gate_result *result)
{
    free(result->scenario);
    free(result->baseline);
    free(result->candidate);
    gate_pairs_release(&result->pairs);
    gate_release(&result->answer);
    text_release(&result->marks);
    *result = (struct gate_result){0};
}
