/* What did most agents say, and was it more than half of them? */
#include "spawner/consensus.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static char *trimmed(const char *text, size_t length)
{
    struct text out = {0};
    while (length > 0 && isspace((unsigned char)text[0])) {
        text++;
        length--;
    }
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    text_add_bytes(&out, text, length);
    return text_take(&out);
}

char *consensus_vote(const char *output, size_t length)
{
    char *vote = trimmed(output, length);
    cJSON *object = NULL;
    if (vote[0] == '{' && json_parse(&object, vote, strlen(vote), NULL) == 0) {
        const char *answer = json_string(object, "answer");
        if (answer) {
            free(vote);
            vote = xstrdup(answer);
        }
        cJSON_Delete(object);
    }
    return vote;
}

static size_t collect_votes(const struct batch *batch, char **votes, size_t *agents)
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
        votes[count] = consensus_vote(agent->output.data, agent->output.length);
        if (votes[count][0])
            count++;
        else
            free(votes[count]);
    }
    return count;
}

static size_t votes_for(char *const *votes, size_t count, const char *vote)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++)
        same += strcmp(votes[i], vote) == 0;
    return same;
}

struct consensus consensus_decide(const struct batch *batch)
{
    struct consensus consensus = {.verdict = "split"};
    char **votes = xcalloc(batch->count, sizeof votes[0]);
    const char *winner = NULL;
    size_t agents, count = collect_votes(batch, votes, &agents);
    for (size_t i = 0; i < count && consensus.votes <= count / 2; i++) {
        size_t same = votes_for(votes, count, votes[i]);
        if (same > consensus.votes) {
            consensus.votes = same;
            winner = votes[i];
        }
    }
    if (winner && 2 * consensus.votes > agents) {
        consensus.verdict = "agreed";
        consensus.answer = xstrdup(winner);
    }
    for (size_t i = 0; i < count; i++)
        free(votes[i]);
    free(votes);
    return consensus;
}
