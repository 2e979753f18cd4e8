/* test_folder - a folder for the databases of a test, in memory where there is such a place.
 *
 * Normal use: make_folder and remove_folder as setup and teardown, `folder` in between. */
#ifndef PROOF_CRASH_TEST_FOLDER_H
#define PROOF_CRASH_TEST_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"

static char *folder;

static inline int forget(const char *name, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(name);
}

static inline int make_folder(void **state)
{
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
    (void)state;
    folder = text_format("%s/crash-test-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(folder));
    return 0;
}

static inline int remove_folder(void **state)
{
    (void)state;
    nftw(folder, forget, 4, FTW_DEPTH | FTW_PHYS);
    free(folder);
    return 0;
}

#endif
