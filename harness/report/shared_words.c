/* What is told of databases that agents share: are they whole, what grew, what was replaced? One
 * wording for terminal, report, JSON and JUnit. */
#include "report/shared_words.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "report/exporters.h"
#include "report/words.h"

#define MOST_SHOWN  8 /* databases, likewise */
#define MOST_TABLES 4 /* of one database on the terminal */

static const char *answer_of(const struct results_shared *shared)
{
    if (shared->broken || shared->lost)
        return "broken";
    return shared->held ? "held" : "not_checked";
}

/* "sound", "broken: ...", "not checked: ..."; the caller frees it */
static char *sentence(const struct results_shared *shared)
{
    if (shared->broken)
        return text_format("%sbroken: %s",
                           shared->charged  ? ""
                           : shared->before ? "was already broken before the run, which is not "
                                              "charged with it; "
                                            : "nobody knows since when it is broken, so the run "
                                              "is not charged with it; ",
                           shared->why);
    if (shared->held || shared->lost)
        return text_format("%ssound in %lld of %lld looks%s", shared->lost ? "it lost rows; " : "",
                           (long long)shared->held,
                           (long long)shared->held + (long long)shared->not_checked,
                           shared->not_checked ? ", the others could not read it" : "");
    return text_format("not checked: %s", *shared->why ? shared->why : "nothing was in it");
}

/* "20 -> 40 rows", "1 row" */
static void say_rows(struct text *out, int64_t before, int64_t after)
{
    if (before != after)
        text_addf(out, "%lld -> ", (long long)before);
    text_addf(out, "%lld row%s", (long long)after, after == 1 ? "" : "s");
}

static void say_sizes(struct text *out, const struct results_shared *shared)
{
    char before[TEXT_NUMBER_BYTES], after[TEXT_NUMBER_BYTES], wal[TEXT_NUMBER_BYTES];
    text_size(before, (double)shared->bytes_before);
    text_size(after, (double)shared->bytes_after);
    text_addf(out, "%s%s%s", strcmp(before, after) ? before : "",
              strcmp(before, after) ? " -> " : "", after);
    if (shared->wal_most)
        text_addf(out, ", -wal at most %s", text_size(wal, (double)shared->wal_most));
}

/* ---- terminal ---- */

static void one(struct text *out, const struct results_shared *shared)
{
    char growth[RESULTS_GROWTH_BYTES], took[TEXT_DURATION_BYTES];
    char *answer = sentence(shared);
    words_plainf(out, "  shared   %s: %s\n", shared->name, answer);
    free(answer);
    if (shared->looks) {
        text_add(out, "           ");
        for (size_t i = 0; i < shared->table_count && i < MOST_TABLES; i++) {
            words_plainf(out, "%s ", shared->tables[i].name);
            say_rows(out, shared->tables[i].before, shared->tables[i].after);
            text_add(out, "; ");
        }
        if (shared->table_count > MOST_TABLES)
            text_addf(out, "%zu more tables; ", shared->table_count - MOST_TABLES);
        say_sizes(out, shared);
        if (shared->locked_ns)
            text_addf(out, "; writers were held up for %s",
                      text_duration(took, (double)shared->locked_ns));
        text_add(out, "\n");
    }
    if (*shared->told) {
        words_plainf(out, "           %s\n", shared->told);
    }
    if (results_shared_growth(growth, shared)) {
        words_plainf(out, "  flagged  growth: %s\n", growth);
        text_add(out, "           let its writers checkpoint (PRAGMA wal_autocheckpoint, or PRAGMA "
                      "wal_checkpoint(TRUNCATE)), and end readers that stay\n");
    }
}

void shared_terminal(struct text *out, const struct facts *facts)
{
    size_t count = facts->shared_count < MOST_SHOWN ? facts->shared_count : MOST_SHOWN;
    for (size_t i = 0; i < count; i++)
        one(out, &facts->shared[i]);
    if (count < facts->shared_count)
        text_addf(out, "           ... and %zu more databases, which the report tells of\n",
                  facts->shared_count - count);
}

/* ---- report ---- */

static void add_tables(struct text *out, const struct results_shared *shared)
{
    for (size_t i = 0; i < shared->table_count; i++)
        words_markdownf(out, "| %s | %s | %lld | %lld |\n", shared->name, shared->tables[i].name,
                        (long long)shared->tables[i].before, (long long)shared->tables[i].after);
}

static void add_database(struct text *out, const struct results_shared *shared)
{
    struct text sizes = {0};
    char *answer = sentence(shared), wal[TEXT_NUMBER_BYTES];
    if (shared->looks)
        say_sizes(&sizes, shared);
    text_size(wal, (double)shared->wal_most);
    words_markdownf(out, "| %s | %s | %lld | %-s | %-s |\n", shared->name, answer,
                    (long long)shared->looks, shared->looks ? sizes.data : "-",
                    shared->looks ? wal : "-");
    text_release(&sizes);
    free(answer);
}

void chapter_shared(struct text *out, const struct facts *facts)
{
    char growth[RESULTS_GROWTH_BYTES];
    bool any = false;
    if (!facts->shared_count)
        return;
    text_add(
        out,
        "### Databases that agents share\n\n"
        "Looked at before the first cycle, after cycles as 5 % of the measured time allow, and "
        "at the end, each time on a private copy. A file that vanishes, or is replaced by one "
        "with fewer rows, is a finding of the run; rows that go back in the same file may "
        "have been deleted, and are told.\n\n"
        "| database | answer | looks | size | largest -wal |\n|---|---|--:|---|--:|\n");
    for (size_t i = 0; i < facts->shared_count; i++) {
        add_database(out, &facts->shared[i]);
        any = any || facts->shared[i].table_count;
    }
    text_add(out, "\n");
    if (any)
        text_add(out, "| database | table | rows at the first look | rows at the last look |\n"
                      "|---|---|--:|--:|\n");
    for (size_t i = 0; i < facts->shared_count; i++)
        add_tables(out, &facts->shared[i]);
    text_add(out, any ? "\n" : "");
    any = false;
    for (size_t i = 0; i < facts->shared_count; i++) {
        const struct results_shared *shared = &facts->shared[i];
        bool grew = results_shared_growth(growth, shared);
        if (*shared->told) {
            words_markdownf(out, "- %s: %s\n", shared->name, shared->told);
        }
        if (grew) {
            words_markdownf(out, "- **flagged**: %s\n", growth);
        }
        any = any || grew || *shared->told;
    }
    text_add(out, any ? "\n" : "");
}

/* ---- JSON and JUnit ---- */

cJSON *shared_json(const struct results_shared *shared)
{
    static const struct {
        const char *key;
        size_t at;
    } numbers[] = {{"looks", offsetof(struct results_shared, looks)},
                   {"held", offsetof(struct results_shared, held)},
                   {"broken", offsetof(struct results_shared, broken)},
                   {"not_checked", offsetof(struct results_shared, not_checked)},
                   {"files", offsetof(struct results_shared, files)},
                   {"rows_before", offsetof(struct results_shared, rows_before)},
                   {"rows_after", offsetof(struct results_shared, rows_after)},
                   {"bytes_before", offsetof(struct results_shared, bytes_before)},
                   {"bytes_after", offsetof(struct results_shared, bytes_after)},
                   {"wal_bytes_after", offsetof(struct results_shared, wal_after)},
                   {"wal_bytes_peak", offsetof(struct results_shared, wal_most)},
                   {"spent_ns", offsetof(struct results_shared, spent_ns)},
                   {"locked_ns", offsetof(struct results_shared, locked_ns)}};
    char growth[RESULTS_GROWTH_BYTES];
    cJSON *row = cJSON_CreateObject(), *tables;
    export_put_text(row, "database", shared->name);
    cJSON_AddStringToObject(row, "answer", answer_of(shared));
    export_put_text(row, "why", shared->why);
    cJSON_AddBoolToObject(row, "charged", shared->charged);
    cJSON_AddBoolToObject(row, "broken_before", shared->before);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int64_t number = *(const int64_t *)((const char *)shared + numbers[i].at);
        if (number >= 0)
            json_add_int64(row, numbers[i].key, number);
        else
            cJSON_AddNullToObject(row, numbers[i].key);
    }
    export_put_text(row, "told", shared->told);
    results_shared_growth(growth, shared);
    export_put_text(row, "growth", growth);
    tables = cJSON_AddArrayToObject(row, "tables");
    for (size_t i = 0; i < shared->table_count; i++) {
        cJSON *table = cJSON_CreateObject();
        export_put_text(table, "name", shared->tables[i].name);
        json_add_int64(table, "rows_before", shared->tables[i].before);
        json_add_int64(table, "rows_after", shared->tables[i].after);
        cJSON_AddItemToArray(tables, table);
    }
    return row;
}

void shared_junit(struct junit *junit, const struct results_shared *shared)
{
    char *name = text_format("%s is sound", shared->name), *message = sentence(shared);
    enum junit_result result = shared->charged  ? JUNIT_FAILED
                               : shared->broken ? JUNIT_ERROR
                               : shared->held   ? JUNIT_PASSED
                                                : JUNIT_SKIPPED;
    junit_case(junit, &(struct junit_case){.group = "databases",
                                           .name = name,
                                           .result = result,
                                           .type = "broken",
                                           .message = result == JUNIT_PASSED ? NULL : message,
                                           .detail = *shared->told ? shared->told : NULL});
    free(name);
    free(message);
}
