/* Which commit is checked out here? Small files of .git, none of which is trusted. */
#include "cycle/commit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define MOST_BYTES ((size_t)64 << 20) /* of packed-refs: 600,000 refs */
#define LINE_BYTES ((size_t)4096)     /* of HEAD, a ref, .git */

/* One name below a folder, never through a link. */
static int open_name(int folder, const char *name, size_t length, int flags)
{
    char *copy = text_format("%.*s", (int)length, name);
    int fd = openat(folder, copy, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags);
    free(copy);
    return fd;
}

/* A path below a folder, no part of it a link; -1: none. The folder stays open. */
static int open_below(int folder, const char *path)
{
    int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    while (at >= 0) {
        size_t length = strcspn(path, "/");
        bool last = !path[length];
        int next = open_name(at, path, length, last ? 0 : O_DIRECTORY);
        close(at);
        at = next;
        if (last)
            break;
        path += length + 1;
    }
    return at;
}

/* All of a regular file, "" where there is none or it has more bytes. Closes fd. */
static char *read_all(int fd, size_t most)
{
    struct text text = {0};
    struct stat about;
    bool regular = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    char block[4096];
    ssize_t got;
    while (regular && text.length <= most && (got = read(fd, block, sizeof block)) > 0)
        text_add_bytes(&text, block, (size_t)got);
    if (text.length > most)
        text_clear(&text);
    if (fd >= 0)
        close(fd);
    return text_take(&text);
}

static char *read_line(int folder, const char *path)
{
    char *line = read_all(open_below(folder, path), LINE_BYTES);
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

static bool is_commit(const char *line)
{
    size_t length = strspn(line, "0123456789abcdef");
    return (length == 40 || length == 64) && !line[length];
}

/* As git-check-ref-format(1) has them, as far as it matters where they lead. */
static bool is_ref(const char *name)
{
    return strncmp(name, "refs/", 5) == 0 && !strstr(name, "..") && !strstr(name, "//") &&
           !strstr(name, "/.");
}

static char *find_packed(int folder, const char *ref)
{
    char *all = read_all(open_below(folder, "packed-refs"), MOST_BYTES), *next = NULL;
    char *found = NULL;
    for (char *line = strtok_r(all, "\n", &next); line && !found;
         line = strtok_r(NULL, "\n", &next)) {
        char *name = strchr(line, ' ');
        if (!name || strcmp(name + 1, ref) != 0)
            continue;
        *name = '\0';
        if (is_commit(line))
            found = xstrdup(line);
    }
    free(all);
    return found;
}

static char *find_ref(int folder, const char *ref)
{
    char *commit = read_line(folder, ref);
    if (is_commit(commit))
        return commit;
    free(commit);
    return find_packed(folder, ref);
}

/* Refs of a work tree beside the main one lie in the folder that its commondir names. */
static char *find_common_ref(int folder, const char *ref)
{
    char *where = read_line(folder, "commondir"), *commit = NULL;
    int common = *where ? openat(folder, where, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (common >= 0) {
        commit = find_ref(common, ref);
        close(common);
    }
    free(where);
    return commit;
}

static char *read_head(int folder)
{
    char *head = read_line(folder, "HEAD"), *commit = NULL;
    const char *ref = strncmp(head, "ref: ", 5) == 0 ? head + 5 : "";
    if (is_commit(head))
        commit = xstrdup(head);
    else if (is_ref(ref))
        commit = find_ref(folder, ref);
    if (is_ref(ref) && !commit)
        commit = find_common_ref(folder, ref);
    free(head);
    return commit;
}

/* .git, or the folder that a file .git names ("gitdir: PATH", relative to where it lies). */
static int open_repository(int folder)
{
    char *line;
    int fd = openat(folder, ".git", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    line = read_line(folder, ".git");
    if (strncmp(line, "gitdir: ", 8) == 0)
        fd = openat(folder, line + 8, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(line);
    return fd;
}

char *commit_find(const char *folder)
{
    char *path = xstrdup(folder), *commit = NULL;
    bool found = false;
    for (char *slash = path; slash && !found;) {
        int fd = open(*path ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int git = fd >= 0 ? open_repository(fd) : -1;
        found = git >= 0;
        if (found) {
            commit = read_head(git);
            close(git);
        }
        if (fd >= 0)
            close(fd);
        slash = strrchr(path, '/');
        if (slash)
            *slash = '\0';
    }
    free(path);
    return commit ? commit : xstrdup("");
}
