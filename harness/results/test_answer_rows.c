/* Are the answers of whole databases kept as they were put, those of each run apart? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "results/test_synthetic.h"

static int note(void *context, const struct results_answer *answer)
{
    text_addf(context, "%d/%s/%s/%s/%s/%lld/%s;", answer->arm, answer->database, answer->rule,
              answer->object, answer->answer, (long long)answer->count, answer->why);
    return 0;
}

static int stop(void *context, const struct results_answer *answer)
{
    note(context, answer);
    return 1;
}

static int put(struct synthetic *synthetic, const char *object, const char *answer)
{
    const struct results_answer row = {.arm = -1,
                                       .database = "/d.db",
                                       .rule = "integrity-check",
                                       .object = object,
                                       .answer = answer,
                                       .count = 3,
                                       .why = "it needs collation X"};
    return results_answer_put(synthetic->store, synthetic->run, &row, &synthetic->err);
}

static void they_come_back_as_they_were_put(void **state)
{
    struct synthetic *synthetic = *state;
    struct text seen = {0};
    assert_int_equal(put(synthetic, "t", "not_checked"), 0);
    assert_int_equal(put(synthetic, "t", "not_checked"), 0);
    assert_int_equal(put(synthetic, "a", "broken"), 0);
    synthetic_begin(synthetic, "{}"); /* another run, which has none */
    synthetic_reopen(synthetic);
    assert_int_equal(results_each_answer(synthetic->store, 2, note, &seen, &synthetic->err), 0);
    assert_int_equal(seen.length, 0);
    assert_int_equal(results_each_answer(synthetic->store, 1, note, &seen, &synthetic->err), 0);
    assert_string_equal(seen.data, "-1//d.db/integrity-check/t/not_checked/3/it needs collation X;"
                                   "-1//d.db/integrity-check/t/not_checked/3/it needs collation X;"
                                   "-1//d.db/integrity-check/a/broken/3/it needs collation X;");
    text_clear(&seen);
    assert_int_equal(results_each_answer(synthetic->store, 1, stop, &seen, &synthetic->err), 0);
    assert_string_equal(seen.data,
                        "-1//d.db/integrity-check/t/not_checked/3/it needs collation X;");
    text_release(&seen);
}

static void what_is_no_answer_ends_the_transaction(void **state)
{
    struct synthetic *synthetic = *state;
    struct text seen = {0};
    assert_int_equal(results_begin(synthetic->store, &synthetic->err), 0);
    assert_int_equal(put(synthetic, "t", "broken"), 0);
    assert_int_equal(put(synthetic, "t", "perhaps"), -1);
    assert_int_equal(results_each_answer(synthetic->store, 1, note, &seen, &synthetic->err), 0);
    assert_int_equal(seen.length, 0);
    text_release(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_come_back_as_they_were_put, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(what_is_no_answer_ends_the_transaction, synthetic_new,
                                        synthetic_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
