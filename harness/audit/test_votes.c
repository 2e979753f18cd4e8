/* Do outputs come to the verdict that the protocol's rule makes of them? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "audit/audit_internal.h"

static void expect_vote(const char *output, const char *text)
{
    struct vote vote, said;
    votes_take(&vote, output, strlen(output));
    votes_plain(&said, text, strlen(text));
    assert_false(votes_differ(&vote, &said));
    assert_int_equal(vote.cast, text[0] != '\0');
}

static void an_output_votes_for_its_answer_or_itself(void **state)
{
    (void)state;
    expect_vote("  yes \n", "yes");
    expect_vote("{\"answer\": \"no\", \"agent\": \"1.0\"}\n", "no");
    expect_vote("{\"answer\": 7}", "{\"answer\": 7}");
    expect_vote("{\"answer\": \"torn", "{\"answer\": \"torn");
    expect_vote("{\"answer\": \"a\", \"answer\": \"b\"}", "{\"answer\": \"a\", \"answer\": \"b\"}");
    expect_vote("[\"answer\"]", "[\"answer\"]");
    expect_vote(" \n ", "");
    expect_vote("", "");
}

/* Programs write them down differently; what is text is compared byte by byte. */
static void bytes_that_are_no_text_are_forgiven_as_text(void **state)
{
    struct vote bytes, said;
    (void)state;
    votes_take(&bytes, "na\xefve", 5);
    votes_plain(&said, "na\xef\xbf\xbdve", 7); /* U+FFFD in its place */
    assert_false(votes_differ(&bytes, &said));
    votes_plain(&said, "knave", 5);
    assert_true(votes_differ(&bytes, &said));
    votes_take(&bytes, "a\0b", 3);
    votes_plain(&said, "a", 1);
    assert_false(votes_differ(&bytes, &said));
    votes_take(&bytes, "j\xc3\xa4", 3);
    votes_plain(&said, "j\xc3\xb6", 3);
    assert_true(votes_differ(&bytes, &said));
}

static void expect_count(const char *const outputs[], size_t count, size_t agents, bool agreed,
                         int64_t most)
{
    struct vote votes[8];
    struct votes_result result;
    for (size_t i = 0; i < count; i++)
        votes_take(&votes[i], outputs[i], strlen(outputs[i]));
    result = votes_count(votes, count, agents);
    assert_int_equal(result.agreed, agreed);
    assert_int_equal(result.votes, most);
}

static void more_than_half_of_the_agents_agree(void **state)
{
    const char *const one[] = {"a", "a", "b"}, *const tie[] = {"a", "b", "b", "a"};
    const char *const late[] = {"a", "b", "b"}, *const none[] = {"", " ", "\n"};
    (void)state;
    expect_count(one, 3, 3, true, 2);
    expect_count(one, 3, 4, false, 2); /* two of four are no majority */
    expect_count(tie, 4, 4, false, 2);
    expect_count(late, 3, 3, true, 2);
    expect_count(none, 3, 3, false, 0);
    expect_count(none, 0, 0, false, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_output_votes_for_its_answer_or_itself),
        cmocka_unit_test(bytes_that_are_no_text_are_forgiven_as_text),
        cmocka_unit_test(more_than_half_of_the_agents_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
