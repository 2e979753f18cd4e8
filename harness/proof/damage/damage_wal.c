/* What if the -wal, where the newest commits are, is gone, cut, hit, or of another time? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/damage/damage_case.h"

#define MOST_BYTES   ((size_t)1 << 30)
#define HEADER_BYTES 32

/* The store with its -wal, whole: 1, or 0 when too little was committed to it. */
static int copy_late(struct damage_case *hurt, size_t least_commits, struct err *err)
{
    char *wal = text_format("%s-wal", hurt->base->late);
    int rc = 0;
    hurt->late = true;
    if (hurt->base->commit_count >= least_commits)
        rc = damage_copy_file(hurt->base->late, hurt->path, err) < 0 ||
                     damage_copy_file(wal, hurt->wal, err) < 0
                 ? -1
                 : 1;
    free(wal);
    return rc;
}

static int cut(struct damage_case *hurt, int64_t bytes, struct err *err)
{
    if (truncate(hurt->wal, bytes) != 0)
        return err_system(err, "cannot cut '%s'", hurt->wal);
    snprintf(hurt->place, sizeof hurt->place, "-wal behind byte %lld", (long long)bytes);
    return 1;
}

/* The last `count` commits never happened, or all that were there. */
static int lose(struct damage_case *hurt, size_t count, struct err *err)
{
    int rc = copy_late(hurt, 2, err);
    size_t have = hurt->base->commit_count;
    if (rc != 1)
        return rc;
    return cut(hurt, have > count ? hurt->base->commits[have - count - 1] : 0, err);
}

int damage_lost_last(struct damage_case *hurt, struct err *err)
{
    return lose(hurt, 1, err);
}

int damage_lost_ten(struct damage_case *hurt, struct err *err)
{
    return lose(hurt, 10, err);
}

int damage_wal_missing(struct damage_case *hurt, struct err *err)
{
    int rc = copy_late(hurt, 1, err);
    if (rc == 1 && unlink(hurt->wal) != 0)
        return err_system(err, "cannot remove '%s'", hurt->wal);
    return rc;
}

/* Anywhere in front of the end of the last commit. */
int damage_wal_cut(struct damage_case *hurt, struct err *err)
{
    int rc = copy_late(hurt, 1, err);
    if (rc != 1)
        return rc;
    return cut(
        hurt,
        (int64_t)damage_random(hurt, (uint64_t)hurt->base->commits[hurt->base->commit_count - 1]),
        err);
}

/* One bit between two places of the -wal. */
static int flip(struct damage_case *hurt, int64_t from, int64_t to, struct err *err)
{
    char *bytes = NULL;
    size_t length = 0, at = (size_t)from + damage_random(hurt, (uint64_t)(to - from));
    unsigned bit = (unsigned)damage_random(hurt, 8);
    int rc = text_read_file(&bytes, &length, hurt->wal, MOST_BYTES, err);
    if (rc == 0 && at < length) {
        bytes[at] = (char)((unsigned char)bytes[at] ^ (1u << bit));
        rc = damage_write_file(hurt->wal, bytes, length, err);
    }
    snprintf(hurt->place, sizeof hurt->place, "-wal byte %zu, bit %u", at, bit);
    free(bytes);
    return rc < 0 ? -1 : 1;
}

/* One bit in front of the end of the commit that is the n-th from the end. */
static int flip_before(struct damage_case *hurt, size_t nth, struct err *err)
{
    const struct damage_base *base = hurt->base;
    int rc = copy_late(hurt, nth, err);
    return rc == 1 ? flip(hurt, HEADER_BYTES, base->commits[base->commit_count - nth], err) : rc;
}

int damage_wal_bit(struct damage_case *hurt, struct err *err)
{
    return flip_before(hurt, 1, err);
}

/* So early that several commits lie behind it. */
int damage_wal_early_bit(struct damage_case *hurt, struct err *err)
{
    return flip_before(hurt, 3, err);
}

int damage_wal_header(struct damage_case *hurt, struct err *err)
{
    int rc = copy_late(hurt, 1, err);
    return rc == 1 ? flip(hurt, 0, HEADER_BYTES, err) : rc;
}

/* All commits are in the file; then the -wal of an earlier time is put beside it. */
int damage_wal_earlier(struct damage_case *hurt, struct err *err)
{
    int rc = hurt->base->earlier ? copy_late(hurt, 1, err) : 0;
    struct sqlite3 *database = rc == 1 ? damage_open(hurt->path, err) : NULL;
    if (rc != 1)
        return rc;
    if (!database || damage_execute(database, "PRAGMA wal_checkpoint(TRUNCATE)", err) < 0)
        rc = -1;
    damage_close(database);
    if (rc < 0 || damage_copy_file(hurt->base->earlier, hurt->wal, err) < 0)
        return -1;
    return 1;
}

/* SQLite leaves WAL mode when the -wal is gone, and not before: fileformat2.html 1.3.3. */
int damage_wal_beside_rollback(struct damage_case *hurt, struct err *err)
{
    int rc = copy_late(hurt, 1, err);
    FILE *file = rc == 1 ? fopen(hurt->path, "r+e") : NULL;
    if (rc != 1)
        return rc;
    if (!file || fseek(file, 18, SEEK_SET) != 0 || fwrite("\1\1", 1, 2, file) != 2)
        rc = err_system(err, "cannot change '%s'", hurt->path);
    if (file && fclose(file) != 0 && rc == 1)
        rc = err_system(err, "cannot change '%s'", hurt->path);
    snprintf(hurt->place, sizeof hurt->place, "bytes 18 and 19");
    return rc;
}

/* An index of the -wal that nobody has open is made anew. */
int damage_shm_noise(struct damage_case *hurt, struct err *err)
{
    char *shm = text_format("%s-shm", hurt->path);
    unsigned char noise[32768];
    int rc = copy_late(hurt, 1, err);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)damage_random(hurt, 256);
    if (rc == 1 && damage_write_file(shm, noise, sizeof noise, err) < 0)
        rc = -1;
    free(shm);
    return rc;
}
