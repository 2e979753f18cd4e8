/* Which databases do the agents share just now, and what is stored of the looks at them? What needs
 * no audit: before it, and after it. */
#include <stdlib.h>
#include <string.h>

#include "runner/shared_known.h"

/* ---- before ---- */

/* The results store is ours. Whoever closes a descriptor of it would drop our locks. */
static void leave_out(struct shared_paths *paths, const char *results)
{
    struct shared_file ours, file;
    shared_stat(&ours, results);
    for (size_t i = 0; i < paths->count; i++) {
        shared_stat(&file, paths->items[i].path);
        if (shared_is_same(&file, &ours))
            paths->items[i].there = false;
    }
}

void runner_shared_find(struct runner *runner, const struct cycle *cycle, bool ending)
{
    size_t patterns = runner->scenario->database_count;
    struct shared_watch *watch = runner->shared;
    if (!patterns)
        return;
    if (!watch) {
        watch = runner->shared = xcalloc(1, sizeof *watch);
        watch->matched = xcalloc(patterns, sizeof *watch->matched);
    }
    watch->cycle = cycle;
    watch->ending = ending;
    shared_paths_find(&runner->shared_paths, runner->scenario, runner->run, cycle, runner->folder);
    leave_out(&runner->shared_paths, runner->store_path);
}

/* ---- after ---- */

static int put_answers(struct runner *runner, const struct shared_row *row, struct err *err)
{
    for (size_t i = 0; i < row->answers.count; i++) {
        const struct audit_told *told = &row->answers.items[i];
        const struct results_answer answer = {.arm = -1,
                                              .database = row->name,
                                              .rule = told->rule->name,
                                              .object = told->object,
                                              .answer = audit_answer_names[told->answer],
                                              .count = told->count,
                                              .why = told->why};
        if (told->answer != AUDIT_HELD && !told->by_choice &&
            results_answer_put(runner->store, runner->id, &answer, err) < 0)
            return -1;
    }
    return 0;
}

static int put_row(struct runner *runner, const struct shared_row *row, struct err *err)
{
    struct results_shared_look look = row->look;
    look.look += runner->shared->stored_before;
    look.database = row->name;
    look.why = row->why;
    look.told = row->told ? row->told : "";
    if (results_shared_put(runner->store, runner->id, &look, err) < 0)
        return -1;
    for (size_t i = 0; i < row->table_count; i++)
        if (results_shared_rows_put(runner->store, runner->id, look.look, row->name,
                                    row->tables[i].name, row->tables[i].rows, err) < 0)
            return -1;
    return put_answers(runner, row, err);
}

/* Of the run as a whole: which of several arms did it is not known. */
static int put_findings(struct runner *runner, struct err *err)
{
    const struct audit_findings *findings = &runner->shared->findings;
    int arm = runner->scenario->arm_count == 1 ? 0 : -1;
    for (size_t i = 0; i < findings->count; i++) {
        const struct audit_finding *finding = &findings->items[i];
        if (results_finding_put(runner->store, runner->id, -1, arm, finding->rule->name,
                                audit_severity_names[finding->rule->severity], finding->agent,
                                finding->text, err) < 0)
            return -1;
    }
    return 0;
}

int runner_shared_put(struct runner *runner, struct err *err)
{
    struct shared_watch *watch = runner->shared;
    int rc;
    if (!watch || !watch->row_count)
        return 0;
    if (!watch->began &&
        results_shared_last(runner->store, runner->id, &watch->stored_before, err) < 0)
        return -1;
    watch->began = true;
    rc = results_begin(runner->store, err);
    for (size_t i = 0; i < watch->row_count && rc == 0; i++)
        rc = put_row(runner, &watch->rows[i], err);
    if (rc == 0)
        rc = put_findings(runner, err);
    rc = results_end(runner->store, rc, err);
    shared_forget(watch);
    return rc;
}

void shared_forget(struct shared_watch *watch)
{
    for (size_t i = 0; i < watch->row_count; i++) {
        struct shared_row *row = &watch->rows[i];
        for (size_t k = 0; k < row->table_count; k++)
            free(row->tables[k].name);
        free(row->tables);
        free(row->name);
        free(row->why);
        free(row->told);
        audit_answers_release(&row->answers);
    }
    free(watch->rows);
    watch->rows = NULL;
    watch->row_count = 0;
    audit_findings_release(&watch->findings);
}
