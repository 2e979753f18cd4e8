/* Does anything lie behind the last page of a store, where SQLite never looks?
 *
 * Zeros are room that was made in advance. So may be whole pages, from before the file shrank, when
 * its program asked for it to grow in chunks (SQLITE_FCNTL_CHUNK_SIZE): then the file's size is a
 * multiple of the chunk. Anything else nobody's SQLite has written.
 */
#include <sqlite3.h>

#include "audit/audit_internal.h"

#define CHUNK      (INT64_C(1) << 15) /* the least that programs ask for */
#define MOST_BYTES (INT64_C(1) << 24) /* of them that are read */

/* The first byte behind `from` that is not zero; -1: none. */
static int64_t find_byte(sqlite3_file *file, int64_t from, int64_t until)
{
    char part[4096];
    for (int64_t at = from; at < until; at += (int64_t)sizeof part) {
        int count = (int)(until - at < (int64_t)sizeof part ? until - at : (int64_t)sizeof part);
        if (file->pMethods->xRead(file, part, count, at) != SQLITE_OK)
            return -1;
        for (int i = 0; i < count; i++)
            if (part[i])
                return at + i;
    }
    return -1;
}

/* Through SQLite's own descriptor: to open and close another one would drop its locks. */
void file_end_check(struct audit_answers *answers, sqlite3 *database)
{
    sqlite3_file *file = NULL, *journal = NULL;
    int64_t pages = database_ask(database, "PRAGMA page_count");
    int64_t end = pages * database_ask(database, "PRAGMA page_size"), until, byte;
    sqlite3_int64 bytes = 0, in_wal = 0;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal);
    if (!file || !file->pMethods || file->pMethods->xFileSize(file, &bytes) != SQLITE_OK || !end)
        return;
    if (database_ask(database, "SELECT journal_mode = 'wal' FROM pragma_journal_mode") && journal &&
        journal->pMethods && journal->pMethods->xFileSize(journal, &in_wal) == SQLITE_OK &&
        in_wal > 0) {
        answers_left_out(answers, RULE_FILE_END, "",
                         "its -wal has not been brought into the file, which may become shorter");
        return;
    }
    until = bytes - end < MOST_BYTES ? bytes : end + MOST_BYTES;
    byte = bytes % CHUNK == 0 ? -1 : find_byte(file, end, until);
    if (byte >= 0)
        answers_broken(answers, RULE_FILE_END, "", bytes - end,
                       "%lld bytes lie behind its last page, number %lld, the first that is not "
                       "zero at %lld",
                       (long long)(bytes - end), (long long)pages, (long long)byte);
    else
        answers_held(answers, RULE_FILE_END);
}
