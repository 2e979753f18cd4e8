/* Do the exports say what is stored: every cycle, every nanosecond, every failure, and names as
 * names? Each is read by export_oracle.py. */
#include <assert.h>

#include "report/exporters.h"
#include "report/test_oracle.h"

/* Those that the oracle reads. json has tests of its own, openmetrics one with its own reader. */
static const struct {
    const char *format;
    int (*write)(const struct exporter *to);
} formats[] = {
    {"csv", export_csv},
    {"csv-agents", export_csv_agents},
    {"hyperfine", export_hyperfine},
    {"google-benchmark", export_google_benchmark},
    {"benchfmt", export_benchfmt},
    {"bmf", export_bmf},
    {"github-action-benchmark", export_github_action},
    {"junit", export_junit},
    {"trace", export_trace},
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

/* What one of them writes; the caller frees it. */
static char *written(int (*write)(const struct exporter *to), struct results *store,
                     const struct facts *facts)
{
    char *text = NULL;
    size_t length = 0;
    struct err err = {0};
    FILE *out = open_memstream(&text, &length);
    if (write(&(struct exporter){.out = out, .store = store, .facts = facts, .err = &err}) < 0)
        fail_msg("%s", err.text);
    fclose(out);
    return text;
}

static const struct fixture honest = {.scenario = fixture_three_agents};
static const struct fixture failing = {.scenario = fixture_three_agents,
                                       .cycles = 105, /* six blocks and the warm-ups */
                                       .fail_every = 4,
                                       .error = "gave up: \"3\", <b> & `c` | \303\244\n=1+1"};
static const struct fixture sweeping = {
    .scenario = fixture_sweep, .cycles = 126, .unwitnessed = true};

/* What the store says, added up without the exporters. */
struct truth {
    int64_t cycles, counted, failed, sum_ns, all_ns; /* sum: counted cycles; all: warm-ups too */
    int64_t agents, seen_ns, agents_failed, starting_ns;
    int64_t sent_ns, answered_ns; /* of the present cycle */
    struct results *store;
    int64_t run;
};

static int add_agent(void *context, const struct results_agent *agent)
{
    struct truth *truth = context;
    truth->agents++;
    truth->agents_failed += agent->outcome != CYCLE_READY;
    truth->seen_ns += agent->ready_ns > 0 ? agent->ready_ns - truth->sent_ns : 0;
    truth->starting_ns +=
        (agent->ready_ns > 0 ? agent->ready_ns : truth->answered_ns) - agent->start_ns;
    return 0;
}

static int add_cycle(void *context, const struct results_cycle *cycle)
{
    struct truth *truth = context;
    struct err err = {0};
    bool failed = cycle->spawn_time_ns < 0;
    truth->cycles++;
    truth->counted += !cycle->warmup;
    truth->failed += !cycle->warmup && failed;
    truth->all_ns += failed ? 0 : cycle->spawn_time_ns;
    truth->sum_ns += failed || cycle->warmup ? 0 : cycle->spawn_time_ns;
    truth->sent_ns = cycle->sent_ns;
    truth->answered_ns = cycle->answered_ns;
    return results_each_agent(truth->store, truth->run, cycle->index, add_agent, truth, &err);
}

static struct truth truth_of(struct results *store, int64_t run)
{
    struct truth truth = {.store = store, .run = run};
    struct err err = {0};
    assert_int_equal(results_each_cycle(store, run, add_cycle, &truth, &err), 0);
    assert_true(truth.counted > 0);
    return truth;
}

static void check_sum(const cJSON *answer, const char *key, int64_t ns)
{
    char *expected = text_format("%lld", (long long)ns);
    assert_string_equal(json_string(answer, key), expected);
    free(expected);
}

static void check_number(const cJSON *answer, const char *key, int64_t expected)
{
    assert_float_equal(cJSON_GetNumberValue(oracle_at(answer, key)), (double)expected, 0);
}

/* every nanosecond is there, and every failed cycle is told */
static void check_against(const char *format, const cJSON *answer, const struct truth *truth)
{
    if (strcmp(format, "junit") == 0)
        return;
    check_number(answer, "failed",
                 strcmp(format, "csv-agents") == 0 ? truth->agents_failed : truth->failed);
    if (strcmp(format, "csv") == 0) {
        check_number(answer, "rows", truth->cycles);
        check_sum(answer, "sum_ns", truth->all_ns);
    } else if (strcmp(format, "trace") == 0) {
        check_number(answer, "cycles", truth->cycles);
        check_sum(answer, "starting_ns", truth->starting_ns);
        check_sum(answer, "sum_ns", truth->all_ns);
    } else if (strcmp(format, "csv-agents") == 0) {
        check_number(answer, "rows", truth->agents);
        check_sum(answer, "sum_ns", truth->seen_ns);
    } else if (cJSON_HasObjectItem(answer, "sum_ns")) {
        check_sum(answer, "sum_ns", truth->sum_ns);
    }
}

static void check_run(const struct fixture *fixture)
{
    char *folder = fixture_folder();
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, fixture);
    struct truth truth = truth_of(store, run);
    struct facts facts;
    struct err err = {0};
    assert_int_equal(facts_load(&facts, store, run, &err), 0);
    for (size_t i = 0; i < FORMATS; i++) {
        char *text = written(formats[i].write, store, &facts);
        cJSON *answer = oracle_read(formats[i].format, text);
        check_against(formats[i].format, answer, &truth);
        cJSON_Delete(answer);
        free(text);
    }
    facts_release(&facts);
    results_close(store);
    fixture_remove(folder);
}

static void an_honest_run_arrives_whole(void **state)
{
    (void)state;
    check_run(&honest);
}

static void failed_cycles_are_told_and_are_no_numbers(void **state)
{
    (void)state;
    check_run(&failing);
}

static void a_sweep_arrives_whole(void **state)
{
    (void)state;
    check_run(&sweeping);
}

static void a_run_in_which_all_failed_arrives_whole(void **state)
{
    (void)state;
    check_run(&(struct fixture){
        .scenario = fixture_three_agents, .cycles = 60, .all_fail = true, .hang = true});
}

static void a_partial_run_arrives_whole(void **state)
{
    (void)state;
    check_run(&(struct fixture){.scenario = fixture_three_agents,
                                .cycles = 40,
                                .partial = true,
                                .about = "signal\n15",
                                .environment = "no json"});
}

/* ---- names ---- */

/* fits into 64 bytes; what each format makes of it, control bytes and bad UTF-8 replaced */
#define HOSTILE "=a\"b'<c>&`|,;\n\t\001\xff\xef\xbf\xbf\xc3\xa4\\{}%n$(id)/=:#"
#define PLAIN   "=a\"b'<c>&`|,;  ??\xef\xbf\xbf\xc3\xa4\\{}%n$(id)/=:#"
#define XML     "=a\"b'<c>&`|,;  ???\xc3\xa4\\{}%n$(id)/=:#"
#define ENCODED                                                                                    \
    "%3Da%22b%27%3Cc%3E%26%60%7C%2C%3B%0A%09%01%FF%EF%BF%BF%C3%A4%5C%7B%7D%25n%24%28id%29%2F%3D%3" \
    "A%23"

static const struct {
    const char *format;
    int (*write)(const struct exporter *to);
    const char *member, *name; /* in this array of the answer stands this, or something with it */
} hostile[] = {
    {"csv", export_csv, "names", "'" PLAIN},
    {"csv-agents", export_csv_agents, "names", "'" PLAIN},
    {"csv-agents", export_csv_agents, "errors", "'" PLAIN},
    {"hyperfine", export_hyperfine, "names", PLAIN "/" PLAIN "/agents=3"},
    {"google-benchmark", export_google_benchmark, "names", PLAIN "/" PLAIN "/agents:3"},
    {"google-benchmark", export_google_benchmark, "errors",
     "failed: agent " PLAIN " failed: " PLAIN},
    {"benchfmt", export_benchfmt, "names", "BenchmarkSpawn/arm=" ENCODED "/agents=3"},
    {"bmf", export_bmf, "names", PLAIN "/" PLAIN "/agents=3"},
    {"github-action-benchmark", export_github_action, "names",
     PLAIN "/" PLAIN "/agents=3 spawn_time p50"},
    {"junit", export_junit, "suites", XML},
    {"trace", export_trace, "names", PLAIN},
    {"trace", export_trace, "errors", PLAIN},
};

/* Everything that a scenario would not have let through, where it comes from a store. */
static void make_hostile(struct facts *facts)
{
    struct scenario_claim *claim = &facts->scenario.claims[0];
    snprintf(facts->arms[1].name, sizeof facts->arms[1].name, "%s", HOSTILE);
    free(facts->arms[1].command);
    free(facts->run.scenario_name);
    free(facts->run.version);
    free(facts->run.note);
    free(claim->id);
    free(claim->text);
    facts->arms[1].command = xstrdup(HOSTILE);
    facts->run.scenario_name = xstrdup(HOSTILE);
    facts->run.version = xstrdup(HOSTILE);
    facts->run.note = xstrdup(HOSTILE);
    claim->id = xstrdup(HOSTILE);
    claim->text = xstrdup(HOSTILE);
    snprintf(facts->verdict.items[0].reason, sizeof facts->verdict.items[0].reason, "%s", HOSTILE);
}

static bool holds(const cJSON *array, const char *name)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, array)
        if (strcmp(one->valuestring, name) == 0)
            return true;
    return false;
}

static void hostile_names_stay_names(void **state)
{
    static const struct fixture fixture = {.scenario = fixture_three_agents,
                                           .cycles = 60,
                                           .fail_every = 5,
                                           .agent_name = HOSTILE,
                                           .error = HOSTILE,
                                           .about = HOSTILE,
                                           .finding = HOSTILE};
    char *folder = fixture_folder();
    struct results *store = fixture_store(folder);
    struct facts facts;
    struct err err = {0};
    assert_int_equal(facts_load(&facts, store, fixture_run(store, &fixture), &err), 0);
    make_hostile(&facts);
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        char *text = written(hostile[i].write, store, &facts);
        cJSON *answer = oracle_read(hostile[i].format, text);
        if (!holds(oracle_at(answer, hostile[i].member), hostile[i].name))
            fail_msg("%s: no '%s' in:\n%.3000s", hostile[i].format, hostile[i].name, text);
        cJSON_Delete(answer);
        free(text);
    }
    facts_release(&facts);
    results_close(store);
    fixture_remove(folder);
}

/* ---- JUnit ---- */

static const cJSON *case_named(const cJSON *answer, const char *name)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, oracle_at(answer, "cases")) {
        if (strstr(json_string(one, "name"), name))
            return one;
    }
    fail_msg("no case '%s'", name);
    return NULL;
}

static cJSON *junit_of(const struct fixture *fixture)
{
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    cJSON *answer;
    text = oracle_export(store, fixture_run(store, fixture), "junit");
    results_close(store);
    fixture_remove(folder);
    answer = oracle_read("junit", text);
    free(text);
    return answer;
}

static void claims_and_rules_are_cases(void **state)
{
    cJSON *answer = junit_of(&honest);
    (void)state;
    assert_string_equal(json_string(case_named(answer, "AC1"), "result"), "passed");
    assert_string_equal(json_string(case_named(answer, "AC2"), "result"), "failure");
    assert_non_null(strstr(json_string(case_named(answer, "AC2"), "message"), "refuted: "));
    assert_string_equal(json_string(case_named(answer, "the run is complete"), "result"), "passed");
    assert_string_equal(
        json_string(case_named(answer, "every-acknowledged-start-is-recorded"), "result"),
        "passed");
    cJSON_Delete(answer);
}

static void findings_fail_and_few_cycles_skip(void **state)
{
    static const struct fixture early = {.scenario = fixture_three_agents,
                                         .cycles = 40,
                                         .partial = true,
                                         .finding = "lost <one>",
                                         .unwitnessed = true};
    cJSON *answer = junit_of(&early);
    const cJSON *rule = case_named(answer, "every-acknowledged-start-is-recorded");
    (void)state;
    assert_string_equal(json_string(rule, "result"), "failure");
    assert_non_null(strstr(json_string(rule, "message"), "1 finding, the first: cycle 3, arm "));
    assert_non_null(strstr(json_string(rule, "text"), "agent 3.0: lost <one>"));
    assert_string_equal(json_string(case_named(answer, "AC1"), "result"), "skipped");
    assert_string_equal(json_string(case_named(answer, "the run is complete"), "result"), "error");
    cJSON_Delete(answer);
}

/* ---- refusals ---- */

static const char *const figures_only[] = {"hyperfine", "bmf", "github-action-benchmark"};

/* The document of a run, or NULL and the message; the caller frees either. */
static char *exported(const struct fixture *fixture, const char *format, char **message)
{
    char *folder = fixture_folder(), *data = NULL;
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, fixture);
    struct err err = {0};
    size_t length = 0;
    FILE *memory = open_memstream(&data, &length);
    int rc = report_export(memory, store, run, format, &err);
    fclose(memory);
    *message = rc < 0 ? xstrdup(err.text) : NULL;
    assert_true(rc == 0 || (err.code == ERR_UNFIT && !length));
    results_close(store);
    fixture_remove(folder);
    if (rc == 0)
        return data;
    free(data);
    return NULL;
}

/* A consumer that plots one number of each run must not take a part for the whole. */
static void a_partial_run_is_marked_where_only_figures_stand(void **state)
{
    const struct fixture part = {.scenario = fixture_three_agents, .cycles = 40, .partial = true};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char *message, *data = exported(&part, figures_only[i], &message);
        assert_non_null(data);
        assert_non_null(strstr(data, "partial"));
        free(data);
        data = exported(&honest, figures_only[i], &message);
        assert_null(strstr(data, "partial"));
        free(data);
    }
}

/* Two cycles, both of them warm-ups. */
static void of_a_run_without_a_cycle_there_are_no_figures(void **state)
{
    const struct fixture none = {.scenario = fixture_three_agents, .cycles = 2, .partial = true};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char *message;
        assert_null(exported(&none, figures_only[i], &message));
        assert(message);
        assert_non_null(strstr(message, "has no cycle that counts"));
        free(message);
    }
}

static void unknown_formats_are_told_with_the_nearest(void **state)
{
    struct err err = {0};
    (void)state;
    assert_int_equal(report_format_find("hyperfien", &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.text, "did you mean 'hyperfine'?"));
    assert_non_null(strstr(err.text, "openmetrics"));
    for (int i = 0; report_format_at((size_t)i); i++)
        assert_int_equal(report_format_find(report_format_at((size_t)i)->name, &err), i);
}

/* one that writes as it reads, and one that writes in the end */
static void a_full_disk_is_an_error(void **state)
{
    static const char *const both[] = {"trace", "junit"};
    char *folder = fixture_folder();
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, &honest);
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct err err = {0};
        FILE *full = fopen("/dev/full", "we");
        if (!full)
            skip();
        assert_int_equal(report_export(full, store, run, both[i], &err), -1);
        assert_int_equal(err.code, ERR_SYSTEM);
        assert_non_null(strstr(err.text, "No space left on device"));
        fclose(full);
    }
    results_close(store);
    fixture_remove(folder);
}

/* a reader that takes anything proves nothing */
static void the_oracle_refuses(void **state)
{
    static const struct {
        const char *format, *text;
    } bad[] = {
        {"csv", "a,b\n1,2,3\n"},
        {"csv", "a,b\n=1+1,2\n"},
        {"csv", "a_ns\n1.5\n"},
        {"hyperfine", "{\"results\":[{\"command\":\"a\"}]}"},
        {"hyperfine", "{\"results\":[NaN]}"},
        {"google-benchmark", "{\"context\":{},\"benchmarks\":[]}"},
        {"benchfmt", "Benchmarklower 1 5 ns/op\n"},
        {"benchfmt", "BenchmarkSpawn 1 5\n"},
        {"benchfmt", "BenchmarkSpawn/arm=a b 1 5 ns/op\n"},
        {"bmf", "{\"a\":{\"latency\":{\"value\":null}}}"},
        {"bmf", "{\"a\":{\"latency\":{\"value\":Infinity}}}"},
        {"github-action-benchmark", "[{\"name\":\"a\",\"value\":\"1\",\"unit\":\"ns\"}]"},
        {"trace", "{\"traceEvents\":[{\"name\":\"a\",\"ph\":\"X\",\"pid\":1,\"tid\":1}]}"},
        {"trace", "{\"traceEvents\":[{\"name\":\"a\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":0,"
                  "\"dur\":1}]}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int status;
        cJSON *answer = oracle_ask(bad[i].format, bad[i].text, &status);
        if (answer)
            fail_msg("%s takes %s", bad[i].format, bad[i].text);
        assert_int_equal(status, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_run_arrives_whole),
        cmocka_unit_test(failed_cycles_are_told_and_are_no_numbers),
        cmocka_unit_test(a_sweep_arrives_whole),
        cmocka_unit_test(a_run_in_which_all_failed_arrives_whole),
        cmocka_unit_test(a_partial_run_arrives_whole),
        cmocka_unit_test(a_partial_run_is_marked_where_only_figures_stand),
        cmocka_unit_test(of_a_run_without_a_cycle_there_are_no_figures),
        cmocka_unit_test(hostile_names_stay_names),
        cmocka_unit_test(claims_and_rules_are_cases),
        cmocka_unit_test(findings_fail_and_few_cycles_skip),
        cmocka_unit_test(unknown_formats_are_told_with_the_nearest),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(the_oracle_refuses),
    };
    if (!oracle_is_there("trace"))
        return ORACLE_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
