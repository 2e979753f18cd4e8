/* Do strings grow, durations read, words resemble and files come and go as promised? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static char folder[] = "/tmp/spawnbench-text-XXXXXX";

static void a_text_grows_and_shrinks(void **state)
{
    struct text text = {0};
    char *taken;
    (void)state;
    text_drop_front(&text, 3); /* nothing there: nothing happens */
    text_clear(&text);
    for (int i = 0; i < 1000; i++)
        text_addf(&text, "%d,", i);
    assert_int_equal(text.length, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(text.data), text.length);
    text_drop_front(&text, 4);
    assert_memory_equal(text.data, "2,3,", 4);
    text_add_bytes(&text, "\0x", 2);
    assert_memory_equal(text.data + text.length - 2, "\0x", 3);
    text_drop_front(&text, SIZE_MAX);
    assert_int_equal(text.length, 0);
    text_add(&text, "end");
    text_clear(&text);
    assert_string_equal(text.data, "");
    text_add(&text, "end");
    taken = text_take(&text);
    assert_string_equal(taken, "end");
    assert_null(text.data);
    free(taken);
    taken = text_take(&text);
    assert_string_equal(taken, "");
    free(taken);
    text_release(&text);
    text_release(&text);
}

static void durations_carry_their_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
    } cases[] = {{"45ms", 45000000},
                 {"0s", 0},
                 {"1ns", 1},
                 {"1.5us", 1500},
                 {"0.1ms", 100000},
                 {"2m", INT64_C(120000000000)},
                 {"1000h", INT64_C(3600000000000000)},
                 {"007s", INT64_C(7000000000)},
                 {"1000.1h", -1},
                 {"99999999999999999999999h", -1},
                 {"", -1},
                 {"5", -1},
                 {"ms", -1},
                 {" 5s", -1},
                 {"5 s", -1},
                 {"5s ", -1},
                 {"-5s", -1},
                 {"+5s", -1},
                 {".5s", -1},
                 {"1.2.3s", -1},
                 {"1e3ms", -1},
                 {"0x10s", -1},
                 {"5S", -1},
                 {"5sec", -1},
                 {"nan", -1},
                 {"infs", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = -77;
        int rc = text_parse_duration(&ns, cases[i].text);
        if (rc != (cases[i].ns < 0 ? -1 : 0) || ns != (cases[i].ns < 0 ? -77 : cases[i].ns))
            fail_msg("'%s': %d, %lld", cases[i].text, rc, (long long)ns);
    }
}

static void sizes_rates_and_shares_carry_their_unit(void **state)
{
    static const struct {
        int (*parse)(double *out, const char *string);
        const char *text;
        double value; /* -1: refused */
    } cases[] = {{text_parse_size, "0B", 0},
                 {text_parse_size, "7B", 7},
                 {text_parse_size, "2kB", 2e3},
                 {text_parse_size, "2MB", 2e6},
                 {text_parse_size, "2GB", 2e9},
                 {text_parse_size, "2KiB", 2048},
                 {text_parse_size, "1.5MiB", 1572864},
                 {text_parse_size, "2GiB", 2147483648},
                 {text_parse_size, "", -1},
                 {text_parse_size, "64", -1},
                 {text_parse_size, "MiB", -1},
                 {text_parse_size, "1e3MB", -1},
                 {text_parse_size, "-1MB", -1},
                 {text_parse_size, "64 MiB", -1},
                 {text_parse_size, "64mib", -1},
                 {text_parse_size, "64KB", -1},
                 {text_parse_size, "1.2.3MB", -1},
                 {text_parse_size, "infGB", -1},
                 {text_parse_size, "5s", -1},
                 {text_parse_rate, "20/s", 20},
                 {text_parse_rate, "90/min", 1.5},
                 {text_parse_rate, "7200/h", 2},
                 {text_parse_rate, "20", -1},
                 {text_parse_rate, "/s", -1},
                 {text_parse_rate, "20/d", -1},
                 {text_parse_rate, "20 /s", -1},
                 {text_parse_share, "0%", 0},
                 {text_parse_share, "2.5%", 0.025},
                 {text_parse_share, "100%", 1},
                 {text_parse_share, "5", -1},
                 {text_parse_share, "5 %", -1},
                 {text_parse_share, "-5%", -1},
                 {text_parse_share, "0x5%", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = -77, expected = cases[i].value < 0 ? -77 : cases[i].value;
        int rc = cases[i].parse(&value, cases[i].text);
        if (rc != (cases[i].value < 0 ? -1 : 0) || fabs(value - expected) > 1e-12 * fabs(expected))
            fail_msg("'%s': %d, %g", cases[i].text, rc, value);
    }
}

/* more than a double holds: none, not an endless one */
static void endless_digits_are_no_number(void **state)
{
    char endless[400] = {0}, *end = endless + 390;
    double value = -77;
    (void)state;
    memset(endless, '9', 390);
    strncpy(end, "MiB", 9);
    assert_int_equal(text_parse_size(&value, endless), -1);
    strncpy(end, "/s", 9);
    assert_int_equal(text_parse_rate(&value, endless), -1);
    strncpy(end, "%", 9);
    assert_int_equal(text_parse_share(&value, endless), -1);
    assert_true(value == -77);
}

static void sizes_and_rates_read_with_three_digits(void **state)
{
    static const struct {
        const char *(*tell)(char buffer[TEXT_NUMBER_BYTES], double number);
        double number;
        const char *text;
    } cases[] = {
        {text_size, 0, "0 B"},
        {text_size, 900, "900 B"},
        {text_size, 1023.9, "1.00 KiB"},
        {text_size, 1536, "1.50 KiB"},
        {text_size, 67108864, "64.0 MiB"},
        {text_size, 268435456, "256 MiB"},
        {text_size, 3221225472, "3.00 GiB"},
        {text_size, 4398046511104, "4096 GiB"},
        {text_size, INFINITY, "endless"},
        {text_size, NAN, "-"},
        {text_rate, 0.25, "0.25/s"},
        {text_rate, 9.996, "10.0/s"},
        {text_rate, 63.82, "63.8/s"},
        {text_rate, 638.2, "638/s"},
        {text_rate, INFINITY, "endless"},
        {text_rate, NAN, "-"},
    };
    char buffer[TEXT_NUMBER_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(cases[i].tell(buffer, cases[i].number), cases[i].text);
}

static void durations_read_with_three_digits(void **state)
{
    static const struct {
        double ns;
        const char *text;
    } cases[] = {{0, "0 ns"},          {999, "999 ns"},      {999.6, "1.00 us"},
                 {1000, "1.00 us"},    {412300, "412 us"},   {47.12e6, "47.1 ms"},
                 {9.994e6, "9.99 ms"}, {9.996e6, "10.0 ms"}, {99.96e6, "100 ms"},
                 {999.6e6, "1.00 s"},  {1.58e9, "1.58 s"},   {7200e9, "7200 s"},
                 {-2.5e6, "-2.50 ms"}, {INFINITY, "never"},  {NAN, "-"}};
    char buffer[TEXT_DURATION_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(text_duration(buffer, cases[i].ns), cases[i].text);
}

static void the_nearest_word_is_near(void **state)
{
    static const char *const known[] = {"name", "command", "environment", "id", NULL};
    static const char *const none[] = {NULL};
    char endless[5000] = {0};
    (void)state;
    memset(endless, 'n', sizeof endless - 1);
    assert_string_equal(text_nearest("nmae", known), "name");
    assert_string_equal(text_nearest("Command", known), "command");
    assert_string_equal(text_nearest("envirnment", known), "environment");
    assert_string_equal(text_nearest("name", known), "name");
    assert_null(text_nearest("xy", known)); /* not "id": nothing of it is left */
    assert_null(text_nearest("something", known));
    assert_null(text_nearest("", known));
    assert_null(text_nearest(endless, known));
    assert_null(text_nearest("name", none));
}

static void lines_are_counted_from_one(void **state)
{
    (void)state;
    assert_int_equal(text_line_of("a\nb\nc", 0), 1);
    assert_int_equal(text_line_of("a\nb\nc", 1), 1); /* the line end belongs to its line */
    assert_int_equal(text_line_of("a\nb\nc", 2), 2);
    assert_int_equal(text_line_of("a\nb\nc", 99), 3);
}

static void what_is_not_seen_is_told(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"plain, \u00e9\u4e2d\U0001f600", "plain, \u00e9\u4e2d\U0001f600"},
        {"\x1b[2J\n\t\x7f", "?[2J???"},
        {"a\xc2\x80\xc2\x9b"
         "31m\xc2\x9f"
         "b",
         "a??31m?b"},
        {"\u202a\u202b\u202c\u202d\u202ex\u2066\u2067\u2068\u2069", "?????x????"},
        {"\u200e\u200f\u061c\u200b\u200d\u2028\ufeff\u00ad", "????????"},
        {"\U000e0041\u3164\u2060", "???"},
        {"\xff\xc0\xaf\xed\xa0\x80.\xe2\x80", "??????.??"},
        {"\u00a0\u2027\u202f\u2065", "\u00a0\u2027\u202f?"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *string = xstrdup(cases[i].from);
        text_make_printable(string);
        assert_string_equal(string, cases[i].to);
        free(string);
    }
}

static void a_file_comes_back_as_it_was_written(void **state)
{
    static const char bytes[] = "a\0b\n";
    char *path = text_format("%s/file", folder), *back = NULL;
    size_t length = 0;
    struct err err = {0};
    (void)state;
    assert_int_equal(text_write_file(path, "old and longer", 14, &err), 0);
    assert_int_equal(text_write_file(path, bytes, 4, &err), 0);
    assert_int_equal(text_read_file(&back, &length, path, 4, &err), 0);
    assert_int_equal(length, 4);
    assert_memory_equal(back, bytes, 5);
    free(back);
    assert_int_equal(text_read_file(&back, &length, path, 3, &err), -1);
    assert_int_equal(err.code, ERR_FORMAT);
    assert_non_null(strstr(err.text, "is larger than 3 bytes"));
    unlink(path);
    assert_int_equal(text_read_file(&back, &length, path, 3, &err), -1);
    assert_int_equal(err.os_error, ENOENT);
    assert_int_equal(text_read_file(&back, &length, folder, 3, &err), -1);
    assert_int_equal(err.code, ERR_FORMAT);
    free(path);
}

static void what_cannot_be_written_leaves_nothing_beside(void **state)
{
    char *path = text_format("%s/taken", folder), *inside = text_format("%s/x", path);
    char *beside = text_format("%s.new", path);
    struct err err = {0};
    (void)state;
    assert_int_equal(text_make_directories(inside, &err), 0);
    assert_int_equal(text_write_file(path, "x", 1, &err), -1); /* a folder is in the way */
    assert_int_equal(err.code, ERR_SYSTEM);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(access(beside, F_OK), -1);
    rmdir(inside);
    rmdir(path);
    assert_int_equal(text_write_file(inside, "x", 1, &err), -1);
    assert_int_equal(err.os_error, ENOENT);
    free(path);
    free(inside);
    free(beside);
}

static void directories_are_made_once(void **state)
{
    char *deep = text_format("%s/a//b/c", folder), *file = text_format("%s/a/file", folder);
    char *below = text_format("%s/below", file);
    struct stat about;
    struct err err = {0};
    (void)state;
    assert_int_equal(text_make_directories(deep, &err), 0);
    assert_int_equal(text_make_directories(deep, &err), 0);
    assert_int_equal(text_make_directories("/", &err), 0);
    assert_int_equal(stat(deep, &about), 0);
    assert_true(S_ISDIR(about.st_mode));
    assert_int_equal(text_write_file(file, "", 0, &err), 0);
    assert_int_equal(text_make_directories(file, &err), -1); /* a file is no directory */
    assert_int_equal(err.os_error, ENOTDIR);
    assert_int_equal(text_make_directories(below, &err), -1);
    assert_int_equal(err.os_error, ENOTDIR);
    free(deep);
    free(file);
    free(below);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"/a/file", "/a/b/c", "/a/b", "/a", ""};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = text_format("%s%s", folder, names[i]);
        if (unlink(path) != 0)
            rmdir(path);
        free(path);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_grows_and_shrinks),
        cmocka_unit_test(durations_carry_their_unit),
        cmocka_unit_test(sizes_rates_and_shares_carry_their_unit),
        cmocka_unit_test(endless_digits_are_no_number),
        cmocka_unit_test(sizes_and_rates_read_with_three_digits),
        cmocka_unit_test(durations_read_with_three_digits),
        cmocka_unit_test(the_nearest_word_is_near),
        cmocka_unit_test(lines_are_counted_from_one),
        cmocka_unit_test(what_is_not_seen_is_told),
        cmocka_unit_test(a_file_comes_back_as_it_was_written),
        cmocka_unit_test(what_cannot_be_written_leaves_nothing_beside),
        cmocka_unit_test(directories_are_made_once),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
