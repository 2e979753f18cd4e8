/* Are the locks of real processes seen, for as long as they were held, and told by agent?
 *
 * A child holds a lock several times and tells how long it did: at least from when it had it until
 * it gave it back, at most from when it asked until it was given back. What was sampled may differ
 * from that at each end of a hold by one and a half of the longest gap between two looks, as a look
 * may see its locks only just before the next one begins, and by what no look covers. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "cycle/cycle.h"
#include "cycle/test_lock_holder.h"

#define TRIES 10 /* on a busy machine looks may lie too far apart to tell anything */

struct fixture {
    char folder[64];
    char *database;
    struct locks *locks;
};

static int make(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    struct err err;
    *state = fixture;
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(fixture->folder))
        return -1;
    fixture->database = text_format("%s/shared.sqlite", fixture->folder);
    if (locks_new(&fixture->locks, &err) == 0)
        return 0;
    print_message("%s\n", err.text); /* no /proc/locks here */
    exit(77);
}

static int unmake(void **state)
{
    struct fixture *fixture = *state;
    struct process_view left;
    locks_free(fixture->locks);
    text_remove_tree(fixture->folder);
    free(fixture->database);
    free(fixture);
    return process_children(getpid(), &left, 1) ? -1 : 0;
}

/* ---- a cycle of two agents, of which the first is to be the child ---- */

static struct scenario_agent asked[] = {{.name = (char *)"first"}, {.name = (char *)"second"}};

static struct cycle cycle_of(struct cycle_agent agents[2], pid_t first)
{
    struct cycle cycle = {.agents = agents, .agent_count = 2, .sent_ns = clock_now_ns()};
    for (int i = 0; i < 2; i++) {
        agents[i] = (struct cycle_agent){.asked = &asked[i], .outcome = CYCLE_READY};
        snprintf(agents[i].id, sizeof agents[i].id, "1.%d", i);
    }
    agents[0].pid = first;
    return cycle;
}

#define DELETE "PRAGMA journal_mode = delete; CREATE TABLE IF NOT EXISTS t (a)"
#define WAL    "PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS t (a)"

static const struct way ways[] = {
    {"SHARED", DELETE, "BEGIN; SELECT count(*) FROM t", "COMMIT", .kind = LOCKS_READ},
    {"RESERVED", DELETE, "BEGIN IMMEDIATE", "ROLLBACK", .kind = LOCKS_WRITE},
    {"EXCLUSIVE", DELETE, "BEGIN EXCLUSIVE", "ROLLBACK", .kind = LOCKS_EXCLUSIVE},
    {"RESERVED without a pid", DELETE, .ofd = true, .kind = LOCKS_WRITE},
    {"read", WAL, "BEGIN; SELECT count(*) FROM t", "COMMIT", .kind = LOCKS_READ},
    {"write", WAL, "BEGIN IMMEDIATE", "ROLLBACK", .kind = LOCKS_WRITE},
    {"checkpoint", WAL, .shm_byte = 121, .kind = LOCKS_CHECKPOINT},
    {"recover", WAL, .shm_byte = 122, .kind = LOCKS_RECOVER},
};

/* What was seen while the child held its lock. slack_ns: what no look covers. */
static struct locks_seen *watch(struct fixture *fixture, const struct way *way, struct truth *truth,
                                int64_t *slack_ns, enum cycle_outcome second)
{
    char *paths[] = {fixture->database};
    struct cycle_agent agents[2];
    struct cycle cycle;
    struct locks_seen *seen;
    struct child child;
    char index[16];
    snprintf(index, sizeof index, "%d", (int)(way - ways));
    child = start_ready("holder", fixture->database, index);
    locks_watch(fixture->locks, getppid(), NULL, paths, paths, 1);
    cycle = cycle_of(agents, child.pid);
    agents[1].outcome = second;
    locks_begin(fixture->locks, LOCKS_START);
    *truth = let_it_hold(&child);
    locks_pause(fixture->locks);
    cycle.answered_ns = clock_now_ns();
    seen = locks_tell(fixture->locks, &cycle);
    *slack_ns = cycle.answered_ns - cycle.sent_ns - (seen->count ? seen->items[0].span_ns : 0);
    return seen;
}

/* The same until a look has met the lock, which on a busy machine none may. */
static struct locks_seen *watch_until_seen(struct fixture *fixture, const struct way *way,
                                           enum cycle_outcome second)
{
    struct truth truth;
    int64_t slack_ns;
    struct locks_seen *seen = watch(fixture, way, &truth, &slack_ns, second);
    for (int i = 0; i < TRIES && !seen->items[0].hold_count; i++) {
        locks_seen_free(seen);
        seen = watch(fixture, way, &truth, &slack_ns, second);
    }
    return seen;
}

static bool is_close(const struct locks_told *told, const struct way *way,
                     const struct truth *truth, int64_t slack_ns)
{
    int64_t off_ns = 3 * ROUNDS * told->gap_ns + slack_ns, held_ns = told->held_ns[way->kind];
    if (off_ns > truth->least_ns / 3)
        return false; /* too far apart: says nothing */
    if (held_ns < truth->least_ns - off_ns || held_ns > truth->most_ns + off_ns)
        fail_msg("%s: %lld ns were sampled, %lld to %lld are true, the longest gap is %lld",
                 way->name, (long long)held_ns, (long long)truth->least_ns,
                 (long long)truth->most_ns, (long long)told->gap_ns);
    return true;
}

static void check_way(struct fixture *fixture, const struct way *way)
{
    bool close = false;
    run_in_child(fixture->database, way->journal);
    for (int i = 0; i < TRIES && !close; i++) {
        struct truth truth;
        int64_t slack_ns;
        struct locks_seen *seen = watch(fixture, way, &truth, &slack_ns, CYCLE_READY);
        assert_int_equal(seen->count, 1);
        assert_string_equal(seen->items[0].name, fixture->database);
        assert_int_not_equal(seen->items[0].match, LOCKS_UNSEEN);
        assert_int_equal(seen->lost, 0);
        close = is_close(&seen->items[0], way, &truth, slack_ns);
        locks_seen_free(seen);
    }
    if (!close)
        print_message("%s: this machine is too busy to compare\n", way->name);
}

static void each_kind_is_seen_for_as_long_as_it_was_held(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        check_way(fixture, &ways[i]);
}

static struct locks_seen *watch_writer(struct fixture *fixture)
{
    char *paths[] = {fixture->database};
    struct cycle_agent agents[2];
    struct cycle cycle = cycle_of(agents, 1);
    struct child writer;
    locks_watch(fixture->locks, getppid(), NULL, paths, paths, 1);
    locks_begin(fixture->locks, LOCKS_START);
    writer = start_role("writer", fixture->database, "");
    end_role(&writer);
    locks_pause(fixture->locks);
    return locks_tell(fixture->locks, &cycle);
}

static void a_writer_that_waits_for_readers_is_seen(void **state)
{
    struct fixture *fixture = *state;
    struct locks_seen *seen;
    struct child reader;
    run_in_child(fixture->database, DELETE);
    reader = start_reader(fixture->database);
    seen = watch_writer(fixture);
    for (int i = 0; i < TRIES && !seen->items[0].held_ns[LOCKS_PENDING]; i++) {
        locks_seen_free(seen);
        seen = watch_writer(fixture);
    }
    assert_int_equal(seen->count, 1);
    assert_true(seen->items[0].held_ns[LOCKS_PENDING] > 0);
    assert_int_equal(seen->items[0].held_ns[LOCKS_EXCLUSIVE], 0);
    assert_true(seen->items[0].held_ns[LOCKS_READ] > 0);
    assert_true(seen->items[0].held_ns[LOCKS_WRITE] >= seen->items[0].held_ns[LOCKS_PENDING]);
    locks_seen_free(seen);
    end_reader(&reader);
}

static void the_holder_is_told_by_its_agent_and_so_is_who_failed(void **state)
{
    struct fixture *fixture = *state;
    struct locks_seen *seen;
    const struct locks_told *told;
    run_in_child(fixture->database, WAL);
    seen = watch_until_seen(fixture, &ways[5], CYCLE_FAILED);
    told = &seen->items[0];
    assert_true(told->hold_count > 0);
    assert_int_equal(told->holds[0].kind, LOCKS_WRITE);
    assert_int_equal(told->holds[0].who, LOCKS_AGENT);
    assert_string_equal(told->holds[0].agent, "1.0");
    assert_string_equal(told->holds[0].name, "first");
    assert_true(told->holds[0].most_ns > told->holds[0].seen_ns);
    assert_int_equal(told->wait_count, 1);
    assert_string_equal(told->waits[0].agent, "1.1");
    assert_int_equal(told->waits[0].fate, LOCKS_FAILED);
    assert_string_equal(told->waits[0].by.agent, "1.0");
    assert_true(told->waits[0].held_ns > 0 && told->waits[0].held_ns <= told->waits[0].span_ns);
    locks_seen_free(seen);
}

/* A wrapper that told its own pid, say. */
static void a_process_below_an_agent_is_told_as_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct cycle_agent agents[2];
    struct cycle cycle = cycle_of(agents, getpid()); /* above the child, and an agent here */
    struct locks_seen *seen;
    pid_t holder;
    run_in_child(fixture->database, DELETE);
    locks_seen_free(watch_until_seen(fixture, &ways[1], CYCLE_READY));
    seen = locks_tell(fixture->locks, &cycle);
    assert_true(seen->items[0].hold_count > 0);
    holder = seen->items[0].holds[0].pid;
    assert_int_equal(seen->items[0].holds[0].who, LOCKS_AGENT);
    assert_string_equal(seen->items[0].holds[0].name, "first");
    assert_int_not_equal(holder, getpid());
    locks_seen_free(seen);
    agents[0].pid = 0;
    seen = locks_tell(fixture->locks, &cycle);
    assert_int_equal(seen->items[0].holds[0].who, LOCKS_BELOW); /* the "subject" is above us */
    assert_int_equal(seen->items[0].holds[0].pid, holder);
    locks_seen_free(seen);
}

static void a_lock_without_a_pid_is_nobodys(void **state)
{
    struct fixture *fixture = *state;
    struct locks_seen *seen;
    run_in_child(fixture->database, DELETE);
    seen = watch_until_seen(fixture, &ways[3], CYCLE_READY);
    assert_true(seen->items[0].hold_count > 0);
    assert_int_equal(seen->items[0].holds[0].who, LOCKS_NO_PID);
    assert_int_equal(seen->items[0].holds[0].pid, 0);
    assert_string_equal(seen->items[0].holds[0].agent, "");
    locks_seen_free(seen);
}

static void no_lock_is_no_hold(void **state)
{
    struct fixture *fixture = *state;
    char *missing = text_format("%s/missing.sqlite", fixture->folder);
    char *paths[] = {fixture->database, missing};
    struct cycle_agent agents[2];
    struct cycle cycle = cycle_of(agents, 1);
    struct locks_seen *seen;
    agents[1].outcome = CYCLE_FAILED;
    run_in_child(fixture->database, WAL);
    locks_watch(fixture->locks, getppid(), NULL, paths, paths, 2);
    locks_begin(fixture->locks, LOCKS_START);
    clock_sleep_until(clock_now_ns() + HOLD_NS);
    locks_pause(fixture->locks);
    cycle.answered_ns = clock_now_ns();
    seen = locks_tell(fixture->locks, &cycle);
    for (size_t i = 0; i < seen->count; i++) {
        assert_int_equal(seen->items[i].hold_count, 0);
        assert_int_equal(seen->items[i].wait_count, 0);
        for (int kind = 0; kind < LOCKS_KINDS; kind++)
            assert_int_equal(seen->items[i].held_ns[kind], 0);
    }
    locks_seen_free(seen);
    free(missing);
}

/* As the kernel tells another process: SQLite's own memory would be that of its parent. */
static bool is_reserved(const char *path)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000001, .l_len = 1};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    return fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK;
}

/* Our own lock stays: nothing that is done here opens and closes the database or its -shm. */
static void looking_drops_no_lock_of_this_process(void **state)
{
    struct fixture *fixture = *state;
    char *paths[] = {fixture->database};
    sqlite3 *database;
    int status = -1;
    pid_t other;
    run_in_child(fixture->database, DELETE);
    database = open_database(fixture->database);
    execute(database, "BEGIN IMMEDIATE");
    locks_watch(fixture->locks, getppid(), NULL, paths, paths, 1);
    locks_begin(fixture->locks, LOCKS_START);
    clock_sleep_until(clock_now_ns() + HOLD_NS);
    locks_pause(fixture->locks);
    other = fork();
    if (other == 0)
        _exit(is_reserved(fixture->database) ? 0 : 1);
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    sqlite3_close(database);
}

static int count_entries(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void nothing_is_left_of_it(void **state)
{
    struct fixture *fixture = *state;
    char *paths[] = {fixture->database};
    int threads = count_entries("/proc/self/task"), files = count_entries(fixture->folder);
    int descriptors = count_entries("/proc/self/fd");
    struct locks *locks;
    struct err err;
    assert_int_equal(locks_new(&locks, &err), 0);
    locks_watch(locks, getppid(), NULL, paths, paths, 1);
    locks_begin(locks, LOCKS_START);
    locks_free(locks); /* while it looks */
    assert_int_equal(count_entries("/proc/self/task"), threads);
    assert_int_equal(count_entries("/proc/self/fd"), descriptors);
    assert_int_equal(count_entries(fixture->folder), files);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_is_seen_for_as_long_as_it_was_held, make, unmake),
        cmocka_unit_test_setup_teardown(a_writer_that_waits_for_readers_is_seen, make, unmake),
        cmocka_unit_test_setup_teardown(the_holder_is_told_by_its_agent_and_so_is_who_failed, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_process_below_an_agent_is_told_as_its_own, make, unmake),
        cmocka_unit_test_setup_teardown(a_lock_without_a_pid_is_nobodys, make, unmake),
        cmocka_unit_test_setup_teardown(no_lock_is_no_hold, make, unmake),
        cmocka_unit_test_setup_teardown(looking_drops_no_lock_of_this_process, make, unmake),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_it, make, unmake),
    };
    if (argc == 4)
        lock_role(argv, ways);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
