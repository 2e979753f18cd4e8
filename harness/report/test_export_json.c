/* Is the document for programs valid, exact, and silent about infinities? */
#include <signal.h>

#include "base/json.h"
#include "base/process.h"
#include "report/report.h"
#include "report/test_fixture.h"

static char *document(struct results *store, const int64_t runs[], size_t count, bool samples)
{
    char *text = NULL;
    size_t length = 0;
    struct err err = {0};
    FILE *out = open_memstream(&text, &length);
    if (report_json(out, store, runs, count, samples, &err) < 0)
        fail_msg("%s", err.text);
    fclose(out);
    return text;
}

static cJSON *parsed(const char *text)
{
    cJSON *root = NULL;
    struct err err = {0};
    if (json_parse(&root, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    return root;
}

static const cJSON *at(const cJSON *node, const char *key)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(node, key);
    if (!member)
        fail_msg("no member '%s'", key);
    return member;
}

/* The second opinion: harness/scenario/schema_oracle.py, "" where this machine has none. */
static void ask_oracle(const char *text, char *answer, size_t room)
{
    static const char *const argv[] = {"/usr/bin/python3", "-B",
                                       SOURCE_DIR "/harness/scenario/schema_oracle.py",
                                       SOURCE_DIR "/results/run.schema.json", NULL};
    cJSON *string = cJSON_CreateString(text);
    char *line = json_print(string, 0), *all = text_format("%s\n", line);
    size_t length = strlen(all), got = 0;
    struct process oracle;
    struct err err = {0};
    ssize_t more;
    answer[0] = '\0';
    if (process_start(&oracle, argv, NULL, NULL, -1, &err) == 0) {
        for (size_t sent = 0; sent < length; sent += (size_t)more)
            if ((more = write(oracle.in, all + sent, length - sent)) <= 0)
                break;
        close(oracle.in);
        oracle.in = -1;
        while (got + 1 < room && (more = read(oracle.out, answer + got, room - 1 - got)) > 0)
            got += (size_t)more;
        answer[got] = '\0';
        process_end(&oracle, 5000000000, NULL);
    }
    free(all);
    free(line);
    cJSON_Delete(string);
}

static const struct fixture runs[] = {
    {.scenario = fixture_three_agents},
    {.scenario = fixture_three_agents, .all_fail = true},
    {.scenario = fixture_three_agents,
     .cycles = 4,
     .partial = true,
     .about = "a\nb\033",
     .finding = "\"quoted\"\n\001\377",
     .environment = "no json"},
    {.scenario = fixture_three_agents,
     .cycles = 60,
     .fail_every = 4,
     .error = "\302\200\xff|",
     .no_store = true,
     .unwitnessed = true},
    {.scenario = fixture_cpu_bound, .environment = "{\"cpus_usable\":2}", .burners = 2},
    {.scenario = fixture_sweep, .environment = "{\"cpus_usable\":2}"},
    {.scenario = fixture_three_agents, .cycles = 9, .locked = "a\"\n\033|\377"},
};

static void every_document_keeps_the_schema(void **state)
{
    char *folder = fixture_folder(), *text, answer[4096];
    struct results *store = fixture_store(folder);
    int64_t ids[sizeof runs / sizeof runs[0]];
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        ids[i] = fixture_run(store, &runs[i]);
    text = document(store, ids, sizeof runs / sizeof runs[0], true);
    cJSON_Delete(parsed(text));
    signal(SIGPIPE, SIG_IGN);
    ask_oracle(text, answer, sizeof answer);
    free(text);
    results_close(store);
    fixture_remove(folder);
    if (!*answer)
        skip();
    assert_string_equal(answer, "ready\nvalid\n");
}

static void failed_is_null_and_whole_numbers_stay_whole(void **state)
{
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    int64_t id = fixture_run(store, &runs[1]);
    cJSON *root;
    const cJSON *run, *spawn;
    (void)state;
    text = document(store, &id, 1, true);
    assert_null(strstr(text, "inf"));
    assert_null(strstr(text, "nan"));
    root = parsed(text);
    assert_string_equal(json_string(root, "schema"), "spawnbench.run.v1");
    run = cJSON_GetArrayItem(at(root, "runs"), 0);
    spawn = at(cJSON_GetArrayItem(at(run, "results"), 1), "spawn_time");
    assert_int_equal(cJSON_GetNumberValue(at(spawn, "failed")), 100);
    assert_true(cJSON_IsNull(at(spawn, "p50_ns")));
    assert_true(cJSON_IsNull(at(spawn, "mean_ns")));
    assert_int_equal(cJSON_GetArraySize(at(run, "cycles")), 315);
    assert_true(cJSON_IsNull(at(cJSON_GetArrayItem(at(run, "cycles"), 0), "spawn_time_ns")));
    cJSON_Delete(root);
    free(text);
    results_close(store);
    fixture_remove(folder);
}

static void samples_agree_with_the_summary(void **state)
{
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    int64_t id = fixture_run(store, &runs[0]);
    double most = 0;
    cJSON *root;
    const cJSON *run, *cycle;
    (void)state;
    text = document(store, &id, 1, true);
    root = parsed(text);
    run = cJSON_GetArrayItem(at(root, "runs"), 0);
    cJSON_ArrayForEach(cycle, at(run, "cycles")) {
        if (strcmp(json_string(cycle, "arm"), "parallel") != 0 || cJSON_IsTrue(at(cycle, "warmup")))
            continue;
        most = fmax(most, cJSON_GetNumberValue(at(cycle, "spawn_time_ns")));
        assert_int_equal(cJSON_GetArraySize(at(cycle, "each")), 3);
    }
    cycle = cJSON_GetArrayItem(at(run, "results"), 1);
    assert_float_equal(cJSON_GetNumberValue(at(at(cycle, "spawn_time"), "max_ns")), most, 0);
    cJSON_Delete(root);
    free(text);
    text = document(store, &id, 1, false);
    assert_null(strstr(text, "\"cycles\":["));
    free(text);
    results_close(store);
    fixture_remove(folder);
}

static void limits_and_laws_are_told(void **state)
{
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    int64_t ids[] = {fixture_run(store, &runs[4]), fixture_run(store, &runs[5])};
    const cJSON *all, *limit, *law;
    cJSON *root;
    (void)state;
    text = document(store, ids, 2, false);
    root = parsed(text);
    all = at(root, "runs");
    limit = cJSON_GetArrayItem(at(cJSON_GetArrayItem(all, 0), "speedup"), 0);
    assert_string_equal(json_string(limit, "binding"), "CPU");
    assert_string_equal(json_string(limit, "than"), "sequential");
    assert_float_equal(cJSON_GetNumberValue(at(limit, "cores")), 2, 0);
    assert_float_equal(cJSON_GetNumberValue(at(at(limit, "lower_bound_ns"), "median")), 30e6, 0);
    assert_true(cJSON_IsFalse(at(limit, "violates")) && cJSON_IsTrue(at(limit, "cpu_known")));
    assert_int_equal(cJSON_GetArraySize(at(cJSON_GetArrayItem(all, 0), "scaling")), 0);
    assert_int_equal(cJSON_GetArraySize(at(cJSON_GetArrayItem(all, 1), "scaling")), 3);
    law = cJSON_GetArrayItem(at(cJSON_GetArrayItem(all, 1), "scaling"), 1);
    assert_string_equal(json_string(law, "arm"), "parallel");
    assert_true(cJSON_IsTrue(at(law, "fits")) && cJSON_IsFalse(at(law, "thin")));
    assert_true(cJSON_GetNumberValue(at(at(law, "sigma"), "upper")) < 0.05);
    cJSON_Delete(root);
    free(text);
    results_close(store);
    fixture_remove(folder);
}

static void a_full_disk_is_an_error(void **state)
{
    char *folder = fixture_folder();
    struct results *store = fixture_store(folder);
    int64_t id = fixture_run(store, &runs[0]);
    struct err err = {0};
    FILE *full = fopen("/dev/full", "we");
    (void)state;
    if (!full)
        skip();
    assert_int_equal(report_json(full, store, &id, 1, true, &err), -1);
    assert_int_equal(err.code, ERR_SYSTEM);
    fclose(full);
    results_close(store);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_document_keeps_the_schema),
        cmocka_unit_test(failed_is_null_and_whole_numbers_stay_whole),
        cmocka_unit_test(samples_agree_with_the_summary),
        cmocka_unit_test(limits_and_laws_are_told),
        cmocka_unit_test(a_full_disk_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
