/* spawnbench gate: is the candidate slower than the baseline? For CI. */
#include "cli/pages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/text.h"

#define MOST_CYCLES 200

struct asked {
    struct cli_gate gate;
    bool self_test;
    int most_cycles;
};

enum {
    KEY_TOLERANCE = 256,
    KEY_METRIC,
    KEY_QUANTILE,
    KEY_ALPHA,
    KEY_POWER,
    KEY_MAX_CYCLES,
    KEY_INCONCLUSIVE
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "What is compared:", 1},
    {"against", CLI_WORD(gate.against), "COMMAND", 0,
     "run this baseline side by side with the arm, interleaved in one run: the recommended way. "
     "Words are split at blanks, quotes hold together, no shell; {reference} and {agent} stand for "
     "the programs built here",
     0},
    {"baseline", CLI_WORD(gate.baseline), "B", 0,
     "compare with what is stored instead: a file of 'baseline save --export', the name of a saved "
     "baseline, or a run",
     0},
    {"arm", CLI_WORD(gate.arm), "NAME", 0,
     "the arm that is the candidate (default: the only one, or the one "
     "whose speed the scenario claims)",
     0},
    {NULL, 0, NULL, 0, "How it is judged:", 2},
    {"max-regression", KEY_TOLERANCE, "SHARE", 0, "slower by this is allowed (default: 5%)", 0},
    {"metric", KEY_METRIC, "NAME", 0, "gate this metric (default: spawn_time; may be repeated)", 0},
    {"quantile", KEY_QUANTILE, "P", 0,
     "gate this quantile, such as 0.95 (default: 0.5, the median of paired ratios; may be "
     "repeated)",
     0},
    {"alpha", KEY_ALPHA, "A", 0, "most false regressions there may be (default: 0.01)", 0},
    {"power", KEY_POWER, "P", 0,
     "chance with which a change counts as one that would have been seen (default: 0.8)", 0},
    {"max-cycles", KEY_MAX_CYCLES, "N", 0,
     "pairs at most (default: 200); looks at 50, 100, 200, ... pairs and at N", 0},
    {NULL, 0, NULL, 0, "How it ends:", 3},
    {"inconclusive", KEY_INCONCLUSIVE, "pass|fail", 0,
     "what an undecided gate ends with: pass is 0, fail is 3 (default)", 0},
    {"advisory", CLI_FLAG(gate.manners.advisory), NULL, 0,
     "tell, but end with 0; broken integrity still ends with 4", 0},
    {"allow-mismatch", CLI_FLAG(gate.manners.allow_mismatch), NULL, 0,
     "compare even if machine, scenario or baseline speak against it, and say so", 0},
    {"strict-baseline", CLI_FLAG(gate.strict_baseline), NULL, 0,
     "let a stored baseline of fewer than 10 sittings fail the gate, too", 0},
    {"against-history", CLI_FLAG(gate.against_history), NULL, 0,
     "let a step for the worse in the scenario's history fail the gate, too, unless somebody "
     "accepted it (spawnbench history)",
     0},
    {NULL, 0, NULL, 0, "The rest:", 4},
    {"seed", CLI_SEED(gate.seed), "N", 0,
     "seed of the order of cycles (default: from the clock, printed)", 0},
    {"results", CLI_WORD(gate.results), "DIR", 0, "where results are kept (default: results)", 0},
    {"json", CLI_FLAG(gate.json), NULL, 0,
     "one JSON document on stdout (schema spawnbench.gate.v1)", 0},
    {"junit", CLI_WORD(gate.junit), "FILE", 0,
     "write a JUnit document there, a case for each metric", 0},
    {"ctest", CLI_FLAG(gate.ctest), NULL, 0,
     "print CTestMeasurement elements (default: when CTest's dashboard runs it)", 0},
    {"quiet", 'q', NULL, 0, "no progress, no table; the exit code tells", 0},
    {"self-test", CLI_FLAG(self_test), NULL, 0,
     "plant a regression and broken baselines, and fail if they are not seen", 0},
    {0}};

static double number(struct argp_state *state, const char *option, const char *text, double least,
                     double most)
{
    char *end;
    double value;
    errno = 0;
    value = strtod(text, &end);
    if (errno || end == text || *end || !(value >= least && value <= most))
        argp_error(state, "--%s %s: expected a number from %g to %g", option, text, least, most);
    return value;
}

static void take_tolerance(struct asked *asked, const char *text, struct argp_state *state)
{
    double share;
    if (text_parse_share(&share, text) < 0 || !(share >= 0 && share <= 1000))
        argp_error(state, "--max-regression %s: expected a share from 0%% to 100000%%, such as 5%%",
                   text);
    asked->gate.asked.tolerance = share;
}

static void refuse_metric(const char *name, struct argp_state *state)
{
    const char *near = text_nearest(name, scenario_metric_names);
    struct text known = {0};
    for (int i = 0; i < SCENARIO_METRICS; i++)
        if (!scenario_metrics[i].to)
            text_addf(&known, "%s%s", i ? ", " : "", scenario_metric_names[i]);
    argp_error(
        state, "--metric %s: no such metric%s%s%s (known: %s and the phases, see spawnbench(1))",
        name, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", known.data);
    text_release(&known);
}

static void take_metric(struct asked *asked, const char *name, struct argp_state *state)
{
    struct gate_asked *gated = &asked->gate.asked;
    enum scenario_metric metric = SCENARIO_SPAWN_TIME;
    if (scenario_metric_find(&metric, name) < 0)
        refuse_metric(name, state);
    for (size_t i = 0; i < gated->metric_count; i++)
        if (gated->metrics[i] == metric)
            return;
    gated->metrics[gated->metric_count++] = metric;
}

static void take_quantile(struct asked *asked, const char *text, struct argp_state *state)
{
    struct gate_asked *gated = &asked->gate.asked;
    double quantile = number(state, "quantile", text, 0.5, 0.9999);
    for (size_t i = 0; i < gated->quantile_count; i++)
        if (gated->quantiles[i] == quantile)
            return;
    if (gated->quantile_count == GATE_MOST_QUANTILES)
        argp_error(state, "--quantile: at most %d of them", GATE_MOST_QUANTILES);
    gated->quantiles[gated->quantile_count++] = quantile;
}

static void take_inconclusive(struct asked *asked, const char *text, struct argp_state *state)
{
    if (strcmp(text, "pass") != 0 && strcmp(text, "fail") != 0)
        argp_error(state, "--inconclusive %s: expected pass or fail", text);
    asked->gate.manners.inconclusive_passes = strcmp(text, "pass") == 0;
}

static void check_company(const struct asked *asked, struct argp_state *state)
{
    const struct cli_gate *gate = &asked->gate;
    if (asked->self_test) {
        if (gate->against || gate->baseline || gate->word_count)
            argp_error(state, "--self-test brings its own scenarios and baselines");
        return;
    }
    if (gate->against && gate->baseline)
        argp_error(state, "--against runs the baseline side by side, --baseline uses a stored one: "
                          "give one of them");
    if (!gate->against && !gate->baseline)
        argp_error(state, "against what? --against 'COMMAND...' runs a baseline side by side "
                          "(recommended), --baseline B uses a stored one");
    if (gate->against && gate->word_count == 0)
        argp_error(state, "no SCENARIO is given (try scenarios/three-agents.json)");
    if (gate->word_count > 1)
        argp_error(state, "'%s' is too much: one scenario or run is gated at a time",
                   gate->words[1]);
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    struct cli_gate *gate = &asked->gate;
    switch (key) {
    case KEY_TOLERANCE:
        take_tolerance(asked, argument, state);
        return 0;
    case KEY_METRIC:
        take_metric(asked, argument, state);
        return 0;
    case KEY_QUANTILE:
        take_quantile(asked, argument, state);
        return 0;
    case KEY_ALPHA:
        gate->asked.alpha = number(state, "alpha", argument, 1e-6, 0.4);
        return 0;
    case KEY_POWER:
        gate->asked.power = number(state, "power", argument, 0.5, 0.999);
        return 0;
    case KEY_MAX_CYCLES:
        asked->most_cycles =
            (int)cli_number(state, "max-cycles", argument, 1, SCENARIO_MOST_CYCLES);
        return 0;
    case KEY_INCONCLUSIVE:
        take_inconclusive(asked, argument, state);
        return 0;
    case 'q':
        gate->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (gate->word_count < 2)
            gate->words[gate->word_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        check_company(asked, state);
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

static const char doc[] =
    "Is the candidate slower than the baseline? Answers for each metric: no regression, "
    "regression, improvement, inconclusive, or powerless (this run could not have shown it).\v"
    "Exit status: 0 no regression or an improvement, 1 a regression, 2 usage or bad input, 3 "
    "inconclusive or powerless, 4 the candidate has findings of integrity or conduct (outranks "
    "all), 5 could not compare (the machine or the scenario differs, the baseline is missing, "
    "damaged or broken, the tolerance is below the noise floor), 128+n ended by signal n.\n"
    "For CTest: SKIP_RETURN_CODE 3 shows an undecided gate as skipped.";

static void tell_tried(const char *what, const struct gate_said *said, bool good)
{
    printf("  %-6s %-58s exit %d%s%s\n", good ? "seen" : "MISSED", what, said->exit,
           said->verdict[0] ? ", " : "", said->verdict);
    fflush(stdout);
}

static int run_self_test(const struct cli_gate *gate)
{
    struct gate_self_test test = {.each = gate->quiet ? NULL : tell_tried};
    struct err err = {0};
    if (!gate->quiet)
        printf("gate self-test: what must be seen, and what must not be answered (complaints on "
               "stderr are expected)\n");
    fflush(stdout);
    if (gate_self_test(&test, gate->asked.tolerance, gate->asked.alpha, &err) < 0)
        return cli_fail("gate --self-test", &err);
    if (!gate->quiet)
        printf("%zu tried, %zu missed\n", test.tried, test.missed);
    return test.missed ? 1 : 0;
}

/* returns 0, or an exit code of what went wrong, already told */
static int run_paired(const struct cli_gate *gate, struct gate_result *result)
{
    struct cli_watcher watcher = {.quiet = gate->quiet};
    const struct gate_sides sides = {.runner = {.results = gate->results,
                                                .path = gate->words[0],
                                                .command = gate->command,
                                                .seed = gate->seed,
                                                .observer = cli_observer(&watcher)},
                                     .against = gate->against,
                                     .arm = gate->arm,
                                     .manners = gate->manners};
    struct err err = {0}, ended = {0};
    int rc = gate_run_paired(result, &sides, &ended, &err), code = 0;
    if (ended.code != ERR_NONE)
        code = cli_fail("gate", &ended);
    if (rc < 0)
        return cli_gate_could_not(result, &err);
    return code == 5 ? 0 : code; /* 5: the result says why it could not be compared */
}

static int run_gate(struct asked *asked)
{
    struct cli_gate *gate = &asked->gate;
    struct gate_result result = {.asked = gate->asked};
    int code;
    if (asked->self_test)
        return run_self_test(gate);
    code = gate->against ? run_paired(gate, &result) : cli_gate_stored(gate, &result);
    if (code == 0 && gate->against_history)
        code = cli_gate_history(gate, &result);
    if (code == 0) {
        gate_settle(&result, &gate->manners);
        code = cli_gate_tell(gate, &result);
    }
    gate_result_release(&result);
    return code;
}

int cmd_gate(int argc, char **argv)
{
    static const struct argp argp = {.options = options,
                                     .parser = take,
                                     .args_doc = "SCENARIO --against COMMAND\n"
                                                 "--baseline B [RUN|SCENARIO]\n--self-test",
                                     .doc = doc};
    struct asked asked = {.gate = {.asked = {.metrics = {SCENARIO_SPAWN_TIME},
                                             .quantiles = {0.5},
                                             .tolerance = GATE_TOLERANCE,
                                             .alpha = GATE_ALPHA,
                                             .power = GATE_POWER},
                                   .results = "results"},
                          .most_cycles = MOST_CYCLES};
    struct gate_asked *gated = &asked.gate.asked;
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    asked.gate.command = cli_join_words(argc, argv);
    gated->metric_count += gated->metric_count == 0; /* the first one is there already */
    gated->quantile_count += gated->quantile_count == 0;
    gated->look_count = gate_looks(gated->looks, asked.most_cycles);
    if (!asked.gate.seed)
        asked.gate.seed = cli_seed(UINT32_MAX);
    interrupt_catch();
    code = run_gate(&asked);
    free(asked.gate.command);
    return cli_check_stdout("gate", code);
}
