/* Are figures drawn from data that stays data, the same every time, and is their absence told? */
#include "report/figure.h"
#include "report/test_fixture.h"

static void thinning_keeps_ends_and_stays_small(void **state)
{
    enum { MANY = 100000 };
    double *samples = xcalloc(MANY, sizeof *samples);
    size_t *keep = xcalloc(MANY, sizeof *keep), kept;
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        samples[i] = 1e6 + fixture_uniform() * 1e7 + (i % 1000 == 0 ? 1e9 : 0);
    stats_sort(samples, MANY);
    kept = data_thin(keep, samples, MANY);
    assert_in_range(kept, 1000, FIGURE_MOST_STEPS);
    assert_int_equal(keep[0], 0);
    assert_int_equal(keep[kept - 1], MANY - 1);
    for (size_t i = 1; i < kept; i++) /* no step of the curve is off by more than it can show */
        assert_true(keep[i] > keep[i - 1] && keep[i] - keep[i - 1] <= MANY / 1900 + 1);
    assert_int_equal(data_thin(keep, samples, 0), 0);
    assert_int_equal(data_thin(keep, samples, 1), 1);
    assert_int_equal(data_thin(keep, samples, 100), 100);
    free(samples);
    free(keep);
}

static void rows_carry_exact_ms_and_safe_labels(void **state)
{
    struct text row = {0};
    (void)state;
    data_row(&row, "mids", 1234567.0, 7, 0.5, "a\t\"b\"\n`c` <d>");
    assert_string_equal(row.data, "1.234567\t7\t0.5\ta 'b' `c` <d>\n");
    text_clear(&row);
    data_row(&row, "ms", INFINITY, "a name that is much longer than any legend has room for");
    assert_string_equal(row.data, "NaN\ta name that is much lo...nd has room for\n");
    text_clear(&row);
    data_gap(&row, 0, 3);
    assert_string_equal(row.data, "NaN\tNaN\tNaN\n\n\n");
    text_release(&row);
}

/* What figure_draw leaves in a folder for one invented run. */
static struct figure_set drawn(const char *folder, const struct fixture *fixture)
{
    struct figure_set set = {0};
    struct facts facts;
    struct err err = {0};
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, fixture);
    if (facts_load(&facts, store, run, &err) < 0)
        fail_msg("%s", err.text);
    snprintf(set.prefix, sizeof set.prefix, "%s", facts.scenario.name);
    if (figure_draw(&set, folder, store, &facts, &err) < 0)
        fail_msg("%s", err.text);
    facts_release(&facts);
    results_close(store);
    return set;
}

static const char varied[] =
    "{\"name\":\"varied\",\"cycles\":12,\"warmup\":1,\"vary\":{\"agents\":[1,2,60,3,4,5,100]},"
    "\"agents\":[{\"name\":\"a\",\"command\":[\"{agent}\"]}],"
    "\"arms\":[{\"name\":\"sequential\",\"subject\":[\"x\"]},{\"name\":\"a-name-of-sixty-four-"
    "bytes-which-is-as-long-as-names-can-b\",\"subject\":[\"x\"]}]}";

static const char sixteen[] =
    "{\"name\":\"sixteen\",\"cycles\":3,\"warmup\":0,"
    "\"agents\":[{\"name\":\"a\",\"command\":[\"/bin/true\"]}],\"arms\":["
    "{\"name\":\"a1\",\"subject\":[\"x\"]},{\"name\":\"a2\",\"subject\":[\"x\"]},"
    "{\"name\":\"a3\",\"subject\":[\"x\"]},{\"name\":\"a4\",\"subject\":[\"x\"]},"
    "{\"name\":\"a5\",\"subject\":[\"x\"]},{\"name\":\"a6\",\"subject\":[\"x\"]},"
    "{\"name\":\"a7\",\"subject\":[\"x\"]},{\"name\":\"a8\",\"subject\":[\"x\"]},"
    "{\"name\":\"a9\",\"subject\":[\"x\"]},{\"name\":\"a10\",\"subject\":[\"x\"]},"
    "{\"name\":\"a11\",\"subject\":[\"x\"]},{\"name\":\"a12\",\"subject\":[\"x\"]},"
    "{\"name\":\"a13\",\"subject\":[\"x\"]},{\"name\":\"a14\",\"subject\":[\"x\"]},"
    "{\"name\":\"a15\",\"subject\":[\"x\"]},{\"name\":\"a16\",\"subject\":[\"x\"]}]}";

/* Each kind of run that changes what a figure has to show. */
static const struct fixture runs[] = {
    {.scenario = fixture_three_agents},
    {.scenario = fixture_three_agents, .cycles = 16, .partial = true}, /* one counted cycle */
    {.scenario = fixture_three_agents, .fail_every = 4},
    {.scenario = fixture_three_agents, .all_fail = true},
    {.scenario = fixture_three_agents, .all_fail = true, .hang = true},
    {.scenario = fixture_three_agents, .unwitnessed = true, .no_store = true},
    {.scenario = varied},
    {.scenario = varied, .fail_every = 2, .unwitnessed = true},
    {.scenario = sixteen},
    {.scenario = fixture_three_agents,
     .agent_name = "`touch canary` \"|<&;'$(touch canary)@_^{}\\\n"},
};

static void every_kind_of_run_is_drawn(void **state)
{
    (void)state;
    if (!fixture_have_gnuplot())
        skip();
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        char *folder = fixture_folder();
        struct figure_set set = drawn(folder, &runs[i]);
        if (set.missing)
            fail_msg("run %zu: %s", i, set.trouble);
        for (int kind = 0; kind < FIGURE_KINDS; kind++) {
            char *name = text_format("%s-%s.svg", set.prefix, figure_name((enum figure_kind)kind));
            char *svg = fixture_read(folder, name);
            assert_int_equal(svg != NULL, set.wanted[kind]);
            if (svg)
                assert_non_null(strstr(svg, "</svg>"));
            free(svg);
            free(name);
        }
        fixture_remove(folder);
    }
}

static void names_never_become_code(void **state)
{
    static const struct fixture hostile = {
        .scenario = fixture_three_agents,
        .agent_name =
            "`touch canary` <b onload=x>&amp; \"|'$(touch canary)\001\377\n\tEOD @x _y ^z"};
    char *folder, *svg, *data;
    (void)state;
    if (!fixture_have_gnuplot())
        skip();
    folder = fixture_folder();
    assert_false(drawn(folder, &hostile).missing);
    assert_null(fixture_read(folder, "canary"));
    data = fixture_read(folder, "three-agents-timeline.dat");
    assert_non_null(strstr(data, "`touch canary` <b onlo...y)??  EOD @x _y"));
    svg = fixture_read(folder, "three-agents-timeline.svg");
    assert_non_null(strstr(svg, "`touch canary` &lt;b onlo..."));
    assert_null(strstr(svg, "<b onload"));
    for (const char *c = svg; *c; c++)
        assert_true((unsigned char)*c >= ' ' || *c == '\n' || *c == '\t');
    free(svg);
    free(data);
    fixture_remove(folder);
}

static void the_same_run_gives_the_same_bytes(void **state)
{
    static const char *const names[] = {"three-agents-distribution", "three-agents-timeline",
                                        "three-agents-cycles",       "three-agents-ratios",
                                        "three-agents-shift",        "three-agents-phases"};
    static const char *const endings[] = {"dat", "gp", "svg"};
    char *one, *other;
    (void)state;
    if (!fixture_have_gnuplot())
        skip();
    one = fixture_folder();
    other = fixture_folder();
    drawn(one, &runs[2]);
    drawn(other, &runs[2]);
    for (size_t i = 0; i < 18; i++) {
        char *name = text_format("%s.%s", names[i / 3], endings[i % 3]);
        char *a = fixture_read(one, name), *b = fixture_read(other, name);
        assert_non_null(a);
        assert_non_null(b);
        assert_string_equal(a, b);
        assert_null(strstr(a, one)); /* and no path of this machine */
        free(a);
        free(b);
        free(name);
    }
    fixture_remove(one);
    fixture_remove(other);
}

static void without_gnuplot_data_and_script_stay_and_no_old_picture(void **state)
{
    char *path = xstrdup(getenv("PATH") ? getenv("PATH") : ""), *folder = fixture_folder();
    char *old = text_format("%s/three-agents-timeline.svg", folder), *left;
    struct figure_set set;
    struct err err = {0};
    (void)state;
    assert_int_equal(text_write_file(old, "old", 3, &err), 0);
    setenv("PATH", folder, 1);
    set = drawn(folder, &runs[0]);
    setenv("PATH", path, 1);
    assert_true(set.missing);
    assert_non_null(strstr(set.trouble, "gnuplot"));
    assert_null(fixture_read(folder, "three-agents-timeline.svg"));
    left = fixture_read(folder, "three-agents-timeline.dat");
    assert_non_null(left);
    free(left);
    left = fixture_read(folder, "three-agents-timeline.gp");
    assert_non_null(left);
    free(left);
    free(old);
    free(path);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thinning_keeps_ends_and_stays_small),
        cmocka_unit_test(rows_carry_exact_ms_and_safe_labels),
        cmocka_unit_test(every_kind_of_run_is_drawn),
        cmocka_unit_test(names_never_become_code),
        cmocka_unit_test(the_same_run_gives_the_same_bytes),
        cmocka_unit_test(without_gnuplot_data_and_script_stay_and_no_old_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
