/* Which of two processes began first? The kernel's clock of processes has ticks of 10 ms, in which
 * a batch is started ten times over. The inode number of a pidfd tells it exactly where the kernel
 * gives them out in turn; whether it does is tried, not assumed: one counter per CPU would rise on
 * each of them, and fall from one to the other. */
#include "cycle/birth.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"

#define MOST_CPUS_TRIED 8
#define ROUNDS          2

static uint64_t order_of(pid_t pid)
{
    struct stat about;
    uint64_t order = 0;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return 0;
    if (fstat(fd, &about) == 0)
        order = about.st_ino;
    close(fd);
    return order;
}

/* The child looks at itself, as it may be reaped before we could: SIGCHLD may be ignored. It runs
 * in our memory, so signals stay blocked: a handler of ours must not run in it. */
static uint64_t order_of_a_child(void)
{
    static volatile uint64_t order; /* written by the child */
    sigset_t all, before;
    pid_t pid;
    order = 0;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): the parent only waits */
    if (pid == 0) {
        order = order_of((pid_t)syscall(SYS_getpid)); /* NOLINT(clang-analyzer-unix.Vfork) */
        _exit(0);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return order;
}

/* A and B in turn: where each CPU has numbers of its own, one of the two steps goes down. */
static bool try_order(void)
{
    cpu_set_t before, one;
    uint64_t last = 0;
    bool rises = true;
    if (sched_getaffinity(0, sizeof before, &before) != 0)
        return false;
    for (int round = 0; round < ROUNDS; round++) {
        for (int cpu = 0, tried = 0; cpu < CPU_SETSIZE && tried < MOST_CPUS_TRIED; cpu++) {
            uint64_t order;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            /* also those that were taken from us: a subject may take them back */
            if (sched_setaffinity(0, sizeof one, &one) != 0)
                continue;
            tried++;
            order = order_of_a_child();
            rises = rises && order > last;
            last = order;
        }
    }
    sched_setaffinity(0, sizeof before, &before);
    return rises && last > 0;
}

bool birth_has_order(void)
{
    static int known = -1;
    if (known < 0)
        known = try_order();
    return known;
}

uint64_t birth_order(pid_t pid)
{
    return birth_has_order() ? order_of(pid) : 0;
}

static int64_t ticks_of(pid_t pid)
{
    char text[1024];
    const char *at;
    if (!process_read(text, sizeof text, pid, "stat") || !(at = strrchr(text, ')')))
        return 0;
    for (int field = 2; field < 22 && at; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoll(at, NULL, 10) : 0;
}

void birth_now(struct birth *out)
{
    int64_t now_ns = clock_read_ns(CLOCK_BOOTTIME);
    int64_t tick_ns = CLOCK_NS_PER_S / sysconf(_SC_CLK_TCK);
    *out = (struct birth){.ticks = now_ns > 0 ? now_ns / tick_ns : 0};
    if (birth_has_order())
        out->order = order_of_a_child();
}

bool birth_of(struct birth *out, pid_t pid)
{
    *out = (struct birth){.order = birth_order(pid), .ticks = ticks_of(pid)};
    return out->ticks > 0;
}

int birth_is_before(const struct birth *birth, const struct birth *other)
{
    if (birth->order && other->order && birth->order >= other->order)
        return 0;
    if (!birth->ticks || !other->ticks)
        return -1;
    if (birth->order && other->order) /* the clock must not contradict it */
        return birth->ticks <= other->ticks ? 1 : -1;
    return birth->ticks < other->ticks;
}
