/* Which files do the patterns of `databases` find, for whom, and which do they leave alone? */
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
#include "cycle/shared_paths.h"

struct fixture {
    char *folder;
    struct scenario scenario;
    struct shared_paths found;
};

static void make(const struct fixture *fixture, const char *name)
{
    char *path = text_format("%s/%s", fixture->folder, name), *slash = strrchr(path, '/');
    *slash = '\0';
    assert_int_equal(text_make_directories(path, NULL), 0);
    *slash = '/';
    assert_int_equal(text_write_file(path, "x", 1, NULL), 0);
    free(path);
}

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    /* letters that glob(3) would read as a pattern */
    char place[] = "/tmp/spawnbench [paths*]XXXXXX";
    fixture->folder = realpath(mkdtemp(place), NULL);
    *state = fixture;
    return fixture->folder ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    text_remove_tree(fixture->folder);
    shared_paths_release(&fixture->found);
    scenario_release(&fixture->scenario);
    free(fixture->folder);
    free(fixture);
    return 0;
}

/* agents: a with HOME one, b with HOME two, c at home in a folder of its own */
static void ask(struct fixture *fixture, const char *databases)
{
    struct err err = {0};
    char *text = text_format(
        "{\"name\": \"n\", \"agents\": ["
        "{\"name\": \"a\", \"command\": [\"x\"], \"environment\": {\"HOME\": \"%s/one\"}},"
        "{\"name\": \"b\", \"command\": [\"x\"], \"environment\": {\"HOME\": \"%s/two\"}},"
        "{\"name\": \"c\", \"command\": [\"x\"], \"fresh_home\": true}],"
        "\"arms\": [{\"name\": \"p\", \"subject\": [\"x\"]}], \"cycles\": 1, \"databases\": [%s]}",
        fixture->folder, fixture->folder, databases);
    scenario_release(&fixture->scenario);
    if (scenario_parse(&fixture->scenario, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    free(text);
}

/* The paths below the fixture's folder, or the names, each with a blank behind it. */
static char *found(struct fixture *fixture, bool in_cycle, bool names)
{
    char *home = text_format("%s/homes/0.2", fixture->folder);
    struct scenario_variable variable = {(char *)"HOME", home};
    struct scenario_agent filled = {.environment = &variable, .environment_count = 1};
    struct cycle_agent agents[3] = {{.asked = &fixture->scenario.agents[0]},
                                    {.asked = &fixture->scenario.agents[1]},
                                    {.asked = &filled, .home = home}};
    const struct cycle cycle = {.agents = agents, .agent_count = 3};
    struct text out = {0};
    size_t length = strlen(fixture->folder) + 1;
    shared_paths_find(&fixture->found, &fixture->scenario, NULL, in_cycle ? &cycle : NULL,
                      fixture->folder);
    for (size_t i = 0; i < fixture->found.count; i++)
        text_addf(&out, "%s%s ",
                  names ? fixture->found.items[i].name : fixture->found.items[i].path + length,
                  fixture->found.items[i].there ? "" : "(none)");
    free(home);
    return text_take(&out);
}

static void assert_found(struct fixture *fixture, bool in_cycle, const char *expected)
{
    char *got = found(fixture, in_cycle, false);
    assert_string_equal(got, expected);
    free(got);
}

static void a_path_is_told_also_where_there_is_no_file(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "\"{folder}/a.db\", \"{folder}/b.db\"");
    make(fixture, "b.db");
    assert_found(fixture, false, "a.db(none) b.db ");
}

static void a_glob_finds_files_but_not_those_beside_a_database(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "\"{folder}/*\", \"{folder}/b.?b\", \"{folder}/[x-z]*\"");
    make(fixture, "b.db");
    make(fixture, "b.db-wal");
    make(fixture, "b.db-shm");
    make(fixture, "b.db-journal");
    make(fixture, ".hidden");
    make(fixture, "inner/c.db");
    assert_found(fixture, false, "b.db ");
}

static void a_link_is_what_it_points_to(void **state)
{
    struct fixture *fixture = *state;
    char *link = text_format("%s/link.db", fixture->folder);
    ask(fixture, "\"{folder}/link.db\", \"{folder}/*.db\"");
    make(fixture, "b.db");
    assert_int_equal(symlink("b.db", link), 0);
    assert_found(fixture, false, "b.db ");
    free(link);
}

static void each_agent_has_its_home(void **state)
{
    struct fixture *fixture = *state;
    char *names;
    ask(fixture, "\"~/.t/*.db\", \"{home}/.t/x.db\"");
    make(fixture, "one/.t/1.db");
    make(fixture, "two/.t/2.db");
    make(fixture, "homes/0.2/.t/3.db");
    assert_found(fixture, false, "one/.t/1.db two/.t/2.db "); /* c has none yet */
    assert_found(fixture, true,
                 "one/.t/1.db two/.t/2.db homes/0.2/.t/3.db homes/0.2/.t/x.db(none) ");
    assert_false(fixture->found.items[0].fleeting);
    assert_true(fixture->found.items[2].fleeting);
    names = found(fixture, true, true);
    assert_non_null(strstr(names, " {home}/.t/3.db {home}/.t/x.db(none) "));
    free(names);
}

static void more_than_can_be_looked_at_is_counted(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "\"{folder}/many/*\"");
    for (int i = 0; i < SHARED_MOST_PATHS + 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "many/%d", i);
        make(fixture, name);
    }
    free(found(fixture, false, false));
    assert_int_equal(fixture->found.count, SHARED_MOST_PATHS);
    assert_int_equal(fixture->found.left_out, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_path_is_told_also_where_there_is_no_file, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_glob_finds_files_but_not_those_beside_a_database, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_what_it_points_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_agent_has_its_home, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_can_be_looked_at_is_counted, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("cycle/shared_paths", tests, NULL, NULL);
}
