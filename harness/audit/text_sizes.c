/* Do the sizes that a full-text index keeps of its rows agree with their sum?
 *
 * What FTS4 and FTS5 rank by: per row the words of each column ("docsize"), and of all rows their
 * number and the words of each column. FTS4 looks at neither when it checks itself; FTS5 does not
 * where it keeps no content. Numbers are of 7 bits a byte: FTS4 puts the low ones first.
 *
 * source : SQLite 3.40.1, fts3UpdateDocTotals, sqlite3Fts5StorageIntegrity
 */
#include <stdlib.h>

#include "audit/structure.h"

#define MOST_COLUMNS 2000 /* as in SQLite */

struct numbers {
    const unsigned char *at;
    int left;
    bool low_first;
};

/* returns : there was one */
static bool next_number(struct numbers *from, uint32_t *out)
{
    uint64_t value = 0;
    int shift = 0;
    bool more = from->left > 0;
    if (!more)
        return false;
    for (; more; shift += 7) {
        unsigned char byte = *from->at++;
        value = from->low_first ? (shift < 64 ? value | (uint64_t)(byte & 0x7f) << shift : value)
                                : value << 7 | (byte & 0x7f);
        more = byte & 0x80 && --from->left > 0;
    }
    from->left--;
    *out = (uint32_t)value; /* FTS4 counts in 32 bits */
    return true;
}

static struct numbers numbers_of(sqlite3_stmt *row, bool low_first)
{
    const unsigned char *bytes = sqlite3_column_blob(row, 0);
    return (struct numbers){bytes, bytes ? sqlite3_column_bytes(row, 0) : 0, low_first};
}

struct sizes {
    uint32_t rows, words[MOST_COLUMNS];
};

/* Of each row, added up; below 0: cannot be asked. */
static int add_rows(struct sizes *sum, sqlite3 *database, const char *table, bool is_fts5)
{
    char *sql = sqlite3_mprintf("SELECT %s FROM \"%w_docsize\"", is_fts5 ? "sz" : "size", table);
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(database, sql, -1, &row, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
        struct numbers numbers = numbers_of(row, !is_fts5);
        uint32_t words;
        for (int i = 0; i < MOST_COLUMNS && next_number(&numbers, &words); i++)
            sum->words[i] += words;
        sum->rows++;
        code = SQLITE_OK;
    }
    sqlite3_finalize(row);
    sqlite3_free(sql);
    return code == SQLITE_DONE ? 0 : -1;
}

bool text_sizes_agree(sqlite3 *database, const char *table, bool is_fts5, int columns)
{
    struct sizes *sum = xcalloc(1, sizeof *sum);
    char *sql = is_fts5 ? sqlite3_mprintf("SELECT block FROM \"%w_data\" WHERE id = 1", table)
                        : sqlite3_mprintf("SELECT value FROM \"%w_stat\" WHERE id = 0", table);
    sqlite3_stmt *row = NULL;
    bool agree = true;
    int code = sqlite3_prepare_v2(database, sql, -1, &row, NULL);
    if (code == SQLITE_OK && add_rows(sum, database, table, is_fts5) == 0) {
        struct numbers numbers = {0};
        uint32_t told = 0;
        code = sqlite3_step(row);
        if (code == SQLITE_ROW)
            numbers = numbers_of(row, !is_fts5);
        next_number(&numbers, &told);
        agree = told == sum->rows;
        for (int i = 0; i < columns && i < MOST_COLUMNS && agree; i++) {
            told = 0;
            next_number(&numbers, &told);
            agree = told == sum->words[i];
        }
        agree = agree || (code != SQLITE_ROW && code != SQLITE_DONE); /* cannot be asked */
    }
    sqlite3_finalize(row);
    sqlite3_free(sql);
    free(sum);
    return agree;
}
