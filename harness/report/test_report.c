/* Is the report rebuilt byte for byte, true for any run, and never led astray by names? */
#include "base/process.h"
#include "report/report.h"
#include "report/test_fixture.h"

static void render(const char *folder, struct results *store, const int64_t runs[], size_t count)
{
    struct err err = {0};
    bool missing = false;
    if (report_render(folder, store, runs, count, &missing, &err) < 0)
        fail_msg("%s", err.text);
}

static char *terminal(struct results *store, int64_t run, bool colour)
{
    char *text = NULL;
    size_t length = 0;
    struct err err = {0};
    FILE *out = open_memstream(&text, &length);
    if (report_terminal(out, store, run, colour, &err) < 0)
        fail_msg("%s", err.text);
    fclose(out);
    return text;
}

/* The report of one invented run, made twice: both are the same. The caller frees it. */
static char *markdown(const struct fixture *fixture)
{
    char *folder = fixture_folder(), *first, *second;
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, fixture);
    render(folder, store, &run, 1);
    first = fixture_read(folder, "benchmarks.md");
    render(folder, store, &run, 1);
    second = fixture_read(folder, "benchmarks.md");
    assert_string_equal(first, second);
    free(second);
    results_close(store);
    fixture_remove(folder);
    return first;
}

static void an_honest_run_is_told_whole(void **state)
{
    static const char *const said[] = {
        "# Benchmarks: three-agents",
        "**AC1 supported**: p95 spawn_time of parallel is at most 50 ms",
        "**AC2 refuted**",
        "| total speedup | sequential / parallel | 2.97x",
        "| concurrency | sequential-batch / parallel | 2.89x",
        "| recording once | sequential / sequential-batch | 1.03x",
        "3 equal agents give at most 3.00x by concurrency alone",
        "**at most 3.2x is possible here: the slowest agent alone takes 45.7 ms**; attained 93.9 %",
        "945 planned = 945 ready = 945 recorded",
        "0 of 315 cycles in which something could be lost had an integrity finding",
        "true rate below 0.947 % at 95 %",
        "![timeline of three-agents](figures/three-agents-timeline.svg)",
        "tau and n_eff",
        "--seed 7",
        "| fdatasync median | 1.23 ms |",
    };
    char *report = markdown(&(struct fixture){.scenario = fixture_three_agents});
    (void)state;
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (!strstr(report, said[i]))
            fail_msg("the report does not say: %s", said[i]);
    free(report);
}

static void failed_cycles_are_never(void **state)
{
    static const struct fixture fixture = {
        .scenario = fixture_three_agents, .all_fail = true, .error = "no such file"};
    char *folder = fixture_folder(), *text, *report = markdown(&fixture);
    struct results *store = fixture_store(folder);
    (void)state;
    assert_non_null(
        strstr(report, "| parallel | 3 | 100 | - | - | never [never .. never] | never |"));
    assert_non_null(strstr(report, "945 planned > 0 ready = 0 recorded"));
    assert_non_null(strstr(report, "| claude | failed | no such file | 315 |"));
    assert_non_null(strstr(report, "Nothing is proven: in none of 315 cycles"));
    assert_non_null(strstr(report, "of the audit.**\n\n**Could not measure**: arm 'sequential'"));
    assert_null(strstr(report, "integrity finding: true rate"));
    assert_null(strstr(report, "total speedup"));
    assert_null(strstr(report, "| inf"));
    assert_null(strstr(report, "nan"));
    text = terminal(store, fixture_run(store, &fixture), false);
    assert_non_null(strstr(text, "never: 100 cycles, all failed"));
    assert_non_null(strstr(text, "315 x claude failed: no such file"));
    free(text);
    free(report);
    results_close(store);
    fixture_remove(folder);
}

static void a_run_without_cycles_is_told_too(void **state)
{
    static const char scenario[] = "{\"name\":\"empty\",\"cycles\":3,\"agents\":[{\"name\":\"a\","
                                   "\"command\":[\"/bin/true\"]}],"
                                   "\"arms\":[{\"name\":\"only\",\"subject\":[\"x\"]}]}";
    char *folder = fixture_folder(), *report, *text;
    struct results *store = fixture_store(folder);
    struct results_run run = {.scenario_name = (char *)"empty",
                              .scenario_path = (char *)"e.json",
                              .scenario_text = (char *)scenario,
                              .options_json = (char *)"{}",
                              .environment_json = (char *)"none",
                              .command = (char *)"",
                              .version = (char *)"0.1.0"};
    struct err err = {0};
    (void)state;
    assert_int_equal(results_run_begin(store, &run, &err), 0);
    render(folder, store, &run.id, 1);
    report = fixture_read(folder, "benchmarks.md");
    assert_non_null(strstr(report, "No cycle is stored, so nothing could be checked."));
    assert_non_null(strstr(report, "The scenario makes no claim, so nothing is judged."));
    assert_non_null(strstr(report, "the run ended before it was started"));
    assert_non_null(strstr(report, "Nothing is known about the machine"));
    assert_null(strstr(report, "nan"));
    assert_null(strstr(report, "!["));
    text = terminal(store, run.id, false);
    assert_null(strstr(text, "opened"));
    assert_non_null(strstr(text, "no cycle that counts is stored"));
    free(text);
    free(report);
    results_close(store);
    fixture_remove(folder);
}

/* words that would be markup, a table cell, a second line, a link or a picture */
#define HOSTILE "x | y `code` <img src=x> **b** [l](http://e.x) ![p](q)\n# head\n\033[31m\001"

static void words_of_others_never_become_markup(void **state)
{
    static const struct fixture hostile = {.scenario = fixture_three_agents,
                                           .cycles = 60,
                                           .partial = true,
                                           .fail_every = 5,
                                           .agent_name = HOSTILE,
                                           .error = HOSTILE,
                                           .about = HOSTILE,
                                           .finding = HOSTILE,
                                           .command = "x | `y` ``z``",
                                           .environment = "{\"a|b\":\"<script>|`x`\",\"c\":[1,2]}"};
    char *report = markdown(&hostile), *text, *folder = fixture_folder();
    struct results *store = fixture_store(folder);
    (void)state;
    assert_null(strstr(report, "<img"));
    assert_null(strstr(report, "<script"));
    assert_null(strstr(report, "\n# head"));
    assert_null(strstr(report, " ![p](q)\n"));
    assert_non_null(strstr(report, "| a\\|b | &lt;script\\>\\|\\`x\\` |"));
    assert_non_null(strstr(report, "``` x | `y` ``z`` ```")); /* fenced, as it is */
    for (const char *c = report; *c; c++)
        assert_true((unsigned char)*c >= ' ' || *c == '\n');
    text = terminal(store, fixture_run(store, &hostile), false);
    for (const char *c = text; *c; c++)
        assert_true((unsigned char)*c >= ' ' || *c == '\n');
    free(text);
    free(report);
    results_close(store);
    fixture_remove(folder);
}

static void what_was_skipped_is_said(void **state)
{
    char *report = markdown(&(struct fixture){
        .scenario = "{\"name\":\"bare\",\"cycles\":6,\"consensus\":false,\"agents\":[{\"name\":"
                    "\"true\",\"command\":[\"/bin/true\"],\"ready\":{\"by\":\"exit\"}}],\"arms\":[{"
                    "\"name\":\"xargs\",\"subject\":[\"x\"]}],\"claims\":[{\"id\":\"c\","
                    "\"corruption\":\"none\"}]}",
        .no_store = true,
        .pooled = true,
        .unwitnessed = true});
    (void)state;
    assert_non_null(strstr(report, "skipped: the rules about stores for arm xargs"));
    assert_non_null(strstr(report, "its times are those of handing out"));
    assert_non_null(strstr(report, "skipped: the rules about own words for agent true"));
    assert_non_null(strstr(report, "not exercised, as the scenario asks for no consensus: "
                                   "consensus-is-whole, verdict-follows-from-the-outputs, "
                                   "output-is-what-the-agent-printed\n"));
    assert_non_null(strstr(report, "not exercised, as no agent tells itself how it ended: "
                                   "end-is-told-as-it-was\n"));
    assert_non_null(strstr(report, "Nothing is proven"));
    assert_non_null(strstr(report, "| integrity | - | 0 | not exercised |"));
    assert_null(strstr(report, "Where the speedup comes from"));
    free(report);
}

static void audits_are_told_by_level(void **state)
{
    static const char one_arm[] = "{\"name\":\"bare\",\"cycles\":40,\"warmup\":0,"
                                  "\"agents\":[{\"name\":\"a\",\"command\":[\"{agent}\"]}],"
                                  "\"arms\":[{\"name\":\"mine\",\"subject\":[\"x\"]}]}";
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, &(struct fixture){.scenario = one_arm});
    struct err err = {0};
    (void)state;
    render(folder, store, &run, 1);
    text = fixture_read(folder, "benchmarks.md");
    assert_null(strstr(text, "full audits after")); /* of a run from before there were levels */
    assert_non_null(strstr(text, "| full | integrity | 40 | 0 | held |"));
    free(text);
    for (int i = -1; i < 39; i++) {
        const struct results_audit audit = {
            .cycle = i, .level = i < 3 ? "full" : "quick", .wal_bytes = 3 << 20};
        assert_int_equal(results_audit_put(store, run, &audit, &err), 0);
    }
    render(folder, store, &run, 1);
    text = fixture_read(folder, "benchmarks.md");
    assert_non_null(strstr(text,
                           "mine: full audits after 3 of 40 cycles and at the end; quick ones "
                           "after 39; **none after 1**"));
    assert_non_null(strstr(text, "the largest -wal that was met is 3.00 MiB"));
    assert_non_null(strstr(text, "| full | integrity | 3 and the end | 0 | held |"));
    assert_non_null(strstr(text, "| quick | integrity | 39 | 0 | held |"));
    assert_non_null(strstr(text, "| end | integrity | the end | 0 | held |"));
    assert_non_null(strstr(text, "| copy | integrity | - | 0 | not exercised |"));
    assert_non_null(strstr(text, "| each | conduct | 40 | 0 | held |"));
    free(text);
    results_close(store);
    fixture_remove(folder);
}

static void findings_are_shown_and_capped(void **state)
{
    static const struct fixture fixture = {.scenario = fixture_three_agents,
                                           .cycles = 40,
                                           .partial = true,
                                           .finding = "row 3.0 is not there"};
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, &fixture);
    struct err err = {0};
    (void)state;
    for (int i = 0; i < 30; i++)
        assert_int_equal(results_finding_put(store, run, -1, 1, "a-rule-of-tomorrow", "conduct", "",
                                             "something", &err),
                         0);
    text = terminal(store, run, false);
    assert_non_null(strstr(text, "31 findings"));
    assert_non_null(strstr(text, "agent 3.0: row 3.0 is not there"));
    assert_non_null(strstr(text, "and 26 more"));
    free(text);
    render(folder, store, &run, 1);
    text = fixture_read(folder, "benchmarks.md");
    assert_non_null(strstr(text, "- and 11 more"));
    assert_non_null(strstr(text, "| rules that this version does not know | | | | | 30 |"));
    assert_non_null(strstr(text, "1 of 40 cycles had an integrity finding"));
    free(text);
    results_close(store);
    fixture_remove(folder);
}

static void several_runs_get_a_chapter_each(void **state)
{
    static const struct fixture fixture = {.scenario = fixture_three_agents, .cycles = 40};
    char *folder = fixture_folder(), *report, *other;
    struct results *store = fixture_store(folder);
    int64_t runs[2] = {fixture_run(store, &fixture), fixture_run(store, &fixture)};
    (void)state;
    render(folder, store, runs, 2);
    report = fixture_read(folder, "benchmarks.md");
    assert_non_null(strstr(report, "2 runs are told"));
    assert_non_null(strstr(report, "## three-agents (run 1)"));
    assert_non_null(strstr(report, "## three-agents (run 2)"));
    assert_non_null(strstr(report, "figures/three-agents-run2-timeline"));
    assert_null(strstr(report, "\n# ")); /* one title, at the very beginning */
    other = fixture_read(folder, "figures/three-agents-run2-timeline.dat");
    assert_non_null(other);
    free(other);
    free(report);
    results_close(store);
    fixture_remove(folder);
}

static void a_missing_gnuplot_is_told_with_its_remedy(void **state)
{
    char *path = xstrdup(getenv("PATH") ? getenv("PATH") : ""), *folder = fixture_folder(), *report;
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, &(struct fixture){.scenario = fixture_three_agents});
    struct err err = {0};
    bool missing = false;
    (void)state;
    setenv("PATH", folder, 1);
    assert_int_equal(report_render(folder, store, &run, 1, &missing, &err), 0);
    setenv("PATH", path, 1);
    assert_true(missing);
    report = fixture_read(folder, "benchmarks.md");
    assert_non_null(strstr(report, "apt install gnuplot-nox"));
    assert_null(strstr(report, "]("));
    free(report);
    free(path);
    results_close(store);
    fixture_remove(folder);
}

static void colour_only_when_asked(void **state)
{
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, &(struct fixture){.scenario = fixture_three_agents});
    (void)state;
    text = terminal(store, run, false);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "supported    AC1: p95 spawn_time of parallel is at most 50 ms"));
    assert_non_null(strstr(text, "945 planned = 945 ready = 945 recorded"));
    assert_non_null(strstr(text, "next: spawnbench report 1"));
    free(text);
    text = terminal(store, run, true);
    assert_non_null(strstr(text, "\033[1;32msupported"));
    free(text);
    results_close(store);
    fixture_remove(folder);
}

static void a_folder_that_cannot_be_made_is_an_error(void **state)
{
    char *folder = fixture_folder(), *file = text_format("%s/file", folder);
    struct results *store = fixture_store(folder);
    int64_t run =
        fixture_run(store, &(struct fixture){.scenario = fixture_three_agents, .cycles = 3});
    struct err err = {0};
    bool missing;
    (void)state;
    assert_int_equal(text_write_file(file, "x", 1, &err), 0);
    assert_int_equal(report_render(file, store, &run, 1, &missing, &err), -1);
    assert_int_equal(err.code, ERR_SYSTEM);
    assert_int_equal(report_render(folder, store, &(int64_t){99}, 1, &missing, &err), -1);
    free(file);
    results_close(store);
    fixture_remove(folder);
}

/* A report with this proof in its store. The caller frees it. */
static char *with_proof(const char *name, const char *text)
{
    const struct results_document proof = {.kind = RESULTS_PROOF, .name = name, .text = text};
    char *folder = fixture_folder(), *report;
    struct results *store = fixture_store(folder);
    struct err err = {0};
    int64_t run =
        fixture_run(store, &(struct fixture){.scenario = fixture_three_agents, .cycles = 3});
    if (text)
        assert_int_equal(results_document_put(store, &proof, &err), 0);
    render(folder, store, &run, 1);
    report = fixture_read(folder, "benchmarks.md");
    results_close(store);
    fixture_remove(folder);
    return report;
}

static void proofs_are_told_with_their_sums(void **state)
{
    static const struct {
        const char *name, *text, *said;
    } proofs[] = {
        {"matrix", NULL, "Would damage have been seen? Nothing is stored"},
        {"matrix",
         "{\"command\":\"spawnbench "
         "audit\",\"exit\":0,\"spent_ns\":2000000,\"document\":{\"kinds\":["
         "{\"damage\":\"a|b\",\"made\":5,\"caught\":4,\"benign\":1,\"escaped\":0},"
         "{\"damage\":\"c\",\"made\":2,\"caught\":1,\"benign\":0,\"escaped\":1}]}}",
         "**2 kinds of damage, 7 damaged copies: 5 caught, 1 proven benign, 1 escaped.**"},
        {"walk",
         "{\"document\":{\"distinct_reference\":9,\"full\":{\"points\":3,\"corrupt\":1,\"lost\":2},"
         "\"normal\":{\"points\":4,\"losing\":5,\"lost\":6},\"walks\":[{\"configuration\":\"x\"}]}"
         "}",
         "**7 calls of the reference store walked, 9 distinct states opened. `full`: 1 corrupt, 0 "
         "with half a transaction, 2 acknowledged transactions lost."},
        {"calls",
         "{\"document\":{\"total\":{\"runs\":8,\"bad\":1},\"memory\":{\"runs\":3},\"faults\":[{}]}"
         "}",
         "**8 runs with one fault each, 0 audits of killed ones beside: 1 broke a promise.**"},
        {"soak",
         "{\"document\":{\"verdict\":\"intact\",\"starts\":1000,\"cycles\":100,\"lost\":0,"
         "\"faults\":["
         "{\"fault\":\"a\",\"struck\":3},{\"fault\":\"b\",\"struck\":4}]}}",
         "**intact after 1000 starts in 100 cycles with 7 faults: 0 lost, 0 doubled,"},
        {"controls",
         "{\"document\":{\"engine\":\"3.40.1\",\"affected\":true,\"controls\":["
         "{\"name\":\"sync-off\",\"failed\":true},{\"name\":\"fork\",\"failed\":false}]}}",
         "**1 of 2 known-bad ways fail as they must**, 0 could not be tried. SQLite 3.40.1 **has "
         "the WAL-reset race**"},
        {"faults",
         "{\"document\":{\"verdict\":\"intact\",\"arms\":[{\"arm\":\"parallel\",\"rows\":["
         "{\"fault\":\"kill\",\"struck\":100,\"findings\":0,\"audits\":300}]}]}}",
         "0 of 100 faults with a finding: true rate below 2.95 % at 95 %."},
        {"walk", "{\"document\":null}", "**It was tried, and says nothing.**"},
        {"walk", "{\"document\":{\"walks\":[1,{}]}}", "0 calls of the reference store walked"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof proofs / sizeof proofs[0]; i++) {
        char *report = with_proof(proofs[i].name, proofs[i].text);
        if (!strstr(report, proofs[i].said))
            fail_msg("the report does not say: %s\n%s", proofs[i].said,
                     strstr(report, "## What was proven"));
        free(report);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_run_is_told_whole),
        cmocka_unit_test(failed_cycles_are_never),
        cmocka_unit_test(a_run_without_cycles_is_told_too),
        cmocka_unit_test(words_of_others_never_become_markup),
        cmocka_unit_test(what_was_skipped_is_said),
        cmocka_unit_test(audits_are_told_by_level),
        cmocka_unit_test(findings_are_shown_and_capped),
        cmocka_unit_test(several_runs_get_a_chapter_each),
        cmocka_unit_test(a_missing_gnuplot_is_told_with_its_remedy),
        cmocka_unit_test(colour_only_when_asked),
        cmocka_unit_test(proofs_are_told_with_their_sums),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
