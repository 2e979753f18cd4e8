/* What was measured, told to programs? One document of schema spawnbench.run.v1, written as it is
 * read.
 *
 * Only one row is a tree at a time: a run of 100 000 cycles takes no more memory than one of ten.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "report/exporters.h"
#include "report/lock_facts.h"
#include "report/report.h"
#include "report/shared_words.h"
#include "report/words.h"

/* One document under way. */
struct document {
    FILE *out;
    struct results *store;
    const struct facts *facts;
    int64_t zero_ns;    /* times of cycles count from here: the first one asked for */
    size_t rows;        /* of the present array */
    struct text agents; /* of the present cycle */
    const struct results_cycle *cycle;
};

/* null for what is not known */
static void put_nonnegative(cJSON *row, const char *key, int64_t value)
{
    if (value >= 0)
        json_add_int64(row, key, value);
    else
        cJSON_AddNullToObject(row, key);
}

static void put_time(cJSON *object, const char *key, int64_t ns, int64_t zero_ns)
{
    if (ns > 0)
        json_add_int64(object, key, ns - zero_ns);
    else
        cJSON_AddNullToObject(object, key);
}

static void put_date(cJSON *object, const char *key, int64_t wall_ns)
{
    char date[WORDS_BYTES];
    if (wall_ns > 0)
        cJSON_AddStringToObject(object, key, words_date(date, wall_ns));
    else
        cJSON_AddNullToObject(object, key);
}

/* An object that somebody else wrote as text: as it is when it is one, else null. */
static void put_parsed(cJSON *object, const char *key, const char *text)
{
    cJSON *parsed = NULL;
    if (json_parse(&parsed, text, strlen(text), NULL) < 0 || !cJSON_IsObject(parsed)) {
        cJSON_Delete(parsed);
        parsed = cJSON_CreateNull();
    }
    cJSON_AddItemToObject(object, key, parsed);
}

static void begin_array(struct document *document, const char *key)
{
    fprintf(document->out, ",\n  \"%s\":[", key);
    document->rows = 0;
}

/* One element on a line of its own; the row is given back. */
static void add_row(struct document *document, cJSON *row)
{
    fputs(document->rows++ ? ",\n   " : "\n   ", document->out);
    export_print(document->out, row);
}

static void end_array(struct document *document)
{
    fputs(document->rows ? "\n  ]" : "]", document->out);
}

/* The members of a flat object in front of the arrays, without its closing brace. */
static void open_run(struct document *document)
{
    const struct results_run *run = &document->facts->run;
    cJSON *head = cJSON_CreateObject();
    char *printed;
    json_add_int64(head, "id", run->id);
    export_put_text(head, "scenario", run->scenario_name);
    export_put_text(head, "scenario_path", run->scenario_path);
    export_put_text(head, "scenario_text", run->scenario_text);
    export_put_text(head, "state", run->state);
    export_put_text(head, "note", run->note);
    json_add_int64(head, "seed", (int64_t)run->seed);
    put_date(head, "started", run->started_wall_ns);
    put_date(head, "ended", run->ended_wall_ns);
    export_put_text(head, "version", run->version);
    export_put_text(head, "command", run->command);
    put_parsed(head, "options", run->options_json);
    put_parsed(head, "environment", run->environment_json);
    put_parsed(head, "plan", document->facts->plan);
    json_add_int64(head, "sittings", run->sittings);
    json_add_int64(head, "cycles_planned", (int64_t)run->planned);
    json_add_int64(head, "cycles_stored", (int64_t)run->cycles);
    export_put_text(head, "could_not_measure", document->facts->verdict.could_not);
    printed = json_print(head, 0);
    fprintf(document->out, "\n %.*s", (int)strlen(printed) - 1, printed);
    free(printed);
    cJSON_Delete(head);
}

static void put_arms(struct document *document)
{
    for (size_t i = 0; i < document->facts->arm_count; i++) {
        const struct results_arm *arm = &document->facts->arms[i];
        cJSON *row = cJSON_CreateObject();
        export_put_text(row, "name", arm->name);
        export_put_text(row, "command", arm->command);
        export_put_text(row, "version", arm->version);
        cJSON_AddBoolToObject(row, "started", arm->index >= 0);
        cJSON_AddBoolToObject(row, "records", arm->records);
        cJSON_AddBoolToObject(row, "starts", arm->index < 0 || arm->starts);
        if (arm->pooled)
            cJSON_AddTrueToObject(row, "pooled");
        cJSON_AddBoolToObject(row, "clean", arm->clean);
        put_nonnegative(row, "open_ns", arm->open_ns);
        json_add_int64(row, "log_cut_bytes", arm->log_cut);
        json_add_int64(row, "restarts", arm->restarts);
        json_add_int64(row, "user_us", arm->user_us);
        json_add_int64(row, "system_us", arm->system_us);
        json_add_int64(row, "peak_memory_kb", arm->peak_memory_kb);
        json_add_int64(row, "audits_quick", document->facts->tallies[i].audits_quick);
        json_add_int64(row, "audits_full", document->facts->tallies[i].audits_full);
        json_add_int64(row, "audits_at_end", document->facts->tallies[i].audits_at_end);
        add_row(document, row);
    }
}

static void put_summary(cJSON *row, const struct stats_summary *summary,
                        const struct stats_bounds *median)
{
    json_add_int64(row, "n", (int64_t)summary->n);
    json_add_int64(row, "failed", (int64_t)summary->failed);
    export_put_ns(row, "mean_ns", summary->mean);
    export_put_ns(row, "standard_deviation_ns", summary->standard_deviation);
    export_put_ns(row, "min_ns", summary->min);
    export_put_ns(row, "p50_ns", summary->median);
    export_put_ns(row, "p50_lower_ns", median->has_lower ? median->lower : NAN);
    export_put_ns(row, "p50_upper_ns", median->has_upper ? median->upper : NAN);
    export_put_ns(row, "p95_ns", summary->p95);
    export_put_ns(row, "p99_ns", summary->p99);
    export_put_ns(row, "max_ns", summary->max);
}

static cJSON *result_row(const struct facts *facts, const struct facts_cell *cell)
{
    cJSON *row = cJSON_CreateObject(), *spawn, *phases;
    export_put_text(row, "arm", facts->arms[cell->arm].name);
    json_add_int64(row, "agents", (int64_t)cell->batch_size);
    spawn = cJSON_AddObjectToObject(row, "spawn_time");
    put_summary(spawn, &cell->spawn, &cell->spawn_median);
    export_put_ns(spawn, "p95_upper_ns", cell->spawn_p95.has_upper ? cell->spawn_p95.upper : NAN);
    put_summary(cJSON_AddObjectToObject(row, "ready_time"), &cell->ready, &cell->ready_median);
    export_put_ns(row, "harness_p50_ns", cell->harness.median);
    export_put_ns(row, "audit_p50_ns", cell->audit.median);
    export_put_ns(row, "slowest_initialisation_p50_ns", cell->slowest.median);
    export_put_ns(row, "overhead_p50_ns", cell->overhead.median);
    phases = cJSON_AddObjectToObject(row, "phases");
    for (int phase = 0; phase < FACTS_PHASES; phase++) {
        cJSON *one =
            cJSON_AddObjectToObject(phases, scenario_metric_names[SCENARIO_SENT_TO_START + phase]);
        json_add_int64(one, "n", (int64_t)cell->phases[phase].n);
        export_put_ns(one, "p50_ns", cell->phases[phase].median);
        export_put_ns(one, "p95_ns", cell->phases[phase].p95);
    }
    return row;
}

static void put_results(struct document *document)
{
    const struct facts *facts = document->facts;
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++)
        add_row(document, result_row(facts, &facts->cells[i]));
}

static void put_ratio(cJSON *row, double median, double lower, double upper)
{
    json_add_double(row, "median", median);
    json_add_double(row, "lower", lower);
    json_add_double(row, "upper", upper);
}

static void put_ratios(struct document *document)
{
    const struct facts *facts = document->facts;
    for (size_t i = 0; i < facts->verdict.count; i++) {
        const struct verdict_item *item = &facts->verdict.items[i];
        cJSON *row;
        if (item->claim->kind != SCENARIO_CLAIM_FASTER)
            continue;
        row = cJSON_CreateObject();
        export_put_text(row, "claim", item->claim->id);
        export_put_text(row, "faster", facts->arms[item->claim->arm].name);
        export_put_text(row, "than", facts->arms[item->claim->than].name);
        cJSON_AddStringToObject(row, "metric", scenario_metric_names[item->claim->metric]);
        json_add_int64(row, "agents", (int64_t)item->batch_size);
        json_add_int64(row, "n", (int64_t)item->n);
        put_ratio(row, item->estimate, item->lower, item->upper);
        add_row(document, row);
    }
}

static void put_part(cJSON *row, const char *key, const struct facts_ratio *part)
{
    cJSON *object =
        part->known ? cJSON_AddObjectToObject(row, key) : cJSON_AddNullToObject(row, key);
    if (!part->known)
        return;
    json_add_int64(object, "n", (int64_t)part->ratio.n);
    put_ratio(object, part->ratio.median,
              part->ratio.bounds.has_lower ? part->ratio.bounds.lower : NAN,
              part->ratio.bounds.has_upper ? part->ratio.bounds.upper : NAN);
}

static void put_splits(struct document *document)
{
    const struct facts *facts = document->facts;
    for (size_t value = 0; value < facts->value_count; value++) {
        const struct facts_split *split = &facts->splits[value];
        const struct explain_size *size = &facts->explain->sizes[value];
        cJSON *row;
        if (!split->total.known && !size->known)
            continue;
        row = cJSON_CreateObject();
        json_add_int64(row, "agents", (int64_t)facts_cell(facts, 0, value)->batch_size);
        put_part(row, "total", &split->total);
        put_part(row, "concurrency", &split->concurrency);
        put_part(row, "recording", &split->recording);
        explain_size_json(row, facts, size);
        add_row(document, row);
    }
}

/* the law of each arm over the batch sizes */
static void put_laws(struct document *document)
{
    for (size_t arm = 0; arm < document->facts->arm_count; arm++)
        if (document->facts->explain->laws[arm].tried)
            add_row(document, explain_law_json(document->facts, arm));
}

static void put_verdicts(struct document *document)
{
    for (size_t i = 0; i < document->facts->verdict.count; i++)
        add_row(document, verdict_json(&document->facts->verdict.items[i]));
}

static void put_diagnostics(struct document *document)
{
    const struct facts *facts = document->facts;
    const struct diagnosis *diagnosis = &facts->verdict.diagnosis;
    for (size_t i = 0; i < diagnosis->count; i++) {
        const struct diagnosis_item *item = &diagnosis->items[i];
        cJSON *row = cJSON_CreateObject();
        export_put_text(row, "kind", diagnosis_kind_name(item->kind));
        export_put_text(row, "level", diagnosis_level_name(item->level));
        export_put_text(row, "arm", export_arm_name(facts, item->arm));
        put_nonnegative(
            row, "agents",
            item->value < 0 ? -1 : (int64_t)facts_cell(facts, 0, (size_t)item->value)->batch_size);
        json_add_double(row, "figure", item->figure);
        export_put_text(row, "text", item->text);
        export_put_text(row, "remedy", item->remedy);
        add_row(document, row);
    }
}

static void put_rules(struct document *document)
{
    for (size_t i = 0; i < audit_rule_count; i++)
        add_row(document, rule_json(document->facts, i));
}

static void put_databases(struct document *document)
{
    for (size_t i = 0; i < document->facts->shared_count; i++)
        add_row(document, shared_json(&document->facts->shared[i]));
}

static int put_finding(void *context, const struct results_finding *finding)
{
    struct document *document = context;
    add_row(document, finding_json(document->facts, finding));
    return 0;
}

static int put_answer(void *context, const struct results_answer *answer)
{
    struct document *document = context;
    add_row(document, answer_json(document->facts, answer));
    return 0;
}

static int put_agent(void *context, const struct results_agent *agent)
{
    struct document *document = context;
    int64_t zero_ns = document->cycle->sent_ns;
    cJSON *row = cJSON_CreateObject();
    char *printed;
    export_put_text(row, "name", agent->name);
    cJSON_AddStringToObject(row, "outcome", cycle_outcome_names[agent->outcome]);
    put_time(row, "start_ns", agent->start_ns, zero_ns);
    put_time(row, "main_ns", agent->main_ns, zero_ns);
    put_time(row, "own_ready_ns", agent->own_ready_ns, zero_ns);
    put_time(row, "ready_ns", agent->ready_ns, zero_ns);
    put_time(row, "recorded_ns", agent->recorded_ns, zero_ns);
    put_nonnegative(row, "cpu_ns", agent->cpu_ns);
    if (*agent->error)
        export_put_text(row, "error", agent->error);
    else
        cJSON_AddNullToObject(row, "error");
    printed = json_print(row, 0);
    text_addf(&document->agents, "%s%s", document->agents.length ? "," : "", printed);
    free(printed);
    cJSON_Delete(row);
    return 0;
}

static cJSON *cycle_row(const struct document *document, const struct results_cycle *cycle)
{
    cJSON *row = cJSON_CreateObject();
    char *array = text_format("[%s]", document->agents.length ? document->agents.data : "");
    json_add_int64(row, "cycle", cycle->index);
    export_put_text(row, "arm", export_arm_name(document->facts, cycle->arm));
    json_add_int64(row, "agents", cycle->agents);
    json_add_int64(row, "sitting", cycle->sitting);
    json_add_int64(row, "block", cycle->block);
    json_add_int64(row, "pair", cycle->pair);
    json_add_int64(row, "place", cycle->place);
    cJSON_AddBoolToObject(row, "warmup", cycle->warmup);
    cJSON_AddStringToObject(row, "outcome", cycle_outcome_names[cycle->outcome]);
    json_add_int64(row, "sent_ns", cycle->sent_ns - document->zero_ns);
    put_nonnegative(row, "spawn_time_ns", cycle->spawn_time_ns);
    put_nonnegative(row, "ready_time_ns", cycle->ready_time_ns);
    put_nonnegative(row, "finish_ns", cycle->finish_ns);
    put_nonnegative(row, "audit_ns", cycle->audit_ns);
    put_nonnegative(row, "harness_ns", cycle->harness_ns);
    for (int m = 0; m < SCENARIO_METRICS; m++)
        if (scenario_metrics[m].cost)
            put_nonnegative(row, scenario_metrics[m].key, cycle->cost[m]);
    put_nonnegative(row, "steal_ticks", cycle->strain.steal_ticks);
    put_nonnegative(row, "total_ticks", cycle->strain.total_ticks);
    put_nonnegative(row, "pressure_us", cycle->strain.pressure_us);
    put_nonnegative(row, "throttled", cycle->strain.throttled);
    put_nonnegative(row, "suspended_ns", cycle->strain.suspended_ns);
    put_nonnegative(row, "stopped_ns", cycle->stopped_ns);
    cJSON_AddBoolToObject(row, "left_out", cycle->left_out);
    export_put_text(row, "consensus", cycle->consensus);
    json_add_int64(row, "findings", cycle->findings);
    cJSON_AddRawToObject(row, "each", array);
    free(array);
    return row;
}

static int put_cycles(struct document *document, struct err *err)
{
    const struct facts *facts = document->facts;
    document->zero_ns = export_zero_ns(facts);
    begin_array(document, "cycles");
    for (size_t i = 0; i < facts->cycle_count && !ferror(document->out); i++) {
        document->cycle = &facts->cycles[i];
        text_clear(&document->agents);
        if (results_each_agent(document->store, facts->run.id, document->cycle->index, put_agent,
                               document, err) < 0)
            return -1;
        add_row(document, cycle_row(document, document->cycle));
    }
    end_array(document);
    return 0;
}

static const struct {
    const char *key;
    void (*put)(struct document *document);
} arrays[] = {{"arms", put_arms},
              {"results", put_results},
              {"ratios", put_ratios},
              {"speedup", put_splits},
              {"scaling", put_laws},
              {"verdicts", put_verdicts},
              {"diagnostics", put_diagnostics},
              {"rules", put_rules},
              {"databases", put_databases}};

static int put_run(FILE *out, struct results *store, int64_t run, bool samples, struct err *err)
{
    struct facts facts;
    struct document document = {.out = out, .store = store, .facts = &facts};
    cJSON *locks;
    int rc;
    if (facts_load(&facts, store, run, err) < 0)
        return -1;
    open_run(&document);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        begin_array(&document, arrays[i].key);
        arrays[i].put(&document);
        end_array(&document);
    }
    fputs(",\n  \"tally\":", document.out);
    export_print(document.out, tally_json(&facts));
    rc = lock_json(&locks, store, &facts, err);
    if (locks) {
        fputs(",\n  \"locks\":", document.out);
        export_print(document.out, locks);
    }
    begin_array(&document, "findings");
    rc = rc < 0 ? rc : results_each_finding(store, run, put_finding, &document, err);
    end_array(&document);
    begin_array(&document, "answers");
    if (rc == 0)
        rc = results_each_answer(store, run, put_answer, &document, err);
    end_array(&document);
    if (rc == 0 && samples)
        rc = put_cycles(&document, err);
    fputs("}", out);
    text_release(&document.agents);
    facts_release(&facts);
    return rc;
}

int report_json(FILE *out, struct results *store, const int64_t runs[], size_t count, bool samples,
                struct err *err)
{
    int rc = 0;
    fputs("{\"schema\":\"spawnbench.run.v1\",\"runs\":[", out);
    for (size_t i = 0; i < count && rc == 0; i++) {
        fputs(i ? "," : "", out);
        rc = put_run(out, store, runs[i], samples, err);
    }
    fputs("]}\n", out);
    if (rc == 0 && (fflush(out) != 0 || ferror(out)))
        rc = err_system(err, "cannot write the results");
    return rc;
}
