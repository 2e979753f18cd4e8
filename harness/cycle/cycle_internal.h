/* cycle_internal - what the files of cycle/ share; nobody else includes it. */
#ifndef CYCLE_CYCLE_INTERNAL_H
#define CYCLE_CYCLE_INTERNAL_H

#include "base/text.h"
#include "cycle/birth.h"
#include "cycle/cycle.h"
#include "cycle/strain.h"
#include "cycle/tree.h"
#include "cycle/witness.h"

#define CYCLE_MOST_RESTARTS 5
/* beyond the deadline: the subject ends agents, answers */
#define CYCLE_GRACE_NS INT64_C(3000000000)
/* per batch size: after them the subject's descriptors must not grow */
#define CYCLE_SETTLING_CYCLES 3

/* One process below us, as it was seen when an answer was late. */
struct hung_process {
    pid_t pid, parent;
    char state;        /* R S D T ... */
    char waits_in[64]; /* the kernel's function, see proc(5) wchan; "" or "0": not told */
    int64_t cpu_ns;
};

/* All of them; zero: none was late. */
struct hung {
    struct hung_process *seen;
    size_t count;
    int64_t after_ns; /* so long after the question */
    int64_t until_ns; /* then its deadline is over, and the subject ends who is late */
};

/* One arm while it runs. */
struct cycle_arm {
    const struct scenario_arm *asked;
    bool chosen, down;
    struct subject subject;
    char **argv; /* placeholders filled */
    char *database, *log_path, *version;
    bool records;
    struct cycle_arm_opening opening; /* of its first process */
    struct witness witness;
    int restarts;
    int cycles, descriptors_first; /* of the present process */
    struct tree tree;              /* likewise */
    int64_t begun_ns;              /* likewise: when it was started */
    struct process_exit last_exit;
    struct hung hung;           /* of the last question that was late */
    struct cycle_subjects *run; /* whose it is */
    struct cycle *looked_at;    /* for the onlooker: what it sees, and when */
    int64_t slept_ns;           /* strain_slept_ns when the present cycle began */
    enum cycle_moment moment;
};

struct cycle_subjects {
    struct cycle_options options;
    struct strain strain;
    struct cycle_arm *arms;
    char *agent_path;    /* what {agent} stands for */
    char *launcher_path; /* spawnbench-witness; NULL when no agent needs it */
    size_t most_agents;  /* batches larger than this have no witness */
    char **environment;  /* of the subjects; NULL: ours */
    struct locks *locks; /* NULL: not looked at */
    char **lock_paths;   /* databases beside the store, and how they are told; owned */
    char **lock_names;
    size_t lock_path_count;
    char *homes; /* folder of the folders of agents; NULL: none was needed yet */
};

/* meddle.c: ask the meddler, if there is one; let it look on while this arm is asked something */
void meddle(struct cycle_subjects *run, struct cycle_arm *arm, enum cycle_moment moment,
            struct cycle *cycle);
void meddle_while(struct cycle_subjects *run, struct cycle_arm *arm, enum cycle_moment moment,
                  struct cycle *cycle);

/* meddle.c: our environment and what the options add; NULL when they add nothing */
char **environment_make(const char *const added[]);

/* hung.c: look at what runs when the next answer is late; tell it of agents that were ended, of the
 * subject where it never answered */
void hung_watch(struct cycle_subjects *run, struct cycle_arm *arm);
void hung_tell(const struct cycle_arm *arm, struct cycle *cycle);
void hung_tell_subject(struct text *out, const struct cycle_arm *arm);
void hung_release(struct hung *hung);

/* message.c: the spawn and finish requests as one line each (caller frees), and what came back */
char *message_open(const struct cycle_subjects *run, const struct cycle_arm *arm);
char *message_spawn(const struct cycle_subjects *run, const struct cycle_arm *arm,
                    const struct cycle *cycle);
char *message_finish(const struct cycle_subjects *run, const struct cycle *cycle);
void message_read_spawned(struct cycle *cycle, const cJSON *answer);
void message_read_finished(struct cycle *cycle, const cJSON *answer);

/* message.c: the agent of this cycle that an answer or a witness means; NULL: none */
struct cycle_agent *message_agent(struct cycle *cycle, const char *id);

/* fill.c: what the agents of a scenario are started with: ours, and the launcher of those that need
 * it */
int fill_programs(struct cycle_subjects *run, struct err *err);

/* fill.c: placeholders of a command line; NULL-terminated, caller frees with fill_free */
int fill_command(char ***out, const struct cycle_subjects *run, char *const command[],
                 struct err *err);
void fill_free(char **command);

/* homes.c: make the folders that agents of this cycle ask for, and fill in what was asked
 * homes_forget  : remove them, and what was filled in
 * homes_release : remove the folder that they were in
 * errors        : ERR_SYSTEM */
int homes_make(struct cycle_subjects *run, struct cycle *cycle, struct err *err);
void homes_forget(struct cycle *cycle);
void homes_release(struct cycle_subjects *run);

/* testimony.c: one message of a witness, for witness_hear with the cycle as context; what had
 * been heard when "spawned", or "finished", was read; what all of them attested together */
void testimony_take(void *cycle, pid_t pid, const char *message, size_t length);
void testimony_spawned(struct cycle *cycle);
void testimony_finished(struct cycle *cycle);
void testimony_end(struct cycle *cycle);

/* expect.c: agents that ended otherwise than the scenario expects fail their cycle */
void expect_ends(struct cycle *cycle);

/* hygiene.c: what the subject left behind after a cycle, and what it had before the first.
 * hygiene_enter : its subjects are known from now on, also to other runs of this process
 * hygiene_end   : the subject is gone: tell what of its tree is not, unless `end` is NULL; end it.
 *                 since_ns: when it was asked to close
 * hygiene_leave : end also what came to us and is nobody's */
void hygiene_enter(struct cycle_subjects *run);
void hygiene_open(struct cycle_arm *arm);
void hygiene_look(struct cycle_subjects *run, struct cycle_arm *arm, struct cycle *cycle);
void hygiene_end(struct cycle_arm *arm, struct cycle_arm_end *end, int64_t since_ns);
void hygiene_leave(struct cycle_subjects *run);

/* hygiene.c: a child of ours by adoption, neither started nor inherited by us, which can be of no
 * other arm */
bool hygiene_is_adopted(const struct process_view *process);
bool hygiene_may_be_of(const struct cycle_arm *arm, const struct process_view *process);

/* watch_locks.c: look at locks during an exchange; nothing where that was not asked for.
 * watch_locks_end: what was seen in this cycle, into it */
void watch_locks_begin(struct cycle_subjects *run, const struct cycle_arm *arm,
                       enum locks_stage stage, struct cycle *cycle);
void watch_locks_pause(struct cycle_subjects *run);
void watch_locks_end(struct cycle_subjects *run, struct cycle *cycle);
void watch_locks_close(struct cycle_subjects *run);

/* usage.c: what a spawn cost. usage_before just before the question, usage_after when the answer
 * has been put down and before anything else is asked; their own time counts as hygiene. */
struct usage {
    int64_t cpu_ns;       /* of the subject and its helpers */
    int64_t waited_ns;    /* of the children that these had waited for, in steps of 1/100 s */
    int64_t tree_ns;      /* of the whole tree; -1: it has no cgroup */
    int64_t memory_bytes; /* in use by the tree; -1: nobody counts it */
    int64_t ours_ns;      /* of this process and its subjects */
    int64_t busy_ns;      /* of the machine; -1: not told */
};
void usage_before(struct usage *out, const struct cycle_arm *arm, struct cycle *cycle);
void usage_after(const struct usage *before, const struct cycle_arm *arm, struct cycle *cycle);

/* attest.c: what /proc tells of the agents that were called ready, into their `attested`; of how
 * many it is known that they said themselves that they ran. attest_before just before the question:
 * what began before it is no agent of this batch. Nothing of a subject that starts nothing. Their
 * own time counts as hygiene. */
void attest_before(struct birth *request, const struct cycle_arm *arm, struct cycle *cycle);
void attest_agents(const struct cycle_subjects *run, const struct cycle_arm *arm,
                   const struct birth *request, struct cycle *cycle);
int attest_count_witnessed(const struct cycle *cycle);

#endif
