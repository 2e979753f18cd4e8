/* child - starts, ends and reaps one child process, without waiting for its exec.
 *
 * Normal use: child_prepare once; child_start for each, then child_settle before anything else
 * looks at them; read and write the descriptors; child_exited to see whether it is over;
 * child_signal to end it; child_reap always, exactly once per started child.
 *
 * Until its exec a child runs on our memory, beside us, on one of eight small stacks. The caller
 * must be single-threaded (a child dies with the thread that started it) and must keep what `struct
 * child_plan` points to until child_settle.
 */
#ifndef SPAWNER_CHILD_H
#define SPAWNER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define CHILD_READY_FD 3 /* where a child finds its readiness pipe */

/* What to start. All borrowed until child_settle. */
struct child_plan {
    const char *path;         /* no PATH search: see child_find */
    const char *const *argv;  /* NULL-terminated */
    char *const *environment; /* NULL-terminated */
    const char *directory;    /* NULL: ours */
    bool ready_pipe;          /* give it a pipe at CHILD_READY_FD */
    int64_t deadline_ns; /* when no stack has become free by then, it is not started; 0: none */
};

/* A child, before, during and after its life. child_start fills it, child_reap empties it; must not
 * move in memory between child_start and child_settle. */
struct child {
    pid_t pid;  /* 0: there is none (never started, or reaped) */
    int in;     /* we write, it reads as stdin; -1 when closed, as all of these */
    int out;    /* we read its stdout; never blocks */
    int errors; /* we read its stderr; never blocks */
    int ready;  /* we read its readiness pipe; -1 without ready_pipe */
    struct child_plan plan;
    int given[4];               /* the child's ends while it starts: 0, 1, 2, CHILD_READY_FD */
    volatile int start_error;   /* errno of what kept it from becoming the program, 0 when none */
    volatile bool in_directory; /* start_error is about plan.directory */
};

/* How a child ended: exit status, or -1 and the signal. */
struct child_end {
    int status;
    int signal;
};

/*
 * child_prepare - what is needed once per process: signals, stacks, the reserved descriptor
 *
 * SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGPIPE and SIGXFSZ are blocked from here on (children get the
 * mask that was there before); every descriptor above stderr becomes close-on-exec.
 *
 * returns : a signalfd that tells SIGCHLD, SIGTERM, SIGINT and SIGHUP, the caller's; -1 on error
 * errors  : ERR_SYSTEM
 */
int child_prepare(struct err *err);

/*
 * child_room - make sure that `children` can be had at once: raises our limit on descriptors if
 * needed (children get the old one)
 */
void child_room(size_t children);

/*
 * child_find - the program that `name` means, looked up in PATH when it has no slash
 *
 * out     : PATH_MAX bytes
 * errors  : ERR_UNFIT "cannot start 'NAME': No such file or directory"
 */
int child_find(char *out, const char *name, struct err *err);

/*
 * child_start - make the process; it will be in a process group of its own and die with us
 *
 * returns : 0 even if the program turns out not to be startable: child_settle tells start_error
 * errors  : ERR_SYSTEM no pipe or no process; nothing is left open then, child->pid is 0
 * source  : clone(2) CLONE_VM, CLONE_CHILD_CLEARTID; reference/SPAWNING.md 2
 */
int child_start(struct child *child, const struct child_plan *plan, struct err *err);

/* child_settle - wait until no child shares our memory: each has become its program or failed to.
 * One whose exec does not return is left alone after a moment: what its plan points to must stay
 * until it is reaped. */
void child_settle(void);

/* child_refusal - after child_settle: the sentence for start_error,
 * or -1 filled into err; 0: none */
int child_refusal(const struct child *child, struct err *err);

/* child_exited - has it ended? It stays a zombie,
 * so its pid and its group stay ours. waitid(2) WNOWAIT */
bool child_exited(const struct child *child, struct child_end *end);

/* child_signal - to the child and all in its process group */
void child_signal(const struct child *child, int signal);

/* child_close - one of the descriptors above */
void child_close(int *fd);

/* child_reap - wait for its end, kill what is left of its group, close its descriptors, empty it.
 * Blocks until it has ended: ask child_exited or send SIGKILL first. */
void child_reap(struct child *child, struct child_end *end);

#endif
