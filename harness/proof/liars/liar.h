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
    cJSON *request; /* the last "spawn" */
};

/* One way to misbehave. Each member but the first two may be NULL. */
struct lie {
    const char *name, *what;
    /* `message` is the request for the batch; 1: answered already, do not pass on */
    int (*before_spawn)(struct liar *liar);
    int (*before_finish)(struct liar *liar);
    void (*change_open)(struct liar *liar); /* `message` is "open", passed on as it is left */
    /* `message` is the request for the batch, which is passed on as it is left */
    void (*change_request)(struct liar *liar);
    /* `message` is the request to finish it, likewise */
    void (*change_finish)(struct liar *liar);
    /* `message` is the answer, which the harness has not got yet */
    void (*change_spawned)(struct liar *liar);
    void (*change_refused)(struct liar *liar); /* `message` is an error */
    void (*after_finished)(struct liar *liar);
    void (*after_opened)(struct liar *liar);
    void (*at_start)(void);     /* before anything else; of every batch */
    void (*before_close)(void); /* "close" was read and is not passed on yet */
    void (*after_closed)(struct liar *liar);
    /* for lies_tamper, before the last three */
    const char *finished_sql, *opened_sql, *closed_sql;
};

/* lies_tamper - do this to the store, one statement after the other; ?1 is the run, ?2 the batch */
void lies_tamper(const struct liar *liar, const char *sql);

/* left.c: what runs on. A child, a zombie, a daemon; three generations, each in a session of its
 * own; a helper that was there when the subject was opened leaves a process for each call, or opens
 * 40 descriptors; ten descriptors of the subject itself */
void left_child(struct liar *liar);
void left_zombie(struct liar *liar);
void left_descriptors(struct liar *liar);
void left_start_helper(void);
void left_by_helper(struct liar *liar);
void left_open_in_helper(struct liar *liar);
void left_daemon(struct liar *liar);
void left_generations(void);

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
void lies_cut_the_prompt(struct liar *liar);
void lies_give_a_key_twice(struct liar *liar);
void lies_finish_early(struct liar *liar);

/* lies_hold.c: subjects that hold the harness up, or stop it */
void lies_leave_group(struct liar *liar);
void lies_be_deaf(struct liar *liar);
void lies_stop_itself(struct liar *liar);
void lies_stop_the_harness(struct liar *liar);

/* lies_clock.c: about the times of an answer */
void lies_tell_realtime(struct liar *liar);
void lies_tell_microseconds(struct liar *liar);
void lies_tell_wall_seconds(struct liar *liar);
void lies_tell_since_the_request(struct liar *liar);
void lies_tell_never(struct liar *liar);
void lies_tell_fractions(struct liar *liar);

/* lies_process.c: about the processes of agents */
void lies_start_twice(struct liar *liar);
void lies_start_a_stranger(struct liar *liar);
void lies_exchange_processes(struct liar *liar);
void lies_tell_self(struct liar *liar);
void lies_tell_first_of_all(struct liar *liar);
void lies_tell_stranger(struct liar *liar);
void lies_tell_older(struct liar *liar);
void lies_start_another(struct liar *liar);
void lies_add_an_argument(struct liar *liar);
void lies_change_the_folder(struct liar *liar);
void lies_change_the_environment(struct liar *liar);

/* Say something on the socket of the agents, in our own name: the kernel tells no other. */
void lies_tell_witness(const struct liar *liar, const char *message);

/* lies_witness.c: an agent that cannot report, and somebody who does it in its place; one that is
 * told to have ended by a signal */
void lies_mute(struct liar *liar);
void lies_say_ready(struct liar *liar);
void lies_say_done(struct liar *liar);
void lies_call_it_killed(struct liar *liar);

/* lies_disk.c: about what is on the disk when something is acknowledged */
void lies_never_sync(void);
void lies_ask_normal(struct liar *liar);

/* fault_lies.c: about what faults leave */
void fault_lies_unmark(struct liar *liar);
void fault_lies_stop_spawner(struct liar *liar);
void fault_lies_keep_daemon(struct liar *liar);
void fault_lies_finish_refused(struct liar *liar);

extern const struct lie lies[]; /* ends with an empty name */

#endif
