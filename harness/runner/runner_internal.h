/* runner_internal - what the files of runner/ share; nobody else includes it. */
#ifndef RUNNER_RUNNER_INTERNAL_H
#define RUNNER_RUNNER_INTERNAL_H

#include "cycle/shared_paths.h"
#include "results/basis.h"
#include "results/lease.h"
#include "runner/audits.h"
#include "runner/runner.h"
#include "scenario/plan.h"

/* A cycle as it was read back when it had been stored. */
struct runner_written {
    int64_t cycle;
    uint64_t digest;
};

/* One run under way. */
struct runner {
    const struct runner_options *options;
    const struct scenario *scenario;
    struct plan plan;
    bool *done; /* per item of the plan */
    struct results *store;
    char *store_path;
    struct lease hold; /* of this run */
    int64_t id;
    int sitting;
    char *folder, *label, *metrics;
    struct cycle_subjects *run;
    struct shared_paths shared_paths; /* what the patterns of databases mean just now */
    struct shared_watch *shared;      /* NULL: the scenario names no databases */
    struct runner_audits audits[SCENARIO_MOST_ARMS];
    struct cycle cycle; /* the last one, and what was found in it */
    struct audit_findings findings;
    struct shared_paths lock_paths; /* of the present cycle */
    struct results_basis basis;     /* of the last verdict */
    struct runner_written *written; /* by this sitting, in order */
    size_t written_count, written_room;
    int64_t stored_before; /* cycles of earlier sittings */
    uint64_t schema;       /* digest of the tables and triggers that it was begun with */
    bool rewritten;        /* somebody changed what was written */
};

/* ---- append.c: what goes into the results store ---- */

/* runner_record_begin - open it; begin a run or resume one: fills id, sitting and done */
int runner_record_begin(struct runner *runner, struct err *err);

/* runner_record_arms - what was started; ends: and what it left, or NULL */
int runner_record_arms(struct runner *runner, const struct cycle_arm_end ends[], struct err *err);

/* runner_record_cycle - the last cycle with its findings, in one transaction */
int runner_record_cycle(struct runner *runner, size_t index, const struct audit_result *audit,
                        struct err *err);

/* written.c: is what this sitting wrote into the results store still what it was?
 *
 * runner_note_written  - remember the cycle that is about to be committed
 * runner_check_schema  - triggers and tables are those that it was begun with
 * runner_check_written - that, and each of these cycles
 * errors : ERR_UNFIT somebody changed it, runner->rewritten is set then */
int runner_note_written(struct runner *runner, size_t index, struct err *err);
int runner_check_schema(struct runner *runner, struct err *err);
int runner_check_written(struct runner *runner, struct err *err);

/* Databases that agents share: looked at before the first cycle of a sitting, after each cycle, and
 * when its subjects are gone. Nothing where the scenario names none.
 *
 * runner_shared_find - shared_put.c: which there are just now; cycle NULL: before the first, or at
 *                      the end
 * runner_shared_look - shared_watch.c: what has become of them. forced: what is in them is read
 *                      whatever that costs
 * runner_shared_put  - shared_put.c: what was seen, and found, into the results store; errors: its
 *                      own. What a database is like is never an error */
void runner_shared_find(struct runner *runner, const struct cycle *cycle, bool ending);
void runner_shared_look(struct runner *runner, bool forced);
int runner_shared_put(struct runner *runner, struct err *err);
void runner_shared_release(struct runner *runner);

/* runner_record_left - what one arm's subject left behind: its end, and its store */
int runner_record_left(struct runner *runner, size_t arm, const struct cycle_arm_end *end,
                       struct err *err);

/* runner_record_verdicts - judge every claim; fills code (verdict_exit_code) and could_not */
int runner_record_verdicts(struct runner *runner, struct runner_outcome *out, struct err *err);

/* ---- pace.c ---- */

/* The blocks up to the first look spread evenly over a time; later ones go on like that. Plain
 * value; runner_pace_wait before each item that is run, outside any measured time. */
struct runner_pace {
    int64_t interval_ns; /* from the beginning of one block to that of the next; 0: no pause */
    int64_t begun_ns;    /* of this sitting's first block */
    int64_t blocks;      /* begun so far in this sitting */
};
struct runner_pace runner_pace_make(const struct plan *plan, int64_t spread_ns);
void runner_pace_wait(struct runner_pace *pace, const struct plan *plan, size_t index);

#endif
