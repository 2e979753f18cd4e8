/* What did the original do? One agent after the other:
 * each is started when the one before is ready. */
#include "spawner/spawner.h"

void sequential_start(struct spawner *spawner, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct agent *agent = &batch->agents[i];
        if (spawner_begin_agent(spawner, batch, agent) < 0)
            break;
        spawner_await(spawner, batch, agent, 1);
        if (spawner_must_stop(spawner, batch))
            break;
    }
}
