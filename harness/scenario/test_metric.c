/* Is every metric what scenarios, stores and exports take it for? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/test_documents.h"

static void every_metric_has_its_name_and_unit(void **state)
{
    (void)state;
    assert_int_equal(SCENARIO_METRICS, sizeof document_metrics / sizeof document_metrics[0]);
    for (int i = 0; i < SCENARIO_METRICS; i++) {
        assert_string_equal(scenario_metric_names[i], document_metrics[i].name);
        assert_int_equal(scenario_metrics[i].unit, document_metrics[i].unit);
        assert_int_equal(scenario_metrics[i].to != NULL, document_metrics[i].phase);
    }
}

/* Where a number comes from is told once, and costs have what exports need. */
static void every_row_is_whole(void **state)
{
    (void)state;
    for (int i = 0; i < SCENARIO_METRICS; i++) {
        const struct scenario_metric_row *row = &scenario_metrics[i];
        bool rate = row->unit == SCENARIO_PER_SECOND;
        assert_int_equal((row->column != NULL) + (row->to != NULL) + rate, 1);
        assert_true(!row->from || row->to);
        assert_int_equal(row->more_is_better, rate);
        assert_int_equal(row->cost, row->key && row->go_unit);
        assert_true(!row->cost || row->column);
    }
}

static void a_metric_is_found_by_its_whole_name_only(void **state)
{
    enum scenario_metric metric;
    (void)state;
    for (int i = 0; i < SCENARIO_METRICS; i++) {
        assert_int_equal(scenario_metric_find(&metric, scenario_metric_names[i]), 0);
        assert_int_equal(metric, i);
    }
    assert_null(scenario_metric_names[SCENARIO_METRICS]);
    assert_int_equal(scenario_metric_find(&metric, "spawn"), -1);
    assert_int_equal(scenario_metric_find(&metric, ""), -1);
    assert_int_equal(scenario_metric_find(&metric, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_has_its_name_and_unit),
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(a_metric_is_found_by_its_whole_name_only),
    };
    return cmocka_run_group_tests_name("scenario/metric", tests, NULL, NULL);
}
