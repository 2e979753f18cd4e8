/* May this SQLite be trusted with a database, and under which rule? */
#include "store/engine.h"

#include <sqlite3.h>
#include <stdio.h>

#include "store/store.h"

#define WITHDRAWN 3052000

bool engine_has_wal_reset_race(int version)
{
    return version >= 3007000 && version < 3051003 && !(version >= 3050007 && version < 3051000) &&
           !(version >= 3044006 && version < 3045000);
}

int engine_check(int version, struct err *err)
{
    if (version != WITHDRAWN)
        return 0;
    return err_set(err, ERR_UNFIT,
                   "SQLite 3.52.0 was withdrawn by its authors (remedy: 3.51.3, or 3.53.0 and "
                   "later)");
}

void engine_tell(void)
{
    static bool told;
    if (told)
        return;
    told = true;
    fprintf(stderr, "spawnref: SQLite %s, %.19s\n", sqlite3_libversion(), sqlite3_sourceid());
    if (engine_has_wal_reset_race(sqlite3_libversion_number()))
        fprintf(stderr, "spawnref: warning: this SQLite has the WAL-reset race; spawnrefs commit "
                        "and checkpoint one at a time, let no other program write to or "
                        "checkpoint their databases (remedy: 3.51.3, 3.50.7, 3.44.6 or later)\n");
}

/* A statement journal in memory,
 * instead of 64 KiB taken from and given back to the system at every INSERT. */
void engine_configure(void)
{
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
}

static int load(sqlite3 *database, const char *file, struct err *err)
{
    char *why = NULL;
    int rc = sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_load_extension(database, file, NULL, &why);
    if (rc != SQLITE_OK)
        err_set(err, ERR_UNFIT, "cannot load the SQLite extension '%s': %s", file,
                why ? why : sqlite3_errmsg(database));
    sqlite3_free(why);
    return rc == SQLITE_OK ? 0 : -1;
}

int store_load_extension(const char *file, struct err *err)
{
    sqlite3 *database = NULL;
    int rc = -1;
    engine_configure();
    if (sqlite3_open(":memory:", &database) == SQLITE_OK)
        rc = load(database, file, err);
    else
        err_set(err, ERR_SYSTEM, "SQLite cannot open a database in memory");
    sqlite3_close(database);
    if (rc == 0)
        fprintf(stderr, "spawnref: SQLite extension '%s' is loaded\n", file);
    return rc;
}
