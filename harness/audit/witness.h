/* witness - what a store held while it was known to be honest, kept in memory to hold it against.
 *
 * Normal use: witness_take of the honest store; later, of what is said to be the same store,
 * witness_compare; witness_free. SQLite's own checks cannot see a lost, invented or changed row:
 * only somebody who remembers them can.
 */
#ifndef AUDIT_WITNESS_H
#define AUDIT_WITNESS_H

#include "audit/audit.h"
#include "base/err.h"

struct sqlite3;
struct witness; /* opaque: one digest per value of each row, and the settings in the header */

/*
 * witness_take - remember every row of the contract's three tables
 *
 * database : open, of a store (reference/store/schema.sql); borrowed for the call
 * returns  : the caller frees it with witness_free; NULL after an error
 * errors   : ERR_FORMAT it cannot be read or has not those tables
 */
struct witness *witness_take(struct sqlite3 *database, struct err *err);

/*
 * witness_compare - a finding for each row that is lost, doubled, invented or changed
 *
 * Rows are read from their tables, never by an index, so that a broken index hides none.
 * What cannot be read is a finding too.
 */
void witness_compare(struct audit_findings *findings, const struct witness *witness,
                     struct sqlite3 *database);

/* witness_rows - how many rows it remembers */
size_t witness_rows(const struct witness *witness);

void witness_free(struct witness *witness); /* accepts NULL */

#endif
