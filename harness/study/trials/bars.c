/* Did the gate say what it must, as often as it must? */
#include <math.h>

#include "study/trials/trials.h"

static double room_of(double bar, size_t gates, double sigmas)
{
    return sigmas * sqrt(bar * (1 - bar) / (double)gates);
}

static void miss(struct bars *bars, const char *what, size_t count, size_t gates, const char *side,
                 double bar)
{
    bars->missed++;
    text_addf(&bars->lines, "%s: %zu of %zu gates, %s %.2f %%\n", what, count, gates, side,
              100 * bar);
}

void bars_at_most(struct bars *bars, const char *what, size_t count, size_t gates, double most,
                  double sigmas)
{
    double bar = most + room_of(most, gates, sigmas);
    bars->asked++;
    if ((double)count > bar * (double)gates + 1e-9)
        miss(bars, what, count, gates, "at most", bar);
}

void bars_at_least(struct bars *bars, const char *what, size_t count, size_t gates, double least,
                   double sigmas)
{
    double bar = least - room_of(least, gates, sigmas);
    bars->asked++;
    if ((double)count < bar * (double)gates - 1e-9)
        miss(bars, what, count, gates, "at least", bar);
}

void bars_tell(struct text *out, const struct bars *bars)
{
    text_addf(out, "Bars asked of: %zu. Not held: %zu.\n", bars->asked, bars->missed);
    if (bars->lines.length)
        text_addf(out, "\n```\n%s```\n", bars->lines.data);
}
