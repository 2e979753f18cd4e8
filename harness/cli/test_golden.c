/* Does what an earlier build stored still read as it did then, byte for byte?
 *
 * results/golden/results.sqlite was made by the build of commit 26049c5, expected.txt holds what
 * that build printed and wrote for each command: a hash of it, and for the files in whole/ the
 * text. A difference leaves the new text in golden/ of the build folder and says so; the old one of
 * a hash is what a build of the commit before prints. Where the change is meant: cli_test_golden
 * --accept, then read git diff. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/test_cli.h"

#define GOLDEN SOURCE_DIR "/harness/results/golden"
#define NEW    BINARY_DIR "/../golden"

/* The command under test, what is expected of it, and what came out. */
static struct {
    const char *folder;   /* the commands run in it */
    char *out;            /* where they may write */
    const char *command;  /* the present one */
    const char *expected; /* its lines of expected.txt */
    struct text lines;    /* the same, as it is now */
    size_t differ;
    bool accept;
} golden;

static uint64_t fnv1a(const char *bytes, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* source: FNV-1a, 64 bits */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void put(const char *folder, const char *name, const struct text *text)
{
    struct err err = {0};
    char *path = cli_path(folder, name);
    if (text_make_directories(folder, &err) < 0 ||
        text_write_file(path, text->data ? text->data : "", text->length, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
}

/* "report -o out 1", "out/benchmarks.md" to "report_-o_out_1__out_benchmarks.md" */
static char *name_of(const char *command, const char *file)
{
    char *name = text_format("%s%s%s", command, *file ? "__" : "", file);
    for (char *at = name; *at; at++)
        if (*at == ' ' || *at == '/')
            *at = '_';
    return name;
}

/* The text is kept whole in the repository: it can be compared with diff. */
static bool is_kept(const char *name, const struct text *text)
{
    char *path = text_format("%s/whole/%s", GOLDEN, name), *kept = NULL;
    size_t length = 0;
    bool is = access(path, F_OK) == 0;
    if (is && golden.accept)
        put(GOLDEN "/whole", name, text);
    else if (is && (text_read_file(&kept, &length, path, 1 << 24, NULL) < 0 ||
                    length != text->length || memcmp(kept, text->data, length) != 0))
        fprintf(stderr, "diff -u %s %s/%s\n", path, NEW, name);
    free(kept);
    free(path);
    return is;
}

/* file: "" for what was printed */
static void take(const char *file, const struct text *text)
{
    char *line =
        text_format("%016llx %7zu  %s%s\n", (unsigned long long)fnv1a(text->data, text->length),
                    text->length, *file ? "  " : "", *file ? file : golden.command);
    char *name = name_of(golden.command, file);
    bool kept = is_kept(name, text);
    text_add(&golden.lines, line);
    if (!golden.accept && !strstr(golden.expected, line)) {
        golden.differ++;
        put(NEW, name, text);
        fprintf(stderr, "spawnbench %s%s%s: differs, now %s/%s%s\n", golden.command,
                *file ? ": " : "", file, NEW, name, kept ? "" : " (only its hash is kept)");
    }
    free(name);
    free(line);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Everything a command wrote below out/, and then it goes. Pictures are gnuplot's, not ours. */
static void take_files(const char *folder)
{
    struct dirent **found = NULL;
    char *whole = cli_path(golden.folder, folder);
    int count = scandir(whole, &found, NULL, by_name);
    for (int i = 0; i < count; i++) {
        char *file = cli_path(folder, found[i]->d_name), *path = cli_path(golden.folder, file);
        struct text text = {0};
        if (found[i]->d_type == DT_DIR && found[i]->d_name[0] != '.')
            take_files(file);
        else if (found[i]->d_type == DT_REG && !strstr(file, ".svg") &&
                 text_read_file(&text.data, &text.length, path, 1 << 24, NULL) == 0)
            take(file, &text);
        text_release(&text);
        unlink(path);
        free(path);
        free(file);
        free(found[i]);
    }
    rmdir(whole);
    free(whole);
    free(found);
}

static void run_command(const char *command)
{
    const char *words[32] = {BINARY_DIR "/spawnbench"};
    char *copy = xstrdup(command), *next = NULL;
    struct cli_running running;
    struct cli_said said;
    struct text text = {0};
    size_t count = 1;
    for (char *word = strtok_r(copy, " ", &next); word; word = strtok_r(NULL, " ", &next)) {
        assert_true(count < 31);
        words[count++] = word;
    }
    mkdir(golden.out, 0755);
    running = cli_start_words(golden.folder, words);
    said = cli_end(&running);
    text_addf(&text, "%s", said.out);
    text_addf(&text, "%s%sexit %d\n", *said.err ? "--- stderr\n" : "", said.err, said.exit_status);
    golden.command = command;
    take("", &text);
    take_files("out");
    text_release(&text);
    cli_forget(&said);
    free(copy);
}

/* Lines of expected.txt: '#' is a comment, "hash length  command" begins a block, the files that it
 * wrote follow with two blanks more. */
static void walk(char *expected)
{
    char *line = expected;
    while (*line) {
        size_t length = strcspn(line, "\n");
        char *block_end = line + length + 1;
        if (*line == '#') {
            text_add_bytes(&golden.lines, line, length + 1);
            line = block_end;
            continue;
        }
        while (*block_end && *block_end != '#' && strncmp(block_end + 24, "    ", 4) == 0)
            block_end += strcspn(block_end, "\n") + 1;
        char *block = text_format("%.*s", (int)(block_end - line), line);
        char *command = text_format("%.*s", (int)length - 26, line + 26);
        size_t begun = golden.lines.length;
        golden.expected = block;
        run_command(command);
        if (!golden.accept && golden.lines.length - begun < strlen(block)) {
            golden.differ++;
            fprintf(stderr, "spawnbench %s: wrote fewer files than\n%s", command, block);
        }
        free(command);
        free(block);
        line = block_end;
    }
}

/* As gnuplot is called: gnuplot -d -c SCRIPT PICTURE DATA. A report names the pictures it has. */
static void stand_in_for_gnuplot(const char *folder)
{
    static const char script[] = "#!/bin/sh\n: > \"$4\"\n";
    struct text text = {.data = (char *)script, .length = sizeof script - 1};
    char *bin = cli_path(folder, "bin"), *path = text_format("%s:/usr/bin:/bin", bin);
    char *program = cli_path(bin, "gnuplot");
    put(bin, "gnuplot", &text);
    assert_int_equal(chmod(program, 0755), 0);
    setenv("PATH", path, 1);
    setenv("LC_ALL", "C", 1);
    setenv("TZ", "UTC", 1);
    free(program);
    free(path);
    free(bin);
}

static struct text read_whole(const char *path)
{
    struct text text = {0};
    struct err err = {0};
    if (text_read_file(&text.data, &text.length, path, 1 << 24, &err) < 0)
        fail_msg("%s", err.text);
    return text;
}

static void a_stored_run_reads_as_it_always_did(void **state)
{
    struct text store = read_whole(GOLDEN "/results.sqlite"), after;
    struct text expected = read_whole(GOLDEN "/expected.txt");
    char *results = cli_path(*state, "results"), *path = cli_path(results, "spawnbench.sqlite");
    golden.folder = *state;
    golden.out = cli_path(*state, "out");
    stand_in_for_gnuplot(*state);
    put(results, "spawnbench.sqlite", &store);
    walk(expected.data);
    if (golden.accept)
        put(GOLDEN, "expected.txt", &golden.lines);
    else if (golden.differ)
        fail_msg("%zu texts differ; if that is meant: cli_test_golden --accept", golden.differ);
    after = read_whole(path); /* and those who only read have not written */
    assert_int_equal(after.length, store.length);
    assert_memory_equal(after.data, store.data, store.length);
    text_release(&golden.lines);
    free(golden.out);
    text_release(&after);
    text_release(&store);
    text_release(&expected);
    free(results);
    free(path);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stored_run_reads_as_it_always_did, cli_folder,
                                        cli_folder_remove),
    };
    golden.accept = argc == 2 && strcmp(argv[1], "--accept") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
