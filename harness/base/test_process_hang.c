/* Is there a child that can keep us waiting for ever?
 *
 * The test is its own child: started with a word, it plays that role instead of testing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

#define LONG_NS (60 * CLOCK_NS_PER_S)

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

static char state_of(pid_t pid)
{
    char stat[512];
    const char *after = process_read(stat, sizeof stat, pid, "stat") ? strrchr(stat, ')') : NULL;
    return after ? after[2] : '?';
}

static void whatever_it_does_it_is_ended(void **state)
{
    static const struct {
        const char *role;
        int64_t grace_ns;
        int signal;
    } cases[] = {{"hopper", LONG_NS, SIGTERM}, /* reached, though it left its group */
                 {"stubborn hopper", CLOCK_NS_PER_MS, SIGKILL},
                 {"stopper", CLOCK_NS_PER_MS, SIGKILL},
                 {"deaf", CLOCK_NS_PER_MS, SIGKILL}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct process process = start(cases[i].role);
        struct process_exit ended;
        char ready;
        assert_int_equal(read(process.out, &ready, 1), 1);
        while (strcmp(cases[i].role, "stopper") == 0 && state_of(process.pid) != 'T')
            clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
        process_end(&process, cases[i].grace_ns, &ended);
        assert_int_equal(process.pid, 0);
        assert_int_equal(ended.signal, cases[i].signal);
        assert_int_equal(ended.survived, 0);
    }
}

/* Not waited for is who still holds its stdout. */
static void who_has_ended_is_heard_to_its_end(void **state)
{
    struct process process = start("leaver");
    struct process_exit ended;
    struct text said = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(process_hear(&process, &said, SIZE_MAX, &ended, &err), 0);
    assert_int_equal(process.pid, 0);
    assert_int_equal(ended.status, 7);
    assert_int_equal(said.length, 100000);
    text_release(&said);
    process_reap_adopted(NULL, 0);
}

static void who_prints_too_much_is_ended(void **state)
{
    struct process process = start("leaver");
    struct text said = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(process_hear(&process, &said, 1000, NULL, &err), -1);
    assert_int_equal(process.pid, 0);
    assert_string_equal(err.text, "it prints more than 1000 bytes");
    text_release(&said);
    process_reap_adopted(NULL, 0);
}

static void a_child_does_not_ignore_what_we_ignore(void **state)
{
    struct process process;
    char *answer;
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    process = start("ignored");
    signal(SIGCHLD, SIG_DFL);
    answer = process_finish(&process, NULL); /* its status is lost if it was quick */
    assert_string_equal(answer, "SIGCHLD 0");
    free(answer);
}

/* ---- the roles ---- */

static int hang(void)
{
    if (write(STDOUT_FILENO, "r", 1) != 1)
        return 1;
    for (;;)
        pause();
}

/* Into the group of a child of its own, which ends; the group stays as long as it does. */
static int role_hopper(void)
{
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    setpgid(child, child);
    setpgid(0, child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return getpgrp() == child ? hang() : 1;
}

static int role_stubborn_hopper(void)
{
    signal(SIGTERM, SIG_IGN);
    return role_hopper();
}

static int role_stopper(void)
{
    if (write(STDOUT_FILENO, "r", 1) == 1)
        raise(SIGSTOP);
    return 0;
}

static int role_deaf(void)
{
    signal(SIGTERM, SIG_IGN);
    close(STDIN_FILENO);
    return hang();
}

static int role_leaver(void)
{
    if (fork() == 0)
        for (;;)
            pause();
    for (int i = 0; i < 100; i++)
        printf("%01000d", 0);
    fflush(stdout);
    return 7;
}

static int role_ignored(void)
{
    struct sigaction now;
    sigaction(SIGCHLD, NULL, &now);
    printf("SIGCHLD %d", now.sa_handler == SIG_IGN);
    return 0;
}

static int play(const char *role)
{
    static const struct {
        const char *name;
        int (*play)(void);
    } roles[] = {{"hopper", role_hopper},   {"stubborn hopper", role_stubborn_hopper},
                 {"stopper", role_stopper}, {"deaf", role_deaf},
                 {"leaver", role_leaver},   {"ignored", role_ignored}};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(role, roles[i].name) == 0)
            return roles[i].play();
    return 99;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_it_does_it_is_ended),
        cmocka_unit_test(who_has_ended_is_heard_to_its_end),
        cmocka_unit_test(who_prints_too_much_is_ended),
        cmocka_unit_test(a_child_does_not_ignore_what_we_ignore),
    };
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    if (argc > 1)
        return play(argv[1]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
