/* engine - which SQLite is this, and what is known against it? */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include <stdbool.h>

#include "base/err.h"

/*
 * engine_has_wal_reset_race - can this version corrupt a WAL database when one connection
 * checkpoints while another commits?
 *
 * version : as sqlite3_libversion_number() tells it; a distribution's own back-port cannot be seen
 * source  : https://sqlite.org/wal.html#walresetbug: 3.7.0 to 3.51.2, but not 3.50.7 and 3.44.6
 */
bool engine_has_wal_reset_race(int version);

/* engine_check - errors: ERR_UNFIT a version that was withdrawn (3.52.0) */
int engine_check(int version, struct err *err);

/* engine_tell - on stderr, once in the life of the process:
 * the engine, and a warning if it has the race */
void engine_tell(void);

/* engine_configure - settings of the library, which must come before its first connection;
 * later calls do nothing */
void engine_configure(void);

#endif
