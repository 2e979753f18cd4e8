/* Is who does not survive a fault found out, and is told what was and was not tried? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cli/test_cli.h"

#define REFERENCE "\"{reference}\", \"--mode\", \"parallel\""

static cJSON *document_of(const struct cli_said *said)
{
    cJSON *document = NULL;
    struct err err = {0};
    if (json_parse(&document, said->out, strlen(said->out), &err) < 0)
        fail_msg("%s in:\n%s\n%s", err.text, said->out, said->err);
    assert_string_equal(json_string(document, "schema"), "spawnbench.proof.faults.v1");
    return document;
}

static bool holds_word(const cJSON *words, const char *word)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, words)
        if (strcmp(cJSON_GetStringValue(item), word) == 0)
            return true;
    return false;
}

static const cJSON *first_row(const cJSON *document)
{
    const cJSON *arm = cJSON_GetArrayItem(cJSON_GetObjectItem(document, "arms"), 0);
    return cJSON_GetArrayItem(cJSON_GetObjectItem(arm, "rows"), 0);
}

/* Each of them is honest as long as nothing fails. The faults strike where the batch is sure to be
 * undecided: before "finish" is sent, or instead of a write without which nothing is committed. A
 * kill once "finish" was sent may find it committed, and then there is nothing to lie about. */
static void who_does_not_survive_is_found_out(void **state)
{
    static const struct {
        const char *lie, *fault, *rule;
    } cases[] = {
        {"honest", "killed-when-finishing", NULL},
        {"honest", "write-full", NULL},
        {"ignores-failures", "writes-full", "every-acknowledged-start-is-recorded"},
        {"ignores-failures", "exec-enoent", "every-ready-agent-ran"},
        {"sweeps", "killed-when-spawned", "every-acknowledged-start-is-recorded"},
        {"revives", "killed-when-spawned", "nobody-gone-is-called-alive"},
        {"finishes-half", "killed-before-write", "undecided-is-whole-or-nothing"},
        {"gives-up", "killed-when-spawned", "recovers-from-faults"},
        {"ignores-failures", "exec-hangs", "every-ready-agent-ran"},
        {"ignores-failures", "busy-while-spawning", "every-acknowledged-start-is-recorded"},
        {"finishes-unrecorded", "busy-while-finishing", "row-tells-the-truth"},
        {"keeps-daemons", "daemon-outlives-agent", "nothing-is-left-running"},
        {"loses-daemons", "killed-with-grandchildren", "nothing-is-left-running"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *subject = text_format("\"{liar}\", \"%s\", " REFERENCE, cases[i].lie);
        char *path = cli_scenario(*state, "lie", subject, "");
        struct cli_said said = cli_say(*state, "faults", path, "--times", "2", "--prove", "nothing",
                                       "--json", "--fault", cases[i].fault, NULL);
        cJSON *document = document_of(&said);
        const cJSON *row = first_row(document), *rules = cJSON_GetObjectItem(row, "rules");
        bool skipped = json_string(row, "skipped") && strcmp(cases[i].fault, "exec-hangs") == 0;
        const char *rule = skipped ? NULL : cases[i].rule;
        if (said.exit_status != (skipped ? 5 : rule ? 4 : 0) || (rule && !holds_word(rules, rule)))
            fail_msg("'%s' under '%s': exit %d\n%s\n%s", cases[i].lie, cases[i].fault,
                     said.exit_status, said.out, said.err);
        cJSON_Delete(document);
        cli_forget(&said);
        free(path);
        free(subject);
    }
}

/* Without a witness only the answer tells that a start failed. */
static void a_failure_that_is_not_told_is_found_without_a_witness(void **state)
{
    char *path =
        cli_write(*state, "mute.json",
                  "{\"name\": \"mute\", \"about\": \"a test\", \"agents\": [{\"name\": "
                  "\"a\", \"command\": [\"{agent}\"], \"witness\": \"none\", \"times\": 2}],"
                  " \"arms\": [{\"name\": \"one\", \"subject\": [\"{liar}\", "
                  "\"ignores-failures\", " REFERENCE "]}], \"cycles\": 20}");
    struct cli_said said = cli_say(*state, "faults", path, "--prove", "nothing", "--fault",
                                   "exec-enoexec", "--fault", "deadline-missed", "--json", NULL);
    assert_int_equal(said.exit_status, 4);
    assert_said(said.out, "failure-is-told");
    cli_forget(&said);
    free(path);
}

static void what_cannot_be_tried_is_shown(void **state)
{
    char *path = cli_scenario(*state, "null", "\"{null}\"", "");
    struct cli_said said =
        cli_say(*state, "faults", path, "--prove", "nothing", "--fault", "write-full", "--fault",
                "busy-for-ever", "--fault", "power-loss", NULL);
    assert_int_equal(said.exit_status, 5); /* nothing was tried: nothing is proven */
    assert_said(said.out, "not tried: needs the shim in the subject, see --shim-option");
    assert_said(said.out, "not tried: the subject keeps no store");
    assert_said(said.out, "4 rows not tried");
    assert_said(said.out, "0 of 0 faults struck");
    assert_said(said.out, "invalid: no fault could be tried");
    assert_said(said.out, "; detectors not proven (--prove nothing)");
    cli_forget(&said);
    free(path);
}

/* The store of a subject that makes it unreadable at the end of its second life. */
static void what_cannot_be_read_at_the_end_is_told_and_proves_nothing(void **state)
{
    static const char subject[] =
        "\"/bin/sh\", \"-c\", \"echo >> {folder}/lives; \\\"$0\\\" --mode parallel; "
        "[ $(wc -l < {folder}/lives) -lt 2 ] || for f in {folder}/store/*.sqlite; do "
        "head -c 8192 /dev/urandom > $f; done\", \"{reference}\"";
    char *path = cli_scenario(*state, "unread", subject, "");
    struct cli_said said = cli_say(*state, "faults", path, "--prove", "nothing", "--fault",
                                   "exec-enoent", "--times", "1", NULL);
    if (said.exit_status != 5)
        fail_msg("exit %d: %s\n%s", said.exit_status, said.out, said.err);
    assert_said(said.out, "not checked: store-can-be-read: ");
    assert_said(said.out, "1 of 1 faults struck");
    assert_said(said.out, "invalid: a fault did not strike, or not all could be checked");
    cli_forget(&said);
    free(path);
}

/* A program that is not known as the reference, and loads the shim all the same. */
static void a_stranger_can_load_the_shim(void **state)
{
    char *subject = text_format("\"%s/spawnref\", \"--mode\", \"parallel\"", BINARY_DIR);
    char *path = cli_scenario(*state, "stranger", subject, "");
    struct cli_said said =
        cli_say(*state, "faults", path, "--prove", "nothing", "--fault", "sync-error",
                "--shim-option", "--vfs-extension", "--json", NULL);
    cJSON *document = document_of(&said);
    assert_int_equal(said.exit_status, 0);
    assert_said(said.out, "\"struck\":\t3");
    cJSON_Delete(document);
    cli_forget(&said);
    free(path);
    free(subject);
}

static void an_arm_that_fails_anyway_proves_nothing(void **state)
{
    char *path = cli_write(
        *state, "fails.json",
        "{\"name\": \"fails\", \"about\": \"a test\", \"agents\": [{\"name\": \"a\", "
        "\"command\": [\"{agent}\", \"--fail\", \"start\"]}], \"arms\": [{\"name\": \"one\", "
        "\"subject\": [" REFERENCE "]}], \"cycles\": 20}");
    struct cli_said said = cli_say(*state, "faults", path, "--fault", "write-full", NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "does not work even without a fault");
    cli_forget(&said);
    free(path);
}

static void wrong_options_are_told(void **state)
{
    static const struct {
        const char *option, *value, *says;
    } wrong[] = {
        {"--fault", "sync-eror", "did you mean 'sync-error'?"},
        {"--arm", "tow", "no such arm"},
        {"--arm", "onee", "did you mean 'one'?"},
        {"--times", "0", "expected a whole number from 1 to 1000"},
        {"--seed", "x", "expected a whole number"},
        {"--prove", "everything", "expected controls, all or nothing"},
        {"--full", NULL, "--full goes with --prove all only"},
    };
    char *path = cli_scenario(*state, "wrong", REFERENCE, "");
    struct cli_said said = cli_say(*state, "faults", NULL);
    assert_int_equal(said.exit_status, 2);
    assert_said(said.err, "no SCENARIO is given");
    cli_forget(&said);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        said = cli_say(*state, "faults", path, wrong[i].option, wrong[i].value, NULL);
        if (said.exit_status != 2 || !strstr(said.err, wrong[i].says))
            fail_msg("%s: exit %d: %s", wrong[i].option, said.exit_status, said.err);
        cli_forget(&said);
    }
    free(path);
}

static void the_catalogue_is_listed(void **state)
{
    struct cli_said said = cli_say(*state, "faults", "--list", NULL);
    assert_int_equal(said.exit_status, 0);
    assert_said(said.out, "killed-at-random");
    assert_said(said.out, "due: ");
    cli_forget(&said);
}

/* The fixture's teardown finds what is left running. */
static void a_signal_ends_it_and_leaves_nothing(void **state)
{
    char *path = cli_scenario(*state, "signal", REFERENCE, "");
    struct cli_running running = cli_start(*state, "faults", path, "--fault", "busy-while-spawning",
                                           "--times", "1", "--prove", "nothing", NULL);
    struct cli_said said;
    cli_await_child(&running, "spawnbench-hold"); /* the fault strikes */
    kill(running.process.pid, SIGINT);
    said = cli_end(&running);
    assert_int_equal(said.exit_status, 130);
    assert_said(said.err, "interrupted");
    cli_forget(&said);
    free(path);
}

/* What an arm does wrong before anything is done to it is found all the same. */
static void who_is_wrong_without_a_fault_is_found_out(void **state)
{
    char *path = cli_scenario(*state, "wrong", "\"{liar}\", \"forgets\", " REFERENCE, "");
    struct cli_said said = cli_say(*state, "faults", path, "--prove", "nothing", "--fault",
                                   "exec-enoent", "--fault", "killed-when-spawned", NULL);
    assert_int_equal(said.exit_status, 4);
    assert_said(said.out, "every-acknowledged-start-is-recorded");
    assert_said(said.out, "(without any fault)");
    assert_null(strstr(said.out, "exec-enoent")); /* once is enough */
    cli_forget(&said);
    free(path);
}

/* Each scenario asks for the fault, so that `run` makes it too. */
static void run_and_faults_judge_alike(void **state)
{
    static const struct {
        const char *lie, *fault;
        int code;
        const char *verdict, *rule, *severity;
    } cases[] = {
        {"honest", "killed-when-spawned", 0, "intact", NULL, NULL},
        {"sweeps", "killed-when-spawned", 4, "broken", "every-acknowledged-start-is-recorded",
         "integrity"},
        {"gives-up", "killed-when-spawned", 4, "misconduct", "recovers-from-faults", "conduct"},
        {"ignores-failures", "busy-while-spawning", 4, "broken",
         "every-acknowledged-start-is-recorded", "integrity"},
        {"forgets", "exec-enoent", 4, "broken", "every-acknowledged-start-is-recorded",
         "integrity"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *subject = text_format("\"{liar}\", \"%s\", " REFERENCE, cases[i].lie);
        char *more = text_format("\"faults\": [\"%s\"],", cases[i].fault);
        char *path = cli_scenario(*state, "alike", subject, more);
        struct cli_said faults, run;
        cJSON *of_faults, *of_run = NULL;
        const cJSON *row, *finding;
        bool told = false;
        faults = cli_say(*state, "faults", path, "--prove", "nothing", "--json", NULL);
        run = cli_say(*state, "run", path, "--cycles", "20", "--json", NULL);
        of_faults = document_of(&faults);
        assert_int_equal(json_parse(&of_run, run.out, strlen(run.out), NULL), 0);
        row = first_row(of_faults);
        finding = cJSON_GetArrayItem(cJSON_GetObjectItem(of_run, "runs"), 0);
        cJSON_ArrayForEach(finding, cJSON_GetObjectItem(finding, "findings"))
            told = told ||
                   (cases[i].rule && strcmp(json_string(finding, "rule"), cases[i].rule) == 0 &&
                    strcmp(json_string(finding, "severity"), cases[i].severity) == 0);
        if (faults.exit_status != cases[i].code || run.exit_status != cases[i].code ||
            told != (cases[i].rule != NULL) ||
            strcmp(json_string(row, "verdict"), cases[i].verdict) != 0 ||
            (cases[i].rule && !holds_word(cJSON_GetObjectItem(row, "rules"), cases[i].rule)))
            fail_msg("'%s' under '%s': exit %d and %d\n%s\n%s\n%s\n%s", cases[i].lie,
                     cases[i].fault, faults.exit_status, run.exit_status, faults.out, faults.err,
                     run.out, run.err);
        cJSON_Delete(of_faults);
        cJSON_Delete(of_run);
        cli_forget(&faults);
        cli_forget(&run);
        free(subject);
        free(more);
        free(path);
    }
}

/* The null subject starts nothing, so that there is nothing to be struck. */
static void a_fault_that_does_not_strike_proves_nothing_for_both(void **state)
{
    char *path = cli_write(*state, "null.json",
                           "{\"name\": \"null\", \"about\": \"a test\", \"agents\": [{\"name\": "
                           "\"a\", \"command\": [\"{agent}\"], \"witness\": \"none\"}], \"arms\": "
                           "[{\"name\": \"one\", \"subject\": [\"{null}\"]}], \"cycles\": 20, "
                           "\"faults\": [\"daemon-outlives-agent\"]}");
    struct cli_said said = cli_say(*state, "faults", path, "--prove", "nothing", NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.out, "invalid: a fault did not strike");
    cli_forget(&said);
    said = cli_say(*state, "run", path, "--cycles", "20", NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "did not strike");
    cli_forget(&said);
    free(path);
}

/* Faults that a scenario asks for belong to its run. */
static void a_run_holds_the_findings_of_its_faults(void **state)
{
    static const char faults[] = "\"faults\": [\"killed-when-spawned\", \"exec-enoent\"],";
    static const char *const subjects[] = {REFERENCE, "\"{liar}\", \"sweeps\", " REFERENCE};
    for (int lying = 0; lying < 2; lying++) {
        char *path = cli_scenario(*state, "run", subjects[lying], faults);
        struct cli_said said = cli_say(*state, "run", path, "--cycles", "20", NULL);
        if (said.exit_status != (lying ? 4 : 0))
            fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
        assert_true(lying == (strstr(said.out, "fault 'killed-when-spawned'") != NULL));
        assert_said(said.out, lying ? "refuted" : "supported");
        cli_forget(&said);
        free(path);
    }
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(who_does_not_survive_is_found_out),
        IN_A_FOLDER(a_failure_that_is_not_told_is_found_without_a_witness),
        IN_A_FOLDER(what_cannot_be_tried_is_shown),
        IN_A_FOLDER(what_cannot_be_read_at_the_end_is_told_and_proves_nothing),
        IN_A_FOLDER(a_stranger_can_load_the_shim),
        IN_A_FOLDER(an_arm_that_fails_anyway_proves_nothing),
        IN_A_FOLDER(wrong_options_are_told),
        IN_A_FOLDER(the_catalogue_is_listed),
        IN_A_FOLDER(a_signal_ends_it_and_leaves_nothing),
        IN_A_FOLDER(who_is_wrong_without_a_fault_is_found_out),
        IN_A_FOLDER(run_and_faults_judge_alike),
        IN_A_FOLDER(a_fault_that_does_not_strike_proves_nothing_for_both),
        IN_A_FOLDER(a_run_holds_the_findings_of_its_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
