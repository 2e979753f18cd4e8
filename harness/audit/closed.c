/* Is everything still there when the subject has closed its store and gone?
 *
 * What it does while it closes is seen by nobody else: a -wal that is unlinked, an older file put
 * back, rows deleted. Its files are copied as they lie, when nobody has them open, and the copy is
 * looked at: SQLite recovers it as it would the original, which stays untouched. No connection of
 * this process may be open to the original (howtocorrupt.html 2.2); the watch is at rest.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_internal.h"
#include "base/text.h"

/* ---- the copy ---- */

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

/* ---- what it holds ---- */

static void look_at_rows(struct audit_watch *watch, struct audit_findings *findings,
                         const char *copy, bool consensus)
{
    const char *path = watch->path;
    struct audit_result ignored = {0};
    watch->path = copy;
    watch->closed = true;
    if (watch_meet(watch, findings)) {
        settle_open(watch, findings, consensus, true, &ignored);
        sealed_check(watch, findings);
        sqlite3_exec(watch->database, "ROLLBACK", NULL, NULL, NULL);
    }
    audit_watch_rest(watch);
    watch->closed = false;
    watch->path = path;
}

/* The copy is ours alone: a message names the file that it was made of. */
static void name_original(struct err *err, const char *copy, const char *original)
{
    char *at = err ? strstr(err->text, copy) : NULL;
    char *told;
    if (!at)
        return;
    told = text_format("%.*s%s%s", (int)(at - err->text), err->text, original, at + strlen(copy));
    snprintf(err->text, sizeof err->text, "%s", told);
    free(told);
}

static int look(struct audit_watch *watch, struct audit_findings *findings,
                struct audit_report *report, const char *database, const char *copy,
                const struct scenario *scenario, struct err *err)
{
    struct err why = {0};
    int rc = copy_store(database, copy, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        recover(copy);
    /* the -wal first: a connection that may write would put it away */
    if (audit_database(findings, report, rc == 0 ? copy : database, &why) < 0) {
        name_original(&why, copy, database);
        finding_add(findings, RULE_READABLE, "", "%.200s", why.text);
    }
    if (rc == 0 && watch)
        look_at_rows(watch, findings, copy, scenario->consensus);
    return 0;
}

int audit_watch_closed(struct audit_watch *watch, struct audit_findings *findings,
                       struct audit_report *report, const char *database, const char *folder,
                       const struct scenario *scenario, struct err *err)
{
    const char *slash = strrchr(database, '/');
    char *place = text_format("%s/closed-XXXXXX", folder);
    char *copy;
    int rc;
    assert(!watch || !watch->database);
    *report = (struct audit_report){0};
    if (!mkdtemp(place)) {
        rc = err_system(err, "cannot make a folder '%s'", place);
        free(place);
        return rc;
    }
    copy = text_format("%s/%s", place, slash ? slash + 1 : database);
    rc = look(watch, findings, report, database, copy, scenario, err);
    text_remove_tree(place);
    free(copy);
    free(place);
    return rc;
}
