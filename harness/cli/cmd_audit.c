/* spawnbench audit: is this database sound? */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/audit.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"

enum { KEY_JSON = 256 };

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "one JSON document on stdout (schema spawnbench.audit.v1)", 0},
    {0}};

struct asked {
    const char *path;
    bool json;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case KEY_JSON:
        asked->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (asked->path)
            argp_error(state, "one DATABASE at a time, '%s' is too much", argument);
        asked->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no DATABASE is given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void tell(const char *path, const struct audit_report *report,
                 const struct audit_findings *findings)
{
    char spent[TEXT_DURATION_BYTES];
    printf("%s\n  file      %lld bytes, %lld pages, %lld free, journal %s\n", path,
           (long long)report->bytes, (long long)report->pages, (long long)report->free_pages,
           report->journal_mode);
    if (report->is_store)
        printf("  store     %lld agents (%lld completed, %lld in flight), %lld consensus runs, "
               "%lld outputs\n",
               (long long)report->agents, (long long)report->completed, (long long)report->ready,
               (long long)report->consensus_runs, (long long)report->outputs);
    else
        printf("  store     not a spawner's store (reference/store/schema.sql): only SQLite's own "
               "checks apply\n");
    printf("  audited   by SQLite %s in %s\n", report->engine,
           text_duration(spent, (double)report->spent_ns));
    printf("  %zu finding%s\n", findings->count, findings->count == 1 ? "" : "s");
    for (size_t i = 0; i < findings->count; i++)
        printf("    %-32s %s\n", findings->items[i].rule->name, findings->items[i].text);
}

static void tell_json(const char *path, const struct audit_report *report,
                      const struct audit_findings *findings)
{
    cJSON *root = cJSON_CreateObject(), *rows;
    char *printed;
    cJSON_AddStringToObject(root, "schema", "spawnbench.audit.v1");
    cJSON_AddStringToObject(root, "database", path);
    json_add_int64(root, "bytes", report->bytes);
    json_add_int64(root, "pages", report->pages);
    json_add_int64(root, "free_pages", report->free_pages);
    cJSON_AddStringToObject(root, "journal_mode", report->journal_mode);
    cJSON_AddBoolToObject(root, "is_store", report->is_store);
    json_add_int64(root, "agents", report->agents);
    json_add_int64(root, "completed", report->completed);
    json_add_int64(root, "in_flight", report->ready);
    json_add_int64(root, "consensus_runs", report->consensus_runs);
    json_add_int64(root, "outputs", report->outputs);
    cJSON_AddStringToObject(root, "engine", report->engine);
    json_add_int64(root, "spent_ns", report->spent_ns);
    rows = cJSON_AddArrayToObject(root, "findings");
    for (size_t i = 0; i < findings->count; i++) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "rule", findings->items[i].rule->name);
        cJSON_AddStringToObject(row, "text", findings->items[i].text);
        cJSON_AddItemToArray(rows, row);
    }
    printed = json_print(root, 1);
    puts(printed);
    free(printed);
    cJSON_Delete(root);
}

int cmd_audit(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        take,
        "DATABASE",
        "Audit one database: SQLite's integrity_check and foreign_key_check, and, in a spawner's "
        "store, what its rows say of each other.\vExit status: 0 no finding, 4 findings, 2 not a "
        "SQLite database, 5 cannot be read.",
        NULL,
        NULL,
        NULL};
    struct asked asked = {0};
    struct audit_findings findings = {0};
    struct audit_report report;
    struct err err = {0};
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    if (audit_database(&findings, &report, asked.path, &err) < 0) {
        code = cli_fail("audit", &err);
    } else {
        code = findings.count ? 4 : 0;
        (asked.json ? tell_json : tell)(asked.path, &report, &findings);
    }
    audit_findings_release(&findings);
    return cli_check_stdout("audit", code);
}
