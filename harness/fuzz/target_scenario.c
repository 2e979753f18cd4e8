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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct scenario scenario = {0};
    struct err err = {0};
    if (scenario_parse(&scenario, text, size, &err) == 0) {
        fuzz_expect(strcmp(scenario.source, text) == 0, "the text is kept as it was");
        lay_out(&scenario);
    } else {
        fuzz_expect_told(&err);
    }
    scenario_release(&scenario);
    free(text);
    return 0;
}
