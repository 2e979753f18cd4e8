/* How is a program started, watched and ended without a shell, a leak or a zombie? */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"

#define MOST_STARTED 4096

/* Children that were started here and not waited for yet; 0: a free place. What finds no place is
 * only not known to be ours. */
static _Atomic pid_t started[MOST_STARTED];

static void replace_started(pid_t from, pid_t to)
{
    for (size_t i = 0; i < MOST_STARTED; i++) {
        pid_t there = from;
        if (atomic_compare_exchange_strong(&started[i], &there, to))
            return;
    }
}

bool process_is_started(pid_t pid)
{
    for (size_t i = 0; i < MOST_STARTED; i++)
        if (started[i] == pid)
            return pid != 0;
    return false;
}

#define PATIENCE_NS (5 * CLOCK_NS_PER_S) /* with one that a signal does not end; SIGKILL: state D */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* What the child needs to become the program. */
struct launch {
    const char *const *argv;
    char *const *environment;
    const char *directory;
    int stdio[3];
    const int *join; /* cgroup.procs, open for writing */
    size_t join_count;
    int refused[2]; /* CLOEXEC pipe: the child writes a struct refusal, or exec closes it */
};

enum step { STEP_EXEC, STEP_CHDIR, STEP_JOIN };

struct refusal {
    int os_error;
    enum step step;
};

static void refuse(const struct launch *launch, enum step step)
{
    struct refusal refusal = {errno, step};
    if (write(launch->refused[1], &refusal, sizeof refusal) < 0)
        _exit(126);
    _exit(127);
}

/* Handlers of ours run in our memory until exec:
 * a signal meant for the child must not reach them. */
static void forget_handlers(void)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction now;
        if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            signal(number, SIG_DFL);
    }
    signal(SIGPIPE, SIG_DFL);
    signal(SIGCHLD, SIG_DFL); /* ignored, it would reap the child's children for it */
    signal(SIGXFSZ, SIG_DFL);
}

/* Runs in the child, on the parent's memory until exec: no allocation, no stdio. */
static void become(const struct launch *launch)
{
    const int *stdio = launch->stdio;
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < launch->join_count; i++)
        if (write(launch->join[i], "0", 1) != 1)
            refuse(launch, STEP_JOIN);
    if (launch->directory && chdir(launch->directory) != 0)
        refuse(launch, STEP_CHDIR);
    /* stderr first: it may be our own 0 or 1, which the others replace */
    if ((stdio[2] >= 0 && dup2(stdio[2], 2) < 0) || dup2(stdio[0], 0) < 0 || dup2(stdio[1], 1) < 0)
        refuse(launch, STEP_EXEC);
    forget_handlers();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvpe(launch->argv[0], (char *const *)(uintptr_t)launch->argv, launch->environment);
    refuse(launch, STEP_EXEC);
}

/* Signals stay blocked until the child has its own mask: a handler of ours must not run in it. */
static pid_t vfork_launch(const struct launch *launch)
{
    sigset_t all, before;
    pid_t pid;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): the parent only waits */
    if (pid == 0)
        become(launch); /* NOLINT(clang-analyzer-unix.Vfork): async-signal-safe calls only */
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

/* Both ends above stderr, also when we were started with 0, 1 or 2 closed: dup2 onto itself would
 * leave such an end CLOEXEC, and the child without it. */
static int make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        int low = ends[i];
        if (low > STDERR_FILENO)
            continue;
        ends[i] = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        close(low);
        if (ends[i] < 0)
            return -1;
    }
    return 0;
}

/* 0 when the child became the program, else -1 with its reason */
static int hear_refusal(struct launch *launch, struct err *err)
{
    struct refusal refusal;
    ssize_t got;
    close_fd(&launch->refused[1]);
    do
        got = read(launch->refused[0], &refusal, sizeof refusal);
    while (got < 0 && errno == EINTR);
    if (got != sizeof refusal)
        return 0;
    errno = refusal.os_error;
    if (refusal.step == STEP_CHDIR)
        err_system(err, "cannot start '%s' in directory '%s'", launch->argv[0], launch->directory);
    else if (refusal.step == STEP_JOIN)
        err_system(err, "cannot start '%s' in a cgroup of its own", launch->argv[0]);
    else
        err_system(err, "cannot start '%s'", launch->argv[0]);
    if (err)
        err->code = ERR_UNFIT;
    return -1;
}

static int start(struct process *out, struct launch launch, int stderr_fd, struct err *err)
{
    const char *const *argv = launch.argv;
    int in[2] = {-1, -1}, answers[2] = {-1, -1}, rc = -1;
    launch.refused[0] = launch.refused[1] = -1;
    if (!launch.environment)
        launch.environment = environ;
    *out = (struct process){.pidfd = -1, .in = -1, .out = -1};
    if (make_pipe(in) != 0 || make_pipe(answers) != 0 || make_pipe(launch.refused) != 0) {
        err_system(err, "cannot make a pipe for '%s'", argv[0]);
        goto done;
    }
    launch.stdio[0] = in[0];
    launch.stdio[1] = answers[1];
    launch.stdio[2] = stderr_fd;
    out->pid = vfork_launch(&launch);
    if (out->pid < 0) {
        err_system(err, "cannot make a process for '%s'", argv[0]);
        goto done;
    }
    if (hear_refusal(&launch, err) < 0) {
        while (waitpid(out->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        goto done;
    }
    out->in = in[1];
    out->out = answers[0];
    in[1] = answers[0] = -1; /* handed over */
    out->pidfd = (int)syscall(SYS_pidfd_open, out->pid, 0);
    replace_started(0, out->pid);
    rc = 0;
done:
    if (rc < 0)
        out->pid = 0;
    for (int i = 0; i < 2; i++) {
        close_fd(&in[i]);
        close_fd(&answers[i]);
        close_fd(&launch.refused[i]);
    }
    return rc;
}

int process_start(struct process *out, const char *const argv[], char *const environment[],
                  const char *directory, int stderr_fd, struct err *err)
{
    const struct launch launch = {.argv = argv, .environment = environment, .directory = directory};
    return start(out, launch, stderr_fd, err);
}

int process_start_in(struct process *out, const char *const argv[], char *const environment[],
                     int stderr_fd, const int join[], size_t join_count, struct err *err)
{
    const struct launch launch = {
        .argv = argv, .environment = environment, .join = join, .join_count = join_count};
    return start(out, launch, stderr_fd, err);
}

static void forget(struct process *process)
{
    close_fd(&process->in);
    close_fd(&process->out);
    close_fd(&process->pidfd);
    replace_started(process->pid, 0);
    process->pid = 0;
}

int process_wait(struct process *process, int64_t deadline_ns, struct process_exit *ended)
{
    int status;
    struct process_exit kept = {0};
    for (;;) {
        int64_t left_ns;
        struct pollfd watch = {process->pidfd, POLLIN, 0};
        pid_t got = wait4(process->pid, &status, WNOHANG, &kept.usage);
        if (got == process->pid)
            break;
        if (got < 0 && errno == ECHILD) { /* somebody else reaped it: gone all the same */
            status = -1;
            break;
        }
        left_ns = deadline_ns - clock_now_ns();
        if (left_ns <= 0)
            return 0;
        /* without a pidfd (old kernel) look again every 5 ms */
        if (process->pidfd < 0 && left_ns > 5 * CLOCK_NS_PER_MS)
            left_ns = 5 * CLOCK_NS_PER_MS;
        if (left_ns > CLOCK_NS_PER_S) /* poll's milliseconds are an int */
            left_ns = CLOCK_NS_PER_S;
        poll(&watch, 1, (int)(left_ns / CLOCK_NS_PER_MS) + 1);
    }
    kept.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    kept.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (ended)
        *ended = kept;
    forget(process);
    return 1;
}

static bool has_ended(const struct process *process)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == process->pid;
}

/* Read what is there. 1: more may come, 0: it is the end, -1: more than most_bytes */
static int hear(struct process *process, struct text *out, size_t most_bytes)
{
    char part[16384];
    ssize_t got;
    while ((got = read(process->out, part, sizeof part)) > 0) {
        text_add_bytes(out, part, (size_t)got);
        if (out->length > most_bytes)
            return -1;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

int process_hear(struct process *process, struct text *out, size_t most_bytes,
                 struct process_exit *ended, struct err *err)
{
    struct process_exit how = {.status = -1};
    int heard = 1, rc = 0;
    fcntl(process->out, F_SETFL, O_NONBLOCK);
    while (process->pid && rc == 0) {
        struct pollfd watch[] = {{heard > 0 ? process->out : -1, POLLIN, 0},
                                 {interrupt_fd(), POLLIN, 0},
                                 {process->pidfd, POLLIN, 0}};
        bool over;
        poll(watch, 3, process->pidfd < 0 ? 5 : 1000);
        /* asked before it is read: what it wrote before its end is in the pipe then. Not the end
         * of the pipe is waited for: a child of it may hold that open for ever */
        over = has_ended(process);
        if (heard > 0)
            heard = hear(process, out, most_bytes);
        rc = interrupt_check(err);
        if (heard < 0)
            rc = err_set(err, ERR_UNFIT, "it prints more than %zu bytes", most_bytes);
        if (over && rc == 0)
            process_wait(process, INT64_MAX, &how);
    }
    process_end(process, PATIENCE_NS, &how);
    if (ended)
        *ended = how;
    return rc;
}

char *process_finish(struct process *process, struct process_exit *ended)
{
    struct text out = {0};
    process_hear(process, &out, SIZE_MAX, ended, NULL);
    return text_take(&out);
}

/* Its group, and itself where it has moved to another one: it is not reaped, so that both numbers
 * are still its own. */
static void signal_all(pid_t pid, int number)
{
    kill(-pid, number);
    if (getpgid(pid) != pid)
        kill(pid, number);
}

void process_end(struct process *process, int64_t grace_ns, struct process_exit *ended)
{
    pid_t pid = process->pid;
    if (!pid)
        return;
    signal_all(pid, SIGTERM);
    if (!process_wait(process, clock_now_ns() + grace_ns, ended)) {
        signal_all(pid, SIGKILL);
        if (!process_wait(process, clock_now_ns() + PATIENCE_NS, ended)) {
            if (ended)
                *ended = (struct process_exit){.status = -1, .survived = pid};
            forget(process);
        }
    }
    kill(-pid, SIGKILL);
}

static bool is_known(pid_t pid, const pid_t known[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (known[i] == pid)
            return true;
    return false;
}

/* One that SIGKILL does not end is left: it is reaped when it comes by again, or by init. */
static void reap(pid_t pid, int64_t until_ns)
{
    while (waitpid(pid, NULL, WNOHANG) == 0 && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS / 5);
}

size_t process_reap_adopted(const pid_t known[], size_t known_count)
{
    struct process_view children[256];
    int64_t until_ns = clock_now_ns() + PATIENCE_NS; /* of all of them */
    size_t there, before, found = 0;
    do {
        before = found;
        there = process_children(getpid(), children, 256);
        for (size_t i = 0; i < there && i < 256; i++) {
            if (is_known(children[i].pid, known, known_count))
                continue;
            kill(children[i].pid, SIGKILL);
            reap(children[i].pid, until_ns);
            found++;
        }
    } while (there > 256 && found > before && clock_now_ns() < until_ns);
    return found;
}

char *process_find_beside_self(const char *name)
{
    char self[4096];
    char *path, *slash;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0)
        return NULL;
    self[length] = '\0';
    slash = strrchr(self, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    path = text_format("%s/%s", self, name);
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}
