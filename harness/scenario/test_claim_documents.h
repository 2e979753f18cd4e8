/* Claims in every form, and claims with one mistake, for the checks in C and for the schema. */
#ifndef SCENARIO_TEST_CLAIM_DOCUMENTS_H
#define SCENARIO_TEST_CLAIM_DOCUMENTS_H

#include "scenario/scenario.h"
#include "scenario/test_documents.h"

/* Each form of a claim, what it says, and what is kept of it: about the arm "fast". */
struct document_form {
    const char *claim, *sentence;
    enum scenario_claim_kind kind;
    enum scenario_metric metric;
    enum scenario_statistic statistic;
    double quantile, limit, ratio, share;
    const char *agent;
    int at;
};

static const struct document_form document_forms[] = {
    {"'arm': 'fast', 'statistic': 'median', 'metric': 'cpu_time', 'at_most': '1.5ms'",
     "median cpu_time of fast is at most 1.5 ms", SCENARIO_CLAIM_AT_MOST, SCENARIO_CPU_TIME,
     .quantile = 0.5, .limit = 1.5e6, .at = -1},
    {"'arm': 'fast', 'statistic': 'mean', 'at_most': '50ms'",
     "mean spawn_time of fast is at most 50 ms", SCENARIO_CLAIM_AT_MOST, SCENARIO_SPAWN_TIME,
     SCENARIO_MEAN, .quantile = 0.5, .limit = 50e6, .at = -1},
    {"'arm': 'fast', 'quantile': 0.999, 'metric': 'ready_time', 'at_most': '2m'",
     "p99.9 ready_time of fast is at most 120 s", SCENARIO_CLAIM_AT_MOST, SCENARIO_READY_TIME,
     .quantile = 0.999, .limit = 120e9, .at = -1},
    {"'at_least': '20/s', 'quantile': 0.05, 'metric': 'throughput', 'arm': 'fast'",
     "p5 throughput of fast is at least 20 agents/s", SCENARIO_CLAIM_AT_LEAST, SCENARIO_THROUGHPUT,
     .quantile = 0.05, .limit = 20, .at = -1},
    {"'at_least': '90/min', 'statistic': 'mean', 'metric': 'throughput', 'arm': 'fast'",
     "mean throughput of fast is at least 1.5 agents/s", SCENARIO_CLAIM_AT_LEAST,
     SCENARIO_THROUGHPUT, SCENARIO_MEAN, .quantile = 0.5, .limit = 1.5, .at = -1},
    {"'at_least': '1us', 'quantile': 0.01, 'arm': 'fast'", "p1 spawn_time of fast is at least 1 us",
     SCENARIO_CLAIM_AT_LEAST, SCENARIO_SPAWN_TIME, .quantile = 0.01, .limit = 1000, .at = -1},
    {"'arm': 'fast', 'quantile': 0.99, 'metric': 'peak_memory', 'at_most': '64MiB'",
     "p99 peak_memory of fast is at most 64 MiB", SCENARIO_CLAIM_AT_MOST, SCENARIO_PEAK_MEMORY,
     .quantile = 0.99, .limit = 67108864, .at = -1},
    {"'arm': 'fast', 'statistic': 'median', 'metric': 'peak_memory', 'at_least': '1000B'",
     "median peak_memory of fast is at least 1000 B", SCENARIO_CLAIM_AT_LEAST, SCENARIO_PEAK_MEMORY,
     .quantile = 0.5, .limit = 1000, .at = -1},
    {"'arm': 'fast', 'quantile': 0.95, 'metric': 'seen_to_recorded', 'at_most': '5ms',"
     " 'agent': 'gemini'",
     "p95 seen_to_recorded of agent gemini in fast is at most 5 ms", SCENARIO_CLAIM_AT_MOST,
     SCENARIO_SEEN_TO_RECORDED, .quantile = 0.95, .limit = 5e6, .agent = "gemini", .at = -1},
    {"'arm': 'fast', 'quantile': 0.95, 'metric': 'start_to_main', 'at_most': '5ms',"
     " 'at': {'agents': 20}",
     "p95 longest start_to_main of any agent in fast is at most 5 ms, at 20 agents",
     SCENARIO_CLAIM_AT_MOST, SCENARIO_START_TO_MAIN, .quantile = 0.95, .limit = 5e6, .at = 1},
    {"'arm': 'fast', 'within': '2.5%', 'of': 'slow'",
     "spawn_time of fast is within 2.5 % of that of slow", SCENARIO_CLAIM_WITHIN,
     SCENARIO_SPAWN_TIME, .share = 0.025, .at = -1},
    {"'within': '5%', 'of': 'slow', 'arm': 'fast', 'metric': 'sent_to_start',"
     " 'agent': 'claude', 'at': {'agents': 3}",
     "sent_to_start of agent claude in fast is within 5 % of that of slow, at 3 agents",
     SCENARIO_CLAIM_WITHIN, SCENARIO_SENT_TO_START, .share = 0.05, .agent = "claude", .at = 0},
    {"'faster': 'fast', 'than': 'slow', 'at_least': 3.5",
     "spawn_time of fast is at least 3.5 times shorter than of slow", SCENARIO_CLAIM_FASTER,
     SCENARIO_SPAWN_TIME, .ratio = 3.5, .at = -1},
    {"'faster': 'fast', 'than': 'slow', 'at_least': 2, 'metric': 'peak_memory'",
     "peak_memory of fast is at least 2 times smaller than of slow", SCENARIO_CLAIM_FASTER,
     SCENARIO_PEAK_MEMORY, .ratio = 2, .at = -1},
    {"'faster': 'fast', 'than': 'slow', 'at_least': 3, 'metric': 'throughput',"
     " 'at': {'agents': 3}",
     "throughput of fast is at least 3 times larger than of slow, at 3 agents",
     SCENARIO_CLAIM_FASTER, SCENARIO_THROUGHPUT, .ratio = 3, .at = 0},
    {"'corruption': 'none', 'below': '0.5%'",
     "no cycle loses, doubles, invents or corrupts anything: fewer than 0.5 % do",
     SCENARIO_CLAIM_INTACT, SCENARIO_SPAWN_TIME, .share = 0.005, .at = -1},
    {"'corruption': 'none'",
     "no cycle loses, doubles, invents or corrupts anything: fewer than 5 % do",
     SCENARIO_CLAIM_INTACT, SCENARIO_SPAWN_TIME, .share = 0.05, .at = -1},
};
#define DOCUMENT_FORMS (sizeof document_forms / sizeof document_forms[0])

/* Claims that the same scenario cannot have. */
static const struct {
    const char *claim, *message;
    enum document_schema schema;
} document_unfits[] = {
    /* names of what the scenario has: the nearest is told */
    {"'arm': 'fast', 'quantile': 0.5, 'metric': 'start_to_seen', 'at_most': '1s',"
     " 'agent': 'gemnii'",
     "line 2: agent: expected the name of an agent, got \"gemnii\" (did you mean \"gemini\"?)",
     SCHEMA_CANNOT},
    {"'arm': 'fast', 'quantile': 0.5, 'metric': 'start_to_seen', 'at_most': '1s', 'agent': 3",
     "line 2: agent: expected the name of an agent, got 3", 0},
    {"'arm': 'fast', 'within': '5%', 'of': 'slwo'",
     "line 2: of: expected the name of an arm (slow, fast), got \"slwo\" (did you mean \"slow\"?)",
     SCHEMA_CANNOT},
    {"'faster': 'fast', 'than': 'slow', 'at_least': 3, 'metric': 'throughputs'",
     "line 2: metric: expected " DOCUMENT_METRICS ", got \"throughputs\" "
     "(did you mean \"throughput\"?)",
     0},
    {"'arm': 'fast', 'quantile': 0.5, 'at_most': '1s', 'metric': 'open_time'",
     "line 2: metric: expected a metric that each cycle has (open_time is told by 'spawnbench "
     "show', once for each arm of a run: no claim can be judged from it), got \"open_time\"",
     0},
    {"'arm': 'fast', 'quantile': 0.5, 'at_mosst': '1s'",
     "line 2: unknown key 'at_mosst' (did you mean 'at_most'?)", 0},
    {"'arm': 'fast', 'widthin': '5%', 'of': 'slow'",
     "line 2: unknown key 'widthin' (did you mean 'within'?)", 0},
    /* an agent goes with phases only, in every form */
    {"'faster': 'fast', 'than': 'slow', 'at_least': 3, 'agent': 'gemini'",
     "line 2: agent: goes only with a phase of an agent such as \"metric\": \"seen_to_recorded\", "
     "not with \"spawn_time\"",
     0},
    {"'arm': 'fast', 'within': '5%', 'of': 'slow', 'metric': 'cpu_time', 'agent': 'gemini'",
     "line 2: agent: goes only with a phase of an agent such as \"metric\": \"seen_to_recorded\", "
     "not with \"cpu_time\"",
     0},
    /* a batch size of vary */
    {"'arm': 'fast', 'quantile': 0.5, 'at_most': '1s', 'at': {'agents': 7}",
     "line 2: agents: expected a batch size of 'vary' (3, 20), got 7", SCHEMA_CANNOT},
    {"'arm': 'fast', 'within': '5%', 'of': 'slow', 'at': {'agents': '3'}",
     "line 2: agents: expected an integer from 1 to 1000, got \"3\"", 0},
    {"'faster': 'fast', 'than': 'slow', 'at_least': 3, 'at': {}",
     "line 2: missing key 'agents', expected an integer from 1 to 1000", 0},
    {"'arm': 'fast', 'quantile': 0.5, 'at_most': '1s', 'at': {'agnets': 3}",
     "line 2: unknown key 'agnets' (did you mean 'agents'?)", 0},
    {"'corruption': 'none', 'below': 0.01",
     "line 2: below: expected a share above 0% and below 100% such as \"1%\", got 0.01", 0},
    {"'corruption': 'none', 'below': '100%'",
     "line 2: below: expected a share above 0% and below 100% such as \"1%\", got \"100%\"", 0},
    {"'below': '1%'", "line 2: missing key 'corruption', expected \"none\"", 0},
    {"'arm': 'fast', 'quantile': 0.5, 'at_most': '1s', 'below': '1%'",
     "line 2: below: does not go with 'quantile' in one claim, expected one claim for each", 0},
    {"'corruption': 'none', 'at': {'agents': 3}",
     "line 2: at: does not go with 'corruption' in one claim, expected one claim for each", 0},
    {"'arm': 'fast', 'failure': 'cancels', 'metric': 'cpu_time'",
     "line 2: metric: does not go with 'failure' in one claim, expected one claim for each", 0},
    /* limits in the unit of the metric */
    {"'arm': 'fast', 'quantile': 0.5, 'at_least': '20/s'",
     "line 2: at_least: expected a duration with its unit such as \"5s\", got \"20/s\"", 0},
    {"'arm': 'fast', 'quantile': 0.5, 'at_least': '0.0s'",
     "line 2: at_least: expected a duration from 1ns to 24h, got \"0.0s\"", 0},
    {"'arm': 'fast', 'quantile': 0.5, 'metric': 'peak_memory', 'at_most': 67108864",
     "line 2: at_most: expected a size above 0 with its unit such as \"64MiB\", got 67108864", 0},
    {"'arm': 'fast', 'quantile': 0.5, 'metric': 'peak_memory', 'at_most': '64'",
     "line 2: at_most: expected a size above 0 with its unit such as \"64MiB\", got \"64\"", 0},
    {"'arm': 'fast', 'quantile': 0.5, 'metric': 'peak_memory', 'at_most': '0B'",
     "line 2: at_most: expected a size above 0 with its unit such as \"64MiB\", got \"0B\"", 0},
    {"'arm': 'fast', 'quantile': 0.5, 'metric': 'peak_memory', 'at_most': '1000001GB'",
     "line 2: at_most: expected a size of at most 1000000GB, got \"1000001GB\"", SCHEMA_CANNOT},
    {"'arm': 'fast', 'quantile': 0.5, 'metric': 'throughput', 'at_most': '20'",
     "line 2: at_most: expected a rate above 0 with its unit such as \"20/s\" (agents per "
     "second), got \"20\"",
     0},
    {"'arm': 'fast', 'quantile': 0.5, 'metric': 'throughput', 'at_most': '2000000000/s'",
     "line 2: at_most: expected a rate of at most 1000000000/s (agents per second), got "
     "\"2000000000/s\"",
     SCHEMA_CANNOT},
    {"'faster': 'fast', 'than': 'slow', 'at_least': '3x'",
     "line 2: at_least: expected a ratio above 0 and below 1000000 such as 3.0, got \"3x\"", 0},
    /* shares */
    {"'arm': 'fast', 'within': '0%', 'of': 'slow'",
     "line 2: within: expected a share above 0% and below 100% such as \"5%\", got \"0%\"", 0},
    {"'arm': 'fast', 'within': '5', 'of': 'slow'",
     "line 2: within: expected a share above 0% and below 100% such as \"5%\", got \"5\"", 0},
    {"'arm': 'fast', 'within': '500%', 'of': 'slow'",
     "line 2: within: expected a share above 0% and below 100% such as \"5%\", got \"500%\"", 0},
    /* exactly one of two, and one form in one claim */
    {"'arm': 'fast', 'statistic': 'mean'",
     "line 2: claims: expected 'at_most' or 'at_least' in this claim", 0},
    {"'arm': 'fast', 'at_most': '1s'",
     "line 2: claims: expected 'quantile' or 'statistic' in this claim", 0},
    {"'arm': 'fast', 'statistic': 0.5, 'at_most': '1s'",
     "line 2: statistic: expected \"median\" or \"mean\", got 0.5", 0},
    {"'arm': 'fast', 'within': '5%', 'of': 'slow', 'at_least': 3",
     "line 2: at_least: does not go with 'within' in one claim, expected one claim for each", 0},
    {"'arm': 'fast', 'within': '5%', 'of': 'slow', 'quantile': 0.5",
     "line 2: within: does not go with 'quantile' in one claim, expected one claim for each", 0},
    {"'faster': 'fast', 'than': 'slow', 'at_least': 3, 'statistic': 'mean'",
     "line 2: faster: does not go with 'statistic' in one claim, expected one claim for each", 0},
    {"'arm': 'fast', 'of': 'slow'",
     "line 2: missing key 'within', expected a share above 0% and below 100% such as \"5%\"", 0},
    {"'within': '5%', 'of': 'slow'", "line 2: missing key 'arm', expected the name of an arm", 0},
    {"'arm': 'fast', 'metric': 'cpu_time'",
     "line 2: claims: expected one of 'quantile' with 'at_most', 'faster' with 'than', 'within' "
     "with 'of', 'corruption' or 'failure'",
     0},
};
#define DOCUMENT_UNFITS (sizeof document_unfits / sizeof document_unfits[0])

/* A scenario of two agents, two arms and two batch sizes, with this claim (in single quotes) on
 * line 2, before all that it speaks of; the caller frees it. */
static inline char *document_claiming(const char *claim)
{
    char *text = text_format(
        "{'claims': [\n{'id': 'C', %s}],\n 'vary': {'agents': [3, 20]}, 'name': 'x',"
        " 'cycles': 20, 'spread': '5m', 'agents': [{'name': 'gemini', 'command': ['x']},"
        " {'name': 'claude', 'command': ['x']}], 'arms': [{'name': 'slow', 'subject': ['x']},"
        " {'name': 'fast', 'subject': ['x']}]}\n",
        claim);
    for (char *at = text; *at; at++)
        if (*at == '\'')
            *at = '"';
    return text;
}

#endif
