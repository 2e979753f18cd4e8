/* How long may a subject talk?
 *
 *     while it talks        |  1 MiB  |    hole: takes no room     |  1 MiB and more, up to 16  |
 *     when it is over       |  1 MiB  | note |  1 MiB  |
 *
 * A hole can be made beside somebody who appends, and nothing of what he writes is lost; a file can
 * only be shortened when nobody writes any more. The note has one width, and says how much was cut
 * in all, so that the next subject's log, which is appended to it, finds it. */
#include "cycle/subject_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define NOTE_FORMAT "\n... %19lld bytes of this log were cut here ...\n"
#define NOTE_BYTES  61 /* of that */

struct subject_log {
    int fd; /* not O_APPEND, which would ignore where we want to write: see pwrite(2), bugs */
};

struct subject_log *subject_log_open(const char *path, int *child, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    struct subject_log *log;
    struct stat about;
    *child = -1;
    if (fd >= 0 && fstat(fd, &about) == 0 && !S_ISREG(about.st_mode)) {
        close(fd);
        err_set(err, ERR_UNFIT, "cannot write the subject's log '%s': it is no regular file", path);
        return NULL;
    }
    if (fd >= 0)
        *child = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (*child < 0) {
        err_system(err, "cannot write the subject's log '%s'", path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    fcntl(*child, F_SETFL, O_APPEND); /* O_NONBLOCK was ours: it must not find a pipe and wait */
    log = xcalloc(1, sizeof *log);
    log->fd = fd;
    return log;
}

static int64_t size_of(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 ? (int64_t)about.st_size : 0;
}

/* What an earlier cut left; 0: it was not cut yet. */
static int64_t read_note(int fd)
{
    char note[NOTE_BYTES + 1] = "", same[NOTE_BYTES + 1] = "";
    long long cut = 0;
    if (pread(fd, note, NOTE_BYTES, SUBJECT_LOG_KEPT_BYTES) != NOTE_BYTES ||
        strncmp(note, "\n... ", 5) != 0 || (cut = strtoll(note + 5, NULL, 10)) <= 0)
        return 0;
    snprintf(same, sizeof same, NOTE_FORMAT, cut);
    return memcmp(note, same, NOTE_BYTES) == 0 ? (int64_t)cut : 0;
}

void subject_log_bound(struct subject_log *log)
{
    struct stat about;
    int64_t from, to;
    if (!log || fstat(log->fd, &about) != 0 ||
        (int64_t)about.st_blocks * 512 <= SUBJECT_LOG_MOST_BYTES)
        return;
    from = SUBJECT_LOG_KEPT_BYTES + NOTE_BYTES;
    to = (int64_t)about.st_size - SUBJECT_LOG_KEPT_BYTES;
    /* where the file system cannot do that, its end is cut when it is closed */
    if (from < to)
        fallocate(log->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from);
}

static void shorten(int fd)
{
    int64_t size = size_of(fd), before = read_note(fd), cut;
    char note[NOTE_BYTES + 1], *end;
    ssize_t got;
    if (size <= SUBJECT_LOG_MOST_BYTES)
        return;
    end = xcalloc(1, (size_t)SUBJECT_LOG_KEPT_BYTES);
    got = pread(fd, end, (size_t)SUBJECT_LOG_KEPT_BYTES, size - SUBJECT_LOG_KEPT_BYTES);
    cut = before + size - SUBJECT_LOG_KEPT_BYTES - (before ? NOTE_BYTES : 0) - got;
    snprintf(note, sizeof note, NOTE_FORMAT, (long long)cut);
    /* where one of these fails it stays as long as it is */
    if (got > 0 && pwrite(fd, note, NOTE_BYTES, SUBJECT_LOG_KEPT_BYTES) == NOTE_BYTES &&
        pwrite(fd, end, (size_t)got, SUBJECT_LOG_KEPT_BYTES + NOTE_BYTES) == got) {
        int ignored = ftruncate(fd, SUBJECT_LOG_KEPT_BYTES + NOTE_BYTES + got);
        (void)ignored;
    }
    free(end);
}

void subject_log_close(struct subject_log *log)
{
    if (!log)
        return;
    shorten(log->fd);
    close(log->fd);
    free(log);
}

int64_t subject_log_cut(const char *path)
{
    int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    int64_t cut = fd >= 0 ? read_note(fd) : 0;
    if (fd >= 0)
        close(fd);
    return cut;
}

char *subject_log_last(const struct subject_log *log, size_t most_bytes)
{
    struct text tail = {0};
    char *block = xcalloc(1, most_bytes + 1);
    if (log) {
        int64_t size = size_of(log->fd);
        int64_t from = size > (int64_t)most_bytes ? size - (int64_t)most_bytes : 0;
        ssize_t got = pread(log->fd, block, most_bytes, from);
        for (ssize_t i = 0; i < got; i++)
            if (((unsigned char)block[i] < ' ' && block[i] != '\n') || block[i] == 0x7f)
                block[i] = '?';
        if (got > 0)
            text_add_bytes(&tail, block, (size_t)got);
        while (tail.length && tail.data[tail.length - 1] == '\n')
            tail.data[--tail.length] = '\0';
    }
    free(block);
    return text_take(&tail);
}
