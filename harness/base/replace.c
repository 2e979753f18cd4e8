/* How is a file written so that nothing else is? */
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define MOST_TRIES       100
#define MOST_DESCRIPTORS 1024

/* A fresh file in the folder of the path. Its name does not grow with that of the path, which may
 * be as long as a name can be. */
static int open_beside(char **beside, const char *path)
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0, fd = -1;
    for (int i = 0; i < MOST_TRIES && fd < 0; i++) {
        uint64_t number = (uint64_t)clock_now_ns() << 22 ^ (uint64_t)getpid();
        *beside = text_format("%.*s.spawnbench-%llx.new", folder, path, (unsigned long long)number);
        fd = open(*beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd >= 0)
            break;
        free(*beside);
        *beside = NULL;
        if (errno != EEXIST)
            break;
    }
    return fd;
}

static bool is_open_as(int fd, const struct stat *about)
{
    struct stat other;
    return fstat(fd, &other) == 0 && other.st_dev == about->st_dev && other.st_ino == about->st_ino;
}

/* Is it what the user opened for us? /dev/stdout and, for what is no file, /dev/fd/63 are links. */
static int find_open(const struct stat *about)
{
    int most = S_ISREG(about->st_mode) ? STDERR_FILENO + 1 : MOST_DESCRIPTORS;
    for (int fd = STDOUT_FILENO; fd < most; fd++)
        if (is_open_as(fd, about))
            return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return -1;
}

/* What the name stands for, to be written to as it is; -1 with errno 0: it is to be replaced. */
static int open_as_it_is(const char *path, enum replace_kind kind)
{
    struct stat name, about;
    int fd = -1;
    if (lstat(path, &name) != 0 || stat(path, &about) != 0 || S_ISREG(name.st_mode)) {
        errno = 0; /* nothing, a link to nothing, a file; other reasons come up again */
        return -1;
    }
    if (S_ISDIR(about.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    if (S_ISLNK(name.st_mode)) {
        fd = kind == REPLACE_GIVEN ? find_open(&about) : -1;
        errno = 0;
        return fd;
    }
    errno = EEXIST;
    if (kind == REPLACE_GIVEN && !S_ISBLK(name.st_mode))
        fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
    return fd;
}

/* A database that was named where a file to write was meant: "--junit app.db". Closing it drops the
 * locks that a connection of ours has on it, but then we end with the error. */
static bool holds_database(const char *path)
{
    static const char magic[] = "SQLite format 3";
    char head[sizeof magic] = "";
    struct stat about;
    ssize_t got;
    int fd;
    if (lstat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return false;
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = pread(fd, head, sizeof head, 0);
    close(fd);
    return got == (ssize_t)sizeof head && memcmp(head, magic, sizeof magic) == 0;
}

int replace_begin(struct replace *out, const char *path, enum replace_kind kind, struct err *err)
{
    *out = (struct replace){.fd = -1};
    if (kind == REPLACE_GIVEN && holds_database(path))
        return err_set(err, ERR_USAGE,
                       "'%s' is a SQLite database, which is not written over: give a file for the "
                       "output, or remove the database first",
                       path);
    out->fd = open_as_it_is(path, kind);
    if (out->fd < 0 && errno == EEXIST)
        return err_set(err, ERR_SYSTEM, "cannot write '%s': something that is no file is there",
                       path);
    if (out->fd < 0 && errno == 0)
        out->fd = open_beside(&out->beside, path);
    if (out->fd < 0)
        return err_system(err, "cannot write '%s'", path);
    out->path = xstrdup(path);
    return 0;
}

int replace_end(struct replace *replace, bool good, struct err *err)
{
    int rc = good && replace->fd >= 0 ? 0 : -1;
    if (replace->fd >= 0 && close(replace->fd) != 0 && rc == 0)
        rc = err_system(err, "cannot write '%s'", replace->path);
    if (rc == 0 && replace->beside && rename(replace->beside, replace->path) != 0)
        rc = err_system(err, "cannot write '%s'", replace->path);
    if (rc < 0 && replace->beside)
        unlink(replace->beside);
    free(replace->beside);
    free(replace->path);
    *replace = (struct replace){.fd = -1};
    return rc;
}

int replace_file(const char *path, enum replace_kind kind, const void *bytes, size_t length,
                 struct err *err)
{
    struct replace replace;
    bool good;
    if (replace_begin(&replace, path, kind, err) < 0)
        return -1;
    good = text_write(replace.fd, bytes, length) == 0;
    if (!good)
        err_system(err, "cannot write '%s'", path);
    return replace_end(&replace, good, err);
}
