/* Do the figures of the judgement show what the verdict says, and nothing where nothing is
 * known? */
#include "report/test_invented.h"

typedef int figure_data(struct text *out, struct results *store, const struct facts *facts,
                        struct err *err);

/* All data of a figure; the caller frees it. "" when there is nothing to show. */
static char *data_of(figure_data *make)
{
    struct text data = {0};
    struct err err = {0};
    if (make(&data, store, &facts, &err) < 0)
        fail_msg("%s", err.text);
    return text_take(&data);
}

/* The n-th data set of a figure's data, rows with their line ends; the caller frees it. */
static char *set_of(const char *data, int n)
{
    const char *end;
    for (; n > 0; n--) {
        data = strstr(data, "\n\n\n");
        assert_non_null(data);
        data += 3;
    }
    end = strstr(data, "\n\n\n");
    assert_non_null(end);
    return text_format("%.*s", (int)(end - data + 1), data);
}

static size_t rows_of(const char *set)
{
    size_t rows = 0;
    for (; *set; set++)
        rows += *set == '\n';
    return rows;
}

static double column(const char *row, int n)
{
    for (; n > 0; n--)
        row += strcspn(row, "\t\n") + 1;
    return strtod(row, NULL);
}

/* twice as fast in the middle, but equally slow in the slow half */
static double slow_tail(int arm, int value, int pair)
{
    int rank = pair * 73 % 200; /* in no order */
    double base = 2e6 + rank * 100;
    (void)value;
    return arm == 0 ? base : rank < 100 ? base / 2 : base;
}

/* ---- ratios ---- */

static void every_pair_has_its_point_and_the_claim_its_line(void **state)
{
    char *data, *set;
    (void)state;
    invent("{\"name\":\"t\",\"cycles\":20,\"block\":5," BASE PAIR "," TWICE "}", thrice);
    data = data_of(data_ratios);
    set = set_of(data, 1);
    assert_true(column(set, 0) < 2 && column(set, 1) > 3); /* the axis reaches claim and points */
    assert_true(fabs(column(set, 3) - facts.verdict.items[0].estimate) < 1e-6);
    assert_true(fabs(column(set, 4) - facts.verdict.items[0].lower) < 1e-6);
    assert_true(fabs(column(set, 6) - 2) < 1e-9);
    assert_non_null(strstr(set, "\tNaN\t20\tfast: sequential / parallel\n"));
    free(set);
    set = set_of(data, 2);
    assert_int_equal(rows_of(set), 20);
    assert_true(strncmp(set, "1\t3\n2\t3.000007\n", 15) == 0);
    free(set);
    set = set_of(data, 3);
    assert_string_equal(set, "0.5\t3.000007\n5.5\t3.000009\n10.5\t3.000011\n15.5\t3.000012\n"
                             "20.5\t3.000012\n");
    free(set);
    set = set_of(data, 4);
    assert_string_equal(set, "NaN\tNaN\n");
    free(set);
    free(data);
    forget();
}

static void failed_pairs_stand_at_the_edge_where_they_count(void **state)
{
    char *data, *set;
    (void)state;
    invent("{\"name\":\"t\",\"cycles\":20," BASE PAIR "," TWICE "}", failing);
    data = data_of(data_ratios);
    set = set_of(data, 2);
    assert_int_equal(rows_of(set), 18);
    free(set);
    set = set_of(data, 4);
    assert_string_equal(set, "3\t-1\n5\t1\n");
    free(set);
    free(data);
    forget();
}

/* Without a claim of a ratio the arms sequential and parallel are compared; others are not. */
static void the_usual_pair_is_shown_without_a_claim(void **state)
{
    char *data, *set;
    (void)state;
    invent("{\"name\":\"t\",\"cycles\":20," BASE PAIR "}", thrice);
    data = data_of(data_ratios);
    set = set_of(data, 1);
    assert_non_null(strstr(set, "\tNaN\tNaN\t20\tsequential / parallel\n"));
    free(set);
    free(data);
    forget();
    invent("{\"name\":\"t\",\"cycles\":20," BASE
           "\"arms\":[{\"name\":\"sequential\",\"subject\":[\"x\"]}]}",
           thrice);
    data = data_of(data_ratios);
    assert_string_equal(data, "");
    free(data);
    data = data_of(data_shift);
    assert_string_equal(data, "");
    free(data);
    forget();
}

/* A claim that it is the same is shown as arm / than with both its limits. */
static void within_has_two_limits_and_its_own_direction(void **state)
{
    char *data, *set;
    (void)state;
    invent("{\"name\":\"t\",\"cycles\":20," BASE PAIR "," TWICE "}", thrice);
    facts.scenario.claims[0].kind = SCENARIO_CLAIM_WITHIN;
    facts.scenario.claims[0].share = 0.1;
    facts.verdict.items[0].estimate = NAN; /* so that it is taken from the pairs */
    data = data_of(data_ratios);
    set = set_of(data, 1);
    assert_true(fabs(column(set, 3) - 1 / 3.0) < 1e-4);
    assert_non_null(strstr(set, "\t0.9\t1.1\t20\tfast: parallel / sequential\n"));
    free(set);
    free(data);
    forget();
}

static void many_pairs_are_thinned_and_keep_their_extremes(void **state)
{
    char *data, *set;
    (void)state;
    invent("{\"name\":\"t\",\"cycles\":2600,\"block\":5," BASE PAIR "}", thrice);
    data = data_of(data_ratios);
    set = set_of(data, 2);
    assert_in_range(rows_of(set), 1000, FIGURE_MOST_STEPS);
    assert_non_null(strstr(set, "\n1301\t9\n"));
    free(set);
    set = set_of(data, 3);
    assert_in_range(rows_of(set), 50, FIGURE_MOST_BLOCKS + 1);
    free(set);
    free(data);
    forget();
}

/* ---- shift ---- */

static void the_shift_tells_the_tail_from_the_middle(void **state)
{
    char *data, *set, *row;
    double last = 0;
    (void)state;
    invent("{\"name\":\"t\",\"cycles\":200," BASE PAIR "," TWICE "}", slow_tail);
    data = data_of(data_shift);
    set = set_of(data, 2);
    assert_int_equal(rows_of(set), 19);
    assert_true(fabs(column(set, 0) - 5) < 1e-9);
    assert_true(fabs(column(set, 1) - 2) < 0.02);
    for (row = set; *row; row = strchr(row, '\n') + 1) {
        last = column(row, 1);
        assert_true(column(row, 2) <= last && last <= column(row, 3));
    }
    assert_true(fabs(last - 1) < 0.02);
    free(set);
    free(data);
    forget();
}

/* ---- distribution ---- */

/* The band holds the curve; at the claimed quantile, with the claim's tau, it is its interval. */
static void the_band_meets_the_interval_of_the_claim(void **state)
{
    const struct verdict_item *item;
    char *data, *band, *bar, *low, *row, want[40];
    (void)state;
    invent("{\"name\":\"t\",\"cycles\":200," BASE PAIR "," TWICE "}", slow_tail);
    item = &facts.verdict.items[1];
    data = data_of(data_distribution);
    assert_string_equal(low = set_of(data, 4), "NaN\tNaN\n"); /* no claim is about this arm */
    free(low);
    band = set_of(data, 7);
    bar = set_of(data, 8);
    assert_int_equal(rows_of(band), 202);
    snprintf(want, sizeof want, "%.6f\t90\n", item->lower / 1e6);
    row = strstr(band, want);
    assert_non_null(row);
    snprintf(want, sizeof want, "%.6f\t90\n", item->upper / 1e6);
    assert_non_null(strstr(row, want));
    assert_true(fabs(column(bar, 0) - item->lower / 1e6) < 1e-6);
    assert_true(fabs(column(bar, 1) - item->upper / 1e6) < 1e-6);
    assert_true(fabs(column(bar, 2) - 90) < 1e-9);
    free(band);
    free(bar);
    free(data);
    forget();
}

/* Five cycles give no upper bound of a p90: the bar reaches the edge and has no cap there. */
static void an_open_interval_reaches_the_edge(void **state)
{
    char *data, *bar, *panel;
    (void)state;
    invent("{\"name\":\"t\",\"cycles\":5," BASE PAIR "," TWICE "}", thrice);
    data = data_of(data_distribution);
    panel = set_of(data, 1);
    bar = set_of(data, 8);
    assert_true(fabs(column(bar, 1) - column(panel, 2)) < 1e-6);
    assert_non_null(strstr(bar, "\tNaN\n"));
    free(panel);
    free(bar);
    free(data);
    forget();
}

/* ---- modes, phases ---- */

static void two_heaps_are_shown_and_one_is_not(void **state)
{
    char *data, *set, *row;
    double low = 0, middle = 0;
    (void)state;
    invent("{\"name\":\"t\",\"cycles\":100," BASE PAIR "}", two_heaps);
    data = data_of(data_modes);
    set = set_of(data, 2);
    assert_non_null(strstr(set, "sequential: median"));
    assert_non_null(strstr(set, "parallel: two modes, 1"));
    assert_non_null(strstr(set, " %) and 2."));
    free(set);
    set = set_of(data, 5); /* the outline of parallel has a waist */
    for (row = set; *row; row = strchr(row, '\n') + 1) {
        double half = column(row, 1) + 1, ms = column(row, 0);
        low = fabs(ms - 1.005) < 0.01 ? fmax(low, half) : low;
        middle = fabs(ms - 1.5) < 0.1 ? fmax(middle, half) : middle;
    }
    assert_true(low > 0.3 && middle < 0.01);
    free(set);
    free(data);
    forget();
    invent("{\"name\":\"t\",\"cycles\":100," BASE PAIR "}", constant);
    data = data_of(data_modes);
    assert_string_equal(data, "");
    free(data);
    forget();
}

static void phases_without_a_witness_are_start_and_ready(void **state)
{
    char *data, *set;
    (void)state;
    invent("{\"name\":\"t\",\"cycles\":20," BASE PAIR "}", thrice);
    data = data_of(data_phases);
    set = set_of(data, 0);
    assert_string_equal(set, "1\t2\t1\t2\t0\t0\t0\t2\t0\n");
    free(set);
    set = set_of(data, 2);
    assert_non_null(strstr(set, "sequential: ready after 3.00 ms\n"));
    free(set);
    set = set_of(data, 7);
    assert_true(strncmp(set, "0.200000\t3.0000", 15) == 0);
    free(set);
    free(data);
    forget();
    invent("{\"name\":\"t\",\"cycles\":3," BASE PAIR "}", never);
    data = data_of(data_phases);
    assert_string_equal(data, "");
    free(data);
    forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_has_its_point_and_the_claim_its_line),
        cmocka_unit_test(failed_pairs_stand_at_the_edge_where_they_count),
        cmocka_unit_test(the_usual_pair_is_shown_without_a_claim),
        cmocka_unit_test(within_has_two_limits_and_its_own_direction),
        cmocka_unit_test(many_pairs_are_thinned_and_keep_their_extremes),
        cmocka_unit_test(the_shift_tells_the_tail_from_the_middle),
        cmocka_unit_test(the_band_meets_the_interval_of_the_claim),
        cmocka_unit_test(an_open_interval_reaches_the_edge),
        cmocka_unit_test(two_heaps_are_shown_and_one_is_not),
        cmocka_unit_test(phases_without_a_witness_are_start_and_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
