/* Has each file, function and type a name of its own? A name that exists twice means two things. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "devel/test_sources.h"

/* Names met so far, each with the file that had it first. */
struct names {
    struct named {
        char *name;
        const char *path;
    } * items;
    size_t count;
    struct text complaints; /* one line each */
};

static void meet(struct names *names, const char *kind, const char *name, size_t length,
                 const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct named *other = &names->items[i];
        if (strlen(other->name) == length && strncmp(other->name, name, length) == 0) {
            if (strcmp(other->path, path) != 0)
                text_addf(&names->complaints, "%s '%s' is in %s and in %s\n", kind, other->name,
                          other->path, path);
            return;
        }
    }
    names->items = xrealloc(names->items, names->count + 1, sizeof *names->items);
    names->items[names->count++] = (struct named){text_format("%.*s", (int)length, name), path};
}

static void names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i].name);
    free(names->items);
    text_release(&names->complaints);
}

static void meet_file(struct names *names, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    if (strcmp(name, "main.c") != 0)
        meet(names, "basename", name, strlen(name), path);
}

/* The types that a header defines: a tag at the beginning of a line, its brace on the same one. */
static void meet_types(struct names *names, const char *path, const char *text)
{
    static const char *const tags[] = {"struct ", "enum ", "union "};
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
            const char *name = line + strlen(tags[i]);
            if (strncmp(line, tags[i], strlen(tags[i])) != 0)
                continue;
            size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789");
            if (length && strncmp(name + length, " {", 2) == 0)
                meet(names, "type", name, length, path);
        }
        if (!*line)
            break;
    }
}

/* The functions that a source defines for others: the body's brace stands alone at the beginning of
 * a line, and what goes before it begins there too and is not static. */
static void meet_functions(struct names *names, const char *path, const char *text)
{
    for (const char *body = strstr(text, ")\n{\n"); body; body = strstr(body + 1, ")\n{\n")) {
        const char *from = body, *open, *name;
        while (from > text && !(from[-1] == '\n' && (isalpha((unsigned char)*from))))
            from--;
        open = from + strcspn(from, "(");
        for (name = open; name > from && (isalnum((unsigned char)name[-1]) || name[-1] == '_');)
            name--;
        if (strncmp(from, "static ", 7) != 0 && open < body && name < open &&
            strncmp(name, "main(", 5) != 0 && strncmp(name, "LLVMFuzzer", 10) != 0)
            meet(names, "function", name, (size_t)(open - name), path);
    }
}

static void every_rule_refuses_what_exists_twice_and_nothing_else(void **state)
{
    struct names names = {0};
    (void)state;
    meet_file(&names, "harness/a/one.c");
    meet_file(&names, "harness/a/main.c");
    meet_file(&names, "harness/b/main.c");
    meet_types(&names, "a.h", "struct a {\n};\nenum b { B };\nstruct c;\nextern struct c *d;\n");
    meet_types(&names, "b.h", "struct c {\n};\n");
    meet_functions(&names, "a.c", "int f(int a,\n      int b)\n{\n}\nstatic int g(void)\n{\n}\n");
    meet_functions(&names, "b.c", "int g(void)\n{\n    if (a)\n        f(b);\n}\n");
    assert_int_equal(names.complaints.length, 0);
    meet_file(&names, "harness/b/one.c");
    assert_non_null(strstr(names.complaints.data, "basename 'one.c' is in harness/a/one.c and in"));
    meet_types(&names, "c.h", "\nenum b {\n");
    assert_non_null(strstr(names.complaints.data, "type 'b' is in a.h and in c.h"));
    meet_functions(&names, "c.c", "struct c *f(void)\n{\n}\n");
    assert_non_null(strstr(names.complaints.data, "function 'f' is in a.c and in c.c"));
    names_release(&names);
}

static void no_name_exists_twice(void **state)
{
    struct sources sources = sources_list();
    struct names files = {0}, types = {0}, functions = {0};
    struct names *const all[] = {&files, &types, &functions};
    bool failed = false;
    (void)state;
    for (size_t i = 0; i < sources.count; i++) {
        const char *path = sources.paths[i], *name = strrchr(path, '/') + 1;
        char *full = text_format("%s/%s", SOURCE_DIR, path), *text = NULL;
        size_t length;
        assert_int_equal(text_read_file(&text, &length, full, 1 << 20, NULL), 0);
        meet_file(&files, path);
        if (strncmp(name, "test_", 5) == 0)
            ; /* each test is a program of its own */
        else if (sources_ends_in(path, ".h"))
            meet_types(&types, path, text);
        else
            meet_functions(&functions, path, text);
        free(text);
        free(full);
    }
    assert_true(files.count > 300 && types.count > 100 && functions.count > 500);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        failed = failed || all[i]->complaints.length;
        if (all[i]->complaints.length)
            fprintf(stderr, "%s", all[i]->complaints.data); /* cmocka would cut it */
        names_release(all[i]);
    }
    sources_release(&sources);
    assert_false(failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_refuses_what_exists_twice_and_nothing_else),
        cmocka_unit_test(no_name_exists_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
