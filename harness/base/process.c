/* How is a program started, watched and ended without a shell, a leak or a zombie? */
#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

extern char **environ;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Runs in the child, on the parent's memory until exec: no allocation, no stdio. */
static void become(const char *const argv[], char *const environment[], const char *directory,
                   const int stdio[3], volatile int *exec_error)
{
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if ((directory && chdir(directory) != 0) || dup2(stdio[0], 0) < 0 || dup2(stdio[1], 1) < 0 ||
        (stdio[2] >= 0 && dup2(stdio[2], 2) < 0)) {
        *exec_error = errno;
        _exit(127);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    execvpe(argv[0], (char *const *)(uintptr_t)argv, environment);
    *exec_error = errno;
    _exit(127);
}

int process_start(struct process *out, const char *const argv[], char *const environment[],
                  const char *directory, int stderr_fd, struct err *err)
{
    int in[2] = {-1, -1}, answers[2] = {-1, -1};
    volatile int exec_error = 0;
    sigset_t all, before;
    pid_t pid;
    *out = (struct process){.pidfd = -1, .in = -1, .out = -1};
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0) {
        err_system(err, "cannot make a pipe for '%s'", argv[0]);
        goto failed;
    }
    const int stdio[3] = {in[0], answers[1], stderr_fd};
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = vfork();
    if (pid == 0)
        become(argv, environment ? environment : environ, directory, stdio, &exec_error);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        err_system(err, "cannot make a process for '%s'", argv[0]);
        goto failed;
    }
    if (exec_error) {
        waitpid(pid, NULL, 0);
        err_set(err, ERR_UNFIT, "cannot start '%s': %s", argv[0], strerror(exec_error));
        goto failed;
    }
    close_fd(&in[0]);
    close_fd(&answers[1]);
    out->pid = pid;
    out->in = in[1];
    out->out = answers[0];
    out->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    return 0;
failed:
    close_fd(&in[0]);
    close_fd(&in[1]);
    close_fd(&answers[0]);
    close_fd(&answers[1]);
    return -1;
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
        left_ns = deadline_ns - clock_now_ns();
        if (left_ns <= 0)
            return 0;
        /* without a pidfd (old kernel) look again every 5 ms */
        if (process->pidfd < 0 && left_ns > 5 * CLOCK_NS_PER_MS)
            left_ns = 5 * CLOCK_NS_PER_MS;
        poll(&watch, 1, (int)(left_ns / CLOCK_NS_PER_MS) + 1);
    }
    kept.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    kept.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (ended)
        *ended = kept;
    close_fd(&process->in);
    close_fd(&process->out);
    close_fd(&process->pidfd);
    process->pid = 0;
    return 1;
}

void process_end(struct process *process, int64_t grace_ns, struct process_exit *ended)
{
    pid_t group = process->pid;
    if (!group)
        return;
    kill(-group, SIGTERM);
    if (!process_wait(process, clock_now_ns() + grace_ns, ended)) {
        kill(-group, SIGKILL);
        while (!process_wait(process, clock_now_ns() + CLOCK_NS_PER_S, ended))
            ;
    }
    kill(-group, SIGKILL);
}

static int read_view(struct process_view *view, const char *pid)
{
    char path[64], line[512];
    char *name, *after;
    ssize_t got;
    int fd;
    snprintf(path, sizeof path, "/proc/%.16s/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    got = read(fd, line, sizeof line - 1);
    close(fd);
    if (got <= 0)
        return -1;
    line[got] = '\0';
    name = strchr(line, '(');
    after = strrchr(line, ')'); /* the name itself may hold anything, see proc(5) */
    if (!name || !after || after < name || strlen(after) < 5)
        return -1;
    *view = (struct process_view){.pid = (pid_t)strtol(pid, NULL, 10), .state = after[2]};
    view->parent = (pid_t)strtol(after + 4, NULL, 10);
    snprintf(view->name, sizeof view->name, "%.*s", (int)(after - name - 1), name + 1);
    return 0;
}

size_t process_children(pid_t parent, struct process_view out[], size_t room)
{
    size_t count = 0;
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    if (!proc)
        return 0;
    while ((entry = readdir(proc))) {
        struct process_view view;
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || read_view(&view, entry->d_name) < 0)
            continue;
        if (view.parent != parent)
            continue;
        if (count < room)
            out[count] = view;
        count++;
    }
    closedir(proc);
    return count;
}

int process_count_descriptors(pid_t pid)
{
    char path[64];
    int count = 0;
    DIR *folder;
    struct dirent *entry;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    if (!folder)
        return -1;
    while ((entry = readdir(folder)))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static bool is_known(pid_t pid, const pid_t known[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (known[i] == pid)
            return true;
    return false;
}

size_t process_reap_adopted(const pid_t known[], size_t known_count, struct process_view out[],
                            size_t room)
{
    struct process_view children[64];
    size_t there = process_children(getpid(), children, 64), found = 0;
    for (size_t i = 0; i < there && i < 64; i++) {
        if (is_known(children[i].pid, known, known_count))
            continue;
        kill(children[i].pid, SIGKILL);
        while (waitpid(children[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
        if (found < room)
            out[found] = children[i];
        found++;
    }
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
