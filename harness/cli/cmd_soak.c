/* spawnbench soak: does it last? Batches with random faults, until time is over or something is
 * found. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "judge/stats/stats.h"
#include "proof/faults/prove.h"
#include "proof/faults/soak.h"

#define REDRAW_NS (200 * CLOCK_NS_PER_MS)

struct asked {
    struct cli_change change;
    const char *path, *results, *keep, *shim_option;
    uint64_t faults, seed;
    int64_t most_ns, most_cycles;
    int every;
    bool quiet, json;
    char *command;
};

enum { KEY_FOR = 256, KEY_CYCLES, KEY_EVERY };

static const struct argp_option options[] = {
    {"for", KEY_FOR, "TIME", 0, "stop after this time (such as 10m, the default)", 0},
    {"cycles", KEY_CYCLES, "N", 0, "stop after N batches", 0},
    {"seed", CLI_SEED(seed), "N", 0,
     "the same seed gives the same faults and choices (default: from the clock, printed)", 0},
    {"faults-every", KEY_EVERY, "K", 0, "one fault in K batches on average (default 4)", 0},
    {"arm", CLI_ARM(change), "NAME", 0, "only this arm (may be repeated)", 0},
    {"fault", CLI_FAULT(faults), "NAME", 0, "only this fault (may be repeated; default: all)", 0},
    {"shim-option", CLI_WORD(shim_option), "OPTION", 0, "as for spawnbench faults", 0},
    {"keep", CLI_WORD(keep), "DIR", 0, "folder for the evidence (default: RESULTS/soak-SEED)", 0},
    {"results", CLI_WORD(results), "DIR", 0, "where results are kept (default: results)", 0},
    {"quiet", 'q', NULL, 0, "print nothing; the exit code tells", 0},
    {"json", CLI_FLAG(json), NULL, 0, "one JSON document (schema spawnbench.proof.soak.v1)", 0},
    {0}};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case KEY_FOR:
        if (text_parse_duration(&asked->most_ns, argument) < 0 || asked->most_ns == 0)
            argp_error(state, "--for %s: expected a duration such as 10m", argument);
        return 0;
    case KEY_CYCLES:
        asked->most_cycles = cli_number(state, "cycles", argument, 1, 100000000);
        return 0;
    case KEY_EVERY:
        asked->every = (int)cli_number(state, "faults-every", argument, 1, 1000000);
        return 0;
    case 'q':
        asked->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        cli_take_one(&asked->path, "SCENARIO", argument, state);
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

/* Many short agents: what breaks does so between them, not while they wait. */
static const char own_scenario[] =
    "{\n"
    "  \"name\": \"soak\",\n"
    "  \"about\": \"batches of 50 short agents, both ways of starting and of recording\",\n"
    "  \"agents\": [{\"name\": \"agent\", \"command\": [\"{agent}\"], \"times\": 50}],\n"
    "  \"arms\": [{\"name\": \"parallel\", \"subject\": [\"{reference}\", \"--mode\", "
    "\"parallel\"]},\n"
    "           {\"name\": \"sequential\", \"subject\": [\"{reference}\", \"--mode\", "
    "\"sequential\"]}],\n"
    "  \"cycles\": 20, \"deadline\": \"5s\"\n"
    "}\n";

/* ---- for people ---- */

static int64_t struck(const struct soak_tally *tally)
{
    int64_t sum = 0;
    for (size_t i = 0; i < SCENARIO_FAULTS; i++)
        sum += tally->struck[i];
    return sum;
}

struct progress_line {
    int64_t drawn_ns, begun_ns, most_ns, most_cycles;
};

/* Between cycles only, and only on a terminal. */
static void draw(void *context, const struct soak_tally *tally)
{
    struct progress_line *line = context;
    int64_t now_ns = clock_now_ns();
    char spent[TEXT_DURATION_BYTES], most[TEXT_DURATION_BYTES];
    if (now_ns - line->drawn_ns < REDRAW_NS)
        return;
    line->drawn_ns = now_ns;
    fprintf(stderr, "\rsoak: %s", text_duration(spent, (double)tally->spent_ns));
    if (line->most_ns)
        fprintf(stderr, " of %s", text_duration(most, (double)line->most_ns));
    if (line->most_cycles)
        fprintf(stderr, ", %" PRId64 " of %" PRId64 " batches", tally->cycles, line->most_cycles);
    fprintf(stderr, ", %" PRId64 " starts, %" PRId64 " faults\x1b[K", tally->starts, struck(tally));
}

static void tell(const struct soak_tally *tally)
{
    char spent[TEXT_DURATION_BYTES];
    printf("  %" PRId64 " batches in %s: %" PRId64 " starts, %" PRId64 " acknowledged, %" PRId64
           " in flight when something failed (%" PRId64 " of them turned out done)\n",
           tally->cycles, text_duration(spent, (double)tally->spent_ns), tally->starts,
           tally->acknowledged, tally->indeterminate, tally->present);
    printf("  %" PRId64 " lost, %" PRId64 " doubled, %" PRId64 " zombies, %" PRId64
           " descriptors leaked; %" PRId64 " restarts, %" PRId64 " audits (%" PRId64 " full)\n",
           tally->lost, tally->duplicated, tally->zombies, tally->descriptors, tally->restarts,
           tally->audits, tally->audits_full);
    printf("  %" PRId64 " faults struck, %" PRId64 " came too late:", struck(tally), tally->missed);
    for (size_t i = 0, told = 0; i < SCENARIO_FAULTS; i++)
        if (tally->struck[i])
            printf("%s%s %" PRId64, told++ % 4 ? ", " : "\n    ", faults_catalogue[i].name,
                   tally->struck[i]);
    printf("\n");
    if (tally->unchecked)
        printf("  not checked: %s%s\n", tally->not_checked,
               tally->unchecked > 1 ? " (and more)" : "");
    if (tally->findings)
        printf("  FOUND: %s\n  evidence: %s\n  again:    %s\n", tally->first_finding,
               tally->evidence, tally->again);
    else if (tally->unchecked)
        printf("  invalid: what was not checked may have lost anything; apart from it no finding "
               "in %" PRId64 " acknowledged starts\n",
               tally->acknowledged);
    else
        printf("  no finding in %" PRId64 " acknowledged starts: true rate below %.2g %% at 95 "
               "%%\n",
               tally->acknowledged, 100 * stats_rate_upper(0, (size_t)tally->acknowledged, 0.95));
}

/* ---- for programs ---- */

/* What could not be read may have lost anything: no finding there is no proof. */
static int code_of(const struct soak_tally *tally)
{
    return tally->findings ? 4 : tally->unchecked ? 5 : 0;
}

static const char *verdict_of(const struct soak_tally *tally)
{
    return tally->findings ? "broken" : tally->unchecked ? "invalid" : "intact";
}

static cJSON *document_of(const struct asked *asked, const struct scenario *scenario,
                          const struct soak_tally *tally)
{
    cJSON *root = cJSON_CreateObject(), *rest = soak_json(tally), *item;
    cJSON_AddStringToObject(root, "schema", "spawnbench.proof.soak.v1");
    cJSON_AddStringToObject(root, "engine", results_engine());
    cJSON_AddStringToObject(root, "version", SPAWNBENCH_VERSION);
    json_add_int64(root, "seed", (int64_t)asked->seed);
    json_add_int64(root, "faults_every", asked->every);
    cJSON_AddStringToObject(root, "scenario", scenario->name);
    while ((item = cJSON_DetachItemFromArray(rest, 0)))
        cJSON_AddItemToObject(root, item->string, item);
    cJSON_Delete(rest);
    json_add_double(root, "rate_upper",
                    stats_rate_upper((size_t)tally->findings, (size_t)tally->acknowledged, 0.95));
    cJSON_AddStringToObject(root, "verdict", verdict_of(tally));
    return root;
}

static int keep(const struct asked *asked, const struct scenario *scenario,
                const struct soak_tally *tally, int code, struct err *err)
{
    struct results *store = NULL;
    cJSON *document = document_of(asked, scenario, tally);
    int rc = results_open_in(&store, asked->results, RESULTS_MAKE, err);
    if (asked->json)
        json_puts(document);
    if (rc == 0)
        rc = prove_keep(store, "soak", asked->command, code, tally->spent_ns, document, err);
    else
        cJSON_Delete(document);
    results_close(store);
    return rc;
}

/* ---- the run ---- */

static int soak_in(const char *folder, const struct asked *asked, const struct scenario *scenario,
                   struct soak_tally *tally, struct err *err)
{
    struct progress_line line = {.most_ns = asked->most_ns, .most_cycles = asked->most_cycles};
    char *kept = asked->keep ? xstrdup(asked->keep)
                             : text_format("%s/soak-%" PRIu64, asked->results, asked->seed);
    bool shown = !asked->quiet && isatty(STDERR_FILENO);
    const struct soak_options how = {.scenario = scenario,
                                     .folder = folder,
                                     .keep = kept,
                                     .shim_option = asked->shim_option,
                                     .seed = asked->seed,
                                     .faults = asked->faults,
                                     .every = asked->every,
                                     .most_cycles = asked->most_cycles,
                                     .most_ns = asked->most_ns,
                                     .each = shown ? draw : NULL,
                                     .context = &line};
    int rc = soak_run(tally, &how, err);
    if (shown)
        fputs("\r\x1b[K", stderr);
    free(kept);
    return rc;
}

/* What was done until a signal came is told too. */
static int run(struct asked *asked, const struct scenario *scenario, struct err *err)
{
    char *folder = text_format("%s/soak-XXXXXX", asked->results);
    struct soak_tally tally = {0};
    int code, rc = mkdtemp(folder) ? 0 : err_system(err, "cannot make a folder '%s'", folder);
    if (rc == 0) {
        if (!asked->quiet && !asked->json)
            printf("soak of %s: seed %" PRIu64 ", a fault in one of %d batches\n", scenario->name,
                   asked->seed, asked->every);
        fflush(stdout);
        rc = soak_in(folder, asked, scenario, &tally, err);
        text_remove_tree(folder);
        if (!asked->quiet && !asked->json && tally.cycles)
            tell(&tally);
    }
    free(folder);
    code = code_of(&tally);
    if (rc == 0)
        rc = keep(asked, scenario, &tally, code, err);
    return rc < 0 ? -1 : code;
}

static int load(struct scenario *scenario, const struct asked *asked, struct err *err)
{
    int rc = asked->path ? scenario_load(scenario, asked->path, err)
                         : scenario_parse(scenario, own_scenario, sizeof own_scenario - 1, err);
    return rc < 0 ? -1 : cli_change_scenario(scenario, &asked->change, err);
}

static int load_and_run(struct asked *asked)
{
    struct scenario scenario = {0};
    struct err err = {0};
    char *absolute = NULL;
    int code = -1;
    if (load(&scenario, asked, &err) == 0 &&
        runner_settle_results(asked->results, &absolute, &err) == 0) {
        asked->results = absolute;
        code = run(asked, &scenario, &err);
    }
    scenario_release(&scenario);
    free(absolute);
    return code < 0 ? cli_fail("soak", &err) : code;
}

int cmd_soak(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "[SCENARIO]",
        .doc =
            "Start batch after batch through every arm of SCENARIO (default: 50 short agents, both "
            "modes of the reference) while random faults strike; stop at the first finding and "
            "keep the evidence.\vExit status: 0 nothing found, 2 bad input, 4 found, 5 could not "
            "run, or not all could be checked, 128+n ended by signal n."};
    struct asked asked = {.every = 4};
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    interrupt_catch();
    if (!asked.most_ns && !asked.most_cycles)
        asked.most_ns = 600 * CLOCK_NS_PER_S;
    if (!asked.seed)
        asked.seed = cli_seed(UINT32_MAX);
    if (!asked.faults)
        scenario_fault_add(&asked.faults, "all");
    asked.command = cli_join_words(argc, argv);
    code = load_and_run(&asked);
    free(asked.command);
    return cli_check_stdout("soak", code);
}
