/* test_made - a sound database of any schema and content, made of a seed.
 *
 * All that the library has is in it: STRICT, WITHOUT ROWID, generated columns, UTF-16, all page
 * sizes, FTS3 to FTS5, R-Tree, partial and expression indexes, and names that have to be quoted.
 */
#ifndef AUDIT_TEST_MADE_H
#define AUDIT_TEST_MADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/text.h"

/* A table while it is made. */
struct table {
    char name[40];
    char columns[8][24]; /* plain names, quoted when they are written */
    bool generated[8];
    int count;
    bool without_rowid;
};

struct maker {
    uint64_t state;
    sqlite3 *database;
    struct text log; /* of all statements, for whoever has to look into a failure */
    struct table tables[6];
    int count;
    bool utf8;
    bool texts; /* no blobs: in UTF-16 SQLite reads them as text in more than one way */
};

/* splitmix64, Steele et al. 2014 */
static inline uint64_t draw(struct maker *maker)
{
    uint64_t z = maker->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline int below(struct maker *maker, int most)
{
    return (int)(draw(maker) % (uint64_t)most);
}

static inline bool chance(struct maker *maker, int percent)
{
    return below(maker, 100) < percent;
}

#define PICK(maker, list) (list)[below(maker, (int)(sizeof(list) / sizeof *(list)))]

/* may_fail : a constraint may refuse it, and nothing is done then */
static inline bool run(struct maker *maker, bool may_fail, const char *format, ...)
{
    va_list args;
    char *sql, *message = NULL;
    int code;
    va_start(args, format);
    sql = sqlite3_vmprintf(format, args);
    va_end(args);
    code = sqlite3_exec(maker->database, sql, NULL, NULL, &message);
    if (code == SQLITE_OK || !may_fail)
        text_addf(&maker->log, "%s;\n", sql);
    if (code != SQLITE_OK && !may_fail)
        fail_msg("%s in: %s", message, sql);
    sqlite3_free(message);
    sqlite3_free(sql);
    return code == SQLITE_OK;
}

/* A value as SQL; the caller sqlite3_frees it. */
static inline char *value(struct maker *maker)
{
    static const char *const values[] = {"NULL",
                                         "0",
                                         "1",
                                         "-1",
                                         "5.0",
                                         "-0.0",
                                         "1.5",
                                         "1e300",
                                         "-1e-300",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "9007199254740993",
                                         "9007199254740993.0",
                                         "140737488355328.0",
                                         "140737488355329",
                                         "9e999",
                                         "-9e999",
                                         "''",
                                         "'a'",
                                         "'A'",
                                         "'a  '",
                                         "'A '",
                                         "' a'",
                                         "'ä'",
                                         "'Ä'",
                                         "'5'",
                                         "'5.0'",
                                         "' 5'",
                                         "'0x10'",
                                         "'1e2'",
                                         "'Name7'",
                                         "'nAME7'",
                                         "x''",
                                         "x'0000'",
                                         "x'6100'",
                                         "x'6161'",
                                         "CAST(replace(hex(zeroblob(3000)), '0', 'z') AS BLOB)",
                                         "'{\"a\": [1, 2.0, \"x\"]}'",
                                         "'\xf0\x9f\x98\x80 emoji'",
                                         "char(1, 0xfffd, 0x10fffd)"};
    const char *picked;
    switch (below(maker, 10)) {
    case 0:
        return sqlite3_mprintf("%lld", (long long)(draw(maker) >> below(maker, 64)));
    case 1:
        return sqlite3_mprintf("'name %d'", below(maker, 100));
    case 2:
        return sqlite3_mprintf("'NAME %d'", below(maker, 100));
    case 3:
        return sqlite3_mprintf("%d.%d", below(maker, 1000), below(maker, 4) * 25);
    case 4:
        return sqlite3_mprintf("replace(hex(zeroblob(%d)), '00', 'Wort %d ')",
                               1 + below(maker, 800), below(maker, 50));
    case 5:
        return sqlite3_mprintf("x'' || %d", below(maker, 300));
    case 6: /* bytes that are no text: in UTF-16 SQLite itself reads them in more than one way */
        return sqlite3_mprintf(maker->utf8 ? "CAST(x'61ff00%02x' AS TEXT)" : "'%02x'",
                               below(maker, 256));
    default:
        picked = PICK(maker, values);
        return sqlite3_mprintf("%s", maker->texts && (*picked == 'x' || *picked == 'C') ? "'blob'"
                                                                                        : picked);
    }
}

/* ---- tables ---- */

static const char *const table_names[] = {"plain",   "it's \"a\" table", "select", "2fa", "sp ace",
                                          "Ünïcode", "semi;colon--",     "a.b",    "[x]", "%s%n"};
static const char *const column_names[] = {"id",    "a",       "B b", "group", "c'd",  "e\"f",
                                           "rowid", "_rowid_", "oid", "c0",    "zähl", "x.y",
                                           "i",     "n",       "[z]", "key"};
static const char *const types[] = {
    "",        "INTEGER",          "INT",         "TEXT",           "REAL", "BLOB",
    "NUMERIC", "DOUBLE",           "VARCHAR(20)", "FLOATING POINT", "DATE", "BOOLEAN",
    "CHARINT", "UNSIGNED BIG INT", "ANY"};
static const char *const strict_types[] = {"INT", "INTEGER", "TEXT", "REAL", "BLOB", "ANY"};
static const char *const later[] = {"INT DEFAULT 7", "REAL DEFAULT 7", "TEXT DEFAULT '7'",
                                    "ANY DEFAULT 7.0", "BLOB DEFAULT x'0700'"};

static const char *const collations[] = {"NOCASE", "RTRIM", "BINARY"};

static inline void pick_columns(struct maker *maker, struct table *table)
{
    int first = below(maker, (int)(sizeof column_names / sizeof *column_names));
    table->count = 1 + below(maker, 6);
    for (int i = 0; i < table->count; i++)
        snprintf(
            table->columns[i], sizeof table->columns[i], "%s",
            column_names[(size_t)(first + i * 3) % (sizeof column_names / sizeof *column_names)]);
}

/* An expression over a column that has no opinion of what is in it. */
static inline char *expression(struct maker *maker, const struct table *table)
{
    static const char *const forms[] = {
        "lower(\"%w\")",
        "length(\"%w\") + 1",
        "\"%w\" || '-(x,'",
        "CAST(\"%w\" AS REAL)",
        "CAST(\"%w\" AS TEXT) COLLATE NOCASE",
        "CAST(\"%w\" AS INTEGER) /* , desc ) */",
        "coalesce(\"%w\", 'none')",
        "+\"%w\"",
        "substr(\"%w\", 1, 3) COLLATE RTRIM",
        "CASE WHEN \"%w\" > 3 THEN 2.0 ELSE 'x' END",
        "typeof(\"%w\")",
        "\"%w\" IS NULL",
        "CAST(\"%w\" AS NUMERIC)",
        "likely(\"%w\")",
        "abs(CAST(substr(\"%w\", 1, 5) AS REAL)) * 2",
    };
    if (!maker->utf8 && !maker->texts)
        return sqlite3_mprintf("typeof(\"%w\")", table->columns[below(maker, table->count)]);
    return sqlite3_mprintf(PICK(maker, forms), table->columns[below(maker, table->count)]);
}

static inline void add_column(struct maker *maker, struct text *sql, struct table *table, int i,
                              bool strict)
{
    bool generated = i > 0 && chance(maker, 20);
    char *name = sqlite3_mprintf("%s\"%w\" %s", i ? ", " : "", table->columns[i],
                                 strict && generated ? "ANY" /* no type is enforced there */
                                 : strict            ? PICK(maker, strict_types)
                                                     : PICK(maker, types));
    text_add(sql, name);
    sqlite3_free(name);
    if (chance(maker, 25))
        text_addf(sql, " COLLATE %s", PICK(maker, collations));
    if (generated) {
        struct table before = *table;
        char *as;
        before.count = i;
        as = expression(maker, &before);
        text_addf(sql, " GENERATED ALWAYS AS (%s) %s", as,
                  chance(maker, 50) ? "STORED" : "VIRTUAL");
        sqlite3_free(as);
        table->generated[i] = true;
    } else {
        if (chance(maker, 15))
            text_add(sql, " NOT NULL ON CONFLICT IGNORE");
        if (!strict && chance(maker, 15)) /* REPLACE puts it there, of whatever type it is */
            text_add(sql, " DEFAULT 5.0");
        if (chance(maker, 10))
            text_add(sql, " CHECK (length(5) < 100)");
    }
    if (chance(maker, 12))
        text_add(sql, " UNIQUE");
}

static inline void add_key(struct maker *maker, struct text *sql, const struct table *table)
{
    int keys[2] = {below(maker, table->count), below(maker, table->count)};
    text_add(sql, ", PRIMARY KEY (");
    for (int k = 0, said = 0; k < 2; k++) {
        char *name;
        if (table->generated[keys[k]] || (k && keys[1] == keys[0]))
            continue;
        name = sqlite3_mprintf("\"%w\"%s%s", table->columns[keys[k]],
                               chance(maker, 30) ? " COLLATE NOCASE" : "",
                               chance(maker, 30) ? " DESC" : "");
        text_addf(sql, "%s%s", said++ ? ", " : "", name);
        sqlite3_free(name);
    }
    text_add(sql, ")");
}

static inline void make_table(struct maker *maker)
{
    struct table *table = &maker->tables[maker->count];
    bool strict = chance(maker, 30), keyed = chance(maker, 50);
    struct text sql = {0};
    *table = (struct table){.without_rowid = keyed && chance(maker, 60)};
    snprintf(table->name, sizeof table->name, "%s%s", PICK(maker, table_names),
             maker->count ? (char[]){(char)('0' + maker->count), '\0'} : "");
    pick_columns(maker, table);
    for (int i = 0; i < table->count; i++)
        add_column(maker, &sql, table, i, strict);
    if (keyed)
        add_key(maker, &sql, table);
    else if (chance(maker, 30))
        text_add(&sql, ", key INTEGER PRIMARY KEY AUTOINCREMENT");
    if (run(maker, true, "CREATE TABLE \"%w\"(%s)%s", table->name, sql.data,
            table->without_rowid && strict ? " WITHOUT ROWID, STRICT"
            : table->without_rowid         ? " WITHOUT ROWID"
            : strict                       ? " STRICT"
                                           : ""))
        maker->count++;
    text_release(&sql);
}

static inline void make_index(struct maker *maker, int number)
{
    const struct table *table = &maker->tables[below(maker, maker->count)];
    struct text parts = {0};
    for (int i = 0, most = 1 + below(maker, 3); i < most; i++) {
        char *part = chance(maker, 30)
                         ? expression(maker, table)
                         : sqlite3_mprintf("\"%w\"%s", table->columns[below(maker, table->count)],
                                           chance(maker, 30) ? " COLLATE NOCASE" : "");
        text_addf(&parts, "%s%s%s", i ? "\n , " : "", part, chance(maker, 30) ? " DESC" : "");
        sqlite3_free(part);
    }
    run(maker, true, "CREATE %sINDEX \"i %d'\" ON \"%w\" -- (an index\n(%s)%s",
        chance(maker, 10) ? "UNIQUE " : "", number, table->name, parts.data,
        chance(maker, 25) ? " WHERE length(5) > 0 AND (1 OR 2)" : "");
    if (chance(maker, 20))
        run(maker, true, "CREATE INDEX \"p %d\" ON \"%w\"(\"%w\") WHERE \"%w\" > 3", number,
            table->name, table->columns[0], table->columns[table->count - 1]);
    text_release(&parts);
}

/* ---- rows ---- */

static inline void insert(struct maker *maker, const struct table *table)
{
    struct text names = {0}, values = {0};
    for (int i = 0; i < table->count; i++) {
        char *word;
        if (table->generated[i])
            continue;
        word = sqlite3_mprintf("%s\"%w\"", names.length ? ", " : "", table->columns[i]);
        text_add(&names, word);
        sqlite3_free(word);
        word = value(maker);
        text_addf(&values, "%s%s", values.length ? ", " : "", word);
        sqlite3_free(word);
    }
    run(maker, true, "INSERT OR REPLACE INTO \"%w\"(%s) VALUES(%s)", table->name, names.data,
        values.data);
    text_release(&names);
    text_release(&values);
}

static inline void live(struct maker *maker)
{
    int many = below(maker, 4) == 0 ? 0 : below(maker, 250);
    run(maker, false, "BEGIN");
    for (int i = 0; i < many; i++) {
        const struct table *table = &maker->tables[below(maker, maker->count)];
        const char *column = table->columns[below(maker, table->count)];
        char *some = value(maker);
        insert(maker, table);
        if (chance(maker, 15))
            run(maker, true,
                "UPDATE OR IGNORE \"%w\" SET \"%w\" = %s WHERE length(\"%w\") %% 7 = 0",
                table->name, column, some, column);
        if (chance(maker, 3))
            run(maker, true, "DELETE FROM \"%w\" WHERE length(\"%w\") %% 3 = 0", table->name,
                column);
        sqlite3_free(some);
    }
    run(maker, false, "COMMIT");
}

/* Rows that were there before have no such column in the file. */
static inline void alter(struct maker *maker)
{
    struct table *table = &maker->tables[below(maker, maker->count)];
    if (table->count == 8 ||
        !run(maker, true, "ALTER TABLE \"%w\" ADD COLUMN \"later\" %s", table->name,
             maker->texts ? "TEXT DEFAULT '7'" : PICK(maker, later)))
        return;
    snprintf(table->columns[table->count++], sizeof table->columns[0], "later");
    run(maker, true, "CREATE INDEX \"on later %d\" ON \"%w\"(later)", table->count, table->name);
    insert(maker, table);
}

/* ---- modules, views and the like ---- */

static const char *const full_texts[] = {
    "CREATE VIRTUAL TABLE ft USING fts5(a, b)",
    "CREATE VIRTUAL TABLE ft USING fts5(a, b, tokenize = 'porter unicode61', prefix = '2 3')",
    "CREATE VIRTUAL TABLE ft USING fts5(a, b, detail = none, columnsize = 0)",
    "CREATE VIRTUAL TABLE ft USING fts5(a, b, detail = column, content = '')",
    "CREATE VIRTUAL TABLE ft USING fts5(a, b, content = 'texts', content_rowid = 'k')",
    "CREATE VIRTUAL TABLE ft USING FTS5(a, b UNINDEXED, content=texts, content_rowid=k)",
    "CREATE VIRTUAL TABLE \"ft\" USING fts4(a, b)",
    "CREATE VIRTUAL TABLE ft USING fts4(a, b, tokenize=porter, prefix=\"1,3\", order=desc)",
    "CREATE VIRTUAL TABLE ft USING fts4(content=\"\", a, b)",
    "CREATE VIRTUAL TABLE ft USING fts4(content=\"texts\", a, b)",
    "CREATE VIRTUAL TABLE ft USING fts3(a, b)",
    "CREATE VIRTUAL TABLE ft USING fts4(a, b, languageid=\"lid\", notindexed=b)",
};

static inline void make_full_text(struct maker *maker)
{
    const char *sql = PICK(maker, full_texts);
    bool of_texts = strstr(sql, "texts") != NULL,
         contentless = strstr(sql, "''") || strstr(sql, "\"\"");
    run(maker, false, "CREATE TABLE texts(k INTEGER PRIMARY KEY, a, b)");
    run(maker, false, "%s", sql);
    for (int i = 0, many = below(maker, 120); i < many; i++) {
        run(maker, false, "INSERT INTO texts VALUES(%d, 'alpha beta%d gamma', 'Delta %d')", i, i,
            below(maker, 9));
        run(maker, false, "INSERT INTO ft(rowid, a, b) SELECT k, a, b FROM texts WHERE k = %d", i);
    }
    if (!of_texts && !contentless) {
        run(maker, false, "DELETE FROM ft WHERE rowid %% 5 = 2");
        run(maker, false, "UPDATE ft SET a = 'omega ' || a WHERE rowid %% 4 = 1");
    }
    if (chance(maker, 30))
        run(maker, false, "INSERT INTO ft(ft) VALUES('optimize')");
}

static inline void make_boxes(struct maker *maker)
{
    static const char *const trees[] = {
        "CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1, +note)",
        "CREATE VIRTUAL TABLE boxes USING rtree_i32(id, x0, x1, y0, y1)",
        "CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1)",
    };
    int which = below(maker, 3);
    run(maker, false, "%s", trees[which]);
    for (int i = 0, many = below(maker, 300); i < many; i++)
        run(maker, false,
            which < 2 ? "INSERT INTO boxes(id, x0, x1, y0, y1) VALUES(%d, %d, %d+9, 1, 2)"
                      : "INSERT INTO boxes VALUES(%d, %d, %d + 9)",
            i, i % 17, i % 17);
    run(maker, false, "DELETE FROM boxes WHERE id %% 7 = 3");
}

static inline void make_family(struct maker *maker)
{
    run(maker, false, "PRAGMA foreign_keys = ON");
    run(maker, false,
        "CREATE TABLE parents(a INT, b TEXT COLLATE NOCASE, PRIMARY KEY(a, b)) WITHOUT ROWID");
    run(maker, false,
        "CREATE TABLE children(id INTEGER PRIMARY KEY, a INT, b TEXT, up REFERENCES children(id)"
        " DEFERRABLE INITIALLY DEFERRED, FOREIGN KEY(a, b) REFERENCES parents ON DELETE CASCADE)");
    for (int i = 0; i < 50; i++) {
        run(maker, true, "INSERT INTO parents VALUES(%d, 'Parent %d')", i % 20, i % 3);
        run(maker, true, "INSERT INTO children VALUES(%d, %d, 'PARENT %d', %s)", i, i % 30, i % 3,
            i ? "1" : "NULL");
    }
    run(maker, true, "INSERT INTO children VALUES(99, NULL, 'nobody', NULL)");
    run(maker, true, "DELETE FROM parents WHERE a %% 6 = 1");
}

static inline void make_programs(struct maker *maker)
{
    const struct table *table = &maker->tables[0];
    run(maker, true, "CREATE VIEW \"a view\" AS SELECT * FROM \"%w\"", table->name);
    run(maker, true,
        "CREATE TRIGGER \"a trigger\" AFTER INSERT ON \"%w\" BEGIN SELECT count(*) FROM \"%w\"; "
        "END",
        table->name, table->name);
}

static inline void make_database(struct maker *maker, const char *path)
{
    static const char *const encodings[] = {"UTF-8", "UTF-8", "UTF-16le", "UTF-16be"};
    const char *encoding;
    assert_int_equal(sqlite3_open(path, &maker->database), SQLITE_OK);
    sqlite3_db_config(maker->database, SQLITE_DBCONFIG_LEGACY_FILE_FORMAT, chance(maker, 10), NULL);
    run(maker, false, "PRAGMA page_size = %d", 512 << below(maker, 8));
    encoding = PICK(maker, encodings);
    maker->utf8 = strcmp(encoding, "UTF-8") == 0;
    maker->texts = !maker->utf8 && chance(maker, 50);
    run(maker, false, "PRAGMA encoding = '%s'", encoding);
    run(maker, false, "PRAGMA auto_vacuum = %d", below(maker, 3));
    run(maker, false, "PRAGMA journal_mode = %s", chance(maker, 50) ? "WAL" : "DELETE");
    run(maker, false, "PRAGMA synchronous = OFF");
    for (int tries = 0, most = 1 + below(maker, 5); tries < most || maker->count == 0; tries++)
        make_table(maker);
    for (int i = 0, most = below(maker, 7); i < most; i++)
        make_index(maker, i);
    make_programs(maker);
    live(maker);
    for (int i = 0, most = below(maker, 3); i < most; i++)
        alter(maker);
    if (chance(maker, 50))
        make_full_text(maker);
    if (chance(maker, 30))
        make_boxes(maker);
    if (chance(maker, 30))
        make_family(maker);
    for (int i = 20; i < 20 + below(maker, 4); i++)
        make_index(maker, i);
    live(maker);
    if (chance(maker, 20))
        run(maker, true, "VACUUM");
    if (chance(maker, 20))
        run(maker, true, "ANALYZE");
    sqlite3_close(maker->database);
}

#endif
