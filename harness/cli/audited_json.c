/* What does a program learn of the audit? One JSON document, and JUnit for CI services. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/audited.h"
#include "cli/cli.h"
#include "report/junit.h"

/* ---- JSON ---- */

/* Names and texts of a file may be any bytes. */
static void add_words(cJSON *object, const char *key, const char *words)
{
    char *plain = xstrdup(words);
    text_make_printable(plain);
    cJSON_AddStringToObject(object, key, plain);
    free(plain);
}

static void add_answers(cJSON *root, const struct audit_answers *answers)
{
    cJSON *rows = cJSON_AddArrayToObject(root, "answers");
    for (size_t i = 0; i < answers->count; i++) {
        const struct audit_told *told = &answers->items[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "rule", told->rule->name);
        cJSON_AddStringToObject(row, "severity", audit_severity_names[told->rule->severity]);
        add_words(row, "object", told->object);
        cJSON_AddStringToObject(row, "answer", audit_answer_names[told->answer]);
        cJSON_AddBoolToObject(row, "by_choice", told->by_choice);
        json_add_int64(row, "count", told->count);
        add_words(row, "why", told->why);
        cJSON_AddItemToArray(rows, row);
    }
}

static void add_file(cJSON *root, const struct audit_report *report)
{
    json_add_int64(root, "bytes", report->bytes);
    json_add_int64(root, "pages", report->pages);
    json_add_int64(root, "page_bytes", report->page_bytes);
    json_add_int64(root, "free_pages", report->free_pages);
    cJSON_AddStringToObject(root, "journal_mode", report->journal_mode);
    json_add_int64(root, "auto_vacuum", report->auto_vacuum);
    cJSON_AddStringToObject(root, "encoding", report->encoding);
    json_add_int64(root, "user_version", report->user_version);
    json_add_int64(root, "application_id", report->application_id);
    cJSON_AddStringToObject(root, "application", audit_application_name(report->application_id));
    cJSON_AddBoolToObject(root, "is_store", report->is_store);
    json_add_int64(root, "agents", report->agents);
    json_add_int64(root, "completed", report->completed);
    json_add_int64(root, "in_flight", report->ready);
    json_add_int64(root, "consensus_runs", report->consensus_runs);
    json_add_int64(root, "outputs", report->outputs);
}

static void add_copy(cJSON *root, const struct audited *one)
{
    cJSON *copy = cJSON_AddObjectToObject(root, "copy");
    cJSON_AddStringToObject(copy, "way", copy_way_names[one->report.way]);
    cJSON_AddBoolToObject(copy, "in_place", one->in_place);
    json_add_int64(copy, "locked_ns", one->report.locked_ns);
    json_add_int64(copy, "spent_ns", one->report.copied_ns);
}

static void add_recovery(cJSON *root, const struct copy_recovery *recovery)
{
    cJSON *object = cJSON_AddObjectToObject(root, "recovery"), *rows;
    json_add_int64(object, "journal_pages", recovery->journal_pages);
    json_add_int64(object, "wal_commits", recovery->wal_commits);
    json_add_int64(object, "wal_frames", recovery->wal_frames);
    json_add_int64(object, "pages_before", recovery->pages_before);
    json_add_int64(object, "pages_after", recovery->pages_after);
    rows = cJSON_AddArrayToObject(object, "taken_away");
    for (size_t i = 0; i < recovery->loss_count; i++) {
        cJSON *row = cJSON_CreateObject();
        add_words(row, "table", recovery->losses[i].table);
        json_add_int64(row, "rows_before", recovery->losses[i].rows_before);
        json_add_int64(row, "rows_after", recovery->losses[i].rows_after);
        cJSON_AddItemToArray(rows, row);
    }
}

static void add_notes(cJSON *root, const struct audit_notes *notes)
{
    cJSON *rows = cJSON_AddArrayToObject(root, "told");
    for (size_t i = 0; i < notes->count; i++) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "about", notes->items[i].about);
        add_words(row, "text", notes->items[i].text);
        cJSON_AddItemToArray(rows, row);
    }
}

static void add_answer(cJSON *root, const struct audited *one)
{
    cJSON *rules;
    cJSON_AddStringToObject(root, "answer", audit_answer_names[one->answer]);
    add_words(root, "why",
              one->err.code                      ? one->err.text
              : one->answer == AUDIT_NOT_CHECKED ? "of a rule nothing could be checked: see answers"
                                                 : "");
    rules = cJSON_AddObjectToObject(root, "rules");
    for (int i = 0; i < AUDIT_ANSWERS; i++)
        json_add_int64(rules, audit_answer_names[i], (int64_t)one->counts[i]);
    json_add_int64(rules, "held_in_part", (int64_t)one->in_part);
}

static cJSON *json_of(const struct audited *one)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "schema", "spawnbench.audit.v1");
    add_words(root, "database", one->path);
    cJSON_AddStringToObject(root, "kind", audit_kind_names[one->report.kind]);
    add_answer(root, one);
    json_add_int64(root, "exit_status", one->code);
    add_file(root, &one->report);
    add_copy(root, one);
    add_recovery(root, &one->report.recovery);
    cJSON_AddStringToObject(root, "engine", one->report.engine);
    json_add_int64(root, "spent_ns", one->report.spent_ns);
    cli_add_findings(root, "findings", &one->findings);
    add_answers(root, &one->report.answers);
    add_notes(root, &one->report.notes);
    return root;
}

void audited_tell_json(const struct audited all[], size_t count)
{
    cJSON *root, *rows;
    if (count == 1) {
        root = json_of(&all[0]);
    } else {
        root = cJSON_CreateObject();
        cJSON_AddStringToObject(root, "schema", "spawnbench.audits.v1");
        rows = cJSON_AddArrayToObject(root, "databases");
        for (size_t i = 0; i < count; i++)
            cJSON_AddItemToArray(rows, json_of(&all[i]));
    }
    json_puts(root);
    cJSON_Delete(root);
}

/* ---- JUnit ---- */

static void add_line(struct text *out, const char *object, const char *text)
{
    text_addf(out, "%s%s%s\n", object, *object ? ": " : "", text);
}

/* All that is said of a rule with that answer, a line each; what broke it is in the findings. */
static void add_lines(struct text *out, const struct audited *one, const struct audit_rule *rule,
                      enum audit_answer answer)
{
    const struct audit_answers *answers = &one->report.answers;
    for (size_t i = 0; answer == AUDIT_BROKEN && i < one->findings.count; i++)
        if (one->findings.items[i].rule == rule)
            add_line(out, "", one->findings.items[i].text);
    for (size_t i = 0; answer == AUDIT_NOT_CHECKED && i < answers->count; i++)
        if (answers->items[i].rule == rule && answers->items[i].answer == answer)
            add_line(out, answers->items[i].object, answers->items[i].why);
}

/* A rule that was answered of some objects, and of others could not be. */
static void put_unchecked(struct junit *junit, const struct audited *one,
                          const struct audit_rule *rule)
{
    const struct audit_answers *answers = &one->report.answers;
    for (size_t i = 0; i < answers->count; i++) {
        const struct audit_told *told = &answers->items[i];
        char *name;
        if (told->rule != rule || told->answer != AUDIT_NOT_CHECKED || told->by_choice)
            continue;
        name = text_format("%s: %s", rule->name, *told->object ? told->object : "the rest");
        junit_case(junit, &(struct junit_case){.group = "audit",
                                               .name = name,
                                               .result = JUNIT_SKIPPED,
                                               .type = "not checked",
                                               .message = told->why,
                                               .detail = told->why});
        free(name);
    }
}

static void put_rule(struct junit *junit, const struct audited *one, const struct audit_rule *rule)
{
    static const enum junit_result results[AUDIT_ANSWERS] = {
        [AUDIT_HELD] = JUNIT_PASSED,
        [AUDIT_BROKEN] = JUNIT_FAILED,
        [AUDIT_NOT_CHECKED] = JUNIT_SKIPPED,
    };
    enum audit_answer answer;
    struct text detail = {0};
    char *message;
    if (!audit_answer_of(&one->report.answers, rule, &answer))
        return;
    add_lines(&detail, one, rule, answer);
    message = detail.length ? xstrdup(detail.data) : xstrdup("");
    message[strcspn(message, "\n")] = '\0';
    junit_case(junit,
               &(struct junit_case){.group = "audit",
                                    .name = rule->name,
                                    .result = results[answer],
                                    .type = answer == AUDIT_HELD                ? NULL
                                            : answer == AUDIT_NOT_CHECKED       ? "not checked"
                                            : rule->severity == AUDIT_INTEGRITY ? "integrity broken"
                                                                                : "misconduct",
                                    .message = *message ? message : NULL,
                                    .detail = detail.length ? detail.data : NULL});
    free(message);
    text_release(&detail);
    if (answer != AUDIT_NOT_CHECKED)
        put_unchecked(junit, one, rule);
}

/* What could not be looked at must not look like a suite without failures. */
static void put_looked_at(struct junit *junit, const struct audited *one)
{
    bool could = one->err.code == ERR_NONE && !one->report.unchecked;
    const char *why = could           ? NULL
                      : one->err.code ? one->err.text
                                      : "of a rule nothing could be checked";
    junit_case(junit, &(struct junit_case){.group = "audit",
                                           .name = "the database could be checked",
                                           .result = could ? JUNIT_PASSED : JUNIT_ERROR,
                                           .type = could ? NULL : "not-checked",
                                           .message = why,
                                           .detail = why,
                                           .spent_ns = one->report.spent_ns});
}

int audited_tell_junit(FILE *out, const struct audited all[], size_t count, struct err *err)
{
    struct junit junit = {0};
    int rc;
    for (size_t i = 0; i < count; i++) {
        junit_suite(&junit, all[i].path, NULL);
        junit_property(&junit, "kind", audited_name(&all[i]));
        junit_property(&junit, "engine", all[i].report.engine);
        put_looked_at(&junit, &all[i]);
        for (size_t k = 0; k < audit_rule_count; k++)
            put_rule(&junit, &all[i], &audit_rules[k]);
    }
    rc = junit_write(&junit, out, "spawnbench audit", err);
    junit_release(&junit);
    return rc;
}
