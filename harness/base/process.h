/* process - start a program, talk to it through pipes, wait for it with a deadline, look at it in
 * /proc.
 *
 * Normal use: process_start, read and write its descriptors, process_wait; process_end when it must
 * go. No shell anywhere; every descriptor is CLOEXEC; the child leads a process group of its own
 * and dies with us (PR_SET_PDEATHSIG).
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/text.h"

/* A running child. process_start fills it; process_wait or process_end releases its descriptors. */
struct process {
    pid_t pid; /* 0 when there is none */
    int pidfd;
    int in;  /* we write, it reads as stdin; -1 once closed */
    int out; /* we read what it prints; -1 once closed */
};

/* How a child ended. */
struct process_exit {
    int status;     /* exit status, or -1 when a signal ended it */
    int signal;     /* the signal, or 0 */
    pid_t survived; /* not 0: SIGKILL did not end this process within 5 s; nothing else is told */
    struct rusage usage;
};

/*
 * process_start - run argv[0] (looked up in PATH when it has no slash)
 *
 * environment : NULL-terminated, NULL inherits ours
 * directory   : NULL stays here
 * stderr_fd   : becomes its stderr; -1 inherits ours
 * errors      : ERR_UNFIT "cannot start 'PROGRAM': No such file or directory", told apart from a
 *               program that ran and failed; ERR_SYSTEM for pipes and processes that cannot be had
 * source      : vfork(2), execve(2), prctl(2) PR_SET_PDEATHSIG
 */
int process_start(struct process *out, const char *const argv[], char *const environment[],
                  const char *directory, int stderr_fd, struct err *err);

/*
 * process_start_in - the same; before it becomes the program, the child writes "0" to each of the
 * descriptors in `join`: open cgroup.procs of the cgroups that it is to be in, see cgroups(7)
 *
 * errors : also ERR_UNFIT when it may not join one
 */
int process_start_in(struct process *out, const char *const argv[], char *const environment[],
                     int stderr_fd, const int join[], size_t join_count, struct err *err);

/*
 * process_wait - wait until it ends, reap it and close what is open to it
 *
 * returns : 1 ended and reaped, 0 still running at deadline_ns (CLOCK_MONOTONIC)
 */
int process_wait(struct process *process, int64_t deadline_ns, struct process_exit *ended);

/*
 * process_hear - all that it prints, until it has ended
 *
 * For programs that end by themselves, however long they take. What children of it still hold its
 * stdout is not waited for. On an error it is ended by force.
 *
 * out    : added to; the caller's, whatever is returned
 * errors : ERR_INTERRUPTED a signal asked us to stop; ERR_UNFIT more than most_bytes
 */
int process_hear(struct process *process, struct text *out, size_t most_bytes,
                 struct process_exit *ended, struct err *err);

/* process_finish - the same of a program that we trust; the caller frees it */
char *process_finish(struct process *process, struct process_exit *ended);

/*
 * process_end - SIGTERM to it and its group, SIGKILL after grace_ns, reap it, kill what is left of
 * the group
 *
 * It is gone afterwards in any case: one that even SIGKILL does not end (state D) is given up after
 * 5 s, and told in ended->survived.
 */
void process_end(struct process *process, int64_t grace_ns, struct process_exit *ended);

/* process_read - the first bytes of /proc/PID/name as a string; false when it tells nothing */
bool process_read(char *out, size_t room, pid_t pid, const char *name);

/* One process as /proc/PID/stat shows it. */
struct process_view {
    pid_t pid, parent, group, session;
    char state; /* R S D Z T ... */
    char name[17];
    int64_t start_ticks; /* since boot, 1/100 s: together with the pid it names one process */
    /* of the children that it has waited for: CPU time, in 1/100 s, and whether there were any */
    int64_t waited_ticks;
    bool waited;
};

/* process_look - one process, zombies included; false when there is none */
bool process_look(struct process_view *out, pid_t pid);

/* process_list - all processes, zombies included, by pid; the caller frees it, NULL when /proc
 * cannot be read */
struct process_view *process_list(size_t *count);

/*
 * process_children - direct children of `parent`, zombies included
 *
 * out     : at most `room` of them
 * returns : how many there are, which may be more than room
 */
size_t process_children(pid_t parent, struct process_view out[], size_t room);

/* process_is_started - was it started by process_start and not been waited for? Other children of
 * ours are orphans that came to us, or are older than this program. */
bool process_is_started(pid_t pid);

/* process_count_descriptors - open descriptors of a process, or -1 when /proc does not tell */
int process_count_descriptors(pid_t pid);

/*
 * process_reap_adopted - end and reap children that are not ours by birth: orphans that came to us
 * as subreaper
 *
 * known   : pids that are left alone
 * returns : how many there were
 */
size_t process_reap_adopted(const pid_t known[], size_t known_count);

/* process_find_beside_self - path of a program that lies in the directory of the running
 * executable; the caller frees it; NULL when it is not there */
char *process_find_beside_self(const char *name);

#endif
