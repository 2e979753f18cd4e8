/* Is what the audits at the end could not check told as that everywhere, and never as held? */
#include "report/test_fixture.h"

#include "report/report.h"

static const char one_arm[] = "{\"name\":\"open\",\"cycles\":70,\"warmup\":0,"
                              "\"agents\":[{\"name\":\"a\",\"command\":[\"{agent}\"]}],"
                              "\"consensus\":false,"
                              "\"claims\":[{\"id\":\"intact\",\"corruption\":\"none\"}],"
                              "\"arms\":[{\"name\":\"mine\",\"subject\":[\"x\"]}]}";

static void put(struct results *store, int64_t run, const char *rule, const char *object,
                const char *answer, const char *why)
{
    const struct results_answer row = {
        .database = "", .rule = rule, .object = object, .answer = answer, .why = why};
    struct err err = {0};
    assert_int_equal(results_answer_put(store, run, &row, &err), 0);
}

static char *written(struct results *store, int64_t run, const char *format)
{
    char *text = NULL;
    size_t length = 0;
    struct err err = {0};
    FILE *out = open_memstream(&text, &length);
    int rc = format ? report_export(out, store, run, format, &err)
                    : report_terminal(out, store, run, false, &err);
    fclose(out);
    if (rc < 0)
        fail_msg("%s", err.text);
    return text;
}

static char *rendered(const char *folder, struct results *store, int64_t run)
{
    struct err err = {0};
    char *text = NULL, *path = text_format("%s/benchmarks.md", folder);
    bool missing;
    size_t length;
    if (report_render(folder, store, &run, 1, &missing, &err) < 0 ||
        text_read_file(&text, &length, path, 1 << 24, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
    return text;
}

static void tells(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("'%s' is not in:\n%s", what, text);
}

static void one_table_is_told_with_its_reason(void **state)
{
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, &(struct fixture){.scenario = one_arm});
    (void)state;
    text = written(store, run, NULL);
    assert_null(strstr(text, "not checked"));
    free(text);
    put(store, run, "integrity-check-is-ok", "t", "not_checked", "it needs collation <X>");
    put(store, run, "integrity-check-is-ok", "u", "not_checked", "it needs function f()");
    put(store, run, "integrity-check-is-ok", "", "held", "");
    text = written(store, run, NULL);
    tells(text, " not exercised, 1 not checked\n");
    tells(text, "    not checked: integrity-check-is-ok: arm 'mine', 't': it needs collation <X>\n"
                "    ... and 1 more that were not checked\n");
    tells(text, "  supported    intact");
    tells(text, "; not checked at the end: arm 'mine', 't': integrity-check-is-ok: it needs "
                "collation <X> (and 1 more)");
    free(text);
    text = rendered(folder, store, run);
    tells(text, "| **not checked** |");
    tells(text, "- **not checked**: arm 'mine', 't': it needs collation &lt;X\\> (and more): "
                "integrity-check-is-ok\n");
    free(text);
    text = written(store, run, "json");
    tells(text, "\"answer\":\"not_checked\",\"why\":\"arm 'mine', 't': it needs collation <X>\"");
    tells(text, "{\"arm\":\"mine\",\"database\":\"\",\"rule\":\"integrity-check-is-ok\","
                "\"object\":\"u\",\"answer\":\"not_checked\",\"count\":0,"
                "\"why\":\"it needs function f()\"}");
    free(text);
    text = written(store, run, "junit");
    tells(text, "<skipped message=\"not checked: arm &apos;mine&apos;, &apos;t&apos;: it needs "
                "collation &lt;X&gt;\"");
    free(text);
    results_close(store);
    fixture_remove(folder);
}

/* Nothing is supported by what nobody could look at, and nobody is accused. */
static void a_store_that_nobody_could_read_supports_nothing(void **state)
{
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, &(struct fixture){.scenario = one_arm});
    (void)state;
    put(store, run, "store-can-be-read", "", "not_checked", "process 12 holds it");
    text = written(store, run, NULL);
    tells(text, "0 findings");
    tells(text, "  inconclusive intact");
    tells(text, "not checked: store-can-be-read: arm 'mine': process 12 holds it\n");
    free(text);
    text = written(store, run, "json");
    tells(text, "{\"rule\":\"wal-recovers\",\"severity\":\"integrity\",\"answer\":\"not_checked\","
                "\"why\":\"arm 'mine': process 12 holds it\"");
    free(text);
    results_close(store);
    fixture_remove(folder);
}

static void a_finding_outranks_it(void **state)
{
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, &(struct fixture){.scenario = one_arm, .finding = "gone"});
    (void)state;
    put(store, run, "every-acknowledged-start-is-recorded", "", "not_checked", "no");
    text = written(store, run, NULL);
    tells(text, "1 broken");
    assert_null(strstr(text, "1 not checked"));
    tells(text, "  refuted      intact");
    free(text);
    results_close(store);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_table_is_told_with_its_reason),
        cmocka_unit_test(a_store_that_nobody_could_read_supports_nothing),
        cmocka_unit_test(a_finding_outranks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
