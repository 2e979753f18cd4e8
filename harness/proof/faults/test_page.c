/* Does a planned fault strike the call that was meant, as often as was meant,
 * on both sides of the page? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "proof/faults/faults.h"

/* The two sides of one page. */
struct sides {
    char path[64];
    struct page *harness, *subject;
};

static int make(void **state)
{
    struct sides *sides = xcalloc(1, sizeof *sides);
    struct err err = {0};
    int fd;
    snprintf(sides->path, sizeof sides->path, "/tmp/spawnbench-test-XXXXXX");
    fd = mkstemp(sides->path);
    if (fd < 0)
        return -1;
    close(fd);
    *state = sides;
    if (page_create(&sides->harness, sides->path, &err) < 0 || page_listens(sides->harness))
        return -1;
    return page_open(&sides->subject, sides->path, &err);
}

static int unmake(void **state)
{
    struct sides *sides = *state;
    page_close(sides->harness);
    page_close(sides->subject);
    unlink(sides->path);
    free(sides);
    return 0;
}

static int strikes(struct sides *sides, enum shim_call call, int calls)
{
    struct shim_fault fault;
    int count = 0;
    for (int i = 0; i < calls; i++)
        count += page_strikes(sides->subject, call, &fault);
    return count;
}

static void a_fault_strikes_its_call_once_or_from_there_on(void **state)
{
    struct sides *sides = *state;
    struct shim_fault fault = {.call = SHIM_WRITE, .nth = 3, .code = 13}, met;
    assert_true(page_listens(sides->harness));
    page_arm(sides->harness, &fault);
    assert_int_equal(strikes(sides, SHIM_SYNC, 5), 0);
    assert_int_equal(strikes(sides, SHIM_WRITE, 2), 0);
    assert_true(page_strikes(sides->subject, SHIM_WRITE, &met));
    assert_int_equal(met.code, 13);
    assert_int_equal(met.call, SHIM_WRITE);
    assert_int_equal(strikes(sides, SHIM_WRITE, 5), 0);
    assert_int_equal(page_fired(sides->harness), 1);
    assert_int_equal(page_calls(sides->harness, SHIM_WRITE), 8);
    assert_int_equal(page_calls(sides->harness, SHIM_SYNC), 5);
    fault.sticky = true;
    page_arm(sides->harness, &fault);
    assert_int_equal(page_fired(sides->harness), 0);
    assert_int_equal(strikes(sides, SHIM_WRITE, 7), 5);
    page_arm(sides->harness, NULL);
    assert_int_equal(strikes(sides, SHIM_WRITE, 7), 0);
    assert_int_equal(page_fired(sides->harness), 5); /* it is still known that it did */
    page_count_anew(sides->harness);
    assert_int_equal(page_calls(sides->harness, SHIM_WRITE), 0);
}

static void what_is_no_page_is_refused(void **state)
{
    struct sides *sides = *state;
    struct page *page = NULL;
    struct err err = {0};
    char *zeros = xcalloc(1, 4096);
    assert_int_equal(page_open(&page, "/no/such/page", &err), -1);
    assert_non_null(strstr(err.text, "/no/such/page"));
    assert_int_equal(text_write_file(sides->path, "short", 5, &err), 0);
    assert_int_equal(page_open(&page, sides->path, &err), -1);
    assert_int_equal(text_write_file(sides->path, zeros, 4096, &err), 0);
    assert_int_equal(page_open(&page, sides->path, &err), -1);
    assert_int_equal(err.code, ERR_FORMAT);
    assert_null(page);
    free(zeros);
}

static void the_catalogue_has_a_row_for_each_name_that_scenarios_know(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCENARIO_FAULTS; i++) {
        const struct fault *fault = &faults_catalogue[i];
        assert_string_equal(fault->name, scenario_fault_names[i]);
        assert_true(strlen(fault->how) > 0 && strlen(fault->due) > 0);
        assert_true((fault->means == FAULT_CALL) == (fault->page.call != SHIM_NONE));
        assert_true(strlen(page_call_name(fault->page.call)) > 0);
    }
    assert_null(scenario_fault_names[SCENARIO_FAULTS]);
}

static void a_former_name_stands_for_those_that_it_became(void **state)
{
    uint64_t former = 0, now = 0;
    (void)state;
    assert_int_equal(scenario_fault_add(&former, "busy-for-ever"), 0);
    assert_int_equal(scenario_fault_add(&now, "busy-while-spawning"), 0);
    assert_int_equal(scenario_fault_add(&now, "busy-while-finishing"), 0);
    assert_true(former == now);
    assert_int_equal(scenario_fault_add(&now, "busy-for-long"), -1);
}

static void a_row_is_intact_only_if_all_struck_and_nothing_was_found(void **state)
{
    static const struct audit_rule integrity = {.severity = AUDIT_INTEGRITY},
                                   conduct = {.severity = AUDIT_CONDUCT};
    static const struct {
        struct faults_row row;
        enum faults_verdict verdict;
    } cases[] = {{{.tried = 3, .struck = 3}, FAULTS_INTACT},
                 {{.tried = 3, .struck = 3, .findings = 1, .rule = &conduct}, FAULTS_MISCONDUCT},
                 {{.tried = 0, .struck = 0, .findings = 1, .rule = &integrity}, FAULTS_BROKEN},
                 {{.tried = 3, .struck = 2}, FAULTS_INVALID},
                 {{.tried = 3, .struck = 0}, FAULTS_INVALID},
                 {{.tried = 3, .struck = 2, .findings = 1, .rule = &integrity}, FAULTS_BROKEN},
                 {{.tried = 3, .struck = 3, .findings = 1, .rule = &integrity}, FAULTS_BROKEN},
                 {{.skipped = "why"}, FAULTS_INTACT}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(faults_judge(&cases[i].row), cases[i].verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fault_strikes_its_call_once_or_from_there_on, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(what_is_no_page_is_refused, make, unmake),
        cmocka_unit_test(the_catalogue_has_a_row_for_each_name_that_scenarios_know),
        cmocka_unit_test(a_former_name_stands_for_those_that_it_became),
        cmocka_unit_test(a_row_is_intact_only_if_all_struck_and_nothing_was_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
