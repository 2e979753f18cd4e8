/* Does spawnbench gate --self-test see all it must, and say so when it does not? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/test_cli.h"

static void all_is_seen(void **state)
{
    struct cli_said said = cli_say(*state, "gate", "--self-test", NULL);
    if (said.exit_status != 0)
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    assert_said(said.out, "16 tried, 0 missed");
    assert_null(strstr(said.out, "MISSED"));
    cli_forget(&said);
}

/* With a tolerance of 100,000 % the planted regression is none, and the self-test must fail. */
static void a_blind_gate_is_found_out(void **state)
{
    struct cli_said said = cli_say(*state, "gate", "--self-test", "--max-regression=100000%", NULL);
    assert_int_equal(said.exit_status, 1);
    assert_said(said.out, "MISSED agents that initialise 100 ms instead of 3");
    cli_forget(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_is_seen, cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(a_blind_gate_is_found_out, cli_folder, cli_folder_remove),
    };
    return cmocka_run_group_tests_name("cli/gate_self_test", tests, NULL, NULL);
}
