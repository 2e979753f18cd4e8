/* What does the bare act of starting a batch cost, by each primitive the kernel offers? */
#include "study/micro/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define READY_FD    3 /* where each agent finds its ready pipe */
#define GIVEN       (READY_FD + 1)
#define RING        8 /* stacks for clone(CLONE_VM), reused when the kernel says so */
#define STACK_BYTES ((size_t)16 * 1024)
#define DEADLINE_NS (30 * CLOCK_NS_PER_S)
#define GRACE_NS    (2 * CLOCK_NS_PER_S)

/* Runs on borrowed memory, in clone(CLONE_VM) on a stack no sanitizer knows: leave it alone. */
#define CHILD_CODE __attribute__((no_sanitize("address", "undefined", "thread")))

/* One agent. Before exec the child reads it from our memory. */
struct started {
    struct launch *launch;
    char **environment; /* of its own: SPAWNBENCH_AGENT differs */
    pid_t pid;          /* 0: none */
    /* by the descriptor that it is in the agent: it reads 0, writes the others; the first three
     * only with own_pipes; -1 when closed */
    int pipes[GIVEN][2];
    /* what it gets as 0, 1, 2, READY_FD; closed in us,
     * but never changed while a child may still read the numbers */
    int given[GIVEN];
    volatile int error; /* errno of a failed exec, where the primitive shares memory */
};

struct launch {
    struct launch_options options;
    struct started *agents;
    struct pollfd *watch;
    sigset_t mask; /* ours; the child restores it before exec */
    int null_fd;
    int keep[2];      /* the stdin pipe all agents share without own_pipes */
    char *stacks;     /* RING * STACK_BYTES */
    atomic_int *busy; /* RING words; the kernel clears one when its child left our memory */
};

const char *launch_way_name(enum launch_way way)
{
    static const char *const names[] = {"vfork", "posix_spawn", "clone_vm", "fork"};
    return names[way];
}

/* ---- the child, until exec: no allocation, no stdio ---- */

CHILD_CODE static void become(struct started *agent)
{
    const struct launch *launch = agent->launch;
    /* dup2 onto itself would leave it close-on-exec */
    if (agent->given[READY_FD] == READY_FD)
        fcntl(READY_FD, F_SETFD, 0);
    for (int fd = 0; fd < GIVEN; fd++)
        if (dup2(agent->given[fd], fd) < 0) {
            agent->error = errno;
            _exit(127);
        }
    sigprocmask(SIG_SETMASK, &launch->mask, NULL);
    /* not execve(), which gcc --coverage replaces by a function that locks a mutex in our memory
     * and never unlocks it */
    syscall(SYS_execve, launch->options.program, launch->options.argv, agent->environment);
    agent->error = errno;
    _exit(127);
}

CHILD_CODE static int become_cloned(void *agent)
{
    become(agent);
    return 127;
}

/* ---- the primitives: each sets agent->pid, or answers the errno ---- */

static int start_vfork(struct started *agent)
{
    pid_t pid = vfork();
    if (pid == 0)
        become(agent);
    agent->pid = pid > 0 ? pid : 0;
    return pid < 0 ? errno : agent->error;
}

static int start_fork(struct started *agent)
{
    pid_t pid = fork();
    if (pid == 0)
        become(agent);
    agent->pid = pid > 0 ? pid : 0;
    return pid < 0 ? errno : 0;
}

static int start_posix_spawn(struct started *agent)
{
    struct launch *launch = agent->launch;
    posix_spawn_file_actions_t actions;
    int error;
    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < GIVEN; fd++)
        posix_spawn_file_actions_adddup2(&actions, agent->given[fd], fd);
    error = posix_spawn(&agent->pid, launch->options.program, &actions, NULL,
                        (char *const *)(uintptr_t)launch->options.argv, agent->environment);
    if (error)
        agent->pid = 0;
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void wait_for_stack(struct launch *launch, size_t slot)
{
    int tid;
    while ((tid = atomic_load(&launch->busy[slot])) != 0)
        syscall(SYS_futex, &launch->busy[slot], FUTEX_WAIT, tid, NULL, NULL, 0);
}

/* The child runs beside us on our memory until its exec; its stack is free again when the kernel
 * clears the busy word (CLONE_CHILD_CLEARTID), which it does as the child takes on memory of its
 * own. */
static int start_clone_vm(struct started *agent)
{
    struct launch *launch = agent->launch;
    size_t slot = (size_t)(agent - launch->agents) % RING;
    char *top = launch->stacks + (slot + 1) * STACK_BYTES;
    int pid;
    wait_for_stack(launch, slot);
    atomic_store(&launch->busy[slot], 1);
    pid = clone(become_cloned, top, CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, agent, NULL, NULL,
                &launch->busy[slot]);
    if (pid < 0)
        atomic_store(&launch->busy[slot], 0);
    agent->pid = pid > 0 ? pid : 0;
    return pid < 0 ? errno : 0;
}

/* ---- one batch ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int make_pipes(struct started *agent)
{
    const struct launch *launch = agent->launch;
    for (int fd = 0; fd < GIVEN; fd++) {
        if (fd < READY_FD && !launch->options.own_pipes)
            agent->given[fd] = fd == 0 ? launch->keep[0] : launch->null_fd;
        else if (pipe2(agent->pipes[fd], O_CLOEXEC) != 0)
            return errno;
        else
            agent->given[fd] = agent->pipes[fd][fd != 0];
    }
    return 0;
}

static int start_all(struct launch *launch, struct err *err)
{
    static int (*const start[LAUNCH_WAYS])(struct started *) = {start_vfork, start_posix_spawn,
                                                                start_clone_vm, start_fork};
    for (size_t i = 0; i < launch->options.agents; i++) {
        struct started *agent = &launch->agents[i];
        int error = make_pipes(agent);
        if (!error)
            error = start[launch->options.way](agent);
        if (error)
            return err_set(err, ERR_UNFIT, "cannot start '%s': %s", launch->options.program,
                           strerror(error));
        for (int fd = 0; fd < GIVEN; fd++)
            close_fd(&agent->pipes[fd][fd != 0]);
    }
    return 0;
}

static int wait_ready(struct launch *launch, struct err *err)
{
    size_t left = launch->options.agents;
    int64_t deadline_ns = clock_now_ns() + DEADLINE_NS;
    for (size_t i = 0; i < launch->options.agents; i++)
        launch->watch[i] = (struct pollfd){launch->agents[i].pipes[READY_FD][0], POLLIN, 0};
    while (left > 0) {
        int64_t left_ns = deadline_ns - clock_now_ns();
        int woken = left_ns > 0 ? poll(launch->watch, launch->options.agents,
                                       (int)(left_ns / CLOCK_NS_PER_MS) + 1)
                                : 0;
        if (woken == 0)
            return err_set(err, ERR_SYSTEM, "%zu agents were not ready within 30 s", left);
        for (size_t i = 0; i < launch->options.agents && woken > 0; i++) {
            char byte;
            if (!launch->watch[i].revents)
                continue;
            if (read(launch->watch[i].fd, &byte, 1) != 1)
                return err_set(err, ERR_UNFIT, "'%s' ended before it was ready%s%s",
                               launch->options.program, launch->agents[i].error ? ": " : "",
                               launch->agents[i].error ? strerror(launch->agents[i].error) : "");
            launch->watch[i].fd = -1; /* poll passes over it */
            left--;
            woken--;
        }
    }
    return 0;
}

/* End of stdin tells the agents to go; one that does not is killed. */
static void reap(struct started *agent, int64_t deadline_ns)
{
    while (agent->pid) {
        pid_t got = waitpid(agent->pid, NULL, WNOHANG);
        if (got == agent->pid || (got < 0 && errno == ECHILD)) {
            agent->pid = 0;
        } else if (clock_now_ns() >= deadline_ns) {
            kill(agent->pid, SIGKILL);
            deadline_ns = INT64_MAX;
        } else {
            clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS / 5);
        }
    }
}

static void end_all(struct launch *launch, int64_t grace_ns)
{
    int64_t deadline_ns;
    close_fd(&launch->keep[0]);
    close_fd(&launch->keep[1]);
    for (size_t i = 0; i < launch->options.agents; i++)
        for (int fd = 0; fd < GIVEN; fd++) {
            close_fd(&launch->agents[i].pipes[fd][0]);
            close_fd(&launch->agents[i].pipes[fd][1]);
        }
    for (size_t slot = 0; slot < RING; slot++)
        wait_for_stack(launch, slot);
    deadline_ns = clock_now_ns() + grace_ns;
    for (size_t i = 0; i < launch->options.agents; i++) {
        reap(&launch->agents[i], deadline_ns);
        launch->agents[i].error = 0;
    }
}

int launch_measure(struct launch *launch, int64_t *spent_ns, struct err *err)
{
    sigset_t all;
    int64_t begin_ns;
    int rc;
    if (!launch->options.own_pipes && pipe2(launch->keep, O_CLOEXEC) != 0)
        return err_system(err, "cannot make a pipe");
    /* No handler of ours may run in a child that still shares our memory. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &launch->mask);
    begin_ns = clock_now_ns();
    rc = start_all(launch, err);
    if (rc == 0)
        rc = wait_ready(launch, err);
    *spent_ns = clock_now_ns() - begin_ns;
    sigprocmask(SIG_SETMASK, &launch->mask, NULL);
    end_all(launch, rc == 0 ? GRACE_NS : 0);
    return rc;
}

/* ---- its life ---- */

/* Ours, and behind it what the agent should know. */
static char **make_environment(const struct launch_options *options, size_t ordinal)
{
    size_t count = 0;
    char **out;
    while (environ[count])
        count++;
    out = xcalloc(count + 4, sizeof out[0]);
    memcpy(out, environ, count * sizeof out[0]);
    out[count++] = text_format("READY_FD=%d", READY_FD);
    if (options->witness) {
        out[count++] = text_format("SPAWNBENCH_WITNESS=%s", options->witness);
        out[count++] = text_format("SPAWNBENCH_AGENT=0.%zu", ordinal);
    }
    return out;
}

static void free_environment(char **environment, bool witness)
{
    size_t count = 0;
    while (environment[count])
        count++;
    for (size_t own = witness ? 3 : 1; own > 0; own--)
        free(environment[count - own]);
    free(environment);
}

int launch_new(struct launch **out, const struct launch_options *options, struct err *err)
{
    struct launch *launch = xcalloc(1, sizeof *launch);
    launch->options = *options;
    launch->keep[0] = launch->keep[1] = -1;
    launch->watch = xcalloc(options->agents, sizeof launch->watch[0]);
    launch->busy = xcalloc(RING, sizeof launch->busy[0]);
    launch->agents = xcalloc(options->agents, sizeof launch->agents[0]);
    for (size_t i = 0; i < options->agents; i++)
        launch->agents[i] = (struct started){.launch = launch,
                                             .environment = make_environment(options, i),
                                             .pipes = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}}};
    launch->stacks = mmap(NULL, RING * STACK_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    launch->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (launch->stacks == MAP_FAILED || launch->null_fd < 0) {
        err_system(err, "cannot prepare a batch of %zu agents", options->agents);
        launch_free(launch);
        return -1;
    }
    *out = launch;
    return 0;
}

void launch_free(struct launch *launch)
{
    if (!launch)
        return;
    for (size_t i = 0; i < launch->options.agents; i++)
        free_environment(launch->agents[i].environment, launch->options.witness != NULL);
    if (launch->stacks != MAP_FAILED)
        munmap(launch->stacks, RING * STACK_BYTES);
    close_fd(&launch->null_fd);
    free(launch->agents);
    free(launch->watch);
    free(launch->busy);
    free(launch);
}
