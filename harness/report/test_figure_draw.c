/* Is every awkward run drawn, without a word of complaint from gnuplot? */
#include <fcntl.h>

#include "report/test_invented.h"

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
    if (!fixture_have_gnuplot())
        skip();
    for (size_t i = 0; i < sizeof awkward / sizeof awkward[0]; i++)
        draw_awkward(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(awkward_runs_are_drawn_without_complaint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
