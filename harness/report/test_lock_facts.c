/* Are locks told as what they are, samples, in each form, whatever the database is called? */
#include "report/lock_facts.h"
#include "report/report.h"
#include "report/test_fixture.h"

static char *summary(struct results *store, int64_t run)
{
    char *text = NULL;
    size_t length = 0;
    struct err err = {0};
    FILE *out = open_memstream(&text, &length);
    if (report_terminal(out, store, run, false, &err) < 0)
        fail_msg("%s", err.text);
    fclose(out);
    return text;
}

static void says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("expected '%s' in: %s", part, text);
}

static void the_summary_tells_shares_holds_and_who_fared_ill(void **state)
{
    const struct fixture fixture = {
        .scenario = fixture_three_agents, .cycles = 9, .locked = "/a/shared.db"};
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    (void)state;
    text = summary(store, fixture_run(store, &fixture));
    says(text, "locks    sampled: 720 looks, one each 500 us (longest gap 1.00 ms), 10.0 us of CPU "
               "time a look: 2 % of one CPU meanwhile");
    says(text, "parallel, /a/shared.db while agents started: write lock held 20 % of the time, a "
               "writer waited for readers 10 %");
    says(text, "longest at most 9.00 ms: a stranger /a/shared.db, pid 77, in cycle ");
    says(text, "/a/shared.db 1.2 failed in cycle ");
    says(text,
         ": for about 8.00 ms of its 30.0 ms others held the write lock, longest by a stranger "
         "/a/shared.db, pid 77");
    free(text);
    results_close(store);
    fixture_remove(folder);
}

static void a_run_without_looks_says_nothing_of_locks(void **state)
{
    const struct fixture fixture = {.scenario = fixture_three_agents, .cycles = 9};
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    struct err err = {0};
    cJSON *json = NULL;
    struct facts facts;
    int64_t run = fixture_run(store, &fixture);
    (void)state;
    text = summary(store, run);
    assert_null(strstr(text, "locks"));
    assert_int_equal(facts_load(&facts, store, run, &err), 0);
    assert_int_equal(lock_json(&json, store, &facts, &err), 0);
    assert_null(json);
    facts_release(&facts);
    free(text);
    results_close(store);
    fixture_remove(folder);
}

/* Words of others neither steer the terminal nor become markup. */
static void names_of_others_are_words(void **state)
{
    const struct fixture fixture = {
        .scenario = fixture_three_agents, .cycles = 9, .locked = "a|b\n\033[2J*c*"};
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, &fixture);
    struct err err = {0};
    bool missing;
    (void)state;
    text = summary(store, run);
    assert_null(strchr(text, '\033'));
    free(text);
    assert_int_equal(report_render(folder, store, &run, 1, &missing, &err), 0);
    text = fixture_read(folder, "benchmarks.md");
    says(text, "### Who held the locks of the databases?");
    assert_null(strstr(text, "*c*"));
    assert_null(strstr(text, "a|b"));
    assert_null(strchr(text, '\033'));
    free(text);
    results_close(store);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_summary_tells_shares_holds_and_who_fared_ill),
        cmocka_unit_test(a_run_without_looks_says_nothing_of_locks),
        cmocka_unit_test(names_of_others_are_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
