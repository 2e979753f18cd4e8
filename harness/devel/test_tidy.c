/* Does the tree look as it should: line width, banned calls, opening words, include arrows?
 *
 * Each rule is a function from one file to complaints. It is first shown what it must refuse and
 * what it must let pass, then all the sources. The graph of the rooms is in layers.txt. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "devel/test_sources.h"

#define MOST_COLUMNS 100
#define MOST_LINES   500

/* One file under examination. */
struct file {
    const char *path; /* from the top of the tree */
    const char *text;
    char *code;             /* the text with comments, strings and characters blanked out */
    struct text complaints; /* one line each */
};

static void complain(struct file *file, const char *at, const char *what, const char *word)
{
    text_addf(&file->complaints, "%s:%d: %s%s\n", file->path,
              text_line_of(file->text, (size_t)(at - file->text)), what, word);
}

static bool is_test(const char *path)
{
    const char *name = strrchr(path, '/');
    return strncmp(name ? name + 1 : path, "test_", 5) == 0;
}

/* "harness/ROOM/..." or "reference/ROOM/..." to "ROOM"; empty when the file is in no room */
static void room_of(const char *path, char room[32])
{
    const char *from = strchr(path, '/'), *to = from ? strchr(from + 1, '/') : NULL;
    snprintf(room, 32, "%.*s", to ? (int)(to - from - 1) : 0, from ? from + 1 : "");
}

/* ---- rules ---- */

static size_t columns(const char *line, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)line[i] & 0xc0) != 0x80; /* a character of UTF-8 counts once */
    return count;
}

static void rule_lines(struct file *file)
{
    int lines = 0;
    for (const char *line = file->text; *line; lines++) {
        size_t length = strcspn(line, "\n");
        if (columns(line, length) > MOST_COLUMNS)
            complain(file, line, "line is wider than 100 columns", "");
        if (length && isspace((unsigned char)line[length - 1]))
            complain(file, line, "blank at the end of the line", "");
        if (memchr(line, '\t', length))
            complain(file, line, "tab", "");
        line += length + (line[length] == '\n');
    }
    if (lines > MOST_LINES)
        complain(file, file->text, "more than 500 lines: lift something out", "");
    if (lines && file->text[strlen(file->text) - 1] != '\n')
        complain(file, file->text, "no newline at the end of the file", "");
}

/* A .c file opens with a question or says which command it is;
 * a header with its name and a dash. */
static void rule_opening(struct file *file)
{
    const char *end = strstr(file->text, "*/"), *name = strrchr(file->path, '/');
    const char *question = strchr(file->text, '?');
    char opening[128];
    if (strncmp(file->text, "/* ", 3) != 0 || !end) {
        complain(file, file->text, "does not open with a comment", "");
        return;
    }
    if (is_test(file->path))
        return;
    snprintf(opening, sizeof opening, "/* %.*s - ", (int)strcspn(name + 1, "."), name + 1);
    if (sources_ends_in(file->path, ".h")) {
        if (strncmp(file->text, opening, strlen(opening)) != 0)
            complain(file, file->text, "does not open with its name and what it is for", "");
    } else if (strncmp(file->text, "/* spawn", 8) != 0 && (!question || question > end)) {
        complain(file, file->text, "does not open with the question it answers", "");
    }
}

/* A call of exactly this name, not of one that ends in it. */
static const char *find_call(const char *code, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strstr(code, name); at; at = strstr(at + 1, name)) {
        const char *after = at + length + strspn(at + length, " \n");
        bool begins = at == code || !(isalnum((unsigned char)at[-1]) || at[-1] == '_' ||
                                      at[-1] == '.' || at[-1] == '>');
        if (begins && *after == '(')
            return at;
    }
    return NULL;
}

static void rule_calls(struct file *file)
{
    static const char *const banned[] = {"system", "popen",  "sprintf", "vsprintf", "strcpy",
                                         "strcat", "gets",   "strtok",  "atoi",     "atof",
                                         "sleep",  "usleep", "tmpnam",  "mktemp",   "fork"};
    bool may_fork = is_test(file->path) || strncmp(file->path, "harness/study/micro/", 20) == 0 ||
                    strncmp(file->path, "harness/proof/liars/", 20) == 0 ||
                    strncmp(file->path, "harness/proof/crash/", 20) == 0 ||
                    strcmp(file->path, "harness/proof/faults/straggler.c") == 0 ||
                    strcmp(file->path, "reference/spawner/guardian.c") == 0;
    for (size_t i = 0; i < sizeof banned / sizeof banned[0]; i++) {
        const char *at = find_call(file->code, banned[i]);
        if (at && !(may_fork && strcmp(banned[i], "fork") == 0))
            complain(file, file->text + (at - file->code), "banned call: ", banned[i]);
    }
}

/* What cJSON takes for JSON is not strict, and its plain look-ups pass over the case of keys. */
static void rule_json(struct file *file)
{
    static const char *const loose[] = {"cJSON_Parse",
                                        "cJSON_ParseWithLength",
                                        "cJSON_ParseWithOpts",
                                        "cJSON_ParseWithLengthOpts",
                                        "cJSON_GetObjectItem",
                                        "cJSON_HasObjectItem",
                                        "cJSON_DetachItemFromObject",
                                        "cJSON_DeleteItemFromObject",
                                        "cJSON_ReplaceItemInObject"};
    if (is_test(file->path) || strcmp(file->path, "harness/base/json.c") == 0 ||
        strncmp(file->path, "harness/proof/liars/", 20) == 0)
        return;
    for (size_t i = 0; i < sizeof loose / sizeof loose[0]; i++) {
        const char *at = find_call(file->code, loose[i]);
        if (at)
            complain(file, file->text + (at - file->code),
                     "not strict, see base/json.h: ", loose[i]);
    }
}

/* The next include at or behind `at`, and its name, which ends at " or >; NULL: none. */
static const char *next_include(const char *at, const char **name)
{
    for (const char *line = at; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        at = line + strspn(line, " \t");
        if (*at != '#')
            continue;
        at += 1 + strspn(at + 1, " \t");
        if (strncmp(at, "include", 7) != 0)
            continue;
        at += 7 + strspn(at + 7, " \t");
        if (*at == '"' || *at == '<') {
            *name = at + 1;
            return line;
        }
    }
    return NULL;
}

/* Only these rooms know that a store is SQLite. */
static void rule_sqlite(struct file *file)
{
    static const char *const allowed[] = {
        "harness/base/guard", "harness/base/hash", "harness/results/",     "harness/audit/",
        "harness/proof/",     "harness/fuzz/",     "harness/study/micro/", "reference/store/"};
    const char *at = file->text, *name;
    while ((at = next_include(at, &name)) && strncmp(name, "sqlite3", 7) != 0)
        at = name;
    if (!at || is_test(file->path))
        return;
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (strncmp(file->path, allowed[i], strlen(allowed[i])) == 0)
            return;
    complain(file, at, "sqlite3.h has no business here", "");
}

static char *layers; /* of layers.txt: "\nbase:\nscenario: base\n..." */

/* The rooms that a room may include beside itself, blanks around each: NULL when it has no row. The
 * caller frees it. */
static char *rooms_below(const char *room)
{
    char *row = text_format("\n%s:", room), *below = NULL;
    const char *at = *room ? strstr(layers, row) : NULL;
    if (at) {
        at += strlen(row);
        below = text_format("%.*s ", (int)strcspn(at, "\n"), at);
    }
    free(row);
    return below;
}

/* A room that has no row is a tool: fuzz may include all, devel only base. The crash walk, the
 * micro-benchmarks and fuzz meet the reference store too. */
static bool may_include(const char *path, const char *room, const char *other)
{
    static const char *const reference[] = {"spawner", "store", "metrics"};
    bool meets = strcmp(room, "fuzz") == 0 || strncmp(path, "harness/proof/crash/", 20) == 0 ||
                 strncmp(path, "harness/study/micro/", 20) == 0;
    char *below = rooms_below(room), *word = text_format(" %s ", other);
    bool may = strcmp(room, other) == 0 || strcmp(room, "fuzz") == 0 ||
               (below ? strstr(below, word) != NULL : strcmp(other, "base") == 0);
    for (size_t i = 0; i < sizeof reference / sizeof reference[0]; i++)
        may = may || (meets && strcmp(other, reference[i]) == 0);
    may = may || strcmp(other, "agent") == 0; /* the digest that agents make of their output */
    free(below);
    free(word);
    return may;
}

/* In reference/ the rooms are its own, and base: it knows nothing else of the harness. */
static bool reference_may_include(const char *room)
{
    static const char *const own[] = {"agent", "spawner", "store", "metrics", "base"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(room, own[i]) == 0)
            return true;
    return false;
}

/* <linux/x.h> and the like are a library's; other names with a folder are ours, however quoted. */
static bool is_of_the_system(const char *name, const char *folder)
{
    static const char *const folders[] = {"sys", "linux", "cjson", "gsl", "benchmark"};
    for (size_t i = 0; name[-1] == '<' && i < sizeof folders / sizeof folders[0]; i++)
        if (strcmp(folder, folders[i]) == 0)
            return true;
    return false;
}

static void rule_arrows(struct file *file)
{
    bool reference = strncmp(file->path, "reference/", 10) == 0;
    char room[32], other[32];
    const char *name;
    room_of(file->path, room);
    for (const char *at = file->text; !is_test(file->path) && (at = next_include(at, &name));
         at = name) {
        size_t length = strcspn(name, "/\">\n");
        snprintf(other, sizeof other, "%.*s", (int)length, name);
        if (name[length] != '/' || is_of_the_system(name, other))
            continue; /* of its own folder, made by the build, or a library's */
        if (reference ? !reference_may_include(other) : !may_include(file->path, room, other))
            complain(file, at, "arrow against the graph of layers.txt: ", other);
    }
}

/* ---- what is code in a text ---- */

/* What stands at c: where it ends, and whether it is to be blanked out. */
static const char *skip_blanked(const char *c)
{
    char quote = *c;
    if (strncmp(c, "//", 2) == 0)
        return c + strcspn(c, "\n");
    if (strncmp(c, "/*", 2) == 0) {
        const char *end = strstr(c + 2, "*/");
        return end ? end + 2 : c + strlen(c);
    }
    if (quote != '"' && quote != '\'')
        return c;
    for (c++; *c && *c != quote; c++)
        if (*c == '\\' && c[1])
            c++;
    return *c ? c + 1 : c;
}

static char *code_of(const char *text)
{
    char *code = xstrdup(text);
    for (const char *c = text; *c;) {
        const char *end = skip_blanked(c);
        for (; c < end; c++)
            if (*c != '\n')
                code[c - text] = ' ';
        if (*c)
            c += c == end && skip_blanked(c) == c;
    }
    return code;
}

static const struct rule {
    const char *name;
    void (*check)(struct file *file);
} rules[] = {{"lines", rule_lines}, {"opening", rule_opening}, {"calls", rule_calls},
             {"json", rule_json},   {"sqlite", rule_sqlite},   {"arrows", rule_arrows}};

/* All complaints of one rule, or of all of them, about a file; the caller frees it. */
static char *complaints_of(const char *path, const char *text, const char *rule)
{
    struct file file = {.path = path, .text = text, .code = code_of(text)};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (!rule || strcmp(rule, rules[i].name) == 0)
            rules[i].check(&file);
    free(file.code);
    return text_take(&file.complaints);
}

static void read_layers(void)
{
    struct err err = {0};
    struct text kept = {0};
    char *data = NULL, *next = NULL;
    size_t length;
    if (text_read_file(&data, &length, SOURCE_DIR "/harness/devel/layers.txt", 1 << 16, &err) < 0)
        fail_msg("%s", err.text);
    text_add(&kept, "\n");
    for (char *line = strtok_r(data, "\n", &next); line; line = strtok_r(NULL, "\n", &next))
        if (*line != '#')
            text_addf(&kept, "%s\n", line);
    free(data);
    layers = text_take(&kept);
}

/* ---- the rules themselves are tested first ---- */

static void every_rule_refuses_what_is_wrong_and_nothing_else(void **state)
{
    static const struct {
        const char *rule, *path, *text, *complaint; /* NULL: none */
    } cases[] = {
        {"lines", "harness/x/a.c", "int a;\n", NULL},
        {"lines", "harness/x/a.c", "", NULL},
        {"lines", "harness/x/a.c", "int a; \n", "a.c:1: blank at the end"},
        {"lines", "harness/x/a.c", "\n\tint a;\n", "a.c:2: tab"},
        {"lines", "harness/x/a.c", "int a;\r\n", "blank at the end"},
        {"lines", "harness/x/a.c", "int a;", "no newline at the end"},
        {"opening", "harness/x/a.c", "/* Why? */\n", NULL},
        {"opening", "harness/x/a.c", "/* spawnbench list: what is stored. */\n", NULL},
        {"opening", "harness/x/a.c", "/* Because. */\nint b = a ? 1 : 2;\n", "the question"},
        {"opening", "harness/x/a.c", "#include <stdio.h>\n", "open with a comment"},
        {"opening", "harness/x/a.c", "// Why?\n", "open with a comment"},
        {"opening", "harness/x/a.h", "/* a - what it is for */\n", NULL},
        {"opening", "harness/x/a.h", "/* Why? */\n", "its name"},
        {"opening", "harness/x/test_a.h", "/* Invented things. */\n", NULL},
        {"calls", "harness/x/a.c", "a = system(\"ls\");\n", "a.c:1: banned call: system"},
        {"calls", "harness/x/a.c", "\n  gets (b);\n", "a.c:2: banned call: gets"},
        {"calls", "harness/x/a.c", "pid = fork();\n", "banned call: fork"},
        {"calls", "harness/study/micro/a.c", "pid = fork();\n", NULL},
        {"calls", "harness/x/test_a.c", "pid = fork();\n", NULL},
        {"calls", "harness/x/test_a.c", "sleep(1);\n", "banned call: sleep"},
        {"calls", "harness/x/a.c", "snprintf(b); operating_system(); vfork(); clock_sleep();\n",
         NULL},
        {"calls", "harness/x/a.c", "/* never system() */ a = \"system()\"; // system()\n", NULL},
        {"calls", "harness/x/a.c", "a = '\"'; system(b); c = '\"';\n", "banned call: system"},
        {"calls", "harness/x/a.c", "a = \"\\\"\"; popen(b);\n", "banned call: popen"},
        {"calls", "harness/x/a.c", "a = \"b\"\"c\"/**/; strcpy(b);\n", "banned call: strcpy"},
        {"calls", "harness/x/a.c", "int system; table->system(1);\n", NULL},
        {"json", "harness/x/a.c", "a = cJSON_Parse(b);\n", "not strict"},
        {"json", "harness/x/a.c", "a = cJSON_GetObjectItem(b, c);\n", "not strict"},
        {"json", "harness/x/a.c", "a = cJSON_GetObjectItemCaseSensitive(b, c);\n", NULL},
        {"json", "harness/x/test_a.c", "a = cJSON_GetObjectItem(b, c);\n", NULL},
        {"json", "harness/base/json.c", "a = cJSON_ParseWithLengthOpts(b);\n", NULL},
        {"sqlite", "harness/results/a.c", "#include <sqlite3.h>\n", NULL},
        {"sqlite", "reference/store/a.c", "#include <sqlite3.h>\n", NULL},
        {"sqlite", "harness/cli/test_a.c", "#include <sqlite3.h>\n", NULL},
        {"sqlite", "harness/cli/a.c", "\n#include <sqlite3.h>\n", "a.c:2: sqlite3.h"},
        {"sqlite", "reference/spawner/a.c", "#include <sqlite3.h>\n", "sqlite3.h"},
        {"sqlite", "harness/cli/a.c", "# include \"sqlite3.h\"\n", "sqlite3.h"},
        {"arrows", "harness/cycle/a.c", "\n#include \"base/err.h\"\n", NULL},
        {"arrows", "harness/cycle/a.c", "\n#include \"cycle/cycle.h\"\n", NULL},
        {"arrows", "harness/cycle/a.c", "\n#include \"cycle.h\"\n", NULL},
        {"arrows", "harness/cycle/a.c", "\n\n#include \"results/results.h\"\n", "a.c:3: arrow"},
        {"arrows", "harness/results/a.c", "\n#include \"audit/audit.h\"\n", "arrow"},
        {"arrows", "harness/audit/a.c", "\n#include \"judge/judge.h\"\n", "arrow"},
        {"arrows", "harness/judge/a.c", "\n#include \"audit/audit.h\"\n", "arrow"},
        {"arrows", "harness/judge/stats/a.c", "\n#include \"runner/runner.h\"\n", "arrow"},
        {"arrows", "harness/runner/a.c", "\n#include \"audit/audit.h\"\n", NULL},
        {"arrows", "harness/runner/a.c", "\n#include \"report/report.h\"\n", "arrow"},
        {"arrows", "harness/base/a.c", "\n#include \"scenario/scenario.h\"\n", "arrow"},
        {"arrows", "harness/cycle/a.c", "\n#include \"nowhere/a.h\"\n", "arrow"},
        {"arrows", "harness/cycle/a.c", "\n#include <report/report.h>\n", "arrow"},
        {"arrows", "harness/cycle/a.c", "\n # include \"report/report.h\"\n", "arrow"},
        {"arrows", "harness/cycle/a.c", "\n#include \"../report/report.h\"\n", "arrow"},
        {"arrows", "harness/cycle/a.c", "\n#include <sys/types.h>\n", NULL},
        {"arrows", "harness/cycle/a.c", "\n#include \"study/micro/micro.h\"\n", "arrow"},
        {"arrows", "harness/study/micro/a.c", "\n#include \"store/store.h\"\n", NULL},
        {"arrows", "harness/study/trials/a.c", "\n#include \"store/store.h\"\n", "arrow"},
        {"arrows", "harness/study/micro/a.c", "\n#include \"cli/cli.h\"\n", "arrow"},
        {"arrows", "harness/proof/crash/a.c", "\n#include \"store/store.h\"\n", NULL},
        {"arrows", "harness/cycle/a.c", "\n#include \"proof/crash/shim.h\"\n", "arrow"},
        {"arrows", "harness/fuzz/a.c", "\n#include \"cycle/cycle.h\"\n", NULL},
        {"arrows", "harness/devel/a.c", "\n#include \"cycle/cycle.h\"\n", "arrow"},
        {"arrows", "harness/base/test_a.c", "\n#include \"cli/test_cli.h\"\n", NULL},
        {"arrows", "reference/spawner/a.c", "\n#include \"store/store.h\"\n", NULL},
        {"arrows", "reference/main.c", "\n#include \"base/err.h\"\n", NULL},
        {"arrows", "reference/spawner/a.c", "\n#include \"cycle/subject.h\"\n", "arrow"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *said = complaints_of(cases[i].path, cases[i].text, cases[i].rule);
        if (cases[i].complaint ? !strstr(said, cases[i].complaint) : *said != '\0')
            fail_msg("rule '%s' said '%s' of %s: %s", cases[i].rule, said, cases[i].path,
                     cases[i].text);
        free(said);
    }
}

static char *repeated(const char *word, int times)
{
    struct text text = {0};
    for (int i = 0; i < times; i++)
        text_add(&text, word);
    return text_take(&text);
}

static void width_and_length_are_refused_beyond_their_limit(void **state)
{
    static const struct {
        const char *word;
        int times;
        const char *complaint;
    } cases[] = {{"x", 100, NULL},        {"x", 101, "wider than 100"},
                 {"\xc3\xa4", 100, NULL}, {"\xc3\xa4", 101, "wider than 100"},
                 {"x\n", 500, NULL},      {"x\n", 501, "500 lines"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *body = repeated(cases[i].word, cases[i].times);
        char *text = text_format("%s%s", body, cases[i].word[1] == '\n' ? "" : "\n");
        char *said = complaints_of("harness/x/a.c", text, "lines");
        if (cases[i].complaint ? !strstr(said, cases[i].complaint) : *said != '\0')
            fail_msg("case %zu: '%s'", i, said);
        free(said);
        free(text);
        free(body);
    }
}

static void every_room_that_is_there_has_its_place(void **state)
{
    static const char *const beside[] = {"fuzz", "devel"};
    struct sources sources = sources_list();
    (void)state;
    for (size_t i = 0; i < sources.count; i++) {
        char room[32];
        bool known = strncmp(sources.paths[i], "reference/", 10) == 0;
        room_of(sources.paths[i], room);
        for (size_t k = 0; k < sizeof beside / sizeof beside[0]; k++)
            known = known || strcmp(room, beside[k]) == 0;
        if (!known) {
            char *below = rooms_below(room);
            if (!below)
                fail_msg("room '%s' of %s is not in layers.txt", room, sources.paths[i]);
            free(below);
        }
    }
    sources_release(&sources);
}

static void all_sources_keep_all_rules(void **state)
{
    struct sources sources = sources_list();
    struct text all = {0};
    bool failed;
    (void)state;
    assert_true(sources.count > 80); /* the walk itself must not fail silently */
    for (size_t i = 0; i < sources.count; i++) {
        char *path = text_format("%s/%s", SOURCE_DIR, sources.paths[i]), *text = NULL, *said;
        size_t length;
        assert_int_equal(text_read_file(&text, &length, path, 1 << 20, NULL), 0);
        said = complaints_of(sources.paths[i], text, NULL);
        text_add(&all, said);
        free(said);
        free(text);
        free(path);
    }
    sources_release(&sources);
    failed = all.length > 0;
    if (failed)
        fprintf(stderr, "%s", all.data); /* cmocka would cut it */
    text_release(&all);
    assert_false(failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_refuses_what_is_wrong_and_nothing_else),
        cmocka_unit_test(width_and_length_are_refused_beyond_their_limit),
        cmocka_unit_test(every_room_that_is_there_has_its_place),
        cmocka_unit_test(all_sources_keep_all_rules),
    };
    int failed;
    read_layers();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(layers);
    return failed;
}
