/* spawnbench audit --self-test: would our audits see what they are for? */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "proof/damage/damage.h"

static const char *verdict_of(const struct damage_row *row)
{
    if (row->made == 0)
        return "not made";
    if (row->escaped)
        return "ESCAPED";
    if (row->missed)
        return "MISSED";
    if (row->caught == 0)
        return "benign";
    return row->benign ? "caught or benign" : "caught";
}

/* ---- for humans ---- */

static void tell_cell(int seen, int made)
{
    char cell[16] = ".";
    if (seen)
        snprintf(cell, sizeof cell, "%d/%d", seen, made);
    printf(" %9s", cell);
}

static void tell_row(const struct damage_row *row)
{
    printf("  %-20s", row->kind->name);
    for (int i = 0; i < DAMAGE_CLASSES; i++)
        tell_cell(row->by[i], row->made);
    printf("  %s\n", verdict_of(row));
}

/* What is wrong, below the matrix. */
static void tell_failures(const struct damage_matrix *matrix)
{
    for (size_t i = 0; i < matrix->count; i++) {
        const struct damage_row *row = &matrix->rows[i];
        if (row->escaped)
            printf("  %s escaped %d of %d times: %s (%s; first at %s)\n", row->kind->name,
                   row->escaped, row->made, row->kind->what, row->kind->how,
                   *row->escape ? row->escape : "-");
        if (row->missed)
            printf("  %s was missed %d of %d times by %s, which must see it\n", row->kind->name,
                   row->missed, row->made, damage_class_name(row->kind->must));
    }
    for (size_t i = 0; i < matrix->untouched.count; i++)
        printf("  the untouched store is accused: %s: %s\n", matrix->untouched.items[i].rule->name,
               matrix->untouched.items[i].text);
}

struct totals {
    int kinds, made, caught, benign, escaped, missed;
};

static struct totals add_up(const struct damage_matrix *matrix)
{
    struct totals all = {0};
    for (size_t i = 0; i < matrix->count; i++) {
        const struct damage_row *row = &matrix->rows[i];
        all.kinds += row->made > 0;
        all.made += row->made;
        all.caught += row->caught;
        all.benign += row->benign;
        all.escaped += row->escaped;
        all.missed += row->missed;
    }
    return all;
}

static void tell(const struct damage_matrix *matrix)
{
    static const char *const heads[DAMAGE_CLASSES] = {"integrity", "for. key", "structure",
                                                      "contrad.", "witness"};
    struct totals all = add_up(matrix);
    char spent[TEXT_DURATION_BYTES];
    printf("self-test of the audits: a store of %lld rows, %lld bytes; seed %llu, %d places a "
           "kind\n\n  %-20s",
           (long long)matrix->rows_known, (long long)matrix->database_bytes,
           (unsigned long long)matrix->seed, matrix->seeds, "damage");
    for (int i = 0; i < DAMAGE_CLASSES; i++)
        printf(" %9s", heads[i]);
    printf("\n");
    for (size_t i = 0; i < matrix->count; i++)
        tell_row(&matrix->rows[i]);
    printf("  %-20s", "untouched");
    for (int i = 0; i < DAMAGE_CLASSES; i++)
        printf(" %9s", ".");
    printf("  %s\n\n", matrix->untouched.count ? "ACCUSED" : "accused by none");
    tell_failures(matrix);
    printf("  %d of %zu kinds made, %d damaged copies: %d caught, %d benign (only bytes that "
           "nobody reads differ), %d escaped, %d missed by whom they concern; %s\n  %s\n",
           all.kinds, matrix->count, all.made, all.caught, all.benign, all.escaped, all.missed,
           text_duration(spent, (double)matrix->spent_ns),
           damage_matrix_holds(matrix) ? "every damage is seen, the untouched store is not accused"
                                       : "the audits cannot be trusted");
}

/* ---- for programs ---- */

static cJSON *row_json(const struct damage_row *row)
{
    cJSON *object = cJSON_CreateObject(), *by;
    cJSON_AddStringToObject(object, "damage", row->kind->name);
    cJSON_AddStringToObject(object, "what", row->kind->what);
    cJSON_AddStringToObject(object, "how", row->kind->how);
    cJSON_AddStringToObject(object, "must_be_seen_by", damage_class_name(row->kind->must));
    json_add_int64(object, "made", row->made);
    json_add_int64(object, "caught", row->caught);
    json_add_int64(object, "benign", row->benign);
    json_add_int64(object, "escaped", row->escaped);
    json_add_int64(object, "missed", row->missed);
    by = cJSON_AddObjectToObject(object, "seen_by");
    for (int i = 0; i < DAMAGE_CLASSES; i++)
        json_add_int64(by, damage_class_name((enum damage_class)i), row->by[i]);
    cJSON_AddStringToObject(object, "first_finding", row->first);
    return object;
}

void cli_add_findings(cJSON *object, const char *key, const struct audit_findings *findings)
{
    cJSON *rows = cJSON_AddArrayToObject(object, key);
    for (size_t i = 0; i < findings->count; i++) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "rule", findings->items[i].rule->name);
        cJSON_AddStringToObject(row, "text", findings->items[i].text);
        cJSON_AddItemToArray(rows, row);
    }
}

static void tell_json(const struct damage_matrix *matrix)
{
    cJSON *root = cJSON_CreateObject(), *rows;
    cJSON_AddStringToObject(root, "schema", "spawnbench.self-test.v1");
    cJSON_AddBoolToObject(root, "holds", damage_matrix_holds(matrix));
    json_add_int64(root, "seed", (int64_t)matrix->seed);
    json_add_int64(root, "seeds", matrix->seeds);
    json_add_int64(root, "rows_known", matrix->rows_known);
    json_add_int64(root, "database_bytes", matrix->database_bytes);
    json_add_int64(root, "spent_ns", matrix->spent_ns);
    rows = cJSON_AddArrayToObject(root, "kinds");
    for (size_t i = 0; i < matrix->count; i++)
        cJSON_AddItemToArray(rows, row_json(&matrix->rows[i]));
    cli_add_findings(root, "untouched", &matrix->untouched);
    json_puts(root);
    cJSON_Delete(root);
}

/* ---- the run ---- */

int cli_self_test(const struct cli_self_test *asked)
{
    const struct damage_how how = {.database = asked->database,
                                   .seed = asked->seed ? asked->seed : 1,
                                   .seeds = asked->seeds ? asked->seeds : 5,
                                   .without = asked->without};
    struct damage_matrix matrix;
    struct err err = {0};
    int code, rc;
    interrupt_catch();
    rc = damage_self_test(&matrix, &how, &err);
    code = rc == 0 && damage_matrix_holds(&matrix) ? 0 : 4;
    if (rc == 0)
        (asked->json ? tell_json : tell)(&matrix);
    if (rc == 0 && code == 0 && !asked->database)
        rc = damage_matrix_check(&matrix, &err);
    damage_matrix_release(&matrix);
    return rc < 0 ? cli_fail("audit", &err) : code;
}
