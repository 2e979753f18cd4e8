/* Are folders made below one of the user, without following what a checkout put there? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/text.h"

static int enter_folder(void **state)
{
    char template[] = "/tmp/spawnbench-folder-XXXXXX";
    if (!mkdtemp(template) || chdir(template) != 0)
        return -1;
    *state = xstrdup(template);
    return 0;
}

static int leave_folder(void **state)
{
    int rc = chdir("/");
    text_remove_tree(*state);
    free(*state);
    return rc;
}

static void folders_are_made_where_they_are_missing(void **state)
{
    char *path = NULL;
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(folder_make_below(&path, "top/of", "a/b", NULL), 0);
        assert_string_equal(path, "top/of/a/b");
        assert_int_equal(access("top/of/a/b", W_OK), 0);
        free(path);
    }
}

/* Its own folder may be a link, the user made it; below it none is followed. */
static void links_below_are_refused(void **state)
{
    struct err err = {0};
    char *path = NULL;
    (void)state;
    assert_int_equal(text_make_directories("real/runs", NULL), 0);
    assert_int_equal(text_make_directories("victim", NULL), 0);
    assert_int_equal(symlink("real", "top"), 0);
    assert_int_equal(folder_make_below(&path, "top", "runs", &err), 0);
    free(path);
    assert_int_equal(symlink("../victim", "real/evidence"), 0);
    assert_int_equal(folder_make_below(&path, "top", "evidence/commands", &err), -1);
    assert_null(path);
    assert_int_equal(err.code, ERR_UNFIT);
    assert_non_null(strstr(err.text, "'top/evidence' is a symbolic link"));
    assert_int_equal(access("victim/commands", F_OK), -1);
    assert_int_equal(text_write_file("real/file", "", 0, NULL), 0);
    assert_int_equal(folder_make_below(&path, "top", "file", &err), -1);
    assert_non_null(strstr(err.text, "'top/file' is no directory"));
}

static void a_fresh_folder_is_nobodys(void **state)
{
    struct err err = {0};
    char *name = NULL;
    (void)state;
    assert_int_equal(folder_make_fresh(&name, ".", "1.1", &err), 0);
    assert_string_equal(name, "1.1");
    free(name);
    assert_int_equal(symlink("1.1", "1.1-2"), 0);
    assert_int_equal(folder_make_fresh(&name, ".", "1.1", &err), 0);
    assert_string_equal(name, "1.1-3");
    free(name);
    assert_int_equal(folder_make_fresh(&name, "missing", "1.1", &err), -1);
    assert_null(name);
    assert_non_null(strstr(err.text, "missing/1.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(folders_are_made_where_they_are_missing, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(links_below_are_refused, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_fresh_folder_is_nobodys, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests_name("folder", tests, NULL, NULL);
}
