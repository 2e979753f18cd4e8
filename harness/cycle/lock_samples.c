/* What do looks at locks come to: for how long was each held, and by whom?
 *
 * What two neighbouring looks saw is taken to have lasted between them, what only one of them saw
 * for half of that time. */
#include "cycle/lock_samples.h"

#include <string.h>

void lock_samples_reset(struct lock_samples *samples, size_t database_count)
{
    samples->database_count = database_count;
    memset(samples->times, 0, sizeof samples->times);
    samples->holder_count = samples->span_count = samples->open_count = 0;
    samples->looks = samples->lost = 0;
    samples->last_ns = 0;
}

void lock_samples_begin(struct lock_samples *samples, enum locks_stage stage)
{
    samples->stage = stage;
    samples->last_ns = 0;
    samples->open_count = 0;
    memset(samples->last_held, 0, sizeof samples->last_held);
}

/* Later it may be gone, and its parent too. */
static size_t holder_of(struct lock_samples *samples, pid_t pid)
{
    struct process_view view;
    struct lock_holder *holder;
    size_t at = 0;
    while (at < samples->holder_count && samples->holders[at].pid != pid)
        at++;
    if (at < samples->holder_count || at == LOCK_SAMPLES_MOST_HOLDERS)
        return at;
    holder = &samples->holders[samples->holder_count++];
    *holder = (struct lock_holder){.pid = pid};
    if (pid <= 0 || !process_look(&view, pid))
        return at;
    memcpy(holder->name, view.name, sizeof holder->name);
    for (size_t i = 0; i < LOCK_SAMPLES_ANCESTORS && view.parent > 1; i++) {
        holder->above[i] = view.parent;
        if (!process_look(&view, view.parent))
            break;
    }
    return at;
}

static struct lock_span *open_span(struct lock_samples *samples, const struct lock_entry *entry,
                                   enum locks_kind kind)
{
    for (size_t i = 0; i < samples->open_count; i++) {
        struct lock_span *span = &samples->spans[samples->open[i]];
        if (span->database == entry->database && span->kind == kind &&
            samples->holders[span->holder].pid == entry->pid)
            return span;
    }
    return NULL;
}

static void begin_span(struct lock_samples *samples, const struct lock_entry *entry,
                       enum locks_kind kind, int64_t now_ns)
{
    size_t holder = holder_of(samples, entry->pid);
    if (holder == LOCK_SAMPLES_MOST_HOLDERS || samples->span_count == LOCK_SAMPLES_MOST_SPANS ||
        samples->open_count == sizeof samples->open / sizeof samples->open[0]) {
        samples->lost++;
        return;
    }
    samples->open[samples->open_count++] = samples->span_count;
    samples->spans[samples->span_count++] =
        (struct lock_span){.database = entry->database,
                           .holder = holder,
                           .kind = kind,
                           .stage = samples->stage,
                           .before_ns = samples->last_ns ? samples->last_ns : now_ns,
                           .first_ns = now_ns,
                           .last_ns = now_ns,
                           .open = true};
}

/* Spans that this look did not see have ended. */
static void end_spans(struct lock_samples *samples, int64_t now_ns)
{
    size_t kept = 0;
    for (size_t i = 0; i < samples->open_count; i++) {
        struct lock_span *span = &samples->spans[samples->open[i]];
        if (span->last_ns == now_ns) {
            samples->open[kept++] = samples->open[i];
            continue;
        }
        span->after_ns = now_ns;
        span->open = false;
    }
    samples->open_count = kept;
}

static void add_spans(struct lock_samples *samples, const struct lock_table *table, int64_t now_ns)
{
    static const enum locks_kind followed[] = {LOCKS_WRITE, LOCKS_READ};
    for (size_t i = 0; i < table->count; i++) {
        const struct lock_entry *entry = &table->entries[i];
        for (size_t k = 0; k < sizeof followed / sizeof followed[0]; k++) {
            struct lock_span *span;
            if (!(entry->held & 1u << followed[k]))
                continue;
            span = open_span(samples, entry, followed[k]);
            if (span)
                span->last_ns = now_ns;
            else
                begin_span(samples, entry, followed[k], now_ns);
        }
    }
    end_spans(samples, now_ns);
}

static void add_times(struct lock_times *times, unsigned before, unsigned now, int64_t between_ns)
{
    times->looks++;
    if (between_ns < 0) /* the first look */
        return;
    times->span_ns += between_ns;
    if (between_ns > times->gap_ns)
        times->gap_ns = between_ns;
    for (int kind = 0; kind < LOCKS_KINDS; kind++)
        times->held_ns[kind] += between_ns * ((before >> kind & 1) + (now >> kind & 1)) / 2;
}

void lock_samples_add(struct lock_samples *samples, const struct lock_table *table, int64_t now_ns)
{
    unsigned held[LOCKS_MOST_DATABASES] = {0};
    for (size_t i = 0; i < table->count; i++)
        held[table->entries[i].database] |= table->entries[i].held;
    for (size_t i = 0; i < samples->database_count; i++)
        add_times(&samples->times[samples->stage][i], samples->last_held[i], held[i],
                  samples->last_ns ? now_ns - samples->last_ns : -1);
    memcpy(samples->last_held, held, sizeof held);
    add_spans(samples, table, now_ns);
    samples->looks++;
    samples->lost += table->cut;
    samples->last_ns = now_ns;
}

void lock_samples_end(struct lock_samples *samples, int64_t now_ns)
{
    for (size_t i = 0; i < samples->open_count; i++)
        samples->spans[samples->open[i]].after_ns = now_ns;
    samples->open_count = 0;
    samples->last_ns = 0;
}
