/* How are limits and laws told to programs? Members of the rows "speedup" and "scaling". */
#include <math.h>

#include "report/exporters.h"

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
