/* schema_held - is a database made as it was asked to be? */
#ifndef AUDIT_SCHEMA_HELD_H
#define AUDIT_SCHEMA_HELD_H

#include <sqlite3.h>

#include "audit/audit.h"
#include "base/guard.h"

/* What is asked for: a database in memory. */
struct audit_schema {
    sqlite3 *database;
    struct guard guard;
    char *path; /* of the file it was read from; own */
    int statements;
};

/*
 * schema_held - RULE_SCHEMA_ASKED of each table, view and trigger that is asked for
 *
 * By structure, not by text: columns, keys, constraints, indexes. What the database has besides is
 * told (struct audit_notes).
 */
void schema_held(struct audit_report *report, sqlite3 *database, const struct audit_schema *asked);

#endif
