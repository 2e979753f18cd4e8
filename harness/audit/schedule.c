/* After which cycles may the whole store be read? When the time it takes is earned. */
#include "audit/schedule.h"

#include <assert.h>

/* The store grows by about the same in each cycle, and what it costs to read with it: a line
 * through the last two audits, which rises no faster than one from nothing. After the first alone:
 * twice as much. */
static double expected_ns(const struct audit_schedule *schedule)
{
    double last_ns = (double)schedule->last_ns, per_cycle_ns;
    double most_ns = last_ns / (double)schedule->last_cycles;
    if (schedule->full < 2)
        return 2 * last_ns;
    per_cycle_ns = (last_ns - (double)schedule->before_ns) /
                   (double)(schedule->last_cycles - schedule->before_cycles);
    if (per_cycle_ns < 0)
        per_cycle_ns = 0;
    if (per_cycle_ns > most_ns)
        per_cycle_ns = most_ns;
    return last_ns + per_cycle_ns * (double)(schedule->cycles - schedule->last_cycles);
}

enum audit_level audit_schedule_next(struct audit_schedule *schedule, int64_t measured_ns,
                                     bool forced)
{
    assert(measured_ns >= 0);
    schedule->cycles++;
    schedule->measured_ns += measured_ns;
    if (forced || schedule->full == 0)
        return AUDIT_FULL;
    return (double)schedule->spent_ns + expected_ns(schedule) <=
                   AUDIT_SHARE * (double)schedule->measured_ns
               ? AUDIT_FULL
               : AUDIT_QUICK;
}

void audit_schedule_spent(struct audit_schedule *schedule, int64_t full_ns)
{
    assert(schedule->cycles > schedule->last_cycles && full_ns >= 0);
    schedule->full++;
    schedule->spent_ns += full_ns;
    schedule->before_ns = schedule->last_ns;
    schedule->before_cycles = schedule->last_cycles;
    schedule->last_ns = full_ns;
    schedule->last_cycles = schedule->cycles;
}
