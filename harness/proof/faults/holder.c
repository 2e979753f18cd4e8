/* spawnbench-holder DATABASE: holds the write lock of a SQLite database until its stdin ends.
 *
 * Prints "held" when it has the lock. Changes nothing: it begins a transaction and rolls it back,
 * never commits, never checkpoints. */
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

static int hold(sqlite3 *database)
{
    char nothing[64];
    sqlite3_busy_timeout(database, 5000);
    /* who closes last would checkpoint: that is the subject's to do */
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_exec(database, "PRAGMA wal_autocheckpoint = 0", NULL, NULL, NULL);
    if (sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "spawnbench-holder: %s\n", sqlite3_errmsg(database));
        return 5;
    }
    puts("held");
    fflush(stdout);
    while (read(STDIN_FILENO, nothing, sizeof nothing) > 0)
        continue;
    sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    sqlite3 *database = NULL;
    int code = 5;
    if (argc != 2) {
        fprintf(stderr, "usage: spawnbench-holder DATABASE\n");
        return 2;
    }
    if (sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
        code = hold(database);
    else
        fprintf(stderr, "spawnbench-holder: %s: %s\n", argv[1], sqlite3_errmsg(database));
    sqlite3_close(database);
    return code;
}
