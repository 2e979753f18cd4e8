/* Is a failure told step by step, root cause last, and cut where it must be? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"

static void steps_stand_before_the_cause(void **state)
{
    struct err err = {0};
    (void)state;
    errno = ENOENT;
    assert_int_equal(err_system(&err, "cannot open '%s'", "x"), -1);
    errno = 0;
    assert_int_equal(err_wrap(&err, "scenario '%s'", "x"), -1);
    assert_int_equal(err_wrap(&err, "run"), -1);
    assert_string_equal(err.text, "run: scenario 'x': cannot open 'x': No such file or directory");
    assert_int_equal(err.code, ERR_SYSTEM);
    assert_int_equal(err.os_error, ENOENT);
    assert_int_equal(err_set(&err, ERR_FORMAT, "line %d", 3), -1);
    assert_string_equal(err.text, "line 3");
    assert_int_equal(err.os_error, 0);
}

static void nobody_need_listen(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_FORMAT, "x"), -1);
    assert_int_equal(err_system(NULL, "x"), -1);
    assert_int_equal(err_wrap(NULL, "x"), -1);
}

static void what_is_too_long_is_marked(void **state)
{
    struct err err = {0};
    char most[sizeof err.text] = {0}; /* the longest that fits */
    (void)state;
    memset(most, 'x', sizeof most - 1);
    err_set(&err, ERR_FORMAT, "%s", most);
    assert_string_equal(err.text, most);
    err_wrap(&err, "y");
    assert_memory_equal(err.text, "y: xxx", 6);
    assert_string_equal(err.text + sizeof err.text - 6, "xx...");
}

static void a_cut_leaves_whole_characters(void **state)
{
    struct err err = {0};
    char most[sizeof err.text + 8] = {0};
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(most, 'x', shift);
        for (size_t at = shift; at < sizeof most - 2; at += 2) {
            most[at] = '\xc3';
            most[at + 1] = '\xa4';
        }
        assert_int_equal(err_set(&err, ERR_FORMAT, "%s", most), -1);
        assert_non_null(strstr(err.text, "\xc3\xa4..."));
        assert_null(strchr(err.text, '?'));
        err_wrap(&err, "%s", most); /* also of the step */
        assert_non_null(strstr(err.text, "\xc3\xa4..."));
        assert_null(strchr(err.text, '?'));
    }
}

/* Keys, names and answers of strangers get into messages: they must neither steer a terminal nor
 * spoil the JSON document that tells the message, nor look like a message of their own. */
static void strangers_words_stay_words_in_one_line(void **state)
{
    struct err err = {0};
    (void)state;
    err_set(&err, ERR_FORMAT, "key '%s'", "a\x1b[2J\x7f\xff\nspawnbench: all is well");
    assert_string_equal(err.text, "key 'a?[2J?? spawnbench: all is well'");
    err_wrap(&err, "file '%s'", "\t\xc3");
    assert_string_equal(err.text, "file '?\?': key 'a?[2J?? spawnbench: all is well'");
    errno = ENOENT;
    err_system(&err, "cannot open '%s'", "\xe2\x82");
    assert_string_equal(err.text, "cannot open '?\?': No such file or directory");
}

static void codes_become_exits(void **state)
{
    static const struct {
        struct err err;
        int exit;
    } cases[] = {{{ERR_NONE, 0, ""}, 0},          {{ERR_USAGE, 0, ""}, 2},
                 {{ERR_FORMAT, 0, ""}, 2},        {{ERR_SYSTEM, ENOSPC, ""}, 5},
                 {{ERR_UNFIT, 0, ""}, 5},         {{ERR_SUBJECT, 0, ""}, 5},
                 {{ERR_INTERRUPTED, 2, ""}, 130}, {{ERR_INTERNAL, 0, ""}, 70}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(err_exit_code(&cases[i].err), cases[i].exit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_stand_before_the_cause),
        cmocka_unit_test(nobody_need_listen),
        cmocka_unit_test(what_is_too_long_is_marked),
        cmocka_unit_test(a_cut_leaves_whole_characters),
        cmocka_unit_test(strangers_words_stay_words_in_one_line),
        cmocka_unit_test(codes_become_exits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
