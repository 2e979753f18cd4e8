/* audit - did everybody tell the truth? Plan, answer, store and ledger are held against each other.
 *
 * Normal use: audit_cycle after each cycle, audit_database for one file by hand. Each broken rule
 * is a finding: data, not an error. The rules are the table in rules.c.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "run/run.h"

/* What a broken rule means. */
enum audit_severity {
    AUDIT_INTEGRITY, /* data lost, doubled, invented, contradictory or corrupt */
    AUDIT_CONDUCT /* the subject died, hung, lied about times, left processes or descriptors behind
                   */
};

/* A rule: one row of the table. */
struct audit_rule {
    const char *name;     /* "every-acknowledged-start-is-recorded" */
    const char *question; /* what is asked */
    const char *how;      /* how it is answered */
    const char *why;      /* why it matters */
    enum audit_severity severity;
    bool needs_store; /* skipped for subjects with records:false */
    bool needs_ledger;
};

extern const struct audit_rule audit_rules[];
extern const size_t audit_rule_count;

struct audit_finding {
    const struct audit_rule *rule;
    char agent[32]; /* id, or "" */
    char text[256]; /* what was expected and what was there */
};

/* Zero is empty. */
struct audit_findings {
    struct audit_finding *items;
    size_t count, room;
};

void audit_findings_clear(struct audit_findings *findings);
void audit_findings_release(struct audit_findings *findings);
size_t audit_findings_of(const struct audit_findings *findings, enum audit_severity severity);

/* What a look at one database said. */
struct audit_report {
    bool is_database;
    bool is_wal;   /* says its header */
    bool is_store; /* it has the tables of reference/store/schema.sql */
    int64_t bytes, pages, free_pages;
    int64_t agents, ready, completed, consensus_runs, outputs;
    int64_t spent_ns;
    char journal_mode[16];
    char engine[96]; /* SQLite version and source id that did the audit */
};

/*
 * audit_cycle - hold one cycle against its answer, its store and its ledger, and the store against
 * SQLite
 *
 * Opens the store through a connection of its own, read-only, and closes it again: nothing of it
 * stays between cycles, so that the subject meets the same file as without us.
 *
 * database  : NULL for a subject that keeps none
 * run_label : the run the subject was opened with
 * spent_ns  : what the audit cost; may be NULL
 */
void audit_cycle(struct audit_findings *findings, const struct scenario *scenario,
                 const struct run_cycle *cycle, const char *database, const char *run_label,
                 int64_t *spent_ns);

/*
 * audit_database - everything that can be said of one file without plan, answer and ledger
 *
 * errors : ERR_SYSTEM (cannot be opened), ERR_UNFIT (a lock or missing rights keep us from reading
 * it), ERR_FORMAT (no SQLite database at all)
 */
int audit_database(struct audit_findings *findings, struct audit_report *report, const char *path,
                   struct err *err);

#endif
