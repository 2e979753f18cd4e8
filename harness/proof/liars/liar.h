/* liar - subjects that misbehave in one way each: the audit is shown to catch every one of them.
 *
 * A liar stands between the harness and an honest spawner, passes every message on, and lies once
 * it may. */
#ifndef PROOF_LIARS_LIAR_H
#define PROOF_LIARS_LIAR_H

#include <cjson/cJSON.h>
#include <stdint.h>

/* What a lie may look at and change. */
struct liar {
    const char *database, *ledger; /* from "open" and from the first agent of "spawn" */
    const char *run;
    int64_t batch;
    int lied;       /* about the present batch */
    cJSON *message; /* what is at hand, see struct lie */
    cJSON *request; /* the last "spawn" */
};

#define LIAR_PASS_ON_CHANGED 2 /* of before_spawn: `message` was changed */

/* One way to misbehave. Each member but the first two may be NULL. */
struct lie {
    const char *name, *what;
    /* `message` is the request for the batch; 1: answered already, do not pass on */
    int (*before_spawn)(struct liar *liar);
    int (*before_finish)(struct liar *liar);
    /* `message` is the answer, which the harness has not got yet */
    void (*change_spawned)(struct liar *liar);
    void (*change_refused)(struct liar *liar); /* `message` is an error */
    void (*after_finished)(struct liar *liar);
    void (*after_opened)(struct liar *liar);
    const char *finished_sql, *opened_sql; /* for lies_tamper, instead of the last two */
};

/* lies_tamper - do this to the store; ?1 is the run, ?2 the batch */
void lies_tamper(const struct liar *liar, const char *sql);

/* ---- fault_lies.c ---- */
int fault_lies_unmark(struct liar *liar);
void fault_lies_stop_spawner(struct liar *liar);
void fault_lies_keep_daemon(struct liar *liar);
void fault_lies_finish_refused(struct liar *liar);

extern const struct lie lies[]; /* ends with an empty name */

#endif
