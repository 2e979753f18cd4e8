/* Is every rule that is enforced told to those who write a subject? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "base/text.h"

static void the_protocol_names_every_rule(void **state)
{
    char *text = NULL;
    size_t length = 0, missing = 0;
    (void)state;
    assert_int_equal(
        text_read_file(&text, &length, SOURCE_DIR "/reference/PROTOCOL.md", 1 << 20, NULL), 0);
    for (size_t i = 0; i < audit_rule_count; i++) {
        char *name = text_format("`%s`", audit_rules[i].name);
        if (!strstr(text, name)) {
            print_error("reference/PROTOCOL.md does not tell the rule %s\n", name);
            missing++;
        }
        free(name);
    }
    free(text);
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_protocol_names_every_rule)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
