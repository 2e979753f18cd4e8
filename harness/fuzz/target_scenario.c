/* Does a scenario that wishes us ill end in a clear message, or in a plan that can be laid out? */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

#define MOST_ITEMS 20000 /* larger plans are as good and only slower */

static void lay_out(const struct scenario *scenario)
{
    int64_t most = scenario->looks[scenario->look_count - 1];
    int64_t items =
        (most + scenario->warmup) * (int64_t)scenario->arm_count * (int64_t)scenario->value_count;
    struct plan plan;
    if (items > MOST_ITEMS)
        return;
    plan_build(&plan, scenario, 1);
    fuzz_expect(plan.count == (size_t)items, "every cycle of every arm is planned");
    plan_release(&plan);
}

/* What is stored means the same when it is read again. */
static void check_source(const struct scenario *scenario, const char *text)
{
    struct scenario stored = {0};
    struct err err = {0};
    bool launched = false;
    fuzz_expect(scenario_parse_stored(&stored, scenario->source, strlen(scenario->source), &err) ==
                    0,
                "what is stored can be read");
    for (size_t i = 0; i < scenario->agent_count; i++) {
        fuzz_expect(stored.agents[i].witness == scenario->agents[i].witness,
                    "stored witnesses are those that were");
        launched = launched || stored.agents[i].witness == SCENARIO_WITNESS_LAUNCHER;
    }
    fuzz_expect(launched || strcmp(scenario->source, text) == 0, "the text is kept as it was");
    scenario_release(&stored);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct scenario scenario = {0};
    struct err err = {0};
    if (scenario_parse(&scenario, text, size, &err) == 0) {
        check_source(&scenario, text);
        lay_out(&scenario);
    } else {
        fuzz_expect_told(&err);
    }
    scenario_release(&scenario);
    free(text);
    return 0;
}
