/* internal - what the files of audit/ share; nobody else includes it. */
#ifndef AUDIT_INTERNAL_H
#define AUDIT_INTERNAL_H

#include <sqlite3.h>

#include "audit/audit.h"

/* Names for the rows of rules.c. */
enum rule {
    RULE_PLAN,
    RULE_RAN,
    RULE_STRAY,
    RULE_PID,
    RULE_RECORDED,
    RULE_PHANTOM,
    RULE_STATE,
    RULE_CONSENSUS,
    RULE_INTEGRITY_CHECK,
    RULE_FOREIGN_KEYS,
    RULE_READABLE,
    RULE_TIMES,
    RULE_ANSWERS,
    RULE_CHILDREN,
    RULE_DESCRIPTORS
};

#define AUDIT_MOST_PER_CYCLE 1000 /* findings of one cycle; what is beyond says nothing new */

void finding_add(struct audit_findings *findings, enum rule rule, const char *agent,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* database.c: a read-only connection that waits 5 s for locks; NULL after a finding */
sqlite3 *database_open(struct audit_findings *findings, const char *path);
void database_check_structure(struct audit_findings *findings, sqlite3 *database);

/* records.c: the rows of one cycle against its answer */
void records_check(struct audit_findings *findings, const struct scenario *scenario,
                   const struct run_cycle *cycle, sqlite3 *database, const char *run_label);

#endif
