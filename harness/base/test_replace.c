/* Is a file written over its own name only, whatever lies there? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/replace.h"
#include "base/text.h"

/* In a folder of its own, with a file of somebody else in it. */
static int enter_folder(void **state)
{
    char template[] = "/tmp/spawnbench-replace-XXXXXX";
    if (!mkdtemp(template) || chdir(template) != 0)
        return -1;
    *state = xstrdup(template);
    return text_write_file("victim", "mine", 4, NULL);
}

static int leave_folder(void **state)
{
    int rc = chdir("/");
    text_remove_tree(*state);
    free(*state);
    return rc;
}

static void assert_holds(const char *path, const char *text)
{
    char *data = NULL;
    size_t length = 0;
    assert_int_equal(text_read_file(&data, &length, path, 1 << 20, NULL), 0);
    assert_string_equal(data, text);
    free(data);
}

static size_t count_files(void)
{
    DIR *here = opendir(".");
    size_t count = 0;
    assert_non_null(here);
    for (struct dirent *entry; (entry = readdir(here));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(here);
    return count;
}

static bool is_link(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0 && S_ISLNK(about.st_mode);
}

static void a_link_is_replaced_and_not_followed(void **state)
{
    static const enum replace_kind kinds[] = {REPLACE_OURS, REPLACE_GIVEN};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct err err = {0};
        unlink("link");
        assert_int_equal(symlink("victim", "link"), 0);
        assert_int_equal(symlink("victim", "link.new"), 0);
        assert_int_equal(replace_file("link", kinds[i], "new", 3, &err), 0);
        assert_holds("victim", "mine");
        assert_holds("link", "new");
        assert_false(is_link("link"));
        assert_true(is_link("link.new")); /* nobody's business */
        unlink("link.new");
        assert_int_equal(count_files(), 2);
        unlink("link");
        assert_int_equal(symlink("nowhere", "link"), 0);
        assert_int_equal(replace_file("link", kinds[i], "new", 3, &err), 0);
        assert_false(is_link("link"));
        assert_int_equal(access("nowhere", F_OK), -1);
    }
}

static void what_another_name_of_the_file_holds_stays(void **state)
{
    (void)state;
    assert_int_equal(link("victim", "other"), 0);
    assert_int_equal(text_write_file("other", "new", 3, NULL), 0);
    assert_holds("victim", "mine");
    assert_holds("other", "new");
}

static void the_old_file_stays_until_the_new_one_is_whole(void **state)
{
    struct replace replace;
    (void)state;
    assert_int_equal(replace_begin(&replace, "victim", REPLACE_OURS, NULL), 0);
    assert_int_equal(write(replace.fd, "half", 4), 4);
    assert_holds("victim", "mine");
    assert_int_equal(replace_end(&replace, false, NULL), -1);
    assert_holds("victim", "mine");
    assert_int_equal(count_files(), 1);
}

static void a_name_may_be_as_long_as_a_name_can_be(void **state)
{
    char name[NAME_MAX + 1];
    (void)state;
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = '\0';
    assert_int_equal(text_write_file(name, "new", 3, NULL), 0);
    assert_holds(name, "new");
}

/* A pipe is written to where the user named it; a name of ours may not be one. */
static void what_is_no_file_is_not_replaced(void **state)
{
    struct stat about;
    struct err err = {0};
    char got[4] = "";
    int reader;
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    reader = open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(replace_file("pipe", REPLACE_OURS, "new", 3, &err), -1);
    assert_non_null(strstr(err.text, "something that is no file is there"));
    assert_int_equal(replace_file("pipe", REPLACE_GIVEN, "new", 3, &err), 0);
    assert_int_equal(read(reader, got, 3), 3);
    assert_string_equal(got, "new");
    assert_int_equal(replace_file("/dev/null", REPLACE_GIVEN, "new", 3, &err), 0);
    assert_int_equal(stat("/dev/null", &about), 0);
    assert_true(S_ISCHR(about.st_mode));
    close(reader);
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(symlink("folder", "to-folder"), 0);
    assert_int_equal(replace_file("folder", REPLACE_GIVEN, "new", 3, &err), -1);
    assert_int_equal(replace_file("to-folder", REPLACE_GIVEN, "new", 3, &err), -1);
    assert_int_equal(err.os_error, EISDIR);
    /* a link to a device that nobody gave us is a name like any other */
    assert_int_equal(symlink("pipe", "to-pipe"), 0);
    assert_int_equal(replace_file("to-pipe", REPLACE_GIVEN, "new", 3, &err), 0);
    assert_holds("to-pipe", "new");
}

/* "--junit app.db other.db" names a database where a file is meant. */
static void a_database_is_not_written_over(void **state)
{
    static const char database[] = "SQLite format 3\0and pages";
    struct err err = {0};
    (void)state;
    assert_int_equal(text_write_file("app.db", database, sizeof database, NULL), 0);
    assert_int_equal(replace_file("app.db", REPLACE_GIVEN, "new", 3, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.text, "'app.db' is a SQLite database, which is not written over"));
    assert_holds("app.db", "SQLite format 3");
    assert_int_equal(count_files(), 2);
    /* what only begins like one is a text; a link to one is replaced itself */
    assert_int_equal(text_write_file("text", "SQLite format 3\n", 16, NULL), 0);
    assert_int_equal(replace_file("text", REPLACE_GIVEN, "new", 3, NULL), 0);
    assert_int_equal(symlink("app.db", "link"), 0);
    assert_int_equal(replace_file("link", REPLACE_GIVEN, "new", 3, NULL), 0);
    assert_holds("app.db", "SQLite format 3");
}

/* /dev/stdout is a link: to what stdout is, a file among others. */
static void stdout_by_its_name_is_stdout(void **state)
{
    int status = -1, file = open("out", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    pid_t child;
    (void)state;
    child = fork();
    if (child == 0) {
        if (dup2(file, STDOUT_FILENO) < 0 || write(STDOUT_FILENO, "a", 1) != 1 ||
            replace_file("/dev/stdout", REPLACE_GIVEN, "b", 1, NULL) < 0 ||
            write(STDOUT_FILENO, "c", 1) != 1)
            _exit(1);
        _exit(0);
    }
    close(file);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_holds("out", "abc");
    assert_true(is_link("/dev/stdout"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_link_is_replaced_and_not_followed, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(what_another_name_of_the_file_holds_stays, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(the_old_file_stays_until_the_new_one_is_whole, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(a_name_may_be_as_long_as_a_name_can_be, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_not_replaced, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(a_database_is_not_written_over, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(stdout_by_its_name_is_stdout, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests_name("replace", tests, NULL, NULL);
}
