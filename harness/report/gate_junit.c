/* What does a CI service show of a gate? One case for each metric, for integrity, for
 * comparability; their names are the same from run to run. */
#include <stdlib.h>

#include "report/junit.h"
#include "report/trend_words.h"

static enum junit_result result_of(const struct gate_result *result, const struct gate_item *item)
{
    switch (item->word) {
    case GATE_NO_REGRESSION:
    case GATE_IMPROVEMENT:
        return JUNIT_PASSED;
    case GATE_REGRESSION: /* an advisory one is told, and fails nothing */
        return result->advisory ? JUNIT_SKIPPED : JUNIT_FAILED;
    default:
        return result->code == 3 ? JUNIT_FAILED : JUNIT_SKIPPED;
    }
}

static void add_item(struct junit *junit, const struct gate_result *result, size_t i)
{
    const struct gate_item *item = &result->answer.items[i];
    char name[GATE_LINE_BYTES], ratio[GATE_LINE_BYTES], said[GATE_LINE_BYTES];
    char worth[GATE_LINE_BYTES], levels[GATE_LINE_BYTES];
    char *message = text_format("%s at %s, %s: %s", gate_words_ratio(ratio, item),
                                gate_words_levels(levels, result), gate_words_worth(worth, item),
                                gate_words_said(said, result, item));
    enum junit_result answer = result_of(result, item);
    junit_case(junit, &(struct junit_case){.name = gate_words_name(name, result, i),
                                           .result = answer,
                                           .type = gate_word_code(item->word),
                                           .message = message,
                                           .detail = answer == JUNIT_PASSED ? message : NULL});
    free(message);
}

static void add_comparable(struct junit *junit, const struct gate_result *result)
{
    bool good = !result->reason[0] && result->answer.count > 0;
    junit_case(junit, &(struct junit_case){.name = "comparable",
                                           .result = good ? JUNIT_PASSED : JUNIT_ERROR,
                                           .type = good ? NULL : "not-comparable",
                                           .message = good ? NULL : result->reason,
                                           .detail = result->marks.data});
}

static void add_integrity(struct junit *junit, const struct gate_result *result)
{
    bool good = result->findings_candidate == 0;
    char *message = text_format("%lld findings of the candidate in %lld cycles: %s",
                                (long long)result->findings_candidate, (long long)result->cycles,
                                result->finding);
    enum junit_result answer = !good                ? JUNIT_FAILED
                               : result->cycles > 0 ? JUNIT_PASSED
                                                    : JUNIT_SKIPPED;
    junit_case(junit, &(struct junit_case){.name = "integrity",
                                           .result = answer,
                                           .type = good ? NULL : "integrity",
                                           .message = good ? "nothing was audited" : message});
    free(message);
}

/* Only when it was asked. */
static void add_history(struct junit *junit, const struct gate_result *result)
{
    enum junit_result answer = result->open_steps == 0 ? JUNIT_PASSED
                               : result->advisory      ? JUNIT_SKIPPED
                                                       : JUNIT_FAILED;
    if (!*result->history)
        return;
    junit_case(junit, &(struct junit_case){.name = "history",
                                           .result = answer,
                                           .type = "open-step",
                                           .message = result->history,
                                           .detail = result->history});
}

static void add_property(struct junit *junit, const char *name, const char *value)
{
    if (value && *value)
        junit_property(junit, name, value);
}

int report_gate_junit(FILE *out, const struct gate_result *result, struct err *err)
{
    struct junit junit = {0};
    char *suite = text_format("gate %s", result->scenario ? result->scenario : "");
    char seed[32];
    int rc;
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)result->seed);
    junit_suite(&junit, suite, NULL);
    add_property(&junit, "baseline", result->baseline);
    add_property(&junit, "candidate", result->candidate);
    add_property(&junit, "seed", result->paired ? seed : NULL);
    add_property(&junit, "verdict", gate_verdict(result));
    add_comparable(&junit, result);
    add_integrity(&junit, result);
    add_history(&junit, result);
    for (size_t i = 0; i < result->answer.count && !result->reason[0]; i++)
        add_item(&junit, result, i);
    rc = junit_write(&junit, out, "spawnbench gate", err);
    junit_release(&junit);
    free(suite);
    return rc;
}
