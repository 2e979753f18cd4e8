/* spawnbench audit: is this database sound? And would we see it if it were not? */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/audit.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"

struct asked {
    const char *path;
    struct cli_self_test self_test;
    bool self_testing;
};

enum { KEY_SEEDS = 256 };

static const struct argp_option options[] = {
    {"json", CLI_FLAG(self_test.json), NULL, 0,
     "one JSON document on stdout (schema spawnbench.audit.v1)", 0},
    {"self-test", CLI_FLAG(self_testing), NULL, 0,
     "damage copies of a store in every known way and show which rule sees it; without DATABASE "
     "the reference spawner makes a store first",
     0},
    {"seed", CLI_SEED(self_test.seed), "N", 0,
     "(self-test) seed of the places that are hit (default 1)", 0},
    {"seeds", KEY_SEEDS, "N", 0, "(self-test) places for each kind of damage (default 5)", 0},
    {"without", CLI_WORD(self_test.without), "RULE", 0,
     "(self-test) leave a rule out, to see the test fail", 0},
    {0}};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    struct cli_self_test *test = &asked->self_test;
    switch (key) {
    case KEY_SEEDS:
        test->seeds = (int)cli_number(state, "seeds", argument, 1, 10000);
        return 0;
    case ARGP_KEY_ARG:
        cli_take_one(&asked->path, "DATABASE", argument, state);
        return 0;
    case ARGP_KEY_END:
        if (!asked->self_testing && (test->seed || test->seeds || test->without))
            argp_error(state, "--seed, --seeds and --without go with --self-test only");
        if (!asked->path && !asked->self_testing)
            argp_error(state, "no DATABASE is given");
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

static void tell(const char *path, const struct audit_report *report,
                 const struct audit_findings *findings)
{
    char spent[TEXT_DURATION_BYTES], *name = xstrdup(path);
    text_make_printable(name);
    printf("%s\n  file      %lld bytes, %lld pages, %lld free, journal %s\n", name,
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
    free(name);
}

static void tell_json(const char *path, const struct audit_report *report,
                      const struct audit_findings *findings)
{
    cJSON *root = cJSON_CreateObject();
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
    cli_add_findings(root, "findings", findings);
    json_puts(root);
    cJSON_Delete(root);
}

static int audit_one(const struct asked *asked)
{
    static const struct audit_options how = {0};
    struct audit_findings findings = {0};
    struct audit_report report;
    struct err err = {0};
    int code;
    if (audit_database(&findings, &report, asked->path, &how, &err) < 0) {
        code = cli_fail("audit", &err);
    } else {
        code = findings.count ? 4 : 0;
        (asked->self_test.json ? tell_json : tell)(asked->path, &report, &findings);
    }
    audit_report_release(&report);
    audit_findings_release(&findings);
    return code;
}

int cmd_audit(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "DATABASE\n--self-test [DATABASE]",
        .doc = "Audit one database: SQLite's integrity_check and foreign_key_check, what its -wal "
               "holds, and, in a spawner's store, its schema and what its rows say of each other. "
               "With --self-test: are the audits able to see what they are for?\vExit status: 0 no "
               "finding (self-test: every kind of damage is seen), 4 findings (self-test: a kind "
               "escapes, or the untouched store is accused), 2 not a SQLite database, 5 cannot be "
               "read or run."};
    struct asked asked = {0};
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    asked.self_test.database = asked.path;
    code = asked.self_testing ? cli_self_test(&asked.self_test) : audit_one(&asked);
    return cli_check_stdout("audit", code);
}
