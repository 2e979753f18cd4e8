/* Who held which lock for which share of the time, and how is that said? Everything is sampled, and
 * called so. */
#include "report/lock_facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "report/exporters.h"
#include "report/words.h"

/* ---- loading ---- */

static int take_row(void *context, const struct results_locks *sums)
{
    struct lock_facts *locks = context;
    struct lock_row *row = &locks->rows[locks->count];
    if (locks->count == LOCK_FACTS_MOST_ROWS) {
        locks->more++;
        return 0;
    }
    locks->count++;
    row->sums = *sums;
    row->sums.database = xstrdup(sums->database);
    row->sums.stage = xstrdup(sums->stage);
    row->sums.match = xstrdup(sums->match);
    return 0;
}

static struct lock_row *row_of(struct lock_facts *locks, const struct results_hold *hold)
{
    for (size_t i = 0; i < locks->count; i++) {
        const struct results_locks *sums = &locks->rows[i].sums;
        if (sums->arm == hold->arm && strcmp(sums->database, hold->database) == 0 &&
            strcmp(sums->stage, hold->stage) == 0)
            return &locks->rows[i];
    }
    return NULL;
}

static int take_hold(void *context, const struct results_hold *hold)
{
    struct lock_row *row = row_of(context, hold);
    struct results_hold *list = NULL;
    size_t *count = NULL;
    if (row) {
        bool waits = *hold->fate, reads = strcmp(hold->kind, "read") == 0;
        list = waits ? row->waits : reads ? row->reads : row->writes;
        count = waits ? &row->wait_count : reads ? &row->read_count : &row->write_count;
    }
    if (!row || *count == LOCK_FACTS_HOLDS)
        return 0;
    list += (*count)++;
    *list = *hold;
    list->database = list->stage = list->kind = "";
    list->who = xstrdup(hold->who);
    list->agent = xstrdup(hold->agent);
    list->name = xstrdup(hold->name);
    list->fate = xstrdup(hold->fate);
    list->waiter = xstrdup(hold->waiter);
    list->waiter_name = xstrdup(hold->waiter_name);
    return 0;
}

int lock_facts_load(struct lock_facts **out, struct results *store, int64_t run, struct err *err)
{
    struct lock_facts *locks = xcalloc(1, sizeof *locks);
    *out = locks;
    return results_locks_cost(&locks->cost, store, run, err) < 0 ||
                   results_each_locks(store, run, take_row, locks, err) < 0 ||
                   results_each_hold(store, run, "write", LOCK_FACTS_HOLDS, take_hold, locks, err) <
                       0 ||
                   results_each_hold(store, run, "read", LOCK_FACTS_HOLDS, take_hold, locks, err) <
                       0 ||
                   results_each_hold(store, run, NULL, LOCK_FACTS_HOLDS, take_hold, locks, err) < 0
               ? -1
               : 0;
}

static void free_words(const char *words)
{
    free((char *)(uintptr_t)words);
}

static void release_holds(struct results_hold holds[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free_words(holds[i].who);
        free_words(holds[i].agent);
        free_words(holds[i].name);
        free_words(holds[i].fate);
        free_words(holds[i].waiter);
        free_words(holds[i].waiter_name);
    }
}

void lock_facts_release(struct lock_facts *locks)
{
    for (size_t i = 0; locks && i < locks->count; i++) {
        struct lock_row *row = &locks->rows[i];
        free_words(row->sums.database);
        free_words(row->sums.stage);
        free_words(row->sums.match);
        release_holds(row->writes, row->write_count);
        release_holds(row->reads, row->read_count);
        release_holds(row->waits, row->wait_count);
    }
    free(locks);
}

/* ---- words ---- */

double lock_share(const struct lock_row *row, enum locks_kind kind)
{
    return row->sums.span_ns > 0 ? (double)row->sums.held_ns[kind] / (double)row->sums.span_ns
                                 : NAN;
}

void lock_cost_words(struct text *out, const struct lock_facts *locks)
{
    const struct results_locks_cost *cost = &locks->cost;
    char each[TEXT_DURATION_BYTES], gap[TEXT_DURATION_BYTES], spent[TEXT_DURATION_BYTES];
    char share[WORDS_BYTES];
    int64_t gap_ns = 0;
    for (size_t i = 0; i < locks->count; i++)
        gap_ns = locks->rows[i].sums.gap_ns > gap_ns ? locks->rows[i].sums.gap_ns : gap_ns;
    text_addf(out, "%lld looks", (long long)cost->looks);
    if (cost->looks > 0 && cost->span_ns > 0)
        text_addf(out,
                  ", one each %s (longest gap %s), %s of CPU time a look: %s of one CPU meanwhile",
                  text_duration(each, (double)cost->span_ns / (double)cost->looks),
                  text_duration(gap, (double)gap_ns),
                  text_duration(spent, (double)cost->spent_ns / (double)cost->looks),
                  words_share(share, (double)cost->spent_ns / (double)cost->span_ns));
    if (cost->lost > 0)
        text_addf(out, "; %lld looks or holds were more than could be kept", (long long)cost->lost);
}

static void add_holder(struct text *out, const struct results_hold *hold,
                       void (*add)(struct text *out, const char *data))
{
    static const struct {
        const char *who, *words;
    } known[] = {{"agent", "agent "},
                 {"subject", "the subject "},
                 {"below", "a process of the subject "},
                 {"run", "another process of this run "},
                 {"ours", "spawnbench itself "},
                 {"stranger", "a stranger "},
                 {"no_pid", "somebody whose process the kernel does not tell"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(hold->who, known[i].who) == 0)
            text_add(out, known[i].words);
    add(out, hold->name);
    if (*hold->agent) {
        text_add(out, " ");
        add(out, hold->agent);
    }
    if (hold->pid > 0)
        text_addf(out, "%spid %lld", *hold->name ? ", " : "", (long long)hold->pid);
}

void lock_hold_words(struct text *out, const struct results_hold *hold,
                     void (*add)(struct text *out, const char *data))
{
    char most[TEXT_DURATION_BYTES];
    text_addf(out, "at most %s: ", text_duration(most, (double)hold->most_ns));
    add_holder(out, hold, add);
    text_addf(out, ", in cycle %lld", (long long)hold->cycle);
}

void lock_wait_words(struct text *out, const struct results_hold *wait,
                     void (*add)(struct text *out, const char *data))
{
    char held[TEXT_DURATION_BYTES], span[TEXT_DURATION_BYTES];
    const char *fate = strcmp(wait->fate, "slowest") == 0       ? "was the slowest"
                       : strcmp(wait->fate, "timed_out") == 0   ? "timed out"
                       : strcmp(wait->fate, "ended_badly") == 0 ? "ended badly"
                                                                : "failed";
    add(out, wait->waiter_name);
    text_add(out, " ");
    add(out, wait->waiter);
    text_addf(out, " %s in cycle %lld: for about %s of its %s others held the write lock, ", fate,
              (long long)wait->cycle, text_duration(held, (double)wait->held_ns),
              text_duration(span, (double)wait->span_ns));
    text_add(out, "longest by ");
    add_holder(out, wait, add);
}

/* ---- the summary ---- */

static void add_part(struct text *out, const struct lock_row *row, enum locks_kind kind,
                     const char *words)
{
    char share[WORDS_BYTES];
    if (row->sums.held_ns[kind] > 0)
        text_addf(out, ", %s %s", words, words_share(share, lock_share(row, kind)));
}

/* Any lock at all: the database of another arm is looked at too */
static bool is_held(const struct lock_row *row)
{
    bool held = false;
    for (int kind = 0; kind < LOCKS_KINDS; kind++)
        held = held || row->sums.held_ns[kind] > 0;
    return held;
}

static void add_row(struct text *out, const struct facts *facts, const struct lock_row *row)
{
    const struct results_locks *sums = &row->sums;
    bool starting = strcmp(sums->stage, "start") == 0;
    char share[WORDS_BYTES];
    if (sums->arm < 0 || sums->arm >= (int)facts->arm_count ||
        (!starting && !sums->held_ns[LOCKS_WRITE]) || (*sums->database && !is_held(row)))
        return;
    words_plainf(out, "    %s, %s while agents %-s: ", facts->arms[sums->arm].name,
                 *sums->database ? sums->database : "its store", starting ? "started" : "finished");
    if (strcmp(sums->match, "none") == 0) {
        text_add(out, "not known, a lock of our own was not found in /proc/locks\n");
        return;
    }
    text_addf(out, "write lock held %s of the time",
              words_share(share, lock_share(row, LOCKS_WRITE)));
    add_part(out, row, LOCKS_EXCLUSIVE, "EXCLUSIVE");
    add_part(out, row, LOCKS_PENDING, "a writer waited for readers");
    add_part(out, row, LOCKS_CHECKPOINT, "checkpoint");
    add_part(out, row, LOCKS_RECOVER, "recovery");
    add_part(out, row, LOCKS_READ, "readers");
    text_add(out, "\n");
    if (row->write_count) {
        text_add(out, "      longest ");
        lock_hold_words(out, &row->writes[0], words_plain);
        text_add(out, "\n");
    }
    if (row->wait_count && *sums->database) {
        text_add(out, "      ");
        lock_wait_words(out, &row->waits[0], words_plain);
        text_add(out, "\n");
    }
}

int lock_terminal(struct text *out, struct results *store, const struct facts *facts,
                  struct err *err)
{
    struct lock_facts *locks;
    int rc = lock_facts_load(&locks, store, facts->run.id, err);
    if (rc == 0 && locks->cost.cycles) {
        text_add(out, "  locks    sampled: ");
        lock_cost_words(out, locks);
        text_add(out, "\n");
        for (size_t i = 0; i < locks->count; i++)
            add_row(out, facts, &locks->rows[i]);
        if (locks->more)
            text_addf(out, "    ... and %zu more databases\n", locks->more);
    }
    lock_facts_release(locks);
    return rc;
}

/* ---- for programs ---- */

static cJSON *hold_json(const struct results_hold *hold)
{
    cJSON *row = cJSON_CreateObject();
    json_add_int64(row, "cycle", hold->cycle);
    if (*hold->fate) {
        export_put_text(row, "waiter", hold->waiter);
        export_put_text(row, "waiter_name", hold->waiter_name);
        export_put_text(row, "fate", hold->fate);
        json_add_int64(row, "span_ns", hold->span_ns);
        json_add_int64(row, "held_ns", hold->held_ns);
    }
    export_put_text(row, "who", hold->who);
    export_put_text(row, "agent", hold->agent);
    export_put_text(row, "name", hold->name);
    json_add_int64(row, "pid", hold->pid);
    json_add_int64(row, "seen_ns", hold->seen_ns);
    json_add_int64(row, "most_ns", hold->most_ns);
    return row;
}

static void put_holds(cJSON *row, const char *key, const struct results_hold holds[], size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(row, key);
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(list, hold_json(&holds[i]));
}

static cJSON *row_json(const struct facts *facts, const struct lock_row *row)
{
    const struct results_locks *sums = &row->sums;
    bool known = sums->arm >= 0 && sums->arm < (int)facts->arm_count;
    cJSON *object = cJSON_CreateObject(), *held;
    export_put_text(object, "arm", known ? facts->arms[sums->arm].name : "");
    export_put_text(object, "database", sums->database);
    export_put_text(object, "stage", sums->stage);
    export_put_text(object, "match", sums->match);
    json_add_int64(object, "cycles", sums->cycles);
    json_add_int64(object, "looks", sums->looks);
    json_add_int64(object, "span_ns", sums->span_ns);
    json_add_int64(object, "gap_ns", sums->gap_ns);
    json_add_int64(object, "holds", sums->holds);
    held = cJSON_AddObjectToObject(object, "held_ns");
    for (int kind = 0; kind < LOCKS_KINDS; kind++)
        json_add_int64(held, locks_kind_names[kind], sums->held_ns[kind]);
    put_holds(object, "longest", row->writes, row->write_count);
    put_holds(object, "longest_readers", row->reads, row->read_count);
    put_holds(object, "waits", row->waits, row->wait_count);
    return object;
}

int lock_json(cJSON **out, struct results *store, const struct facts *facts, struct err *err)
{
    struct lock_facts *locks;
    int rc = lock_facts_load(&locks, store, facts->run.id, err);
    *out = NULL;
    if (rc == 0 && locks->cost.cycles) {
        cJSON *object = cJSON_CreateObject(), *list;
        json_add_int64(object, "cycles", locks->cost.cycles);
        json_add_int64(object, "looks", locks->cost.looks);
        json_add_int64(object, "span_ns", locks->cost.span_ns);
        json_add_int64(object, "spent_ns", locks->cost.spent_ns);
        json_add_int64(object, "lost", locks->cost.lost);
        list = cJSON_AddArrayToObject(object, "databases");
        for (size_t i = 0; i < locks->count; i++)
            cJSON_AddItemToArray(list, row_json(facts, &locks->rows[i]));
        *out = object;
    }
    lock_facts_release(locks);
    return rc;
}
