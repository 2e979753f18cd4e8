/* audit_internal - what the files of audit/ share; nobody else includes it. */
#ifndef AUDIT_AUDIT_INTERNAL_H
#define AUDIT_AUDIT_INTERNAL_H

#include <sqlite3.h>

#include "audit/audit.h"
#include "base/guard.h"
#include "base/sha256.h"
#include "base/text.h"

/* Names for the rows of rules.c. */
enum rule_id {
    RULE_PLAN,
    RULE_RAN,
    RULE_STRAY,
    RULE_PID,
    RULE_RECORDED,
    RULE_PHANTOM,
    RULE_STATE,
    RULE_CONSENSUS,
    RULE_VOTES,
    RULE_OUTPUT,
    RULE_END,
    RULE_INTEGRITY_CHECK,
    RULE_FOREIGN_KEYS,
    RULE_READABLE,
    RULE_TIMES,
    RULE_ANSWERS,
    RULE_CHILDREN,
    RULE_DESCRIPTORS,
    RULE_TRIPWIRE,
    RULE_APPLICATION,
    RULE_VERSION,
    RULE_SCHEMA,
    RULE_WAL,
    RULE_TWICE,
    RULE_BLOAT,
    RULE_SETTINGS,
    RULE_UNDECIDED,
    RULE_ALIVE,
    RULE_TOLD,
    RULE_RECOVERS,
    RULE_OWN,
    RULE_BELONGS,
    RULE_PROGRAM,
    RULE_BEGAN,
    RULE_INDEX_AGREES,
    RULE_FULL_TEXT,
    RULE_RTREE,
    RULE_SCHEMA_ASKED,
    RULE_FILE_END,
    RULE_SHARED_KEPT
};

#define AUDIT_MOST_PER_CYCLE 1000 /* findings of one cycle; what is beyond says nothing new */

/* audit_process_told - "process 17", or "no process" where none was told that can be one */
#define AUDIT_PROCESS_BYTES 24
const char *audit_process_told(char out[AUDIT_PROCESS_BYTES], pid_t pid);

void finding_add(struct audit_findings *findings, enum rule_id rule, const char *agent,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * answers.c: what became of the rules of one database
 *
 * answers_broken    - so many rows, pages, ... of an object break it; the sentence names object,
 *                     count and first examples by itself, for it becomes the finding as it is:
 *                     "1000 rows of table 'c' have no parent in 'p': rowid 1, 2, 3, ..."
 * answers_unchecked - one object was not checked, and why: "it needs function f() of the
 *                     application"
 * answers_left_out  - the same by choice: told, and no reason for exit status 5
 * answers_held      - to be called when a rule has been asked and at least one object was checked;
 *                     nothing where it is broken
 * answers_tell      - each broken answer as a finding. The one place where those of a database are
 *                     made: a check of a database only answers.
 *
 * object : table, index or file; "" or NULL: the whole
 */
void answers_broken(struct audit_answers *answers, enum rule_id rule, const char *object,
                    int64_t count, const char *format, ...) __attribute__((format(printf, 5, 6)));
void answers_unchecked(struct audit_answers *answers, enum rule_id rule, const char *object,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
void answers_left_out(struct audit_answers *answers, enum rule_id rule, const char *object,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
void answers_held(struct audit_answers *answers, enum rule_id rule);
void answers_tell(const struct audit_answers *answers, struct audit_findings *findings);

/* What a rule says of one object, put together: count, and the first examples. Zero is none. */
struct answers_sample {
    int64_t count;
    struct text examples; /* the first three, whole, "; " between them */
};

void answers_sample_add(struct answers_sample *sample, const char *example);
void answers_sample_release(struct answers_sample *sample);

/* database.c: a read-only connection that waits 5 s for locks; NULL after a finding. The guard is
 * set, and lives as long as it. */
sqlite3 *database_open(struct guard *guard, struct audit_findings *findings, const char *path);

/* database.c: the one number a question has for an answer, 0 when it has none */
int64_t database_ask(sqlite3 *database, const char *sql);

/* contract.c: does it say that it is a store of the contract, and is it one?
 *
 * expected : it is somebody's who should keep one, so names of tables say so, too */
bool contract_claims(sqlite3 *database, bool expected);
void contract_note(struct audit_report *report, sqlite3 *database);
void contract_check(struct audit_answers *answers, sqlite3 *database);

/* file_kind.c: WAL mode, fileformat2.html 1.3.3, read version */
bool file_says_wal(const char *path);

/* properties.c: what is told of any database: its settings; free pages, journal, foreign keys. The
 * notes last: they may use up what is left of the guard's budget */
void properties_read(struct audit_report *report, sqlite3 *database);
void properties_note(struct audit_report *report, sqlite3 *database);

/* contradictions.c: do the rows of a store speak against each other? `watched` as in struct
 * audit_options */
void contradictions_check(struct audit_answers *answers, sqlite3 *database, bool watched);

/* file_end.c: does the file of a store end with its last page? */
void file_end_check(struct audit_answers *answers, sqlite3 *database);

/* wal.c: does what lies in the -wal of this database come back? Opens no connection. */
void wal_check(struct audit_answers *answers, const char *path);

/* The tables of a spawner's store. */
enum store_table { TABLE_EXECUTIONS, TABLE_CONSENSUS, TABLE_OUTPUTS, TABLE_COUNT };

/* The rows of one batch. `digest` adds up the digests of the rows of a table,
 * so their order does not matter. */
struct batch_rows {
    int64_t rows[TABLE_COUNT];
    uint64_t digest[TABLE_COUNT];
    enum {
        BATCH_STRANGE, /* nobody asked for it here */
        BATCH_BROKEN,  /* its cycle broke off: it may still become something else */
        BATCH_SEALED   /* its rows are final */
    } state;
};

/* What a store says of itself, and does not change while it is used. */
struct tripwires {
    int64_t application_id, user_version, auto_vacuum, page_bytes;
    char journal_mode[16];
};

/* What was told of an agent before its cycle broke off. */
struct open_agent {
    char id[32];
    char *name; /* own */
    bool acknowledged;
    int64_t pid, ready_ns;
};

/* A cycle whose rows are not final: its subject went away, or was refused something. */
struct open_batch {
    size_t index, agent_count;
    struct open_agent *agents; /* own */
    bool subject_ended, finish_sent, finished;
};

/* What the look between "spawned" and "finish" met; kept until that cycle has been audited. */
struct early_look {
    size_t index, count; /* of the cycle, and its agents; no agents: nobody looked */
    bool *missing;       /* per agent: called ready, and it had no row; own */
    int64_t *alive_ns;   /* per agent: its process ran at this time; 0: not known; own */
};

struct audit_watch {
    const char *path, *run_label;
    const char *folder;                  /* for copies; NULL: $TMPDIR or /tmp */
    sqlite3 *database;                   /* NULL while at rest */
    struct guard guard;                  /* of that connection */
    sqlite3_stmt *of_batch[TABLE_COUNT]; /* the rows of one batch, by key */
    sqlite3_stmt *since[TABLE_COUNT];    /* the rows that came after a mark and are not of it */
    sqlite3_stmt *newest[TABLE_COUNT];   /* the mark after this audit; both NULL without rowids */
    int64_t marks[TABLE_COUNT];          /* greatest rowid of the last audit; -1: none yet */
    int64_t data_version;                /* of the last audit; -1: none on this connection */
    bool known;                          /* `first` is */
    struct tripwires first;
    struct batch_rows *batches; /* by index in the plan, from first_batch on */
    size_t first_batch, batch_count, batch_room;
    /* rows from before our time, as the first full audit met them;
     * state BATCH_SEALED once it has */
    struct batch_rows others;
    struct open_batch *open; /* to be settled when their subject has opened the store again */
    size_t open_count;
    int64_t strangers; /* rows of batches that nobody asked for, so far */
    struct early_look early;
    bool locked;    /* the store was, when it was to be read in this cycle */
    bool waited;    /* ... once: whoever does that keeps it locked, nobody waits as long again */
    bool closed;    /* its subject has been; what is looked at is a copy */
    bool forgiving; /* what was acknowledged may be lost, the newest first */
};

/* records_prepare - the statements of this connection; -1 after a finding */
int records_prepare(struct audit_watch *watch, struct audit_findings *findings);

/* records_each - take() for each row of a batch in one table, sealed_columns first; -1 after a
 * finding. How many rows there were is added to `rows`. */
int records_each(struct audit_watch *watch, struct audit_findings *findings, enum store_table table,
                 size_t index, void (*take)(void *context, sqlite3_stmt *row), void *context,
                 int64_t *rows);

/* records_ordinal - whose row it is: its id is, byte by byte, that of an agent; -1: nobody's */
long records_ordinal(const struct cycle *cycle, sqlite3_stmt *row);

/*
 * records_check - the rows of one cycle against its answer, and nothing else since the last one
 *
 * Read by key and by rowid: flat cost. Seals the batch.
 */
void records_check(struct audit_watch *watch, struct audit_findings *findings,
                   const struct scenario *scenario, const struct cycle *cycle,
                   struct audit_result *result);

/* records_skip - a cycle that broke off: its rows are left alone, now and later */
void records_skip(struct audit_watch *watch, const struct cycle *cycle);

/* records_of_batch - the rows of a batch in one table, sealed_columns first; NULL: the database
 * says why. The caller finalizes it. */
sqlite3_stmt *records_of_batch(struct audit_watch *watch, enum store_table table, size_t index);

/* When a row is looked at, and what is known of when its agent ended. */
struct row_moment {
    bool finished;        /* "finished" has been answered; else only "spawned" */
    int64_t alive_ns;     /* its process still ran then; 0: not known */
    int64_t looked_at_ns; /* now */
};

/* row.c: one row of agent_executions, with sealed_columns first, against what was answered */
void row_check(struct audit_findings *findings, const struct cycle *cycle,
               const struct cycle_agent *agent, sqlite3_stmt *row, const struct row_moment *moment);

/* row.c: the answer's times lie between our request and our reading of it */
bool row_clock_is_ours(const struct cycle *cycle);

/* row.c: its process runs, and is no zombie; false where /proc tells nothing */
bool row_process_runs(const struct cycle_agent *agent);

/* early.c: what a look between "spawned" and "finish" found missing is told when the cycle is over;
 * rows[i]: how many rows agent i has now; NULL: not known */
void early_tell(struct audit_watch *watch, struct audit_findings *findings,
                const struct cycle *cycle, const int rows[]);
int64_t early_alive_ns(const struct audit_watch *watch, const struct cycle *cycle, size_t ordinal);
void early_release(struct audit_watch *watch);

/* What one output or answer says, without its bytes. Zero says nothing. */
struct vote {
    bool cast;  /* there is one, and it is not empty */
    bool plain; /* UTF-8 without NUL: everybody reads it alike */
    char whole[SHA256_HEX_BYTES];
    uint64_t until_nul, letters; /* digests: up to the first NUL; of what is ASCII alone */
};

/* What all of them come to. */
struct votes_result {
    bool agreed;
    int64_t votes;         /* for the most frequent one */
    const struct vote *by; /* one of these */
};

/* votes.c: the rule of reference/PROTOCOL.md, "finish"
 *
 * votes_take   - what an output says
 * votes_plain  - what a text says as it stands
 * votes_count  - of so many agents; those that cast none count as agents all the same
 * votes_differ - a text is not this vote, not even as a program might write it down
 */
void votes_take(struct vote *out, const void *output, size_t count);
void votes_plain(struct vote *out, const void *text, size_t count);
struct votes_result votes_count(const struct vote votes[], size_t count, size_t agents);
bool votes_differ(const struct vote *vote, const struct vote *text);

/* What the store holds of one agent's output. Zero: nothing was looked at. */
struct output_look {
    int rows;
    bool cut;   /* its row says that it is */
    bool unmet; /* not what 'expect' says, though the agent attests it: its own doing */
    bool held;  /* against what the agent said of it, or 'expect' */
    struct vote vote;
};

/* outputs.c: one stored output against the agent's own word and against 'expect'; of our own agent
 * also against the prompt */
void output_check(struct audit_findings *findings, const struct cycle_agent *agent,
                  const char *prompt, const void *bytes, size_t count, const char *error,
                  struct output_look *out);

/* outputs.c: the ends that were told against those that the agents told themselves */
void outputs_check_ends(struct audit_findings *findings, const struct cycle *cycle);

/* settle.c
 *
 * settle_later   - keep what was told of a cycle that broke off
 * settle_open    - hold what the store says now against it, of those whose subject ended, or of all
 * settle_release - give all back */
void settle_later(struct audit_watch *watch, const struct cycle *cycle);
void settle_open(struct audit_watch *watch, struct audit_findings *findings, bool consensus,
                 bool all, struct audit_result *result);
void settle_release(struct audit_watch *watch);

/* records_rest - gives back the statements of the connection, which is about to be closed */
void records_rest(struct audit_watch *watch);

/* sealed.c: is every row of every batch still what it was? Reads all; returns how many rows. Those
 * of starts that are gone are added to `lost`. */
int64_t sealed_check(struct audit_watch *watch, struct audit_findings *findings, int64_t *lost);

/* sealed.c: columns of each table, the first one being the batch */
extern const char *const sealed_columns[TABLE_COUNT];
extern const char *const sealed_tables[TABLE_COUNT];

/* sealed.c: counts the row a statement over sealed_columns stands at into its batch */
void sealed_add(struct batch_rows *batch, enum store_table table, sqlite3_stmt *row);

/* sealed.c: the batch of this index in the plan; makes room for it. NULL before our time. */
struct batch_rows *sealed_batch(struct audit_watch *watch, size_t index);

/* store_watch.c: no copy could be taken of this database: is it the database itself that is wrong,
 * and not a lock, a right or the space that keeps us from it? */
bool copy_accuses(const char *database, const struct err *why);

/* store_watch.c: a connection to what stands there now; false after a finding, or when it cannot be
 * read for now (watch->locked) */
bool watch_meet(struct audit_watch *watch, struct audit_findings *findings);

/* store_watch.c: a look into the store; fills what concerns it in result, which is zero before */
void watch_look(struct audit_watch *watch, struct audit_findings *findings,
                const struct scenario *scenario, const struct cycle *cycle, enum audit_level level,
                struct audit_result *result);

/* closed.c: a message about a copy names the file that it was made of */
void name_original(struct err *err, const char *copy, const char *original);

#endif
