/* store_internal - what the files of store/ share; nobody else includes it but harness/proof/crash,
 * which lets store_tidy find the WAL too long early. */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include <sqlite3.h>

#include "store/store.h"
#include "store/writers.h"

enum statement { INSERT, UPDATE, COMPLETE, CONSENSUS, OUTPUT, STATEMENTS };

extern const char *const store_sql[STATEMENTS];

struct store {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENTS];
    char *path, *run;
    bool full;
    pid_t owner; /* a handle carried across a fork destroys data, howtocorrupt.html 2.6 */
    int wal_pages;
    struct writers *writers;
    struct store_about about;
    int64_t patient_until_ns;            /* INT64_MAX: no batch is waiting for us */
    int64_t busy, busy_ns, busy_from_ns; /* what SQLite itself made us wait for */
};

/* open.c
 *
 * store_refuse  - errors of SQLite into ours
 * store_execute - one or more statements without rows
 * store_ask     - the first number of the first row, -1 for none */
int store_refuse(struct err *err, sqlite3 *database, const char *doing);
int store_execute(sqlite3 *database, const char *text, const char *doing, struct err *err);
int64_t store_ask(sqlite3 *database, const char *question);

/* open.c: a connection with our busy handler and nothing else */
int store_open_plain(sqlite3 **out, struct store *store, struct err *err);

/* open.c: our turn to write, for which we wait no longer than we are patient;
 * writers_unlock ends it */
int store_take_turn(struct store *store, struct err *err);
int store_set_durability(sqlite3 *database, bool full, struct err *err);

/*
 * store_reconcile (reconcile.c) - agents recorded as running whose spawner is gone become
 * 'interrupted', in one transaction
 *
 * alone : no other spawner of our own run lives
 * fills : store->about.interrupted, store->about.still_running
 * note  : to be called with the writers' lock held
 */
int store_reconcile(struct store *store, bool alone, struct err *err);

#endif
