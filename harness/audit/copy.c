/* How does a database come into a folder of ours, as one state? What does recovery do there?
 *
 * SQLite recovers the copy as it would the original, which stays untouched. No connection of this
 * process may be open to the original (howtocorrupt.html 2.2).
 */
#include "audit/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_internal.h"
#include "base/clock.h"
#include "base/text.h"

const char *const copy_way_names[] = {"untaken", "unlocked", "wal-locks", "shared", "own"};

static int copy_bytes(int from, int to, const char *path, struct err *err)
{
    char *block = xcalloc(1, 1 << 16);
    ssize_t got;
    int rc = 0;
    while (rc == 0 && (got = read(from, block, 1 << 16)) != 0) {
        if (got < 0 && errno != EINTR)
            rc = err_system(err, "cannot read '%s'", path);
        else if (got > 0 && text_write(to, block, (size_t)got) < 0)
            rc = err_system(err,
                            "cannot copy '%s' (free space there, or give another folder with "
                            "--results)",
                            path);
    }
    free(block);
    return rc;
}

/* returns : 0; 1: there is no such file, or none that we may read; -1 */
static int copy_file(const char *from, const char *to, struct err *err)
{
    struct stat about;
    int rc = 1, in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK), out;
    if (in < 0)
        return 1;
    if (fstat(in, &about) == 0 && S_ISREG(about.st_mode)) {
        out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        rc = out < 0 ? err_system(err, "cannot make '%s'", to) : copy_bytes(in, out, from, err);
        if (out >= 0)
            close(out);
    }
    close(in);
    return rc;
}

static int copy_store(const char *from, const char *to, struct err *err)
{
    static const char *const beside[] = {"-wal", "-journal"};
    int rc = copy_file(from, to, err);
    for (size_t i = 0; i < 2 && rc == 0; i++) {
        char *source = text_format("%s%s", from, beside[i]);
        char *target = text_format("%s%s", to, beside[i]);
        if (copy_file(source, target, err) < 0)
            rc = -1;
        free(source);
        free(target);
    }
    return rc;
}

int copy_take(struct copy *out, const char *path, const struct copy_how *how, struct err *err)
{
    const char *slash = strrchr(path, '/'), *temporary = getenv("TMPDIR");
    const char *where = how->folder ? how->folder : temporary && *temporary ? temporary : "/tmp";
    int64_t from_ns = clock_now_ns();
    int rc;
    *out = (struct copy){.folder = text_format("%s/copy-XXXXXX", where), .way = COPY_UNLOCKED};
    if (!mkdtemp(out->folder)) {
        rc = err_system(err, "cannot make a folder '%s'", out->folder);
        free(out->folder);
        *out = (struct copy){0};
        return rc;
    }
    out->path = text_format("%s/%s", out->folder, slash ? slash + 1 : path);
    rc = copy_store(path, out->path, err);
    if (rc > 0)
        rc = err_set(err, ERR_UNFIT, "cannot read '%s': %s", path, strerror(errno));
    out->spent_ns = clock_now_ns() - from_ns;
    if (rc < 0)
        copy_release(out);
    return rc;
}

void copy_own(struct copy *out, const char *path)
{
    *out = (struct copy){.path = xstrdup(path), .way = COPY_OWN};
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

/* A journal that was left is played back as the next writer would; that needs the right to write,
 * which is there only on a copy. A -wal is read as it lies. */
static void recover(const char *copy)
{
    char *journal = text_format("%s-journal", copy);
    struct stat about;
    struct guard guard;
    sqlite3 *database = NULL;
    if (stat(journal, &about) == 0 && about.st_size > 0 &&
        sqlite3_open_v2(copy, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        guard_set(&guard, database, false);
        guard_begin(&guard, database, copy);
        sqlite3_exec(database, "SELECT count(name) FROM sqlite_master", NULL, NULL, NULL);
    }
    sqlite3_close(database);
    free(journal);
}

int copy_recover(const struct copy *copy, struct copy_recovery *out, struct err *err)
{
    (void)err;
    *out = (struct copy_recovery){0};
    recover(copy->path);
    return 0;
}

void copy_recovery_release(struct copy_recovery *recovery)
{
    for (size_t i = 0; i < recovery->loss_count; i++)
        free(recovery->losses[i].table);
    free(recovery->losses);
    *recovery = (struct copy_recovery){0};
}
