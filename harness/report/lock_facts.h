/* lock_facts - who held the locks of databases during a run, gathered and worded; private to this
 * room.
 *
 * Normal use: lock_facts_load, then lock_terminal, chapter_locks and lock_json show the same;
 * lock_facts_release. A run whose locks were not looked at has none, and nothing is told.
 */
#ifndef REPORT_LOCK_FACTS_H
#define REPORT_LOCK_FACTS_H

#include "report/facts.h"

#define LOCK_FACTS_MOST_ROWS 64 /* databases of an arm and exchange */
#define LOCK_FACTS_HOLDS     3  /* that are shown of each, and as many agents that fared ill */

/* One database of one arm during one exchange. Its strings are its own. */
struct lock_row {
    struct results_locks sums;
    struct results_hold writes[LOCK_FACTS_HOLDS], reads[LOCK_FACTS_HOLDS], waits[LOCK_FACTS_HOLDS];
    size_t write_count, read_count, wait_count;
};

struct lock_facts {
    struct results_locks_cost cost; /* cycles 0: they were not looked at */
    struct lock_row rows[LOCK_FACTS_MOST_ROWS];
    size_t count, more; /* more: rows beyond */
};

/* lock_facts_load - errors: those of the store; the caller frees *out with lock_facts_release */
int lock_facts_load(struct lock_facts **out, struct results *store, int64_t run, struct err *err);
void lock_facts_release(struct lock_facts *locks); /* accepts NULL */

/* lock_terminal - a few lines for the summary, nothing where nothing was looked at */
int lock_terminal(struct text *out, struct results *store, const struct facts *facts,
                  struct err *err);

/* lock_json - an object, NULL where nothing was looked at; the caller frees it */
int lock_json(cJSON **out, struct results *store, const struct facts *facts, struct err *err);

/* lock_cost_words - "2480 looks, one each 506 us (longest gap 9.9 ms), 28.1 us of CPU time a look:
 * 5.5 % of one CPU"
 * lock_hold_words - "at most 12.3 ms: agent sharer 7.3, pid 4242, in cycle 7"
 * lock_wait_words - "sharer 7.4 failed in cycle 7: for 35.1 ms of its 46.0 ms others held the
 *                   write lock, longest by agent sharer 7.3, pid 4242"
 *
 * add : words_plain or words_markdown, for the words of others */
void lock_cost_words(struct text *out, const struct lock_facts *locks);
void lock_hold_words(struct text *out, const struct results_hold *hold,
                     void (*add)(struct text *out, const char *data));
void lock_wait_words(struct text *out, const struct results_hold *wait,
                     void (*add)(struct text *out, const char *data));

/* lock_share - of the time that was looked at; NaN when there is none */
double lock_share(const struct lock_row *row, enum locks_kind kind);

#endif
