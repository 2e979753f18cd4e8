/* What does a claim say, as a sentence for people?
 * Every digit that was written, nothing rounded. */
#include <math.h>

#include "base/text.h"
#include "scenario/fields.h"
#include "scenario/scenario.h"

/* A number in the largest of its units that leaves 1 or more; the last unit is the smallest. */
struct unit {
    double one;
    const char *name;
};

static const struct unit durations[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
static const struct unit sizes[] = {{1073741824, "GiB"}, {1048576, "MiB"}, {1024, "KiB"}, {1, "B"}};

/* unlike text_duration: a limit is not rounded */
static void add_exactly(struct text *text, double number, const struct unit units[])
{
    while (number < units->one && units->one > 1)
        units++;
    text_addf(text, "%.15g %s", number / units->one, units->name);
}

static void add_limit(struct text *text, const struct scenario_claim *claim)
{
    switch (scenario_metrics[claim->metric].unit) {
    case SCENARIO_NS:
        add_exactly(text, claim->limit, durations);
        break;
    case SCENARIO_BYTES:
        add_exactly(text, claim->limit, sizes);
        break;
    case SCENARIO_PER_SECOND:
        text_addf(text, "%.15g agents/s", claim->limit);
        break;
    }
}

/* "spawn_time of parallel", "longest seen_to_recorded of an agent in parallel" */
static void add_metric(struct text *text, const struct scenario_claim *claim, const char *arm)
{
    bool longest = !claim->agent && scenario_metrics[claim->metric].to;
    text_addf(text, "%s%s of ", longest ? "longest " : "", scenario_metric_names[claim->metric]);
    if (claim->agent)
        text_addf(text, "agent %s in ", claim->agent);
    else if (longest)
        text_add(text, "any agent in ");
    text_add(text, arm);
}

static void add_statistic(struct text *text, const struct scenario_claim *claim)
{
    if (claim->statistic == SCENARIO_MEAN)
        text_add(text, "mean ");
    else if (fabs(claim->quantile - 0.5) < 1e-12)
        text_add(text, "median ");
    else
        text_addf(text, "p%.10g ", claim->quantile * 100);
}

static void add_claim(struct text *text, const struct scenario *scenario,
                      const struct scenario_claim *claim)
{
    const char *arm = scenario->arms[claim->arm].name, *than = scenario->arms[claim->than].name;
    const struct scenario_metric_row *metric = &scenario_metrics[claim->metric];
    switch (claim->kind) {
    case SCENARIO_CLAIM_AT_MOST:
    case SCENARIO_CLAIM_AT_LEAST:
        add_statistic(text, claim);
        add_metric(text, claim, arm);
        text_addf(text, " is at %s ", claim->kind == SCENARIO_CLAIM_AT_MOST ? "most" : "least");
        add_limit(text, claim);
        break;
    case SCENARIO_CLAIM_FASTER:
        add_metric(text, claim, arm);
        text_addf(text, " is at least %.10g times %s than of %s", claim->ratio,
                  metric->more_is_better           ? "larger"
                  : metric->unit == SCENARIO_BYTES ? "smaller"
                                                   : "shorter",
                  than);
        break;
    case SCENARIO_CLAIM_WITHIN:
        add_metric(text, claim, arm);
        text_addf(text, " is within %.10g %% of that of %s", 100 * claim->share, than);
        break;
    case SCENARIO_CLAIM_INTACT:
        text_addf(text,
                  "no cycle loses, doubles, invents or corrupts anything: fewer than %.10g %% do",
                  100 * claim->share);
        break;
    case SCENARIO_CLAIM_FAILURE:
        text_addf(text, "in %s a failing agent is told and %s", arm,
                  claim->failure == SCENARIO_CANCEL ? "cancels the others"
                                                    : "leaves the others running");
        break;
    }
    if (claim->at >= 0)
        text_addf(text, ", at %zu agents", scenario->values[claim->at]);
}

char *claims_sentence(const struct scenario *scenario, const struct scenario_claim *claim)
{
    struct text text = {0};
    add_claim(&text, scenario, claim);
    return text_take(&text);
}
