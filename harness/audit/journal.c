/* What would SQLite play back from a rollback journal, and does it name a super-journal?
 *
 *     segment  header: magic 8, records, nonce, pages before, sector bytes, page bytes; at the
 *              start of a sector
 *              record: page number, the page, checksum; and so on
 *     end      (in a transaction over several databases) page of the locks, name, its length, its
 *              checksum, magic 8
 *
 * Records are played back up to the first one whose checksum is wrong: the end of what reached the
 * disk.
 *
 * source : https://www.sqlite.org/fileformat2.html, "The Rollback Journal"
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/recovery.h"
#include "base/text.h"

#define HEADER_BYTES 28
#define MOST_NAME    512 /* as in SQLite: a longer one is none */
#define LOCK_BYTE    0x40000000u
#define TO_THE_END   0xffffffffu

static const unsigned char magic[8] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};

struct playback {
    int fd;
    int64_t bytes, at, pages;
    uint32_t records, nonce, sector_bytes, page_bytes;
};

static uint32_t number(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool is_power(uint32_t value, uint32_t least, uint32_t most)
{
    return value >= least && value <= most && (value & (value - 1)) == 0;
}

/* The sizes of the first one hold for all. */
static bool read_header(struct playback *journal)
{
    unsigned char header[HEADER_BYTES];
    if (journal->sector_bytes)
        journal->at = (journal->at + journal->sector_bytes - 1) / journal->sector_bytes *
                      journal->sector_bytes;
    if (pread(journal->fd, header, sizeof header, journal->at) != (ssize_t)sizeof header ||
        memcmp(header, magic, sizeof magic) != 0)
        return false;
    journal->records = number(header + 8);
    journal->nonce = number(header + 12);
    if (!journal->sector_bytes) {
        journal->sector_bytes = number(header + 20);
        journal->page_bytes = number(header + 24);
    }
    if (!is_power(journal->sector_bytes, 32, 65536) || !is_power(journal->page_bytes, 512, 65536))
        return false;
    journal->at += journal->sector_bytes;
    return true;
}

/* Every 200th byte of the page, from its end. */
static bool is_whole(const struct playback *journal, const unsigned char *record)
{
    const unsigned char *page = record + 4;
    uint32_t sum = journal->nonce;
    for (int64_t i = (int64_t)journal->page_bytes - 200; i > 0; i -= 200)
        sum += page[i];
    return sum == number(page + journal->page_bytes);
}

/* returns : there may be another segment */
static bool play_segment(struct playback *journal)
{
    size_t step = journal->page_bytes + 8;
    unsigned char *record = xcalloc(1, step);
    uint32_t lock_page = LOCK_BYTE / journal->page_bytes + 1, done = 0, page;
    bool whole = true;
    while (whole && (journal->records == TO_THE_END || done < journal->records)) {
        whole = pread(journal->fd, record, step, journal->at) == (ssize_t)step;
        page = number(record);
        whole = whole && page != 0 && page != lock_page && is_whole(journal, record);
        if (whole) {
            journal->at += (int64_t)step;
            journal->pages++;
            done++;
        }
    }
    free(record);
    return whole && done > 0;
}

static int open_journal(const char *path, int flags, int64_t *bytes)
{
    char *name = text_format("%s-journal", path);
    int fd = open(name, flags | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    if (fd >= 0 && (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))) {
        close(fd);
        fd = -1;
    }
    *bytes = fd >= 0 ? (int64_t)about.st_size : 0;
    free(name);
    return fd;
}

int64_t journal_pages_of(const char *path)
{
    struct playback journal = {0};
    journal.fd = open_journal(path, O_RDONLY, &journal.bytes);
    if (journal.fd < 0)
        return 0;
    while (read_header(&journal) && play_segment(&journal))
        continue;
    close(journal.fd);
    return journal.pages;
}

/* ---- the super-journal ---- */

/* returns : the name, or NULL; *at: where its record begins */
static char *read_super(int fd, int64_t bytes, int64_t *at)
{
    unsigned char end[16];
    uint32_t length, sum;
    char *name;
    if (bytes < 20 || pread(fd, end, sizeof end, bytes - 16) != 16 ||
        memcmp(end + 8, magic, sizeof magic) != 0)
        return NULL;
    length = number(end);
    sum = number(end + 4);
    if (length == 0 || length > MOST_NAME || length > bytes - 20)
        return NULL;
    name = xcalloc(1, length + 1);
    *at = bytes - 20 - length;
    if (pread(fd, name, length, *at + 4) != (ssize_t)length)
        sum++; /* no name */
    for (uint32_t i = 0; i < length; i++)
        sum -= (uint32_t)(int)name[i];
    if (sum == 0 && *name)
        return name;
    free(name);
    return NULL;
}

char *journal_free(const char *path)
{
    int64_t bytes, at = 0;
    int fd = open_journal(path, O_RDWR, &bytes);
    char *super = fd >= 0 ? read_super(fd, bytes, &at) : NULL;
    if (super) {
        bool committed = access(super, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
        if (ftruncate(fd, committed ? 0 : at) != 0) {
            char *journal = text_format("%s-journal", path);
            unlink(journal); /* better none than one that leads out of the copy */
            free(journal);
        }
    }
    if (fd >= 0)
        close(fd);
    return super;
}
