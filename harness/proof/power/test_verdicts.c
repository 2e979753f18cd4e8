/* Does a power loss under a running SQLite come to the same verdicts as the crash walk, which knows
 * every call?
 *
 * Names are strict, as there. One word for each configuration: sound, loses (whole transactions,
 * the newest first) or breaks. */
#include "proof/power/test_mounted.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "proof/crash/plain.h"
#include "proof/crash/scratch.h"
#include "proof/crash/test_folder.h"
#include "proof/crash/walk.h"
#include "store/store_internal.h"

#define AGENTS       3
#define OUTPUT_BYTES 6000
#define MOST_STEPS   24  /* transactions before a cut, at most */
#define CUTS         24  /* of what is sound or only loses */
#define MOST_CUTS    600 /* of what must break */
#define SEED         11

enum word { SOUND, LOSES, BREAKS };

static const char *const words[] = {"sound", "loses", "breaks"};

/* Of the walk's own, and one that it leaves out. */
static const struct configuration {
    const char *name, *told;
    enum word expected;
} configurations[] = {
    {"store-batch-full-checkpoint", "WAL, FULL", SOUND},
    {"store-batch-normal-checkpoint", "WAL, NORMAL", LOSES},
    {"control-wal-off", "WAL, OFF", BREAKS},
    {"sqlite-delete-full", "DELETE, FULL", LOSES},
    {"sqlite-delete-extra", "DELETE, EXTRA", SOUND},
    {"delete-off", "DELETE, OFF", BREAKS},
};

static const struct workload delete_off = {"delete-off", false, "delete",           "off", false, 0,
                                           false,        false, WORKLOAD_MUST_BREAK};

static const struct workload *find_workload(const char *name)
{
    for (const struct workload *each = workloads; each->name; each++)
        if (strcmp(each->name, name) == 0)
            return each;
    assert_string_equal(name, delete_off.name);
    return &delete_off;
}

/* ---- the walk ---- */

static enum word walk_says(const struct workload *workload)
{
    static const struct walk_effort effort = {.most = 4, .draws = 2};
    struct workload_run run = {0};
    struct walk_tally tally;
    struct err err = {0};
    assert_int_equal(make_folder(NULL), 0);
    if (workload_record(&run, workload, folder, 3, SEED, &err) < 0 ||
        walk_run(&tally, workload, &run, &effort, SEED, WALK_EVERYWHERE, NULL, &err) < 0)
        fail_msg("%s: %s", workload->name, err.text);
    workload_release(&run);
    remove_folder(NULL);
    if (tally.side[WALK_POWER].corrupt + tally.side[WALK_POWER].partial > 0)
        return BREAKS;
    return tally.side[WALK_POWER].losing > 0 ? LOSES : SOUND;
}

/* ---- a writer that does one transaction when it is asked to ---- */

struct writer {
    pid_t pid;
    int ask, hear;
};

/* The reference store, or plain SQL. */
struct work {
    struct store *store;
    struct plain *plain;
    const struct workload *workload;
};

static int open_work(struct work *work, const char *path, struct err *err)
{
    const struct workload *workload = work->workload;
    if (workload->store)
        return store_open(&work->store, path, strcmp(workload->sync, "full") == 0, "walk", err);
    return plain_open(&work->plain, path, workload->journal, workload->sync,
                      workload->checkpoint_pages, err);
}

static int record(const struct work *work, int batch, const struct store_agent agents[],
                  struct err *err)
{
    return work->store ? store_record_batch(work->store, batch, agents, AGENTS, err)
                       : plain_record(work->plain, batch, agents, AGENTS, err);
}

static int finish(const struct work *work, int batch, const struct store_agent agents[],
                  struct err *err)
{
    const struct store_verdict verdict = {
        .verdict = "agreed", .answer = "yes", .votes = AGENTS, .decided_ns = 1000000LL * batch};
    return work->store ? store_record_finish(work->store, batch, &verdict, agents, AGENTS, err)
                       : plain_finish(work->plain, batch, &verdict, agents, AGENTS, err);
}

/* It checkpoints as soon as the walk's does. */
static int tidy(const struct work *work, struct err *err)
{
    if (!work->store || work->store->wal_pages < work->workload->checkpoint_pages)
        return 0;
    work->store->wal_pages = 1 << 30;
    return store_tidy(work->store, err);
}

static int one_step(const struct work *work, int step, struct err *err)
{
    static const unsigned char output[OUTPUT_BYTES] = {1};
    struct store_agent agents[AGENTS];
    char ids[AGENTS][SCRATCH_ID_BYTES];
    int batch = step / 2 + 1;
    scratch_agents(agents, ids, batch, AGENTS);
    if (step % 2 == 0)
        return record(work, batch, agents, err);
    for (int i = 0; i < AGENTS; i++) {
        agents[i].state = "completed";
        agents[i].completed_ns = 1000000LL * batch + 40 + i;
        agents[i].output = output;
        agents[i].output_bytes = (size_t)(step * 700 + i) % OUTPUT_BYTES;
    }
    return finish(work, batch, agents, err) < 0 ? -1 : tidy(work, err);
}

static void write_until_killed(const struct workload *workload, const char *path, int ask, int hear)
{
    struct work work = {.workload = workload};
    struct err err = {0};
    char token = 0;
    int rc = open_work(&work, path, &err);
    for (int step = 0; rc == 0 && write(hear, &token, 1) == 1 && read(ask, &token, 1) == 1; step++)
        rc = one_step(&work, step, &err);
    _exit(1);
}

static struct writer start(const struct workload *workload, const char *path)
{
    int ask[2], hear[2];
    struct writer writer = {0};
    assert_int_equal(pipe2(ask, O_CLOEXEC), 0);
    assert_int_equal(pipe2(hear, O_CLOEXEC), 0);
    writer.pid = fork();
    assert_true(writer.pid >= 0);
    if (writer.pid == 0) {
        close(ask[1]);
        close(hear[0]);
        write_until_killed(workload, path, ask[0], hear[1]);
    }
    close(ask[0]);
    close(hear[1]);
    writer.ask = ask[1];
    writer.hear = hear[0];
    return writer;
}

/* One transaction has been acknowledged; the first one is the schema. */
static bool is_acknowledged(const struct writer *writer)
{
    char token;
    return read(writer->hear, &token, 1) == 1;
}

static void ask_for_one(const struct writer *writer)
{
    assert_int_equal(write(writer->ask, "", 1), 1);
}

/* ---- what is there afterwards ---- */

static size_t number(sqlite3 *database, const char *sql)
{
    char said[SCRATCH_WHY_BYTES];
    return scratch_says(database, sql, said) == 1 ? (size_t)strtoull(said, NULL, 10) : SIZE_MAX;
}

/* So many transactions from the first on are there, whole; -1: it is no such state. */
static int transactions_of(sqlite3 *database)
{
    size_t recorded, finished;
    if (number(database, "SELECT count(*) FROM sqlite_schema") == 0)
        return 0;
    recorded = number(database, "SELECT count(*) FROM agent_executions");
    finished = number(database, "SELECT count(*) FROM agent_executions WHERE state = 'completed'");
    if (recorded % AGENTS || finished % AGENTS || recorded - finished > AGENTS ||
        number(database, "SELECT ifnull(max(batch), 0) FROM agent_executions") !=
            recorded / AGENTS ||
        number(database, "SELECT count(*) FROM agent_outputs") != finished ||
        number(database, "SELECT count(*) FROM consensus_runs") != finished / AGENTS ||
        number(database, "SELECT count(*) FROM agent_executions WHERE state = 'completed' AND"
                         " batch > (SELECT max(batch) FROM consensus_runs)") > 0)
        return -1;
    return 1 + (int)(recorded / AGENTS + finished / AGENTS);
}

/* What all cuts of one configuration came to. */
struct tally {
    int cuts, losing, worst, broken;
};

static void look(struct tally *tally, const char *path, int acknowledged)
{
    char why[SCRATCH_WHY_BYTES];
    sqlite3 *database = NULL;
    int there = -1;
    if (sqlite3_open(path, &database) == SQLITE_OK && scratch_is_sound(database, why))
        there = transactions_of(database);
    sqlite3_close(database);
    scratch_remove(path);
    tally->cuts++;
    tally->broken += there < 0;
    if (there < 0 || there >= acknowledged)
        return;
    tally->losing++;
    if (acknowledged - there > tally->worst)
        tally->worst = acknowledged - there;
}

/* While it waits, or in the middle of a transaction that it was asked for. */
static void one_cut(struct tally *tally, const struct workload *workload, int number_of_cut,
                    uint64_t *random)
{
    char *name = text_format("work-%d.sqlite", number_of_cut), *path, *command;
    struct writer writer;
    int acknowledged = 0, steps = 1 + (int)(states_random(random) % MOST_STEPS);
    path = xstrdup(mounted_path(name));
    writer = start(workload, path);
    for (int i = 0; i < steps && is_acknowledged(&writer); i++) {
        acknowledged++;
        if (i + 1 < steps)
            ask_for_one(&writer);
    }
    assert_int_equal(acknowledged, steps);
    if (number_of_cut % 2) {
        ask_for_one(&writer);
        clock_sleep_until(clock_now_ns() + (int64_t)(states_random(random) % 500000));
    }
    command = text_format("cut %s %llu", number_of_cut % 4 < 2 ? "nothing" : "part",
                          (unsigned long long)states_random(random));
    kill(writer.pid, SIGKILL);
    assert_memory_equal(mounted_ask(command), "cut ", 4);
    waitpid(writer.pid, NULL, 0);
    acknowledged += number_of_cut % 2 && is_acknowledged(&writer);
    close(writer.ask);
    close(writer.hear);
    assert_string_equal(mounted_ask("power"), "power");
    look(tally, path, acknowledged);
    free(command);
    free(path);
    free(name);
}

/* Until it breaks; what must not is tried so often. */
static enum word cuts_say(const struct configuration *configuration)
{
    uint64_t random = SEED;
    struct tally tally = {0};
    int most = configuration->expected == BREAKS ? MOST_CUTS : CUTS;
    mounted_begin("strict");
    for (int i = 0; i < most && tally.broken == 0; i++)
        one_cut(&tally, find_workload(configuration->name), i, &random);
    assert_int_equal(mounted_end(NULL), 0);
    print_message("%-14s %3d cuts: %2d losing, at most %d transactions; %d broken\n",
                  configuration->told, tally.cuts, tally.losing, tally.worst, tally.broken);
    return tally.broken ? BREAKS : tally.losing ? LOSES : SOUND;
}

static void both_say_the_same_of_each_configuration(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof configurations / sizeof configurations[0]; i++) {
        const struct configuration *each = &configurations[i];
        int kept = scratch_hush();
        enum word walked = walk_says(find_workload(each->name)), cut = cuts_say(each);
        scratch_speak(kept);
        print_message("%-14s walk: %-8s power cuts: %s\n", each->told, words[walked], words[cut]);
        assert_string_equal(words[walked], words[each->expected]);
        assert_string_equal(words[cut], words[each->expected]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(both_say_the_same_of_each_configuration, mounted_end),
    };
    if (!mounted_can())
        return MOUNTED_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
