/* Does a scenario become what it says, and is every mistake told with its line? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "scenario/scenario.h"
#include "scenario/test_claim_documents.h"
#include "scenario/test_documents.h"

static int parse(struct scenario *out, const char *text, struct err *err)
{
    return scenario_parse(out, text, strlen(text), err);
}

/* 1 when the mistake is told otherwise than expected, and shown */
static size_t told_otherwise(const struct document_mistake *mistake)
{
    char *text = document_with(mistake->line, mistake->instead);
    struct scenario scenario = {.block = 77};
    struct err err = {0};
    bool right = parse(&scenario, text, &err) == -1 && err.code == ERR_FORMAT &&
                 strcmp(err.text, mistake->message) == 0 && scenario.block == 77; /* untouched */
    if (!right)
        print_error("%s\n  expected: %s\n  got:      %s\n", mistake->instead, mistake->message,
                    err.text);
    free(text);
    return !right;
}

static void every_mistake_is_told_with_its_line(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < DOCUMENT_MISTAKES; i++)
        wrong += told_otherwise(&document_mistakes[i]);
    assert_int_equal(wrong, 0);
}

static void what_is_not_said_has_its_default(void **state)
{
    static const char text[] =
        "{\"name\": \"short\", \"agents\": [{\"name\": \"a\", \"command\": [\"{agent}\"]},"
        "{\"name\": \"b\", \"command\": [\"/bin/true\"]}],"
        "\"arms\": [{\"name\": \"p\", \"subject\": [\"{null}\"]}], \"cycles\": 7}";
    struct scenario scenario = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(parse(&scenario, text, &err), 0);
    assert_string_equal(scenario.spec_id, "short");
    assert_string_equal(scenario.about, "");
    assert_true(strlen(scenario.prompt) > 0);
    assert_string_equal(scenario.source, text);
    assert_int_equal(scenario.look_count, 1);
    assert_int_equal(scenario.looks[0], 7);
    assert_int_equal(scenario.block, 5);
    assert_int_equal(scenario.warmup, 5);
    assert_int_equal(scenario.deadline_ns, 5000000000);
    assert_int_equal(scenario.open_deadline_ns, 10000000000);
    assert_true(scenario.durability_full);
    assert_true(scenario.consensus);
    assert_int_equal(scenario.on_failure, SCENARIO_CANCEL);
    assert_int_equal(scenario.claim_count, 0);
    assert_int_equal(scenario.value_count, 1);
    assert_int_equal(scenario.values[0], 2);
    assert_int_equal(scenario.agents[0].ready, SCENARIO_READY_FD);
    assert_int_equal(scenario.agents[0].times, 1);
    assert_int_equal(scenario.agents[0].witness, SCENARIO_WITNESS_SELF); /* our own agent is one */
    assert_int_equal(scenario.agents[1].witness, SCENARIO_WITNESS_NONE); /* nothing claims intact */
    scenario_release(&scenario);
}

static void databases_and_homes_arrive(void **state)
{
    static const char text[] =
        "{\"name\": \"shared\", \"agents\": ["
        "{\"name\": \"a\", \"command\": [\"x\", \"--at={home}/x\"]},"
        "{\"name\": \"b\", \"command\": [\"x\"], \"environment\": {\"AT\": \"{home}\"}},"
        "{\"name\": \"c\", \"command\": [\"x\"], \"directory\": \"{home}\"},"
        "{\"name\": \"d\", \"command\": [\"x\"], \"fresh_home\": true},"
        "{\"name\": \"e\", \"command\": [\"x\", \"{{home}\"], \"fresh_home\": false}],"
        "\"databases\": [\"~/.codex/*.sqlite\", \"{home}/{{x}.db\", \"{folder}/a.db\", \"./~x\"],"
        "\"arms\": [{\"name\": \"p\", \"subject\": [\"{null}\"]}], \"cycles\": 7}";
    struct scenario scenario = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(parse(&scenario, text, &err), 0);
    assert_int_equal(scenario.database_count, 4);
    assert_string_equal(scenario.databases[0], "~/.codex/*.sqlite");
    assert_string_equal(scenario.databases[3], "./~x");
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(scenario.agents[i].fresh_home, i == 3);
    scenario_release(&scenario);
}

static void what_is_said_arrives(void **state)
{
    static const char text[] =
        "{\"name\": \"full-1\", \"spec_id\": \"SPEC_1.a\", \"about\": \"why\","
        "\"agents\": [{\"name\": \"a\", \"command\": [\"/x\", \"\", \"{agent} {not}\"], \"times\": "
        "2,"
        "  \"environment\": {\"K\": \"V\", \"_E\": \"\"}, \"directory\": \"/tmp\", "
        "\"witness\": \"self\","
        "  \"ready\": {\"by\": \"line\", \"text\": \"up\"}},"
        " {\"name\": \"b\", \"command\": [\"{agent}\"], \"witness\": \"none\", "
        "  \"ready\": {\"by\": \"exit\"}, \"expect\": {\"output\": {\"contains\": \"x\"}}}],"
        "\"arms\": [{\"name\": \"p\", \"subject\": [\"{liar}\", \"--x\"]}],"
        "\"cycles\": {\"looks\": [10, 20]}, \"block\": 2, \"warmup\": 0, \"deadline\": \"1.5s\","
        "\"open_deadline\": \"2m\","
        "\"durability\": \"normal\", \"consensus\": false, \"on_failure\": \"degrade\","
        "\"prompt\": \"\", \"vary\": {\"agents\": [5, 1]},"
        "\"claims\": [{\"id\": \"X\", \"arm\": \"p\", \"failure\": \"degrades\"}]}";
    struct scenario scenario = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(parse(&scenario, text, &err), 0);
    assert_string_equal(scenario.spec_id, "SPEC_1.a");
    assert_string_equal(scenario.about, "why");
    assert_string_equal(scenario.agents[0].command[2], "{agent} {not}");
    assert_null(scenario.agents[0].command[3]);
    assert_int_equal(scenario.agents[0].environment_count, 2);
    assert_string_equal(scenario.agents[0].environment[0].key, "K");
    assert_string_equal(scenario.agents[0].environment[0].value, "V");
    assert_string_equal(scenario.agents[0].directory, "/tmp");
    assert_int_equal(scenario.agents[0].ready, SCENARIO_READY_LINE);
    assert_string_equal(scenario.agents[0].ready_text, "up");
    assert_int_equal(scenario.agents[0].witness, SCENARIO_WITNESS_SELF);
    assert_int_equal(scenario.agents[1].witness, SCENARIO_WITNESS_NONE);
    assert_false(scenario.agents[0].expects_exit);
    assert_null(scenario.agents[0].expected_output);
    assert_false(scenario.agents[1].expects_exit);
    assert_string_equal(scenario.agents[1].expected_output, "x");
    assert_true(scenario.agents[1].expected_within);
    assert_string_equal(scenario.arms[0].subject[1], "--x");
    assert_int_equal(scenario.look_count, 2);
    assert_int_equal(scenario.looks[1], 20);
    assert_int_equal(scenario.block, 2);
    assert_int_equal(scenario.warmup, 0);
    assert_int_equal(scenario.deadline_ns, 1500000000);
    assert_int_equal(scenario.open_deadline_ns, 120000000000);
    assert_false(scenario.durability_full);
    assert_false(scenario.consensus);
    assert_int_equal(scenario.on_failure, SCENARIO_DEGRADE);
    assert_string_equal(scenario.prompt, "");
    assert_int_equal(scenario.claims[0].failure, SCENARIO_DEGRADE);
    assert_int_equal(scenario.value_count, 2);
    assert_int_equal(scenario.values[0], 5);
    assert_int_equal(scenario.values[1], 1);
    scenario_release(&scenario);
}

/* A start that is claimed to be intact needs somebody who saw it. */
static void real_programs_are_started_by_the_launcher_where_corruption_is_claimed(void **state)
{
    static const char text[] =
        "{\"name\": \"x\", \"agents\": [{\"name\": \"a\", \"command\": [\"/x\"]},"
        "  {\"name\": \"b\", \"command\": [\"{agent}\"]},"
        "  {\"name\": \"c\", \"command\": [\"/x\"], \"witness\": \"none\"}],"
        " \"arms\": [{\"name\": \"p\", \"subject\": [\"y\"]}], \"cycles\": 7,"
        " \"claims\": [{\"id\": \"whole\", \"corruption\": \"none\"}]}";
    struct scenario scenario = {0};
    struct err err = {0};
    char *source;
    (void)state;
    assert_int_equal(parse(&scenario, text, &err), 0);
    assert_int_equal(scenario.agents[0].witness, SCENARIO_WITNESS_LAUNCHER);
    assert_int_equal(scenario.agents[1].witness, SCENARIO_WITNESS_SELF);
    assert_int_equal(scenario.agents[2].witness, SCENARIO_WITNESS_NONE);
    source = xstrdup(scenario.source);
    scenario_release(&scenario);
    assert_int_equal(scenario_parse_stored(&scenario, source, strlen(source), &err), 0);
    assert_int_equal(scenario.agents[0].witness, SCENARIO_WITNESS_LAUNCHER); /* written out */
    assert_string_equal(scenario.source, source);
    scenario_release(&scenario);
    free(source);
    assert_int_equal(scenario_parse_stored(&scenario, text, strlen(text), &err), 0);
    assert_int_equal(scenario.agents[0].witness, SCENARIO_WITNESS_NONE); /* of before launchers */
    scenario_release(&scenario);
}

static void the_old_key_is_refused_in_files_and_read_in_stored_runs(void **state)
{
    static const char text[] =
        "{\"name\": \"x\", \"agents\": [{\"name\": \"a\", \"command\": [\"/x\"], \"ledger\": true},"
        "  {\"name\": \"b\", \"command\": [\"{agent}\"], \"ledger\": false}],"
        " \"arms\": [{\"name\": \"p\", \"subject\": [\"y\"]}], \"cycles\": 7}";
    struct scenario scenario = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(parse(&scenario, text, &err), -1);
    assert_string_equal(err.text,
                        "line 1: ledger: \"ledger\" is gone: write \"witness\": \"self\"");
    assert_int_equal(scenario_parse_stored(&scenario, text, strlen(text), &err), 0);
    assert_int_equal(scenario.agents[0].witness, SCENARIO_WITNESS_SELF);
    assert_int_equal(scenario.agents[1].witness, SCENARIO_WITNESS_NONE);
    scenario_release(&scenario);
}

/* the list a, a, b goes on as a, a, b, a, a, b, ... */
static void a_batch_repeats_the_list(void **state)
{
    static const char expected[] = "aabaaba";
    struct scenario scenario = {0};
    struct err err = {0};
    const char *text =
        "{\"name\": \"n\", \"cycles\": 5, \"vary\": {\"agents\": [7, 2]}, \"agents\": ["
        "{\"name\": \"a\", \"command\": [\"x\"], \"times\": 2}, {\"name\": \"b\", \"command\": "
        "[\"x\"]}],"
        " \"arms\": [{\"name\": \"s\", \"subject\": [\"x\"]}]}";
    (void)state;
    assert_int_equal(scenario_parse(&scenario, text, strlen(text), &err), 0);
    for (size_t i = 0; expected[i]; i++)
        assert_int_equal(scenario.agents[scenario.batch[i]].name[0], expected[i]);
    scenario_release(&scenario);
}

static void claims_are_sentences(void **state)
{
    static const char *const expected[] = {
        "p95 spawn_time of parallel is at most 50 ms",
        "spawn_time of parallel is at least 3 times shorter than of sequential",
        "no cycle loses, doubles, invents or corrupts anything: fewer than 5 % do",
        "in parallel a failing agent is told and cancels the others",
    };
    static const enum scenario_claim_kind kinds[] = {SCENARIO_CLAIM_AT_MOST, SCENARIO_CLAIM_FASTER,
                                                     SCENARIO_CLAIM_INTACT, SCENARIO_CLAIM_FAILURE};
    char *text = document_with(0, NULL);
    struct scenario scenario = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(parse(&scenario, text, &err), 0);
    assert_int_equal(scenario.claim_count, 4);
    for (size_t i = 0; i < scenario.claim_count; i++) {
        assert_string_equal(scenario.claims[i].text, expected[i]);
        assert_int_equal(scenario.claims[i].kind, kinds[i]);
        assert_int_equal(scenario.claims[i].at, -1);
        assert_int_equal(scenario.claims[i].line, 12 + i);
        assert_int_equal(scenario.claims[i].metric, SCENARIO_SPAWN_TIME);
    }
    assert_int_equal(scenario.claims[1].arm, 1);
    assert_int_equal(scenario.claims[1].than, 0);
    scenario_release(&scenario);
    free(text);
}

/* 1 when a member is otherwise than the form says, and shown */
static size_t kept_otherwise(const struct document_form *form, const struct scenario_claim *claim)
{
    bool right = claim->kind == form->kind && claim->metric == form->metric &&
                 claim->statistic == form->statistic && claim->quantile == form->quantile &&
                 claim->limit == form->limit && claim->ratio == form->ratio &&
                 claim->share == form->share && claim->at == form->at && claim->line == 2 &&
                 claim->arm == (form->kind != SCENARIO_CLAIM_INTACT) &&
                 !claim->agent == !form->agent &&
                 (!form->agent || strcmp(claim->agent, form->agent) == 0);
    if (!right || strcmp(claim->text, form->sentence) != 0)
        print_error("%s\n  expected: %s\n  got:      %s%s\n", form->claim, form->sentence,
                    claim->text, right ? "" : ", and another member");
    return !right || strcmp(claim->text, form->sentence) != 0;
}

/* The claims stand before the agents, arms and sizes that they name. */
static void every_form_of_a_claim_is_read(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < DOCUMENT_FORMS; i++) {
        struct scenario scenario = {0};
        struct err err = {0};
        char *text = document_claiming(document_forms[i].claim);
        if (parse(&scenario, text, &err) != 0)
            fail_msg("%s: %s", document_forms[i].claim, err.text);
        wrong += kept_otherwise(&document_forms[i], &scenario.claims[0]);
        assert_true(scenario.spread_ns == INT64_C(300000000000));
        scenario_release(&scenario);
        free(text);
    }
    assert_int_equal(wrong, 0);
}

static void every_unfit_claim_is_told_with_its_line(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < DOCUMENT_UNFITS; i++) {
        struct scenario scenario = {0};
        struct err err = {0};
        char *text = document_claiming(document_unfits[i].claim);
        int rc = parse(&scenario, text, &err);
        if (rc == 0 || strcmp(err.text, document_unfits[i].message) != 0) {
            print_error("%s\n  expected: %s\n  got:      %s\n", document_unfits[i].claim,
                        document_unfits[i].message, rc ? err.text : "taken");
            wrong++;
        }
        scenario_release(&scenario);
        free(text);
    }
    assert_int_equal(wrong, 0);
}

/* every cut of a good scenario is refused, none of them leaks (the sanitizers look on) */
static void a_cut_scenario_is_refused(void **state)
{
    char *text = document_with(0, NULL);
    size_t length = strlen(text);
    (void)state;
    for (size_t cut = 0; cut + 2 < length; cut++) {
        struct scenario scenario = {0};
        struct err err = {0};
        char *part = text_format("%.*s", (int)cut, text);
        assert_int_equal(parse(&scenario, part, &err), -1);
        assert_true(err.text[0] != '\0');
        free(part);
    }
    free(text);
}

static char *in_file(const char *bytes, size_t length)
{
    char *path = xstrdup("/tmp/spawnbench-scenario-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
    return path;
}

static void load_expecting(const char *path, enum err_code code, const char *part)
{
    struct scenario scenario = {0};
    struct err err = {0};
    char *start = text_format("scenario '%s': ", path);
    assert_int_equal(scenario_load(&scenario, path, &err), -1);
    assert_int_equal(err.code, code);
    assert_memory_equal(err.text, start, strlen(start));
    if (!strstr(err.text, part))
        fail_msg("'%s' does not tell '%s'", err.text, part);
    free(start);
}

static void unfit_files_are_told_by_name(void **state)
{
    char *deep = xcalloc(100001, 1);
    struct {
        const char *bytes;
        size_t length;
        const char *part;
    } files[] = {{"", 0, "it is empty, expected one JSON document"},
                 {"\x7f"
                  "ELF\x02\x01\x01\0\0",
                  9, "line 1: not UTF-8 text"},
                 {"[]", 2, "line 1: scenario: expected an object, got an empty array"},
                 {deep, 100000, "line 1: nested too deeply"}};
    (void)state;
    memset(deep, '[', 100000);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *path = in_file(files[i].bytes, files[i].length);
        load_expecting(path, ERR_FORMAT, files[i].part);
        unlink(path);
        free(path);
    }
    free(deep);
    load_expecting("/nonexistent/x.json", ERR_USAGE, "cannot open");
    load_expecting("/", ERR_FORMAT, "is a directory, expected a file");
}

/* 100 MB, all of them a hole: nothing is written, and no more than the limit is read */
static void a_huge_file_is_refused(void **state)
{
    char *path = in_file("{", 1);
    (void)state;
    assert_int_equal(truncate(path, 100000000), 0);
    load_expecting(path, ERR_FORMAT, "is larger than 1048576 bytes");
    unlink(path);
    free(path);
}

static void every_shipped_scenario_loads(void **state)
{
    glob_t found;
    size_t loaded = 0;
    (void)state;
    assert_int_equal(glob(SOURCE_DIR "/scenarios/*.json", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct scenario scenario = {0};
        struct err err = {0};
        if (strstr(found.gl_pathv[i], ".schema.json"))
            continue;
        if (scenario_load(&scenario, found.gl_pathv[i], &err) < 0)
            fail_msg("%s", err.text);
        assert_true(scenario.claim_count > 0);
        assert_non_null(strstr(found.gl_pathv[i], scenario.name)); /* the file is named after it */
        scenario_release(&scenario);
        loaded++;
    }
    globfree(&found);
    assert_true(loaded >= 6);
}

static void nothing_may_be_released_twice(void **state)
{
    struct scenario scenario = {0};
    (void)state;
    scenario_release(&scenario);
    scenario_release(&scenario);
    assert_int_equal(scenario_parse(&scenario, "{}", 2, NULL), -1); /* a caller without an err */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_told_with_its_line),
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(what_is_said_arrives),
        cmocka_unit_test(databases_and_homes_arrive),
        cmocka_unit_test(real_programs_are_started_by_the_launcher_where_corruption_is_claimed),
        cmocka_unit_test(the_old_key_is_refused_in_files_and_read_in_stored_runs),
        cmocka_unit_test(a_batch_repeats_the_list),
        cmocka_unit_test(claims_are_sentences),
        cmocka_unit_test(every_form_of_a_claim_is_read),
        cmocka_unit_test(every_unfit_claim_is_told_with_its_line),
        cmocka_unit_test(a_cut_scenario_is_refused),
        cmocka_unit_test(unfit_files_are_told_by_name),
        cmocka_unit_test(a_huge_file_is_refused),
        cmocka_unit_test(every_shipped_scenario_loads),
        cmocka_unit_test(nothing_may_be_released_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
