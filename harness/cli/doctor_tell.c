/* How is it told whether a machine is fit, and what it can resolve? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/pages.h"
#include "judge/stats/stats.h"

#define POSITION_P 0.01
#define WEEK_S     (7 * 24 * 3600)
#define SHARE_ROOM 16

static void tell_row(const struct doctor_row *row)
{
    static const char *const paints[] = {"\033[32m", "\033[1;33m", "\033[1;31m"};
    bool colour = cli_colour();
    printf("  %s%-8s%s %-10s  %s\n", colour ? paints[row->level] : "",
           doctor_level_name(row->level), colour ? "\033[0m" : "", row->name, row->found);
    if (row->level != DOCTOR_OK)
        printf("                       remedy: %s\n", row->remedy);
}

/* The names of all rows at this level, for one sentence. */
static size_t add_names(struct text *out, const struct doctor_examination *found,
                        enum doctor_level level)
{
    size_t count = 0;
    for (size_t i = 0; i < found->count; i++)
        if (found->rows[i].level == level)
            text_addf(out, "%s%s", count++ ? ", " : "", found->rows[i].name);
    return count;
}

static const char *share(char out[SHARE_ROOM], double value)
{
    if (isfinite(value))
        snprintf(out, SHARE_ROOM, "%.2g %%", 100 * value);
    else
        snprintf(out, SHARE_ROOM, "-");
    return out;
}

/* The row people ask for: spawn time, its median, of the largest batch. */
static const struct calibration_row *headline(const struct calibration *calibration)
{
    const struct calibration_row *best = NULL;
    for (size_t i = 0; i < calibration->count; i++) {
        const struct calibration_row *row = &calibration->rows[i];
        if (row->metric == SCENARIO_SPAWN_TIME && row->quantile == 0.5 &&
            (!best || row->batch_size > best->batch_size))
            best = row;
    }
    return best;
}

static void tell_latest(const struct calibration *calibration, const char *option)
{
    const struct calibration_row *row = headline(calibration);
    double age_s = (double)(clock_wall_ns() - calibration->made_wall_ns) / 1e9;
    char age[TEXT_DURATION_BYTES], floor[SHARE_ROOM], fine[SHARE_ROOM], upper[SHARE_ROOM];
    if (age_s < 2 * 3600)
        snprintf(age, sizeof age, "%.0f minutes", age_s / 60);
    else if (age_s < 2 * 24 * 3600)
        snprintf(age, sizeof age, "%.0f hours", age_s / 3600);
    else
        snprintf(age, sizeof age, "%.0f days", age_s / (24 * 3600));
    printf("calibrated by '%s' %s ago, %zu sittings of %zu pairs%s", calibration->scenario, age,
           calibration->sittings, calibration->pairs, calibration->fit ? "" : ", while unfit");
    if (row)
        printf(": spawn_time p50 noise floor %s, %s resolved by 100 pairs, %zu of %zu false alarms "
               "(true rate below %s)",
               share(floor, row->noise_floor), share(fine, row->resolvable[1]), row->false_alarms,
               row->gates, share(upper, row->false_alarms_upper));
    printf("\n");
    if (age_s > WEEK_S)
        printf("  older than a week: spawnbench doctor --calibrate%s\n", option);
}

void cli_doctor_tell(const struct cli_visit *visit)
{
    struct text unfit = {0}, doubtful = {0};
    char option[RESULTS_OPTION_BYTES];
    size_t bad, doubts;
    results_option_in(option, visit->results);
    printf("machine class %s\n", visit->machine);
    for (size_t i = 0; i < visit->found->count; i++)
        tell_row(&visit->found->rows[i]);
    bad = add_names(&unfit, visit->found, DOCTOR_UNFIT);
    doubts = add_names(&doubtful, visit->found, DOCTOR_WARNING);
    if (bad)
        printf("unfit to measure: %s\n", unfit.data);
    else
        printf("fit to measure%s%s\n", doubts ? ", with warnings: " : "",
               doubts ? doubtful.data : "");
    for (size_t i = 0; i < visit->latest_count; i++)
        tell_latest(&visit->latest[i], option);
    if (visit->latest_count == 0)
        printf("not calibrated: how fine a difference can be told is not known for this machine "
               "class%s (spawnbench doctor --calibrate%s)\n",
               visit->elsewhere ? ", only for others" : "", option);
    text_release(&unfit);
    text_release(&doubtful);
}

/* ---- the table of a calibration ---- */

static void tell_calibrated(const struct calibration_row *row)
{
    char name[64], statistic[GATE_STATISTIC_BYTES], words[SHARE_ROOM], alarms[40];
    char spread[16] = "-";
    snprintf(name, sizeof name, "%s %s", scenario_metric_names[row->metric],
             gate_statistic(statistic, row->quantile));
    snprintf(alarms, sizeof alarms, "%zu of %zu (< %s)", row->false_alarms, row->gates,
             share(words, row->false_alarms_upper));
    if (isfinite(row->spread))
        snprintf(spread, sizeof spread, "%.2f", row->spread);
    printf("  %-22s %3zu  %8s  %-18s %5s ", name, row->batch_size, share(words, row->noise_floor),
           alarms, spread);
    for (size_t i = 0; i < CALIBRATION_SIZES; i++)
        printf(" %7s", share(words, row->resolvable[i]));
    for (size_t i = 0; i < CALIBRATION_CHANGES; i++)
        if (isfinite(row->pairs[i]))
            printf(" %7.0f", row->pairs[i]);
        else
            printf(" %7s", "-");
    printf("\n");
}

static void tell_doubts(const struct calibration *calibration)
{
    bool wide = false, alarmed = false;
    for (size_t i = 0; i < calibration->count; i++) {
        const struct calibration_row *row = &calibration->rows[i];
        wide = wide || calibration_spread_wide(row);
        alarmed = alarmed || stats_rate_lower(row->false_alarms, row->gates, 0.95) > GATE_ALPHA;
    }
    if (wide)
        printf("  sd above %.1f: sittings differ by more than their pairs explain; what can be "
               "resolved allows for it\n",
               CALIBRATION_SPREAD);
    if (alarmed)
        printf("  the gate cries wolf here more often than the promised %g %%: do not let it "
               "block anything on this machine\n",
               100 * GATE_ALPHA);
    if (calibration->position_p < POSITION_P)
        printf("  being first of a pair matters here; the gate's random order protects against "
               "it\n");
    if (!calibration->fit)
        printf("  made while the machine was unfit: the figures are worse than they could be\n");
}

void cli_doctor_tell_made(const struct calibration *calibration)
{
    printf("\ncalibration: arm '%s' of '%s' against itself, %zu sittings of %zu pairs\n",
           calibration->arm, calibration->scenario, calibration->sittings, calibration->pairs);
    printf(
        "                               noise  false alarms       sd over   smallest change told "
        "from none by   pairs that a change of\n"
        "  metric              agents   floor  (true rate, 95 %%)  expected  ");
    for (size_t i = 0; i < CALIBRATION_SIZES; i++)
        printf(" %3zu%s", calibration_sizes[i], i + 1 < CALIBRATION_SIZES ? "    " : " pairs");
    for (size_t i = 0; i < CALIBRATION_CHANGES; i++)
        printf(" %4.0f %% ", 100 * calibration_changes[i]);
    printf("needs\n");
    for (size_t i = 0; i < calibration->count; i++)
        if (!scenario_metrics[calibration->rows[i].metric].to)
            tell_calibrated(&calibration->rows[i]);
    printf(
        "  noise floor: 97.5 %% of such sittings saw less, where there is no change at all; the "
        "gate refuses a tolerance below it\n"
        "  smallest change, pairs: for a gate with alpha %g %% and power %g %%; phases of agents "
        "are stored and in --json\n",
        100 * GATE_ALPHA, 100 * GATE_POWER);
    printf("  position: the first of a pair was slower in %zu of %zu pairs, p %.2g\n",
           calibration->first_slower, calibration->positions, calibration->position_p);
    tell_doubts(calibration);
}

/* ---- for programs ---- */

static cJSON *row_json(const struct doctor_row *row)
{
    cJSON *out = cJSON_CreateObject(), *figures;
    cJSON_AddStringToObject(out, "name", row->name);
    cJSON_AddStringToObject(out, "level", doctor_level_name(row->level));
    cJSON_AddStringToObject(out, "found", row->found);
    cJSON_AddStringToObject(out, "remedy", row->remedy);
    figures = cJSON_AddObjectToObject(out, "figures");
    for (size_t i = 0; i < row->figure_count; i++)
        json_add_double(figures, row->figures[i].key, row->figures[i].value);
    return out;
}

static void add_calibration(cJSON *rows, const struct calibration *calibration)
{
    char *text = calibration_write(calibration);
    cJSON_AddItemToArray(rows, cJSON_CreateRaw(text));
    free(text);
}

void cli_doctor_tell_json(const struct cli_visit *visit)
{
    cJSON *root = cJSON_CreateObject(), *rows;
    cJSON_AddStringToObject(root, "schema", "spawnbench.doctor.v1");
    cJSON_AddBoolToObject(root, "fit", doctor_worst(visit->found) != DOCTOR_UNFIT);
    cJSON_AddStringToObject(root, "machine", visit->machine);
    rows = cJSON_AddArrayToObject(root, "checks");
    for (size_t i = 0; i < visit->found->count; i++)
        cJSON_AddItemToArray(rows, row_json(&visit->found->rows[i]));
    rows = cJSON_AddArrayToObject(root, "calibrations");
    if (visit->made)
        add_calibration(rows, visit->made);
    for (size_t i = 0; i < visit->latest_count; i++)
        add_calibration(rows, &visit->latest[i]);
    cJSON_AddBoolToObject(root, "calibrated_now", visit->made != NULL);
    json_puts(root);
    cJSON_Delete(root);
}
