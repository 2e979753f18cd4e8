/* Did each agent end as its scenario expects? Another end is a failed cycle. */
#include <stdarg.h>
#include <stdio.h>

#include "cycle/cycle_internal.h"

void cycle_fail(struct cycle *cycle, struct cycle_agent *agent, const char *format, ...)
{
    va_list args;
    cycle->outcome = CYCLE_FAILED;
    cycle->spawn_time_ns = cycle->ready_time_ns = -1;
    if (agent->error)
        return;
    va_start(args, format);
    if (vasprintf(&agent->error, format, args) < 0)
        agent->error = NULL;
    va_end(args);
}

/* What an agent was to end with is known here; what it was to print, to who reads the store. */
void expect_ends(struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->agent_count; i++) {
        struct cycle_agent *agent = &cycle->agents[i];
        if (!agent->finished || !agent->asked->expects_exit ||
            (agent->exit_status == agent->asked->expected_exit && !agent->exit_signal))
            continue;
        if (agent->exit_signal)
            cycle_fail(cycle, agent, "ended by signal %d, expected exit status %d",
                       agent->exit_signal, agent->asked->expected_exit);
        else
            cycle_fail(cycle, agent, "ended with exit status %d, expected %d", agent->exit_status,
                       agent->asked->expected_exit);
    }
}
