/* Are words split as a user of a shell expects, without any shell? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trend/gate/gating.h"

static void words_are_split_and_quotes_hold_together(void **state)
{
    static const struct {
        const char *text;
        const char *words[6];
    } cases[] = {
        {"spawner", {"spawner"}},
        {"  {reference}\t--mode  parallel \n", {"{reference}", "--mode", "parallel"}},
        {"a 'b c' d", {"a", "b c", "d"}},
        {"a \"b c\" d", {"a", "b c", "d"}},
        {"a\\ b c", {"a b", "c"}},
        {"a''b \"\" ''", {"ab", "", ""}},
        {"'it'\\''s' \"a \\\"b\\\" \\\\ \\n\"", {"it's", "a \"b\" \\ \\n"}},
        {"echo $HOME `id` *; rm -rf / | x", {"echo", "$HOME", "`id`", "*;", "rm", "-rf"}},
        {"a '$(b)'", {"a", "$(b)"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char **words = NULL;
        struct err err = {0};
        if (gate_split_command(&words, cases[i].text, &err) < 0)
            fail_msg("%s", err.text);
        for (size_t k = 0; k < 6 && cases[i].words[k]; k++)
            assert_string_equal(words[k], cases[i].words[k]);
        gate_free_words(words);
    }
}

static void what_is_no_command_is_refused(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {{"", "empty"},          {"   \t", "empty"},     {"''", "empty"},
                 {"'' x", "empty"},      {"a 'b", "not closed"}, {"a \"b\\\"", "not closed"},
                 {"a \\", "not closed"}, {"a b'", "not closed"}};
    char many[2 * GATE_MOST_WORDS + 4];
    char **words = NULL;
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        err = (struct err){0};
        assert_int_equal(gate_split_command(&words, cases[i].text, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
        assert_non_null(strstr(err.text, cases[i].said));
    }
    memset(many, 0, sizeof many);
    for (size_t i = 0; i <= GATE_MOST_WORDS; i++) {
        many[2 * i] = 'x';
        many[2 * i + 1] = ' ';
    }
    assert_int_equal(gate_split_command(&words, many, &err), -1);
    assert_non_null(strstr(err.text, "more than"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_and_quotes_hold_together),
        cmocka_unit_test(what_is_no_command_is_refused),
    };
    return cmocka_run_group_tests_name("trend/gate/command", tests, NULL, NULL);
}
