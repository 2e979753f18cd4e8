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
    int lied; /* about the present batch */
};

/* One way to misbehave. Each member may be NULL. */
struct lie {
    const char *name, *what;
    int (*before_spawn)(struct liar *liar,
                        const cJSON *request); /* 1: answered already, do not pass on */
    void (*change_spawned)(struct liar *liar, cJSON *answer);
    void (*after_finished)(struct liar *liar, cJSON *answer); /* before the harness is told */
    int (*before_finish)(struct liar *liar,
                         const cJSON *spawned); /* the batch's request; 1: answered already */
    void (*after_opened)(struct liar *liar);    /* before the harness is told */
};

extern const struct lie lies[]; /* ends with an empty name */

#endif
