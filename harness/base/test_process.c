/* Is a child started whole or not at all, waited for with a deadline, and never left behind?
 *
 * The test is its own child: started with a word, it plays that role instead of testing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

#define LONG_NS (60 * CLOCK_NS_PER_S) /* how long a test waits before it calls a child lost */

static char self[4096];

static struct process start(const char *role)
{
    const char *const argv[] = {self, role, NULL};
    struct process process;
    struct err err = {0};
    if (process_start(&process, argv, NULL, NULL, -1, &err) < 0)
        fail_msg("%s", err.text);
    return process;
}

/* what it prints until it closes its stdout */
static char *hear(const struct process *process)
{
    struct text text = {0};
    char block[4096];
    ssize_t got;
    while ((got = read(process->out, block, sizeof block)) > 0)
        text_add_bytes(&text, block, (size_t)got);
    return text_take(&text);
}

static struct process_exit end_of(struct process *process)
{
    struct process_exit ended;
    assert_int_equal(process_wait(process, clock_now_ns() + LONG_NS, &ended), 1);
    assert_int_equal(process->pid, 0);
    assert_int_equal(process->in, -1);
    assert_int_equal(process->out, -1);
    assert_int_equal(process->pidfd, -1);
    return ended;
}

static void a_child_reads_and_answers(void **state)
{
    struct process process = start("echo");
    struct process_exit ended;
    char *answer;
    (void)state;
    assert_int_equal(write(process.in, "hello", 5), 5);
    close(process.in);
    process.in = -1;
    answer = hear(&process);
    assert_string_equal(answer, "hello");
    free(answer);
    ended = end_of(&process);
    assert_int_equal(ended.status, 3);
    assert_int_equal(ended.signal, 0);
    assert_true(ended.usage.ru_maxrss > 0);
}

static void a_program_that_cannot_start_is_no_exit_127(void **state)
{
    static const char *const missing[] = {"/nonexistent/program", NULL};
    static const char *const unfound[] = {"no-such-program-in-path", NULL};
    static const char *const folder[] = {"/", NULL};
    static const char *const good[] = {"/bin/true", NULL};
    static const struct {
        const char *const *argv;
        const char *directory;
        int os_error;
        const char *message;
    } cases[] = {
        {missing, NULL, ENOENT, "cannot start '/nonexistent/program': No such file or directory"},
        {unfound, NULL, ENOENT,
         "cannot start 'no-such-program-in-path': No such file or directory"},
        {folder, NULL, EACCES, "cannot start '/': Permission denied"},
        {good, "/nonexistent", ENOENT,
         "cannot start '/bin/true' in directory '/nonexistent': No such file or directory"}};
    struct process process = start("exit127");
    int before = process_count_descriptors(getpid());
    (void)state;
    assert_int_equal(end_of(&process).status, 127);
    before -= 3; /* in, out, pidfd */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        assert_int_equal(process_start(&process, cases[i].argv, NULL, cases[i].directory, -1, &err),
                         -1);
        assert_string_equal(err.text, cases[i].message);
        assert_int_equal(err.code, ERR_UNFIT);
        assert_int_equal(err.os_error, cases[i].os_error);
        assert_int_equal(process.pid, 0);
        assert_int_equal(process_start(&process, cases[i].argv, NULL, cases[i].directory, -1, NULL),
                         -1);
    }
    assert_int_equal(process_count_descriptors(getpid()), before);
    assert_int_equal(process_children(getpid(), NULL, 0), 0);
}

static void a_child_inherits_nothing_it_was_not_given(void **state)
{
    int open_here = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct process other = start("echo");
    struct process process = start("describe");
    char *answer = hear(&process);
    (void)state;
    /* 0, 1, 2 and the one that reads /proc; no signal blocked; the leader of its own group */
    assert_string_equal(answer, "descriptors 4, blocked 0000000000000000, leader 1");
    free(answer);
    end_of(&process);
    process_end(&other, LONG_NS, NULL);
    close(open_here);
}

static void environment_directory_and_stderr_are_given(void **state)
{
    const char *const argv[] = {self, "where", NULL};
    char *environment[] = {(char[]){"COLOUR=blue"}, NULL};
    char heard[64] = "";
    struct process process;
    char *answer;
    int log[2];
    (void)state;
    assert_int_equal(pipe2(log, O_CLOEXEC), 0);
    assert_int_equal(process_start(&process, argv, environment, "/usr", log[1], NULL), 0);
    close(log[1]);
    answer = hear(&process);
    assert_string_equal(answer, "blue in /usr");
    free(answer);
    assert_int_equal(end_of(&process).status, 0);
    assert_int_equal(read(log[0], heard, sizeof heard - 1), 3);
    assert_string_equal(heard, "log");
    close(log[0]);
}

static void stderr_may_be_our_stdout(void **state)
{
    const char *const argv[] = {self, "where", NULL};
    struct process process;
    char heard[64] = "";
    char *answer;
    int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10), log[2];
    (void)state;
    assert_int_equal(pipe2(log, O_CLOEXEC), 0);
    dup2(log[1], STDOUT_FILENO);
    close(log[1]);
    assert_int_equal(process_start(&process, argv, NULL, "/usr", STDOUT_FILENO, NULL), 0);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    answer = hear(&process);
    assert_non_null(strstr(answer, " in /usr"));
    assert_null(strstr(answer, "log"));
    free(answer);
    end_of(&process);
    assert_int_equal(read(log[0], heard, sizeof heard - 1), 3);
    assert_string_equal(heard, "log");
    close(log[0]);
}

/* started by something that closed 0: the pipes must not come to lie there */
static void our_stdin_may_be_closed(void **state)
{
    int kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
    struct process process;
    char *answer;
    (void)state;
    close(STDIN_FILENO);
    process = start("echo");
    if (kept >= 0) {
        dup2(kept, STDIN_FILENO);
        close(kept);
    }
    assert_int_equal(write(process.in, "still", 5), 5);
    close(process.in);
    process.in = -1;
    answer = hear(&process);
    assert_string_equal(answer, "still");
    free(answer);
    end_of(&process);
}

static void a_deadline_ends_the_wait_and_not_the_child(void **state)
{
    struct process process = start("hang");
    struct process_exit ended = {.status = 77};
    (void)state;
    assert_int_equal(process_wait(&process, clock_now_ns() - 1, &ended), 0);
    assert_int_equal(process_wait(&process, clock_now_ns() + CLOCK_NS_PER_MS, &ended), 0);
    assert_int_equal(ended.status, 77);
    assert_int_equal(kill(process.pid, 0), 0); /* still there, still ours */
    kill(process.pid, SIGUSR1);
    assert_int_equal(process_wait(&process, INT64_MAX, &ended), 1);
    assert_int_equal(ended.status, -1);
    assert_int_equal(ended.signal, SIGUSR1);
}

static void who_ignores_sigterm_is_killed(void **state)
{
    static const struct {
        const char *role;
        int64_t grace_ns;
        int signal;
    } cases[] = {{"hang", LONG_NS, SIGTERM}, {"stubborn", CLOCK_NS_PER_MS, SIGKILL}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct process process = start(cases[i].role);
        struct process_exit ended;
        char ready;
        assert_int_equal(read(process.out, &ready, 1), 1);
        process_end(&process, cases[i].grace_ns, &ended);
        assert_int_equal(ended.signal, cases[i].signal);
        process_end(&process, 0, &ended); /* nothing left to end */
    }
}

static void its_children_end_with_its_group(void **state)
{
    struct process process = start("parent");
    struct process_view child;
    char ready;
    (void)state;
    assert_int_equal(read(process.out, &ready, 1), 1);
    assert_int_equal(process_children(process.pid, &child, 1), 1);
    process_end(&process, LONG_NS, NULL);
    for (int64_t until = clock_now_ns() + LONG_NS; kill(child.pid, 0) == 0;) {
        assert_true(clock_now_ns() < until);
        /* it came to us as subreaper: a zombie until it is reaped */
        process_reap_adopted(NULL, 0);
    }
    assert_int_equal(errno, ESRCH);
}

static void a_child_that_somebody_else_reaped_is_gone(void **state)
{
    struct process process = start("exit127");
    struct process_exit ended;
    (void)state;
    assert_int_equal(waitpid(process.pid, NULL, 0), process.pid);
    ended = end_of(&process);
    assert_int_equal(ended.status, -1);
    assert_int_equal(ended.signal, 0);
}

static void zombies_are_seen_and_adopted_orphans_reaped(void **state)
{
    struct process known = start("hang"), zombie = start("exit127"), orphan;
    struct process_view children[4] = {0};
    pid_t ours[1];
    siginfo_t info;
    char ready;
    (void)state;
    assert_int_equal(waitid(P_PID, (id_t)zombie.pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(process_children(getpid(), children, 4), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(children[i].parent, getpid());
        assert_int_equal(children[i].state == 'Z', children[i].pid == zombie.pid);
    }
    assert_int_equal(process_children(getpid(), children, 1), 2); /* more than room */
    assert_int_equal(end_of(&zombie).status, 127);

    orphan = start("parent"); /* leaves one child behind, which comes to us */
    assert_int_equal(read(orphan.out, &ready, 1), 1);
    kill(orphan.pid, SIGKILL);
    end_of(&orphan);
    ours[0] = known.pid;
    assert_int_equal(process_reap_adopted(ours, 1), 1);
    assert_int_equal(kill(known.pid, 0), 0);
    assert_int_equal(process_reap_adopted(ours, 1), 0);
    assert_int_equal(process_children(getpid(), children, 4), 1);
    process_end(&known, LONG_NS, NULL);
}

static void no_descriptor_is_left_open(void **state)
{
    int before = process_count_descriptors(getpid());
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct process process = start(i % 2 ? "echo" : "hang");
        process_end(&process, LONG_NS, NULL);
    }
    assert_int_equal(process_count_descriptors(getpid()), before);
    assert_int_equal(process_count_descriptors(-1), -1);
}

static void the_parents_death_is_the_childs(void **state)
{
    struct process process = start("guardian");
    char line[32] = "";
    pid_t child;
    (void)state;
    assert_true(read(process.out, line, sizeof line - 1) > 0);
    child = (pid_t)strtol(line, NULL, 10);
    assert_true(child > 0);
    kill(process.pid, SIGKILL);
    end_of(&process);
    assert_int_equal(waitpid(child, NULL, 0), child); /* it came to us, dead or dying */
}

static void a_neighbour_is_found_by_name(void **state)
{
    char *path = process_find_beside_self(strrchr(self, '/') + 1);
    (void)state;
    assert_string_equal(path, self);
    free(path);
    assert_null(process_find_beside_self("no-such-neighbour"));
}

/* ---- the roles ---- */

static int role_echo(void)
{
    char block[64];
    ssize_t got;
    while ((got = read(STDIN_FILENO, block, sizeof block)) > 0)
        if (write(STDOUT_FILENO, block, (size_t)got) != got)
            return 1;
    return 3;
}

static int role_exit127(void)
{
    return 127;
}

static int role_describe(void)
{
    static const char key[] = "SigBlk:\t";
    char *status = NULL, *blocked;
    size_t length;
    if (text_read_file(&status, &length, "/proc/self/status", 65536, NULL) < 0)
        return 1;
    blocked = strstr(status, key);
    printf("descriptors %d, blocked %.16s, leader %d", process_count_descriptors(getpid()),
           blocked ? blocked + strlen(key) : "?", getpgrp() == getpid());
    free(status);
    return 0;
}

static int role_where(void)
{
    char here[4096];
    const char *colour = getenv("COLOUR");
    printf("%s in %s", colour ? colour : "?", getcwd(here, sizeof here) ? here : "?");
    return write(STDERR_FILENO, "log", 3) != 3;
}

static int role_hang(void)
{
    if (write(STDOUT_FILENO, "r", 1) != 1)
        return 1;
    for (;;)
        pause();
}

static int role_stubborn(void)
{
    signal(SIGTERM, SIG_IGN);
    return role_hang();
}

static int role_parent(void)
{
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    return role_hang();
}

static int role_guardian(void)
{
    struct process process = start("hang");
    dprintf(STDOUT_FILENO, "%d\n", (int)process.pid);
    return role_hang();
}

static int play(const char *role)
{
    static const struct {
        const char *name;
        int (*play)(void);
    } roles[] = {{"echo", role_echo},         {"exit127", role_exit127},  {"hang", role_hang},
                 {"describe", role_describe}, {"where", role_where},      {"parent", role_parent},
                 {"stubborn", role_stubborn}, {"guardian", role_guardian}};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(role, roles[i].name) == 0)
            return roles[i].play();
    return 99;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_reads_and_answers),
        cmocka_unit_test(a_program_that_cannot_start_is_no_exit_127),
        cmocka_unit_test(a_child_inherits_nothing_it_was_not_given),
        cmocka_unit_test(environment_directory_and_stderr_are_given),
        cmocka_unit_test(stderr_may_be_our_stdout),
        cmocka_unit_test(our_stdin_may_be_closed),
        cmocka_unit_test(a_deadline_ends_the_wait_and_not_the_child),
        cmocka_unit_test(who_ignores_sigterm_is_killed),
        cmocka_unit_test(its_children_end_with_its_group),
        cmocka_unit_test(a_child_that_somebody_else_reaped_is_gone),
        cmocka_unit_test(zombies_are_seen_and_adopted_orphans_reaped),
        cmocka_unit_test(no_descriptor_is_left_open),
        cmocka_unit_test(the_parents_death_is_the_childs),
        cmocka_unit_test(a_neighbour_is_found_by_name),
    };
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    if (argc > 1)
        return play(argv[1]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    close_range(STDERR_FILENO + 1, ~0U, 0); /* what whoever runs the tests left open */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
