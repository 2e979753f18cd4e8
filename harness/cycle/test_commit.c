/* Which commit is told of a work tree, and what of a .git that somebody made to look like one? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "cycle/commit.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define SHA256 COMMIT "0123456789abcdef01234567"

static int make_folder(void **state)
{
    char template[] = "/tmp/spawnbench-commit-XXXXXX";
    if (!mkdtemp(template))
        return -1;
    *state = xstrdup(template);
    return 0;
}

static int remove_folder(void **state)
{
    text_remove_tree(*state);
    free(*state);
    return 0;
}

/* A file with its folders; "" makes the folder of that name only. */
static void put(const char *folder, const char *name, const char *text)
{
    char *path = text_format("%s/%s", folder, name), *slash = strrchr(path, '/');
    struct err err = {0};
    *slash = '\0';
    assert_int_equal(text_make_directories(path, &err), 0);
    *slash = '/';
    if (*text)
        assert_int_equal(text_write_file(path, text, strlen(text), &err), 0);
    free(path);
}

static void link_to(const char *folder, const char *name, const char *target)
{
    char *path = text_format("%s/%s", folder, name);
    unlink(path);
    assert_int_equal(symlink(target, path), 0);
    free(path);
}

static void assert_commit(const char *folder, const char *below, const char *commit)
{
    char *path = text_format("%s%s", folder, below), *found = commit_find(path);
    assert_string_equal(found, commit);
    free(found);
    free(path);
}

static void a_commit_is_found_where_git_keeps_it(void **state)
{
    char *folder = *state, *worktree;
    put(folder, ".git/HEAD", COMMIT "\n");
    assert_commit(folder, "", COMMIT);
    put(folder, "deep/er/", "");
    assert_commit(folder, "/deep/er", COMMIT);
    put(folder, ".git/HEAD", SHA256 "\n");
    assert_commit(folder, "", SHA256);
    put(folder, ".git/HEAD", "ref: refs/heads/some/branch\n");
    put(folder, ".git/packed-refs",
        "# pack-refs with: peeled fully-peeled sorted\n" SHA256 " refs/heads/some/branch\n^" COMMIT
        "\n");
    assert_commit(folder, "", SHA256);
    put(folder, ".git/refs/heads/some/branch", COMMIT "\n"); /* it counts before a packed one */
    assert_commit(folder, "", COMMIT);
    worktree = text_format("gitdir: %s/.git/worktrees/other\n", folder);
    put(folder, "other/.git", worktree);
    put(folder, ".git/worktrees/other/HEAD", "ref: refs/heads/else\n");
    put(folder, ".git/worktrees/other/commondir", "../..\n");
    put(folder, ".git/refs/heads/else", SHA256 "\n");
    assert_commit(folder, "/other", SHA256);
    free(worktree);
}

static void nothing_but_a_commit_is_believed(void **state)
{
    static const char *const heads[] = {
        "ref: ../secret\n",       "ref: refs/../../secret\n", "ref: /etc/hostname\n",
        "ref: secret\n",          "ref: refs/heads/secret\n", "the secret itself\n",
        (COMMIT " and more\n"),   "ref: refs/heads/link\n",   "ref: refs/linked/hex\n",
        "ref: refs//heads/x\n",   "ref: refs/./heads/x\n",    "ref: refs/heads/../../hex\n",
        "0123456789ABCDEF01234\n"};
    char *folder = *state;
    put(folder, "secret", "TOPSECRET\n");
    put(folder, "hex", COMMIT "\n"); /* a token looks like a commit */
    put(folder, ".git/hex", COMMIT "\n");
    put(folder, ".git/refs/heads/secret", "TOPSECRET\n");
    put(folder, ".git/refs/heads/x", COMMIT "\n");
    put(folder, ".git/packed-refs", "TOPSECRET refs/heads/secret\n");
    link_to(folder, ".git/refs/heads/link", "../../../hex");
    link_to(folder, ".git/refs/linked", "../..");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        put(folder, ".git/HEAD", heads[i]);
        assert_commit(folder, "", "");
    }
    link_to(folder, ".git/HEAD", "../hex");
    assert_commit(folder, "", "");
}

static void what_is_no_file_holds_nobody_up(void **state)
{
    char *folder = *state, *path = text_format("%s/.git/HEAD", folder);
    put(folder, ".git/", "");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_commit(folder, "", "");
    unlink(path);
    link_to(folder, ".git/HEAD", "/dev/zero");
    assert_commit(folder, "", "");
    link_to(folder, ".git/HEAD", "HEAD");
    assert_commit(folder, "", "");
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_is_found_where_git_keeps_it, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(nothing_but_a_commit_is_believed, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_file_holds_nobody_up, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests_name("commit", tests, NULL, NULL);
}
