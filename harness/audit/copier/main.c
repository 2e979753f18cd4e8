/* spawnbench-copy DATABASE TARGET lock|never-lock: one consistent state of a database in use.
 *
 * Bytes that are copied while somebody writes are torn, nearly always. Three ways to have them
 * whole, the gentlest first:
 *
 *     unlocked   nobody holds PENDING or EXCLUSIVE, and it is the same before and after
 *     WAL        while somebody is connected: a reader's locks, which keep checkpoints off the
 *                database and the -wal from being begun anew; writers append to it meanwhile
 *     SHARED     writers that never pause for as long as a copy takes; they wait or fail
 *
 * TARGET, TARGET-wal and TARGET-journal are made, as the state needs them. What happens is told on
 * stdout, see copier.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "audit/copier/source.h"
#include "base/clock.h"

#define UNLOCKED_NS  (2 * CLOCK_NS_PER_S) /* then with a lock */
#define UNLOCKED_TRY 20
#define PATIENCE_NS  (3 * CLOCK_NS_PER_S) /* of waiting for locks, copying apart */
#define MOST_TRIES   40
#define PAUSE_NS     (CLOCK_NS_PER_MS / 5)
#define AWAIT_NS     (50 * CLOCK_NS_PER_MS)
#define TICK_NS      (20 * CLOCK_NS_PER_MS) /* two of the coarsest clock of a file system */

enum outcome { TAKEN, AGAIN, REFUSED };

struct taking {
    const char *path, *target;
    bool never_lock;
    struct copier_record record; /* its end */
    struct source source;
    int targets[PART_JOURNAL + 1]; /* -1: not made */
    pid_t holder;                  /* who was in the way last */
    int copies;                    /* that were torn */
    int64_t from_ns, waited_ns;
};

static enum outcome refuse(struct taking *taking, enum err_code code, int os_error,
                           const char *text)
{
    taking->record.code = code;
    taking->record.os_error = os_error;
    if (text != taking->record.text)
        snprintf(taking->record.text, sizeof taking->record.text, "%s", text);
    return REFUSED;
}

static void pause_ns(struct taking *taking, int64_t ns)
{
    struct timespec pause = {.tv_sec = ns / CLOCK_NS_PER_S, .tv_nsec = ns % CLOCK_NS_PER_S};
    nanosleep(&pause, NULL);
    taking->waited_ns += ns;
}

/* ---- the bytes ---- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool is_wanted(const struct source_look *look, enum part part)
{
    const struct file_state *file = &look->files[part];
    if (part == PART_DATABASE)
        return true;
    if (part == PART_JOURNAL && (look->reserved || look->connected || !look->journal_is_played))
        return false; /* one with an owner, or that was done with, is not played back */
    return file->there && file->bytes > 0;
}

static enum outcome check_space(struct taking *taking, const struct source_look *look)
{
    struct statvfs folder;
    int64_t needed = 0, there;
    for (int i = 0; i <= PART_JOURNAL; i++)
        if (is_wanted(look, (enum part)i))
            needed += least(look->files[i].bytes, look->files[i].blocks_bytes);
    if (fstatvfs(taking->targets[PART_DATABASE], &folder) != 0)
        return TAKEN; /* writing will tell */
    there = (int64_t)folder.f_bavail * (int64_t)folder.f_frsize;
    if (needed <= there)
        return TAKEN;
    snprintf(taking->record.text, sizeof taking->record.text,
             "its copy needs %lld bytes and %lld are free, %lld are missing: set TMPDIR to a "
             "folder with more space, or audit it where it lies with --in-place",
             (long long)needed, (long long)there, (long long)(needed - there));
    return refuse(taking, ERR_UNFIT, ENOSPC, taking->record.text);
}

static enum outcome tell_copying(struct taking *taking, int rc, bool of_source)
{
    int error = errno;
    if (rc >= 0)
        return rc ? AGAIN : TAKEN;
    snprintf(taking->record.text, sizeof taking->record.text, "%s: %s%s",
             of_source ? "reading it" : "writing its copy", strerror(error),
             error == ENOSPC
                 ? " (set TMPDIR to a folder with more space, or audit it where it lies "
                   "with --in-place)"
                 : "");
    return refuse(taking, of_source || error == ENOSPC ? ERR_UNFIT : ERR_SYSTEM, error,
                  taking->record.text);
}

/* What an earlier try left of a part is written anew, or removed where it is no part any more. */
static bool make_target(struct taking *taking, enum part part, bool wanted)
{
    static const char *const endings[] = {"", "-wal", "-journal"};
    char name[PATH_MAX];
    int *fd = &taking->targets[part];
    if (wanted == (*fd >= 0))
        return true;
    snprintf(name, sizeof name, "%s%s", taking->target, endings[part]);
    if (wanted) {
        *fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        return *fd >= 0;
    }
    close(*fd);
    *fd = -1;
    return unlink(name) == 0;
}

static enum outcome copy_part(struct taking *taking, const struct source_look *look, enum part part,
                              struct going *going)
{
    int64_t bytes = look->files[part].bytes;
    int from = taking->source.fds[part], rc;
    bool of_source = false;
    enum outcome outcome = TAKEN;
    if (!make_target(taking, part, is_wanted(look, part)))
        return tell_copying(taking, -1, false);
    if (!is_wanted(look, part) || bytes_clone(from, taking->targets[part], bytes) == 0)
        return TAKEN;
    if (part == PART_DATABASE)
        outcome = check_space(taking, look);
    if (outcome != TAKEN)
        return outcome;
    rc = bytes_copy(from, taking->targets[part], bytes, going, &of_source);
    return tell_copying(taking, rc, of_source);
}

/* The -wal up to its size at the look: who follows its end never gets there. */
static enum outcome copy_parts(struct taking *taking, const struct source_look *look)
{
    struct going going = {.record = &taking->record};
    int64_t *const sizes[] = {&taking->record.bytes, &taking->record.wal_bytes,
                              &taking->record.journal_bytes};
    enum outcome outcome = TAKEN;
    taking->record.done_bytes = taking->record.all_bytes = 0;
    for (int i = 0; i <= PART_JOURNAL; i++) {
        *sizes[i] = is_wanted(look, (enum part)i) ? look->files[i].bytes : 0;
        if (*sizes[i])
            taking->record.all_bytes += least(*sizes[i], look->files[i].blocks_bytes);
    }
    for (int i = 0; i <= PART_JOURNAL && outcome == TAKEN; i++)
        outcome = copy_part(taking, look, (enum part)i, &going);
    taking->record.is_wal = look->is_wal;
    return outcome;
}

/* ---- is it one state? ---- */

static bool is_same(const struct file_state *before, const struct file_state *after)
{
    return before->there == after->there && before->device == after->device &&
           before->inode == after->inode && before->bytes == after->bytes &&
           before->changed_ns == after->changed_ns && before->status_ns == after->status_ns;
}

/* The change counter in the header rises with each commit in rollback mode, so that one within a
 * tick of the clock is seen as well. */
static bool is_one_state(const struct source_look *before, const struct source_look *after)
{
    return is_same(&before->files[PART_DATABASE], &after->files[PART_DATABASE]) &&
           memcmp(before->header, after->header, sizeof after->header) == 0 &&
           is_same(&before->files[PART_WAL], &after->files[PART_WAL]) &&
           memcmp(before->wal_header, after->wal_header, sizeof after->wal_header) == 0 &&
           (!is_wanted(before, PART_JOURNAL) ||
            (is_same(&before->files[PART_JOURNAL], &after->files[PART_JOURNAL]) &&
             !after->reserved));
}

/* While the locks of WAL are held, nothing of it may change but the end of the -wal. Its header is
 * written with the first frame after it was begun anew, which may have been before the locks. */
static bool is_one_wal_state(const struct source_look *before, const struct source_look *after)
{
    return is_same(&before->files[PART_DATABASE], &after->files[PART_DATABASE]) &&
           before->files[PART_WAL].inode == after->files[PART_WAL].inode &&
           before->files[PART_WAL].bytes <= after->files[PART_WAL].bytes &&
           memcmp(before->wal_header, after->wal_header, sizeof after->wal_header) == 0;
}

/* A checkpoint raises no counter: only the clock tells, and two writes in one tick look as one. */
static bool is_settled(const struct source_look *look)
{
    int64_t now_ns = clock_wall_ns();
    if (!look->is_wal && !look->files[PART_WAL].there)
        return true;
    for (int i = PART_DATABASE; i <= PART_WAL; i++)
        if (look->files[i].there && look->files[i].changed_ns <= now_ns &&
            look->files[i].changed_ns > now_ns - TICK_NS)
            return false;
    return true;
}

static enum outcome torn(struct taking *taking)
{
    taking->copies++;
    return AGAIN;
}

/* ---- the three ways ---- */

/* before: files, then locks; after: locks, then files. Who writes in between is seen by his lock or
 * by what he has changed. */
static enum outcome take_unlocked(struct taking *taking, const struct source_look *before)
{
    struct source_look after = {0};
    enum outcome outcome;
    taking->holder = before->writer;
    if (before->writer) {
        pause_ns(taking, PAUSE_NS);
        return AGAIN;
    }
    outcome = copy_parts(taking, before);
    if (outcome == REFUSED)
        return outcome;
    source_look_locks(&taking->source, &after);
    source_look_files(&taking->source, &after);
    if (outcome == AGAIN || after.writer || after.connected || !is_one_state(before, &after)) {
        taking->holder = after.writer;
        return torn(taking);
    }
    taking->record.way = COPY_UNLOCKED;
    return TAKEN;
}

/* After a copy that was torn: the next change is the best moment, as a pause begins then. */
static void await_change(struct taking *taking, int64_t copy_ns)
{
    struct source_look first = {0}, now;
    int64_t until_ns = clock_now_ns() + AWAIT_NS + 2 * copy_ns, waited_ns = taking->waited_ns;
    source_look_files(&taking->source, &first);
    do {
        pause_ns(taking, PAUSE_NS);
        now = (struct source_look){0};
        source_look_files(&taking->source, &now);
    } while (memcmp(now.header, first.header, sizeof now.header) == 0 && clock_now_ns() < until_ns);
    taking->waited_ns = waited_ns;
}

/* Frames that were written while they were copied may be there without those in front of them, as
 * if these were damaged. What was committed before is whole: the -wal ends behind that, then. */
static bool cut_wal(struct taking *taking, const struct source_look *before, int64_t from_ns)
{
    const unsigned char *size = before->wal_header + 8; /* of a page, big-endian */
    struct source_look after = {0};
    int64_t page = (int64_t)size[0] << 24 | size[1] << 16 | size[2] << 8 | size[3], end;
    int target = taking->targets[PART_WAL];
    source_look_files(&taking->source, &after);
    if (target < 0 || before->wal_frames < 0 ||
        after.files[PART_WAL].changed_ns < from_ns - TICK_NS)
        return true;
    end = (int64_t)sizeof before->wal_header + before->wal_frames * (page + 24);
    if (end >= taking->record.wal_bytes)
        return true;
    taking->record.wal_bytes = end;
    return ftruncate(target, end) == 0;
}

static enum outcome lock_failed(struct taking *taking, int rc)
{
    int error = errno;
    if (rc > 0) {
        pause_ns(taking, PAUSE_NS);
        return AGAIN;
    }
    snprintf(taking->record.text, sizeof taking->record.text, "it cannot be locked: %s",
             strerror(error));
    return refuse(taking, ERR_UNFIT, error, taking->record.text);
}

static enum outcome take_wal(struct taking *taking)
{
    struct source_look before = {.connected = true}, after = {0};
    int rc = source_lock_wal(&taking->source, &taking->holder);
    int64_t from_ns = clock_wall_ns();
    enum outcome outcome;
    if (rc != 0)
        return lock_failed(taking, rc);
    source_look_files(&taking->source, &before);
    if (!source_is_here(&taking->source, &before))
        return torn(taking);
    outcome = copy_parts(taking, &before);
    source_look_files(&taking->source, &after);
    if (outcome == REFUSED)
        return outcome;
    if (outcome == AGAIN || !is_one_wal_state(&before, &after))
        return torn(taking);
    if (!cut_wal(taking, &before, from_ns))
        return tell_copying(taking, -1, false);
    taking->record.way = COPY_WAL_LOCKS;
    return TAKEN;
}

/* A writer may get RESERVED, and begin a journal, while we hold SHARED; it changes nothing yet. */
static enum outcome take_shared(struct taking *taking)
{
    struct source_look before = {0}, after = {0};
    int64_t from_ns = clock_now_ns();
    int rc = source_lock_shared(&taking->source, &taking->holder);
    enum outcome outcome;
    if (rc != 0)
        return lock_failed(taking, rc);
    source_look_files(&taking->source, &before);
    source_look_locks(&taking->source, &before);
    if (before.connected || !source_is_here(&taking->source, &before))
        return torn(taking);
    outcome = copy_parts(taking, &before);
    source_look_locks(&taking->source, &after);
    source_look_files(&taking->source, &after);
    source_close(&taking->source);
    taking->record.locked_ns += clock_now_ns() - from_ns;
    if (outcome == REFUSED)
        return outcome;
    if (outcome == AGAIN || !is_one_state(&before, &after))
        return torn(taking);
    taking->record.way = COPY_SHARED;
    return TAKEN;
}

/* ---- which way ---- */

static enum outcome give_up(struct taking *taking)
{
    char name[17] = "", path[64];
    FILE *file;
    snprintf(path, sizeof path, "/proc/%d/comm", (int)taking->holder);
    file = taking->holder > 0 ? fopen(path, "re") : NULL;
    if (file && fgets(name, sizeof name, file))
        name[strcspn(name, "\n")] = '\0';
    if (file)
        fclose(file);
    if (taking->holder > 0)
        snprintf(taking->record.text, sizeof taking->record.text,
                 "not checked: process %d%s%s%s holds a lock that keeps readers out; try again "
                 "when it is done",
                 (int)taking->holder, *name ? " (" : "", name, *name ? ")" : "");
    else if (taking->holder < 0)
        snprintf(taking->record.text, sizeof taking->record.text,
                 "not checked: another program holds a lock that keeps readers out; try again "
                 "when it is done");
    else
        snprintf(
            taking->record.text, sizeof taking->record.text,
            "not checked: it changed in each of %d copies; try again when it is written less%s",
            taking->copies,
            taking->never_lock ? ", or let its writers wait while it is copied (without "
                                 "--never-lock)"
                               : "");
    return refuse(taking, ERR_UNFIT, EAGAIN, taking->record.text);
}

static enum outcome take_once(struct taking *taking, bool unlocked)
{
    struct source_look before = {0};
    enum outcome outcome;
    int copies = taking->copies;
    int64_t from_ns = clock_now_ns();
    taking->holder = 0;
    if (!source_open(&taking->source, taking->path, &taking->record))
        return REFUSED;
    source_look_files(&taking->source, &before);
    source_look_locks(&taking->source, &before);
    if (source_is_here(&taking->source, &before) && before.connected) {
        outcome = take_wal(taking);
    } else if (!source_is_here(&taking->source, &before) || !is_settled(&before)) {
        pause_ns(taking, PAUSE_NS);
        outcome = AGAIN;
    } else if (unlocked) {
        outcome = take_unlocked(taking, &before);
        if (outcome == AGAIN && taking->copies > copies)
            await_change(taking, clock_now_ns() - from_ns);
    } else {
        outcome = taking->never_lock ? give_up(taking) : take_shared(taking);
    }
    source_close(&taking->source);
    return outcome;
}

static enum outcome take(struct taking *taking)
{
    enum outcome outcome = AGAIN;
    taking->from_ns = clock_now_ns();
    while (outcome == AGAIN) {
        bool in_time = clock_now_ns() - taking->from_ns < UNLOCKED_NS;
        bool unlocked = taking->copies < UNLOCKED_TRY && (in_time || taking->copies == 1);
        if (taking->waited_ns > PATIENCE_NS || taking->copies > MOST_TRIES)
            return give_up(taking);
        outcome = take_once(taking, unlocked);
    }
    return outcome;
}

int main(int argc, char **argv)
{
    struct taking taking = {.targets = {-1, -1, -1}};
    enum outcome outcome;
    if (argc != 4 || (strcmp(argv[3], "lock") != 0 && strcmp(argv[3], "never-lock") != 0)) {
        fprintf(stderr, "usage: spawnbench-copy DATABASE TARGET lock|never-lock\n");
        return 2;
    }
    taking.path = argv[1];
    taking.target = argv[2];
    taking.never_lock = strcmp(argv[3], "never-lock") == 0;
    outcome = take(&taking);
    taking.record.says = outcome == TAKEN ? COPIER_TAKEN : COPIER_REFUSED;
    if (write(STDOUT_FILENO, &taking.record, sizeof taking.record) < 0)
        return 5;
    return outcome == TAKEN ? 0 : 5;
}
