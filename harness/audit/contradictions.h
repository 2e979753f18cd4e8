/* contradictions - what a store may say against itself, and the batch that is being read.
 *
 * Only contradictions.c, contradictions_batch.c and contradictions_votes.c include it.
 */
#ifndef AUDIT_CONTRADICTIONS_H
#define AUDIT_CONTRADICTIONS_H

#include "audit/audit_internal.h"

/* A row of the table in contradictions.c. */
enum contradiction {
    SAYS_ID,
    SAYS_RUN,
    SAYS_BATCH,
    SAYS_NAME,
    SAYS_STATE,
    SAYS_READY,
    SAYS_OUTCOME,
    SAYS_STARTING,
    SAYS_RUNNING,
    SAYS_COMPLETED,
    SAYS_REASON,
    SAYS_INTERRUPTED,
    SAYS_PID,
    SAYS_ONE_PROCESS,
    SAYS_ORDER,
    SAYS_CLOCK,
    SAYS_GAP,
    SAYS_NO_BATCH,
    SAYS_OUTPUTS,
    SAYS_OUTPUT_BATCH,
    SAYS_OUTPUT_EARLY,
    SAYS_AGENTS,
    SAYS_VERDICT,
    SAYS_DECIDED,
    SAYS_ANSWER,
    SAYS_MAJORITY,
    SAYS_VOTES,
    SAYS_ANOTHER,
    SAYS_TWICE,
    SAYS_TWO_RUNS,
    SAYS
};

/* An agent of the batch that is being read. */
struct member {
    int64_t ordinal, pid, spawned_ns, ready_ns; /* 0: NULL */
    bool completed;
    bool may_abstain; /* its row says that it ended badly, or that its output is cut */
    bool prompted;    /* its output shows that it lived until it got its prompt */
    bool voted;       /* `vote` is that of its output */
    struct vote vote;
};

/* The rows of one batch, by the ids of its agents. */
struct batch_read {
    char *run; /* own; may hold a NUL */
    int run_bytes;
    int64_t number;
    struct member *members; /* own; as many as are remembered */
    size_t count, room;
    int64_t rows, completed, greatest; /* greatest ordinal */
    int64_t outputs, newest_ns;        /* when the last of its agents was ready */
    bool open; /* an agent did not come to its end; where none was tried, it may have no row */
};

/* The consensus row of a batch. */
struct decision_read {
    char verdict[16];
    bool answered;
    struct vote answer;
    int64_t votes, agents, decided_ns;
};

/* One look at a store. */
struct contradictions {
    sqlite3 *database;
    sqlite3_stmt *outputs, *decision;
    bool watched;
    int failed; /* SQLite's code, when not all rows could be read; else 0 */
    struct answers_sample said[SAYS];
    struct batch_read batch;
    int64_t rows, starts, last_start_ns; /* of agents, by their table and by its index */
    bool some_twice;                     /* two began at the same time */
    int64_t too_large;                   /* batches that were not remembered */
    /* Outputs of one run in which our own agent names another than the row does. They count when
     * its agents name more than one: with an id that was inherited, all name the same. */
    struct answers_sample misnamed;
    char named[32];
    bool named_several;
    struct text last; /* the output before, and what it votes for: see take_vote */
    size_t last_head;
    struct vote last_vote;
};

#define CONTRADICTIONS_CLOCK_MOST                                                                  \
    INT64_C(4000000000000000000)          /* 127 years after a boot, or in 2096 */
#define CONTRADICTIONS_MOST_MEMBERS 65536 /* of a batch; some 10 MB */

/* contradictions_say - one more of a kind; the format tells which row: "12.0 of run '1.1'" */
void contradictions_say(struct contradictions *at, enum contradiction what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* contradictions_id - "BATCH.ORDINAL" in ASCII digits, none too many: its two numbers */
bool contradictions_id(const char *id, size_t length, int64_t *batch, int64_t *ordinal);

/* contradictions_batch.c: the rows of the batch are all there: its outputs, its verdict, what they
 * come to. The batch is empty then. */
void contradictions_end_batch(struct contradictions *at);

/* contradictions_batch.c: no batch of this run follows */
void contradictions_end_run(struct contradictions *at);

/* contradictions_votes.c: does the decision follow from the votes, however those that may abstain
 * did? `most`: what the outputs come to when all vote. Leaves its members in another order. */
bool contradictions_follows(struct batch_read *batch, const struct decision_read *decision,
                            int64_t *most);

#endif
