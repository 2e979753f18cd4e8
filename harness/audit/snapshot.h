/* snapshot - what a store held while it was known to be honest, kept in memory to hold it against.
 *
 * Normal use: snapshot_take of the honest store; later, of what is said to be the same store,
 * snapshot_compare; snapshot_free. SQLite's own checks cannot see a lost, invented or changed row:
 * only somebody who remembers them can.
 */
#ifndef AUDIT_SNAPSHOT_H
#define AUDIT_SNAPSHOT_H

#include "audit/audit.h"
#include "base/err.h"

struct sqlite3;
struct snapshot; /* opaque: one digest per value of each row, and the settings in the header */

/*
 * snapshot_take - remember every row of the contract's three tables
 *
 * database : open, of a store (reference/store/schema.sql); borrowed for the call
 * returns  : the caller frees it with snapshot_free; NULL after an error
 * errors   : ERR_FORMAT it cannot be read or has not those tables
 */
struct snapshot *snapshot_take(struct sqlite3 *database, struct err *err);

/*
 * snapshot_compare - a finding for each row that is lost, doubled, invented or changed
 *
 * Rows are read from their tables, never by an index, so that a broken index hides none.
 * What cannot be read is a finding too.
 */
void snapshot_compare(struct audit_findings *findings, const struct snapshot *snapshot,
                      struct sqlite3 *database);

/* snapshot_rows - how many rows it remembers */
size_t snapshot_rows(const struct snapshot *snapshot);

void snapshot_free(struct snapshot *snapshot); /* accepts NULL */

#endif
