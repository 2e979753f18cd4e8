/* Does a verdict follow from the stored outputs, when nobody tells which agents ended badly?
 *
 * Those whose row has an error, and those that printed nothing, need not be given a vote: each of
 * them may have been, or not. So for each answer there is a least and a greatest number of votes,
 * and a decision follows when some choice between them makes it.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/contradictions.h"

/* All members that voted alike. */
struct answer_votes {
    const struct vote *by;
    int64_t least, most;
};

/* Those that have no output, and cannot vote, come last. */
static int by_content(const void *one, const void *other)
{
    const struct member *a = one, *b = other;
    if (a->voted != b->voted)
        return a->voted ? -1 : 1;
    return memcmp(a->vote.whole, b->vote.whole, sizeof a->vote.whole);
}

static size_t sort_voters(struct batch_read *batch)
{
    size_t count = 0;
    if (batch->count)
        qsort(batch->members, batch->count, sizeof batch->members[0], by_content);
    while (count < batch->count && batch->members[count].voted)
        count++;
    return count;
}

/* The answer that begins at *from; *from is behind it then. */
static struct answer_votes next_answer(const struct member voters[], size_t count, size_t *from)
{
    struct answer_votes votes = {.by = &voters[*from].vote};
    while (*from < count &&
           memcmp(voters[*from].vote.whole, votes.by->whole, sizeof votes.by->whole) == 0) {
        votes.most++;
        votes.least += votes.by->cast && !voters[*from].may_abstain;
        ++*from;
    }
    return votes;
}

bool contradictions_follows(struct batch_read *batch, const struct decision_read *decision,
                            int64_t *most)
{
    size_t count = sort_voters(batch), at = 0;
    bool agreed = strcmp(decision->verdict, "agreed") == 0, answered = false;
    int64_t least = 0;
    *most = 0;
    while (at < count) {
        struct answer_votes votes = next_answer(batch->members, count, &at);
        least = votes.least > least ? votes.least : least;
        *most = votes.most > *most ? votes.most : *most;
        answered = answered || (votes.least <= decision->votes && decision->votes <= votes.most &&
                                !votes_differ(votes.by, &decision->answer));
    }
    if (decision->votes < least || decision->votes > *most)
        return false;
    return !agreed || answered;
}
