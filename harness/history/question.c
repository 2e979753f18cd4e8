/* What does a scenario ask of a spawner? Two runs with different answers are two measurements. */
#include <string.h>

#include "base/text.h"
#include "history/internal.h"

/* Words keep their ends apart by their length: no word can look like two others. */
static void add_word(struct text *out, const char *word)
{
    text_addf(out, "%zu:%s ", word ? strlen(word) : 0, word ? word : "");
}

static void add_agent(struct text *out, const struct scenario_agent *agent)
{
    text_addf(out, "agent %zu %d ", agent->times, (int)agent->ready);
    add_word(out, agent->ready_text);
    add_word(out, agent->directory);
    for (size_t i = 0; i < agent->environment_count; i++) {
        add_word(out, agent->environment[i].key);
        add_word(out, agent->environment[i].value);
    }
    for (char **word = agent->command; word && *word; word++)
        add_word(out, *word);
}

char *question_of(const struct scenario *scenario)
{
    struct text out = {0};
    text_addf(&out, "%d %d %d ", scenario->durability_full, scenario->consensus,
              (int)scenario->on_failure);
    for (size_t i = 0; i < scenario->agent_count; i++)
        add_agent(&out, &scenario->agents[i]);
    return text_take(&out);
}
