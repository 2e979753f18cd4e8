/* What becomes of the databases that agents share, from before the first cycle to the end?
 *
 * After each cycle stat(2) tells whether a file vanished, was replaced or grew; what is in it is
 * read on a copy, as often as a share of the measured time allows, all of them together. A
 * descriptor of each is kept, so that what was in a file that has gone can still be told.
 *
 * What was broken before the run, or may have been, is told and charged to nobody. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "runner/shared_known.h"

#define MOST_KNOWN 1000 /* names in one sitting */
#define MOST_HELD  64   /* whose descriptors are kept, two each */
#define MOST_TOLD  8 /* sentences of one database that are kept; what is beyond says nothing new */

#define RULE "shared-databases-keep-their-rows"

/* ---- which ---- */

/* NULL: there are too many already */
static struct known *known_of(struct shared_watch *watch, const struct shared_path *path)
{
    struct known *made;
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->items[i].name, path->name) == 0)
            return &watch->items[i];
    if (watch->count == MOST_KNOWN) {
        watch->left_out++;
        return NULL;
    }
    watch->items = xrealloc(watch->items, watch->count + 1, sizeof *watch->items);
    made = &watch->items[watch->count++];
    *made = (struct known){
        .path = xstrdup(path->path), .name = xstrdup(path->name), .fleeting = path->fleeting};
    made->held = (struct shared_held){-1, -1};
    return made;
}

/* ---- what is told, and what is found ---- */

/* "after cycle 7 (arm par)" */
static void say_when(struct text *out, const struct runner *runner)
{
    const struct shared_watch *watch = runner->shared;
    if (watch->cycle)
        text_addf(out, "after cycle %zu (arm %s)", watch->cycle->index,
                  runner->scenario->arms[watch->cycle->item.arm].name);
    else
        text_add(out, watch->ending ? "at the end" : "before the first cycle");
}

static void tell(const struct runner *runner, struct known *known, const char *what)
{
    if (known->told_count++ >= MOST_TOLD)
        return;
    say_when(&known->told, runner);
    text_addf(&known->told, ": %s", what);
}

/* Of the run as a whole: who of several arms did it is not known. */
static void find(struct runner *runner, const struct known *known, const char *rule,
                 const char *what)
{
    struct text when = {0};
    say_when(&when, runner);
    audit_find(&runner->shared->findings, rule, "", "database '%s' that agents share, %s: %s",
               known->name, when.data, what);
    text_release(&when);
}

/* Of a file that has gone we may still have a descriptor: what was in it at its end. */
static void recall(const struct runner *runner, struct known *known)
{
    struct audit_content last;
    if (shared_recall(&last, &known->held, runner->folder) < 0)
        return;
    audit_content_release(&known->content);
    known->content = last;
    known->has_content = true;
}

/* What was there is gone: with rows that is a loss, whoever did it. */
static void take_absence(struct runner *runner, struct known *known, const char *how)
{
    int64_t rows = known->has_content ? shared_rows(&known->content) : 0;
    char *what = text_format("%s, and with it %lld rows of %zu tables", how, (long long)rows,
                             known->content.count);
    known->lost = rows && known->ground == GROUND_SOUND;
    if (known->lost)
        find(runner, known, RULE, what);
    tell(runner, known, rows ? what : how);
    free(what);
    audit_content_release(&known->content);
    known->has_content = false;
}

/* Fewer rows in another file are lost; in the same one somebody may have deleted them. */
static void take_content(struct runner *runner, struct known *known, bool replaced)
{
    struct shared_watch *watch = runner->shared;
    struct text what = {0};
    size_t tables = 0;
    bool made;
    if (replaced)
        text_add(&what, "it was replaced by another file: ");
    if (known->has_content)
        tables = shared_compare(&what, &known->content, &known->look.content);
    known->lost = replaced && tables && known->ground == GROUND_SOUND;
    if (known->lost)
        find(runner, known, RULE, what.data);
    if (!tables)
        text_add(&what, replaced ? "it has no fewer rows" : "");
    else if (!replaced)
        text_add(&what, " (deleted, or lost)");
    if (what.length && known->has_content)
        tell(runner, known, what.data);
    text_release(&what);
    made = known->fleeting || !known->file.there; /* in this cycle */
    if (watch->cycle && !replaced &&
        (made || (known->has_content && known->content_at + 1 == watch->cycles)))
        shared_grew(&known->steps, made ? NULL : &known->content, &known->look.content,
                    watch->cycle);
}

static void take_answer(struct runner *runner, struct known *known)
{
    bool before = !runner->shared->cycle && !runner->shared->ending;
    if (before && known->look.answer != AUDIT_HELD)
        known->ground = known->look.answer == AUDIT_BROKEN ? GROUND_BROKEN : GROUND_UNKNOWN;
    if (known->look.answer == AUDIT_HELD && known->ground == GROUND_UNKNOWN)
        known->ground = GROUND_SOUND; /* it is now, so it was */
    if (known->look.answer != AUDIT_BROKEN || known->reported || known->ground != GROUND_SOUND)
        return;
    known->reported = true;
    for (size_t i = 0; i < known->look.findings.count; i++)
        find(runner, known, known->look.findings.items[i].rule->name,
             known->look.findings.items[i].text);
}

/* ---- one look ---- */

/* What lies in folders of agents under one name is one database here, and adds up. */
static void add_look(struct known *known, struct shared_look *more)
{
    static const int gravity[] = {[AUDIT_HELD] = 0, [AUDIT_NOT_CHECKED] = 1, [AUDIT_BROKEN] = 2};
    int64_t spent_ns, locked_ns;
    if (!known->looked) {
        known->look = *more;
        known->looked = true;
        return;
    }
    for (size_t i = 0; i < more->content.count; i++) {
        size_t k = 0;
        while (k < known->look.content.count &&
               strcmp(known->look.content.tables[k].name, more->content.tables[i].name) != 0)
            k++;
        if (k < known->look.content.count && more->content.tables[i].rows > 0)
            known->look.content.tables[k].rows += more->content.tables[i].rows;
    }
    spent_ns = more->spent_ns + known->look.spent_ns;
    locked_ns = more->locked_ns + known->look.locked_ns;
    if (gravity[more->answer] > gravity[known->look.answer]) {
        const struct shared_look graver = *more;
        const struct audit_content content = known->look.content;
        *more = known->look;
        known->look = graver;
        more->content = graver.content;
        known->look.content = content;
    }
    known->look.spent_ns = spent_ns;
    known->look.locked_ns = locked_ns;
    shared_look_release(more);
}

static void look_into(struct runner *runner, struct known *known, const char *path, bool whole)
{
    struct shared_look look;
    shared_look(&look, path, known->has_content, runner->folder, whole);
    add_look(known, &look);
}

static void count_file(struct known *known, const char *path)
{
    shared_stat(&known->found, path);
    if (!known->found.there)
        return;
    known->seen = true;
    known->files++;
    known->bytes += known->found.bytes;
    known->wal_bytes += known->found.wal_bytes;
    known->wal_peak = known->wal_bytes > known->wal_peak ? known->wal_bytes : known->wal_peak;
}

static void look_again(struct shared_watch *watch)
{
    for (size_t i = 0; i < watch->count; i++) {
        struct known *known = &watch->items[i];
        known->seen = known->looked = known->lost = false;
        known->files = known->bytes = known->wal_bytes = 0;
        known->found = (struct shared_file){0};
        if (!known->fleeting)
            count_file(known, known->path);
    }
}

/* What patterns find now. Of folders of agents all is looked into at once, or not at all. */
static void look_around(struct runner *runner, bool deep)
{
    struct shared_watch *watch = runner->shared;
    const struct shared_paths *paths = &runner->shared_paths;
    watch->left_out = paths->left_out > watch->left_out ? paths->left_out : watch->left_out;
    for (size_t i = 0; i < paths->count; i++) {
        const struct shared_path *path = &paths->items[i];
        struct known *known = path->there ? known_of(watch, path) : NULL;
        if (!known)
            continue;
        watch->matched[path->pattern] = true;
        if (!known->seen || known->fleeting)
            count_file(known, path->path);
        if (known->fleeting && deep && known->found.bytes > 0)
            look_into(runner, known, path->path, false);
    }
}

/* One file that is there, or was. A look into it is due, or its file is another one. */
static void look_at(struct runner *runner, struct known *known, bool deep, bool whole)
{
    bool steady = !known->fleeting && known->file.there;
    bool replaced = steady && known->seen && !shared_is_same(&known->file, &known->found);
    if (replaced || (steady && !known->seen))
        recall(runner, known);
    if (steady && !known->seen)
        take_absence(runner, known, "it is gone");
    else if (known->seen && known->found.bytes == 0 && known->has_content)
        take_absence(runner, known, "it was emptied");
    else if (!known->fleeting && (deep || replaced) && known->found.bytes > 0)
        look_into(runner, known, known->path, whole);
    if (known->looked && known->look.has_content)
        take_content(runner, known, replaced);
    if (known->looked)
        take_answer(runner, known);
}

/* What this look saw is what the next one begins with. */
static void remember(struct shared_watch *watch, struct known *known)
{
    known->file = known->found;
    if (!known->fleeting && known - watch->items < MOST_HELD)
        shared_hold(&known->held, known->found.there ? known->path : NULL);
    if (known->looked && known->look.has_content) {
        audit_content_release(&known->content);
        known->content = known->look.content;
        known->look.content = (struct audit_content){0};
        known->has_content = !known->fleeting;
        known->content_at = watch->cycles;
    }
    shared_look_release(&known->look);
    text_release(&known->told);
    if (known->looked)
        known->wal_peak = known->wal_bytes;
}

/* ---- what is kept until it can be stored ---- */

/* Rows where they are others than at the look before. */
static void keep_rows(struct shared_row *row, const struct known *known)
{
    const struct audit_content *now = &known->look.content;
    row->tables = xcalloc(now->count + 1, sizeof *row->tables);
    for (size_t i = 0; i < now->count; i++) {
        bool same = now->tables[i].rows < 0;
        for (size_t k = 0; k < known->content.count && known->has_content && !same; k++)
            same = known->content.tables[k].rows == now->tables[i].rows &&
                   strcmp(known->content.tables[k].name, now->tables[i].name) == 0;
        if (!same)
            row->tables[row->table_count++] =
                (struct audit_table){xstrdup(now->tables[i].name), now->tables[i].rows};
    }
}

static struct shared_row *add_row(struct shared_watch *watch, const char *name, const char *answer,
                                  const char *why)
{
    struct shared_row *row;
    watch->rows = xrealloc(watch->rows, watch->row_count + 1, sizeof *watch->rows);
    row = &watch->rows[watch->row_count++];
    *row = (struct shared_row){.name = xstrdup(name), .why = xstrdup(why)};
    row->look =
        (struct results_shared_look){.look = watch->looks,
                                     .cycle = watch->cycle ? (int64_t)watch->cycle->index : -1,
                                     .moment = watch->cycle    ? "cycle"
                                               : watch->ending ? "end"
                                                               : "before",
                                     .answer = answer,
                                     .rows = -1};
    return row;
}

static void keep(struct shared_watch *watch, struct known *known)
{
    struct shared_look *look = &known->look;
    struct shared_row *row =
        add_row(watch, known->name, known->looked ? audit_answer_names[look->answer] : "absent",
                look->why ? look->why : "");
    row->told = text_take(&known->told);
    row->look.charged =
        known->lost || (look->answer == AUDIT_BROKEN && known->ground == GROUND_SOUND);
    row->look.files = known->files;
    row->look.bytes = known->bytes;
    row->look.wal_bytes = known->wal_bytes;
    row->look.wal_peak = known->wal_peak;
    row->look.rows = look->has_content ? shared_rows(&look->content) : -1;
    row->look.spent_ns = look->spent_ns;
    row->look.locked_ns = look->locked_ns;
    if (look->has_content)
        keep_rows(row, known);
    if (!watch->ending)
        return;
    row->answers = look->answers; /* handed over */
    look->answers = (struct audit_answers){0};
}

static void keep_unmatched(const struct runner *runner)
{
    struct shared_watch *watch = runner->shared;
    const char *answer = audit_answer_names[AUDIT_NOT_CHECKED];
    for (size_t i = 0; i < runner->scenario->database_count; i++) {
        char *name = xstrdup(runner->scenario->databases[i]);
        text_make_printable(name);
        if (!watch->matched[i])
            add_row(watch, name, answer, "no such file was ever there");
        free(name);
    }
    if (watch->left_out) {
        char *why = text_format("%zu files more than can be looked at", watch->left_out);
        add_row(watch, "(others)", answer, why);
        free(why);
    }
}

/* Nothing where nothing was looked into and nothing is to be told. */
static void keep_all(const struct runner *runner)
{
    struct shared_watch *watch = runner->shared;
    bool always = !watch->cycle, any = always;
    for (size_t i = 0; i < watch->count; i++)
        any = any || watch->items[i].looked || watch->items[i].told.length;
    if (!any)
        return;
    watch->looks++;
    for (size_t i = 0; i < watch->count; i++) {
        struct known *known = &watch->items[i];
        if (known->looked || known->told.length || (always && !known->fleeting))
            keep(watch, known);
    }
    if (watch->ending)
        keep_unmatched(runner);
}

/* ---- all of them ---- */

static void say_steps(const struct runner *runner, struct known *known)
{
    struct text steps = {0};
    shared_steps_told(&steps, &known->steps, runner->scenario);
    if (steps.length)
        text_addf(&known->told, "%s%s", known->told.length ? "; " : "", steps.data);
    text_release(&steps);
}

/* How long it took to look into them */
static int64_t look(struct runner *runner, bool deep, bool whole)
{
    struct shared_watch *watch = runner->shared;
    int64_t spent_ns = 0;
    look_again(watch);
    look_around(runner, deep);
    for (size_t i = 0; i < watch->count; i++) {
        look_at(runner, &watch->items[i], deep, whole);
        spent_ns += watch->items[i].look.spent_ns;
        if (watch->ending)
            say_steps(runner, &watch->items[i]);
    }
    keep_all(runner);
    for (size_t i = 0; i < watch->count; i++)
        remember(watch, &watch->items[i]);
    return spent_ns;
}

void runner_shared_look(struct runner *runner, bool forced)
{
    struct shared_watch *watch = runner->shared;
    const struct cycle *cycle = watch ? watch->cycle : NULL;
    int64_t until_ns, spent_ns;
    bool deep;
    if (!watch || !cycle) {
        if (watch)
            look(runner, true, true);
        return;
    }
    watch->cycles++;
    until_ns = cycle->finished_ns ? cycle->finished_ns : cycle->answered_ns;
    deep = audit_schedule_next(&watch->schedule,
                               until_ns > cycle->sent_ns ? until_ns - cycle->sent_ns : 0,
                               forced) == AUDIT_FULL;
    spent_ns = look(runner, deep, false);
    if (deep)
        audit_schedule_spent(&watch->schedule, spent_ns);
}

void runner_shared_release(struct runner *runner)
{
    struct shared_watch *watch = runner->shared;
    for (size_t i = 0; watch && i < watch->count; i++) {
        struct known *known = &watch->items[i];
        free(known->path);
        free(known->name);
        audit_content_release(&known->content);
        shared_steps_release(&known->steps);
        shared_look_release(&known->look);
        text_release(&known->told);
        shared_hold(&known->held, NULL);
    }
    if (watch) {
        shared_forget(watch);
        free(watch->items);
        free(watch->matched);
    }
    free(watch);
    runner->shared = NULL;
}
