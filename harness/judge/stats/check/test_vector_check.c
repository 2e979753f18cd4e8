/* Does stats_vectors miss when it should: a changed value, damage, strangers, nothing at all? */
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"

#define VECTORS SOURCE_DIR "/harness/judge/stats/vectors"

/* What the program said; the caller releases it. */
struct said {
    int status;
    struct text out;
};

static struct said run(const char *const argv[])
{
    struct said said = {0};
    struct process process;
    struct process_exit ended;
    struct err err = {0};
    char bytes[4096];
    ssize_t count;
    assert_int_equal(process_start(&process, argv, NULL, NULL, STDOUT_FILENO, &err), 0);
    while ((count = read(process.out, bytes, sizeof bytes)) > 0)
        text_add_bytes(&said.out, bytes, (size_t)count);
    while (process_wait(&process, clock_now_ns() + CLOCK_NS_PER_S, &ended) == 0)
        continue;
    text_add(&said.out, "");
    assert_int_equal(ended.signal, 0);
    said.status = ended.status;
    return said;
}

static struct said look_at(const char *folder, const char *name)
{
    const char *const argv[] = {BINARY_DIR "/stats_vectors", folder, name, NULL};
    return run(argv);
}

/* Runs over `folder`, wants this status and this text on stdout, or nothing there. */
static void expect_said(const char *folder, int status, const char *part)
{
    struct said said = look_at(folder, NULL);
    if (said.status != status || !strstr(said.out.data, part))
        fail_msg("wanted %d and '%s', got %d and:\n%s", status, part, said.status, said.out.data);
    text_release(&said.out);
}

static char *slurp(const char *name)
{
    char *path = text_format(VECTORS "/%s", name), *data = NULL;
    size_t length;
    struct err err = {0};
    assert_int_equal(text_read_file(&data, &length, path, 1 << 20, &err), 0);
    free(path);
    return data;
}

static void put(const char *folder, const char *name, const char *data)
{
    char *path = text_format("%s/%s", folder, name);
    struct err err = {0};
    assert_int_equal(text_write_file(path, data, strlen(data), &err), 0);
    free(path);
}

/* A vector file with the first `old` behind `from` replaced. */
static void put_changed(const char *folder, const char *name, const char *from, const char *old,
                        const char *new)
{
    char *data = slurp(name), *at = strstr(data, from), *whole;
    at = at ? strstr(at, old) : NULL;
    assert_non_null(at);
    whole = text_format("%.*s%s%s", (int)(at - data), data, new, at + strlen(old));
    put(folder, name, whole);
    free(whole);
    free(data);
}

static int make_folder(void **state)
{
    char template[] = "/tmp/spawnbench-test-XXXXXX";
    if (!mkdtemp(template))
        return -1;
    *state = xstrdup(template);
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int remove_folder(void **state)
{
    nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return 0;
}

static void our_own_files_are_all_known(void **state)
{
    struct said said = look_at(VECTORS, NULL);
    size_t lines = 0;
    (void)state;
    for (const char *at = said.out.data; (at = strstr(at, ".json  ")) != NULL; at++)
        lines++;
    assert_int_equal(lines, 17);
    assert_null(strstr(said.out.data, "unknown"));
    text_release(&said.out);
}

static void a_changed_number_is_a_miss(void **state)
{
    put_changed(*state, "clopper_pearson.json", "\"expected\"", "\"upper\":0", "\"upper\":1");
    expect_said(*state, 1, "MISS clopper_pearson.json  1 of 12 values: first ");
    expect_said(*state, 1, " upper: got ");
    expect_said(*state, 1, ", expected 1.");
}

static void a_changed_flag_word_and_count_are_misses(void **state)
{
    put_changed(*state, "drift.json", "\"expected\"", "false", "true");
    expect_said(*state, 1, "flag: got false, expected true");
    put_changed(*state, "claim_test.json", "\"expected\"", "SUPPORTED", "REFUTED");
    expect_said(*state, 1, "MISS claim_test.json  1 of 93 values: ");
    expect_said(*state, 1, "verdict: got SUPPORTED, expected REFUTED");
    put_changed(*state, "quantile_min_n.json", "\"expected\"", "\"min_n\":", "\"min_n\":1");
    expect_said(*state, 1, "MISS quantile_min_n.json  1 of 18 values: ");
}

/* What no shipped function computes is named, and whatever it says is no miss. */
static void fields_that_are_not_computed_are_told(void **state)
{
    put_changed(*state, "descriptive.json", "\"expected\"", "\"cv\":null", "\"cv\":7");
    expect_said(*state, 0, "; not computed here: mad, mad_scaled, cv, geometric_mean\n");
}

static void null_and_a_number_are_told_apart(void **state)
{
    put_changed(*state, "usl_fit.json", "\"expected\"", "\"T1\":", "\"T1\":null,\"was\":");
    expect_said(*state, 1, "T1: got ");
    expect_said(*state, 1, ", expected null");
    put_changed(*state, "quantile_ranks.json", "\"expected\"", "null", "7");
    expect_said(*state, 1, "got inf, expected 7");
}

/* A field that is there but that nothing computes is no field that was checked. */
static void a_field_too_many_or_too_few_is_a_miss(void **state)
{
    put_changed(*state, "holm.json", "\"expected\"", "\"reject\"", "\"new\": 1, \"reject\"");
    expect_said(*state, 1, "new: nothing computes this field");
    put_changed(*state, "holm.json", "\"expected\"", "\"reject\"", "\"id2\"");
    expect_said(*state, 1, "reject: is missing in expected");
}

static void damaged_files_are_misses(void **state)
{
    static const char *const damaged[] = {
        "", "[]", "{}", "nonsense", "{\"inputs\": {\"cases\": [",
        "{\"tolerance\": {\"rel\": \"much\"}}",
        "{\"tolerance\": {}, \"inputs\": [], \"expected\": 3}",
        "{\"tolerance\": {}, \"inputs\": {\"cases\": []}, \"expected\": {\"cases\": []}}",
        "{\"tolerance\": {}, \"inputs\": {\"cases\": [1]}, \"expected\": {\"cases\": [2]}}",
        /* NOLINTBEGIN(bugprone-suspicious-missing-comma): one text on two lines */
        "{\"tolerance\": {}, \"inputs\": {\"cases\": [{\"id\": \"a\"}]},"
        " \"expected\": {\"cases\": [{\"id\": \"b\"}]}}",
        "{\"tolerance\": {}, \"inputs\": {\"cases\": [{\"id\": \"a\", \"p\": [\"x\"]}]},"
        " \"expected\": {\"cases\": [{\"id\": \"a\"}]}}",
        /* NOLINTEND(bugprone-suspicious-missing-comma) */
    };
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        put(*state, "holm.json", damaged[i]);
        expect_said(*state, 1, "MISS holm.json  ");
    }
    expect_said(*state, 1, "a p: an element is no number");
}

/* Every input of every file, one after the other, becomes of another kind: nothing may crash. */
static void inputs_of_the_wrong_kind_are_misses(void **state)
{
    static const char *const wrong[] = {"null", "\"word\"",     "-1", "1e300", "0.5",
                                        "[]",   "[[1], \"x\"]", "{}", "true",  "[-1, 1e308, null]"};
    struct said said = look_at(VECTORS, NULL);
    char *rest = said.out.data, *line;
    while ((line = strsep(&rest, "\n")) != NULL && *line) {
        char name[64];
        struct err err = {0};
        char *data;
        cJSON *root, *first, *item;
        assert_int_equal(sscanf(line, "%*s %63s", name), 1);
        data = slurp(name);
        assert_int_equal(json_parse(&root, data, strlen(data), &err), 0);
        first = cJSON_GetObjectItem(cJSON_GetObjectItem(root, "inputs"), "cases")->child;
        for (item = first->child; item; item = item->next)
            for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                cJSON *other = cJSON_Parse(wrong[i]), *kept;
                char *text;
                struct said again;
                kept = cJSON_Duplicate(item, 1);
                cJSON_ReplaceItemViaPointer(first, item, other);
                other->string = xstrdup(kept->string);
                text = json_print(root, 0);
                put(*state, name, text);
                again = look_at(*state, name);
                if (again.status > 1 || !strstr(again.out.data, name))
                    fail_msg("%s %s %s: %d", name, kept->string, wrong[i], again.status);
                text_release(&again.out);
                free(text);
                cJSON_ReplaceItemViaPointer(first, other, kept);
                item = kept;
            }
        cJSON_Delete(root);
        free(data);
    }
    text_release(&said.out);
}

static void strangers_and_empty_folders_are_told(void **state)
{
    struct said said;
    char *folder = text_format("%s/none", (char *)*state);
    expect_said(*state, 1, "");
    put(*state, "notes.txt", "no vectors");
    expect_said(*state, 1, "");
    put(*state, "stranger.json", "{}");
    expect_said(*state, 0, "unknown stranger.json  nothing here computes such a file, skipped");
    put_changed(*state, "holm.json", "\"expected\"", "\"reject\"", "\"reject\"");
    expect_said(*state, 0, "ok   holm.json  5 cases, 32 values\nunknown stranger.json  ");
    said = look_at(*state, "stranger");
    assert_int_equal(said.status, 1); /* asked for by name */
    text_release(&said.out);
    put_changed(*state, "holm.json", "\"expected\"", "true", "false");
    expect_said(*state, 1, "MISS holm.json  1 of 32 values: ");
    expect_said(folder, 2, "");
    expect_said("--wrong", 2, "");
    expect_said("--help", 0, "usage: stats_vectors");
    said = run((const char *const[]){BINARY_DIR "/stats_vectors", NULL});
    assert_int_equal(said.status, 2);
    text_release(&said.out);
    free(folder);
}

static void names_limit_what_is_looked_at(void **state)
{
    struct said said = look_at(VECTORS, "holm");
    (void)state;
    assert_int_equal(said.status, 0);
    assert_string_equal(said.out.data, "ok   holm.json  5 cases, 32 values\n");
    text_release(&said.out);
    said = look_at(*state, "holm.json");
    assert_int_equal(said.status, 1);
    assert_non_null(strstr(said.out.data, "MISS holm.json  "));
    text_release(&said.out);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_files_are_all_known),
        in_folder(a_changed_number_is_a_miss),
        in_folder(a_changed_flag_word_and_count_are_misses),
        in_folder(fields_that_are_not_computed_are_told),
        in_folder(null_and_a_number_are_told_apart),
        in_folder(a_field_too_many_or_too_few_is_a_miss),
        in_folder(damaged_files_are_misses),
        in_folder(inputs_of_the_wrong_kind_are_misses),
        in_folder(strangers_and_empty_folders_are_told),
        in_folder(names_limit_what_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
