/* What counts as a vote, and what as a majority? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "spawner/consensus.h"

static void expect_vote(const char *output, const char *expected)
{
    size_t length = 0;
    char *vote = consensus_vote(output, strlen(output), &length);
    assert_string_equal(vote, expected);
    assert_int_equal(length, strlen(expected));
    free(vote);
}

static void a_vote_is_the_answer_or_the_trimmed_output(void **state)
{
    (void)state;
    expect_vote("  yes \n", "yes");
    expect_vote("{\"answer\": \"no\", \"agent\": \"1.0\"}\n", "no");
    expect_vote("{\"answer\": 7}", "{\"answer\": 7}");
    expect_vote("{\"answer\": \"torn", "{\"answer\": \"torn");
    expect_vote(" \n ", "");
    expect_vote("", "");
}

static void a_nul_ends_no_vote(void **state)
{
    size_t length = 0;
    char *vote = consensus_vote(" \0a ", 4, &length);
    (void)state;
    assert_int_equal(length, 2);
    assert_memory_equal(vote, "\0a", 2);
    free(vote);
}

/* NULL: an agent that was never ready; "!": one that ended with status 1 */
static struct consensus decide(const char *const outputs[], size_t count)
{
    struct agent agents[8] = {0};
    struct batch batch = {.agents = agents, .count = count};
    struct consensus consensus;
    for (size_t i = 0; i < count; i++) {
        agents[i].outcome = outputs[i] ? AGENT_OUTCOME_READY : AGENT_OUTCOME_FAILED;
        if (outputs[i])
            text_add(&agents[i].output, outputs[i]);
        agents[i].end.status = outputs[i] && outputs[i][0] == '!';
    }
    consensus = consensus_decide(&batch);
    for (size_t i = 0; i < count; i++)
        text_release(&agents[i].output);
    return consensus;
}

static void expect(const char *const outputs[], size_t count, const char *answer, size_t votes)
{
    struct consensus consensus = decide(outputs, count);
    assert_string_equal(consensus.verdict, answer ? "agreed" : "split");
    assert_int_equal(consensus.votes, votes);
    if (answer)
        assert_string_equal(consensus.answer, answer);
    else
        assert_null(consensus.answer);
    free(consensus.answer);
}

static void more_than_half_of_the_ready_agents_agree(void **state)
{
    (void)state;
    expect((const char *[]){"a", "b", "a"}, 3, "a", 2);
    expect((const char *[]){"b", "a", "a"}, 3, "a", 2);
    expect((const char *[]){"a", "b", "c", "b", "b"}, 5, "b", 3);
    expect((const char *[]){"a"}, 1, "a", 1);
    expect((const char *[]){"a", NULL, NULL}, 3, "a", 1);
}

static void less_is_split(void **state)
{
    (void)state;
    expect((const char *[]){"a", "b", "c"}, 3, NULL, 1);
    expect((const char *[]){"a", "a", "b", "b"}, 4, NULL, 2);
    expect((const char *[]){"a", "!", ""}, 3, NULL, 1);
    expect((const char *[]){"!", "!", "!"}, 3, NULL, 0);
    expect((const char *[]){NULL, NULL}, 2, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vote_is_the_answer_or_the_trimmed_output),
        cmocka_unit_test(a_nul_ends_no_vote),
        cmocka_unit_test(more_than_half_of_the_ready_agents_agree),
        cmocka_unit_test(less_is_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
