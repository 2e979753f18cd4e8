/* Are documents kept as they were put, found by kind and name, and never changed? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "results/test_synthetic.h"

static int note(void *context, const struct results_document *document)
{
    struct text *seen = context;
    text_addf(seen, "%s/%s/%lld=%s;", document->kind, document->name, (long long)document->run,
              document->text);
    assert_true(document->made_wall_ns > 0);
    return 0;
}

static void put(struct synthetic *synthetic, const char *kind, const char *name, int64_t run,
                const char *text)
{
    const struct results_document document = {.kind = kind, .name = name, .run = run, .text = text};
    assert_int_equal(results_document_put(synthetic->store, &document, &synthetic->err), 0);
}

static void the_newest_of_its_kind_and_name_is_found(void **state)
{
    struct synthetic *synthetic = *state;
    struct text seen = {0};
    put(synthetic, RESULTS_PROOF, "walk", 0, "{\"n\":1}");
    put(synthetic, RESULTS_PROOF, "walk", 1, "{\"n\":2}");
    put(synthetic, RESULTS_PROOF, "soak", 0, "{\"n\":3}");
    put(synthetic, RESULTS_BASELINE, "walk", 0, "{\"n\":4}");
    synthetic_reopen(synthetic);
    assert_int_equal(results_document_newest(synthetic->store, RESULTS_PROOF, "walk", note, &seen,
                                             &synthetic->err),
                     0);
    assert_string_equal(seen.data, "proof/walk/1={\"n\":2};");
    text_clear(&seen);
    assert_int_equal(results_document_newest(synthetic->store, RESULTS_PROOF, NULL, note, &seen,
                                             &synthetic->err),
                     0);
    assert_string_equal(seen.data, "proof/soak/0={\"n\":3};");
    text_clear(&seen);
    assert_int_equal(
        results_each_document(synthetic->store, RESULTS_PROOF, note, &seen, &synthetic->err), 0);
    assert_string_equal(seen.data,
                        "proof/walk/0={\"n\":1};proof/walk/1={\"n\":2};proof/soak/0={\"n\":3};");
    text_release(&seen);
}

static void none_is_told_apart_from_an_error(void **state)
{
    struct synthetic *synthetic = *state;
    struct text seen = {0};
    assert_int_equal(results_document_newest(synthetic->store, RESULTS_PROOF, "walk", note, &seen,
                                             &synthetic->err),
                     1);
    assert_int_equal(seen.length, 0);
    text_release(&seen);
}

static void a_document_of_a_run_that_is_not_there_is_refused(void **state)
{
    struct synthetic *synthetic = *state;
    const struct results_document lost = {
        .kind = RESULTS_ACCEPTED, .name = "", .run = 77, .text = "{}"};
    assert_int_equal(results_document_put(synthetic->store, &lost, &synthetic->err), -1);
    assert_int_equal(synthetic->err.code, ERR_UNFIT);
}

static void a_document_cannot_be_changed(void **state)
{
    static const char *const changes[] = {
        "UPDATE documents SET text = ''", "DELETE FROM documents",
        "INSERT OR REPLACE INTO documents VALUES (1, 'proof', 'walk', NULL, 1, '{}')"};
    struct synthetic *synthetic = *state;
    put(synthetic, RESULTS_PROOF, "walk", 0, "{}");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        sqlite3 *database = synthetic->store->database;
        assert_int_equal(sqlite3_exec(database, changes[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
        assert_non_null(strstr(sqlite3_errmsg(database), "final"));
    }
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(the_newest_of_its_kind_and_name_is_found),
        WITH_STORE(none_is_told_apart_from_an_error),
        WITH_STORE(a_document_of_a_run_that_is_not_there_is_refused),
        WITH_STORE(a_document_cannot_be_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
