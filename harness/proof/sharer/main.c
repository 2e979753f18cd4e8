/* spawnbench-sharer: an agent that saves its session in a SQLite database which other agents share,
 * well or badly.
 *
 *     open, journal mode, table      once
 *     BEGIN, SELECT, INSERT, COMMIT  for each row, with a pause between rows
 *     "ready" to READY_FD            only when all of it is saved
 *     prompt, answer, exit 0
 *
 * What it cannot save it says on stderr and ends with 1. It never retries: what SQLite does within
 * the busy timeout is all. A transaction that begins deferred reads first and asks for the write
 * lock later, where SQLite may refuse it whatever the timeout is:
 * https://sqlite.org/lang_transaction.html
 *
 * Each option --NAME that is not given is taken from the variable SHARER_NAME, since agents of one
 * scenario have one command and its arms differ. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum setting { DATABASE, JOURNAL, TIMEOUT, BEGIN, ROWS, BETWEEN, OPTIONS };

static const struct {
    const char *name, *variable, *usual;
} known[OPTIONS] = {[DATABASE] = {"database", "SHARER_DATABASE", NULL},
                    [JOURNAL] = {"journal", "SHARER_JOURNAL", "delete"},
                    [TIMEOUT] = {"timeout", "SHARER_TIMEOUT", "0ms"},
                    [BEGIN] = {"begin", "SHARER_BEGIN", "deferred"},
                    [ROWS] = {"rows", "SHARER_ROWS", "1"},
                    [BETWEEN] = {"between", "SHARER_BETWEEN", "0ms"}};

static struct {
    const char *database;
    bool wal, immediate;
    int64_t timeout_ns, between_ns;
    int rows;
} options;

/* ---- the command line ---- */

static void refuse(enum setting setting, const char *value, const char *expected)
{
    fprintf(stderr, "spawnbench-sharer: --%s: expected %s, got '%s'\n", known[setting].name,
            expected, value);
    exit(2);
}

static bool is_second(enum setting setting, const char *value, const char *first,
                      const char *second)
{
    char expected[64];
    if (strcmp(value, first) == 0 || strcmp(value, second) == 0)
        return strcmp(value, second) == 0;
    snprintf(expected, sizeof expected, "%s or %s", first, second);
    refuse(setting, value, expected);
    return false;
}

static int64_t duration(enum setting setting, const char *value)
{
    int64_t ns = 0;
    if (text_parse_duration(&ns, value) < 0 || ns > 3600 * CLOCK_NS_PER_S)
        refuse(setting, value, "a duration with its unit such as 5s");
    return ns;
}

static void read_options(int argc, char **argv)
{
    const char *values[OPTIONS] = {0};
    struct option list[OPTIONS + 1] = {0};
    char *end;
    int found;
    for (int i = 0; i < OPTIONS; i++)
        list[i] = (struct option){known[i].name, required_argument, NULL, i};
    while ((found = getopt_long(argc, argv, "", list, NULL)) >= 0 && found < OPTIONS)
        values[found] = optarg;
    for (int i = 0; i < OPTIONS; i++) {
        if (!values[i])
            values[i] = getenv(known[i].variable);
        if (!values[i])
            values[i] = known[i].usual;
    }
    if (found >= 0 || optind < argc || !values[DATABASE]) {
        fprintf(stderr, "usage: spawnbench-sharer --database PATH [--journal delete|wal] "
                        "[--timeout TIME] [--begin deferred|immediate] [--rows N] "
                        "[--between TIME]\n");
        exit(2);
    }
    options.database = values[DATABASE];
    options.wal = is_second(JOURNAL, values[JOURNAL], "delete", "wal");
    options.immediate = is_second(BEGIN, values[BEGIN], "deferred", "immediate");
    options.timeout_ns = duration(TIMEOUT, values[TIMEOUT]);
    options.between_ns = duration(BETWEEN, values[BETWEEN]);
    options.rows = (int)strtol(values[ROWS], &end, 10);
    if (*end || options.rows < 1 || options.rows > 1000000)
        refuse(ROWS, values[ROWS], "a number from 1 to 1000000");
}

/* ---- saving ---- */

static void give_up(sqlite3 *database)
{
    fprintf(stderr, "spawnbench-sharer: cannot save my session: %s\n", sqlite3_errmsg(database));
    sqlite3_close(database);
    exit(1);
}

static void execute(sqlite3 *database, const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        give_up(database);
}

/* The change of the mode does not wait as the timeout says, and happens once in the life of a
 * database. */
static void set_journal(sqlite3 *database)
{
    const char *sql = options.wal ? "PRAGMA journal_mode = wal" : "PRAGMA journal_mode = delete";
    int64_t until_ns = clock_now_ns() + options.timeout_ns;
    int rc = sqlite3_exec(database, sql, NULL, NULL, NULL);
    while (rc == SQLITE_BUSY && clock_now_ns() < until_ns) {
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
        rc = sqlite3_exec(database, sql, NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK)
        give_up(database);
}

static sqlite3 *open_database(void)
{
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(options.database, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        NULL) != SQLITE_OK)
        give_up(database);
    sqlite3_busy_timeout(database, (int)(options.timeout_ns / CLOCK_NS_PER_MS));
    set_journal(database);
    execute(database, "CREATE TABLE IF NOT EXISTS sessions (agent TEXT NOT NULL,"
                      " row INTEGER NOT NULL, saved_ns INTEGER NOT NULL,"
                      " PRIMARY KEY (agent, row))");
    return database;
}

static void insert(sqlite3 *database, const char *agent, int row)
{
    sqlite3_stmt *statement = NULL;
    int rc =
        sqlite3_prepare_v2(database, "INSERT INTO sessions VALUES (?, ?, ?)", -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, agent, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, row);
        sqlite3_bind_int64(statement, 3, clock_now_ns());
        rc = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    if (rc != SQLITE_DONE)
        give_up(database);
}

static void save(sqlite3 *database, const char *agent)
{
    for (int row = 0; row < options.rows; row++) {
        if (row > 0)
            clock_sleep_until(clock_now_ns() + options.between_ns);
        execute(database, options.immediate ? "BEGIN IMMEDIATE" : "BEGIN");
        execute(database, "SELECT max(saved_ns) FROM sessions");
        insert(database, agent, row);
        execute(database, "COMMIT");
    }
}

/* ---- talking ---- */

static void tell_ready(void)
{
    const char *number = getenv("READY_FD");
    char *end = NULL;
    int fd = number ? (int)strtol(number, &end, 10) : STDOUT_FILENO;
    if (number && (!*number || *end))
        fd = -1;
    if (text_write(fd, number ? "\n" : "ready\n", number ? 1 : 6) == 0) {
        if (number)
            close(fd);
        return;
    }
    fprintf(stderr, "spawnbench-sharer: cannot say that it is ready: %s\n", strerror(errno));
    exit(1);
}

int main(int argc, char **argv)
{
    const char *id = getenv("SPAWNBENCH_AGENT");
    char own[32], nothing[4096];
    sqlite3 *database;
    ssize_t got;
    snprintf(own, sizeof own, "pid %d", (int)getpid());
    read_options(argc, argv);
    database = open_database();
    save(database, id ? id : own);
    if (sqlite3_close(database) != SQLITE_OK)
        give_up(database);
    tell_ready();
    do
        got = read(STDIN_FILENO, nothing, sizeof nothing);
    while (got > 0 || (got < 0 && errno == EINTR));
    printf("{\"agent\":\"%s\",\"answer\":\"saved\",\"rows\":%d}\n", id ? id : own, options.rows);
    return fflush(stdout) == 0 ? 0 : 1;
}
