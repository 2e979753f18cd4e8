/* as_asked - was an agent of ours started as it was asked for?
 *
 * Normal use: as_asked once its process is known to be our program.
 */
#ifndef CYCLE_AS_ASKED_H
#define CYCLE_AS_ASKED_H

#include <stddef.h>

#include "cycle/program.h"

/* What it must have been given. All borrowed. */
struct as_asked {
    const struct scenario_agent *asked;
    const char *id;         /* SPAWNBENCH_AGENT */
    const char *agent_path; /* what {agent} stands for, also as an argument */
    const char *witness;    /* SPAWNBENCH_WITNESS; NULL: it may be anything */
    char *const *arm;       /* the subject's own command: words of it may follow; or NULL */
    pid_t subject;          /* whose folder a relative one begins at */
};

/*
 * as_asked - compares /proc/PID/cmdline, environ and cwd: all arguments but the program's name,
 * each variable that was asked for, and the folder
 *
 * More variables than were asked for are right. Only of {agent}, which leaves all three as they
 * are; other programs may write over their arguments, or go to another folder.
 * returns : PROGRAM_IS_NOT with the reason in why, which tells no values of the environment
 */
enum program_answer as_asked(char *why, size_t room, const struct as_asked *what, pid_t pid);

#endif
