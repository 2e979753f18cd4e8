/* Do the figures of the judgement show what the verdict says,
 * and nothing where nothing is known? */
#include <fcntl.h>

#include "base/process.h"
#include "report/figure.h"
#include "report/test_fixture.h"

#define BASE "\"warmup\":0,\"agents\":[{\"name\":\"a\",\"command\":[\"/bin/true\"]}],"
#define PAIR                                                                                       \
    "\"arms\":[{\"name\":\"sequential\",\"subject\":[\"x\"]},{\"name\":\"parallel\",\"subject\":"  \
    "[\"x\"]}]"
#define TWICE                                                                                      \
    "\"claims\":[{\"id\":\"fast\",\"faster\":\"parallel\",\"than\":\"sequential\",\"at_least\":2}" \
    ",{\"id\":\"p90\",\"arm\":\"parallel\",\"quantile\":0.9,\"at_most\":\"5ms\"}]"

/* An invented run: how long each cycle took; 0 or less: it failed. */
typedef double invented_ns(int arm, int value, int pair);

static struct store *store;
static char *folder;
static struct facts facts;

static void put_cycle(const struct scenario *scenario, int64_t run, const struct plan_item *item,
                      int64_t index, double ns)
{
    struct run_cycle cycle = {.index = index, .item = *item, .sent_ns = (index + 1) * 1000000000};
    struct err err = {0};
    cycle.agent_count = scenario_batch_size(scenario, (size_t)item->value);
    cycle.agents = xcalloc(cycle.agent_count, sizeof *cycle.agents);
    cycle.outcome = ns > 0 ? RUN_READY : RUN_FAILED;
    cycle.spawn_time_ns = cycle.ready_time_ns = ns > 0 ? (int64_t)ns : -1;
    cycle.answered_ns = cycle.finished_ns = cycle.sent_ns + (int64_t)fabs(ns);
    for (size_t i = 0; i < cycle.agent_count; i++) {
        struct run_agent *agent = &cycle.agents[i];
        agent->asked = scenario_agent_at(scenario, i);
        agent->outcome = cycle.outcome;
        agent->start_ns = cycle.sent_ns + 200000;
        agent->ready_ns = ns > 0 ? cycle.answered_ns : 0;
    }
    snprintf(cycle.consensus, sizeof cycle.consensus, "agreed");
    if (store_cycle_begin(store, run, &cycle, 1, 0, &err) < 0 ||
        store_cycle_commit(store, &err) < 0)
        fail_msg("%s", err.text);
    free(cycle.agents);
}

/* The facts of such a run, until `forget`. */
static void invent(const char *json, invented_ns *took)
{
    struct scenario scenario;
    struct store_run run = {.scenario_path = (char *)"x", .options_json = (char *)"{}"};
    struct plan plan;
    struct err err = {0};
    folder = fixture_folder();
    store = fixture_store(folder);
    if (scenario_parse(&scenario, json, strlen(json), &err) < 0)
        fail_msg("%s", err.text);
    plan_build(&plan, &scenario, NULL, 0, 7);
    run.scenario_name = scenario.name;
    run.scenario_text = scenario.source;
    run.environment_json = (char *)"{\"cpus_online\":2}";
    run.command = run.version = (char *)"";
    run.planned = plan.count;
    assert_int_equal(store_run_begin(store, &run, &err), 0);
    for (size_t i = 0; i < plan.count; i++) {
        const struct plan_item *item = &plan.items[i];
        put_cycle(&scenario, run.id, item, (int64_t)i, took(item->arm, item->value, item->pair));
    }
    assert_int_equal(store_run_end(store, run.id, true, "", &err), 0);
    if (facts_load(&facts, store, run.id, &err) < 0)
        fail_msg("%s", err.text);
    plan_release(&plan);
    scenario_release(&scenario);
}

static void forget(void)
{
    facts_release(&facts);
    store_close(store);
    fixture_remove(folder);
}

typedef int figure_data(struct text *out, struct store *store, const struct facts *facts,
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

/* ---- invented times ---- */

static double thrice(int arm, int value, int pair)
{
    (void)value;
    return arm == 1 ? 1e6 : pair == 1300 ? 9e6 : 3e6 + pair * 7 % 20; /* in no order */
}

/* In pair 2 the fast one fails, in pair 4 the slow one. */
static double failing(int arm, int value, int pair)
{
    return (pair == 2 && arm == 1) || (pair == 4 && arm == 0) ? -1e6 : thrice(arm, value, pair);
}

static double never(int arm, int value, int pair)
{
    (void)arm, (void)value, (void)pair;
    return -1e6;
}

static double constant(int arm, int value, int pair)
{
    (void)arm, (void)value, (void)pair;
    return 2e6;
}

static double two_heaps(int arm, int value, int pair)
{
    double jitter = 1 + 0.01 * ((pair * 7919 % 101) / 101.0);
    return (arm == 0 ? 3e6 : pair * 31 % 10 < 3 ? 2e6 : 1e6) * jitter * (value + 1);
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

static void phases_without_a_ledger_are_start_and_ready(void **state)
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

/* ---- drawing: every awkward run, without a word of complaint ---- */

static double mixed(int arm, int value, int pair)
{
    return pair * 7 % 5 == 0 ? -1e6 : two_heaps(arm, value, pair);
}

static double far_apart(int arm, int value, int pair)
{
    return two_heaps(arm, value, pair) * (arm == 0 ? 1000 : 1) * (pair % 50 == 3 ? 40 : 1);
}

#define NAME "a-name-of-sixty-four-bytes-which-is-as-long-as-names-can-"
#define VARY                                                                                       \
    "\"vary\":{\"agents\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,"  \
    "27,28,29,30,31,32]},"
#define ONE(n) "{\"name\":\"" NAME n "\",\"subject\":[\"x\"]},"
#define MANY                                                                                       \
    "\"arms\":[" ONE("01") ONE("02") ONE("03") ONE("04") ONE("05") ONE("06") ONE("07") ONE("08")   \
        ONE("09") ONE("10") ONE("11") ONE("12") ONE("13") ONE("14")                                \
            ONE("15") "{\"name\":\"z\",\"subject\":[\"x\"]}],\"claims\":[{\"id\":\"i\","           \
                      "\"faster\":\"" NAME "02\",\"than\":\"" NAME "01\",\"at_least\":2}]"

static const struct {
    const char *json;
    invented_ns *took;
    const char *wanted; /* first letters of the figures, in the order of enum figure_kind */
} awkward[] = {
    {"{\"name\":\"t\",\"cycles\":1," BASE PAIR "," TWICE "}", thrice, "dtcrsp"},
    {"{\"name\":\"t\",\"cycles\":2," BASE PAIR "}", thrice, "dtcrsp"},
    {"{\"name\":\"t\",\"cycles\":5," BASE PAIR "," TWICE "}", failing, "dtcrsp"},
    {"{\"name\":\"t\",\"cycles\":5," BASE PAIR "," TWICE "}", never, "t"},
    {"{\"name\":\"t\",\"cycles\":50," BASE PAIR "," TWICE "}", constant, "dtcrsp"},
    {"{\"name\":\"t\",\"cycles\":80," BASE PAIR "," TWICE "}", two_heaps, "dtcrsmp"},
    {"{\"name\":\"t\",\"cycles\":90," BASE PAIR "," TWICE "}", mixed, "dtcrsmp"},
    {"{\"name\":\"t\",\"cycles\":90," BASE PAIR "," TWICE "}", far_apart, "dtcrsmp"},
    {"{\"name\":\"t\",\"cycles\":50," BASE VARY PAIR "," TWICE "}", two_heaps, "dtScrsmp"},
    {"{\"name\":\"t\",\"cycles\":50," BASE MANY "}", two_heaps, "dtcrsmp"},
};

/* gnuplot's own words about one figure, once more; the caller frees them. */
static char *complaints_of(const char *name)
{
    char *script = text_format("./t-%s.gp", name), *data = text_format("./t-%s.dat", name);
    const char *const argv[] = {"gnuplot", "-d", "-c", script, "./again.svg", data, NULL};
    struct process process;
    struct err err = {0};
    char *path = text_format("%s/complaints", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(process_start(&process, argv, NULL, folder, fd, &err), 0);
    close(process.in);
    process.in = -1;
    process_wait(&process, INT64_MAX, NULL);
    close(fd);
    free(path);
    free(script);
    free(data);
    return fixture_read(folder, "complaints");
}

static bool have_gnuplot(void)
{
    const char *const argv[] = {"gnuplot", "--version", NULL};
    struct process process;
    struct err err = {0};
    if (process_start(&process, argv, NULL, NULL, -1, &err) < 0)
        return false;
    process_end(&process, 1000000000, NULL);
    return true;
}

static void draw_awkward(size_t run)
{
    static const char letters[FIGURE_KINDS + 1] = "dtScrsmp";
    struct figure_set set = {.prefix = "t"};
    struct err err = {0};
    invent(awkward[run].json, awkward[run].took);
    if (figure_draw(&set, folder, store, &facts, &err) < 0 || set.missing)
        fail_msg("run %zu: %s%s", run, err.text, set.trouble);
    for (int kind = 0; kind < FIGURE_KINDS; kind++) {
        const char *name = figure_name((enum figure_kind)kind);
        bool wanted = strchr(awkward[run].wanted, letters[kind]) != NULL;
        char *said;
        if (set.wanted[kind] != wanted)
            fail_msg("run %zu: %s is%s wanted", run, name, wanted ? "" : " not");
        if (!wanted || kind == FIGURE_TIMELINE || kind == FIGURE_SCALING)
            continue; /* the time line is known to warn of the phases it does not show */
        said = complaints_of(name);
        if (strcmp(said, "") != 0)
            fail_msg("run %zu: %s: %s", run, name, said);
        free(said);
    }
    forget();
}

static void awkward_runs_are_drawn_without_complaint(void **state)
{
    (void)state;
    if (!have_gnuplot())
        skip();
    for (size_t i = 0; i < sizeof awkward / sizeof awkward[0]; i++)
        draw_awkward(i);
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
        cmocka_unit_test(phases_without_a_ledger_are_start_and_ready),
        cmocka_unit_test(awkward_runs_are_drawn_without_complaint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
