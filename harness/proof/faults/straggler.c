/* spawnbench-straggler daemon|child FILE PROGRAM ARG...: starts a process that stays, and becomes
 * PROGRAM.
 *
 * What stays holds a lock of FILE, which tells its process id, has none of our descriptors, and
 * ends by itself after a while. `child` is in a session of its own; `daemon` is nobody's child
 * too. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define STAY_NS (120 * CLOCK_NS_PER_S)

static void stay(const char *path)
{
    char text[32];
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), length;
    length = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 ||
        pwrite(fd, text, (size_t)length, 0) != length || dup2(fd, STDIN_FILENO) < 0)
        _exit(5);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    close_range(STDOUT_FILENO, UINT_MAX, 0); /* the end of a pipe too: it is there and locked */
    clock_sleep_until(clock_now_ns() + STAY_NS);
    _exit(0);
}

static int start(bool daemon, const char *path)
{
    int there[2];
    char nothing;
    pid_t pid;
    if (pipe2(there, O_CLOEXEC) != 0 || (pid = fork()) < 0)
        return -1;
    if (pid == 0) {
        close(there[0]);
        setsid();
        if (!daemon || fork() == 0)
            stay(path);
        _exit(0);
    }
    close(there[1]);
    while (read(there[0], &nothing, 1) < 0 && errno == EINTR)
        continue;
    close(there[0]);
    if (daemon)
        waitpid(pid, NULL, 0);
    return access(path, F_OK);
}

int main(int argc, char **argv)
{
    if (argc < 4 || (strcmp(argv[1], "daemon") != 0 && strcmp(argv[1], "child") != 0)) {
        fprintf(stderr, "usage: spawnbench-straggler daemon|child FILE PROGRAM ARG...\n");
        return 2;
    }
    if (start(strcmp(argv[1], "daemon") == 0, argv[2]) != 0) {
        fprintf(stderr, "spawnbench-straggler: '%s': %s\n", argv[2], strerror(errno));
        return 5;
    }
    execvp(argv[3], argv + 3);
    fprintf(stderr, "spawnbench-straggler: cannot start '%s': %s\n", argv[3], strerror(errno));
    return 127;
}
