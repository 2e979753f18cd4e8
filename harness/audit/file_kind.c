/* What is a file that was given as a database: one of SQLite, an encrypted one, something else?
 *
 * Its first bytes tell. A database whose header is destroyed still has pages that look like those
 * of b-trees; one that is encrypted as a whole has bytes without any pattern.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_internal.h"
#include "base/quiet.h"
#include "base/text.h"

#define MAGIC       "SQLite format 3" /* with its NUL, fileformat2.html 1.3.1 */
#define LOOK_BYTES  262144            /* four pages of the largest size */
#define HEADER_AT   100               /* of the b-tree in page 1 */
#define LEAST_NOISE 512               /* fewer bytes say nothing */
#define NOISE_BYTES 65536

/* Chi-square of 256 equally likely values: 255 +- 22.6, so this is six deviations away from it.
 * What gzip and its kind make of 64 KiB lies further off, and is known by its first bytes. */
#define CHI_LEAST 120.0
#define CHI_MOST  391.0

/* The beginning of a file. */
struct beginning {
    const unsigned char *bytes;
    size_t count;
    int64_t size; /* of the whole */
};

static const struct {
    size_t at;
    const char *bytes;
    size_t count;
    const char *name;
} formats[] = {
#define BEGINS(at, bytes, name)                                                                    \
    {                                                                                              \
        at, bytes, sizeof(bytes) - 1, name                                                         \
    }
    BEGINS(0, "\x37\x7f\x06\x82", "the -wal of a database (name the database, not its -wal)"),
    BEGINS(0, "\x37\x7f\x06\x83", "the -wal of a database (name the database, not its -wal)"),
    BEGINS(0, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",
           "the -journal of a database (name the database, not its -journal)"),
    BEGINS(0, "** This file contains an SQLite 2",
           "a database of SQLite 2 (convert it: sqlite "
           "OLD .dump | sqlite3 NEW)"),
    BEGINS(0, "\x1f\x8b", "a gzip file (unpack it first)"),
    BEGINS(0, "\x28\xb5\x2f\xfd", "a zstd file (unpack it first)"),
    BEGINS(0,
           "\xfd"
           "7zXZ",
           "an xz file (unpack it first)"),
    BEGINS(0, "BZh", "a bzip2 file (unpack it first)"),
    BEGINS(0, "PK\x03\x04", "a zip file (unpack it first)"),
    BEGINS(0, "7z\xbc\xaf", "a 7z file (unpack it first)"),
    BEGINS(257, "ustar", "a tar file (unpack it first)"),
    BEGINS(0, "\x89PNG", "a PNG image"),
    BEGINS(0, "\xff\xd8\xff", "a JPEG image"),
    BEGINS(0, "%PDF", "a PDF document"),
    BEGINS(0,
           "\x7f"
           "ELF",
           "an ELF program or library"),
    BEGINS(8, "DUCK", "a database of DuckDB"),
    BEGINS(0, "PAR1", "a Parquet file"),
    BEGINS(0, "PGDMP", "a dump of PostgreSQL"),
    BEGINS(4, "Standard Jet DB", "a database of Microsoft Access"),
    BEGINS(4, "Standard ACE DB", "a database of Microsoft Access"),
    BEGINS(12, "\x62\x31\x05\x00", "a database of Berkeley DB"),
    BEGINS(12, "\x61\x15\x06\x00", "a database of Berkeley DB"),
    BEGINS(16, "\xde\xc0\xef\xbe", "a database of LMDB"),
    BEGINS(0, "-----BEGIN PGP", "a file encrypted by OpenPGP"),
    BEGINS(0, "age-encryption.org", "a file encrypted by age"),
    BEGINS(0, "Salted__", "a file encrypted by openssl enc"),
#undef BEGINS
};

static const char *format_of(const struct beginning *file)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (file->count >= formats[i].at + formats[i].count &&
            memcmp(file->bytes + formats[i].at, formats[i].bytes, formats[i].count) == 0)
            return formats[i].name;
    return NULL;
}

static bool is_all_zero(const struct beginning *file)
{
    size_t i = 0;
    while (i < file->count && !file->bytes[i])
        i++;
    return i == file->count;
}

static bool is_text(const struct beginning *file)
{
    for (size_t i = 0; i < file->count && i < NOISE_BYTES; i++)
        if (!file->bytes[i] || (file->bytes[i] < ' ' && !strchr("\t\n\v\f\r\x1b", file->bytes[i])))
            return false;
    return true;
}

/* Bytes of which each value is as frequent as any other. */
static bool is_noise(const unsigned char *bytes, size_t count)
{
    size_t seen[256] = {0};
    double expected = (double)count / 256, sum = 0;
    if (count < LEAST_NOISE)
        return false;
    for (size_t i = 0; i < count; i++)
        seen[bytes[i]]++;
    for (size_t i = 0; i < 256; i++) {
        double off = (double)seen[i] - expected;
        sum += off * off / expected;
    }
    return sum > CHI_LEAST && sum < CHI_MOST;
}

static size_t at_16(const unsigned char *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* Does the header of a b-tree page stand here, fileformat2.html 1.6? */
static bool is_tree_page(const unsigned char *page, size_t header, size_t page_bytes)
{
    const unsigned char *at = page + header;
    size_t cells = at_16(at + 3), content = at_16(at + 5);
    bool interior = at[0] == 2 || at[0] == 5;
    size_t first = header + (interior ? 12 : 8) + 2 * cells;
    if (!interior && at[0] != 10 && at[0] != 13)
        return false;
    content = content ? content : 65536;
    return at_16(at + 1) < page_bytes && content <= page_bytes && first <= content && at[7] <= 60 &&
           (cells > 0 || content == page_bytes);
}

/* How many of the pages behind the first one are of b-trees? */
static size_t tree_pages(const struct beginning *file, size_t page_bytes)
{
    size_t count = 0;
    for (size_t at = page_bytes; at + page_bytes <= file->count; at += page_bytes)
        count += is_tree_page(file->bytes + at, 0, page_bytes);
    return count;
}

/* returns : the size of the pages, 0: it is no database. *pages: how many of them tell it */
static size_t page_size_of(const struct beginning *file, size_t *pages)
{
    size_t best = 0;
    *pages = 0;
    for (size_t size = 512; size <= 65536; size *= 2) {
        bool first = file->count >= size && is_tree_page(file->bytes, HEADER_AT, size) &&
                     memmem(file->bytes, size, "CREATE ", 7);
        size_t count = file->size % (int64_t)size == 0 ? tree_pages(file, size) : 0;
        bool enough = count >= 2 && count >= file->count / size / 4;
        if ((first || enough) && count + first > *pages) {
            best = size;
            *pages = count + first;
        }
    }
    return best;
}

/* SQLCipher and SEE can leave the header readable: then all behind it is noise. */
static bool is_encrypted_behind_header(const struct beginning *file)
{
    size_t count = file->count < NOISE_BYTES ? file->count : NOISE_BYTES, pages;
    return count > HEADER_AT && file->bytes[HEADER_AT] != 5 && file->bytes[HEADER_AT] != 13 &&
           is_noise(file->bytes + HEADER_AT, count - HEADER_AT) && !page_size_of(file, &pages);
}

static int say_encrypted(enum audit_kind *kind, const char *path, struct err *err)
{
    *kind = AUDIT_ENCRYPTED;
    return err_set(err, ERR_UNFIT,
                   "'%s' is encrypted, or random bytes: not checked. Only who has its key can (for "
                   "example: sqlcipher FILE \"PRAGMA key = '...'; PRAGMA cipher_integrity_check; "
                   "PRAGMA integrity_check\")",
                   path);
}

static int say_foreign(enum audit_kind *kind, const char *path, const char *what, struct err *err)
{
    *kind = AUDIT_FOREIGN;
    return err_set(err, ERR_FORMAT, "'%s' is not a SQLite database: it is %s", path, what);
}

/* The first bytes are not SQLite's. */
static int tell_stranger(enum audit_kind *kind, const char *path, const struct beginning *file,
                         struct err *err)
{
    const char *format = format_of(file);
    size_t pages, noise = file->count < NOISE_BYTES ? file->count : NOISE_BYTES;
    size_t page_bytes = page_size_of(file, &pages);
    if (page_bytes) {
        *kind = AUDIT_DAMAGED;
        return err_set(err, ERR_FORMAT,
                       "its header is damaged: the first 16 bytes are not SQLite's, but %zu pages "
                       "of %zu bytes behind are a database's (restore a copy)",
                       pages, page_bytes);
    }
    if (format)
        return say_foreign(kind, path, format, err);
    if (is_all_zero(file))
        return say_foreign(kind, path,
                           "zero bytes from the beginning (if it was a database, what it held is "
                           "lost: restore a copy)",
                           err);
    if (is_text(file))
        return say_foreign(kind, path, "a text", err);
    if (is_noise(file->bytes, noise))
        return say_encrypted(kind, path, err);
    return say_foreign(kind, path,
                       "something else: its first 16 bytes are not SQLite's, and no page of a "
                       "database was found in it",
                       err);
}

static int64_t size_beside(const char *path, const char *ending)
{
    char *name = text_format("%s%s", path, ending);
    struct stat about;
    int64_t size = stat(name, &about) == 0 && S_ISREG(about.st_mode) ? about.st_size : 0;
    free(name);
    return size;
}

static int say_empty(enum audit_kind *kind, const char *path, struct err *err)
{
    int64_t wal = size_beside(path, "-wal");
    char *beside =
        text_format("; its -wal of %lld bytes is deleted by whoever opens it next", (long long)wal);
    *kind = AUDIT_EMPTY;
    err_set(err, ERR_UNFIT,
            "'%s' is an empty file, which SQLite takes for an empty database: nothing to check%s",
            path, wal ? beside : "");
    free(beside);
    return -1;
}

static int tell_bytes(enum audit_kind *kind, const char *path, const struct beginning *file,
                      struct err *err)
{
    if (file->size == 0)
        return say_empty(kind, path, err);
    if (file->count < sizeof MAGIC || memcmp(file->bytes, MAGIC, sizeof MAGIC) != 0)
        return tell_stranger(kind, path, file, err);
    if (is_encrypted_behind_header(file))
        return say_encrypted(kind, path, err);
    *kind = AUDIT_DATABASE;
    return 0;
}

static const char *name_of(mode_t mode)
{
    return S_ISDIR(mode)    ? "a directory, no regular file"
           : S_ISFIFO(mode) ? "a FIFO, no regular file"
           : S_ISSOCK(mode) ? "a socket, no regular file"
                            : "a device, no regular file";
}

static int say_unopened(const char *path, struct err *err)
{
    struct stat about;
    if (errno == ENOENT || errno == ENOTDIR)
        return err_set(err, ERR_FORMAT, "cannot open '%s': %s", path,
                       lstat(path, &about) == 0 ? "it is a link to nothing" : strerror(errno));
    if ((errno == EACCES || errno == EPERM) && stat(path, &about) == 0)
        return err_set(err, ERR_UNFIT,
                       "not checked: cannot read '%s': %s (it belongs to user %u: audit it as that "
                       "user, or as root)",
                       path, strerror(errno), (unsigned)about.st_uid);
    return err_system(err, "cannot open '%s'", path);
}

static int read_beginning(struct beginning *out, unsigned char *room, const char *path, int fd,
                          struct err *err)
{
    ssize_t got = 0;
    while (out->count < LOOK_BYTES &&
           (got = pread(fd, room + out->count, LOOK_BYTES - out->count, (off_t)out->count)) > 0)
        out->count += (size_t)got;
    out->bytes = room;
    return got < 0 ? err_system(err, "cannot read '%s'", path) : 0;
}

int audit_kind_look(enum audit_kind *kind, const char *path, struct err *err)
{
    struct beginning file = {0};
    struct stat about;
    unsigned char *room;
    int rc, fd;
    *kind = AUDIT_UNKNOWN;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) /* opening a device may do something */
        return say_foreign(kind, path, name_of(about.st_mode), err);
    fd = quiet_open(path, 0);
    if (fd < 0)
        return say_unopened(path, err);
    room = xcalloc(1, LOOK_BYTES);
    rc = read_beginning(&file, room, path, fd, err);
    file.size = fstat(fd, &about) == 0 ? about.st_size : (off_t)file.count;
    if (rc == 0)
        rc = tell_bytes(kind, path, &file, err);
    close(fd);
    free(room);
    return rc;
}

/* Recovery puts back what a transaction was writing, the header too. */
bool audit_kind_may_recover(const char *path)
{
    return size_beside(path, "-journal") > 0 || size_beside(path, "-wal") > 0;
}

bool file_says_wal(const char *path)
{
    unsigned char version[2] = {0};
    int fd = quiet_open(path, 0);
    bool wal = fd >= 0 && pread(fd, version, 2, 18) == 2 && version[1] == 2;
    if (fd >= 0)
        close(fd);
    return wal;
}

const char *const audit_kind_names[] = {"unknown",   "database", "empty",
                                        "encrypted", "damaged",  "foreign"};
