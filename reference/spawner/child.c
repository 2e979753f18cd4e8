/* How is a program started without a copy of us, without waiting for its exec, and without leaving
 * anything behind?
 *
 *     we                              child (our memory, a stack of its own)
 *     clone(CLONE_VM) ------------->  group, death signal, directory, descriptors, mask
 *     next child ...                  execve: the kernel clears this stack's busy word, or
 *     child_settle: all words clear   start_error = errno, _exit(127): it clears it too
 *
 * After child_settle start_error is final, and errno is ours alone again: until then a child that
 * fails writes to the same errno as we do.
 */
#include "spawner/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define RING          8 /* stacks; more than that never run at once on few cores */
#define SETTLE_NS     (100 * CLOCK_NS_PER_MS) /* an exec takes far less */
#define STACK_NAP_NS  (5 * CLOCK_NS_PER_MS)
#define STACK_BYTES   ((size_t)16 * 1024)
#define FDS_PER_CHILD 9 /* four pipes and a socket at worst */
#define FDS_OF_OURS   64

/* Sanitizers know nothing of a second flow of control in the same memory: there we wait for each
 * exec. AddressSanitizer knows vfork; ThreadSanitizer makes it a fork, so there it is clone with
 * CLONE_VFORK. */
#if defined(__SANITIZE_ADDRESS__)
#define BY_VFORK 1
#else
#define BY_VFORK 0
#endif
#if defined(__SANITIZE_THREAD__)
#define WAIT_FOR_EXEC CLONE_VFORK
#else
#define WAIT_FOR_EXEC 0
#endif

static struct {
    pid_t pid;           /* ours, for the child to compare with its parent */
    sigset_t mask;       /* ours before child_prepare */
    struct rlimit files; /* ours before child_room */
    bool files_raised;
    size_t next; /* stack */
    char *stacks;
    atomic_int busy[RING]; /* not 0: a child may be using that stack */
} shared;

/* ---- once per process ---- */

static void set_signals(sigset_t *told)
{
    static const int ours[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    sigset_t blocked;
    sigemptyset(told);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        sigaddset(told, ours[i]);
    /* Ignored SIGCHLD would reap for us, and ignored SIGPIPE would be inherited through exec. */
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    blocked = *told;
    sigaddset(&blocked, SIGPIPE); /* writing to an agent that is gone, */
    sigaddset(&blocked, SIGXFSZ); /* and beyond a limit on file sizes: errors, not our end */
    sigprocmask(SIG_BLOCK, &blocked, &shared.mask);
}

/* Descriptor 3 is the child's READY_FD: nothing of ours may lie there, or dup2 would find its
 * source overwritten. */
static int reserve_ready_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd == CHILD_READY_FD)
        return 0;
    if (fd < 0 || fd < CHILD_READY_FD || fcntl(CHILD_READY_FD, F_GETFD) < 0)
        return -1; /* 0, 1 or 2 is closed: we were started without a protocol to speak */
    close(fd);     /* somebody else's, inherited: taken all the same */
    return 0;
}

int child_prepare(struct err *err)
{
    sigset_t told;
    int fd;
    if (shared.pid)
        return err_set(err, ERR_INTERNAL, "child_prepare was called twice");
    close_range(CHILD_READY_FD, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    if (reserve_ready_fd() < 0)
        return err_set(err, ERR_SYSTEM, "stdin, stdout and stderr must be open");
    set_signals(&told);
    fd = signalfd(-1, &told, SFD_CLOEXEC | SFD_NONBLOCK);
    shared.stacks = mmap(NULL, RING * STACK_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (fd < 0 || shared.stacks == MAP_FAILED)
        return err_system(err, "cannot prepare for starting agents");
    shared.pid = getpid();
    return fd;
}

void child_room(size_t children)
{
    rlim_t needed = children * FDS_PER_CHILD + FDS_OF_OURS;
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur >= needed ||
        now.rlim_cur == now.rlim_max)
        return;
    if (!shared.files_raised)
        shared.files = now;
    now.rlim_cur = needed < now.rlim_max ? needed : now.rlim_max;
    shared.files_raised = setrlimit(RLIMIT_NOFILE, &now) == 0 || shared.files_raised;
}

static bool is_program(const char *path)
{
    struct stat about;
    return access(path, X_OK) == 0 && stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

int child_find(char *out, const char *name, struct err *err)
{
    const char *folder = getenv("PATH");
    if (strchr(name, '/')) {
        if (snprintf(out, PATH_MAX, "%s", name) < PATH_MAX)
            return 0;
        return err_set(err, ERR_UNFIT, "cannot start '%.100s...': %s", name,
                       strerror(ENAMETOOLONG));
    }
    for (folder = folder ? folder : "/usr/bin:/bin"; folder && name[0];) {
        int length = (int)strcspn(folder, ":");
        if (snprintf(out, PATH_MAX, "%.*s/%s", length ? length : 1, length ? folder : ".", name) <
                PATH_MAX &&
            is_program(out))
            return 0;
        folder = folder[length] ? folder + length + 1 : NULL;
    }
    errno = ENOENT;
    err_system(err, "cannot start '%s'", name);
    if (err)
        err->code = ERR_UNFIT;
    return -1;
}

/* ---- the child, until exec: our memory, so no allocation, no stdio ---- */

static void give_up(struct child *child)
{
    child->start_error = errno ? errno : ECANCELED;
    _exit(127);
}

static void become(struct child *child)
{
    const struct child_plan *plan = &child->plan;
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != shared.pid)
        give_up(child);
    if (plan->directory && chdir(plan->directory) != 0) {
        child->in_directory = true;
        give_up(child);
    }
    for (int fd = 0; fd < (plan->ready_pipe ? 4 : 3); fd++)
        if (dup2(child->given[fd], fd) < 0)
            give_up(child);
    if (shared.files_raised)
        setrlimit(RLIMIT_NOFILE, &shared.files);
    sigprocmask(SIG_SETMASK, &shared.mask, NULL);
    /* not execve(), which gcc --coverage replaces by a function that locks a mutex in our memory
     * and never unlocks it */
    syscall(SYS_execve, plan->path, plan->argv, plan->environment);
    give_up(child);
}

/* ---- starting ---- */

void child_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_all(struct child *child)
{
    child_close(&child->in);
    child_close(&child->out);
    child_close(&child->errors);
    child_close(&child->ready);
}

/* Only closed, not forgotten: the child may not have read the numbers yet. */
static void close_given(const struct child *child)
{
    for (int i = 0; i < 4; i++)
        if (child->given[i] >= 0)
            close(child->given[i]);
}

static int make_pipe(int *reads, int *writes)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    *reads = ends[0];
    *writes = ends[1];
    return 0;
}

static int make_pipes(struct child *child)
{
    if (make_pipe(&child->given[0], &child->in) < 0 ||
        make_pipe(&child->out, &child->given[1]) < 0 ||
        make_pipe(&child->errors, &child->given[2]) < 0)
        return -1;
    if (child->plan.ready_pipe && make_pipe(&child->ready, &child->given[3]) < 0)
        return -1;
    if (child->ready >= 0)
        fcntl(child->ready, F_SETFL, O_RDONLY | O_NONBLOCK);
    fcntl(child->in, F_SETFL, O_WRONLY | O_NONBLOCK);
    fcntl(child->out, F_SETFL, O_RDONLY | O_NONBLOCK);
    fcntl(child->errors, F_SETFL, O_RDONLY | O_NONBLOCK);
    return 0;
}

static bool wait_for_stack(size_t slot, int64_t until_ns)
{
    int busy;
    while ((busy = atomic_load(&shared.busy[slot])) != 0) {
        int64_t left_ns = until_ns - clock_now_ns();
        struct timespec left = {left_ns / CLOCK_NS_PER_S, left_ns % CLOCK_NS_PER_S};
        if (left_ns <= 0)
            return false;
        syscall(SYS_futex, &shared.busy[slot], FUTEX_WAIT, busy, &left, NULL, 0);
    }
    return true;
}

#if BY_VFORK
static pid_t make_process(struct child *child)
{
    pid_t pid = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
    if (pid == 0)
        become(child);
    return pid;
}
#else
static int become_cloned(void *child)
{
    become(child);
    return 127;
}

/* The next one that is free: an exec that does not return keeps its own for good. -1: none is. */
static int find_stack(int64_t deadline_ns)
{
    int64_t until_ns = deadline_ns ? deadline_ns : INT64_MAX;
    do {
        for (size_t i = 0; i < RING; i++) {
            size_t slot = shared.next++ % RING;
            if (atomic_load(&shared.busy[slot]) == 0)
                return (int)slot;
        }
        wait_for_stack(shared.next % RING, clock_now_ns() + STACK_NAP_NS);
    } while (clock_now_ns() < until_ns);
    errno = ETIMEDOUT;
    return -1;
}

/* The busy word is set before the child exists and cleared by the kernel as the child leaves our
 * memory, by exec or by exit (CLONE_CHILD_CLEARTID, set_tid_address(2)). */
static pid_t make_process(struct child *child)
{
    int slot = find_stack(child->plan.deadline_ns);
    pid_t pid;
    if (slot < 0)
        return -1;
    atomic_store(&shared.busy[slot], 1);
    pid = clone(become_cloned, shared.stacks + ((size_t)slot + 1) * STACK_BYTES,
                CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD | WAIT_FOR_EXEC, child, NULL, NULL,
                &shared.busy[slot]);
    if (pid < 0)
        atomic_store(&shared.busy[slot], 0);
    return pid;
}
#endif

int child_start(struct child *child, const struct child_plan *plan, struct err *err)
{
    pid_t pid;
    *child = (struct child){
        .in = -1, .out = -1, .errors = -1, .ready = -1, .plan = *plan, .given = {-1, -1, -1, -1}};
    if (make_pipes(child) < 0) {
        err_system(err, "cannot make a pipe for '%s'", plan->argv[0]);
        close_given(child);
        close_all(child);
        return -1;
    }
    pid = make_process(child);
    if (pid < 0)
        err_system(err, "cannot make a process for '%s'", plan->argv[0]);
    close_given(child);
    if (pid < 0)
        close_all(child);
    else
        child->pid = pid;
    return pid < 0 ? -1 : 0;
}

void child_settle(void)
{
    int64_t until_ns = clock_now_ns() + SETTLE_NS;
    for (size_t slot = 0; slot < RING; slot++)
        wait_for_stack(slot, until_ns);
}

int child_refusal(const struct child *child, struct err *err)
{
    if (!child->start_error)
        return 0;
    errno = child->start_error;
    if (child->in_directory)
        err_system(err, "cannot start '%s' in directory '%s'", child->plan.argv[0],
                   child->plan.directory);
    else
        err_system(err, "cannot start '%s'", child->plan.argv[0]);
    if (err)
        err->code = ERR_UNFIT;
    return -1;
}

/* ---- ending ---- */

static struct child_end end_of(const siginfo_t *info)
{
    if (info->si_code == CLD_EXITED)
        return (struct child_end){info->si_status, 0};
    return (struct child_end){-1, info->si_status};
}

bool child_exited(const struct child *child, struct child_end *end)
{
    siginfo_t info = {0};
    if (!child->pid || waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0)
        return false;
    *end = end_of(&info);
    return true;
}

void child_signal(const struct child *child, int signal)
{
    if (child->pid)
        kill(-child->pid, signal);
}

/* The zombie still holds the number of its group, so the kill cannot hit strangers;
 * only then is it waited for. */
void child_reap(struct child *child, struct child_end *end)
{
    siginfo_t info = {0};
    if (child->pid) {
        while (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
            continue;
        kill(-child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
        *end = end_of(&info);
    }
    close_all(child);
    child->pid = 0;
}
