/* schema_traits - what a table is made of, as lines that two databases can be compared by. */
#ifndef AUDIT_SCHEMA_TRAITS_H
#define AUDIT_SCHEMA_TRAITS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* One of them: "column 'pid'", and "integer not null". */
struct schema_trait {
    char *label, *is; /* own */
    bool implied;     /* by another one: nothing to be told when nobody asked for it */
};

/* Zero is none. */
struct schema_traits {
    struct schema_trait *items;
    size_t count, room;
    bool cut; /* there are more */
};

/*
 * schema_traits_of - of a table: its columns, keys, constraints and indexes
 *
 * sql     : that made it, from sqlite_schema
 * returns : 0; -1: SQLite says why, or there are too many (`cut`)
 * source  : https://www.sqlite.org/pragma.html: table_list, table_xinfo, index_list, index_xinfo,
 *           foreign_key_list
 */
int schema_traits_of(struct schema_traits *out, sqlite3 *database, const char *table,
                     const char *sql);

/* schema_traits_find - the one with that label, or NULL */
const struct schema_trait *schema_traits_find(const struct schema_traits *traits,
                                              const char *label);

void schema_traits_release(struct schema_traits *traits);

#endif
