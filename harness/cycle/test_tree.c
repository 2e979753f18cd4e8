/* Does a subject's tree hold all that it starts, count it, and leave nothing of it? In each way
 * that this machine allows. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"

#define MAPPED (64 << 20)

/* ---- this program run again: the subject, which tells the ids of what it starts ---- */

static void stay(void)
{
    alarm(120);
    for (;;)
        pause();
}

static void tell(pid_t pid)
{
    char line[16];
    int length = snprintf(line, sizeof line, "%7d\n", (int)pid);
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(70);
}

static void start_generations(void)
{
    if (fork() != 0)
        return;
    signal(SIGTERM, SIG_IGN);
    for (int i = 0; i < 3; i++) {
        setsid();
        tell(getpid());
        if (i < 2 && fork() != 0)
            stay();
    }
    stay();
}

/* Told when its parent is reaped: it is an orphan then, and nothing else is there. */
static void start_daemon(void)
{
    pid_t between, daemon = 0;
    int told[2];
    if (pipe(told) != 0 || (between = fork()) < 0)
        _exit(70);
    if (between == 0) {
        setsid();
        daemon = fork();
        if (daemon == 0)
            stay();
        _exit(write(told[1], &daemon, sizeof daemon) == sizeof daemon ? 0 : 70);
    }
    waitpid(between, NULL, 0);
    if (read(told[0], &daemon, sizeof daemon) != sizeof daemon)
        _exit(70);
    close(told[0]);
    close(told[1]);
    tell(daemon);
}

static pid_t start_helper(void)
{
    pid_t helper = fork();
    if (helper == 0)
        stay();
    tell(helper);
    return helper;
}

/* A child that works, or takes memory, and is waited for. */
static void use_up(bool memory)
{
    struct timespec used = {0};
    pid_t child = fork();
    if (child == 0) {
        if (memory)
            memset(xcalloc(1, MAPPED), 1, MAPPED);
        while (!memory && used.tv_sec == 0 && used.tv_nsec < 60000000)
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    tell(child);
}

static int be_subject(void)
{
    pid_t helper = 0;
    char what;
    alarm(120); /* so that who asks does not wait for ever */
    while (read(STDIN_FILENO, &what, 1) == 1) {
        if (what == 'g')
            start_generations();
        else if (what == 'd')
            start_daemon();
        else if (what == 'c' || what == 'm')
            use_up(what == 'm');
        else if (what == 'k' && kill(helper, SIGKILL) == 0)
            waitpid(helper, NULL, 0);
        if (what == 'h' || what == 'k')
            helper = start_helper();
    }
    return 0;
}

/* What a test begins. Static, so that all of it is ended also when an assertion fails. */
static struct {
    struct scenario scenario;
    struct cycle_subjects run;
    struct cycle_arm arms[2];
} pair;

static struct cycle_arm *const arm = &pair.arms[0]; /* of tests that need only one */

static void begin(struct cycle_arm *begun)
{
    const char *argv[] = {"/proc/self/exe", "subject", NULL};
    struct process *process = &begun->subject.process;
    struct tree *tree = &begun->tree;
    tree_make(tree);
    assert_int_equal(process_start_in(process, argv, NULL, -1, tree->join, tree->join_count, NULL),
                     0);
    tree_started(tree, process->pid);
}

static void ask(const struct cycle_arm *asked, const char *what, pid_t out[], size_t count)
{
    const struct process *process = &asked->subject.process;
    assert_int_equal(write(process->in, what, 1), 1);
    for (size_t i = 0; i < count; i++) {
        char line[9] = "";
        assert_int_equal(read(process->out, line, 8), 8);
        out[i] = (pid_t)strtol(line, NULL, 10);
    }
}

/* Teardown of each test: SIGKILL for all that is there and all that comes to us then. */
static int end(void **state)
{
    int64_t until_ns = clock_now_ns() + 60 * CLOCK_NS_PER_S;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        process_end(&pair.arms[i].subject.process, CLOCK_NS_PER_S, NULL);
        tree_end(&pair.arms[i].tree);
    }
    hygiene_leave(&pair.run);
    while (process_reap_adopted(NULL, 0) > 0 && clock_now_ns() < until_ns)
        continue;
    memset(&pair, 0, sizeof pair);
    return 0;
}

static bool is_running(pid_t pid)
{
    struct process_view view;
    return process_look(&view, pid) && view.state != 'Z';
}

/* What was killed is gone, if not in the same instant; what was not would stay for 120 s. */
static bool is_ended(pid_t pid)
{
    int64_t until_ns = clock_now_ns() + 60 * CLOCK_NS_PER_S;
    while (is_running(pid) && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    return !is_running(pid);
}

static bool is_within(pid_t pid)
{
    struct tree_sight sight;
    bool within = false;
    tree_look(&sight, &arm->tree);
    for (size_t i = 0; i < sight.count; i++)
        within = within || (sight.all[i].pid == pid && sight.within[i]);
    tree_blind(&sight);
    return within;
}

/* Once for each way to hold a tree, the state being the way; those that are not to be had here are
 * passed by. */
static int allow(void **state)
{
    tree_allow((enum tree_kind)(uintptr_t)*state);
    return 0;
}

static bool is_to_be_had(void **state)
{
    enum tree_kind kind = (enum tree_kind)(uintptr_t)*state;
    if (tree_kind() != kind)
        printf("%s: not to be had here\n", tree_kind_names[kind]);
    return tree_kind() == kind;
}

static void what_a_subject_starts_is_in_its_tree(void **state)
{
    pid_t pids[4];
    if (!is_to_be_had(state))
        return;
    begin(arm);
    ask(arm, "g", pids, 3);
    ask(arm, "d", &pids[3], 1);
    for (size_t i = 0; i < 3; i++)
        assert_true(is_within(pids[i]) && tree_holds(arm, pids[i]));
    assert_int_equal(is_within(pids[3]), arm->tree.leaf != NULL);
    assert_true(tree_holds(arm, pids[3])); /* it can be of no other */
    assert_true(tree_holds(arm, arm->subject.process.pid));
    assert_false(tree_holds(arm, getpid()) || is_within(getpid()));
    assert_false(tree_holds(arm, 1) || is_within(1));
    assert_false(tree_holds(arm, 0) || tree_holds(arm, -1));
    kill(pids[3], SIGKILL);
}

static void nothing_of_a_tree_is_left_however_deep(void **state)
{
    char *leaf;
    pid_t pids[3];
    if (!is_to_be_had(state))
        return;
    begin(arm);
    ask(arm, "g", pids, 3);
    leaf = arm->tree.leaf ? xstrdup(arm->tree.leaf) : NULL;
    assert_true(leaf ? access(leaf, F_OK) == 0 : tree_kind() == TREE_DESCENT);
    tree_end(&arm->tree);
    for (size_t i = 0; i < 3; i++)
        assert_true(is_ended(pids[i]));
    assert_false(leaf && access(leaf, F_OK) == 0);
    free(leaf);
}

static void a_helper_may_be_started_anew_and_nothing_else(void **state)
{
    struct tree_sight sight;
    bool helper[1 << 15];
    pid_t pids[3];
    if (!is_to_be_had(state))
        return;
    begin(arm);
    ask(arm, "h", &pids[0], 1);
    tree_look(&sight, &arm->tree);
    tree_settle(&arm->tree, &sight);
    tree_blind(&sight);
    ask(arm, "k", &pids[1], 1); /* in the place of the first */
    ask(arm, "h", &pids[2], 1); /* one more */
    tree_look(&sight, &arm->tree);
    assert_true(sight.count < sizeof helper / sizeof helper[0]);
    tree_helpers(helper, &arm->tree, &sight);
    for (size_t i = 0; i < sight.count; i++) {
        pid_t pid = sight.all[i].pid;
        if (sight.within[i] && pid != arm->subject.process.pid) {
            assert_true(pid == pids[1] || pid == pids[2]);
            assert_int_equal(helper[i], pid == (pids[1] < pids[2] ? pids[1] : pids[2]));
        } else {
            assert_false(helper[i]);
        }
    }
    tree_blind(&sight);
}

/* How far the two counts of memory may be off, see tree.h */
static int64_t memory_steps(void)
{
    return (sysconf(_SC_NPROCESSORS_CONF) + 1) * 64 * sysconf(_SC_PAGESIZE);
}

/* What has ended and was waited for by others counts as well. */
static void a_tree_is_counted_whole(void **state)
{
    pid_t ended;
    int64_t from_bytes;
    if (!is_to_be_had(state))
        return;
    begin(arm);
    ask(arm, "c", &ended, 1);
    if (tree_cpu_ns(&arm->tree) < 0)
        printf("CPU time of a tree: not counted here\n");
    else
        assert_true(tree_cpu_ns(&arm->tree) >= 60 * CLOCK_NS_PER_MS);
    from_bytes = tree_memory_reset(&arm->tree);
    assert_int_equal(from_bytes >= 0, tree_has_peaks());
    ask(arm, "m", &ended, 1);
    if (from_bytes < 0)
        assert_true(tree_memory_peak(&arm->tree) < 0);
    else
        assert_true(tree_memory_peak(&arm->tree) - from_bytes >= MAPPED - memory_steps());
}

/* The next start removes the leaf of a spawnbench that was killed, with all that is in it, and
 * leaves alone that of one that lives. */
static void leaves_of_the_dead_are_removed(void **state)
{
    char path[512] = "";
    pid_t other, held = 0;
    int told[2], status;
    if (!is_to_be_had(state) || tree_kind() == TREE_DESCENT)
        return;
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    other = fork();
    if (other == 0) {
        begin(arm);
        ask(arm, "d", &held, 1);
        if (write(told[1], &held, sizeof held) < 0 ||
            write(told[1], arm->tree.leaf, strlen(arm->tree.leaf)) < 0)
            _exit(70);
        stay();
    }
    close(told[1]); /* so that its end is the end of the pipe */
    assert_int_equal(read(told[0], &held, sizeof held), sizeof held);
    assert_true(read(told[0], path, sizeof path - 1) > 0);
    close(told[0]);
    allow(state);
    tree_kind();
    assert_true(access(path, F_OK) == 0 && is_running(held));
    kill(other, SIGKILL);
    waitpid(other, &status, 0);
    assert_true(is_running(held));
    allow(state);
    tree_kind();
    assert_true(access(path, F_OK) != 0 && is_ended(held));
}

/* ---- whose are orphans, without a cgroup? ---- */

static void open_arm(size_t which, const char *before, pid_t *told)
{
    struct cycle_arm *opened = &pair.arms[which];
    opened->begun_ns = clock_now_ns();
    begin(opened);
    if (before)
        ask(opened, before, told, 1);
    hygiene_open(opened);
}

static void begin_pair(void)
{
    pair.scenario = (struct scenario){.arm_count = 2, .value_count = 1};
    pair.run.options.scenario = &pair.scenario;
    pair.run.arms = pair.arms;
    hygiene_enter(&pair.run);
}

static void end_pair(int orphans_of_first, int orphans_of_second)
{
    for (size_t i = 0; i < 2; i++) {
        struct cycle_arm_end told = {.clean = true};
        int64_t since_ns = clock_now_ns();
        process_end(&pair.arms[i].subject.process, CLOCK_NS_PER_S, NULL); /* and its group */
        hygiene_end(&pair.arms[i], &told, since_ns);
        assert_int_equal(told.orphans, i == 0 ? orphans_of_first : orphans_of_second);
    }
    hygiene_leave(&pair.run);
}

static struct cycle look_after(size_t which)
{
    struct cycle cycle = {.sent_ns = clock_now_ns()};
    hygiene_look(&pair.run, &pair.arms[which], &cycle);
    return cycle;
}

static void a_daemon_is_a_helper_of_the_arm_that_opened_it(void **state)
{
    pid_t daemon;
    if (!is_to_be_had(state))
        return;
    begin_pair();
    open_arm(0, NULL, NULL);
    open_arm(1, "d", &daemon);
    for (size_t i = 0; i < 4; i++) {
        struct cycle cycle = look_after(i % 2);
        assert_true(cycle.orphans == 0 && cycle.children_left == 0);
        assert_true(is_running(daemon));
    }
    end_pair(0, 1);
    assert_true(is_ended(daemon));
}

static void what_a_batch_leaves_is_its_arms(void **state)
{
    struct cycle other, cycle = {.sent_ns = clock_now_ns()};
    pid_t left;
    if (!is_to_be_had(state))
        return;
    begin_pair();
    open_arm(0, NULL, NULL);
    open_arm(1, NULL, NULL);
    ask(&pair.arms[1], "d", &left, 1);
    other = cycle;
    if (pair.arms[1].tree.leaf) /* while the other is asked, too */
        hygiene_look(&pair.run, &pair.arms[0], &other);
    assert_int_equal(other.orphans, 0);
    hygiene_look(&pair.run, &pair.arms[1], &cycle);
    assert_int_equal(cycle.orphans, 1);
    assert_true(is_ended(left)); /* its finding is made */
    other = look_after(0);
    assert_true(other.orphans == 0 && other.children_left == 0);
    ask(&pair.arms[1], "h", &left, 1);
    assert_int_equal(look_after(0).children_left, 0);
    assert_int_equal(look_after(1).children_left, 1);
    assert_true(is_running(left));
    end_pair(0, 0);
    assert_true(is_ended(left));
}

/* Both have a helper, which might have started it: nobody is accused, and it does not outlive the
 * run. In a cgroup it is known whose it is. */
static void an_orphan_that_may_be_anothers_is_nobodys(void **state)
{
    pid_t ids[3];
    bool known;
    if (!is_to_be_had(state))
        return;
    begin_pair();
    open_arm(0, "h", &ids[0]);
    open_arm(1, "h", &ids[1]);
    ask(&pair.arms[1], "d", &ids[2], 1);
    known = pair.arms[1].tree.leaf != NULL;
    assert_int_equal(look_after(0).orphans, 0);
    assert_true(is_running(ids[2]));
    assert_int_equal(look_after(1).orphans, known);
    end_pair(0, 0);
    for (size_t i = 0; i < 3; i++)
        assert_true(is_ended(ids[i]));
}

/* As those of a shell that has become this program. */
static void children_from_before_are_left_alone(void **state)
{
    pid_t older = is_to_be_had(state) ? fork() : -1;
    if (older == 0)
        stay();
    else if (older < 0)
        return;
    begin_pair();
    open_arm(0, NULL, NULL);
    open_arm(1, NULL, NULL);
    assert_int_equal(look_after(0).orphans, 0);
    end_pair(0, 0);
    assert_true(is_running(older));
    kill(older, SIGKILL);
    waitpid(older, NULL, 0);
}

static void without_rights_a_tree_is_known_by_descent(void **state)
{
    int status;
    pid_t child = fork();
    (void)state;
    if (child == 0) {
        if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
            _exit(77); /* not root: the other tests are this one */
        tree_allow(TREE_CGROUP2);
        _exit(tree_kind() == TREE_DESCENT && !tree_has_peaks() ? 0 : 1);
    }
    waitpid(child, &status, 0);
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
}

#define IN_EACH_WAY(test)                                                                          \
    cmocka_unit_test_prestate_setup_teardown(test, allow, end, (void *)TREE_DESCENT),              \
        cmocka_unit_test_prestate_setup_teardown(test, allow, end, (void *)TREE_CGROUP1),          \
        cmocka_unit_test_prestate_setup_teardown(test, allow, end, (void *)TREE_CGROUP2)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        IN_EACH_WAY(what_a_subject_starts_is_in_its_tree),
        IN_EACH_WAY(nothing_of_a_tree_is_left_however_deep),
        IN_EACH_WAY(a_helper_may_be_started_anew_and_nothing_else),
        IN_EACH_WAY(a_tree_is_counted_whole),
        IN_EACH_WAY(leaves_of_the_dead_are_removed),
        IN_EACH_WAY(a_daemon_is_a_helper_of_the_arm_that_opened_it),
        IN_EACH_WAY(what_a_batch_leaves_is_its_arms),
        IN_EACH_WAY(an_orphan_that_may_be_anothers_is_nobodys),
        IN_EACH_WAY(children_from_before_are_left_alone),
        cmocka_unit_test(without_rights_a_tree_is_known_by_descent),
    };
    (void)argv;
    if (argc > 1)
        return be_subject();
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
