/* Do other people's words stay words, and are numbers told with enough digits? */
#include "report/test_fixture.h"
#include "report/words.h"

static char *made(void (*make)(struct text *, const char *), const char *data)
{
    struct text text = {0};
    make(&text, data);
    return text_take(&text);
}

#define SHOWS(make, data, expected)                                                                \
    do {                                                                                           \
        char *shown = made(make, data);                                                            \
        assert_string_equal(shown, expected);                                                      \
        free(shown);                                                                               \
    } while (0)

static void markdown_shows_markup_as_text(void **state)
{
    (void)state;
    SHOWS(words_markdown, "a|b", "a\\|b");
    SHOWS(words_markdown, "`rm -rf`", "\\`rm -rf\\`");
    SHOWS(words_markdown, "<script>x</script>", "&lt;script\\>x&lt;/script\\>");
    SHOWS(words_markdown, "[a](b) ![c](d)", "\\[a\\](b) \\!\\[c\\](d)");
    SHOWS(words_markdown, "**b** ~~c~~ #d $e$", "\\*\\*b\\*\\* \\~\\~c\\~\\~ \\#d \\$e\\$");
    SHOWS(words_markdown, "_em_ spawn_time __x", "\\_em\\_ spawn_time \\_\\_x");
    SHOWS(words_markdown, "&lt; &#60; a & b", "&amp;lt; &amp;\\#60; a & b");
    SHOWS(words_markdown, "http://x @me c:/d", "http&#58;//x &#64;me c:/d");
    SHOWS(words_markdown, "back\\slash", "back\\\\slash");
}

static void line_ends_and_controls_do_nothing(void **state)
{
    (void)state;
    SHOWS(words_markdown, "a\n# b\r\n- c", "a \\# b  - c");
    SHOWS(words_plain, "a\033[31mb\007\177", "a?[31mb??");
    SHOWS(words_plain, "tab\there", "tab here");
    SHOWS(words_plain, "caf\303\251 \342\202\254", "caf\303\251 \342\202\254");
    SHOWS(words_plain, "\377\303x\300\200", "??x??");
    SHOWS(words_plain, "\342\200\256right to left", "?right to left");
    SHOWS(words_plain, "\302\233control", "?control");
    SHOWS(words_plain, "\355\240\200", "???");
}

static void code_fences_are_longer_than_those_inside(void **state)
{
    struct text text = {0};
    (void)state;
    SHOWS(words_code, "plain", "`plain`");
    SHOWS(words_code, "a`b", "`` a`b ``");
    SHOWS(words_code, "``` x", "```` ``` x ````");
    SHOWS(words_code, "a\nb", "`a b`");
    SHOWS(words_code, "", "`-`");
    words_block(&text, "sh", "a\n```\nb", 100);
    assert_string_equal(text.data, "````sh\na\n```\nb\n````\n");
    text_clear(&text);
    words_block(&text, "", "0123456789", 4);
    assert_string_equal(text.data, "```\n0123\n... (6 more bytes)\n```\n");
    text_release(&text);
}

static void labels_are_short_and_safe_for_gnuplot(void **state)
{
    char label[WORDS_LABEL_BYTES], expected[WORDS_LABEL_BYTES];
    (void)state;
    assert_string_equal(words_label(label, "say \"hi\"\n"), "say 'hi'");
    assert_string_equal(words_label(label, ""), "-");
    assert_string_equal(words_label(label, "\n\t"), "-");
    memset(expected, 'x', 63);
    expected[63] = '\0'; /* a character of two bytes does not fit any more and is not cut in half */
    {
        char *name = text_format("%s\303\251\303\251", expected);
        assert_string_equal(words_label(label, name), expected);
        free(name);
    }
}

static void estimates_share_one_unit(void **state)
{
    char out[WORDS_BYTES];
    (void)state;
    assert_string_equal(
        words_estimate(out, 412e3, &(struct stats_bounds){398e3, 431e3, true, true}),
        "412 us [398 .. 431]");
    assert_string_equal(
        words_estimate(out, 995e3, &(struct stats_bounds){990e3, 1020e3, true, true}),
        "995 us [990 .. 1020]");
    assert_string_equal(
        words_estimate(out, 139.31e6, &(struct stats_bounds){139.2e6, 139.49e6, true, true}),
        "139.3 ms [139.2 .. 139.5]");
    assert_string_equal(
        words_estimate(out, 5e6, &(struct stats_bounds){-INFINITY, INFINITY, false, false}),
        "5.00 ms [none .. none]");
    assert_string_equal(words_estimate(out, 5e6, &(struct stats_bounds){4e6, INFINITY, true, true}),
                        "5.00 ms [4.00 .. never]");
    assert_string_equal(
        words_estimate(out, INFINITY, &(struct stats_bounds){INFINITY, INFINITY, true, true}),
        "never [never .. never]");
    assert_string_equal(words_estimate(out, NAN, &(struct stats_bounds){0, 0, false, false}),
                        "- [none .. none]");
}

/* 49.996 ms is within 50 ms and 50.004 ms is not: rounding must not hide it */
static void a_claim_near_its_limit_is_told_with_more_digits(void **state)
{
    struct scenario_claim claim = {.kind = SCENARIO_CLAIM_AT_MOST, .limit = 50000000};
    struct verdict_item item = {
        .claim = &claim, .n = 100, .estimate = 49.9e6, .lower = 49.8e6, .upper = 50.004e6};
    char out[WORDS_BYTES];
    (void)state;
    assert_string_equal(words_claimed(out, &item), "49.900 ms [49.800 .. 50.004]");
    claim = (struct scenario_claim){.kind = SCENARIO_CLAIM_FASTER, .ratio = 3};
    item.estimate = 2.998;
    item.lower = 2.97;
    item.upper = INFINITY;
    assert_string_equal(words_claimed(out, &item), "2.998x [2.970x .. none]");
    claim = (struct scenario_claim){.metric = SCENARIO_PEAK_MEMORY, .limit = 64 * 1048576.0};
    item.estimate = 63.999 * 1048576;
    item.lower = 12 * 1048576;
    assert_string_equal(words_claimed(out, &item), "63.999 MiB [12.000 .. none]");
    claim = (struct scenario_claim){.metric = SCENARIO_THROUGHPUT, .limit = 20};
    item.estimate = 63.82;
    item.lower = 60;
    assert_string_equal(words_claimed(out, &item), "63.8/s [60.0/s .. none]");
    claim.kind = SCENARIO_CLAIM_INTACT;
    item.bad = 2;
    assert_string_equal(words_claimed(out, &item), "2 of 100");
}

static void dates_shares_and_counts_read_well(void **state)
{
    char out[WORDS_BYTES];
    struct verdict_item item = {.n = 400, .tau = 3.333, .effective_n = 120, .look = 3};
    struct results_tally tally = {.agents_planned = 6, .agents_ready = 6, .agents_recorded = 5};
    (void)state;
    assert_string_equal(words_date(out, INT64_C(1700000000123456789)), "2023-11-14T22:13:20.123Z");
    assert_string_equal(words_date(out, 0), "-");
    assert_string_equal(words_share(out, 0.00734), "0.734 %");
    assert_string_equal(words_chance(out, 0.5), "50.0 %");
    assert_string_equal(words_chance(out, 0.9705), "97.0 %");
    assert_string_equal(words_chance(out, 0.99996), "99.9960 %");
    assert_string_equal(words_chance(out, 0.0004), "0.040 %");
    assert_string_equal(words_chance(out, 1), "100 %");
    assert_string_equal(words_chance(out, 1 - 1e-15), "100 %");
    assert_string_equal(words_p(out, 0.00001), "< 0.0001");
    assert_string_equal(words_p(out, NAN), "-");
    assert_string_equal(words_worth(out, &item), "n 400, worth 120 (tau 3.3), look 3");
    item.tau = 1;
    assert_string_equal(words_worth(out, &item), "n 400, look 3");
    item.look = 0;
    assert_string_equal(words_worth(out, &item), "n 400");
    assert_string_equal(words_plural(out, 1, "cycle"), "1 cycle");
    assert_string_equal(words_agents_line(out, &tally), "6 planned = 6 ready > 5 recorded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown_shows_markup_as_text),
        cmocka_unit_test(line_ends_and_controls_do_nothing),
        cmocka_unit_test(code_fences_are_longer_than_those_inside),
        cmocka_unit_test(labels_are_short_and_safe_for_gnuplot),
        cmocka_unit_test(estimates_share_one_unit),
        cmocka_unit_test(a_claim_near_its_limit_is_told_with_more_digits),
        cmocka_unit_test(dates_shares_and_counts_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
