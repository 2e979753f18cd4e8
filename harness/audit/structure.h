/* structure - how the pages, indexes and references of any database are asked; for audit/ alone.
 *
 * Normal use: a guarded connection in a struct look, structure_check, then virtual_check and
 * indexes_check. Each answers into look->answers.
 */
#ifndef AUDIT_STRUCTURE_H
#define AUDIT_STRUCTURE_H

#include <sqlite3.h>

#include "audit/audit_internal.h"

/* A database that is looked at. */
struct look {
    sqlite3 *database;
    struct guard *guard; /* of that connection */
    const char *path;
    struct audit_answers *answers;
    bool may_write;      /* a copy of ours: changed in transactions that are rolled back */
    const char *why_not; /* else: what keeps us from it */
    enum audit_deep deep;
    bool tangled; /* its trees grow together: a question to them may last for ever */
};

/* Each child's parent is looked up, and indexes are read in the order of their tables: SQLite's own
 * 2 MiB would read most pages of a large database over and over. */
#define STRUCTURE_CACHE "PRAGMA cache_size = -32768"

/* structure.c: integrity_check and foreign_key_check */
void structure_check(struct look *look);

/* pages.c: free pages and pages of nobody, where integrity_check leaves them out in silence */
void pages_check(struct look *look);

/* virtual_tables.c: FTS3, FTS4, FTS5 and R-Tree by their own checks; what no module is here for */
void virtual_check(struct look *look);

/* text_sizes.c: the words of all rows that a full-text index keeps are the sum of those of each
 * row; true also where it keeps none, or cannot be asked */
bool text_sizes_agree(sqlite3 *database, const char *table, bool is_fts5, int columns);

/* indexes.c: each index against its table, by value */
void indexes_check(struct look *look);

/* The tables that integrity_check can be asked of by name; of a name that is none it checks all. */
#define STRUCTURE_TABLES                                                                           \
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY rowid"

/* structure.c
 *
 * structure_is_damage - a code of SQLite: the database is damaged, or asks for too much; else
 *                       something is not here: a function, a collation, a module, memory
 * structure_is_number - integrity_check takes this name of a table for a number of lines
 * structure_why       - why a question was not answered, as SQLite or the guard says it
 * structure_needs     - the same as what it needs: "it needs function f() of its application"; the
 *                       caller frees it
 */
bool structure_is_damage(int code);
bool structure_is_number(const char *table);
const char *structure_why(sqlite3 *database);
char *structure_needs(const char *why);

/* Names of a schema. Zero is none. */
struct names {
    char **items; /* own */
    size_t count;
};

/* What integrity_check said, put together by table, index, and the pages of the file. Zero is
 * nothing. */
enum message_of { MESSAGE_PAGES, MESSAGE_TABLE, MESSAGE_COLUMN, MESSAGE_INDEX };

struct message_group {
    enum message_of of;
    char *object; /* own */
    struct answers_sample sample;
};

/* A line about a column, which is said of each row anew. */
struct message_column {
    char *line, *table; /* own */
    bool untrue;        /* SQLite should not have said so */
};

struct messages {
    struct message_group *items; /* own */
    size_t count, room;
    int64_t total;                  /* lines, also those that are not kept */
    struct message_column *columns; /* own */
    size_t column_count;
    bool untrue;      /* there is such a line */
    bool aside;       /* what is said of objects of ours (ASIDE) is not kept */
    const char *only; /* nothing is kept but lines that begin so; NULL */
    bool tangled;     /* a page has two parents */
    bool pages;       /* there is one about pages */
    bool cut;         /* SQLite stopped counting */
};

/* messages.c
 *
 * messages_run    - one PRAGMA integrity_check or quick_check to its end; SQLITE_DONE, or what
 *                   SQLite failed with
 * messages_move   - all of them into others
 * messages_answer - each group as one broken answer
 */
int messages_run(struct messages *messages, sqlite3 *database, const char *sql);
void messages_move(struct messages *to, struct messages *from);
void messages_answer(const struct messages *messages, struct audit_answers *answers);
void messages_release(struct messages *messages);

/* Objects with such names are ours, put into the schema of a copy. */
#define ASIDE "spawnbench_aside_"

/* aside.c: integrity_check of a copy whose schema needs what is not here. What needs it is put
 * aside and told as not checked, so that it hides nothing else. */
void aside_check(struct look *look);

/* names.c: names of a schema, and statements about them
 *
 * names_of  - the first column of all that a question answers; `about` is its ?1, or NULL
 * names_add - one more
 * names_run - a statement as sqlite3_mprintf puts it together (%w, %Q), to its end; its code
 * names_try - that it can be compiled; its code
 * names_ask - the text that one answers in its first column, or NULL; the caller frees it
 * names_token - the next token of a statement begins at *at then, and has so many bytes: a word,
 *               something quoted, or one character; 0 at the end
 * names_word  - a token is this word, in letters of either case and not quoted
 * names_plain - a token without its quotes; the caller frees it
 */

void names_of(struct names *out, sqlite3 *database, const char *sql, const char *about);
void names_add(struct names *names, const char *name);
void names_release(struct names *names);
int names_run(sqlite3 *database, const char *format, ...);
int names_try(sqlite3 *database, const char *format, ...);
char *names_ask(sqlite3 *database, const char *format, ...);
size_t names_token(const char **at);
bool names_word(const char *at, size_t length, const char *word);
char *names_plain(const char *at, size_t length);

#endif
