/* How is the limit of a speedup said to a reader, and how the law of a sweep? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/words.h"

#define MOST_DIGITS 4

const char *explain_binding_name(enum stats_binding binding)
{
    static const char *const names[] = {"critical path", "CPU", "slots"};
    return names[binding];
}

/* As few digits as it takes to tell the two apart. */
static void apart(char one[WORDS_BYTES], char other[WORDS_BYTES], double a, double b)
{
    for (int digits = 1; digits <= MOST_DIGITS; digits++) {
        snprintf(one, WORDS_BYTES, "%.*fx", digits, a);
        snprintf(other, WORDS_BYTES, "%.*fx", digits, b);
        if (isnan(a) || strcmp(one, other) != 0)
            return;
    }
}

static void add_reason(struct text *out, const struct explain *explain,
                       const struct explain_size *size)
{
    char slowest[TEXT_DURATION_BYTES];
    if (size->binding == STATS_BINDING_CPU)
        text_addf(out, "the agents burn CPU and there %s %g %s", explain->cores == 1 ? "is" : "are",
                  explain->cores, explain->cores == 1 ? "core" : "cores");
    else if (size->binding == STATS_BINDING_CRITICAL_PATH)
        text_addf(out, "the slowest agent alone takes %s",
                  text_duration(slowest, size->slowest.median));
    else
        text_add(out, "only so many agents may run at once");
}

/* The claim lies surely above what is possible: it cannot come out, however good the spawner. */
static bool is_impossible(const struct explain_size *size)
{
    return !isnan(size->ratio) && size->possible.bounds.has_upper &&
           size->ratio > size->possible.bounds.upper;
}

/* Agents that want a CPU but mostly wait for one, on a machine where all do: what they took by
 * themselves is not known. */
static bool is_contended(const struct explain *explain, const struct explain_size *size)
{
    return size->has_cpu && explain->pressure >= 0.5 && size->busy.median > 0.2 &&
           size->busy.median < 0.8;
}

void explain_limit(struct text *out, const struct explain *explain, const struct explain_size *size)
{
    char claimed[WORDS_BYTES], possible[WORDS_BYTES];
    if (is_contended(explain, size)) {
        text_addf(out,
                  "not told: some task waited for a CPU in %.0f %% of the time and the agents' own "
                  "times are waiting, too; end other programs and run it again",
                  100 * explain->pressure);
        return;
    }
    if (!isfinite(size->possible.median)) {
        text_add(out, "the agents take no time of their own: nothing limits the speedup");
        return;
    }
    apart(claimed, possible, size->ratio, size->possible.median);
    if (is_impossible(size))
        text_addf(out, "%s claimed, at most %s possible here: ", claimed, possible);
    else if (size->ratio > size->possible.median) /* false for NaN */
        text_addf(out,
                  "%s claimed, some %s possible here, though the cycles are too few to be sure: ",
                  claimed, possible);
    else
        text_addf(out, "at most %s is possible here: ", possible);
    add_reason(out, explain, size);
}

void explain_attained(struct text *out, const struct explain_size *size)
{
    char share[WORDS_BYTES], over[WORDS_BYTES], serial[WORDS_BYTES];
    if (size->violates) {
        text_addf(out,
                  "faster than possible: %s of the limit; agents skip work, or their times or "
                  "the cores are not what they seem",
                  words_share(share, size->attained.median));
        return;
    }
    text_addf(out, "attained %s of what is possible; overhead %s",
              words_share(share, size->attained.median),
              words_estimate(over, size->overhead.median, &size->overhead.bounds));
    if (size->agents > 1) /* of one agent it is always 100 % */
        text_addf(out, "; serial fraction %s", words_share(serial, size->serial.median));
}

/* ---- laws ---- */

static void add_kappa(struct text *out, const struct stats_usl_band *band)
{
    char kappa[WORDS_BYTES], lower[WORDS_BYTES], upper[WORDS_BYTES];
    words_share(upper, band->kappa_upper);
    if (band->fit.kappa > 0)
        text_addf(out, "; each agent holds up each other one by %s [%s .. %s] (kappa)",
                  words_share(kappa, band->fit.kappa), words_share(lower, band->kappa_lower),
                  upper);
    else
        text_addf(out, "; that agents hold up each other is not seen (kappa 0, at most %s)", upper);
}

/* A peak is only told where it is surely one: agents hold each other up, and more of them gain
 * something before that. Without a gain there is nothing to reach. */
static void add_peak(struct text *out, const struct explain_law *law)
{
    double peak = law->band.fit.peak_n;
    if (law->band.sigma_lower > 0.9) {
        text_add(out, "; more agents at once gain next to nothing");
        return;
    }
    if (isnan(peak) || !(law->band.kappa_lower > 0))
        return;
    if (peak > (double)law->most)
        text_addf(out, "; throughput is largest beyond %zu agents, the most measured", law->most);
    else
        text_addf(out, "; throughput is largest at %.0f agents", peak);
}

void explain_law(struct text *out, const struct explain_law *law)
{
    const struct stats_usl_band *band = &law->band;
    char one[TEXT_DURATION_BYTES], sigma[WORDS_BYTES], lower[WORDS_BYTES], upper[WORDS_BYTES];
    if (!law->tried) {
        text_add(out, "too few whole rounds for a law");
        return;
    }
    if (!law->fits) {
        text_addf(out, "the model does not fit (p %s), so its parameters mean nothing here",
                  words_p(lower, band->misfit.p));
        return;
    }
    text_addf(out, "one agent takes %s; each further one adds %s of that [%s .. %s] (sigma)",
              text_duration(one, band->fit.t1), words_share(sigma, band->fit.sigma),
              words_share(lower, band->sigma_lower), words_share(upper, band->sigma_upper));
    add_kappa(out, band);
    add_peak(out, law);
}
