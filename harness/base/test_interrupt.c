/* Does the first signal ask, and the second end? And is a program told by nobody what to ignore?
 *
 * Each case is a child of its own: what was seen is never forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/inherited.h"
#include "base/interrupt.h"

static void settle(void)
{
    clock_sleep_until(clock_now_ns() + 100 * CLOCK_NS_PER_MS);
}

static int once(void)
{
    struct pollfd asked = {.events = POLLIN};
    interrupt_catch();
    asked.fd = interrupt_fd();
    if (poll(&asked, 1, 0) != 0 || interrupt_seen())
        return 1;
    raise(SIGTERM);
    return interrupt_seen() == SIGTERM && poll(&asked, 1, 0) == 1 ? 7 : 2;
}

static int twice(void)
{
    interrupt_catch();
    raise(SIGINT);
    settle();
    raise(SIGINT);
    return 1;
}

static int one_after_the_other(void)
{
    interrupt_catch();
    raise(SIGINT);
    settle();
    raise(SIGTERM);
    return 1;
}

/* as timeout(1) does it: one request, told to the process and to its group */
static int two_at_once(void)
{
    interrupt_catch();
    raise(SIGTERM);
    raise(SIGTERM);
    return interrupt_seen() == SIGTERM ? 7 : 1;
}

static int without_terminal(void)
{
    signal(SIGHUP, SIG_IGN);
    inherited_reset();
    interrupt_catch();
    raise(SIGHUP);
    return interrupt_seen() == 0 ? 7 : 1;
}

static int from_a_careless_parent(void)
{
    static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGPIPE, SIGUSR1};
    sigset_t set;
    struct sigaction now;
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        signal(numbers[i], SIG_IGN);
    signal(SIGTSTP, SIG_IGN);
    inherited_reset();
    sigprocmask(SIG_SETMASK, NULL, &set);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (sigaction(numbers[i], NULL, &now) != 0 || now.sa_handler != SIG_DFL ||
            sigismember(&set, numbers[i]))
            return 1;
    /* job control is its parent's business */
    return sigaction(SIGTSTP, NULL, &now) == 0 && now.sa_handler == SIG_IGN ? 7 : 2;
}

static void expect(int (*play)(void), int code)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(play());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static void the_first_signal_asks(void **state)
{
    (void)state;
    expect(once, 7);
    expect(two_at_once, 7);
}

static void the_second_ends_us_at_once(void **state)
{
    (void)state;
    expect(twice, 128 + SIGINT);
    expect(one_after_the_other, 128 + SIGTERM);
}

static void nohup_is_respected(void **state)
{
    (void)state;
    expect(without_terminal, 7);
}

static void what_a_parent_ignored_or_blocked_is_reset(void **state)
{
    (void)state;
    expect(from_a_careless_parent, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_signal_asks),
        cmocka_unit_test(the_second_ends_us_at_once),
        cmocka_unit_test(nohup_is_respected),
        cmocka_unit_test(what_a_parent_ignored_or_blocked_is_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
