/* Which locks of SQLite does a line of /proc/locks show?
 *
 *     1: POSIX  ADVISORY  WRITE 4242 08:01:131073 1073741825 1073741825
 *     1: -> POSIX  ADVISORY  WRITE 4243 ...     waits for the one above: holds nothing
 *     2: OFDLCK ADVISORY  READ  -1 08:01:131074 123 123
 *
 * The kernel joins adjacent ranges of one process, so a line may show several locks. See proc(5),
 * fs/locks.c (lock_get_status), and the head of os_unix.c of SQLite for the bytes. */
#include "cycle/lock_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define PENDING_BYTE  0x40000000
#define RESERVED_BYTE (PENDING_BYTE + 1)
#define SHARED_FIRST  (PENDING_BYTE + 2)
#define SHARED_LAST   (PENDING_BYTE + 511)
#define SHM_WRITE     120
#define SHM_CKPT      121
#define SHM_RECOVER   122
#define SHM_READ      123
#define SHM_READ_LAST 127
#define SHM_CONNECTED 128

/* The locks themselves. */
enum {
    SHARED = 1,
    RESERVED = 2,
    PENDING = 4,
    EXCLUSIVE = 8,
    WAL_WRITE = 16,
    WAL_CKPT = 32,
    WAL_RECOVER = 64,
    WAL_READ = 128,
    WAL_CONNECTED = 256
};

/* A line taken apart. */
struct line {
    bool ofd, write;
    pid_t pid;
    dev_t device;
    ino_t inode;
    uint64_t first, last;
};

static const char *word(const char *at, size_t *length)
{
    at += strspn(at, " ");
    *length = strcspn(at, " \n");
    return at;
}

static bool is(const char *at, size_t length, const char *name)
{
    return length == strlen(name) && memcmp(at, name, length) == 0;
}

static bool read_file(struct line *out, const char *at)
{
    char *end;
    unsigned long major = strtoul(at, &end, 16), minor;
    if (*end != ':')
        return false;
    minor = strtoul(end + 1, &end, 16);
    if (*end != ':')
        return false;
    out->device = makedev(major, minor);
    out->inode = (ino_t)strtoull(end + 1, &end, 10);
    return *end == ' ';
}

/* False for what is no lock of bytes that somebody has */
static bool read_line(struct line *out, const char *at)
{
    size_t length;
    at = word(at, &length); /* "1:" */
    at = word(at + length, &length);
    out->ofd = is(at, length, "OFDLCK");
    if (!out->ofd && !is(at, length, "POSIX"))
        return false;
    at = word(at + length, &length); /* "ADVISORY" */
    at = word(at + length, &length);
    out->write = is(at, length, "WRITE");
    if (!out->write && !is(at, length, "READ"))
        return false;
    at = word(at + length, &length);
    out->pid = out->ofd ? -1 : (pid_t)strtol(at, NULL, 10);
    at = word(at + length, &length);
    if (!read_file(out, at))
        return false;
    at = word(at + length, &length);
    out->first = strtoull(at, NULL, 10);
    at = word(at + length, &length);
    out->last = is(at, length, "EOF") ? UINT64_MAX : strtoull(at, NULL, 10);
    return true;
}

static bool covers(const struct line *line, uint64_t first, uint64_t last)
{
    return line->first <= last && line->last >= first;
}

/* READ on PENDING is held while SHARED is taken, and not counted */
static unsigned bytes_of_database(const struct line *line)
{
    unsigned bytes = 0;
    if (covers(line, SHARED_FIRST, SHARED_LAST))
        bytes |= line->write ? EXCLUSIVE : SHARED;
    if (line->write && covers(line, RESERVED_BYTE, RESERVED_BYTE))
        bytes |= RESERVED;
    if (line->write && covers(line, PENDING_BYTE, PENDING_BYTE))
        bytes |= PENDING;
    return bytes;
}

/* WRITE on a read mark is held while it is moved, and not counted */
static unsigned bytes_of_shm(const struct line *line)
{
    unsigned bytes = 0;
    if (line->write && covers(line, SHM_WRITE, SHM_WRITE))
        bytes |= WAL_WRITE;
    if (line->write && covers(line, SHM_CKPT, SHM_CKPT))
        bytes |= WAL_CKPT;
    if (line->write && covers(line, SHM_RECOVER, SHM_RECOVER))
        bytes |= WAL_RECOVER;
    if (!line->write && covers(line, SHM_READ, SHM_READ_LAST))
        bytes |= WAL_READ;
    if (covers(line, SHM_CONNECTED, SHM_CONNECTED))
        bytes |= WAL_CONNECTED;
    return bytes;
}

static void add(struct lock_table *table, size_t database, pid_t pid, unsigned bytes)
{
    size_t at = 0;
    while (at < table->count &&
           (table->entries[at].database != database || table->entries[at].pid != pid))
        at++;
    if (at == LOCK_TABLE_MOST) {
        table->cut = true;
        return;
    }
    if (at == table->count)
        table->entries[table->count++] = (struct lock_entry){.database = database, .pid = pid};
    table->entries[at].bytes |= bytes;
}

void lock_table_line(struct lock_table *table, const char *text, const struct lock_files files[],
                     size_t count)
{
    struct line line;
    if (!read_line(&line, text))
        return;
    for (size_t i = 0; i < count; i++) {
        if (files[i].device && files[i].device != line.device)
            continue;
        if (files[i].database && line.inode == files[i].database)
            add(table, i, line.pid, bytes_of_database(&line));
        else if (files[i].shm && line.inode == files[i].shm)
            add(table, i, line.pid, bytes_of_shm(&line));
    }
}

/* In WAL mode each connection keeps SHARED on the database: that is no reader. */
static unsigned kinds_of(unsigned bytes)
{
    unsigned kinds = 0;
    if (bytes & (RESERVED | PENDING | EXCLUSIVE | WAL_WRITE))
        kinds |= 1u << LOCKS_WRITE;
    if (bytes & EXCLUSIVE)
        kinds |= 1u << LOCKS_EXCLUSIVE;
    else if (bytes & PENDING)
        kinds |= 1u << LOCKS_PENDING;
    if (bytes & WAL_CKPT)
        kinds |= 1u << LOCKS_CHECKPOINT;
    if (bytes & WAL_RECOVER)
        kinds |= 1u << LOCKS_RECOVER;
    if (!(kinds & 1u << LOCKS_WRITE) &&
        (bytes & WAL_READ || (bytes & SHARED && !(bytes & WAL_CONNECTED))))
        kinds |= 1u << LOCKS_READ;
    return kinds;
}

void lock_table_settle(struct lock_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        table->entries[i].held = kinds_of(table->entries[i].bytes);
}

void lock_table_look(struct lock_table *table, const char *text, const struct lock_files files[],
                     size_t count)
{
    table->count = 0;
    table->cut = false;
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        lock_table_line(table, line, files, count);
        if (!strchr(line, '\n'))
            break;
    }
    lock_table_settle(table);
}

int lock_table_device(dev_t *out, const char *text, ino_t inode, pid_t pid)
{
    struct line line;
    for (const char *at = text; at && *at; at = strchr(at, '\n'), at += at != NULL)
        if (read_line(&line, at) && line.inode == inode && line.pid == pid) {
            *out = line.device;
            return 0;
        }
    return -1;
}
