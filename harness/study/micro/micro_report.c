/* What does a report of a thousand cycles with its figures cost, gnuplot included? The program
 * itself is run, on cycles of the null subject: what a report costs does not depend on who was
 * measured. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "study/micro/micro.h"

#define DEADLINE_NS (120 * CLOCK_NS_PER_S)

/* 2 arms x 3 batch sizes x 167 pairs = 1002 cycles that count;
 * every figure but that of two modes */
static const char scenario[] =
    "{\"name\": \"thousand\", \"agents\": [{\"name\": \"agent\", \"command\": [\"{agent}\"]}],"
    " \"arms\": [{\"name\": \"sequential\", \"subject\": [\"{null}\"]},"
    "            {\"name\": \"parallel\", \"subject\": [\"{null}\"]}],"
    " \"vary\": {\"agents\": [2, 4, 8]}, \"cycles\": 167, \"warmup\": 1, \"claims\": ["
    "  {\"id\": \"fast\", \"arm\": \"parallel\", \"quantile\": 0.95, \"at_most\": \"60ms\"},"
    "  {\"id\": \"faster\", \"faster\": \"parallel\", \"than\": \"sequential\", \"at_least\": "
    "1.5}]}";

/* The stored run, made by the first sample. */
static struct {
    const struct micro *micro;
    char *program, *results, *output;
} made;

/* returns: its exit status, or -1; `took_ns` is its wall time */
static int run_program(const char *const argv[], int64_t *took_ns, struct err *err)
{
    struct process process;
    struct process_exit ended = {.status = -1};
    int64_t from_ns = clock_now_ns();
    if (process_start(&process, argv, NULL, NULL, -1, err) < 0)
        return -1;
    if (!process_wait(&process, from_ns + DEADLINE_NS, &ended)) {
        process_end(&process, CLOCK_NS_PER_S, NULL);
        err_set(err, ERR_UNFIT, "'%s %s' did not end in time", argv[0], argv[1]);
        return -1;
    }
    *took_ns = clock_now_ns() - from_ns;
    return ended.status;
}

static int make_run(struct err *err)
{
    char *path = text_format("%s/thousand.json", made.micro->folder);
    int64_t took_ns;
    int rc, status = -1;
    made.program = process_find_beside_self("spawnbench");
    made.results = text_format("%s/thousand", made.micro->folder);
    made.output = text_format("%s/thousand-report", made.micro->folder);
    rc = text_write_file(path, scenario, sizeof scenario - 1, err);
    if (rc == 0 && !made.program)
        rc = err_set(err, ERR_UNFIT, "'spawnbench' is not beside this program (build it)");
    if (rc == 0)
        status = run_program((const char *const[]){made.program, "run", path, "--results",
                                                   made.results, "--quiet", NULL},
                             &took_ns, err);
    if (rc == 0 && err->code == ERR_NONE && (status < 0 || status > 5))
        rc = err_set(err, ERR_UNFIT, "the thousand cycles could not be run (exit status %d)",
                     status);
    free(path);
    return rc < 0 || err->code != ERR_NONE ? -1 : 0;
}

static int count_pictures(void)
{
    char *folder = text_format("%s/figures", made.output);
    DIR *figures = opendir(folder);
    const struct dirent *entry;
    int count = 0;
    while (figures && (entry = readdir(figures)) != NULL)
        count += strstr(entry->d_name, ".svg") != NULL;
    if (figures)
        closedir(figures);
    free(folder);
    return count;
}

static void take_report(struct gbench *sample, void *context)
{
    struct err err = {0};
    int64_t took_ns = 0;
    (void)context;
    if (!micro_go_on(sample))
        return;
    if (!made.program && make_run(&err) < 0) {
        gbench_skip(sample, err.text);
        return;
    }
    if (run_program((const char *const[]){made.program, "report", "--results", made.results,
                                          "--output", made.output, NULL},
                    &took_ns, &err) != 0)
        gbench_skip(sample, *err.text ? err.text : "spawnbench report failed");
    else
        gbench_time(sample, took_ns);
    gbench_counter(sample, "figures", count_pictures());
}

void micro_report_register(const struct micro *micro)
{
    made.micro = micro;
    micro_add(micro, take_report, NULL, 5, GBENCH_MS, "report/1002-cycles");
}

void micro_report_release(void)
{
    free(made.program);
    free(made.results);
    free(made.output);
}
