/* What is known of each metric? The table, and what follows from it. */
#include "scenario/metric.h"

#include <string.h>

#include "base/text.h"

#define ROW(constant, name, ...)  [SCENARIO_##constant] = {__VA_ARGS__},
#define NAME(constant, name, ...) name,

const struct scenario_metric_row scenario_metrics[] = {SCENARIO_METRIC_ROWS(ROW)};
const char *const scenario_metric_names[] = {SCENARIO_METRIC_ROWS(NAME) NULL};

const struct scenario_unit_row scenario_units[] = {
    [SCENARIO_NS] = {"ns", text_duration},
    [SCENARIO_BYTES] = {"bytes", text_size},
    [SCENARIO_PER_SECOND] = {"per_second", text_rate},
};
_Static_assert(sizeof scenario_units / sizeof scenario_units[0] == SCENARIO_PER_SECOND + 1,
               "every unit has its row");
_Static_assert(SCENARIO_TELL_BYTES >= TEXT_DURATION_BYTES, "a duration fits");
_Static_assert(SCENARIO_TELL_BYTES >= TEXT_NUMBER_BYTES, "a number fits");

int scenario_metric_find(enum scenario_metric *out, const char *name)
{
    for (int i = 0; name && i < SCENARIO_METRICS; i++) {
        if (strcmp(name, scenario_metric_names[i]) != 0)
            continue;
        *out = (enum scenario_metric)i;
        return 0;
    }
    return -1;
}
