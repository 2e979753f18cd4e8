/* What is the least that has to happen one after the other?
 * Only the starts: then one wait for all. */
#include "spawner/spawner.h"

void parallel_start(struct spawner *spawner, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (spawner_begin_agent(spawner, batch, &batch->agents[i]) < 0)
            break;
    spawner_await(spawner, batch, batch->agents, batch->count);
}
