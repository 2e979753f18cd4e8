/* Does what was committed to a -wal left behind come back?
 *
 * SQLite takes the frames up to the last commit before the first one whose checksum is wrong, and
 * is silent about the rest. A crash leaves at most one unfinished transaction there. More than one
 * commit of the same generation behind a bad frame is therefore damage: somebody was told that
 * those are safe (with durability "normal" a power loss may do that, and only that). Frames of an
 * earlier generation (other salts) lie behind by right.
 *
 *     header 32: magic, version, page size, sequence, salt 1, salt 2, checksum 1, checksum 2
 *     frame  24: page, pages after commit or 0, salt 1, salt 2, checksum 1, checksum 2; the page
 *
 * source : fileformat2.html, 4.1 to 4.4
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_internal.h"
#include "audit/recovery.h"
#include "base/text.h"

#define HEADER_BYTES  32
#define FRAME_BYTES   24
#define MAGIC         0x377f0682u /* + 1: checksums of big-endian words */
#define VERSION       3007000u
#define LEAST_PAGE    512
#define MOST_PAGE     65536
#define COMMITS_LEAST 2 /* one may be a transaction that a crash cut off */

struct reading {
    int fd;
    int64_t bytes;
    unsigned char header[HEADER_BYTES];
    uint32_t page_bytes, sums[2];
    bool big_endian;
    int64_t frames, good_frames, commits_beyond;
    bool beside_rollback; /* the header of its database says that it has a rollback journal */
    struct wal_taken taken;
};

static uint32_t big(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t little(const unsigned char *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void sum(struct reading *wal, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i += 8) {
        wal->sums[0] += (wal->big_endian ? big(bytes + i) : little(bytes + i)) + wal->sums[1];
        wal->sums[1] +=
            (wal->big_endian ? big(bytes + i + 4) : little(bytes + i + 4)) + wal->sums[0];
    }
}

/* NULL: the header is good. */
static const char *check_header(struct reading *wal)
{
    uint32_t magic = big(wal->header);
    wal->big_endian = magic & 1;
    wal->page_bytes = big(wal->header + 8);
    if ((magic & ~1u) != MAGIC || big(wal->header + 4) != VERSION)
        return "it does not begin as a -wal does";
    if (wal->page_bytes < LEAST_PAGE || wal->page_bytes > MOST_PAGE ||
        (wal->page_bytes & (wal->page_bytes - 1)) != 0)
        return "its page size is none";
    sum(wal, wal->header, FRAME_BYTES);
    if (wal->sums[0] != big(wal->header + 24) || wal->sums[1] != big(wal->header + 28))
        return "the checksum of its header is wrong";
    return NULL;
}

/* pages: 0 where it is no commit */
static void take_commit(struct reading *wal, uint32_t pages)
{
    if (pages)
        wal->taken = (struct wal_taken){
            .commits = wal->taken.commits + 1, .frames = wal->good_frames, .pages = pages};
}

static void count_frame(struct reading *wal, const unsigned char *frame)
{
    bool ours = memcmp(frame + 8, wal->header + 16, 8) == 0;
    wal->frames++;
    if (wal->good_frames == wal->frames - 1 && ours) {
        sum(wal, frame, 8);
        sum(wal, frame + FRAME_BYTES, wal->page_bytes);
        if (wal->sums[0] == big(frame + 16) && wal->sums[1] == big(frame + 20) && big(frame)) {
            wal->good_frames++;
            take_commit(wal, big(frame + 4));
            return;
        }
    }
    wal->commits_beyond += ours && big(frame + 4) != 0;
}

/* Holes hold no frame that was written, but may be longer than anybody can read. lseek(2) */
static int64_t pass_over_hole(struct reading *wal, int64_t at)
{
    int64_t step = FRAME_BYTES + (int64_t)wal->page_bytes;
    off_t data = lseek(wal->fd, at, SEEK_DATA);
    int64_t frames =
        data < 0 ? (errno == ENXIO ? (wal->bytes - at) / step : 0) : (data - at) / step;
    wal->frames += frames;
    return at + frames * step;
}

static void count_frames(struct reading *wal)
{
    size_t step = FRAME_BYTES + wal->page_bytes;
    unsigned char *frame = xcalloc(1, step);
    int64_t at = HEADER_BYTES;
    while (at + (int64_t)step <= wal->bytes && pread(wal->fd, frame, step, at) == (ssize_t)step) {
        count_frame(wal, frame);
        at = pass_over_hole(wal, at + (int64_t)step);
    }
    free(frame);
}

/* A subject that works beside us may have begun the file anew while we read. */
static bool was_begun_anew(const struct reading *wal)
{
    unsigned char now[HEADER_BYTES];
    return pread(wal->fd, now, sizeof now, 0) != (ssize_t)sizeof now ||
           memcmp(now, wal->header, sizeof now) != 0;
}

static void check_open(struct audit_answers *answers, struct reading *wal)
{
    const char *wrong;
    if (wal->bytes < HEADER_BYTES + FRAME_BYTES + LEAST_PAGE ||
        pread(wal->fd, wal->header, HEADER_BYTES, 0) != HEADER_BYTES)
        return; /* no whole frame: nothing was committed to it */
    wrong = check_header(wal);
    if (!wrong)
        count_frames(wal);
    if (was_begun_anew(wal))
        return;
    if (wrong)
        answers_broken(answers, RULE_WAL, "-wal", 1, "its -wal of %lld bytes cannot be used: %s",
                       (long long)wal->bytes, wrong);
    else if (wal->commits_beyond >= COMMITS_LEAST)
        answers_broken(answers, RULE_WAL, "-wal", wal->commits_beyond,
                       "frame %lld of %lld in its -wal is bad, the %lld commits behind it are lost",
                       (long long)wal->good_frames + 1, (long long)wal->frames,
                       (long long)wal->commits_beyond);
    else if (wal->taken.commits > 0 && wal->beside_rollback)
        answers_broken(answers, RULE_WAL, "-wal", wal->taken.commits,
                       "its header says that it has a rollback journal, and a -wal with %lld "
                       "commits lies beside it: that of another file, or from before this one was "
                       "put there; SQLite brings it in all the same",
                       (long long)wal->taken.commits);
    else
        answers_held(answers, RULE_WAL);
}

/* Both ways between the modes SQLite goes while there is no -wal. See fileformat2.html 1.3.3. */
static bool says_rollback(const char *path)
{
    unsigned char header[20] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool says = fd >= 0 && pread(fd, header, sizeof header, 0) == (ssize_t)sizeof header &&
                header[18] == 1 && header[19] == 1;
    if (fd >= 0)
        close(fd);
    return says;
}

static bool open_wal(struct reading *wal, const char *path)
{
    char *name = text_format("%s-wal", path);
    struct stat about;
    *wal = (struct reading){.fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    free(name);
    if (wal->fd < 0)
        return false; /* SQLite will say whether that is wrong */
    wal->bytes = fstat(wal->fd, &about) == 0 && S_ISREG(about.st_mode) ? about.st_size : 0;
    return true;
}

void wal_check(struct audit_answers *answers, const char *path)
{
    struct reading wal;
    if (!open_wal(&wal, path))
        return;
    wal.beside_rollback = says_rollback(path);
    if (wal.bytes)
        check_open(answers, &wal);
    close(wal.fd);
}

struct wal_taken wal_taken_of(const char *path)
{
    struct reading wal;
    if (!open_wal(&wal, path))
        return (struct wal_taken){0};
    if (pread(wal.fd, wal.header, HEADER_BYTES, 0) == HEADER_BYTES && !check_header(&wal))
        count_frames(&wal);
    close(wal.fd);
    return wal.taken;
}
