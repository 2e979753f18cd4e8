/* spawnbench gate: is the candidate slower than the baseline? For CI. */
#include "cli/gate_page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "trend/gate/derive.h"
#include "trend/gate/gate_self_test.h"
#include "trend/gate/paired.h"

#define MOST_CYCLES 200

enum {
    KEY_AGAINST = 256,
    KEY_BASELINE,
    KEY_ARM,
    KEY_TOLERANCE,
    KEY_METRIC,
    KEY_QUANTILE,
    KEY_ALPHA,
    KEY_POWER,
    KEY_MAX_CYCLES,
    KEY_INCONCLUSIVE,
    KEY_ADVISORY,
    KEY_MISMATCH,
    KEY_STRICT,
    KEY_HISTORY,
    KEY_SEED,
    KEY_RESULTS,
    KEY_JSON,
    KEY_JUNIT,
    KEY_CTEST,
    KEY_SELF_TEST
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "What is compared:", 1},
    {"against", KEY_AGAINST, "COMMAND", 0,
     "run this baseline side by side with the arm, interleaved in one run: the recommended way. "
     "Words are split at blanks, quotes hold together, no shell; {reference} and {agent} stand for "
     "the programs built here",
     0},
    {"baseline", KEY_BASELINE, "B", 0,
     "compare with what is stored instead: a file of 'baseline save --export', the name of a saved "
     "baseline, or a run",
     0},
    {"arm", KEY_ARM, "NAME", 0,
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
    {"advisory", KEY_ADVISORY, NULL, 0, "tell, but end with 0; broken integrity still ends with 4",
     0},
    {"allow-mismatch", KEY_MISMATCH, NULL, 0,
     "compare even if machine, scenario or baseline speak against it, and say so", 0},
    {"strict-baseline", KEY_STRICT, NULL, 0,
     "let a stored baseline of fewer than 10 sittings fail the gate, too", 0},
    {"against-history", KEY_HISTORY, NULL, 0,
     "let a step for the worse in the scenario's history fail the gate, too, unless somebody "
     "accepted it (spawnbench history)",
     0},
    {NULL, 0, NULL, 0, "The rest:", 4},
    {"seed", KEY_SEED, "N", 0, "seed of the order of cycles (default: from the clock, printed)", 0},
    {"results", KEY_RESULTS, "DIR", 0, "where results are kept (default: results)", 0},
    {"json", KEY_JSON, NULL, 0, "one JSON document on stdout (schema spawnbench.gate.v1)", 0},
    {"junit", KEY_JUNIT, "FILE", 0, "write a JUnit document there, a case for each metric", 0},
    {"ctest", KEY_CTEST, NULL, 0,
     "print CTestMeasurement elements (default: when CTest's dashboard runs it)", 0},
    {"quiet", 'q', NULL, 0, "no progress, no table; the exit code tells", 0},
    {"self-test", KEY_SELF_TEST, NULL, 0,
     "plant a regression and broken baselines, and fail if they are not seen", 0},
    {0}};

struct parse {
    struct cli_gate gate;
    bool self_test, metrics_given, quantiles_given;
    int most_cycles;
};

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

static void take_tolerance(struct parse *parse, const char *text, struct argp_state *state)
{
    double share;
    if (text_parse_share(&share, text) < 0 || !(share >= 0 && share <= 1000))
        argp_error(state, "--max-regression %s: expected a share from 0%% to 100000%%, such as 5%%",
                   text);
    parse->gate.asked.tolerance = share;
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

static void take_metric(struct parse *parse, const char *name, struct argp_state *state)
{
    struct gate_asked *asked = &parse->gate.asked;
    enum scenario_metric metric = SCENARIO_SPAWN_TIME;
    if (!parse->metrics_given)
        asked->metric_count = 0;
    parse->metrics_given = true;
    if (scenario_metric_find(&metric, name) < 0)
        refuse_metric(name, state);
    for (size_t i = 0; i < asked->metric_count; i++)
        if (asked->metrics[i] == metric)
            return;
    asked->metrics[asked->metric_count++] = metric;
}

static void take_quantile(struct parse *parse, const char *text, struct argp_state *state)
{
    struct gate_asked *asked = &parse->gate.asked;
    double quantile = number(state, "quantile", text, 0.5, 0.9999);
    if (!parse->quantiles_given)
        asked->quantile_count = 0;
    parse->quantiles_given = true;
    for (size_t i = 0; i < asked->quantile_count; i++)
        if (asked->quantiles[i] == quantile)
            return;
    if (asked->quantile_count == GATE_MOST_QUANTILES)
        argp_error(state, "--quantile: at most %d of them", GATE_MOST_QUANTILES);
    asked->quantiles[asked->quantile_count++] = quantile;
}

static void take_inconclusive(struct parse *parse, const char *text, struct argp_state *state)
{
    if (strcmp(text, "pass") != 0 && strcmp(text, "fail") != 0)
        argp_error(state, "--inconclusive %s: expected pass or fail", text);
    parse->gate.manners.inconclusive_passes = strcmp(text, "pass") == 0;
}

static void check_company(const struct parse *parse, struct argp_state *state)
{
    const struct cli_gate *gate = &parse->gate;
    if (parse->self_test) {
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
    struct parse *parse = state->input;
    struct cli_gate *gate = &parse->gate;
    switch (key) {
    case KEY_AGAINST:
        gate->against = argument;
        return 0;
    case KEY_BASELINE:
        gate->baseline = argument;
        return 0;
    case KEY_ARM:
        gate->arm = argument;
        return 0;
    case KEY_TOLERANCE:
        take_tolerance(parse, argument, state);
        return 0;
    case KEY_METRIC:
        take_metric(parse, argument, state);
        return 0;
    case KEY_QUANTILE:
        take_quantile(parse, argument, state);
        return 0;
    case KEY_ALPHA:
        gate->asked.alpha = number(state, "alpha", argument, 1e-6, 0.4);
        return 0;
    case KEY_POWER:
        gate->asked.power = number(state, "power", argument, 0.5, 0.999);
        return 0;
    case KEY_MAX_CYCLES:
        parse->most_cycles =
            (int)cli_number(state, "max-cycles", argument, 1, SCENARIO_MOST_CYCLES);
        return 0;
    case KEY_INCONCLUSIVE:
        take_inconclusive(parse, argument, state);
        return 0;
    case KEY_ADVISORY:
        gate->manners.advisory = true;
        return 0;
    case KEY_MISMATCH:
        gate->manners.allow_mismatch = true;
        return 0;
    case KEY_STRICT:
        gate->strict_baseline = true;
        return 0;
    case KEY_HISTORY:
        gate->against_history = true;
        return 0;
    case KEY_SEED:
        gate->seed = (uint64_t)cli_number(state, "seed", argument, 1, UINT32_MAX);
        gate->seeded = true;
        return 0;
    case KEY_RESULTS:
        gate->results = argument;
        return 0;
    case KEY_JSON:
        gate->json = true;
        return 0;
    case KEY_JUNIT:
        gate->junit = argument;
        return 0;
    case KEY_CTEST:
        gate->ctest = true;
        return 0;
    case 'q':
        gate->quiet = true;
        return 0;
    case KEY_SELF_TEST:
        parse->self_test = true;
        return 0;
    case ARGP_KEY_ARG:
        if (gate->word_count < 2)
            gate->words[gate->word_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        check_company(parse, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char doc[] =
    "Is the candidate slower than the baseline? Answers for each metric: no regression, "
    "regression, "
    "improvement, inconclusive, or powerless (this run could not have shown it).\v"
    "Exit status: 0 no regression or an improvement, 1 a regression, 2 usage or bad input, 3 "
    "inconclusive or powerless, 4 the candidate has findings of integrity or conduct (outranks "
    "all), "
    "5 could not compare (the machine or the scenario differs, the baseline is missing, damaged or "
    "broken, the tolerance is below the noise floor), 128+n ended by signal n.\n"
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

static int run_gate(struct parse *parse)
{
    struct cli_gate *gate = &parse->gate;
    struct gate_result result = {.asked = gate->asked};
    int code;
    if (parse->self_test)
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
    static const struct argp argp = {options,
                                     take,
                                     "SCENARIO --against COMMAND\n"
                                     "--baseline B [RUN|SCENARIO]\n--self-test",
                                     doc,
                                     NULL,
                                     NULL,
                                     NULL};
    struct parse parse = {.gate = {.asked = {.metrics = {SCENARIO_SPAWN_TIME},
                                             .metric_count = 1,
                                             .quantiles = {0.5},
                                             .quantile_count = 1,
                                             .tolerance = GATE_TOLERANCE,
                                             .alpha = GATE_ALPHA,
                                             .power = GATE_POWER},
                                   .results = "results"},
                          .most_cycles = MOST_CYCLES};
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &parse);
    parse.gate.command = cli_join_words(argc, argv);
    parse.gate.asked.look_count = gate_looks(parse.gate.asked.looks, parse.most_cycles);
    if (!parse.gate.seeded)
        parse.gate.seed = 1 + (uint64_t)(clock_wall_ns() / 1000) % UINT32_MAX;
    interrupt_catch();
    code = run_gate(&parse);
    free(parse.gate.command);
    return cli_check_stdout("gate", code);
}
