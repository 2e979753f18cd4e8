/* Who ends what an agent has started in a session of its own?
 *
 *     while we live    it comes to us when its parent ends (PR_SET_CHILD_SUBREAPER); at the end of
 *                      a batch what is among our children and bears its mark is killed
 *     when we do not   agents die with us (PR_SET_PDEATHSIG); the guardian, a child of ours in a
 *                      session of its own, reads the end of a pipe that only we can write to, and
 *                      kills every process that bears a mark of ours
 *
 * The mark is an entry of the environment, which is inherited. A process that clears it and loses
 * its spawner to SIGKILL is not found. See proc(5), prctl(2). */
#include "spawner/guardian.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

#define NAP_NS       CLOCK_NS_PER_MS
#define PATIENCE_NS  CLOCK_NS_PER_S /* of a sweep; killed processes end in less */
#define MOST_ENVIRON ((size_t)4 << 20)
#define MOST_LISTED  ((size_t)4 << 20)
#define MOST_BEFORE  16

static struct {
    pid_t pid;     /* the guardian */
    int pipe;      /* it reads its end when we do not live */
    char mark[64]; /* how the entries of all our batches begin */
    int64_t batches;
    pid_t before[MOST_BEFORE]; /* children that we had already, of whoever became us by exec */
} guardian = {.pipe = -1};

/* Our children, as the kernel lists them: see proc(5) "children". The caller frees it. */
static char *list_children(void)
{
    char *list = NULL;
    size_t length;
    if (text_read_file(&list, &length, "/proc/thread-self/children", MOST_LISTED, NULL) < 0)
        return xstrdup("");
    return list;
}

/* The next one of the list, 0 at its end. */
static pid_t next_child(char **at)
{
    return (pid_t)strtol(*at, at, 10);
}

static bool was_before(pid_t pid)
{
    for (size_t i = 0; i < MOST_BEFORE; i++)
        if (guardian.before[i] == pid)
            return true;
    return false;
}

static void note_those_before(void)
{
    char *list = list_children(), *at = list;
    for (size_t i = 0; i < MOST_BEFORE; i++)
        guardian.before[i] = next_child(&at);
    free(list);
}

/* Nothing can be read of the environment in the midst of execve(2): the old memory is gone, and the
 * new one has none yet, of which no end is told then. See proc(5), fields 23, 50 and 51 of stat. */
static bool may_have_environment(pid_t pid)
{
    char text[1024];
    unsigned long long field[52] = {0};
    const char *at;
    if (!process_read(text, sizeof text, pid, "stat") || !(at = strrchr(text, ')')))
        return false;
    for (int i = 3; i < 52; i++) {
        if (!(at = strchr(at + 1, ' ')))
            return false;
        field[i] = strtoull(at, NULL, 10);
    }
    return field[23] > 0 && (field[51] == 0 || field[51] > field[50]);
}

/* As a string of strings. NULL: it may not be read, or the process is gone; the caller frees it. */
static char *read_environment(size_t *length, pid_t pid)
{
    int64_t until_ns = clock_now_ns() + PATIENCE_NS;
    char path[48], *data = NULL;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    while (text_read_file(&data, length, path, MOST_ENVIRON, NULL) == 0) {
        if (*length > 0 || !may_have_environment(pid) || clock_now_ns() > until_ns)
            return data;
        free(data);
        clock_sleep_until(clock_now_ns() + NAP_NS / 20);
    }
    return NULL;
}

/* Does its environment hold an entry that begins so? */
static bool is_marked(pid_t pid, const char *mark)
{
    size_t length = 0, at = 0;
    bool found = false;
    char *data = read_environment(&length, pid);
    if (!data)
        return false;
    for (; at < length && !found; at += strlen(data + at) + 1)
        found = strncmp(data + at, mark, strlen(mark)) == 0;
    free(data);
    return found;
}

/* ---- when we do not live ---- */

static bool kill_marked(void)
{
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    bool found = false;
    while (proc && (entry = readdir(proc))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10); /* 0: no process */
        if (pid > 0 && pid != getpid() && is_marked(pid, guardian.mark))
            found = kill(pid, SIGKILL) == 0 || found;
    }
    if (proc)
        closedir(proc);
    return found;
}

static void guard(int from_us)
{
    sigset_t all;
    char word;
    ssize_t got;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    setsid();
    prctl(PR_SET_NAME, "spawnref-guard");
    dup2(from_us, STDIN_FILENO);
    close_range(STDOUT_FILENO, UINT_MAX, 0); /* nobody shall wait for our end of a pipe */
    while ((got = read(STDIN_FILENO, &word, 1)) < 0 && errno == EINTR)
        continue;
    while (got == 0 && kill_marked())
        clock_sleep_until(clock_now_ns() + NAP_NS);
    _exit(0);
}

int guardian_start(struct err *err)
{
    int ends[2];
    note_those_before();
    snprintf(guardian.mark, sizeof guardian.mark, GUARDIAN_VARIABLE "=%d-%lld.", (int)getpid(),
             (long long)clock_now_ns());
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || pipe2(ends, O_CLOEXEC) != 0)
        return err_system(err, "cannot prepare for ending agents");
    guardian.pid = fork();
    if (guardian.pid == 0) {
        close(ends[1]);
        guard(ends[0]);
    }
    close(ends[0]);
    guardian.pipe = ends[1];
    return guardian.pid < 0 ? err_system(err, "cannot start a guardian") : 0;
}

void guardian_stop(void)
{
    if (guardian.pid <= 0)
        return;
    while (write(guardian.pipe, "", 1) < 0 && errno == EINTR)
        continue;
    close(guardian.pipe);
    waitpid(guardian.pid, NULL, 0);
    guardian.pid = 0;
}

/* ---- while we live ---- */

void guardian_mark(char out[GUARDIAN_MARK_BYTES])
{
    snprintf(out, GUARDIAN_MARK_BYTES, "%s%lld.", guardian.mark, (long long)++guardian.batches);
}

static size_t end_children(const char *mark, bool alone)
{
    char *list = list_children(), *at = list;
    size_t left = 0;
    pid_t pid;
    while ((pid = next_child(&at)) > 0) {
        if (pid == guardian.pid || was_before(pid) || !(alone || is_marked(pid, mark)))
            continue;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, WNOHANG);
        left++; /* looked at once more: what it started comes to us now */
    }
    free(list);
    return left;
}

void guardian_sweep(const char *mark, bool alone)
{
    int64_t until_ns = clock_now_ns() + PATIENCE_NS;
    while (end_children(mark, alone) > 0 && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + NAP_NS);
}
