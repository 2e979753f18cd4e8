/* How is the limit of a speedup said to a reader, and how the law of a sweep? To programs they are
 * members of the rows "speedup" and "scaling". */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/exporters.h"
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

/* ---- for programs ---- */

static cJSON *put_interval(cJSON *row, const char *key, double median, double lower, double upper,
                           bool ns)
{
    cJSON *object = cJSON_AddObjectToObject(row, key);
    void (*put)(cJSON *, const char *, double) = ns ? export_put_ns : json_add_double;
    put(object, "median", median);
    put(object, "lower", lower);
    put(object, "upper", upper);
    return object;
}

static void put_median(cJSON *row, const char *key, const struct facts_median *of, bool ns)
{
    cJSON *object;
    if (!of->n || !isfinite(of->median)) {
        cJSON_AddNullToObject(row, key);
        return;
    }
    object = put_interval(row, key, of->median, of->bounds.has_lower ? of->bounds.lower : NAN,
                          of->bounds.has_upper ? of->bounds.upper : NAN, ns);
    json_add_int64(object, "n", (int64_t)of->n);
}

void explain_size_json(cJSON *row, const struct facts *facts, const struct explain_size *size)
{
    put_median(row, "lower_bound_ns", &size->bound, true);
    put_median(row, "possible", &size->possible, false);
    put_median(row, "attained", &size->attained, false);
    put_median(row, "overhead_ns", &size->overhead, true);
    put_median(row, "serial_fraction", &size->serial, false);
    put_median(row, "cpu_share", &size->busy, false);
    json_add_double(row, "cores", facts->explain->cores);
    export_put_text(row, "faster", size->known ? facts->arms[size->fast].name : "");
    export_put_text(row, "than", size->known ? facts->arms[size->slow].name : "");
    if (size->known)
        cJSON_AddStringToObject(row, "binding", explain_binding_name(size->binding));
    else
        cJSON_AddNullToObject(row, "binding");
    cJSON_AddBoolToObject(row, "cpu_known", size->has_cpu);
    cJSON_AddBoolToObject(row, "violates", size->violates);
}

cJSON *explain_law_json(const struct facts *facts, size_t arm)
{
    const struct explain_law *law = &facts->explain->laws[arm];
    const struct stats_usl_band *band = &law->band;
    cJSON *row = cJSON_CreateObject();
    export_put_text(row, "arm", facts->arms[arm].name);
    cJSON_AddBoolToObject(row, "fits", law->fits);
    cJSON_AddBoolToObject(row, "thin", law->thin);
    json_add_int64(row, "sizes", (int64_t)law->sizes);
    json_add_int64(row, "rounds", (int64_t)band->rounds);
    json_add_double(row, "misfit_p", band->misfit.p);
    if (!law->fits)
        return row;
    put_interval(row, "t1_ns", band->fit.t1, band->t1_lower, band->t1_upper, true);
    put_interval(row, "sigma", band->fit.sigma, band->sigma_lower, band->sigma_upper, false);
    put_interval(row, "kappa", band->fit.kappa, band->kappa_lower, band->kappa_upper, false);
    put_interval(row, "peak_agents", band->fit.peak_n, band->peak_lower, band->peak_upper, false);
    return row;
}
