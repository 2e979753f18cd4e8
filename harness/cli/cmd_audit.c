/* spawnbench audit: is this database sound? And would we see it if it were not? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/guard.h"
#include "base/interrupt.h"
#include "base/replace.h"
#include "base/text.h"
#include "cli/audited.h"
#include "cli/cli.h"
#include "judge/judge.h"

#define REDRAW_NS (100 * CLOCK_NS_PER_MS)

struct asked {
    const char **paths; /* own */
    size_t path_count;
    struct cli_self_test self_test;
    bool self_testing;
    const char *junit, *schema, *folder;
    bool deep, not_deep, in_place, never_lock, quiet;
};

enum { KEY_SEEDS = 256 };

static const struct argp_option rows[] = {
    {"json", CLI_FLAG(self_test.json), NULL, 0,
     "one JSON document on stdout (schema spawnbench.audit.v1; of several databases "
     "spawnbench.audits.v1, which holds them)",
     0},
    {"junit", CLI_WORD(junit), "FILE", 0,
     "a JUnit suite for each database to FILE, whole or not at all (-: to stdout, instead of the "
     "text)",
     0},
    {"schema", CLI_WORD(schema), "FILE", 0,
     "hold it against these CREATE statements, as 'sqlite3 DATABASE .schema' prints them", 0},
    {"deep", CLI_FLAG(deep), NULL, 0,
     "compare indexes with their tables by value at any size (default: below 100 MB)", 0},
    {"no-deep", CLI_FLAG(not_deep), NULL, 0, "compare no indexes by value", 0},
    {"copy-in", CLI_WORD(folder), "DIR", 0, "make the copy there (default: $TMPDIR or /tmp)", 0},
    {"never-lock", CLI_FLAG(never_lock), NULL, 0,
     "rather end with \"not checked\" than hold up a writer for the length of the copy", 0},
    {"in-place", CLI_FLAG(in_place), NULL, 0,
     "read the original instead of a copy: for what is too large, when nobody uses it", 0},
    {"quiet", 'q', NULL, 0, "no progress, no report; the exit code tells", 0},
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

static void check(const struct asked *asked, struct argp_state *state)
{
    const struct cli_self_test *test = &asked->self_test;
    if (!asked->self_testing && (test->seed || test->seeds || test->without))
        argp_error(state, "--seed, --seeds and --without go with --self-test only");
    if (asked->self_testing && (asked->junit || asked->schema || asked->folder || asked->deep ||
                                asked->not_deep || asked->in_place || asked->never_lock))
        argp_error(state, "--self-test goes with --json, --seed, --seeds and --without only");
    if (asked->self_testing && asked->path_count > 1)
        argp_error(state, "--self-test: one DATABASE at a time, '%s' is too much", asked->paths[1]);
    if (asked->deep && asked->not_deep)
        argp_error(state, "--deep or --no-deep, not both");
    if (asked->in_place && (asked->never_lock || asked->folder))
        argp_error(state, "--in-place makes no copy: --never-lock and --copy-in do not go with it");
    if (asked->self_test.json && asked->junit && strcmp(asked->junit, "-") == 0)
        argp_error(state, "--json and --junit - are two documents: give --junit a FILE");
    if (!asked->path_count && !asked->self_testing)
        argp_error(state, "no DATABASE is given");
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case KEY_SEEDS:
        asked->self_test.seeds = (int)cli_number(state, "seeds", argument, 1, 10000);
        return 0;
    case 'q':
        asked->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        asked->paths = xrealloc(asked->paths, asked->path_count + 1, sizeof asked->paths[0]);
        asked->paths[asked->path_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        check(asked, state);
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

/* ---- progress: one line on a terminal's stderr ---- */

struct shown {
    const char *path;
    int64_t drawn_ns;
    bool drawn;
};

static void draw(void *context, const char *what, int64_t done, int64_t all)
{
    struct shown *shown = context;
    char *name;
    if (clock_now_ns() - shown->drawn_ns < REDRAW_NS)
        return;
    name = xstrdup(shown->path);
    text_make_printable(name);
    fprintf(stderr, "\r%.60s: %s %d %%\x1b[K", name, what,
            all > 0 ? (int)(100.0 * (double)done / (double)all) : 0);
    free(name);
    shown->drawn = true;
    shown->drawn_ns = clock_now_ns();
}

static void draw_copy(void *context, int64_t done, int64_t all)
{
    draw(context, "copied", done, all);
}

/* ---- one database ---- */

static void warn_of_place(const char *path)
{
    char *name = xstrdup(path);
    text_make_printable(name);
    fprintf(stderr,
            "spawnbench: audit: warning: '%s' is read in place: its writers may wait or fail "
            "meanwhile, and SQLite may leave a -shm and -wal of this user beside it\n",
            name);
    free(name);
}

/* What is no database need not be copied to be called that. */
static int look(struct audited *one, const struct audit_options *options)
{
    enum audit_kind kind = AUDIT_UNKNOWN;
    if (!audit_kind_may_recover(one->path) && audit_kind_look(&kind, one->path, &one->err) < 0 &&
        kind != AUDIT_DAMAGED) {
        one->report.kind = kind;
        return -1;
    }
    one->err = (struct err){0};
    return audit_database(&one->findings, &one->report, one->path, options, &one->err);
}

static void audit_one(struct audited *one, const struct asked *asked,
                      const struct audit_schema *schema)
{
    struct shown shown = {.path = one->path, .drawn_ns = clock_now_ns()};
    bool shows = !asked->quiet && isatty(STDERR_FILENO);
    struct audit_options options = {
        .copy = {.folder = asked->folder,
                 .never_lock = asked->never_lock,
                 .progress = shows ? draw_copy : NULL,
                 .context = &shown},
        .in_place = asked->in_place,
        .deep = asked->deep       ? AUDIT_DEEP_ALWAYS
                : asked->not_deep ? AUDIT_DEEP_NEVER
                                  : AUDIT_DEEP_BELOW_100_MB,
        .schema = schema,
        .progress = shows ? draw : NULL,
        .context = &shown,
    };
    one->in_place = asked->in_place;
    if (asked->in_place)
        warn_of_place(one->path);
    if (interrupt_check(&one->err) == 0 && look(one, &options) == 0)
        interrupt_check(&one->err); /* what was broken off says nothing */
    if (shown.drawn)
        fputs("\r\x1b[K", stderr);
    audited_judge(one);
}

/* ---- all of them ---- */

static int write_junit(const char *path, const struct audited all[], size_t count, struct err *err)
{
    char *data = NULL;
    size_t length = 0;
    FILE *memory;
    int rc;
    if (strcmp(path, "-") == 0)
        return audited_tell_junit(stdout, all, count, err);
    memory = open_memstream(&data, &length);
    if (!memory)
        return err_system(err, "cannot make the JUnit document");
    rc = audited_tell_junit(memory, all, count, err);
    fclose(memory);
    if (rc == 0)
        rc = replace_file(path, REPLACE_GIVEN, data, length, err);
    free(data);
    return rc;
}

static int tell_all(const struct audited all[], const struct asked *asked)
{
    bool texts = !asked->quiet && !asked->self_test.json &&
                 !(asked->junit && strcmp(asked->junit, "-") == 0);
    struct err err = {0};
    int code = 0;
    for (size_t i = 0; i < asked->path_count; i++) {
        code = verdict_graver(code, all[i].code);
        if (all[i].err.code)
            cli_fail("audit", &all[i].err);
        else if (texts)
            audited_tell(&all[i]);
    }
    if (texts && asked->path_count > 1)
        audited_tell_sum(all, asked->path_count);
    if (asked->self_test.json)
        audited_tell_json(all, asked->path_count);
    if (asked->junit && write_junit(asked->junit, all, asked->path_count, &err) < 0)
        code = verdict_graver(code, cli_fail("audit", &err));
    return code;
}

static int audit_all(const struct asked *asked)
{
    struct audited *all = xcalloc(asked->path_count, sizeof *all);
    struct audit_schema *schema = NULL;
    struct err err = {0};
    int code;
    interrupt_catch();
    guard_heed_interrupts();
    if (asked->schema && audit_schema_load(&schema, asked->schema, &err) < 0) {
        code = cli_fail("audit", &err);
    } else {
        for (size_t i = 0; i < asked->path_count; i++) {
            all[i].path = asked->paths[i];
            audit_one(&all[i], asked, schema);
        }
        code = tell_all(all, asked);
    }
    for (size_t i = 0; i < asked->path_count; i++)
        audited_release(&all[i]);
    audit_schema_free(schema);
    free(all);
    return code;
}

int cmd_audit(int argc, char **argv)
{
    static const struct argp argp = {
        .options = rows,
        .parser = take,
        .args_doc = "DATABASE...\n--self-test [DATABASE]",
        .doc =
            "Audit databases, each on a private copy that SQLite has recovered: the original is "
            "not "
            "changed, and may be in use. SQLite's integrity_check and foreign_key_check, indexes "
            "against their tables, what its -wal holds, and, in a spawner's store, its schema and "
            "what its rows say of each other. Each rule is held, broken, or not checked and why. "
            "With --self-test: are the audits able to see what they are for?\vExit status: 0 "
            "nothing is broken (self-test: every kind of damage is "
            "seen), 4 something is (self-test: a kind escapes, or the untouched store is accused), "
            "5 not checked (encrypted, empty, held by another program, no rights, no space for the "
            "copy, or a rule of which nothing could be checked), 2 no SQLite database. Of several "
            "databases the gravest."};
    struct asked asked = {0};
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    asked.self_test.database = asked.path_count ? asked.paths[0] : NULL;
    code = asked.self_testing ? cli_self_test(&asked.self_test) : audit_all(&asked);
    free(asked.paths);
    return cli_check_stdout("audit", code);
}
