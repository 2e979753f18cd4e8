/* May this SQLite be trusted with a database, and under which rule? */
#include "store/engine.h"

#include <sqlite3.h>
#include <stdio.h>

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
