/* What is a shared database now, and what was it at the look before? Its file by stat(2), its rows
 * on a private copy. */
#include "runner/shared_state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"

#define MOST_STEPS  256 /* kinds of growth that are kept of one database */
#define MOST_TABLES 3   /* that are told one by one */
#define MOST_KINDS  3   /* of growth of one table, likewise */

/* ---- the file ---- */

void shared_stat(struct shared_file *out, const char *path)
{
    char *wal = text_format("%s-wal", path);
    struct statx about;
    struct stat beside;
    *out = (struct shared_file){0};
    if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &about) == 0 &&
        S_ISREG(about.stx_mode)) {
        *out = (struct shared_file){.there = true,
                                    .device = makedev(about.stx_dev_major, about.stx_dev_minor),
                                    .inode = about.stx_ino,
                                    .bytes = (int64_t)about.stx_size};
        if (about.stx_mask & STATX_BTIME)
            out->born_ns = about.stx_btime.tv_sec * CLOCK_NS_PER_S + about.stx_btime.tv_nsec;
        if (stat(wal, &beside) == 0)
            out->wal_bytes = beside.st_size;
    }
    free(wal);
}

bool shared_is_same(const struct shared_file *a, const struct shared_file *b)
{
    return a->there == b->there && a->device == b->device && a->inode == b->inode &&
           a->born_ns == b->born_ns;
}

/* ---- a file that has gone ---- */

static int open_beside(const char *path, const char *ending)
{
    char *name = text_format("%s%s", path, ending);
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    free(name);
    return fd;
}

void shared_hold(struct shared_held *held, const char *path)
{
    if (held->database >= 0)
        close(held->database);
    if (held->wal >= 0)
        close(held->wal);
    held->database = path ? open_beside(path, "") : -1;
    held->wal = path ? open_beside(path, "-wal") : -1;
}

static int copy_held(int fd, const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name), block[65536];
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    off_t at = 0;
    ssize_t got;
    while (to >= 0 && (got = pread(fd, block, sizeof block, at)) > 0 &&
           text_write(to, block, (size_t)got) == 0)
        at += got;
    free(path);
    if (to >= 0)
        close(to);
    return to >= 0 && got == 0 ? 0 : -1;
}

int shared_recall(struct audit_content *out, const struct shared_held *held, const char *folder)
{
    char *place = text_format("%s/gone-XXXXXX", folder), *path;
    struct copy copy;
    struct err ignored = {0};
    int rc = held->database >= 0 && mkdtemp(place) ? 0 : -1;
    path = text_format("%s/db", place);
    copy_own(&copy, path);
    *out = (struct audit_content){0};
    if (rc == 0 && (copy_held(held->database, place, "db") < 0 ||
                    (held->wal >= 0 && copy_held(held->wal, place, "db-wal") < 0) ||
                    audit_content_read(out, &copy, &ignored) < 0)) {
        audit_content_release(out);
        rc = -1;
    }
    if (held->database >= 0)
        text_remove_tree(place);
    copy_release(&copy);
    free(path);
    free(place);
    return rc;
}

/* ---- what is in it ---- */

static void answer(struct shared_look *look, enum audit_answer answer, const char *why)
{
    look->answer = answer;
    free(look->why);
    look->why = xstrdup(why);
    text_make_printable(look->why);
}

static const char *first_unchecked(const struct audit_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++)
        if (answers->items[i].answer == AUDIT_NOT_CHECKED && !answers->items[i].by_choice)
            return answers->items[i].why;
    return "nothing of it could be asked";
}

/* The one rule that every database has: without it nothing is known. */
static bool is_read(const struct audit_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++) {
        enum audit_answer whole;
        if (strcmp(answers->items[i].rule->name, "integrity-check-is-ok") == 0)
            return audit_answer_of(answers, answers->items[i].rule, &whole) &&
                   whole != AUDIT_NOT_CHECKED;
    }
    return false;
}

static void look_at_copy(struct shared_look *out, const struct copy *copy,
                         const struct audit_options *options, bool was_database)
{
    struct audit_report report = {0};
    struct err err = {0};
    int rc = audit_copied(&out->findings, &report, copy, options, &err);
    if (out->findings.count)
        answer(out, AUDIT_BROKEN, out->findings.items[0].text);
    else if (rc < 0 && was_database &&
             (err.code == ERR_FORMAT || report.kind == AUDIT_ENCRYPTED)) /* it could be read */
        answer(out, AUDIT_BROKEN, err.text);
    else if (rc < 0 || !is_read(&report.answers))
        answer(out, AUDIT_NOT_CHECKED, rc < 0 ? err.text : first_unchecked(&report.answers));
    else
        answer(out, AUDIT_HELD, "");
    if (rc < 0 && out->answer == AUDIT_BROKEN && !out->findings.count)
        audit_find(&out->findings, "store-can-be-read", "", "%s", err.text);
    out->has_content = rc == 0 && audit_content_read(&out->content, copy, &err) == 0;
    out->answers = report.answers; /* handed over */
    report.answers = (struct audit_answers){0};
    audit_report_release(&report);
}

static void look_once(struct shared_look *out, const char *path, bool was_database,
                      const struct audit_options *options)
{
    struct copy copy;
    struct err err = {0};
    if (copy_take(&copy, path, &options->copy, &err) < 0) {
        answer(out, AUDIT_NOT_CHECKED, err.text);
        return;
    }
    look_at_copy(out, &copy, options, was_database);
    out->locked_ns += copy.locked_ns;
    copy_release(&copy);
}

void shared_look(struct shared_look *out, const char *path, bool was_database, const char *folder,
                 bool whole)
{
    const struct audit_options options = {.copy = {.folder = folder, .never_lock = !whole},
                                          .deep =
                                              whole ? AUDIT_DEEP_BELOW_100_MB : AUDIT_DEEP_NEVER};
    int64_t from_ns = clock_now_ns(), locked_ns;
    *out = (struct shared_look){0};
    look_once(out, path, was_database, &options);
    if (out->answer == AUDIT_BROKEN) {
        locked_ns = out->locked_ns;
        shared_look_release(out);
        look_once(out, path, was_database, &options);
        out->locked_ns += locked_ns;
    }
    out->spent_ns = clock_now_ns() - from_ns;
}

void shared_look_release(struct shared_look *look)
{
    free(look->why);
    audit_findings_release(&look->findings);
    audit_answers_release(&look->answers);
    audit_content_release(&look->content);
    *look = (struct shared_look){0};
}

/* ---- rows ---- */

int64_t shared_rows(const struct audit_content *content)
{
    int64_t sum = 0;
    for (size_t i = 0; i < content->count; i++)
        sum += content->tables[i].rows > 0 ? content->tables[i].rows : 0;
    return sum;
}

/* -1: it could not be counted; 0 of a table that is not there */
static int64_t rows_of(const struct audit_content *content, const char *table)
{
    for (size_t i = 0; content && i < content->count; i++)
        if (strcmp(content->tables[i].name, table) == 0)
            return content->tables[i].rows;
    return content && content->more ? -1 : 0;
}

size_t shared_compare(struct text *out, const struct audit_content *before,
                      const struct audit_content *now)
{
    size_t fewer = 0;
    for (size_t i = 0; i < before->count; i++) {
        const struct audit_table *table = &before->tables[i];
        int64_t rows = rows_of(now, table->name);
        if (rows < 0 || rows >= table->rows)
            continue;
        if (fewer++ < MOST_TABLES)
            text_addf(out, "%s%lld rows of %s where %lld were", fewer > 1 ? "; " : "",
                      (long long)rows, table->name, (long long)table->rows);
    }
    if (fewer > MOST_TABLES)
        text_addf(out, "; %zu more tables", fewer - MOST_TABLES);
    return fewer;
}

/* ---- rows per cycle ---- */

static void step(struct shared_steps *steps, const char *table, int64_t rows,
                 const struct cycle *cycle)
{
    for (size_t i = 0; i < steps->count; i++) {
        struct shared_step *known = &steps->items[i];
        if (known->rows == rows && known->arm == cycle->item.arm &&
            known->value == cycle->item.value && strcmp(known->table, table) == 0) {
            known->cycles++;
            return;
        }
    }
    if (steps->count == MOST_STEPS)
        return;
    steps->items = xrealloc(steps->items, steps->count + 1, sizeof *steps->items);
    steps->items[steps->count++] = (struct shared_step){.table = xstrdup(table),
                                                        .arm = cycle->item.arm,
                                                        .value = cycle->item.value,
                                                        .rows = rows,
                                                        .cycles = 1,
                                                        .first = cycle->index};
}

void shared_grew(struct shared_steps *steps, const struct audit_content *before,
                 const struct audit_content *now, const struct cycle *cycle)
{
    for (size_t i = 0; i < now->count; i++) {
        const struct audit_table *table = &now->tables[i];
        int64_t earlier = rows_of(before, table->name);
        if (table->rows >= 0 && earlier >= 0)
            step(steps, table->name, table->rows - earlier, cycle);
    }
}

static bool is_of(const struct shared_step *step, const struct shared_step *other)
{
    return step->arm == other->arm && step->value == other->value &&
           strcmp(step->table, other->table) == 0;
}

/* All kinds of growth of the table, arm and size of items[at], which is the first of them. */
static void tell_group(struct text *out, const struct shared_steps *steps, size_t at,
                       const struct scenario *scenario)
{
    const struct shared_step *first = &steps->items[at];
    bool told[MOST_STEPS] = {0};
    int64_t kinds = 0;
    for (size_t i = at; i < steps->count; i++)
        kinds += is_of(&steps->items[i], first);
    if (kinds < 2)
        return;
    text_addf(out, "%srows of %s per cycle", out->length ? "; " : "", first->table);
    if (scenario->arm_count > 1)
        text_addf(out, " of %s", scenario->arms[first->arm].name);
    if (scenario->value_count > 1)
        text_addf(out, " with %zu agents", scenario->values[first->value]);
    for (int kind = 0; kind < MOST_KINDS && kind < kinds; kind++) {
        size_t most = steps->count;
        for (size_t i = at; i < steps->count; i++)
            if (!told[i] && is_of(&steps->items[i], first) &&
                (most == steps->count || steps->items[i].cycles > steps->items[most].cycles))
                most = i;
        told[most] = true;
        text_addf(out, "%s %+lld in %lld", kind ? "," : ":", (long long)steps->items[most].rows,
                  (long long)steps->items[most].cycles);
        if (steps->items[most].cycles == 1)
            text_addf(out, " (cycle %zu)", steps->items[most].first);
    }
    if (kinds > MOST_KINDS)
        text_addf(out, ", and %lld other numbers", (long long)(kinds - MOST_KINDS));
}

void shared_steps_told(struct text *out, const struct shared_steps *steps,
                       const struct scenario *scenario)
{
    for (size_t i = 0; i < steps->count; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first = first && !is_of(&steps->items[k], &steps->items[i]);
        if (first)
            tell_group(out, steps, i, scenario);
    }
}

void shared_steps_release(struct shared_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        free(steps->items[i].table);
    free(steps->items);
    *steps = (struct shared_steps){0};
}
