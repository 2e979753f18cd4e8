/* spawnbench-crash - can a crash at any call corrupt the reference store, or take back what it has
 * acknowledged?
 *
 * Records what a fixed workload does to its files (shim.h), rebuilds every state in which a killed
 * process or a power loss could leave them (states.h), opens each and checks it (prefix_check.h).
 * Exit 4: a promise was broken. Exit 5: a control did not fail, or too few states. Equal seeds give
 * equal walks. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/clock.h"
#include "base/inherited.h"
#include "base/standard.h"
#include "base/text.h"
#include "proof/crash/controls.h"
#include "proof/crash/injected.h"
#include "proof/crash/memory.h"
#include "proof/crash/table.h"

#define DEFAULT_SEED 20240607
#define EXIT_USAGE   2
#define EXIT_UNFIT   5
#define MOST_BATCHES 200

static const char usage[] =
    "usage: spawnbench-crash [--short | --full] [--seed N] [--batches N] [--json]\n"
    "                        [--config NAME] [--at CALL] [--keep DIR] [--at-least STATES]\n"
    "       spawnbench-crash --faults [--fault TEXT] [--short | --full] [--seed N] [--json]\n"
    "       spawnbench-crash --controls [--control NAME] [--mend NAME] [--seed N] [--json]\n"
    "\n"
    "  --short     a few states at each call, in seconds (the default)\n"
    "  --full      250,000 states and more\n"
    "  --seed      of the workload and of the random states\n"
    "  --batches   length of the workload\n"
    "  --config    only this configuration\n"
    "  --at        only before this mutating call\n"
    "  --keep      the files of each configuration's first finding go to DIR/CONFIGURATION\n"
    "  --faults    an error of every kind at every call, no memory at every request, no space\n"
    "              on a real disk with any number of pages left (--short: some of them)\n"
    "  --fault     only kinds of fault whose name begins so, say memory\n"
    "  --controls  known-bad ways to keep a database: each must fail, or exit 5\n"
    "  --control   only this one\n"
    "  --mend      leave the bug out of this one: the run must be called blind\n"
    "  --at-least  exit 5 when fewer distinct states of the reference store were tried\n";

struct options {
    struct walk_effort effort;
    uint64_t seed, at_least;
    int batches;
    bool json, faults, controls, full, help;
    size_t faults_most; /* of each kind in each mode; 0: all */
    const char *config, *keep, *fault, *control, *mend;
    size_t at;
};

/* ---- the command line ---- */

/* How much is tried: a little at each call, or nearly all there is. */
static void set_effort(struct options *options, bool full)
{
    options->full = full;
    options->effort = full ? (struct walk_effort){.most = 64, .draws = 32}
                           : (struct walk_effort){.most = 6, .draws = 3};
    options->faults_most = full ? 0 : 12;
}

static int read_options(struct options *options, int argc, char **argv, struct err *err)
{
    uint64_t batches = 0, at = UINT64_MAX;
    bool shorter = false, full = false;
    const struct arguments_row rows[] = {
        {"short", ARGUMENTS_FLAG, &shorter, 0, 0, NULL},
        {"full", ARGUMENTS_FLAG, &full, 0, 0, NULL},
        {"json", ARGUMENTS_FLAG, &options->json, 0, 0, NULL},
        {"faults", ARGUMENTS_FLAG, &options->faults, 0, 0, NULL},
        {"controls", ARGUMENTS_FLAG, &options->controls, 0, 0, NULL},
        {"control", ARGUMENTS_TEXT, &options->control, 0, 0, NULL},
        {"mend", ARGUMENTS_TEXT, &options->mend, 0, 0, NULL},
        {"fault", ARGUMENTS_TEXT, &options->fault, 0, 0, NULL},
        {"config", ARGUMENTS_TEXT, &options->config, 0, 0, NULL},
        {"keep", ARGUMENTS_TEXT, &options->keep, 0, 0, NULL},
        {"seed", ARGUMENTS_NUMBER, &options->seed, 0, UINT32_MAX, NULL},
        {"batches", ARGUMENTS_NUMBER, &batches, 1, MOST_BATCHES, NULL},
        {"at", ARGUMENTS_NUMBER, &at, 0, UINT32_MAX, NULL},
        {"at-least", ARGUMENTS_NUMBER, &options->at_least, 0, UINT32_MAX, NULL},
        {"help", ARGUMENTS_FLAG, &options->help, 0, 0, NULL},
        {0},
    };
    int rc = arguments_read(rows, argc, argv, err);
    set_effort(options, full);
    options->batches = batches ? (int)batches : full ? 16 : 6;
    options->at = at == UINT64_MAX ? WALK_EVERYWHERE : (size_t)at;
    return rc;
}

/* ---- the scratch folder ---- */

static char *make_folder(struct err *err)
{
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
    char *folder = text_format("%s/spawnbench-crash-XXXXXX", parent ? parent : "/tmp");
    if (mkdtemp(folder))
        return folder;
    err_system(err, "cannot make the folder '%s'", folder);
    free(folder);
    return NULL;
}

/* ---- the walks ---- */

static int walk_one(struct table_row *row, const struct options *options, const char *folder,
                    struct err *err)
{
    struct workload_run run = {0};
    int64_t from_ns = clock_now_ns();
    char *keep = options->keep ? text_format("%s/%s", options->keep, row->workload->name) : NULL;
    int rc = workload_record(&run, row->workload, folder, options->batches, options->seed, err);
    if (rc == 0)
        rc = walk_run(&row->tally, row->workload, &run, &options->effort, options->seed,
                      options->at, keep, err);
    workload_release(&run);
    free(keep);
    row->verdict = walk_judge(&row->tally, row->workload->bar);
    row->seconds = (double)(clock_now_ns() - from_ns) / CLOCK_NS_PER_S;
    return rc;
}

static int walk_all(struct table *table, const struct options *options, const char *folder,
                    struct err *err)
{
    if (!options->json)
        table_head(table);
    for (const struct workload *workload = workloads; workload->name; workload++) {
        struct table_row *row = &table->rows[table->count];
        if (options->config && strcmp(options->config, workload->name) != 0)
            continue;
        row->workload = workload;
        if (walk_one(row, options, folder, err) < 0)
            return -1;
        table->count++;
        if (!options->json)
            table_row_print(row);
    }
    if (table->count == 0)
        return err_set(err, ERR_USAGE, "there is no configuration '%s'", options->config);
    return 0;
}

static int tell(const struct table *table, const struct options *options)
{
    int code = table_exit_code(table);
    if (options->json)
        table_json(table);
    else
        table_foot(table);
    if (code == 0 && table_states(table) < options->at_least) {
        fprintf(stderr,
                "spawnbench-crash: only %zu distinct states, at least %llu were asked for\n",
                table_states(table), (unsigned long long)options->at_least);
        code = EXIT_UNFIT;
    }
    return code;
}

static int run_controls(const struct options *options, const char *folder, struct err *err)
{
    struct controls controls;
    int code;
    if (controls_run(&controls, folder, options->seed, options->control, options->mend, err) < 0)
        return -1;
    if (options->json)
        controls_json(&controls);
    else
        controls_print(&controls);
    code = controls_exit_code(&controls);
    free(controls.results);
    return code;
}

/* Before SQLite is first used: as the reference store sets it,
 * but too late for it to do so here. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    memory_install(NULL); /* refused: its faults are skipped, visibly */
}

int main(int argc, char **argv)
{
    struct options options = {.seed = DEFAULT_SEED};
    struct table_row rows[32] = {0};
    struct table table = {.rows = rows};
    struct err err = {0};
    char *folder;
    int code = -1;
    inherited_reset();
    standard_open();
    if (read_options(&options, argc, argv, &err) < 0) {
        fprintf(stderr, "spawnbench-crash: %s\n%s", err.text, usage);
        return EXIT_USAGE;
    }
    if (options.help) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    configure();
    table.seed = options.seed;
    table.batches = options.batches;
    table.full = options.full;
    folder = make_folder(&err);
    if (folder && options.controls)
        code = run_controls(&options, folder, &err);
    else if (folder && options.faults)
        code =
            injected_table(folder, options.fault, options.faults_most, options.seed, options.json);
    else if (folder && walk_all(&table, &options, folder, &err) == 0)
        code = tell(&table, &options);
    if (code < 0) {
        fprintf(stderr, "spawnbench-crash: %s\n", err.text);
        code = err_exit_code(&err);
    }
    if (folder)
        text_remove_tree(folder);
    free(folder);
    return code;
}
