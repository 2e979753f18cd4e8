/* recovery - what lies beside a copied database, read without SQLite: for copy.c and recover.c. */
#ifndef AUDIT_RECOVERY_H
#define AUDIT_RECOVERY_H

#include <stdint.h>

/* What SQLite takes from a -wal. Zero: nothing. */
struct wal_taken {
    int64_t commits, frames;
    int64_t pages; /* of the database afterwards */
};

/* wal_taken_of - of PATH-wal, see wal.c */
struct wal_taken wal_taken_of(const char *path);

/*
 * journal_pages_of - how many pages SQLite plays back from PATH-journal
 *
 * returns : 0 when there is none, or it is not hot
 * source  : https://www.sqlite.org/fileformat2.html, "The Rollback Journal"
 */
int64_t journal_pages_of(const char *path);

/*
 * journal_free - cut the name of a super-journal off PATH-journal, which is a copy
 *
 * A super-journal is that of a transaction over several databases. SQLite would follow the name out
 * of the copy, and might delete what it finds there. Where no such file is, that transaction was
 * committed, and the journal is removed as SQLite would.
 *
 * returns : the name, the caller frees it; NULL: it names none
 */
char *journal_free(const char *path);

#endif
