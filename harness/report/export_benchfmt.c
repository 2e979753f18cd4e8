/* How does a run look to tools for Go benchmarks, such as benchstat? */
#include <ctype.h>
#include <string.h>

#include "report/exporters.h"
#include "report/words.h"

/* A name as part of a benchmark's name, which holds no blanks and in which '/' and '=' mean
 * something. Two names never become one: every other byte is told as %XX. */
static void add_part(struct text *out, const char *name)
{
    for (const char *c = name; *c; c++)
        if (isascii((unsigned char)*c) && (isalnum((unsigned char)*c) || strchr("._-", *c)))
            text_add_bytes(out, c, 1);
        else
            text_addf(out, "%%%02X", (unsigned char)*c);
}

/* "Spawn/arm=parallel/agents=3"; the scenario is the package. No part at the end looks like the
 * "-8" by which go test tells GOMAXPROCS. */
static void add_name(struct text *out, const struct facts *facts, int arm, int value)
{
    text_add(out, "Spawn/arm=");
    add_part(out, facts->arms[arm].name);
    text_addf(out, "/agents=%zu", facts_cell(facts, (size_t)arm, (size_t)value)->batch_size);
}

static int put_failure(const struct exporter *to, const struct results_cycle *cycle,
                       const char *name)
{
    struct text plain = {0}, why = {0};
    int rc = export_why(&why, to, cycle);
    words_plain(&plain, why.data);
    fprintf(to->out, "--- FAIL: Benchmark%s\n    cycle %lld: %s\n", name, (long long)cycle->index,
            plain.data);
    text_release(&plain);
    text_release(&why);
    return rc;
}

static int put_cycle(void *context, const struct results_cycle *cycle)
{
    const struct exporter *to = context;
    struct text name = {0};
    int rc = 0;
    if (cycle->warmup)
        return 0;
    add_name(&name, to->facts, cycle->arm, cycle->value);
    if (cycle->spawn_time_ns < 0) {
        rc = put_failure(to, cycle, name.data);
    } else {
        fprintf(to->out, "Benchmark%s 1 %lld ns/op %lld ready-ns/op", name.data,
                (long long)cycle->spawn_time_ns, (long long)cycle->ready_time_ns);
        for (int m = 0; m < SCENARIO_METRICS; m++)
            if (scenario_metrics[m].cost && cycle->cost[m] >= 0)
                fprintf(to->out, " %lld %s", (long long)cycle->cost[m],
                        scenario_metrics[m].go_unit);
        fputs("\n", to->out);
    }
    text_release(&name);
    return rc;
}

/* "key: value", left out when it is not known */
static void put_config(FILE *out, const char *key, const char *value)
{
    struct text plain = {0};
    if (value && *value) {
        words_plain(&plain, value);
        fprintf(out, "%s: %s\n", key, plain.data);
    }
    text_release(&plain);
}

/* Configuration is what two runs that may be compared have in common: benchstat makes a table of
 * its own for each. What differs from run to run is a comment, which readers skip. */
static void put_head(const struct exporter *to)
{
    const struct results_run *run = &to->facts->run;
    const struct facts_count all = facts_count_all(to->facts);
    cJSON *environment = NULL;
    char date[WORDS_BYTES];
    struct text version = {0};
    words_plain(&version, run->version);
    json_parse(&environment, run->environment_json, strlen(run->environment_json), NULL);
    fprintf(to->out, "# spawnbench %s, run %lld of %s, seed %llu, %s\n",
            version.data ? version.data : "", (long long)run->id,
            words_date(date, run->started_wall_ns), (unsigned long long)run->seed, run->state);
    fprintf(to->out, "# %zu cycles, %zu of them failed and have no time\n", all.cycles, all.failed);
    put_config(to->out, "pkg", run->scenario_name);
    put_config(to->out, "cpu", json_string(environment, "cpu_model"));
    fputs("Unit ns/op better=lower\nUnit ready-ns/op better=lower\nUnit cpu-ns/op better=lower\n"
          "Unit peak-memory-B better=lower\n",
          to->out);
    text_release(&version);
    cJSON_Delete(environment);
}

int export_benchfmt(const struct exporter *to)
{
    put_head(to);
    return export_each_cycle(to, put_cycle, (void *)to);
}
