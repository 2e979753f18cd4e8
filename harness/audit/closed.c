/* Is everything still there when the subject has closed its store and gone?
 *
 * What it does while it closes is seen by nobody else: a -wal that is unlinked, an older file put
 * back, rows deleted. Its files are copied when nobody has them open, and the copy is looked at. No
 * connection of this process may be open to the original; the watch is at rest.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "audit/copy.h"
#include "base/text.h"

/* ---- what it holds ---- */

static void look_at_rows(struct audit_watch *watch, struct audit_findings *findings,
                         struct audit_report *report, const char *copy, bool consensus)
{
    const char *path = watch->path;
    struct audit_result ignored = {0};
    watch->path = copy;
    watch->closed = true;
    if (watch_meet(watch, findings)) {
        settle_open(watch, findings, consensus, true, &ignored);
        sealed_check(watch, findings, &ignored.lost);
        sqlite3_exec(watch->database, "ROLLBACK", NULL, NULL, NULL);
    } else if (watch->locked) {
        answers_unchecked(&report->answers, RULE_RECORDED, "",
                          "its rows cannot be read as it was left");
        report->unchecked = true;
    }
    audit_watch_rest(watch);
    watch->closed = watch->locked = false;
    watch->path = path;
}

/* That we may not or cannot look is nobody's fault. */
static void cannot_look(struct audit_report *report, const struct err *why)
{
    answers_unchecked(&report->answers, RULE_READABLE, "", "%s", why->text);
    report->unchecked = true;
}

/* The copy is ours alone: a message names the file that it was made of. */
void name_original(struct err *err, const char *copy, const char *original)
{
    char *at = err ? strstr(err->text, copy) : NULL;
    char *told;
    if (!at)
        return;
    told = text_format("%.*s%s%s", (int)(at - err->text), err->text, original, at + strlen(copy));
    snprintf(err->text, sizeof err->text, "%s", told);
    free(told);
}

static void look(struct audit_watch *watch, struct audit_findings *findings,
                 struct audit_report *report, const struct copy *copy, const char *database,
                 const struct scenario *scenario)
{
    static const struct audit_options options = {.store = true, .watched = true};
    struct err why = {0};
    if (audit_copied(findings, report, copy, &options, &why) < 0) {
        name_original(&why, copy->path, database);
        if (why.code == ERR_UNFIT)
            cannot_look(report, &why);
        else
            finding_add(findings, RULE_READABLE, "", "%s", why.text);
    } else if (watch) {
        look_at_rows(watch, findings, report, copy->path, scenario->consensus);
    }
}

int audit_watch_closed(struct audit_watch *watch, struct audit_findings *findings,
                       struct audit_report *report, const char *database, const char *folder,
                       const struct scenario *scenario, struct err *err)
{
    struct copy_how how = {.folder = folder};
    struct err why = {0};
    struct copy copy;
    assert(!watch || !watch->database);
    *report = (struct audit_report){0};
    if (copy_take(&copy, database, &how, &why) < 0) {
        if (why.code == ERR_SYSTEM) {
            *err = why;
            return -1;
        }
        if (copy_accuses(database, &why))
            finding_add(findings, RULE_READABLE, "", "%s", why.text);
        else
            cannot_look(report, &why);
        return 0;
    }
    look(watch, findings, report, &copy, database, scenario);
    copy_release(&copy);
    return 0;
}
