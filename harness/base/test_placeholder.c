/* Is a placeholder found where it stands, and nothing else changed? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/placeholder.h"

static void a_placeholder_is_filled_wherever_it_stands(void **state)
{
    static const struct {
        const char *word, *filled;
        bool in;
    } cases[] = {{"", "", false},
                 {"{home}", "/h", true},
                 {"--at={home}/x:{home}", "--at=/h/x:/h", true},
                 {"{{home}", "{home}", false},
                 {"{{home}{home}", "{home}/h", true},
                 {"{homes} {hom", "{homes} {hom", false},
                 {"{\"a\": {}}", "{\"a\": {}}", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *filled = placeholder_fill(cases[i].word, "{home}", "/h");
        assert_string_equal(filled, cases[i].filled);
        assert_int_equal(placeholder_in(cases[i].word, "{home}"), cases[i].in);
        free(filled);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_placeholder_is_filled_wherever_it_stands),
    };
    return cmocka_run_group_tests_name("base/placeholder", tests, NULL, NULL);
}
