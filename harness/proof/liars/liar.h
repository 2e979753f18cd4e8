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
    const char *database, *witness; /* from "open" and from the first agent of "spawn" */
    const char *run;
    int64_t batch;
    int lied;       /* about the present batch */
    cJSON *message; /* what is at hand, see struct lie */
};

/* One way to misbehave. Each member but the first two may be NULL. */
struct lie {
    const char *name, *what;
    /* `message` is the request for the batch; 1: answered already, do not pass on */
    int (*before_spawn)(struct liar *liar);
    int (*before_finish)(struct liar *liar);
    /* `message` is the request for the batch, which is passed on as it is left */
    void (*change_request)(struct liar *liar);
    /* `message` is the answer, which the harness has not got yet */
    void (*change_spawned)(struct liar *liar);
    void (*after_finished)(struct liar *liar);
    void (*after_opened)(struct liar *liar);
    void (*after_closed)(struct liar *liar);
    /* for lies_tamper, before the last three */
    const char *finished_sql, *opened_sql, *closed_sql;
};

/* lies_tamper - do this to the store, one statement after the other; ?1 is the run, ?2 the batch */
void lies_tamper(const struct liar *liar, const char *sql);

/* lies_channel.c: about answering at all */
int lies_hang(struct liar *liar);
int lies_die(struct liar *liar);
int lies_kill_self(struct liar *liar);
void lies_die_recorded(struct liar *liar);
int lies_talk_nonsense(struct liar *liar);
int lies_close_stdout(struct liar *liar);
int lies_flood(struct liar *liar);

/* lies_store.c: about when rows are there, and what "finished" says */
void lies_put_rows_aside(struct liar *liar);
int lies_record_late(struct liar *liar);
int lies_keep_a_copy(struct liar *liar);
void lies_put_back_the_copy(struct liar *liar);
void lies_call_it_split(struct liar *liar);
void lies_name_another_batch(struct liar *liar);
void lies_about_exit(struct liar *liar);
void lies_invent_an_end(struct liar *liar);
void lies_give_a_key_twice(struct liar *liar);
void lies_finish_early(struct liar *liar);

/* lies_process.c: about the processes of agents */
void lies_exchange_processes(struct liar *liar);
void lies_tell_self(struct liar *liar);
void lies_tell_first_of_all(struct liar *liar);
void lies_tell_stranger(struct liar *liar);
void lies_tell_older(struct liar *liar);
void lies_start_another(struct liar *liar);

extern const struct lie lies[]; /* ends with an empty name */

#endif
