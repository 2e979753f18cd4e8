/* Who holds which lock on a database, and is it still what it was?
 *
 * All locks of ours are open file description locks: they conflict with SQLite's as those of any
 * other process do, and F_OFD_GETLK names who is in the way. See fcntl_locking(2).
 */
#include "audit/copier/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quiet.h"

/* SQLite's bytes: in the database ... */
#define PENDING      0x40000000
#define RESERVED     (PENDING + 1)
#define SHARED_FIRST (PENDING + 2)
#define SHARED_SIZE  510
/* ... and in the -shm. READ0: who reads by the database alone, so that no checkpoint writes to it.
 * READ4: nobody begins the -wal anew. Not 121 (CKPT), without which nobody can recover, nor 128. */
#define SHM_READ0     123
#define SHM_READ4     127
#define SHM_CONNECTED 128

static const char *const endings[PARTS] = {"", "-wal", "-journal", "-shm"};

static bool refuse(struct copier_record *refusal, enum err_code code, int os_error,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

static bool refuse(struct copier_record *refusal, enum err_code code, int os_error,
                   const char *format, ...)
{
    va_list args;
    refusal->code = code;
    refusal->os_error = os_error;
    va_start(args, format);
    vsnprintf(refusal->text, sizeof refusal->text, format, args);
    va_end(args);
    return false;
}

static bool refuse_by_errno(struct copier_record *refusal, enum part part)
{
    int error = errno;
    return part == PART_DATABASE
               ? refuse(refusal, ERR_UNFIT, error, "%s", strerror(error))
               : refuse(refusal, ERR_UNFIT, error, "its %s: %s", endings[part], strerror(error));
}

/* Looked at before it is opened: opening a device may be more than looking. */
static bool open_part(struct source *source, enum part part, struct copier_record *refusal)
{
    struct stat about;
    const char *name = source->names[part];
    if (lstat(name, &about) != 0) {
        if (part != PART_DATABASE && errno == ENOENT)
            return true;
        return refuse_by_errno(refusal, part);
    }
    if (!S_ISREG(about.st_mode))
        return part == PART_DATABASE
                   ? refuse(refusal, ERR_FORMAT, 0,
                            "it is no regular file, expected a SQLite database")
                   : refuse(refusal, ERR_UNFIT, 0,
                            "its %s is no regular file, and no link to one is followed",
                            endings[part]);
    source->fds[part] = quiet_open(name, O_NOFOLLOW);
    if (source->fds[part] >= 0 || errno == ENOENT)
        return part != PART_DATABASE || source->fds[part] >= 0 || refuse_by_errno(refusal, part);
    if (part == PART_SHM) /* no locks there, then: it is copied as if nobody were connected */
        return true;
    return refuse_by_errno(refusal, part);
}

bool source_open(struct source *source, const char *path, struct copier_record *refusal)
{
    char whole[PATH_MAX];
    for (int i = 0; i < PARTS; i++)
        source->fds[i] = -1;
    if (!realpath(path, whole))
        return refuse_by_errno(refusal, PART_DATABASE);
    for (int i = 0; i < PARTS; i++) {
        snprintf(source->names[i], sizeof source->names[i], "%s%s", whole, endings[i]);
        if (!open_part(source, (enum part)i, refusal)) {
            source_close(source);
            return false;
        }
    }
    return true;
}

void source_close(struct source *source)
{
    for (int i = 0; i < PARTS; i++) {
        if (source->fds[i] >= 0)
            close(source->fds[i]);
        source->fds[i] = -1;
    }
}

/* ---- what is there ---- */

static struct file_state state_of(const char *name)
{
    struct stat about;
    if (lstat(name, &about) != 0)
        return (struct file_state){0};
    return (struct file_state){
        .there = true,
        .device = about.st_dev,
        .inode = about.st_ino,
        .bytes = about.st_size,
        .blocks_bytes = (int64_t)about.st_blocks * 512,
        .changed_ns = (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec,
        .status_ns = (int64_t)about.st_ctim.tv_sec * 1000000000 + about.st_ctim.tv_nsec};
}

static void read_head(int fd, unsigned char *out, size_t count)
{
    memset(out, 0, count);
    if (fd >= 0 && pread(fd, out, count, 0) < 0)
        memset(out, 0, count); /* copying it says why */
}

/* The header of the -shm, twice: is it valid, at 12; frames, at 16, in the byte order of this
 * machine. While they differ one of both is the state before. */
static int64_t wal_frames_of(int shm)
{
    unsigned char headers[2 * 48];
    uint32_t frames[2];
    read_head(shm, headers, sizeof headers);
    if (!headers[12] || !headers[48 + 12])
        return -1;
    for (int i = 0; i < 2; i++)
        memcpy(&frames[i], headers + 48 * (size_t)i + 16, sizeof frames[i]);
    return frames[0] < frames[1] ? frames[0] : frames[1];
}

void source_look_files(const struct source *source, struct source_look *out)
{
    unsigned char first;
    out->wal_frames = wal_frames_of(source->fds[PART_SHM]);
    for (int i = 0; i < PARTS; i++)
        out->files[i] = state_of(source->names[i]);
    read_head(source->fds[PART_DATABASE], out->header, sizeof out->header);
    read_head(source->fds[PART_WAL], out->wal_header, sizeof out->wal_header);
    read_head(source->fds[PART_JOURNAL], &first, 1);
    out->is_wal = out->header[19] == 2; /* the version for readers: what SQLite goes by */
    out->journal_is_played = first != 0;
}

bool source_is_here(const struct source *source, const struct source_look *now)
{
    for (int i = 0; i < PARTS; i++) {
        struct stat about;
        bool open = source->fds[i] >= 0;
        if (i == PART_SHM && !open)
            continue; /* one that we may not read, too */
        if (open != now->files[i].there)
            return false;
        if (open && (fstat(source->fds[i], &about) != 0 || about.st_ino != now->files[i].inode ||
                     about.st_dev != now->files[i].device))
            return false;
    }
    return true;
}

/* ---- locks ---- */

/* Who would be in the way of such a lock; 0: nobody. A file system without locks has none. */
static pid_t holder_of(int fd, short kind, off_t at, off_t count)
{
    struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = at, .l_len = count};
    if (fd < 0 || fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return 0;
    return lock.l_pid > 0 ? lock.l_pid : -1; /* of another namespace, or no process's: unknown */
}

void source_look_locks(const struct source *source, struct source_look *out)
{
    int database = source->fds[PART_DATABASE];
    out->connected = holder_of(source->fds[PART_SHM], F_WRLCK, SHM_CONNECTED, 1) != 0;
    out->reserved = holder_of(database, F_RDLCK, RESERVED, 1) != 0;
    out->writer = holder_of(database, F_RDLCK, PENDING, 1);
    if (!out->writer)
        out->writer = holder_of(database, F_RDLCK, SHARED_FIRST, SHARED_SIZE);
}

static int set(int fd, short kind, off_t at, off_t count, pid_t *holder)
{
    struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = at, .l_len = count};
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return 0;
    if (errno != EAGAIN && errno != EACCES)
        return -1;
    *holder = holder_of(fd, kind, at, count);
    if (!*holder)
        *holder = -1; /* gone by now */
    return 1;
}

int source_lock_shared(const struct source *source, pid_t *holder)
{
    int fd = source->fds[PART_DATABASE], rc = set(fd, F_RDLCK, PENDING, 1, holder);
    if (rc != 0)
        return rc;
    rc = set(fd, F_RDLCK, SHARED_FIRST, SHARED_SIZE, holder);
    set(fd, F_UNLCK, PENDING, 1, &(pid_t){0});
    return rc;
}

int source_lock_wal(const struct source *source, pid_t *holder)
{
    int rc = source_lock_shared(source, holder);
    if (rc == 0)
        rc = set(source->fds[PART_SHM], F_RDLCK, SHM_READ0, 1, holder);
    return rc == 0 ? set(source->fds[PART_SHM], F_RDLCK, SHM_READ4, 1, holder) : rc;
}
