/* spawnbench faults: what becomes of a spawner and its records when something fails for real. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "proof/faults/fault_trials.h"
#include "proof/faults/prove.h"

enum proving { PROVING_CONTROLS, PROVING_ALL, PROVING_NOTHING };

struct asked {
    struct cli_change change;
    const char *path, *results, *shim_option;
    uint64_t faults, seed;
    int times;
    enum proving proving;
    bool listing, quiet, json, full, names_strict;
    char *command;
    struct scenario scenario;
};

enum { KEY_TIMES = 256, KEY_PROVE, KEY_NAMES };

static const struct argp_option options[] = {
    {"arm", CLI_ARM(change), "NAME", 0, "only this arm (may be repeated)", 0},
    {"fault", CLI_FAULT(faults), "NAME", 0,
     "only this fault (may be repeated; default: those of the scenario, else all)", 0},
    {"list", CLI_FLAG(listing), NULL, 0, "list the faults, how each is made and what is due then",
     0},
    {"seed", CLI_SEED(seed), "N", 0, "seed of the places that are struck (default 1)", 0},
    {"times", KEY_TIMES, "N", 0,
     "places of the batch at which a fault that can strike anywhere is tried, cuts of the power "
     "(default 3)",
     0},
    {"names", KEY_NAMES, "WHEN", 0,
     "(power-loss) when names that are made or removed are durable: ordered (default), at once, or "
     "strict, when their file or folder is synced",
     0},
    {"shim-option", CLI_WORD(shim_option), "OPTION", 0,
     "the option by which the arms load a SQLite extension, for the faults of single calls "
     "(default: --vfs-extension for {reference} alone)",
     0},
    {"prove", KEY_PROVE, "WHAT", 0,
     "afterwards: controls (default: known-bad ways of recording, which must fail), all (and the "
     "crash walk, an error at every call, the matrix of damage) or nothing",
     0},
    {"full", CLI_FLAG(full), NULL, 0, "(--prove all) every state and place: an hour", 0},
    {"results", CLI_WORD(results), "DIR", 0, "where results are kept (default: results)", 0},
    {"quiet", 'q', NULL, 0, "print nothing; the exit code tells", 0},
    {"json", CLI_FLAG(json), NULL, 0, "one JSON document (schema spawnbench.proof.faults.v1)", 0},
    {0}};

static void take_proving(struct asked *asked, const char *word, const struct argp_state *state)
{
    static const char *const words[] = {"controls", "all", "nothing"};
    for (int i = 0; i < 3; i++)
        if (strcmp(words[i], word) == 0) {
            asked->proving = (enum proving)i;
            return;
        }
    argp_error(state, "--prove %s: expected controls, all or nothing", word);
}

static void take_names(struct asked *asked, const char *word, const struct argp_state *state)
{
    asked->names_strict = strcmp(word, "strict") == 0;
    if (!asked->names_strict && strcmp(word, "ordered") != 0)
        argp_error(state, "--names %s: expected ordered or strict", word);
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case KEY_TIMES:
        asked->times = (int)cli_number(state, "times", argument, 1, 1000);
        return 0;
    case KEY_PROVE:
        take_proving(asked, argument, state);
        return 0;
    case KEY_NAMES:
        take_names(asked, argument, state);
        return 0;
    case 'q':
        asked->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        cli_take_one(&asked->path, "SCENARIO", argument, state);
        return 0;
    case ARGP_KEY_END:
        if (!asked->path && !asked->listing)
            argp_error(state, "no SCENARIO is given (try scenarios/three-agents.json)");
        if (asked->full && asked->proving != PROVING_ALL)
            argp_error(state, "--full goes with --prove all only");
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

/* ---- for people ---- */

static int list(void)
{
    for (size_t i = 0; i < SCENARIO_FAULTS; i++)
        printf("%-26s %s\n%-26s due: %s\n", faults_catalogue[i].name, faults_catalogue[i].how, "",
               faults_catalogue[i].due);
    return 0;
}

/* What the table has come to so far. */
struct table {
    const struct asked *asked;
    const struct scenario *scenario;
    size_t arm, rows;
    int tried, struck, skipped;
    int64_t acknowledged, indeterminate, present_after;
    int64_t audits, findings;
};

static void tell_head(struct table *table, size_t arm)
{
    if (table->rows && table->arm == arm)
        return;
    table->arm = arm;
    printf("  arm %s\n    %-26s %6s  %-18s %12s %9s %8s %6s  %s\n", table->scenario->arms[arm].name,
           "fault", "struck", "answered", "acknowledged", "in flight", "of them", "audits",
           "verdict");
}

static void tell_cuts(const struct faults_row *row)
{
    printf("      the power was cut %d times, names %s: ", row->cuts,
           row->names_strict ? "strict" : "ordered");
    if (row->lost)
        printf("%lld acknowledged starts lost, %lld of them at one cut%s\n", (long long)row->lost,
               (long long)row->lost_worst, row->findings ? "" : ", which durability normal allows");
    else
        printf("no acknowledged start was lost\n");
}

static void tell_row(const struct faults_row *row)
{
    char struck[32];
    if (*row->skipped) {
        printf("    %-26s %6s  not tried: %s\n", row->fault->name, "-", row->skipped);
        return;
    }
    snprintf(struck, sizeof struck, "%d/%d", row->struck, row->tried);
    printf("    %-26s %6s  %-18s %12lld %9lld %8lld %6d  %s\n", row->fault->name, struck,
           row->answers, (long long)row->acknowledged, (long long)row->indeterminate,
           (long long)row->present_after, row->audits, faults_verdict_name(faults_judge(row)));
    if (row->cuts)
        tell_cuts(row);
    if (row->findings)
        printf("      %zu findings, the first: %s\n      what it left: %s\n", row->findings,
               row->first_finding, row->kept);
    if (row->unchecked)
        printf("      not checked: %s%s\n", row->not_checked,
               row->unchecked > 1 ? " (and more)" : "");
}

static int take_row(void *context, size_t arm, const struct faults_row *row, struct err *err)
{
    struct table *table = context;
    (void)err;
    if (!table->asked->quiet && !table->asked->json) {
        tell_head(table, arm);
        tell_row(row);
        fflush(stdout);
    }
    table->rows++;
    table->tried += row->tried;
    table->struck += row->struck;
    table->skipped += *row->skipped != '\0';
    table->acknowledged += row->acknowledged;
    table->indeterminate += row->indeterminate;
    table->present_after += row->present_after;
    table->audits += row->audits;
    table->findings += (int64_t)row->findings;
    return 0;
}

static void tell_sums(const struct table *table, enum faults_verdict verdict, const char *detectors)
{
    static const char *const means[] = {
        [FAULTS_INTACT] =
            "whatever failed, nothing that was acknowledged is lost, doubled or half there",
        [FAULTS_INVALID] = "a fault did not strike, or not all could be checked: it proves nothing",
        [FAULTS_MISCONDUCT] = "its records hold, its conduct does not, see above",
        [FAULTS_BROKEN] = "what was promised did not hold, see above"};
    printf("  %d of %d faults struck, %d rows not tried; %lld starts acknowledged; %lld were in "
           "flight, %lld of them turned out done; %lld audits, %lld findings\n  %s: %s; detectors "
           "%s%s\n",
           table->struck, table->tried, table->skipped, (long long)table->acknowledged,
           (long long)table->indeterminate, (long long)table->present_after,
           (long long)table->audits, (long long)table->findings, faults_verdict_name(verdict),
           verdict == FAULTS_INVALID && table->tried == 0
               ? "no fault could be tried: it proves nothing"
               : means[verdict],
           detectors, table->asked->proving == PROVING_NOTHING ? " (--prove nothing)" : "");
}

/* ---- the run ---- */

static void tell_proof(const struct prove_said *said, void *context)
{
    const struct asked *asked = context;
    char took[TEXT_DURATION_BYTES];
    if (*said->trouble)
        fprintf(stderr, "spawnbench: faults: '%s' proves nothing: its document: %s\n",
                said->command, said->trouble);
    if (said->kept && !asked->quiet)
        fprintf(stderr, "spawnbench: faults: %-8s %s in %s\n", said->name,
                said->code == 0   ? "holds"
                : said->code == 4 ? "BROKEN"
                                  : "PROVES NOTHING",
                text_duration(took, (double)said->spent_ns));
}

/* The known-bad ways must fail with the same breath, or nothing is proven. */
static int prove(struct asked *asked, struct results *store, int *code, const char **detectors,
                 struct err *err)
{
    const struct prove_how how = {.which =
                                      asked->proving == PROVING_ALL ? PROVE_ALL : PROVE_CONTROLS,
                                  .full = asked->full,
                                  .each = tell_proof,
                                  .context = asked};
    int proven = 0;
    *detectors = "not proven";
    if (asked->proving == PROVING_NOTHING)
        return 0;
    if (prove_run(store, &how, &proven, err) < 0)
        return -1;
    *detectors = proven == 0 ? "proven" : "failed their proof";
    *code = proven == 4 || *code == 4 ? 4 : proven ? proven : *code;
    return 0;
}

static int run(void *context, struct results *store, struct err *err)
{
    struct asked *asked = context;
    const struct scenario *scenario = &asked->scenario;
    struct table table = {.asked = asked, .scenario = scenario};
    struct trials_how how = {.scenario = scenario,
                             .results = asked->results,
                             .faults = asked->faults ? asked->faults : scenario->faults,
                             .seed = asked->seed,
                             .times = asked->times,
                             .names_strict = asked->names_strict,
                             .shim_option = asked->shim_option,
                             .trying = asked->quiet ? NULL : progress_trial,
                             .each = take_row,
                             .context = &table};
    enum faults_verdict verdict;
    struct err trouble = {0};
    cJSON *document = NULL;
    int64_t from_ns = clock_now_ns(), spent_ns;
    const char *detectors;
    int code, code_kept, rc;
    if (!how.faults)
        scenario_fault_add(&how.faults, "all");
    if (!asked->quiet && !asked->json)
        printf("faults of %s: seed %" PRIu64 ", %d places in a batch\n", scenario->name,
               asked->seed, asked->times);
    if (trials_run(&how, &document, &verdict, err) < 0)
        return -1;
    spent_ns = clock_now_ns() - from_ns;
    code = code_kept = faults_exit_code(verdict);
    rc = prove(asked, store, &code, &detectors, &trouble);
    cJSON_ReplaceItemInObjectCaseSensitive(document, "detectors", cJSON_CreateString(detectors));
    if (asked->json)
        json_puts(document);
    else if (!asked->quiet)
        tell_sums(&table, verdict, detectors);
    if (prove_keep(store, "faults", asked->command, code_kept, spent_ns, document, err) < 0)
        return -1;
    if (rc < 0)
        *err = trouble;
    return rc < 0 ? -1 : code;
}

static int load_and_run(struct asked *asked)
{
    struct err err = {0};
    char *absolute = NULL;
    int code;
    if (scenario_load(&asked->scenario, asked->path, &err) < 0 ||
        cli_change_scenario(&asked->scenario, &asked->change, &err) < 0 ||
        runner_settle_results(asked->results, &absolute, &err) < 0) {
        code = cli_fail("faults", &err);
    } else {
        asked->results = absolute;
        code = cli_in_store("faults", absolute, RESULTS_MAKE, run, asked);
    }
    scenario_release(&asked->scenario);
    free(absolute);
    return code;
}

int cmd_faults(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "SCENARIO",
        .doc =
            "Make things fail for real around the arms of SCENARIO: processes are killed, limits "
            "and locks are met, disks are full, writes fail. After each fault: audit, restart, "
            "audit again, a healthy batch, audit at the end.\vExit status: 0 intact, 2 bad input, "
            "4 broken, 5 no fault could be tried, one did not strike, or a control did not fail "
            "(nothing is proven), "
            "128+n ended by signal n."};
    struct asked asked = {.seed = 1, .times = 3};
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    interrupt_catch();
    asked.command = cli_join_words(argc, argv);
    code = asked.listing ? cli_check_stdout("faults", list()) : load_and_run(&asked);
    free(asked.command);
    return code;
}
