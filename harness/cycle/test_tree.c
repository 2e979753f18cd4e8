/* Does a subject's tree hold all that it starts, count it, and leave nothing of it? In each way
 * that this machine allows. */
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
#include "cycle/strangers.h"

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

static void start_daemon(void)
{
    pid_t between = fork();
    if (between == 0) {
        setsid();
        if (fork() != 0)
            _exit(0);
        tell(getpid());
        stay();
    }
    waitpid(between, NULL, 0);
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

struct fixture {
    struct cycle_arm arm;
};

static void begin(struct fixture *fixture)
{
    const char *argv[] = {"/proc/self/exe", "subject", NULL};
    struct process *process = &fixture->arm.subject.process;
    struct tree *tree = &fixture->arm.tree;
    tree_make(tree);
    assert_int_equal(process_start_in(process, argv, NULL, -1, tree->join, tree->join_count, NULL),
                     0);
    tree_started(tree, process->pid);
}

static void ask(const struct fixture *fixture, const char *what, pid_t out[], size_t count)
{
    const struct process *process = &fixture->arm.subject.process;
    assert_int_equal(write(process->in, what, 1), 1);
    for (size_t i = 0; i < count; i++) {
        char line[9] = "";
        assert_int_equal(read(process->out, line, 8), 8);
        out[i] = (pid_t)strtol(line, NULL, 10);
    }
}

static void end(struct fixture *fixture)
{
    tree_end(&fixture->arm.tree);
    process_end(&fixture->arm.subject.process, CLOCK_NS_PER_S, NULL);
    while (waitpid(-1, NULL, 0) > 0) /* what came to us: all of it was ended */
        continue;
}

static bool is_running(pid_t pid)
{
    struct process_view view;
    return process_look(&view, pid) && view.state != 'Z';
}

static bool is_within(struct fixture *fixture, pid_t pid)
{
    struct tree_sight sight;
    bool within = false;
    tree_look(&sight, &fixture->arm.tree);
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
    struct fixture fixture = {0};
    pid_t pids[4];
    if (!is_to_be_had(state))
        return;
    begin(&fixture);
    ask(&fixture, "g", pids, 3);
    ask(&fixture, "d", &pids[3], 1);
    for (size_t i = 0; i < 3; i++)
        assert_true(is_within(&fixture, pids[i]) && tree_holds(&fixture.arm, pids[i]));
    assert_int_equal(is_within(&fixture, pids[3]), fixture.arm.tree.leaf != NULL);
    assert_true(tree_holds(&fixture.arm, pids[3])); /* it can be of no other */
    assert_true(tree_holds(&fixture.arm, fixture.arm.subject.process.pid));
    assert_false(tree_holds(&fixture.arm, getpid()) || is_within(&fixture, getpid()));
    assert_false(tree_holds(&fixture.arm, 1) || is_within(&fixture, 1));
    assert_false(tree_holds(&fixture.arm, 0) || tree_holds(&fixture.arm, -1));
    kill(pids[3], SIGKILL);
    end(&fixture);
}

static void nothing_of_a_tree_is_left_however_deep(void **state)
{
    struct fixture fixture = {0};
    char *leaf;
    pid_t pids[3];
    if (!is_to_be_had(state))
        return;
    begin(&fixture);
    ask(&fixture, "g", pids, 3);
    leaf = fixture.arm.tree.leaf ? xstrdup(fixture.arm.tree.leaf) : NULL;
    assert_true(leaf ? access(leaf, F_OK) == 0 : tree_kind() == TREE_DESCENT);
    tree_end(&fixture.arm.tree);
    for (size_t i = 0; i < 3; i++)
        assert_false(is_running(pids[i]));
    assert_false(leaf && access(leaf, F_OK) == 0);
    free(leaf);
    end(&fixture);
}

static void a_helper_may_be_started_anew_and_nothing_else(void **state)
{
    struct fixture fixture = {0};
    struct tree_sight sight;
    bool helper[1 << 15];
    pid_t pids[3];
    if (!is_to_be_had(state))
        return;
    begin(&fixture);
    ask(&fixture, "h", &pids[0], 1);
    tree_look(&sight, &fixture.arm.tree);
    tree_settle(&fixture.arm.tree, &sight);
    tree_blind(&sight);
    ask(&fixture, "k", &pids[1], 1); /* in the place of the first */
    ask(&fixture, "h", &pids[2], 1); /* one more */
    tree_look(&sight, &fixture.arm.tree);
    assert_true(sight.count < sizeof helper / sizeof helper[0]);
    tree_helpers(helper, &fixture.arm.tree, &sight);
    for (size_t i = 0; i < sight.count; i++) {
        pid_t pid = sight.all[i].pid;
        if (sight.within[i] && pid != fixture.arm.subject.process.pid) {
            assert_true(pid == pids[1] || pid == pids[2]);
            assert_int_equal(helper[i], pid == (pids[1] < pids[2] ? pids[1] : pids[2]));
        } else {
            assert_false(helper[i]);
        }
    }
    tree_blind(&sight);
    end(&fixture);
}

/* What has ended and was waited for by others counts as well. */
static void a_tree_is_counted_whole(void **state)
{
    struct fixture fixture = {0};
    pid_t ended;
    int64_t from_bytes;
    if (!is_to_be_had(state))
        return;
    begin(&fixture);
    ask(&fixture, "c", &ended, 1);
    if (tree_cpu_ns(&fixture.arm.tree) < 0)
        printf("CPU time of a tree: not counted here\n");
    else
        assert_true(tree_cpu_ns(&fixture.arm.tree) >= 60 * CLOCK_NS_PER_MS);
    from_bytes = tree_memory_reset(&fixture.arm.tree);
    assert_int_equal(from_bytes >= 0, tree_has_peaks());
    ask(&fixture, "m", &ended, 1);
    if (from_bytes < 0)
        assert_true(tree_memory_peak(&fixture.arm.tree) < 0);
    else
        assert_true(tree_memory_peak(&fixture.arm.tree) - from_bytes >= MAPPED);
    end(&fixture);
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
    assert_int_equal(pipe(told), 0);
    other = fork();
    if (other == 0) {
        struct fixture fixture = {0};
        begin(&fixture);
        ask(&fixture, "d", &held, 1);
        if (write(told[1], &held, sizeof held) < 0 ||
            write(told[1], fixture.arm.tree.leaf, strlen(fixture.arm.tree.leaf)) < 0)
            _exit(70);
        stay();
    }
    assert_int_equal(read(told[0], &held, sizeof held), sizeof held);
    assert_true(read(told[0], path, sizeof path - 1) > 0);
    close(told[0]);
    close(told[1]);
    allow(state);
    tree_kind();
    assert_true(access(path, F_OK) == 0 && is_running(held));
    kill(other, SIGKILL);
    waitpid(other, &status, 0);
    assert_true(is_running(held));
    allow(state);
    tree_kind();
    assert_false(access(path, F_OK) == 0 || is_running(held));
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

/* ---- whose are orphans, without a cgroup? ---- */

struct pair {
    struct scenario scenario;
    struct cycle_subjects run;
    struct fixture fixtures[2];
    struct cycle_arm arms[2];
};

static void open_arm(struct pair *pair, size_t which, const char *before, pid_t *told)
{
    struct fixture *fixture = &pair->fixtures[which];
    fixture->arm.begun_ns = clock_now_ns();
    begin(fixture);
    if (before)
        ask(fixture, before, told, 1);
    pair->arms[which] = fixture->arm;
    hygiene_open(&pair->arms[which]);
}

static void begin_pair(struct pair *pair)
{
    pair->scenario = (struct scenario){.arm_count = 2, .value_count = 1};
    pair->run.options.scenario = &pair->scenario;
    pair->run.arms = pair->arms;
    hygiene_enter(&pair->run);
}

static void end_pair(struct pair *pair, int orphans_of_first, int orphans_of_second)
{
    for (size_t i = 0; i < 2; i++) {
        struct cycle_arm_end end = {.clean = true};
        int64_t since_ns = clock_now_ns();
        process_end(&pair->arms[i].subject.process, CLOCK_NS_PER_S, NULL); /* and its group */
        hygiene_end(&pair->arms[i], &end, since_ns);
        assert_int_equal(end.orphans, i == 0 ? orphans_of_first : orphans_of_second);
    }
    hygiene_leave(&pair->run);
}

static struct cycle look_after(struct pair *pair, size_t which)
{
    struct cycle cycle = {.sent_ns = clock_now_ns()};
    hygiene_look(&pair->run, &pair->arms[which], &cycle);
    return cycle;
}

static void a_daemon_is_a_helper_of_the_arm_that_opened_it(void **state)
{
    struct pair pair = {0};
    pid_t daemon;
    if (!is_to_be_had(state))
        return;
    begin_pair(&pair);
    open_arm(&pair, 0, NULL, NULL);
    open_arm(&pair, 1, "d", &daemon);
    for (size_t i = 0; i < 4; i++) {
        struct cycle cycle = look_after(&pair, i % 2);
        assert_true(cycle.orphans == 0 && cycle.children_left == 0);
        assert_true(is_running(daemon));
    }
    end_pair(&pair, 0, 1);
    assert_false(is_running(daemon));
}

static void what_a_batch_leaves_is_its_arms(void **state)
{
    struct pair pair = {0};
    struct cycle cycle = {0};
    pid_t left;
    if (!is_to_be_had(state))
        return;
    begin_pair(&pair);
    open_arm(&pair, 0, NULL, NULL);
    open_arm(&pair, 1, NULL, NULL);
    cycle.sent_ns = clock_now_ns();
    ask(&pair.fixtures[1], "d", &left, 1);
    hygiene_look(&pair.run, &pair.arms[1], &cycle);
    assert_int_equal(cycle.orphans, 1);
    assert_false(is_running(left)); /* its finding is made */
    cycle = look_after(&pair, 0);
    assert_true(cycle.orphans == 0 && cycle.children_left == 0);
    ask(&pair.fixtures[1], "h", &left, 1);
    assert_int_equal(look_after(&pair, 0).children_left, 0);
    assert_int_equal(look_after(&pair, 1).children_left, 1);
    assert_true(is_running(left));
    end_pair(&pair, 0, 0);
    assert_false(is_running(left));
}

/* Both have a helper, which might have started it: nobody is accused, and it does not outlive the
 * run. In a cgroup it is known whose it is. */
static void an_orphan_that_may_be_anothers_is_nobodys(void **state)
{
    struct pair pair = {0};
    pid_t ids[3];
    bool known;
    if (!is_to_be_had(state))
        return;
    begin_pair(&pair);
    open_arm(&pair, 0, "h", &ids[0]);
    open_arm(&pair, 1, "h", &ids[1]);
    ask(&pair.fixtures[1], "d", &ids[2], 1);
    known = pair.arms[1].tree.leaf != NULL;
    assert_int_equal(look_after(&pair, 0).orphans, 0);
    assert_true(is_running(ids[2]));
    assert_int_equal(look_after(&pair, 1).orphans, known);
    clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_S / 50); /* it began before it was closed */
    end_pair(&pair, 0, 0);
    for (size_t i = 0; i < 3; i++)
        assert_false(is_running(ids[i]));
}

/* As those of a shell that has become this program. */
static void children_from_before_are_left_alone(void **state)
{
    struct pair pair = {0};
    pid_t older = is_to_be_had(state) ? fork() : -1;
    if (older == 0)
        stay();
    else if (older < 0)
        return;
    begin_pair(&pair);
    open_arm(&pair, 0, NULL, NULL);
    open_arm(&pair, 1, NULL, NULL);
    assert_int_equal(look_after(&pair, 0).orphans, 0);
    end_pair(&pair, 0, 0);
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

static void the_machine_is_at_work(void **state)
{
    struct timespec from, now;
    int64_t before_ns = strangers_busy_ns();
    (void)state;
    if (before_ns < 0)
        return;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    while ((now.tv_sec - from.tv_sec) * CLOCK_NS_PER_S + now.tv_nsec - from.tv_nsec <
           100 * CLOCK_NS_PER_MS);
    assert_true(strangers_busy_ns() - before_ns >= 50 * CLOCK_NS_PER_MS); /* some sample */
    assert_true(*strangers_source());
}

#define IN_EACH_WAY(test)                                                                          \
    cmocka_unit_test_prestate_setup_teardown(test, allow, NULL, (void *)TREE_DESCENT),             \
        cmocka_unit_test_prestate_setup_teardown(test, allow, NULL, (void *)TREE_CGROUP1),         \
        cmocka_unit_test_prestate_setup_teardown(test, allow, NULL, (void *)TREE_CGROUP2)

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
        cmocka_unit_test(the_machine_is_at_work),
    };
    (void)argv;
    if (argc > 1)
        return be_subject();
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
