/* audit - did everybody tell the truth? Plan, answer, store and witness are compared.
 *
 * Normal use: one audit_watch per store, audit_watch_spawned in the middle of each cycle,
 * audit_watch_cycle after it at the level that schedule.h says, audit_watch_rest before the subject
 * closes, then audit_watch_closed for the files as it left them. Each broken rule is a finding:
 * data, not an error. The rules are the table in rules.c.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/copy.h"
#include "base/err.h"
#include "cycle/cycle.h"

/* What a broken rule means. */
enum audit_severity {
    AUDIT_INTEGRITY, /* data lost, doubled, invented, contradictory or corrupt */
    /* the subject died, hung, lied about times, left processes or descriptors behind */
    AUDIT_CONDUCT
};

extern const char *const audit_severity_names[]; /* "integrity", "conduct" */

/* How deep one audit looks. What answer, witness and /proc tell is looked at by each of them. */
enum audit_level {
    AUDIT_NONE,  /* into no store: the subject keeps none, is down, or it cannot be read */
    AUDIT_QUICK, /* tripwires, and the rows of this cycle alone: flat cost */
    AUDIT_FULL,  /* that, and every page and row of the store: its cost grows with the store */
    AUDIT_END,   /* audit_database: the file as its subject left it */
    AUDIT_COPY   /* a copy against its original, while both are known: audit --self-test alone */
};

extern const char *const audit_level_names[]; /* "none", "quick", "full", "end", "copy" */

/* A rule: one row of the table. */
struct audit_rule {
    const char *name;     /* "every-acknowledged-start-is-recorded" */
    const char *question; /* what is asked */
    const char *how;      /* how it is answered */
    const char *why;      /* why it matters */
    enum audit_severity severity;
    bool needs_store; /* skipped for subjects with records:false */
    bool needs_witness;
};

extern const struct audit_rule audit_rules[];
extern const size_t audit_rule_count;

/* audit_rule_level - the least level at which a rule is answered; AUDIT_NONE: without the store */
enum audit_level audit_rule_level(const struct audit_rule *rule);

/* audit_rule_attest - the check of /proc that answers a rule, as its bit 0 .. CYCLE_ATTESTS - 1;
 * -1: something else answers it */
int audit_rule_attest(const struct audit_rule *rule);

/* What became of a rule in one database. */
enum audit_answer { AUDIT_HELD, AUDIT_BROKEN, AUDIT_NOT_CHECKED, AUDIT_ANSWERS };

extern const char *const audit_answer_names[]; /* "held", "broken", "not_checked" */

/* One rule, asked of one object of a database. */
struct audit_told {
    const struct audit_rule *rule;
    enum audit_answer answer;
    int64_t count;  /* broken: rows, pages, ... that break it */
    char *object;   /* table, index or file that it was asked of; "": the whole; own */
    char *why;      /* broken: a sentence with count and first examples, whole; not checked: what
                    * keeps us from it; held: ""; own */
    bool by_choice; /* not checked because nobody asked for it: no reason for exit status 5 */
};

/* Zero is empty. A rule that is not named was not asked at all. */
struct audit_answers {
    struct audit_told *items;
    size_t count, room;
};

void audit_answers_release(struct audit_answers *answers);

/*
 * audit_answer_of - what became of one rule, all its objects together
 *
 * Broken when one of its objects is; else held when one could be checked (a row that is held says
 * that: for all that could be); else not checked, by choice or not.
 *
 * returns : false: it was not asked
 */
bool audit_answer_of(const struct audit_answers *answers, const struct audit_rule *rule,
                     enum audit_answer *out);

/* audit_answers_unchecked - a rule that was asked could be checked of no object: exit status 5 */
bool audit_answers_unchecked(const struct audit_answers *answers);

struct audit_finding {
    const struct audit_rule *rule;
    char agent[32]; /* id, or "" */
    char *text;     /* what was expected and what was there; own */
};

/* Zero is empty. */
struct audit_findings {
    struct audit_finding *items;
    size_t count, room;
};

/* audit_find - a finding of somebody who has looked elsewhere: "failure-is-told" and
 * "recovers-from-faults" are for harness/proof/faults. An unknown rule is the caller's bug. */
void audit_find(struct audit_findings *findings, const char *rule, const char *agent,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

void audit_findings_clear(struct audit_findings *findings);
void audit_findings_release(struct audit_findings *findings);
size_t audit_findings_of(const struct audit_findings *findings, enum audit_severity severity);

/* What a file is. */
enum audit_kind {
    AUDIT_UNKNOWN,
    AUDIT_DATABASE,  /* of SQLite */
    AUDIT_EMPTY,     /* no byte: an empty database to SQLite */
    AUDIT_ENCRYPTED, /* encrypted, or random bytes */
    AUDIT_DAMAGED,   /* of SQLite, but its header is destroyed: a finding */
    AUDIT_FOREIGN,   /* something else */
    AUDIT_KINDS
};

extern const char *const audit_kind_names[]; /* "unknown", "database", "empty", ... */

/*
 * audit_kind_look - what lies there, by its first bytes
 *
 * returns : 0 a database of SQLite
 * errors  : ERR_FORMAT there is nothing, or something else (AUDIT_FOREIGN), or AUDIT_DAMAGED;
 *           ERR_UNFIT AUDIT_EMPTY, AUDIT_ENCRYPTED, or no right to read it
 * danger  : opens and closes the file: not where this process has it open in SQLite
 */
int audit_kind_look(enum audit_kind *kind, const char *path, struct err *err);

/* audit_kind_may_recover - a -journal or -wal lies beside it, from which SQLite may restore it */
bool audit_kind_may_recover(const char *path);

/* Something that is no finding and worth to be known. */
struct audit_note {
    const char *about; /* "free-pages", "journal", "foreign-keys", "schema" */
    char *text;        /* own */
};

/* Zero is empty. */
struct audit_notes {
    struct audit_note *items;
    size_t count, room;
};

void audit_note(struct audit_notes *notes, const char *about, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void audit_notes_release(struct audit_notes *notes);

/* audit_application_name - who writes that application_id, "" when not known */
const char *audit_application_name(int64_t id);

/* A schema that a database is asked to have. Opaque. */
struct audit_schema;

/*
 * audit_schema_load - CREATE statements from a file, as 'sqlite3 DATABASE .schema' prints them
 *
 * errors : ERR_FORMAT with file and line: another statement, or one that SQLite does not take;
 *          ERR_SYSTEM
 */
int audit_schema_load(struct audit_schema **out, const char *path, struct err *err);

void audit_schema_free(struct audit_schema *schema); /* accepts NULL */

/* What a look at one database said. audit_report_release gives back what is its own. */
struct audit_report {
    enum audit_kind kind;
    bool is_database;
    bool is_wal;   /* says its header */
    bool is_store; /* of a spawner, says its application_id: reference/store/schema.sql */
    int64_t bytes, pages, free_pages, page_bytes;
    int64_t auto_vacuum; /* 0 none, 1 full, 2 incremental */
    int64_t user_version, application_id;
    char encoding[16]; /* "UTF-8", ... */
    struct audit_notes notes;
    int64_t agents, ready, completed, consensus_runs, outputs;
    int64_t spent_ns;
    char journal_mode[16];
    char engine[96]; /* SQLite version and source id that did the audit */
    enum copy_way way;
    int64_t locked_ns, copied_ns; /* for the copy; 0: none was taken */
    struct copy_recovery recovery;
    struct audit_answers answers;
    bool unchecked; /* a whole kind could not be checked: exit status 5 */
};

void audit_report_release(struct audit_report *report);

/* Are indexes compared with their tables, value by value? */
enum audit_deep { AUDIT_DEEP_BELOW_100_MB, AUDIT_DEEP_NEVER, AUDIT_DEEP_ALWAYS };

/* How a database is looked at. Zero is the usual way; all borrowed. */
struct audit_options {
    struct copy_how copy;
    bool in_place; /* the original itself, read-only, for what is too large to be copied */
    bool store;    /* a subject's: a store of the contract also without its application_id */
    enum audit_deep deep;
    bool watched; /* its rows were held against their answers while they came: what that decides
                     better is not asked again (harness/audit/INTEGRITY.md 2.3) */
    const struct audit_schema *schema; /* that it must have; NULL */
    void (*progress)(void *context, const char *what, int64_t done, int64_t all);
    void *context;
};

/* What the audit after one cycle came to. Plain value. */
struct audit_result {
    enum audit_level level;            /* that ran; never more than was asked for */
    int64_t rows;                      /* of the store that were read one by one */
    int64_t database_bytes, wal_bytes; /* of the files, 0 when there is none */
    int64_t page_bytes;                /* 0: not known */
    /* of agents whose cycle broke off, settled by it: open outcomes,
     * and those that turned out to be done */
    int64_t undecided, present;
    int64_t lost;              /* agents that were acknowledged and are not there after a restart */
    int64_t spent_ns, full_ns; /* all of it; what only a full one does */
    bool locked;        /* the store was to be read in this cycle, and stayed locked: not checked */
    int64_t contents;   /* ready agents whose output was held against what is known of it */
    int64_t unmet;      /* agents that printed by their own word what 'expect' does not say */
    size_t first_unmet; /* one of them, by its place in the cycle */
};

/* One store, followed from cycle to cycle: a read-only connection of our own, what was seen before,
 * and a digest of the rows of every batch. Opaque. */
struct audit_watch;

/*
 * audit_watch_new - follow the store of a run from its next cycle on
 *
 * database  : borrowed until audit_watch_free; nothing is opened before the first audit
 * run_label : the run the subject was opened with; borrowed likewise
 */
struct audit_watch *audit_watch_new(const char *database, const char *run_label);

/* audit_watch_place - in which folder copies of the store may lie for a moment, borrowed until
 * audit_watch_free; else in $TMPDIR or /tmp */
void audit_watch_place(struct audit_watch *watch, const char *folder);

/*
 * audit_watch_cycle - hold one cycle against its answer, its witnesses and its store
 *
 * The connection stays open, but no read transaction does, so that a checkpoint waits for us no
 * longer than one audit. After a cycle that broke off it is closed, and a full audit looks at a
 * copy that is recovered as the next writer would (audit_watch_fallen): the next subject shall meet
 * the files as if we had not been there.
 *
 * A store that stays locked for longer than is waited for (5 s; once it was, 0.1 s) is not checked,
 * and no finding: what this cycle left in it is settled by audit_watch_closed.
 *
 * watch  : NULL for a subject that keeps no store
 * level  : AUDIT_QUICK or AUDIT_FULL. Quick ones find what is lost, doubled, invented or wrong
 *          among the rows of this cycle and of those that came since the last one. Full ones find
 *          what has become of earlier rows, of pages and of indexes.
 * danger : while the connection is open, this process must not open and close the files of the
 *          store in another way (that drops SQLite's locks, howtocorrupt.html 2.2)
 */
void audit_watch_cycle(struct audit_watch *watch, struct audit_findings *findings,
                       const struct scenario *scenario, const struct cycle *cycle,
                       enum audit_level level, struct audit_result *result);

/*
 * audit_watch_spawned - "spawned" has been answered and "finish" not yet been asked: is each start
 * that was acknowledged in the store, as it was told, and nothing of its end?
 *
 * What is missing is told by audit_watch_cycle after this cycle, which knows whether it came late.
 * Read by key: flat cost. Nothing is looked at in a cycle that broke. watch, danger: as there
 */
void audit_watch_spawned(struct audit_watch *watch, struct audit_findings *findings,
                         const struct cycle *cycle);

/*
 * audit_watch_reopened - the subject was started anew and has opened its store: what became of the
 * cycles that broke off?
 *
 * Either outcome of what was in flight is right, half of one is not. From here on it is final, as
 * the rows of any other cycle are. Cycles that broke off are looked at by the next
 * audit_watch_cycle too; this one needs no cycle, and includes those that were only hurt
 * (CYCLE_HURT).
 *
 * watch, level : as there
 */
void audit_watch_reopened(struct audit_watch *watch, struct audit_findings *findings,
                          const struct scenario *scenario, enum audit_level level,
                          struct audit_result *result);

/*
 * audit_watch_fallen - the subject is gone without having closed its store, and nobody has opened
 * it since: a full audit of a copy that is recovered as its next writer would
 *
 * What it cannot copy it does not check (result->locked).
 * danger : no other connection of this process may be open to the store
 */
void audit_watch_fallen(struct audit_watch *watch, struct audit_findings *findings,
                        const struct scenario *scenario, struct audit_result *result);

/*
 * audit_watch_put_off - this cycle ended with the subject and its disk, which nobody may look at
 * before it has been started anew: audit_watch_cycle of all but the store. The watch is at rest.
 *
 * audit_watch_forgive - with durability "normal" a power loss may take what was acknowledged, the
 * newest first: from now on audit_watch_reopened counts it, and finds only what is there though
 * something older is not
 */
void audit_watch_put_off(struct audit_watch *watch, struct audit_findings *findings,
                         const struct scenario *scenario, const struct cycle *cycle,
                         struct audit_result *result);
void audit_watch_forgive(struct audit_watch *watch);

/*
 * audit_watch_closed - the subject has closed its store and is gone: audit_database of what it
 * left, and is each row of each batch still what it was?
 *
 * watch    : at rest (audit_watch_rest); NULL: no cycle of it was followed
 * database : copied with its -wal and -journal and not touched
 * folder   : where the copy may lie meanwhile
 * report   : filled as far as the file could be read. Where a lock, rights or the lack of space
 *            kept us from that, "store-can-be-read" is not checked; else it is broken
 * errors   : ERR_SYSTEM the copy cannot be made
 */
int audit_watch_closed(struct audit_watch *watch, struct audit_findings *findings,
                       struct audit_report *report, const char *database, const char *folder,
                       const struct scenario *scenario, struct err *err);

/* audit_watch_rest - close the connection until the next cycle; accepts NULL. To be called before
 * the subject is asked to close, or its last connection could not tidy the store. */
void audit_watch_rest(struct audit_watch *watch);

void audit_watch_free(struct audit_watch *watch); /* accepts NULL */

/*
 * audit_cycle - one full audit of one cycle, without a before and an after
 *
 * Opens the store through a connection of its own, read-only, and closes it again.
 *
 * database  : NULL for a subject that keeps none
 * run_label : the run the subject was opened with
 * spent_ns  : what the audit cost; may be NULL
 */
void audit_cycle(struct audit_findings *findings, const struct scenario *scenario,
                 const struct cycle *cycle, const char *database, const char *run_label,
                 int64_t *spent_ns);

/*
 * audit_database - everything that can be said of one file without plan, answer and witness
 *
 * It is looked at on a private copy, so that nothing of it changes and nobody waits.
 *
 * report : filled as far as it could be read, also after an error; audit_report_release it
 * errors : ERR_SYSTEM (cannot be opened), ERR_UNFIT (not checked: a lock or missing rights keep us
 *          from reading it, or there is no space for a copy), ERR_FORMAT (no database of SQLite)
 */
int audit_database(struct audit_findings *findings, struct audit_report *report, const char *path,
                   const struct audit_options *options, struct err *err);

/* audit_copied - the same of a copy, which may be recovered and changed. errors: ERR_FORMAT,
 * ERR_UNFIT */
int audit_copied(struct audit_findings *findings, struct audit_report *report,
                 const struct copy *copy, const struct audit_options *options, struct err *err);

/* audit_own - the same of a subject's file that is the caller's alone and may be changed */
int audit_own(struct audit_findings *findings, struct audit_report *report, const char *path,
              struct err *err);

#endif
