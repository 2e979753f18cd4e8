/* Does each row get its value, and is the rest refused? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "base/arguments.h"

/* What the rows of these tests fill. */
struct filled {
    bool flag;
    const char *text;
    uint64_t number;
    int words;
};

static int count_words(void *out, const char *value, struct err *err)
{
    if (strcmp(value, "bad") == 0)
        return err_set(err, ERR_USAGE, "a bad word");
    ++*(int *)out;
    return 0;
}

static int fill(struct filled *out, char *const words[], struct err *err)
{
    const struct arguments_row rows[] = {
        {"flag", ARGUMENTS_FLAG, &out->flag, 0, 0, NULL},
        {"text", ARGUMENTS_TEXT, &out->text, 0, 0, NULL},
        {"number", ARGUMENTS_NUMBER, &out->number, 2, 40, NULL},
        {"word", ARGUMENTS_OWN, &out->words, 0, 0, count_words},
        {0},
    };
    char *argv[8] = {(char *)"program"};
    int argc = 1;
    while (words[argc - 1]) {
        argv[argc] = words[argc - 1];
        argc++;
    }
    optind = 0; /* begin anew: getopt(3) */
    opterr = 0;
    *out = (struct filled){.number = 7};
    return arguments_read(rows, argc, argv, err);
}

#define FILL(out, err, ...) fill(out, (char *const[]){__VA_ARGS__, NULL}, err)

static void each_row_gets_its_value(void **state)
{
    struct filled out;
    struct err err = {0};
    (void)state;
    assert_int_equal(FILL(&out, &err, "--text", "a", "--number=40", "--flag", "--word", "x"), 0);
    assert_true(out.flag);
    assert_string_equal(out.text, "a");
    assert_int_equal(out.number, 40);
    assert_int_equal(out.words, 1);
    assert_int_equal(FILL(&out, &err, "--text", "a", "--text", "b"), 0);
    assert_string_equal(out.text, "b");
    assert_false(out.flag);
    assert_int_equal(out.number, 7);
}

static void what_is_not_understood_is_refused(void **state)
{
    static char *const wrong[][3] = {
        {"--number", "1", NULL},  {"--number", "41", NULL}, {"--number", "-3", NULL},
        {"--number", "3x", NULL}, {"--number", "", NULL},   {"--number", "99999999999999999999"},
        {"--nonsense", NULL},     {"--text", NULL},         {"stray", NULL},
        {"--flag=1", NULL},       {"--word", "bad", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct filled out;
        struct err err = {0};
        if (fill(&out, wrong[i], &err) == 0)
            fail_msg("'%s' was taken", wrong[i][0]);
        assert_int_equal(err.code, ERR_USAGE);
        assert_true(err.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_gets_its_value),
        cmocka_unit_test(what_is_not_understood_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
