/* schedule - after which cycles may the whole store be read? As many as a budget of time allows.
 *
 * Normal use: one zeroed struct audit_schedule per store; audit_schedule_next after each cycle,
 * audit_schedule_spent after each full audit. No clock is read here: all times are handed in.
 *
 * A full audit costs as much as the store is large. Quick ones, whose cost does not grow, run after
 * every cycle and are not counted here.
 */
#ifndef AUDIT_SCHEDULE_H
#define AUDIT_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit.h"

#define AUDIT_SHARE 0.05 /* of the measured time of a store's subject, for its full audits */

/* Of one store. Zero is a store that nothing has happened to. Plain value. */
struct audit_schedule {
    int64_t cycles;                   /* that were asked about */
    int64_t measured_ns;              /* they took together */
    int64_t full;                     /* audits so far */
    int64_t spent_ns;                 /* they took together */
    int64_t last_ns;                  /* the last of them */
    int64_t last_cycles;              /* and how many cycles the store had then */
    int64_t before_ns, before_cycles; /* the same of the one before */
};

/*
 * audit_schedule_next - the level of the audit after the cycle that has just ended
 *
 * measured_ns : what that cycle took; counted in
 * forced      : the whole store must be read now, whatever it costs: at a look, after a broken
 *               cycle
 * returns     : AUDIT_FULL when forced, the first time, and whenever all full audits together, this
 *               one included, stay within AUDIT_SHARE of the time measured; else AUDIT_QUICK. What
 *               this one will cost is read off the last two, as the store grows.
 */
enum audit_level audit_schedule_next(struct audit_schedule *schedule, int64_t measured_ns,
                                     bool forced);

/* audit_schedule_spent - what the full audit after the last cycle cost */
void audit_schedule_spent(struct audit_schedule *schedule, int64_t full_ns);

#endif
