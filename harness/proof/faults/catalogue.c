/* Which faults are injected, how, and what must a sound spawner make of each? One row each, in the
 * order of scenario_fault_names. */
#include <errno.h>
#include <sqlite3.h>

#include "proof/faults/faults.h"

#define KILLED "all acknowledged starts are there, what was in flight is whole or absent"
#define TOLD   "the agent is called failed with the reason, nothing of the batch is left"
#define GONE   "nothing that an agent started runs on"
#define REFUSE "it refuses or waits, and loses nothing that it acknowledged"

#define CALL(call, how, code, sticky)                                                              \
    FAULT_CALL, CYCLE_OVER, 0, {SHIM_##call, SHIM_##how, 1, SQLITE_##code, sticky}, true

#define NO_CALL                                                                                    \
    {                                                                                              \
        SHIM_NONE                                                                                  \
    }

const struct fault faults_catalogue[] = {
    {"killed-at-random", "SIGKILL to the subject at a random time of the batch", KILLED,
     FAULT_KILL_AT_RANDOM, CYCLE_SPAWNING, 0, NO_CALL, true},
    {"killed-while-opening", "SIGKILL when \"open\" was sent", KILLED, FAULT_KILL_AT_MOMENT,
     CYCLE_OPENING, 0, NO_CALL, true},
    {"killed-before-spawn", "SIGKILL while it is idle", KILLED, FAULT_KILL_AT_MOMENT,
     CYCLE_BEFORE_SPAWN, 0, NO_CALL, false},
    {"killed-when-asked", "SIGKILL when \"spawn\" was sent", KILLED, FAULT_KILL_AT_MOMENT,
     CYCLE_SPAWNING, 0, NO_CALL, false},
    {"killed-at-first-agent", "SIGKILL when the first agent says that it is ready", KILLED,
     FAULT_KILL_AT_MOMENT, CYCLE_SPAWNING, 1, NO_CALL, false},
    {"killed-at-last-agent", "SIGKILL when the last agent says that it is ready", KILLED,
     FAULT_KILL_AT_MOMENT, CYCLE_SPAWNING, 2, NO_CALL, false},
    {"killed-when-spawned", "SIGKILL when the starts were acknowledged", KILLED,
     FAULT_KILL_AT_MOMENT, CYCLE_SPAWNED, 0, NO_CALL, false},
    {"killed-when-finishing", "SIGKILL when \"finish\" was sent", KILLED, FAULT_KILL_AT_MOMENT,
     CYCLE_FINISHING, 0, NO_CALL, false},
    {"killed-when-finished", "SIGKILL when \"finished\" was answered", KILLED, FAULT_KILL_AT_MOMENT,
     CYCLE_FINISHED, 0, NO_CALL, false},
    {"killed-while-closing", "SIGKILL when \"close\" was sent", KILLED, FAULT_KILL_AT_MOMENT,
     CYCLE_CLOSING, 0, NO_CALL, true},
    {"killed-with-grandchildren",
     "SIGKILL when the starts were acknowledged; an agent has a child in a session of its own",
     GONE ", a moment later", FAULT_STRAGGLER_KILLED, CYCLE_SPAWNED, 0, NO_CALL, false},
    {"agent-killed-before-ready", "SIGKILL to an agent that is not ready yet", TOLD,
     FAULT_KILL_AGENT, CYCLE_SPAWNING, 0, NO_CALL, false},
    {"agent-killed-after-ready", "SIGKILL to an agent whose start was acknowledged",
     "its end is told, the others are finished", FAULT_KILL_AGENT, CYCLE_SPAWNED, 0, NO_CALL,
     false},
    {"daemon-outlives-agent", "an agent leaves a daemon, and is right otherwise",
     GONE " when the batch is finished", FAULT_STRAGGLER, CYCLE_SPAWNED, 0, NO_CALL, false},
    {"exec-enoent", "an agent's program is not there", TOLD, FAULT_PROGRAM, CYCLE_BEFORE_SPAWN,
     ENOENT, NO_CALL, false},
    {"exec-eacces", "an agent's program is not executable", TOLD, FAULT_PROGRAM, CYCLE_BEFORE_SPAWN,
     EACCES, NO_CALL, false},
    {"exec-enoexec", "an agent's program is a text without #!", TOLD, FAULT_PROGRAM,
     CYCLE_BEFORE_SPAWN, ENOEXEC, NO_CALL, false},
    {"exec-hangs", "the exec of an agent's program does not return (a fanotify permission event)",
     "it answers when the deadline has passed, the agent is called timed_out or failed",
     FAULT_EXEC_HANGS, CYCLE_BEFORE_SPAWN, 0, NO_CALL, false},
    {"no-descriptors", "RLIMIT_NOFILE leaves too few for the batch (EMFILE)", REFUSE,
     FAULT_FEW_DESCRIPTORS, CYCLE_BEFORE_SPAWN, EMFILE, NO_CALL, true},
    {"no-processes", "RLIMIT_NPROC, for root a pids cgroup, leaves too few (EAGAIN)", REFUSE,
     FAULT_FEW_PROCESSES, CYCLE_BEFORE_SPAWN, EAGAIN, NO_CALL, true},
    {"deadline-missed", "an agent never becomes ready",
     "the agent is called timed_out, nothing of the batch is left", FAULT_HANG, CYCLE_BEFORE_SPAWN,
     0, NO_CALL, false},
    {"busy-for-a-while", "another process holds the write lock for a part of a second", REFUSE,
     FAULT_BUSY, CYCLE_OVER, 0, NO_CALL, true},
    {"busy-while-spawning", "another process holds the write lock from before the request on",
     "it answers when the deadline has passed, and calls nothing ready that it cannot record",
     FAULT_LOCKED, CYCLE_BEFORE_SPAWN, 0, NO_CALL, false},
    {"busy-while-finishing", "another process holds the write lock from before \"finish\" on",
     "it refuses when the deadline has passed, and calls nothing finished that it cannot record",
     FAULT_LOCKED, CYCLE_SPAWNED, 0, NO_CALL, false},
    {"disk-full", "the database lies on a tmpfs that is full", REFUSE, FAULT_FULL_DISK,
     CYCLE_BEFORE_SPAWN, ENOSPC, NO_CALL, false},
    {"read-only-folder", "the database's folder is read-only when the subject starts",
     "it refuses to open, and says why", FAULT_READ_ONLY, CYCLE_OPENING, EROFS, NO_CALL, false},
    {"write-full", "one write: disk full", REFUSE, CALL(WRITE, REFUSE, FULL, false)},
    {"writes-full", "from one write on: disk full", REFUSE, CALL(WRITE, REFUSE, FULL, true)},
    {"write-error", "one write: I/O error", REFUSE, CALL(WRITE, REFUSE, IOERR_WRITE, false)},
    {"writes-error", "from one write on: I/O error", REFUSE,
     CALL(WRITE, REFUSE, IOERR_WRITE, true)},
    {"write-short", "one write writes its first half: disk full", REFUSE,
     CALL(WRITE, SHORT, FULL, false)},
    {"sync-error", "one fsync fails", REFUSE, CALL(SYNC, REFUSE, IOERR_FSYNC, false)},
    {"syncs-error", "from one fsync on all fail", REFUSE, CALL(SYNC, REFUSE, IOERR_FSYNC, true)},
    {"read-error", "one read: I/O error", REFUSE, CALL(READ, REFUSE, IOERR_READ, false)},
    {"open-refused", "one file cannot be opened", REFUSE, CALL(OPEN, REFUSE, CANTOPEN, false)},
    {"read-only", "from one write on: read-only", REFUSE, CALL(WRITE, REFUSE, READONLY, true)},
    {"killed-before-write", "SIGKILL instead of a write", KILLED,
     CALL(WRITE, DIE_BEFORE, IOERR_WRITE, false)},
    {"killed-inside-write", "SIGKILL in the middle of a write", KILLED,
     CALL(WRITE, DIE_INSIDE, IOERR_WRITE, false)},
    {"killed-after-write", "SIGKILL just after a write", KILLED,
     CALL(WRITE, DIE_AFTER, IOERR_WRITE, false)},
    {"killed-before-sync", "SIGKILL instead of an fsync", KILLED,
     CALL(SYNC, DIE_BEFORE, IOERR_FSYNC, false)},
    {"killed-after-sync", "SIGKILL just after an fsync", KILLED,
     CALL(SYNC, DIE_AFTER, IOERR_FSYNC, false)},
    {"power-loss",
     "SIGKILL to the subject and all below it, and what it did not sync is lost: nothing, a part "
     "or "
     "all of it is kept (a FUSE file system)",
     "with durability full all acknowledged starts are there; with normal the newest may be lost",
     FAULT_POWER, CYCLE_SPAWNING, 0, NO_CALL, true},
};

_Static_assert(sizeof faults_catalogue / sizeof faults_catalogue[0] == SCENARIO_FAULTS,
               "one row for each name that scenarios know");
