/* What did most agents say, and was it more than half of them? */
#include "spawner/consensus.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* Its bytes; a NUL among them ends nothing. */
struct vote {
    char *bytes;
    size_t length;
};

static struct vote trimmed(const char *text, size_t length)
{
    struct text out = {0};
    while (length > 0 && isspace((unsigned char)text[0])) {
        text++;
        length--;
    }
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    text_add_bytes(&out, text, length);
    return (struct vote){text_take(&out), length};
}

char *consensus_vote(const char *output, size_t length, size_t *vote_length)
{
    struct vote vote = trimmed(output, length);
    cJSON *object = NULL;
    if (vote.bytes[0] == '{' && json_parse(&object, vote.bytes, vote.length, NULL) == 0) {
        const char *answer = json_string(object, "answer");
        if (answer) {
            free(vote.bytes);
            vote = (struct vote){xstrdup(answer), strlen(answer)};
        }
        cJSON_Delete(object);
    }
    *vote_length = vote.length;
    return vote.bytes;
}

static size_t collect_votes(const struct batch *batch, struct vote *votes, size_t *agents)
{
    size_t count = 0;
    *agents = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct agent *agent = &batch->agents[i];
        if (agent->outcome != AGENT_OUTCOME_READY)
            continue;
        ++*agents;
        if (agent->end.status != 0 || agent->output.length == 0)
            continue;
        votes[count].bytes =
            consensus_vote(agent->output.data, agent->output.length, &votes[count].length);
        if (votes[count].length)
            count++;
        else
            free(votes[count].bytes);
    }
    return count;
}

static size_t votes_for(const struct vote *votes, size_t count, const struct vote *vote)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++)
        same += votes[i].length == vote->length &&
                memcmp(votes[i].bytes, vote->bytes, vote->length) == 0;
    return same;
}

struct consensus consensus_decide(const struct batch *batch)
{
    struct consensus consensus = {.verdict = "split"};
    struct vote *votes = xcalloc(batch->count, sizeof votes[0]);
    const struct vote *winner = NULL;
    size_t agents, count = collect_votes(batch, votes, &agents);
    for (size_t i = 0; i < count && consensus.votes <= count / 2; i++) {
        size_t same = votes_for(votes, count, &votes[i]);
        if (same > consensus.votes) {
            consensus.votes = same;
            winner = &votes[i];
        }
    }
    if (winner && 2 * consensus.votes > agents) {
        consensus.verdict = "agreed";
        consensus.answer = xstrdup(winner->bytes);
    }
    for (size_t i = 0; i < count; i++)
        free(votes[i].bytes);
    free(votes);
    return consensus;
}
