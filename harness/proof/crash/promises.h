/* promises - what a store has acknowledged, refused or left open, kept outside of it.
 *
 * Every agent goes up a stair: absent, starting, ready, completed. Before a transaction the
 * promises are told how high it leads; after it, what the store said. So for each agent two steps
 * are known: the one that must be reached, and the one that may be. A commit that failed leaves the
 * question open for good: none of it or all of it, never half.
 *
 * source : outcomes ok, fail, info as in Jepsen's histories
 */
#ifndef PROOF_CRASH_PROMISES_H
#define PROOF_CRASH_PROMISES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#define PROMISES_AGENTS  3  /* in each batch */
#define PROMISES_BATCHES 16 /* numbered from 0 */

enum promises_step { PROMISES_ABSENT, PROMISES_STARTING, PROMISES_READY, PROMISES_COMPLETED };

enum promises_answer { PROMISES_YES, PROMISES_NO, PROMISES_UNKNOWN };

/* Zero: those of an empty store. Plain value. */
struct promises {
    struct {
        enum promises_step least, most;
    } agents[PROMISES_BATCHES][PROMISES_AGENTS];
    bool whole; /* the agents of a batch are recorded in one transaction */
};

/* promises_intend - a transaction begins that leads these agents to this step */
void promises_intend(struct promises *promises, int batch, int first, int count,
                     enum promises_step step);

/* promises_settle - ... and the store has answered */
void promises_settle(struct promises *promises, int batch, int first, int count,
                     enum promises_answer answer);

/*
 * promises_audit - does the database say what the promises know, and is it sound?
 *
 * Rows 'interrupted' stand for 'starting' and 'ready' (the store was opened anew since).
 * why     : at least 160 bytes: what is wrong, in words
 * returns : how many agents are there though the store had refused them with "unknown" (the
 *           failed-but-present of audit/INTEGRITY.md 3.2); -1 something is wrong
 */
int promises_audit(sqlite3 *database, const struct promises *promises, char why[160]);

#endif
