/* Which format was asked for, and what do all exports share? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/exporters.h"
#include "report/report.h"
#include "report/words.h"

static const struct {
    struct report_format format;
    int (*write)(const struct exporter *to); /* NULL: report_json, which gathers its own facts */
    bool figures; /* it holds nothing but figures of cycles: of none there is no document */
} formats[] = {
    {{"json", "everything, schema spawnbench.run.v1"}, NULL, false},
    {{"csv", "one row per cycle"}, export_csv, false},
    {{"csv-agents", "one row per agent"}, export_csv_agents, false},
    {{"hyperfine", "as hyperfine --export-json"}, export_hyperfine, true},
    {{"google-benchmark", "as Google Benchmark's JSON; compare.py reads it"},
     export_google_benchmark,
     false},
    {{"benchfmt", "the Go benchmark format; benchstat reads it"}, export_benchfmt, false},
    {{"bmf", "Bencher Metric Format"}, export_bmf, true},
    {{"github-action-benchmark", "its tool customSmallerIsBetter"}, export_github_action, true},
    {{"junit", "one test case per claim and per rule of the audit"}, export_junit, false},
    {{"openmetrics", "for Prometheus and its textfile collector"}, export_openmetrics, false},
    {{"trace", "Chrome trace events, for Perfetto"}, export_trace, false},
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

const struct report_format *report_format_at(size_t index)
{
    return index < FORMATS ? &formats[index].format : NULL;
}

int report_format_find(const char *name, struct err *err)
{
    const char *known[FORMATS + 1] = {0}, *near;
    struct text all = {0};
    for (int i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i].format.name, name) == 0) {
            text_release(&all);
            return i;
        }
        known[i] = formats[i].format.name;
        text_addf(&all, "%s%s", i ? ", " : "", known[i]);
    }
    near = text_nearest(name, known);
    err_set(err, ERR_USAGE, "unknown format '%.64s'%s%s%s (there are: %s)", name,
            near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", all.data);
    text_release(&all);
    return -1;
}

int report_export(FILE *out, struct results *store, int64_t run, const char *format,
                  struct err *err)
{
    struct facts facts;
    int which = report_format_find(format, err), rc;
    if (which >= 0 && !formats[which].write)
        return report_json(out, store, &run, 1, true, err);
    if (which < 0 || facts_load(&facts, store, run, err) < 0)
        return -1;
    if (formats[which].figures && !facts_count_all(&facts).cycles)
        rc = err_set(err, ERR_UNFIT,
                     "run %lld has no cycle that counts, so there is nothing that %s could tell "
                     "(json, csv and junit hold what there is)",
                     (long long)run, format);
    else
        rc = formats[which].write(
            &(struct exporter){.out = out, .store = store, .facts = &facts, .err = err});
    facts_release(&facts);
    if (rc == 0 && (fflush(out) != 0 || ferror(out)))
        rc = err_system(err, "cannot write the export");
    return rc;
}

/* ---- what they share ---- */

int export_each_cycle(const struct exporter *to,
                      int (*each)(void *context, const struct results_cycle *cycle), void *context)
{
    for (size_t i = 0; i < to->facts->cycle_count && !ferror(to->out); i++)
        if (each(context, &to->facts->cycles[i]) != 0)
            return -1;
    return 0;
}

int64_t export_zero_ns(const struct facts *facts)
{
    int64_t zero_ns = facts->cycle_count ? facts->cycles[0].sent_ns : 0;
    for (size_t i = 0; i < facts->cycle_count; i++)
        if (facts->cycles[i].sent_ns < zero_ns)
            zero_ns = facts->cycles[i].sent_ns;
    return zero_ns;
}

char *export_partial(const struct facts *facts)
{
    if (strcmp(facts->run.state, "complete") == 0)
        return NULL;
    return text_format("partial run: %zu of %zu cycles", facts->run.cycles, facts->run.planned);
}

char *export_cell_name(const struct facts *facts, size_t arm, size_t value, char separator)
{
    return text_format("%s/%s/agents%c%zu", facts->run.scenario_name, facts->arms[arm].name,
                       separator, facts_cell(facts, arm, value)->batch_size);
}

static int take_reason(void *context, const struct results_agent *agent)
{
    struct text *reason = context;
    if (agent->outcome == CYCLE_READY || agent->outcome == CYCLE_CANCELLED)
        return 0;
    text_addf(reason, ": agent %s %s%s%s", agent->name, cycle_outcome_names[agent->outcome],
              *agent->error ? ": " : "", agent->error);
    return 1;
}

int export_why(struct text *out, const struct exporter *to, const struct results_cycle *cycle)
{
    text_add(out, cycle_outcome_names[cycle->outcome]);
    return results_each_agent(to->store, to->facts->run.id, cycle->index, take_reason, out,
                              to->err);
}

const char *export_seconds(char out[EXPORT_NUMBER_BYTES], int64_t ns)
{
    uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    snprintf(out, EXPORT_NUMBER_BYTES, "%s%llu.%09llu", ns < 0 ? "-" : "",
             (unsigned long long)(size / 1000000000), (unsigned long long)(size % 1000000000));
    return out;
}

void export_put_text(cJSON *object, const char *key, const char *value)
{
    struct text plain = {0};
    words_plain(&plain, value);
    cJSON_AddStringToObject(object, key, plain.data ? plain.data : "");
    text_release(&plain);
}

void export_put_ns(cJSON *object, const char *key, double ns)
{
    if (isfinite(ns))
        json_add_int64(object, key, llround(ns));
    else
        cJSON_AddNullToObject(object, key);
}

void export_print(FILE *out, cJSON *tree)
{
    char *printed = json_print(tree, 0);
    fputs(printed, out);
    free(printed);
    cJSON_Delete(tree);
}
