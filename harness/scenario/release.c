/* Who gives back what a scenario owns? This file, also when it is only half filled. */
#include <stdlib.h>

#include "scenario/scenario.h"

static void release_words(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}

static void release_agent(struct scenario_agent *agent)
{
    free(agent->name);
    release_words(agent->command);
    for (size_t i = 0; i < agent->environment_count; i++) {
        free(agent->environment[i].key);
        free(agent->environment[i].value);
    }
    free(agent->environment);
    free(agent->directory);
    free(agent->ready_text);
    free(agent->expected_output);
}

void scenario_release(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->agent_count; i++)
        release_agent(&scenario->agents[i]);
    for (size_t i = 0; i < scenario->arm_count; i++) {
        free(scenario->arms[i].name);
        release_words(scenario->arms[i].subject);
    }
    for (size_t i = 0; i < scenario->claim_count; i++) {
        free(scenario->claims[i].id);
        free(scenario->claims[i].text);
        free(scenario->claims[i].agent);
    }
    for (size_t i = 0; i < scenario->database_count; i++)
        free(scenario->databases[i]);
    free(scenario->databases);
    free(scenario->batch);
    free(scenario->agents);
    free(scenario->arms);
    free(scenario->claims);
    free(scenario->name);
    free(scenario->spec_id);
    free(scenario->about);
    free(scenario->prompt);
    free(scenario->source);
    *scenario = (struct scenario){0};
}
