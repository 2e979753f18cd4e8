/* Does each writer get its turn, alone and in fair order, whoever is killed meanwhile? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/writers.h"

#define WRITERS 8
#define TURNS   200
#define LONG_NS (60 * CLOCK_NS_PER_S)

/* What the processes of a test see together. */
struct board {
    volatile int64_t total;             /* changed without an atomic: the turn protects it */
    volatile int turns[WRITERS];        /* so far */
    volatile int least_when_first_done; /* turns of the slowest when the fastest was done */
    volatile int64_t waited[WRITERS];
    volatile int go;
};

static char *folder, *path;
static struct board *board;

static int forget(const char *name, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(name);
}

static int make_folder(void **state)
{
    const char *parent = getenv("TMPDIR");
    (void)state;
    folder = text_format("%s/spawnref-test-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(folder));
    path = text_format("%s/store.sqlite", folder);
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(board != MAP_FAILED);
    board->least_when_first_done = -1;
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    nftw(folder, forget, 8, FTW_DEPTH | FTW_PHYS);
    munmap(board, sizeof *board);
    free(folder);
    free(path);
    return 0;
}

static struct writers *open_writers(int64_t patience_ns)
{
    struct writers *writers = NULL;
    struct err err = {0};
    if (writers_open(&writers, path, patience_ns, &err) < 0)
        fail_msg("%s", err.text);
    return writers;
}

/* A child that a failed test cannot leave behind. */
static pid_t fork_bound(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

static void nap(int64_t ns)
{
    clock_sleep_until(clock_now_ns() + ns);
}

static void until_told(volatile int *flag, int value)
{
    int64_t until_ns = clock_now_ns() + LONG_NS; /* a test that hangs shall fail */
    while (*flag != value) {
        if (clock_now_ns() > until_ns)
            fail_msg("waited for %d, saw %d", value, *flag);
        nap(CLOCK_NS_PER_MS / 10);
    }
}

/* ---- turns ---- */

/* Under the lock: read, dawdle, write. Two at a time would lose counts. */
static void take_turn(int writer)
{
    int64_t seen = board->total;
    nap(50000);
    board->total = seen + 1;
    board->turns[writer]++;
    if (board->turns[writer] == TURNS && board->least_when_first_done < 0) {
        int least = TURNS;
        for (int i = 0; i < WRITERS; i++)
            least = board->turns[i] < least ? board->turns[i] : least;
        board->least_when_first_done = least;
    }
}

static void write_on(int writer)
{
    struct writers *writers = open_writers(LONG_NS);
    until_told(&board->go, 1);
    for (int i = 0; i < TURNS; i++) {
        if (writers_lock(writers, NULL) < 0)
            _exit(1);
        take_turn(writer);
        writers_unlock(writers);
    }
    board->waited[writer] = writers_waits(writers)->waited;
    _exit(writers_waits(writers)->turns == TURNS ? 0 : 2);
}

static void everyone_gets_the_turn_alone_and_equally_often(void **state)
{
    pid_t pids[WRITERS];
    int64_t waited = 0;
    (void)state;
    for (int i = 0; i < WRITERS; i++) {
        pids[i] = fork_bound();
        if (pids[i] == 0)
            write_on(i);
    }
    board->go = 1;
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
        waited += board->waited[i];
    }
    assert_int_equal(board->total, WRITERS * TURNS);
    assert_true(waited > WRITERS * TURNS / 2); /* they were in each other's way */
    if (board->least_when_first_done < TURNS / 2)
        fail_msg("one had %d turns when another was done with %d", board->least_when_first_done,
                 TURNS);
}

/* A process that holds the turn, or waits for it, until it is killed. */
static pid_t holder(void)
{
    pid_t pid = fork_bound();
    if (pid == 0) {
        struct writers *writers = open_writers(LONG_NS);
        board->go++;
        if (writers_lock(writers, NULL) == 0)
            board->go = 100;
        for (;;)
            pause();
    }
    return pid;
}

static void put_down(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void the_dead_neither_hold_nor_wait(void **state)
{
    struct writers *writers = open_writers(LONG_NS);
    pid_t holding = holder(), waiting;
    (void)state;
    until_told(&board->go, 100);
    waiting = holder();
    until_told(&board->go, 101);
    nap(20 * CLOCK_NS_PER_MS); /* in the queue by now; if not, the test is easier */
    put_down(waiting);
    put_down(holding);
    assert_int_equal(writers_lock(writers, NULL), 0);
    writers_unlock(writers);
    writers_close(writers);
}

static void nobody_waits_for_ever(void **state)
{
    struct writers *writers = open_writers(20 * CLOCK_NS_PER_MS);
    struct err err = {0};
    pid_t holding = holder();
    (void)state;
    until_told(&board->go, 100);
    kill(holding, SIGSTOP);
    assert_int_equal(writers_lock(writers, &err), -1);
    assert_non_null(strstr(err.text, "another spawner has been writing for more than 20 ms"));
    assert_int_equal(writers_waits(writers)->turns, 0);
    assert_int_equal(writers_waits(writers)->waited, 1);
    assert_true(writers_waits(writers)->longest_ns >= 20 * CLOCK_NS_PER_MS);
    writers_unlock(writers); /* nothing */
    put_down(holding);
    assert_int_equal(writers_lock(writers, &err), 0); /* and it does not stand in its own way */
    writers_close(writers);
}

static void a_free_turn_costs_no_waiting(void **state)
{
    struct writers *writers = open_writers(LONG_NS);
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(writers_lock(writers, NULL), 0);
        writers_unlock(writers);
    }
    assert_int_equal(writers_waits(writers)->turns, 10);
    assert_int_equal(writers_waits(writers)->waited, 0);
    assert_int_equal(writers_waits(writers)->waited_ns, 0);
    writers_close(writers);
}

static void a_place_without_a_folder_is_told(void **state)
{
    struct writers *writers = NULL;
    struct err err = {0};
    char *nowhere = text_format("%s/no/such/x", folder);
    (void)state;
    assert_int_equal(writers_open(&writers, nowhere, LONG_NS, &err), -1);
    assert_null(writers);
    assert_non_null(strstr(err.text, "/no/such/x-writers': No such file or directory"));
    free(nowhere);
}

/* ---- runs ---- */

static pid_t claimer(const char *run)
{
    pid_t pid = fork_bound();
    if (pid == 0) {
        struct writers *writers = open_writers(LONG_NS);
        board->go = writers_claim(writers, run, NULL) + 1000;
        for (;;)
            pause();
    }
    return pid;
}

static void a_run_lives_while_one_of_its_spawners_does(void **state)
{
    struct writers *writers = open_writers(LONG_NS);
    pid_t first = claimer("r"), second;
    (void)state;
    until_told(&board->go, 1001); /* alone */
    assert_true(writers_alive(writers, "r"));
    assert_false(writers_alive(writers, "s"));
    assert_int_equal(writers_claim(writers, "s", NULL), 1);
    second = claimer("r");
    until_told(&board->go, 1000); /* not alone */
    put_down(first);
    assert_true(writers_alive(writers, "r"));
    put_down(second);
    assert_false(writers_alive(writers, "r"));
    assert_int_equal(writers_claim(writers, "r", NULL), 1);
    writers_close(writers);
}

/* A child that was started keeps nothing of it: the lock file is closed by its exec. */
static void programs_that_are_started_hold_nothing(void **state)
{
    struct writers *writers = open_writers(LONG_NS), *other = open_writers(LONG_NS);
    int ready[2];
    char byte;
    pid_t pid;
    (void)state;
    assert_int_equal(writers_claim(writers, "r", NULL), 1);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork_bound();
    if (pid == 0) {
        execlp("sleep", "sleep", "600", (char *)NULL);
        assert_int_equal(write(ready[1], "", 1), 1); /* not started: told by a byte */
        _exit(127);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 0); /* closed by its exec */
    assert_true(writers_alive(other, "r"));
    writers_close(writers);
    assert_false(writers_alive(other, "r"));
    writers_close(other);
    put_down(pid);
    close(ready[0]);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(everyone_gets_the_turn_alone_and_equally_often),
        TEST(the_dead_neither_hold_nor_wait),
        TEST(nobody_waits_for_ever),
        TEST(a_free_turn_costs_no_waiting),
        TEST(a_place_without_a_folder_is_told),
        TEST(a_run_lives_while_one_of_its_spawners_does),
        TEST(programs_that_are_started_hold_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
