/* Which database does an input stand for? */
#include "fuzz/made.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema_sql.h"

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "results/results.h"

#define PAIRS      10
#define MOST_STEPS 300000 /* of a script: what makes the database may not be endless itself */
#define STEPS      1000   /* between two looks at that */
#define MOST_BYTES (1 << 24)

static struct made read_whole(const char *path)
{
    struct made made = {0};
    struct err err = {0};
    int rc = text_read_file(&made.bytes, &made.size, path, MOST_BYTES, &err);
    fuzz_expect(rc == 0, "the honest database can be read");
    return made;
}

/* ---- a results store ---- */

static const char scenario_text[] =
    "{\"name\": \"fuzz\", \"about\": \"a run\",\n"
    " \"agents\": [{\"name\": \"a\", \"command\": [\"{agent}\"], \"times\": 2}],\n"
    " \"arms\": [{\"name\": \"sequential\", \"subject\": [\"{reference}\"]},\n"
    "          {\"name\": \"parallel\", \"subject\": [\"{reference}\"]}],\n"
    " \"cycles\": 10, \"warmup\": 0,\n"
    " \"claims\": [{\"id\": \"AC1\", \"arm\": \"parallel\", \"metric\": \"spawn_time\","
    " \"quantile\": 0.5, \"at_most\": \"50ms\"},\n"
    "            {\"id\": \"AC2\", \"faster\": \"parallel\", \"than\": \"sequential\","
    " \"metric\": \"spawn_time\", \"at_least\": 2.0},\n"
    "            {\"id\": \"AC3\", \"corruption\": \"none\"}]}\n";

static void put_arm(struct results *store, int64_t run, int index, const char *name)
{
    struct results_arm arm = {.index = index,
                              .command = (char *)"spawnref --mode",
                              .version = (char *)"spawnref 0",
                              .records = true,
                              .clean = true,
                              .starts = true,
                              .open_ns = 5000000,
                              .peak_memory_kb = 5000};
    snprintf(arm.name, sizeof arm.name, "%s", name);
    fuzz_expect(results_arm_put(store, run, &arm, NULL) == 0, "an arm can be stored");
}

static void put_cycle(struct results *store, int64_t run, int pair, int arm)
{
    static const struct scenario_agent who = {.name = (char *)"a"};
    int64_t sent_ns = 1000000000 * (int64_t)(2 * pair + arm + 1);
    int64_t took_ns = (arm ? 20000000 : 50000000) + 10000 * pair * (1 + pair % 3);
    struct cycle_agent agents[2] = {{.asked = &who}, {.asked = &who}};
    struct cycle cycle = {.index = (size_t)(2 * pair + arm),
                          .item = {.pair = pair, .block = pair / 5, .arm = (short)arm},
                          .agents = agents,
                          .agent_count = 2,
                          .outcome = CYCLE_READY,
                          .sent_ns = sent_ns,
                          .answered_ns = sent_ns + took_ns,
                          .spawn_time_ns = took_ns,
                          .ready_time_ns = took_ns - 5000,
                          .finish_sent_ns = sent_ns + took_ns,
                          .finished_ns = sent_ns + took_ns + 10000,
                          .harness_ns = 9000,
                          .consensus = "agreed",
                          .cost = {[SCENARIO_CPU_TIME] = 2000000, [SCENARIO_PEAK_MEMORY] = 4000000},
                          .strain = {0, 100, 5, 0, 0, 1000000000}};
    for (int i = 0; i < 2; i++) {
        agents[i].outcome = CYCLE_READY;
        agents[i].pid = 100 + i;
        agents[i].start_ns = sent_ns + 100;
        agents[i].main_ns = sent_ns + 200;
        agents[i].own_ready_ns = sent_ns + took_ns - 9000;
        agents[i].ready_ns = sent_ns + took_ns - 8000;
        agents[i].recorded_ns = sent_ns + took_ns - 7000;
        agents[i].cpu_ns = 1000000;
        agents[i].peak_bytes = 2000000;
    }
    fuzz_expect(results_cycle_begin(store, run, &cycle, 1, 5000, NULL) == 0 &&
                    results_cycle_commit(store, NULL) == 0,
                "a cycle can be stored");
}

struct made made_results(void)
{
    char *path = fuzz_path("honest-results.sqlite");
    struct results_run run = {.scenario_name = (char *)"fuzz",
                              .scenario_path = (char *)"fuzz.json",
                              .scenario_text = (char *)scenario_text,
                              .options_json = (char *)"{}",
                              .environment_json = (char *)"{\"cores\":2,\"kernel\":\"none\"}",
                              .command = (char *)"spawnbench run fuzz.json",
                              .version = (char *)"0",
                              .planned = 2 * (size_t)PAIRS};
    struct results *store = NULL;
    struct made made;
    fuzz_expect(results_open(&store, path, RESULTS_MAKE, NULL) == 0, "a store can be made");
    fuzz_expect(results_run_begin(store, &run, NULL) == 0, "a run can be begun");
    put_arm(store, run.id, 0, "sequential");
    put_arm(store, run.id, 1, "parallel");
    for (int pair = 0; pair < PAIRS; pair++)
        for (int arm = 0; arm < 2; arm++)
            put_cycle(store, run.id, pair, arm);
    fuzz_expect(results_finding_put(store, run.id, 3, 1, "every-acknowledged-start-is-recorded",
                                    "integrity", "3.1", "0 rows, expected 1", NULL) == 0,
                "a finding can be stored");
    fuzz_expect(results_run_end(store, run.id, true, "", NULL) == 0, "a run can be ended");
    results_close(store);
    made = read_whole(path);
    made_remove(path);
    free(path);
    return made;
}

/* ---- a spawner's store ---- */

static const char opening_sql[] =
    "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = 1936748151; PRAGMA user_version = 1;"
    "PRAGMA journal_mode = WAL";

static const char batch_sql[] =
    "INSERT INTO agent_executions (id, batch, run, name, state, pid, spawned_ns, ready_ns,"
    " completed_ns, outcome) VALUES ('1.0', 1, 'r', 'a', 'completed', 100, 10, 20, 30, 'ready'),"
    " ('1.1', 1, 'r', 'b', 'completed', 101, 11, 21, 31, 'ready'),"
    " ('1.2', 1, 'r', 'c', 'completed', 102, 12, 22, 32, 'ready');"
    "INSERT INTO consensus_runs (batch, run, verdict, answer, votes, agents, decided_ns)"
    " VALUES (1, 'r', 'agreed', 'yes', 3, 3, 40);"
    "INSERT INTO agent_outputs (id, batch, run, output) VALUES ('1.0', 1, 'r', x'796573'),"
    " ('1.1', 1, 'r', x'796573'), ('1.2', 1, 'r', x'796573');";

struct made made_store(void)
{
    static const char *const steps[] = {opening_sql, embedded_schema_sql, batch_sql};
    char *path = fuzz_path("honest-store.sqlite");
    sqlite3 *database = NULL;
    struct made made;
    fuzz_expect(sqlite3_open(path, &database) == SQLITE_OK, "a database can be made");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (sqlite3_exec(database, steps[i], NULL, NULL, NULL) != SQLITE_OK)
            fuzz_expect(false, sqlite3_errmsg(database));
    sqlite3_close(database);
    made = read_whole(path);
    made_remove(path);
    free(path);
    return made;
}

/* ---- what somebody makes of them ---- */

static int step(void *context)
{
    int *left = context;
    return (*left -= STEPS) < 0;
}

/* Nothing but this database: no other file is opened or written, and it stays small. Some steps of
 * SQLite cost the square of the longest value under ASan, whose realloc always copies. */
static int only_here(void *context, int what, const char *a, const char *b, const char *c,
                     const char *d)
{
    bool grows =
        what == SQLITE_PRAGMA && a &&
        (sqlite3_stricmp(a, "max_page_count") == 0 || sqlite3_stricmp(a, "page_size") == 0);
    (void)context;
    (void)b;
    (void)c;
    (void)d;
    return what == SQLITE_ATTACH || grows ? SQLITE_DENY : SQLITE_OK;
}

/* What fails is passed over, like in a shell. */
static void run_script(sqlite3 *database, const char *sql)
{
    int left = MOST_STEPS;
    sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, 1 << 16);
    sqlite3_set_authorizer(database, only_here, NULL);
    sqlite3_progress_handler(database, STEPS, step, &left);
    while (*sql && left >= 0) {
        sqlite3_stmt *statement = NULL;
        const char *tail = sql;
        if (sqlite3_prepare_v2(database, sql, -1, &statement, &tail) == SQLITE_OK)
            while (sqlite3_step(statement) == SQLITE_ROW)
                ;
        sqlite3_finalize(statement);
        if (tail == sql) { /* not even the end of it is known: go on behind the next ; */
            tail += strcspn(sql, ";");
            tail += *tail == ';';
        }
        sql = tail;
    }
    sqlite3_progress_handler(database, 0, NULL, NULL);
}

/* The files as they lie there while the database is open, put back once it is closed. */
static void close_leaving_wal(sqlite3 *database, const char *path)
{
    char *wal = text_format("%s-wal", path), *bytes[2] = {NULL, NULL};
    const char *names[2] = {path, wal};
    size_t sizes[2] = {0, 0};
    for (int i = 0; i < 2; i++)
        if (text_read_file(&bytes[i], &sizes[i], names[i], MOST_BYTES, NULL) < 0)
            bytes[i] = NULL;
    sqlite3_close(database);
    for (int i = 0; i < 2; i++) {
        if (bytes[i])
            fuzz_write(names[i], bytes[i], sizes[i]);
        free(bytes[i]);
    }
    free(wal);
}

static void make_by_script(const struct made *honest, const char *path, const char *sql, bool wal)
{
    sqlite3 *database = NULL;
    fuzz_write(path, honest->bytes, honest->size);
    if (sqlite3_open(path, &database) == SQLITE_OK) {
        sqlite3_exec(database,
                     "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0;"
                     "PRAGMA max_page_count = 48",
                     NULL, NULL, NULL);
        run_script(database, sql);
    }
    if (wal)
        close_leaving_wal(database, path);
    else
        sqlite3_close(database);
}

static void make_by_bytes(const char *path, const uint8_t *data, size_t size)
{
    size_t split = size;
    char *wal;
    if (size >= 7 && memcmp(data, "WAL", 3) == 0) {
        split = (size_t)data[3] | (size_t)data[4] << 8 | (size_t)data[5] << 16;
        data += 7;
        size -= 7;
        split = split < size ? split : size;
    }
    fuzz_write(path, data, split);
    if (split == size)
        return;
    wal = text_format("%s-wal", path);
    fuzz_write(wal, data + split, size - split);
    free(wal);
}

void made_hostile(const struct made *honest, const char *path, const uint8_t *data, size_t size)
{
    bool script = size > 0 && (data[0] == 'S' || data[0] == 'W');
    if (script) {
        char *sql = fuzz_text(data + 1, size - 1);
        make_by_script(honest, path, sql, data[0] == 'W');
        free(sql);
    } else {
        make_by_bytes(path, size ? data + 1 : data, size ? size - 1 : 0);
    }
}

void made_remove(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char *name = text_format("%s%s", path, endings[i]);
        unlink(name);
        free(name);
    }
}
