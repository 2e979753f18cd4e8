/* spawnbench doctor: is this machine fit to measure, and how fine a difference can it resolve? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "doctor/doctor.h"
#include "gate/fingerprint.h"
#include "run/run.h"

enum { KEY_JSON = 256, KEY_RESULTS };

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "one JSON document on stdout (schema spawnbench.doctor.v1)", 0},
    {"results", KEY_RESULTS, "DIR", 0, "where results are kept (default: results)", 0},
    {0}};

struct asked {
    const char *results;
    bool json;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    (void)state;
    switch (key) {
    case KEY_JSON:
        asked->json = true;
        return 0;
    case KEY_RESULTS:
        asked->results = argument;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is too much", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One visit: what was asked, where we are, what was found. */
struct visit {
    const struct asked *asked;
    struct fingerprint machine;
    struct doctor_examination found;
};

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

static void tell(const struct visit *visit)
{
    struct text unfit = {0}, doubtful = {0};
    size_t bad, doubts;
    printf("machine class %s\n", visit->machine.id);
    for (size_t i = 0; i < visit->found.count; i++)
        tell_row(&visit->found.rows[i]);
    bad = add_names(&unfit, &visit->found, DOCTOR_UNFIT);
    doubts = add_names(&doubtful, &visit->found, DOCTOR_WARNING);
    if (bad)
        printf("unfit to measure: %s\n", unfit.data);
    else
        printf("fit to measure%s%s\n", doubts ? ", with warnings: " : "",
               doubts ? doubtful.data : "");
    text_release(&unfit);
    text_release(&doubtful);
}

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

static void tell_json(const struct visit *visit)
{
    cJSON *root = cJSON_CreateObject(), *rows;
    char *printed;
    cJSON_AddStringToObject(root, "schema", "spawnbench.doctor.v1");
    cJSON_AddBoolToObject(root, "fit", doctor_worst(&visit->found) != DOCTOR_UNFIT);
    cJSON_AddStringToObject(root, "machine", visit->machine.id);
    rows = cJSON_AddArrayToObject(root, "checks");
    for (size_t i = 0; i < visit->found.count; i++)
        cJSON_AddItemToArray(rows, row_json(&visit->found.rows[i]));
    printed = json_print(root, 1);
    puts(printed);
    free(printed);
    cJSON_Delete(root);
}

int cmd_doctor(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        take,
        "",
        "Is this machine fit to measure? Clock, timer, load, steal, pressure, throttling, cores, "
        "frequency, memory, limits, the disk of the results, SQLite, and the programs that are "
        "needed; each with what was found and what to do about it.\vExit status: 0 fit (warnings "
        "do not change that), 2 bad input, 5 unfit.",
        NULL,
        NULL,
        NULL};
    struct asked asked = {.results = "results"};
    struct visit visit = {.asked = &asked};
    struct doctor_places places = {0};
    struct err err = {0};
    char *environment;
    int code = 0;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    environment = run_host_describe(asked.results, store_engine());
    places.results = asked.results;
    places.environment = environment;
    if (fingerprint_read(&visit.machine, environment, &err) < 0) {
        code = cli_fail("doctor", &err);
    } else {
        doctor_examine(&visit.found, &places);
        (asked.json ? tell_json : tell)(&visit);
        code = doctor_worst(&visit.found) == DOCTOR_UNFIT ? 5 : 0;
    }
    doctor_release(&visit.found);
    free(environment);
    return cli_check_stdout("doctor", code);
}
