/* How are folders made below one of the user, and no link of a stranger followed? */
#include "base/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

#define MOST_TRIES 100000

static int make_one(const char *path, struct err *err)
{
    struct stat about;
    if (mkdir(path, 0755) == 0)
        return 0;
    if (errno != EEXIST || lstat(path, &about) != 0)
        return err_system(err, "cannot make directory '%s'", path);
    if (S_ISDIR(about.st_mode))
        return 0;
    return err_set(err, ERR_UNFIT,
                   S_ISLNK(about.st_mode)
                       ? "'%s' is a symbolic link, and nothing is written through one here (remove "
                         "it, or give another folder)"
                       : "'%s' is no directory (remove it, or give another folder)",
                   path);
}

int folder_make_below(char **out, const char *top, const char *below, struct err *err)
{
    struct text path = {0};
    int rc = text_make_directories(top, err);
    text_add(&path, top);
    for (const char *at = below; rc == 0 && *at;) {
        size_t length = strcspn(at, "/");
        text_addf(&path, "/%.*s", (int)length, at);
        rc = make_one(path.data, err);
        at += length + (at[length] == '/');
    }
    *out = rc == 0 ? text_take(&path) : NULL;
    text_release(&path);
    return rc;
}

int folder_make_fresh(char **out, const char *parent, const char *name, struct err *err)
{
    int rc = -1;
    *out = NULL;
    for (int i = 1; i <= MOST_TRIES && rc != 0; i++) {
        char *tried = i == 1 ? xstrdup(name) : text_format("%s-%d", name, i);
        char *path = text_format("%s/%s", parent, tried);
        rc = mkdir(path, 0755);
        if (rc == 0)
            *out = tried;
        else
            free(tried);
        if (rc != 0 && errno != EEXIST)
            i = MOST_TRIES;
        if (rc != 0 && i == MOST_TRIES)
            err_system(err, "cannot make directory '%s'", path);
        free(path);
    }
    return rc;
}
