/* How does a database come into a folder of ours, as one state?
 *
 * spawnbench-copy (copier/) takes it, in a process of its own; here it is started, heard and, when
 * we are interrupted, ended.
 */
#include "audit/copy.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/copier/copier.h"
#include "audit/recovery.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/text.h"

#define GRACE_NS CLOCK_NS_PER_S

const char *const copy_way_names[] = {"untaken", "unlocked", "wal-locks", "shared", "own"};

_Static_assert(sizeof copy_way_names / sizeof copy_way_names[0] == COPY_OWN + 1,
               "a name for each way");

/* Beside us, or where tests of a build find it. */
static char *find_copier(void)
{
    char *program = process_find_beside_self("spawnbench-copy");
    return program ? program : process_find_beside_self("../bin/spawnbench-copy");
}

/* returns : 1 a record, 0 it said its last, -1 interrupted */
static int hear(struct process *copier, struct copier_record *out, struct err *err)
{
    size_t got = 0;
    while (got < sizeof *out) {
        struct pollfd watch[] = {{copier->out, POLLIN, 0}, {interrupt_fd(), POLLIN, 0}};
        ssize_t more;
        if (interrupt_check(err) < 0)
            return -1;
        if (poll(watch, 2, -1) < 0 || !watch[0].revents)
            continue;
        more = read(copier->out, (char *)out + got, sizeof *out - got);
        if (more == 0)
            return 0;
        got += more > 0 ? (size_t)more : 0;
    }
    return 1;
}

static int hear_all(struct process *copier, struct copier_record *last, const struct copy_how *how,
                    struct err *err)
{
    struct copier_record record;
    int heard;
    while ((heard = hear(copier, &record, err)) > 0) {
        *last = record;
        if (record.says == COPIER_PROGRESS && how->progress)
            how->progress(how->context, record.done_bytes, record.all_bytes);
    }
    return heard;
}

static int run_copier(struct copier_record *last, const char *path, const char *target,
                      const struct copy_how *how, struct err *err)
{
    char *program = find_copier();
    const char *const argv[] = {program, path, target, how->never_lock ? "never-lock" : "lock",
                                NULL};
    struct process copier;
    struct process_exit ended = {0};
    int rc;
    if (!program)
        return err_set(err, ERR_UNFIT,
                       "cannot copy '%s': there is no spawnbench-copy beside this program; "
                       "install it again",
                       path);
    rc = process_start(&copier, argv, NULL, NULL, -1, err);
    if (rc == 0) {
        rc = hear_all(&copier, last, how, err);
        if (rc < 0)
            process_end(&copier, GRACE_NS, &ended);
        else
            process_wait(&copier, INT64_MAX, &ended);
    }
    if (rc == 0 && last->says == COPIER_PROGRESS)
        rc =
            err_set(err, ERR_SYSTEM, "cannot copy '%s': spawnbench-copy ended with %s %d", path,
                    ended.signal ? "signal" : "status", ended.signal ? ended.signal : ended.status);
    free(program);
    return rc;
}

/* $TMPDIR may be relative; SQLite is given whole paths. */
static int make_folder(struct copy *out, const char *folder, struct err *err)
{
    const char *temporary = getenv("TMPDIR");
    const char *where = folder ? folder : temporary && *temporary ? temporary : "/tmp";
    char *whole = realpath(where, NULL);
    int rc = 0;
    if (!whole)
        return err_system(err, "cannot make a folder for a copy in '%s'", where);
    out->folder = text_format("%s/copy-XXXXXX", whole);
    if (!mkdtemp(out->folder)) {
        rc = err_system(err, "cannot make a folder '%s'", out->folder);
        free(out->folder);
        out->folder = NULL;
    }
    free(whole);
    return rc;
}

static int refused(const struct copier_record *record, const char *path, struct err *err)
{
    err_set(err, record->code, "cannot read '%s': %.*s", path, (int)sizeof record->text,
            record->text);
    if (err)
        err->os_error = record->os_error;
    return -1;
}

int copy_take(struct copy *out, const char *path, const struct copy_how *how, struct err *err)
{
    struct copier_record record = {0};
    int64_t from_ns = clock_now_ns();
    *out = (struct copy){0};
    if (make_folder(out, how->folder, err) < 0)
        return -1;
    out->path = text_format("%s/db", out->folder);
    if (run_copier(&record, path, out->path, how, err) < 0 ||
        (record.says == COPIER_REFUSED && refused(&record, path, err) < 0)) {
        copy_release(out);
        return -1;
    }
    out->super_journal = journal_free(out->path);
    out->way = record.way;
    out->is_wal = record.is_wal;
    out->bytes = record.bytes;
    out->wal_bytes = record.wal_bytes;
    out->journal_bytes = record.journal_bytes;
    out->locked_ns = record.locked_ns;
    out->spent_ns = clock_now_ns() - from_ns;
    return 0;
}

void copy_own(struct copy *out, const char *path)
{
    *out =
        (struct copy){.path = xstrdup(path), .way = COPY_OWN, .super_journal = journal_free(path)};
}

int copy_keep(struct copy *copy, const char *to, struct err *err)
{
    static const char *const endings[] = {"", "-wal", "-journal", "-shm"};
    int rc = 0;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && rc == 0; i++) {
        char *from = text_format("%s%s", copy->path, endings[i]);
        char *target = text_format("%s%s", to, endings[i]);
        if (unlink(target) != 0 && errno != ENOENT)
            rc = err_system(err, "cannot replace '%s'", target);
        else if (rename(from, target) != 0 && errno != ENOENT)
            rc = err_system(err, "cannot put a copy at '%s'", target);
        free(from);
        free(target);
    }
    return rc;
}

void copy_release(struct copy *copy)
{
    if (copy->folder)
        text_remove_tree(copy->folder);
    free(copy->folder);
    free(copy->path);
    free(copy->super_journal);
    *copy = (struct copy){0};
}
