/* spawnbench audit, the program: what it says of databases of anybody, for humans and programs. */
#include <dirent.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "cli/test_cli.h"

static char *database(const char *folder, const char *name, const char *sql)
{
    char *path = cli_path(folder, name), *wrong = NULL;
    sqlite3 *made = NULL;
    assert_int_equal(sqlite3_open(path, &made), SQLITE_OK);
    if (sqlite3_exec(made, sql, NULL, NULL, &wrong) != SQLITE_OK)
        fail_msg("%s: %s", sql, wrong);
    sqlite3_close(made);
    return path;
}

/* Runs it and looks at how it ended, and at a word of each stream ("": any). */
static struct cli_said say(const char *folder, int status, const char *out, const char *err,
                           const char *const words[])
{
    const char *line[16] = {BINARY_DIR "/spawnbench", "audit"};
    struct cli_running running;
    struct cli_said said;
    size_t count = 2;
    for (; *words; words++)
        line[count++] = *words;
    running = cli_start_words(folder, line);
    said = cli_end(&running);
    if (said.exit_status != status)
        fail_msg("exit %d, expected %d: %s%s", said.exit_status, status, said.out, said.err);
    assert_said(said.out, out);
    assert_said(said.err, err);
    return said;
}

static void expect(const char *folder, int status, const char *out, const char *err,
                   const char *const words[])
{
    struct cli_said said = say(folder, status, out, err, words);
    cli_forget(&said);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- documents against their schema ---- */

static const cJSON *resolve(const cJSON *root, const cJSON *schema)
{
    const char *to = json_string(schema, "$ref");
    const cJSON *named = cJSON_GetObjectItem(root, "$defs");
    return to ? cJSON_GetObjectItemCaseSensitive(named, strrchr(to, '/') + 1) : schema;
}

static bool is_of_type(const cJSON *node, const char *type)
{
    return strcmp(type, "object") == 0    ? cJSON_IsObject(node)
           : strcmp(type, "array") == 0   ? cJSON_IsArray(node)
           : strcmp(type, "string") == 0  ? cJSON_IsString(node)
           : strcmp(type, "boolean") == 0 ? cJSON_IsBool(node)
                                          : cJSON_IsNumber(node) || cJSON_IsRaw(node);
}

/* Types, words that are allowed, members that are needed and no others: what this schema uses. */
static void keeps(const cJSON *root, const cJSON *schema, const cJSON *node, const char *where)
{
    const cJSON *to = resolve(root, schema), *one, *members = cJSON_GetObjectItem(to, "properties");
    const cJSON *words = cJSON_GetObjectItem(to, "enum"), *items = cJSON_GetObjectItem(to, "items");
    const char *type = json_string(to, "type");
    bool allowed = !words;
    if (!to || (type && !is_of_type(node, type)))
        fail_msg("'%s' is no %s", where, type ? type : "known member");
    cJSON_ArrayForEach(one, words)
        allowed |= cJSON_Compare(one, node, true);
    if (!allowed)
        fail_msg("'%s' is none of those in its enum", where);
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(to, "required"))
        if (!cJSON_GetObjectItemCaseSensitive(node, one->valuestring))
            fail_msg("'%s' has no '%s'", where, one->valuestring);
    if (members)
        cJSON_ArrayForEach(one, node)
            keeps(root, cJSON_GetObjectItemCaseSensitive(members, one->string), one, one->string);
    if (items)
        cJSON_ArrayForEach(one, node)
            keeps(root, items, one, where);
}

static cJSON *parse(const char *text)
{
    struct err err = {0};
    cJSON *root = NULL;
    if (json_parse(&root, text, strlen(text), &err) < 0)
        fail_msg("%s in: %s", err.text, text);
    return root;
}

static void keeps_schema(const cJSON *document)
{
    char *text = NULL;
    size_t length;
    cJSON *schema;
    const cJSON *kinds;
    assert_int_equal(
        text_read_file(&text, &length, SOURCE_DIR "/harness/cli/audit.schema.json", 1 << 20, NULL),
        0);
    schema = parse(text);
    kinds = cJSON_GetObjectItem(schema, "oneOf");
    keeps(schema, cJSON_GetArrayItem(kinds, cJSON_HasObjectItem(document, "databases")), document,
          "the document");
    cJSON_Delete(schema);
    free(text);
}

static cJSON *json_of(const char *folder, int status, const char *const words[])
{
    struct cli_said said = say(folder, status, "", "", words);
    cJSON *root = parse(said.out);
    keeps_schema(root);
    cli_forget(&said);
    return root;
}

static void expect_word(const cJSON *root, const char *key, const char *word)
{
    const char *is = json_string(root, key);
    if (!is || !strstr(is, word))
        fail_msg("'%s' is '%s', expected '%s'", key, is ? is : "missing", word);
}

/* ---- somebody else's databases ---- */

static void a_sound_database_is_told_with_its_settings(void **state)
{
    struct cli_said said;
    cJSON *root;
    free(database(*state, "a.db",
                  "PRAGMA auto_vacuum = FULL; PRAGMA user_version = 7; PRAGMA journal_mode = WAL;"
                  "PRAGMA application_id = 0x0f055111; CREATE TABLE t (a); INSERT INTO t VALUES"
                  " (1)"));
    said = say(*state, 0, "a SQLite database: ", "", WORDS("a.db"));
    assert_said(said.out, " held, 0 broken, ");
    assert_said(said.out, "journal wal, auto_vacuum full, UTF-8");
    assert_said(said.out, "user_version 7, application_id 0xf055111 (Fossil repository)");
    assert_said(said.out, "copied    in ");
    assert_null(strstr(said.out, "\n  broken"));
    cli_forget(&said);
    root = json_of(*state, 0, WORDS("a.db", "--json"));
    expect_word(root, "answer", "held");
    expect_word(root, "kind", "database");
    expect_word(root, "schema", "spawnbench.audit.v1");
    cJSON_Delete(root);
}

/* The tables that the orchestrator's own database has are called as those of a store. */
#define CONSENSUS_ARTIFACTS                                                                        \
    "CREATE TABLE agent_executions (agent_id TEXT PRIMARY KEY, spec_id TEXT NOT NULL, stage TEXT," \
    " agent_name TEXT, spawned_at TEXT NOT NULL, completed_at TEXT);\n"                            \
    "CREATE TABLE consensus_runs (id INTEGER PRIMARY KEY AUTOINCREMENT, spec_id TEXT, stage TEXT," \
    " consensus_ok INTEGER);\n"                                                                    \
    "CREATE TABLE agent_outputs (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER"             \
    " REFERENCES consensus_runs (id), agent_name TEXT, content TEXT);\n"

static void names_of_tables_make_no_store(void **state)
{
    cJSON *root;
    free(database(
        *state, "consensus_artifacts.db",
        CONSENSUS_ARTIFACTS
        "INSERT INTO agent_executions VALUES ('a', 's', 'plan', 'g', '2025-11-14', NULL)"));
    root = json_of(*state, 0, WORDS("consensus_artifacts.db", "--json"));
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(root, "is_store")));
    cJSON_Delete(root);
    expect(*state, 0, "its application_id is not 0x73706e77", "", WORDS("consensus_artifacts.db"));
}

/* Its application_id makes it one: then the tables have to be there. */
static void an_application_id_without_its_tables_is_a_finding(void **state)
{
    free(database(
        *state, "s.db",
        "PRAGMA application_id = 0x73706e77; PRAGMA user_version = 1; CREATE TABLE t (a)"));
    expect(*state, 4, "table 'agent_executions' is missing", "", WORDS("s.db"));
}

static void a_schema_is_held_against_its_contract(void **state)
{
    cJSON *root;
    free(cli_write(*state, "want.sql", CONSENSUS_ARTIFACTS));
    free(database(*state, "good.db", CONSENSUS_ARTIFACTS "CREATE TABLE mine (x)"));
    free(database(*state, "bad.db",
                  CONSENSUS_ARTIFACTS "ALTER TABLE agent_outputs DROP COLUMN content"));
    expect(*state, 0, "not asked for: table 'mine'", "", WORDS("good.db", "--schema=want.sql"));
    expect(*state, 4,
           "schema-is-as-asked               table 'agent_outputs': column 'content' is missing "
           "(text)",
           "", WORDS("bad.db", "--schema", "want.sql"));
    root = json_of(*state, 4, WORDS("good.db", "bad.db", "--schema=want.sql", "--json"));
    expect_word(cJSON_GetArrayItem(cJSON_GetObjectItem(root, "databases"), 1), "answer", "broken");
    cJSON_Delete(root);
}

static void a_schema_that_is_none_is_refused_before_anything_is_read(void **state)
{
    free(cli_write(*state, "want.sql", "CREATE TABLE t (a);\nDELETE FROM t;\n"));
    expect(*state, 2, "", "schema 'want.sql': line 2: 'delete' is not run",
           WORDS("no-such.db", "--schema=want.sql"));
}

/* ---- what is no database, and what keeps us from looking ---- */

static void encrypted_and_empty_files_are_not_checked(void **state)
{
    char *path = cli_path(*state, "e.db");
    uint64_t noise[2048], seed = 1;
    struct err err = {0};
    cJSON *root;
    for (size_t i = 0; i < 2048; i++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17; /* xorshift64 */
        noise[i] = seed;
    }
    assert_int_equal(text_write_file(path, noise, sizeof noise, &err), 0);
    free(cli_write(*state, "z.db", ""));
    expect(*state, 5, "", "'e.db' is encrypted, or random bytes", WORDS("e.db"));
    expect(*state, 5, "", "'z.db' is an empty file", WORDS("z.db"));
    root = json_of(*state, 5, WORDS("e.db", "--json"));
    expect_word(root, "kind", "encrypted");
    expect_word(root, "answer", "not_checked");
    expect_word(root, "why", "sqlcipher");
    cJSON_Delete(root);
    free(path);
}

static void of_several_databases_the_gravest_counts(void **state)
{
    cJSON *root, *all;
    free(database(*state, "a.db", "CREATE TABLE t (a)"));
    free(database(*state, "b.db",
                  "CREATE TABLE p (a PRIMARY KEY); CREATE TABLE c (b REFERENCES p);"
                  "INSERT INTO c VALUES (1), (2)"));
    free(cli_write(*state, "t.db", "a text"));
    free(cli_write(*state, "z.db", ""));
    expect(*state, 2, "2 databases: 1 held, 0 broken, 1 not checked", "it is a text",
           WORDS("a.db", "t.db"));
    expect(*state, 5, "", "", WORDS("t.db", "z.db", "a.db"));
    expect(*state, 4, "4 databases: 1 held, 1 broken, 2 not checked", "",
           WORDS("z.db", "b.db", "t.db", "a.db"));
    root = json_of(*state, 4, WORDS("--json", "a.db", "b.db", "z.db"));
    expect_word(root, "schema", "spawnbench.audits.v1");
    all = cJSON_GetObjectItem(root, "databases");
    assert_int_equal(cJSON_GetArraySize(all), 3);
    expect_word(cJSON_GetArrayItem(all, 0), "answer", "held");
    expect_word(cJSON_GetArrayItem(all, 1), "answer", "broken");
    expect_word(cJSON_GetArrayItem(all, 2), "answer", "not_checked");
    cJSON_Delete(root);
}

static void a_ci_service_gets_a_suite_for_each(void **state)
{
    struct cli_said said;
    char *path = cli_path(*state, "j.xml"), *text = NULL;
    size_t length;
    free(database(*state, "a.db", "CREATE TABLE t (a)"));
    free(database(*state, "b.db",
                  "CREATE TABLE p (a PRIMARY KEY); CREATE TABLE c (b REFERENCES p);"
                  "INSERT INTO c VALUES (1), (2)"));
    free(cli_write(*state, "z.db", ""));
    said = say(*state, 4, "<testsuite name=\"b.db\"", "", WORDS("--junit=-", "a.db", "b.db"));
    assert_said(said.out, "type=\"integrity broken\"");
    assert_null(strstr(said.out, "a SQLite database:"));
    cli_forget(&said);
    expect(*state, 5, "1 held", "empty file", WORDS("--junit=j.xml", "a.db", "z.db"));
    assert_int_equal(text_read_file(&text, &length, path, 1 << 20, NULL), 0);
    assert_said(text, "<testsuite name=\"z.db\"");
    assert_said(text, "type=\"not-checked\"");
    free(text);
    free(path);
}

/* An index on a function of the application hides nothing else, and is not called checked. */
static void a_rule_that_held_only_of_a_part_says_so(void **state)
{
    struct cli_said said;
    free(database(
        *state, "f.db",
        "CREATE TABLE t (a); CREATE INDEX j ON t (a); CREATE TABLE u (a); CREATE INDEX i ON u (a);"
        "PRAGMA writable_schema = on;"
        "UPDATE sqlite_master SET sql = 'CREATE INDEX i ON u (norm(a))' WHERE name = 'i'"));
    expect(*state, 0, "of them only of a part, see below", "", WORDS("f.db"));
    said = say(*state, 0, "name=\"integrity-check-is-ok: i\"", "", WORDS("--junit=-", "f.db"));
    assert_said(said.out, "it needs function norm() of its application");
    cli_forget(&said);
    said = say(*state, 0, "\"held_in_part\":", "", WORDS("--json", "f.db"));
    assert_null(strstr(said.out, "\"held_in_part\":0"));
    cli_forget(&said);
}

static void what_could_not_work_is_said_at_once(void **state)
{
    free(database(*state, "a.db", "CREATE TABLE t (a)"));
    expect(*state, 2, "", "--deep or --no-deep", WORDS("a.db", "--deep", "--no-deep"));
    expect(*state, 2, "", "--in-place makes no copy", WORDS("a.db", "--in-place", "--never-lock"));
    expect(*state, 2, "", "give --junit a FILE", WORDS("a.db", "--json", "--junit=-"));
    expect(*state, 2, "", "--self-test goes with", WORDS("a.db", "--self-test", "--deep"));
    expect(*state, 2, "", "--seed, --seeds and --without", WORDS("a.db", "--seeds=2"));
    expect(*state, 5, "", "nowhere", WORDS("a.db", "--copy-in=nowhere"));
}

static void quiet_says_nothing(void **state)
{
    struct cli_said said;
    free(database(*state, "a.db", "CREATE TABLE t (a)"));
    said = say(*state, 0, "", "", WORDS("-q", "a.db"));
    assert_string_equal(said.out, "");
    assert_string_equal(said.err, "");
    cli_forget(&said);
}

static size_t entries(const char *folder)
{
    struct dirent **list = NULL;
    int count = scandir(folder, &list, NULL, NULL);
    for (int i = 0; i < count; i++)
        free(list[i]);
    free(list);
    return (size_t)count;
}

static void nothing_is_left_of_a_copy(void **state)
{
    char *folder = cli_path(*state, "copies");
    size_t before;
    assert_int_equal(mkdir(folder, 0700), 0);
    free(database(*state, "a.db", "CREATE TABLE t (a)"));
    expect(*state, 0, "", "", WORDS("a.db", "-q")); /* stderr is a file of this folder */
    before = entries(*state);
    expect(*state, 0, "copied    in ", "", WORDS("a.db", "--copy-in", "copies"));
    assert_int_equal(entries(folder), 2);
    assert_int_equal(entries(*state), before);
    free(folder);
}

/* Whenever it comes: it is no finding, and the copy goes. */
static void a_signal_breaks_it_off_and_leaves_nothing(void **state)
{
    char *folder = cli_path(*state, "copies");
    assert_int_equal(mkdir(folder, 0700), 0);
    free(database(*state, "a.db",
                  "CREATE TABLE t (a, b); CREATE INDEX i ON t (b);"
                  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
                  "INSERT INTO t SELECT i, hex(randomblob(100)) FROM n"));
    for (int64_t i = 0; i < 12; i++) {
        struct cli_running running =
            cli_start(*state, "audit", "a.db", "--copy-in", "copies", NULL);
        struct cli_said said;
        clock_sleep_until(clock_now_ns() + 15 * i * CLOCK_NS_PER_MS);
        kill(running.process.pid, SIGINT);
        said = cli_end(&running);
        if (said.exit_status != 0 && said.exit_status != 128 + SIGINT && said.signal != SIGINT)
            fail_msg("exit %d: %s%s", said.exit_status, said.out, said.err);
        assert_int_equal(entries(folder), 2);
        cli_forget(&said);
    }
    free(folder);
}

static void in_place_is_warned_of(void **state)
{
    free(database(*state, "a.db", "CREATE TABLE t (a)"));
    expect(*state, 0, "in place  not copied", "warning: 'a.db' is read in place",
           WORDS("--in-place", "a.db"));
}

/* ---- hostile names ---- */

static void names_of_a_database_steer_no_terminal(void **state)
{
    static const char *const how[] = {"-q", "--json", "--junit=-", "--in-place"};
    char *path =
        database(*state, "x\x1b[2J\n\xe2\x80\xae.db",
                 "CREATE TABLE \"a\x1b[2J\n\xe2\x80\xae\" (x UNIQUE, y REFERENCES"
                 " \"b\x1b[2J\" (y)); INSERT INTO \"a\x1b[2J\n\xe2\x80\xae\" VALUES (1, 2)");
    char *want = cli_write(*state, "want.sql", "CREATE TABLE \"c\x1b[2J\" (\"d\x1b[2J\")");
    for (size_t i = 0; i < 4; i++) {
        struct cli_said said = say(*state, 4, "", "", WORDS(path, how[i], "--schema", want));
        assert_null(strchr(said.out, '\x1b'));
        assert_null(strchr(said.err, '\x1b'));
        assert_null(strstr(said.out, "\xe2\x80\xae"));
        assert_null(strstr(said.err, "\xe2\x80\xae"));
        cli_forget(&said);
    }
    free(want);
    free(path);
}

/* ---- what is told of any database ---- */

static void bloat_and_foreign_keys_are_told_and_no_finding(void **state)
{
    struct cli_said said;
    free(database(*state, "b.db",
                  "CREATE TABLE big (a); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
                  " FROM n WHERE i < 2000) INSERT INTO big SELECT zeroblob(3000) FROM n;"
                  "DROP TABLE big; CREATE TABLE c (x REFERENCES gone)"));
    said = say(*state, 0, "of the file is free (", "", WORDS("b.db"));
    assert_said(said.out, "auto_vacuum is none, so it never shrinks; VACUUM gives it back");
    assert_said(said.out, "1 declared; SQLite enforces them only");
    assert_said(said.out, "table 'c' references 'gone', which is no table of it");
    cli_forget(&said);
}

int main(void)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_sound_database_is_told_with_its_settings),
        IN_A_FOLDER(names_of_tables_make_no_store),
        IN_A_FOLDER(an_application_id_without_its_tables_is_a_finding),
        IN_A_FOLDER(a_schema_is_held_against_its_contract),
        IN_A_FOLDER(a_schema_that_is_none_is_refused_before_anything_is_read),
        IN_A_FOLDER(encrypted_and_empty_files_are_not_checked),
        IN_A_FOLDER(of_several_databases_the_gravest_counts),
        IN_A_FOLDER(a_ci_service_gets_a_suite_for_each),
        IN_A_FOLDER(a_rule_that_held_only_of_a_part_says_so),
        IN_A_FOLDER(what_could_not_work_is_said_at_once),
        IN_A_FOLDER(quiet_says_nothing),
        IN_A_FOLDER(nothing_is_left_of_a_copy),
        IN_A_FOLDER(a_signal_breaks_it_off_and_leaves_nothing),
        IN_A_FOLDER(in_place_is_warned_of),
        IN_A_FOLDER(names_of_a_database_steer_no_terminal),
        IN_A_FOLDER(bloat_and_foreign_keys_are_told_and_no_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
