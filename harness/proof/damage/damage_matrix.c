/* Who notices which damage? Each kind is made in several places, on a fresh copy each time,
 * and the audits are asked. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/text.h"
#include "proof/damage/damage_case.h"

/* What the audits said of one copy. */
struct seen {
    bool by[DAMAGE_CLASSES];
    struct audit_findings findings;
};

const char *damage_class_name(enum damage_class class)
{
    static const char *const names[] = {"integrity_check", "foreign_key_check", "structure",
                                        "contradiction",   "witness",           "any",
                                        "harmless"};
    return names[class];
}

/* Of a finding made without the witness. */
static enum damage_class class_of(const struct audit_rule *rule)
{
    switch ((enum rule_id)(rule - audit_rules)) {
    case RULE_INTEGRITY_CHECK:
        return DAMAGE_BY_INTEGRITY;
    case RULE_FOREIGN_KEYS:
        return DAMAGE_BY_FOREIGN_KEYS;
    case RULE_APPLICATION:
    case RULE_VERSION:
    case RULE_SCHEMA:
    case RULE_WAL:
    case RULE_BLOAT:
    case RULE_SETTINGS:
    case RULE_READABLE:
    case RULE_FILE_END:
        return DAMAGE_BY_STRUCTURE;
    default:
        return DAMAGE_BY_CONTRADICTION;
    }
}

static void note(struct seen *seen, const struct audit_findings *findings, bool by_snapshot,
                 const char *without)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct audit_finding *finding = &findings->items[i];
        if (without && strcmp(finding->rule->name, without) == 0)
            continue;
        seen->by[by_snapshot ? DAMAGE_BY_SNAPSHOT : class_of(finding->rule)] = true;
        finding_add(&seen->findings, (enum rule_id)(finding->rule - audit_rules), finding->agent,
                    "%s", finding->text);
    }
}

/* The audit by hand. That it will not even open the file is the plainest finding. */
static int ask_audit(struct seen *seen, const char *path, const char *without, struct err *err)
{
    struct audit_findings findings = {0};
    struct audit_report report;
    struct err why = {0};
    int rc = 0;
    if (audit_own(&findings, &report, path, &why) < 0) {
        if (why.code == ERR_FORMAT || why.code == ERR_UNFIT) /* emptied, or made unreadable */
            finding_add(&findings, RULE_READABLE, "", "%.240s", why.text);
        else
            rc = err_set(err, why.code, "%s", why.text);
    }
    note(seen, &findings, false, without);
    audit_report_release(&report);
    audit_findings_release(&findings);
    return rc;
}

static void ask_snapshot(struct seen *seen, const char *path, const struct snapshot *snapshot,
                         const char *without)
{
    struct audit_findings findings = {0};
    struct guard guard;
    sqlite3 *database = database_open(&guard, &findings, path);
    if (database)
        snapshot_compare(&findings, snapshot, database);
    sqlite3_close(database);
    note(seen, &findings, true, without);
    audit_findings_release(&findings);
}

static int ask_everybody(struct seen *seen, const struct damage_base *base, const char *path,
                         const char *without, struct err *err)
{
    if (ask_audit(seen, path, without, err) < 0)
        return -1;
    ask_snapshot(seen, path, base->snapshot, without);
    return 0;
}

static void count(struct damage_row *row, const struct damage_case *hurt, const struct seen *seen,
                  bool harmless)
{
    enum damage_class must = row->kind->must;
    row->made++;
    for (int i = 0; i < DAMAGE_CLASSES; i++)
        row->by[i] += seen->by[i];
    if (seen->findings.count) {
        row->caught++;
        row->missed += must < DAMAGE_CLASSES && !seen->by[must];
        if (!*row->first)
            snprintf(row->first, sizeof row->first, "%s: %.120s",
                     seen->findings.items[0].rule->name, seen->findings.items[0].text);
    } else if (harmless) {
        row->benign++;
    } else {
        if (row->escaped++ == 0)
            snprintf(row->escape, sizeof row->escape, "%s", hurt->place);
    }
}

/* A stream of its own for each kind and place, so that one more kind moves no other. */
static uint64_t stream(uint64_t seed, const char *name, int place)
{
    return hash_string(HASH_START ^ seed, name) + (uint64_t)place * UINT64_C(0xd1342543de82ef95);
}

static int try_once(struct damage_row *row, const struct damage_base *base,
                    const struct damage_how *how, int place, struct err *err)
{
    struct damage_case hurt = {.kind = row->kind,
                               .base = base,
                               .path = text_format("%s/damaged.sqlite", base->folder),
                               .wal = text_format("%s/damaged.sqlite-wal", base->folder),
                               .random = stream(how->seed, row->kind->name, place)};
    struct seen seen = {0};
    bool harmless;
    int rc;
    damage_remove(hurt.path);
    rc = row->kind->make(&hurt, err);
    if (rc == 1) {
        harmless = damage_only_unused(&hurt); /* before anybody opens it */
        rc = ask_everybody(&seen, base, hurt.path, how->without, err) < 0 ? -1 : 1;
        if (rc == 1)
            count(row, &hurt, &seen, harmless);
    }
    if (rc < 0)
        err_wrap(err, "damage '%s'", row->kind->name);
    damage_remove(hurt.path);
    audit_findings_release(&seen.findings);
    free(hurt.path);
    free(hurt.wal);
    return rc < 0 ? -1 : 0;
}

static int look_at_untouched(struct damage_matrix *out, const struct damage_base *base,
                             const struct damage_how *how, struct err *err)
{
    struct seen seen = {0};
    int rc = ask_everybody(&seen, base, base->plain, how->without, err);
    if (rc == 0)
        rc = ask_everybody(&seen, base, base->late, how->without, err);
    out->untouched = seen.findings;
    return rc;
}

static int check_rule(const char *name, struct err *err)
{
    for (size_t i = 0; name && i < audit_rule_count; i++)
        if (strcmp(audit_rules[i].name, name) == 0)
            return 0;
    return name ? err_set(err, ERR_USAGE, "there is no rule '%s' (see harness/audit/rules.c)", name)
                : 0;
}

static int fill(struct damage_matrix *out, const struct damage_base *base,
                const struct damage_how *how, struct err *err)
{
    out->rows_known = (int64_t)snapshot_rows(base->snapshot);
    out->database_bytes = (int64_t)base->map.length;
    if (look_at_untouched(out, base, how, err) < 0)
        return -1;
    for (size_t i = 0; i < damage_kind_count; i++) {
        out->rows[i].kind = &damage_kinds[i];
        for (int place = 0; place < how->seeds; place++) {
            if (how->only && strcmp(how->only, damage_kinds[i].name) != 0)
                break;
            if (interrupt_check(err) < 0)
                return -1;
            if (try_once(&out->rows[i], base, how, place, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int test(struct damage_matrix *out, const struct damage_how *how, struct err *err)
{
    int64_t from_ns = clock_now_ns();
    struct damage_base base = {0};
    int rc = damage_base_make(&base, how, err);
    if (rc == 0)
        rc = fill(out, &base, how, err);
    damage_base_release(&base);
    out->spent_ns = clock_now_ns() - from_ns;
    return rc;
}

static int make_store(const char *path, struct err *err)
{
    char *spawner = process_find_beside_self("spawnref");
    char *agent = process_find_beside_self("spawnref-agent");
    int rc = -1;
    if (!spawner || !agent)
        err_set(err, ERR_UNFIT,
                "'spawnref' and 'spawnref-agent' are not beside spawnbench (build or install them, "
                "or name a DATABASE)");
    else
        rc = damage_make_honest(path, spawner, agent, err);
    free(spawner);
    free(agent);
    return rc;
}

/* With what is not given made in a folder of its own. */
static int test_own(struct damage_matrix *out, const struct damage_how *how, struct err *err)
{
    const char *place = getenv("TMPDIR");
    char *folder = text_format("%s/spawnbench-self-test-XXXXXX", place && *place ? place : "/tmp");
    char *made = NULL;
    struct damage_how own = *how;
    int rc = -1;
    if (!mkdtemp(folder)) {
        err_system(err, "cannot make a folder '%s'", folder);
    } else {
        made = text_format("%s/honest.sqlite", folder);
        own.folder = folder;
        own.database = how->database ? how->database : made;
        rc = how->database ? 0 : make_store(made, err);
        if (rc == 0)
            rc = test(out, &own, err);
        text_remove_tree(folder);
    }
    free(folder);
    free(made);
    return rc;
}

int damage_self_test(struct damage_matrix *out, const struct damage_how *how, struct err *err)
{
    int rc = check_rule(how->without, err);
    *out = (struct damage_matrix){.count = damage_kind_count,
                                  .rows = xcalloc(damage_kind_count, sizeof *out->rows),
                                  .seed = how->seed,
                                  .seeds = how->seeds};
    if (rc == 0)
        rc = how->folder ? test(out, how, err) : test_own(out, how, err);
    return rc;
}

bool damage_matrix_holds(const struct damage_matrix *matrix)
{
    bool holds = matrix->untouched.count == 0;
    for (size_t i = 0; i < matrix->count; i++)
        holds = holds && matrix->rows[i].escaped == 0 && matrix->rows[i].missed == 0;
    return holds;
}

int damage_matrix_check(const struct damage_matrix *matrix, struct err *err)
{
    for (size_t i = 0; i < matrix->count; i++)
        if (matrix->rows[i].made == 0)
            return err_set(err, ERR_UNFIT, "damage '%s' could not be made",
                           matrix->rows[i].kind->name);
    return 0;
}

void damage_matrix_release(struct damage_matrix *matrix)
{
    free(matrix->rows);
    audit_findings_release(&matrix->untouched);
    *matrix = (struct damage_matrix){0};
}
