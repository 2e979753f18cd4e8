/* Is every way to misbehave caught by the rule that is meant for it, and honesty by none? */
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

#define AT_ONCE 2 /* runs: some lies are waited for, and there may be two cores only */

/* A row: a lie, the rule that must catch it, and, separated by spaces, those that cannot but be
 * broken with it. */
enum { LIE, RULE, ALSO, WORDS };

/* A run that goes on, in a folder of its own. */
struct lying {
    const char *const *caught; /* its row; NULL: this place is free */
    struct cli_running running;
};

/* Agents with all that can be asked for. */
#define SCENARIO                                                                                   \
    "{\"name\": \"lie\", \"about\": \"a test\", \"durability\": \"normal\","                       \
    " \"agents\": [{\"name\": \"a\", \"command\": [\"{agent}\"], \"witness\": \"self\","           \
    " \"environment\": {\"MODEL\": \"big\"}, \"directory\": \"/tmp\", \"times\": 3}],"             \
    " \"arms\": [{\"name\": \"one\", \"subject\": [%s]}], \"cycles\": 20, \"warmup\": 2,"          \
    " \"deadline\": \"2s\","                                                                       \
    " \"claims\": [{\"id\": \"whole\", \"corruption\": \"none\", \"below\": \"50%%\"}]}\n"

/* The lie begins with batch 4, the third that counts; until then the spawner is honest. */
static struct cli_running start_liar(const char *folder, const char *lie, const char *cycles)
{
    char *own = cli_path(folder, lie);
    char *subject =
        text_format("\"{liar}\", \"%s\", \"--from\", \"4\", \"{reference}\", \"--mode\", "
                    "\"parallel\"",
                    lie);
    struct cli_running running;
    char *text, *path;
    assert_int_equal(mkdir(own, 0700), 0);
    text = text_format(SCENARIO, subject);
    path = cli_write(own, "lie.json", text);
    running = cli_start(own, "run", path, "--cycles", cycles, "--json", NULL);
    free(own);
    free(subject);
    free(text);
    free(path);
    return running;
}

static struct cli_said run_liar(const char *folder, const char *lie, const char *cycles)
{
    struct cli_running running = start_liar(folder, lie, cycles);
    return cli_end(&running);
}

static void honesty_has_no_finding(void **state)
{
    struct cli_said said = run_liar(*state, "honest", "8");
    if (!strstr(said.out, "\"findings\":[]") || said.exit_status != 0)
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    cli_forget(&said);
}

static bool is_word_of(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; at && (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

/* Its rule is broken, and no rule that is not named with it. */
static bool is_caught_alone(const char *const caught[WORDS], const cJSON *document)
{
    const cJSON *run = cJSON_GetArrayItem(cJSON_GetObjectItem(document, "runs"), 0), *finding;
    bool by_its_rule = false, alone = true;
    cJSON_ArrayForEach(finding, cJSON_GetObjectItem(run, "findings")) {
        const char *rule = json_string(finding, "rule");
        if (rule && strcmp(rule, caught[RULE]) == 0)
            by_its_rule = true;
        else if (!rule || !is_word_of(caught[ALSO], rule))
            alone = false;
    }
    return by_its_rule && alone;
}

/* All rows are tried before the test fails, so that nothing is left running. */
static bool end_lying(struct lying *lying)
{
    struct cli_said said = cli_end(&lying->running);
    const char *const *caught = lying->caught;
    struct err err = {0};
    cJSON *document = NULL;
    bool good = json_parse(&document, said.out, strlen(said.out), &err) == 0 &&
                said.exit_status == 4 && is_caught_alone(caught, document);
    if (!good)
        print_error(
            "'%s' was not caught by '%s' alone (with it may be: '%s'): exit %d %s\n%s\n%s\n",
            caught[LIE], caught[RULE], caught[ALSO] ? caught[ALSO] : "", said.exit_status, err.text,
            said.out, said.err);
    cJSON_Delete(document);
    cli_forget(&said);
    lying->caught = NULL;
    return good;
}

/* One that is free or has come to its end: a run prints all at once, then. */
static struct lying *await_place(struct lying places[AT_ONCE])
{
    struct pollfd ends[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++) {
        if (!places[i].caught)
            return &places[i];
        ends[i] = (struct pollfd){places[i].running.process.out, POLLIN, 0};
    }
    while (poll(ends, AT_ONCE, -1) < 0)
        ;
    for (int i = 0; i < AT_ONCE; i++)
        if (ends[i].revents)
            return &places[i];
    return NULL;
}

static void every_lie_is_caught_by_its_rule_alone(void **state)
{
    static const char *const all[][WORDS] = {
        {"hangs", "subject-answers"}, /* first, as it is waited for */
        {"forgets", "every-acknowledged-start-is-recorded", "foreign-keys-hold consensus-is-whole"},
        {"invents-row", "no-row-without-a-start", "row-tells-the-truth"},
        {"misstates", "row-tells-the-truth", "consensus-is-whole"},
        {"loses-consensus", "consensus-is-whole", "foreign-keys-hold"},
        {"loses-output", "consensus-is-whole"},
        {"scribbles", "integrity-check-is-ok", "store-can-be-read foreign-keys-hold"},
        {"doubles", "every-ready-agent-ran"},
        {"starts-strangers", "no-agent-ran-unasked"},
        {"wrong-process", "one-process-one-id"},
        {"tells-itself", "agent-is-a-process-of-its-own"},
        {"one-for-all", "agent-is-a-process-of-its-own", "no-process-is-recorded-twice"},
        {"tells-strangers", "agent-belongs-to-the-subject"},
        {"tells-older", "agent-began-after-the-request"},
        {"starts-another", "agent-is-the-program-asked-for"},
        {"adds-arguments", "agent-is-the-program-asked-for"},
        {"changes-folder", "agent-is-the-program-asked-for"},
        {"changes-environment", "agent-is-the-program-asked-for"},
        {"too-early", "times-are-in-order", "row-tells-the-truth"},
        {"leaves-out", "answer-names-what-was-asked", "row-tells-the-truth consensus-is-whole"},
        {"names-strangers", "answer-names-what-was-asked"},
        {"pretends", "every-ready-agent-ran",
         "subject-answers every-acknowledged-start-is-recorded agent-is-a-process-of-its-own"},
        {"memory-first", "every-acknowledged-start-is-recorded",
         "consensus-is-whole end-is-told-as-it-was"},
        {"records-late", "every-acknowledged-start-is-recorded"},
        {"deletes-at-close", "every-acknowledged-start-is-recorded", "consensus-is-whole"},
        {"changes-at-close", "row-tells-the-truth"},
        {"puts-back-at-close", "every-acknowledged-start-is-recorded", "consensus-is-whole"},
        {"exchanges-outputs", "output-is-what-the-agent-printed"},
        {"garbles-outputs", "output-is-what-the-agent-printed"},
        {"lies-about-exit", "end-is-told-as-it-was"},
        {"cuts-the-prompt", "output-is-what-the-agent-printed"},
        {"starts-at-close", "no-agent-ran-unasked"},
        {"speaks-for-agents", "end-is-told-as-it-was", "agent-is-the-program-asked-for"},
        {"speaks-late", "every-ready-agent-ran",
         "end-is-told-as-it-was agent-is-the-program-asked-for"},
        {"calls-killed", "end-is-told-as-it-was"},
        {"flips-verdict", "verdict-follows-from-the-outputs"},
        {"changes-answer", "verdict-follows-from-the-outputs"},
        {"takes-votes", "verdict-follows-from-the-outputs"},
        {"shifts-times", "row-tells-the-truth"},
        {"invents-error", "row-tells-the-truth"},
        {"forgets-end", "row-tells-the-truth"},
        {"decides-never", "consensus-is-whole"},
        {"pads-id", "no-row-without-a-start"},
        {"finishes-early", "subject-answers"},
        {"finishes-another", "answer-names-what-was-asked"},
        {"invents-end", "answer-names-what-was-asked", "end-is-told-as-it-was"},
        {"gives-key-twice", "subject-answers"},
        {"dies", "subject-answers"},
        {"is-killed", "subject-answers"},
        {"is-killed-recorded", "subject-answers"},
        {"talks-nonsense", "subject-answers"},
        {"closes-stdout", "subject-answers"},
        {"floods", "subject-answers"},
        {"leaves-child", "nothing-is-left-running"},
        {"leaves-zombie", "nothing-is-left-running"},
        {"leaks-by-helper", "nothing-is-left-running"},
        {"leaves-daemon", "nothing-is-left-running"},
        {"leaves-generations", "nothing-is-left-running"},
        {"leaks-descriptors", "descriptors-do-not-grow"},
        {"leaks-descriptors-by-helper", "descriptors-do-not-grow"},
    };
    struct lying places[AT_ONCE] = {0};
    bool good = true;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        /* one batch with a lie, for each of some is waited; descriptors grow slowly */
        bool grows = strncmp(all[i][LIE], "leaks-", 6) == 0;
        struct lying *place = await_place(places);
        if (place->caught)
            good = end_lying(place) && good;
        *place = (struct lying){all[i], start_liar(*state, all[i][LIE], grows ? "8" : "3")};
    }
    for (int i = 0; i < AT_ONCE; i++)
        if (places[i].caught)
            good = end_lying(&places[i]) && good;
    assert_true(good);
}

/* Never the number that we made of it. */
static void a_wrong_clock_is_told_as_that(void **state)
{
    static const char *const told[][2] = {
        {"tells-realtime", "not CLOCK_MONOTONIC? (it looks like CLOCK_REALTIME)"},
        {"tells-microseconds", "(it looks like CLOCK_MONOTONIC in microseconds)"},
        {"tells-wall-seconds", "(it looks like CLOCK_REALTIME in seconds)"},
        {"tells-since-request", "begin is 1, sent is "},
        {"tells-never", "begin is 92233"},
        {"tells-fractions", "begin is no 64-bit integer"},
    };
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct cli_said said = run_liar(*state, told[i][0], "3");
        if (said.exit_status != 4 || !strstr(said.out, told[i][1]) ||
            !strstr(said.out, "times-are-in-order"))
            fail_msg("'%s': exit %d\n%s\n%s", told[i][0], said.exit_status, said.out, said.err);
        cli_forget(&said);
    }
}

static void subjects_that_never_open_exit_5(void **state)
{
    static const char *const silent[][2] = {{"exits-at-once", "liar: not today"},
                                            {"is-mute", "did not answer"},
                                            {"opens-with-nonsense", "hello?"}};
    for (size_t i = 0; i < 3; i++) {
        struct cli_said said = run_liar(*state, silent[i][0], "1");
        assert_int_equal(said.exit_status, 5);
        assert_said(said.err, "would not start");
        assert_said(said.err, silent[i][1]);
        cli_forget(&said);
    }
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(honesty_has_no_finding),
        IN_A_FOLDER(every_lie_is_caught_by_its_rule_alone),
        IN_A_FOLDER(a_wrong_clock_is_told_as_that),
        IN_A_FOLDER(subjects_that_never_open_exit_5),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
