/* How fine is the clock, and how late do sleepers wake? */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/text.h"
#include "cycle/probe.h"
#include "judge/stats/stats.h"
#include "trend/doctor/doctor_internal.h"

#define READINGS    10000
#define SLEEPS      41
#define SHORTEST_NS 1e6 /* spawn times of a millisecond are the shortest we expect */

static double reading_cost_ns(void)
{
    int64_t from_ns = clock_now_ns(), last_ns = from_ns;
    for (int i = 0; i < READINGS; i++)
        last_ns = clock_now_ns();
    return (double)(last_ns - from_ns) / READINGS;
}

static bool is_good_source(const char *source)
{
    static const char *const good[] = {"tsc", "kvm-clock", "arch_sys_counter", "hyperv", "xen"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (strncmp(source, good[i], strlen(good[i])) == 0)
            return true;
    return *source == '\0';
}

/* The limits are those of a run: a step of 1 % of a time is flagged, of 10 % makes it INVALID. */
void check_clock(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "clock");
    double step_ns = (double)probe_clock_resolution_ns(), cost_ns = reading_cost_ns();
    char *source =
        doctor_read(examiner->sys, "devices/system/clocksource/clocksource0/current_clocksource");
    char step[TEXT_DURATION_BYTES], cost[TEXT_DURATION_BYTES];
    doctor_find(row, "steps of %s, a reading costs %s, source %.30s", text_duration(step, step_ns),
                text_duration(cost, cost_ns), *source ? source : "not told");
    doctor_figure(row, "step_ns", step_ns);
    doctor_figure(row, "reading_ns", cost_ns);
    doctor_judge(row, doctor_rate(step_ns, 0.01 * SHORTEST_NS, 0.1 * SHORTEST_NS),
                 "times below %s cannot be told apart: boot with another clocksource (tsc)",
                 text_duration(cost, 100 * step_ns));
    if (!is_good_source(source))
        doctor_judge(row, DOCTOR_WARNING,
                     "a reading leaves user space and is slow: boot with clocksource=tsc");
    free(source);
}

/* An agent that waits is as punctual as the timer; both arms of a comparison share it. */
void check_timer(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "timer");
    double late_ns[SLEEPS];
    char middle[TEXT_DURATION_BYTES], late[TEXT_DURATION_BYTES], slack[TEXT_DURATION_BYTES];
    int slack_ns = prctl(PR_GET_TIMERSLACK);
    for (int i = 0; i < SLEEPS; i++) {
        int64_t until_ns = clock_now_ns() + CLOCK_NS_PER_MS;
        clock_sleep_until(until_ns);
        late_ns[i] = (double)(clock_now_ns() - until_ns);
    }
    stats_sort(late_ns, SLEEPS);
    doctor_find(row, "a sleep of 1 ms ends %s late (p95 %s, n %d), slack %s",
                text_duration(middle, late_ns[SLEEPS / 2]),
                text_duration(late, late_ns[SLEEPS * 95 / 100]), SLEEPS,
                text_duration(slack, slack_ns));
    doctor_figure(row, "late_median_ns", late_ns[SLEEPS / 2]);
    doctor_figure(row, "late_p95_ns", late_ns[SLEEPS * 95 / 100]);
    doctor_figure(row, "slack_ns", slack_ns);
    if (late_ns[SLEEPS / 2] >= 1e6)
        doctor_judge(row, DOCTOR_WARNING,
                     "sleepers wake late: end other programs; on a virtual machine ask for CPUs of "
                     "its own");
}
