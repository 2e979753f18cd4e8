/* Does a suggested command find the results where they lie, as sh reads it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "results/test_synthetic.h"

static void check(const char *results, const char *expected)
{
    char option[RESULTS_OPTION_BYTES];
    assert_string_equal(results_option_in(option, results), expected);
}

static void the_usual_folder_needs_no_option(void **state)
{
    struct synthetic *synthetic = *state;
    char *absolute = text_format("%s/results", synthetic->folder);
    assert_int_equal(chdir(synthetic->folder), 0);
    assert_int_equal(mkdir("results", 0700), 0);
    check("results", "");
    check("./results", "");
    check(absolute, "");
    assert_int_equal(rmdir("results"), 0);
    free(absolute);
}

static void any_other_is_named_so_that_sh_reads_it(void **state)
{
    struct synthetic *synthetic = *state;
    char *below = text_format("%s/some where", synthetic->folder);
    assert_int_equal(chdir(synthetic->folder), 0);
    check("/var/results", " --results /var/results");
    check("other", " --results other");
    check("it's $HOME", " --results 'it'\\''s $HOME'");
    check(below, " --results 'some where'");
    check("", " --results ''");
    check("a\nb", " --results 'a?b'"); /* nobody can type it, but it steers no terminal */
    free(below);
}

static void a_store_knows_its_folder(void **state)
{
    struct synthetic *synthetic = *state;
    char option[RESULTS_OPTION_BYTES], *expected = text_format(" --results %s", synthetic->folder);
    assert_int_equal(chdir("/usr"), 0);
    assert_string_equal(results_option(option, synthetic->store), expected);
    free(expected);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(the_usual_folder_needs_no_option),
        WITH_STORE(any_other_is_named_so_that_sh_reads_it),
        WITH_STORE(a_store_knows_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
