/* Did the gate say what it must, as often as it must? */
#include <math.h>

#include "study/trials/trials.h"

void bars_hold(struct bars *bars, const char *what, size_t count, size_t gates, struct bar bar)
{
    double side = bar.at_most ? 1 : -1;
    double limit =
        bar.share + side * bar.sigmas * sqrt(bar.share * (1 - bar.share) / (double)gates);
    bars->asked++;
    if (side * ((double)count - limit * (double)gates) <= 1e-9)
        return;
    bars->missed++;
    text_addf(&bars->lines, "%s: %zu of %zu gates, %s %.2f %%\n", what, count, gates,
              bar.at_most ? "at most" : "at least", 100 * limit);
}

void bars_tell(struct text *out, const struct bars *bars)
{
    text_addf(out, "Bars asked of: %zu. Not held: %zu.\n", bars->asked, bars->missed);
    if (bars->lines.length)
        text_addf(out, "\n```\n%s```\n", bars->lines.data);
}
