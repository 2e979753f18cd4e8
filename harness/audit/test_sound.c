/* Is a sound database left alone, whatever it is made of?
 *
 *     test_sound [DATABASES] [FIRST SEED]       SPAWNBENCH_TEST_LOG=1 prints the statements as well
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "audit/test_made.h"

#define DATABASES_QUICK 60

static long databases = DATABASES_QUICK, first_seed = 1;

/* What has no content cannot be held against it, and says so. All else is to be checked. */
static bool is_right(const struct audit_told *told)
{
    return told->answer == AUDIT_HELD ||
           (told->answer == AUDIT_NOT_CHECKED && strcmp(told->object, "ft") == 0 &&
            strstr(told->why, "it keeps no content"));
}

static bool is_left_alone(const char *path, const char *log)
{
    static const struct audit_options options = {.deep = AUDIT_DEEP_ALWAYS};
    struct audit_findings findings = {0};
    struct audit_report report = {0};
    struct err err = {0};
    bool right = audit_database(&findings, &report, path, &options, &err) == 0;
    if (!right)
        print_error("%s\n", err.text);
    right &= findings.count == 0;
    for (size_t i = 0; i < report.answers.count; i++) {
        const struct audit_told *told = &report.answers.items[i];
        if (!is_right(told)) {
            print_error("%s [%s]: %s\n", told->rule->name, told->object, told->why);
            right = false;
        }
    }
    if (!right && getenv("SPAWNBENCH_TEST_LOG"))
        print_error("%s", log);
    audit_findings_release(&findings);
    audit_report_release(&report);
    return right;
}

static void a_sound_database_is_left_alone(void **state)
{
    char folder[] = "/tmp/spawnbench-test-XXXXXX";
    char *path;
    long wrong = 0;
    (void)state;
    assert_non_null(mkdtemp(folder));
    path = text_format("%s/sound.sqlite", folder);
    for (long i = 0; i < databases; i++) {
        struct maker maker = {.state = (uint64_t)(first_seed + i)};
        make_database(&maker, path);
        if (!is_left_alone(path, maker.log.data)) {
            print_error("... is said of the sound database of seed %ld\n", first_seed + i);
            wrong++;
        }
        text_release(&maker.log);
        unlink(path);
    }
    text_remove_tree(folder);
    free(path);
    assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_sound_database_is_left_alone)};
    databases = argc > 1 ? strtol(argv[1], NULL, 10) : DATABASES_QUICK;
    first_seed = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
