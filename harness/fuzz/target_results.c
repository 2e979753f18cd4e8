/* Do list, show, report, export, history and gate come back from any results store? */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "fuzz/made.h"
#include "report/report.h"
#include "report/trend_words.h"
#include "results/results.h"
#include "trend/doctor/calibration.h"
#include "trend/gate/baseline.h"
#include "trend/history/history.h"

#define MOST_RUNS 4

struct found {
    int64_t runs[MOST_RUNS];
    size_t count;
};

static int take_run(void *context, const struct results_run *run)
{
    struct found *found = context;
    found->runs[found->count++] = run->id;
    return found->count == MOST_RUNS;
}

static void expect(int rc, struct err *err)
{
    if (rc < 0)
        fuzz_expect_told(err);
    *err = (struct err){0};
}

/* Whatever is stored, it steers no terminal ... */
static void show(struct results *store, int64_t run)
{
    struct err err = {0};
    char *said = NULL, *line, *rest = NULL;
    size_t length;
    FILE *out = open_memstream(&said, &length);
    expect(report_terminal(out, store, run, false, &err), &err);
    fclose(out);
    for (line = strtok_r(said, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *printable = xstrdup(line);
        text_make_printable(printable);
        if (strcmp(line, printable) != 0)
            fprintf(stderr, "fuzz: the line: '%s'\n", printable);
        fuzz_expect(strcmp(line, printable) == 0, "a line of UTF-8 without control characters");
        free(printable);
    }
    free(said);
}

/* ... and spoils no document. */
static void show_json(struct results *store, int64_t run)
{
    struct err err = {0};
    char *said = NULL;
    size_t length;
    cJSON *root = NULL;
    FILE *out = open_memstream(&said, &length);
    int rc = report_json(out, store, &run, 1, true, &err);
    fclose(out);
    expect(rc, &err);
    if (rc == 0 && json_parse(&root, said, length, &err) < 0) {
        fprintf(stderr, "fuzz: %s\n", err.text);
        fuzz_expect(false, "what is told is JSON");
    }
    cJSON_Delete(root);
    free(said);
}

static int take_calibration(void *context, const struct results_document *document)
{
    struct calibration calibration = {0};
    struct err err = {0};
    (void)context;
    expect(calibration_read(&calibration, document->text, &err), &err);
    calibration_release(&calibration);
    return 0;
}

static int take_baseline(void *context, const struct results_document *document)
{
    struct gate_baseline baseline;
    struct err err = {0};
    expect(gate_baseline_find(&baseline, document->name, context, &err), &err);
    gate_baseline_release(&baseline);
    return 0;
}

static void read_documents(struct results *store)
{
    struct err err = {0};
    expect(results_each_document(store, RESULTS_CALIBRATION, take_calibration, NULL, &err), &err);
    expect(results_each_document(store, RESULTS_BASELINE, take_baseline, store, &err), &err);
}

static void read_history(struct results *store, int64_t id)
{
    struct history_wanted wanted = {.metric = SCENARIO_SPAWN_TIME};
    char machine[SCENARIO_ID_BYTES];
    struct history history = {0};
    struct results_run run;
    struct err err = {0};
    if (results_run_load(store, id, &run, &err) < 0)
        return;
    scenario_machine_class(machine, run.environment_json);
    wanted.scenario = run.scenario_name;
    wanted.machine = machine;
    if (history_load(&history, store, &wanted, &err) == 0) {
        report_history(fuzz_sink(), &history, false);
        cJSON_Delete(report_history_json(&history));
    } else {
        fuzz_expect_told(&err);
    }
    history_release(&history);
    results_run_release(&run);
}

static void export_one(struct results *store, int64_t run, size_t turn)
{
    struct err err = {0};
    const struct report_format *format;
    size_t count = 0;
    while (report_format_at(count))
        count++;
    assert(count > 0);
    format = report_format_at(turn % count);
    expect(report_export(fuzz_sink(), store, run, format->name, &err), &err);
}

static void render(struct results *store, const struct found *found)
{
    struct err err = {0};
    char *folder = fuzz_path("reports");
    bool missing;
    expect(report_render(folder, store, found->runs, found->count, &missing, &err), &err);
    free(folder);
}

/* As the commands do it, but each of them gathers all facts anew: they take turns. Figures are not
 * drawn: no gnuplot is found with this PATH. */
static void read_all(struct results *store, size_t turn)
{
    struct found found = {0};
    struct err err = {0};
    expect(results_each_run(store, take_run, &found, &err), &err);
    read_documents(store);
    if (found.count == 0)
        return;
    for (size_t i = 0; i < found.count && turn % 4 == 0; i++)
        show(store, found.runs[i]);
    if (turn % 4 == 1)
        show_json(store, found.runs[0]);
    if (turn % 4 == 2)
        render(store, &found);
    if (turn % 4 == 3)
        export_one(store, found.runs[0], turn / 4);
    read_history(store, found.runs[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct made honest;
    char *path = fuzz_path("results.sqlite");
    struct results *store = NULL;
    struct err err = {0};
    if (!honest.bytes) {
        setenv("PATH", "/nowhere", 1);
        honest = made_results();
    }
    made_hostile(&honest, path, data, size);
    if (results_open(&store, path, RESULTS_READ, &err) == 0)
        read_all(store, size);
    else
        fuzz_expect_told(&err);
    results_close(store);
    made_remove(path);
    free(path);
    return 0;
}
