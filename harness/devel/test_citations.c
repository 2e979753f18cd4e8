/* Is every document that a source cites in the repository, with the section that it names, and is
 * every source file that a comment names?
 *
 * A citation is a word NAME.md in capitals, or with a folder before it, and perhaps the number of a
 * section behind it. It is looked for from the top, from harness/ and from the file's own folder.
 * A source file is a word NAME.c or NAME.h in a comment; it may lie in any folder of the tree.
 * The rule is first shown what it must refuse and what it must let pass, then all the sources. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "devel/test_sources.h"

#define ENDING     ".md"
#define WRITTEN    "benchmarks.md"                       /* by the report: not a document of ours */
#define OF_SQLITE  "/sqlite3.h/build.c/os_unix.c/vdbe.c" /* named here, not ours */
#define PATH_ROOM  512
#define MOST_BYTES (1 << 20)

/* One file under examination. */
struct file {
    const char *path; /* from the top of the tree */
    const char *text;
    const struct sources *tree;
    struct text complaints; /* one line each */
};

static void complain(struct file *file, const char *at, const char *what, const char *from,
                     size_t length)
{
    text_addf(&file->complaints, "%s:%d: %s: %.*s\n", file->path,
              text_line_of(file->text, (size_t)(at - file->text)), what, (int)length, from);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* ---- is it there? ---- */

static bool is_file(const char *folder, const char *path, char out[PATH_ROOM])
{
    struct stat about;
    snprintf(out, PATH_ROOM, "%s%s/%s", SOURCE_DIR, folder, path);
    return stat(out, &about) == 0 && S_ISREG(about.st_mode);
}

static bool find(const struct file *file, const char *path, char out[PATH_ROOM])
{
    const char *end = strrchr(file->path, '/');
    char own[PATH_ROOM];
    snprintf(own, sizeof own, "/%.*s", end ? (int)(end - file->path) : 0, file->path);
    return is_file("", path, out) || is_file("/harness", path, out) || is_file(own, path, out);
}

/* A heading "## 6.1 Words" or "## 6. Words". */
static bool has_section(const char *document, const char *number, size_t length)
{
    char *text = NULL;
    size_t bytes;
    bool found = false;
    assert_int_equal(text_read_file(&text, &bytes, document, MOST_BYTES, NULL), 0);
    for (const char *line = text; !found && *line;) {
        const char *at = line + strspn(line, "#");
        if (at > line && strncmp(at += strspn(at, " "), number, length) == 0)
            found = !isdigit((unsigned char)at[at[length] == '.' ? length + 1 : length]);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    free(text);
    return found;
}

/* ---- what is a citation? ---- */

static bool is_citation(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (strpbrk(path, "%{}*") || strncmp(path, "//", 2) == 0 || strcmp(name, WRITTEN) == 0)
        return false; /* a pattern, part of an address, or what the report writes */
    for (const char *c = name; !slash && c < name + strlen(name) - strlen(ENDING); c++)
        if (islower((unsigned char)*c))
            return false; /* a file that somebody makes */
    return *name != '.';
}

/* "6.1" of " 6.1 and 6.4"; empty when there is none. */
static size_t number_at(const char *at)
{
    size_t length = isdigit((unsigned char)*at) ? strspn(at, "0123456789.") : 0;
    while (length && at[length - 1] == '.')
        length--;
    return length;
}

static void check_path(struct file *file, const char *from, const char *end)
{
    char path[PATH_ROOM], document[PATH_ROOM];
    size_t number = *end == ' ' ? number_at(end + 1) : 0;
    snprintf(path, sizeof path, "%.*s", (int)(end - from), from);
    if (!is_citation(path))
        return;
    if (!find(file, path, document))
        complain(file, from, "cites a document that is not here", from, (size_t)(end - from));
    else if (number && !has_section(document, end + 1, number))
        complain(file, from, "cites a section that is not there", from,
                 (size_t)(end + 1 - from) + number);
}

static void check_paths(struct file *file)
{
    for (const char *at = strstr(file->text, ENDING); at; at = strstr(at + 1, ENDING)) {
        const char *from = at, *end = at + strlen(ENDING);
        while (from > file->text && (is_word(from[-1]) || strchr("./-%{}*", from[-1])))
            from--;
        if (from < at && !is_word(*end))
            check_path(file, from, end);
    }
}

/* A bare name with a section: which document is that? */
static void check_names(struct file *file)
{
    static const char *const names[] = {"STATISTICS", "INTEGRITY", "SPAWNING",
                                        "PLATFORM",   "DESIGN",    "STYLE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t length = strlen(names[i]);
        for (const char *at = strstr(file->text, names[i]); at; at = strstr(at + 1, names[i])) {
            const char *number = at + length + strspn(at + length, ", ");
            if ((at > file->text && is_word(at[-1])) || number == at + length)
                continue;
            if (strncmp(number, "section ", 8) == 0)
                number += 8;
            if (number_at(number))
                complain(file, at, "cites a name that is no path", at,
                         (size_t)(number - at) + number_at(number));
        }
    }
}

/* ---- source files that comments name ---- */

static bool is_source(const struct sources *tree, const char *name, size_t length)
{
    char path[PATH_ROOM];
    bool found;
    snprintf(path, sizeof path, "/%.*s", (int)length, name);
    found = strstr(OF_SQLITE, path) != NULL;
    for (size_t i = 0; !found && i < tree->count; i++)
        found = sources_ends_in(tree->paths[i], path);
    return found;
}

/* <NAME.h> is the system's; a capital stands for any name. */
static void check_comment(struct file *file, const char *from, const char *end)
{
    for (const char *dot = from; dot < end; dot++) {
        const char *name = dot;
        bool capital = false;
        if (*dot != '.' || !strchr("ch", dot[1]) || is_word(dot[2]) || dot[2] == '>')
            continue;
        for (; is_word(name[-1]); name--)
            capital = capital || isupper((unsigned char)name[-1]);
        if (name < dot && !capital && !is_source(file->tree, name, (size_t)(dot + 2 - name)))
            complain(file, name, "names a file that is not here", name, (size_t)(dot + 2 - name));
    }
}

static void check_comments(struct file *file)
{
    for (const char *at = file->text, *end; *at; at = *end ? end + 1 : end) {
        end = at;
        if (*at == '"' || *at == '\'')
            while (*++end && *end != *at && *end != '\n')
                end += *end == '\\' && end[1];
        else if (strncmp(at, "/*", 2) == 0 && (end = strstr(at + 2, "*/")) != NULL)
            check_comment(file, at + 2, end);
        if (!end)
            return;
    }
}

static char *complaints_of(const char *path, const char *text, const struct sources *tree)
{
    struct file file = {.path = path, .text = text, .tree = tree};
    check_paths(&file);
    check_names(&file);
    if (!sources_ends_in(path, ENDING))
        check_comments(&file);
    return text_take(&file.complaints);
}

/* ---- the rule itself is tested first ---- */

static void what_is_not_here_is_refused_and_nothing_else(void **state)
{
    static const struct {
        const char *path, *text, *complaint; /* NULL: none */
    } cases[] = {
        {"harness/x/a.c", "/* source: judge/STATISTICS.md 2.3 */", NULL},
        {"harness/x/a.c", "/* harness/judge/STATISTICS.md 2.3, 5. and 6.1 */", NULL},
        {"harness/judge/a.c", "/* STATISTICS.md 2.3 */", NULL},
        {"harness/x/a.c", "\n/* STATISTICS.md 2.3 */", "a.c:2: cites a document that is not here"},
        {"harness/x/a.c", "/* judge/STATISTICS.md 2.30 */", "a section that is not there"},
        {"harness/x/a.c", "/* judge/STATISTICS.md 99 */", "section that is not there: judge/"},
        {"harness/x/a.c", "/* judge/NOWHERE.md */", "not here: judge/NOWHERE.md"},
        {"harness/x/a.c", "/* see DESIGN.md, section 5 */", "not here: DESIGN.md"},
        {"harness/x/a.c", "/* STATISTICS 6.1 */", "no path: STATISTICS 6.1"},
        {"harness/x/a.c", "/* see DESIGN, section 5 */", "no path: DESIGN, section 5"},
        {"harness/x/a.c", "/* INTEGRITY 3a */", "no path: INTEGRITY 3"},
        {"harness/x/a.c", "MY_INTEGRITY 3; INTEGRITY, false; STYLE", NULL},
        {"reference/x/a.c", "puts(\"see reference/PROTOCOL.md.\");", NULL},
        {"reference/a.md", "[the contract](PROTOCOL.md), [how](reference/SPAWNING.md)", NULL},
        {"reference/a.md", "[figures](../reports/statistics.md)", NULL},
        {"reference/a.md", "[figures](../reports/nothing.md)", "not here: ../reports/nothing.md"},
        {"harness/x/a.c", "\"%s/summary.md\", \"out.md\", FOLDER/benchmarks.md", NULL},
        {"harness/x/a.c", "// https://example.org/wiki/A.md", NULL},
        {"harness/x/a.c", "a.mdb = B.md5;", NULL},
        {"harness/x/a.c", "/* see base/text.h, test_NAME.c, gate_*.c, <sys/stat.h>, vdbe.c */",
         NULL},
        {"harness/x/a.c", "\n/* see nowhere.c. */",
         "a.c:2: names a file that is not here: nowhere.c"},
        {"harness/x/a.c", "'\"'; /* base/nowhere.h */", "not here: nowhere.h"},
        {"harness/x/a.c", "\"/* nowhere.c\"; nowhere.c /* a.cc, b.count */", NULL},
    };
    struct sources tree = sources_list_texts();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *said = complaints_of(cases[i].path, cases[i].text, &tree);
        if (cases[i].complaint ? !strstr(said, cases[i].complaint) : *said != '\0')
            fail_msg("said '%s' of %s: %s", said, cases[i].path, cases[i].text);
        free(said);
    }
    sources_release(&tree);
}

static void all_sources_cite_what_is_here(void **state)
{
    struct sources sources = sources_list_texts();
    struct text all = {0};
    size_t documents = 0;
    bool failed;
    (void)state;
    for (size_t i = 0; i < sources.count; i++) {
        char *path = text_format("%s/%s", SOURCE_DIR, sources.paths[i]), *text = NULL, *said;
        size_t length;
        assert_int_equal(text_read_file(&text, &length, path, MOST_BYTES, NULL), 0);
        documents += sources_ends_in(path, ENDING);
        said = complaints_of(sources.paths[i], text, &sources);
        if (!sources_ends_in(path, "/devel/test_citations.c")) /* its cases are wrong on purpose */
            text_add(&all, said);
        free(said);
        free(text);
        free(path);
    }
    assert_true(sources.count > 80 && documents > 2); /* the walk itself must not fail silently */
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
        cmocka_unit_test(what_is_not_here_is_refused_and_nothing_else),
        cmocka_unit_test(all_sources_cite_what_is_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
