/* made - databases for the targets that read them: an honest one, and what somebody made of it.
 *
 * Normal use: made_results or made_store once, then for each input made_hostile, which turns it
 * into files. An input is SQL that is run on a copy of the honest database, or the files' own
 * bytes. The first byte says which:
 *
 *     S   SQL; the database is closed afterwards
 *     W   SQL; what it committed since it set journal_mode to WAL is left behind in a -wal
 *     F   the bytes of the database; if they begin with "WAL" and four bytes of a length (little
 *         end first), so many of them, and those of its -wal behind
 *
 * SQL says in ten bytes what a mutation of a file finds never: views, triggers, other types, times
 * that run backwards.
 */
#ifndef FUZZ_MADE_H
#define FUZZ_MADE_H

#include <stddef.h>
#include <stdint.h>

/* The bytes of a database. Owned by whoever made it; lives as long as the process. */
struct made {
    char *bytes;
    size_t size;
};

/* made_results - a results store with one complete run: two arms, two agents, ten cycles each */
struct made made_results(void);

/* made_store - a spawner's store with one finished batch of three */
struct made made_store(void);

/* made_hostile - the files at path and path-wal that this input stands for */
void made_hostile(const struct made *honest, const char *path, const uint8_t *data, size_t size);

/* made_remove - all files of the database at path */
void made_remove(const char *path);

#endif
