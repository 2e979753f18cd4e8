/* program - is a process the program that was asked for?
 *
 * Normal use: program_find, program_is for each process, program_release.
 */
#ifndef CYCLE_PROGRAM_H
#define CYCLE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "scenario/scenario.h"

#define PROGRAM_MOST_FILES 32

/* A file that the command may mean: which one depends on whose PATH and folder is taken. */
struct program_file {
    char *path; /* own */
    dev_t device;
    ino_t inode;
    bool is_script;
};

/* One program that was asked for. Zero is a program that was not found. */
struct program {
    const struct scenario_agent *asked; /* borrowed */
    const char *name;                   /* first word of its command, {agent} filled in; borrowed */
    const char *search[2]; /* PATH of the subject, and of the agent; borrowed or NULL */
    bool is_ours;          /* {agent}, which becomes no other program */
    struct program_file files[PROGRAM_MOST_FILES];
    size_t file_count;
    /* does it become another one? Looked up when it is needed */
    enum { PROGRAM_NOT_LOOKED, PROGRAM_STAYS, PROGRAM_MAY_CHANGE } kind;
};

enum program_answer {
    PROGRAM_IS,
    PROGRAM_IS_NOT, /* nor can it have been: what was asked for becomes no other program */
    PROGRAM_UNKNOWN /* it may have become another one, has ended, or cannot be looked at */
};

/* program_sharer - path of spawnbench-sharer, which {sharer} stands for; static memory; NULL: it is
 * not beside this program */
const char *program_sharer(void);

/*
 * program_find - the files that exec(3) would take for the command of an agent
 *
 * agent_path   : what {agent} stands for
 * subject_path : PATH of the subject
 */
void program_find(struct program *out, const struct scenario_agent *asked, const char *agent_path,
                  const char *subject_path);

/* program_serves - does this agent ask for the same, to be looked for in the same places? */
bool program_serves(const struct program *program, const struct scenario_agent *asked);

/*
 * program_is - compares /proc/PID/exe with the files by device and inode
 *
 * Of a script: its interpreter, with the script among the first words of the command line.
 */
enum program_answer program_is(struct program *program, pid_t pid);

void program_release(struct program *program);

#endif
