/* What do all cycles of a run come to, what was judged, found and not checked, told to programs? */
#include "base/json.h"
#include "report/exporters.h"

static void put_known(cJSON *row, const char *key, int64_t value)
{
    if (value >= 0)
        json_add_int64(row, key, value);
    else
        cJSON_AddNullToObject(row, key);
}

cJSON *tally_json(const struct facts *facts)
{
    const struct results_tally *tally = &facts->tally;
    int64_t of = tally->findings_integrity ? tally->cycles : tally->cycles_at_risk;
    cJSON *object = cJSON_CreateObject();
    json_add_int64(object, "cycles", tally->cycles);
    json_add_int64(object, "cycles_failed", tally->cycles_failed);
    json_add_int64(object, "cycles_at_risk", tally->cycles_at_risk);
    json_add_int64(object, "agents_at_risk", tally->agents_at_risk);
    put_known(object, "agents_witnessed", tally->witnessed);
    put_known(object, "agents_contents_checked", tally->contents);
    json_add_int64(object, "agents_planned", tally->agents_planned);
    json_add_int64(object, "agents_ready", tally->agents_ready);
    json_add_int64(object, "agents_recorded", tally->agents_recorded);
    json_add_int64(object, "findings_integrity", tally->findings_integrity);
    json_add_int64(object, "findings_conduct", tally->findings_conduct);
    json_add_int64(object, "cycles_with_integrity_finding", tally->cycles_with_integrity_finding);
    json_add_double(
        object, "integrity_rate_upper",
        stats_rate_upper((size_t)tally->cycles_with_integrity_finding, (size_t)of, 0.95));
    json_add_int64(object, "blocks", tally->blocks);
    json_add_int64(object, "span_ns", tally->span_ns);
    json_add_int64(object, "audit_ns", tally->audit_ns);
    json_add_int64(object, "harness_ns", tally->harness_ns);
    json_add_int64(object, "audits_quick", tally->audits_quick);
    json_add_int64(object, "audits_full", tally->audits_full);
    json_add_int64(object, "audits_at_end", tally->audits_at_end);
    json_add_int64(object, "audit_full_ns", tally->audit_full_ns);
    json_add_int64(object, "wal_bytes_peak", tally->wal_bytes_peak);
    return object;
}

/* what was judged: metric, estimate and bounds in a unit of their own */
static void put_judged(cJSON *row, const struct verdict_item *item)
{
    enum scenario_unit unit = scenario_metrics[item->claim->metric].unit;
    bool ratio =
        item->claim->kind == SCENARIO_CLAIM_FASTER || item->claim->kind == SCENARIO_CLAIM_WITHIN;
    bool counts = verdict_claim_counts(item->claim);
    void (*put)(cJSON *, const char *, double) = json_add_double;
    if (counts)
        cJSON_AddNullToObject(row, "metric");
    else
        export_put_text(row, "metric", scenario_metric_names[item->claim->metric]);
    cJSON_AddStringToObject(row, "unit",
                            counts  ? "share"
                            : ratio ? "ratio"
                                    : scenario_units[unit].name);
    if (!counts && !ratio && unit != SCENARIO_PER_SECOND)
        put = export_put_ns; /* whole ones */
    put(row, "estimate", item->estimate);
    put(row, "lower", item->lower);
    put(row, "upper", item->upper);
}

cJSON *verdict_json(const struct verdict_item *item)
{
    cJSON *row = cJSON_CreateObject();
    export_put_text(row, "claim", item->claim->id);
    export_put_text(row, "sentence", item->claim->text);
    json_add_int64(row, "agents", (int64_t)item->batch_size);
    cJSON_AddStringToObject(row, "word", verdict_word_name(item->word));
    put_judged(row, item);
    json_add_int64(row, "n", (int64_t)item->n);
    json_add_int64(row, "bad", (int64_t)item->bad);
    json_add_int64(row, "look", item->look);
    json_add_double(row, "tau", item->tau);
    json_add_double(row, "n_eff", item->effective_n);
    json_add_double(row, "p_support", item->p_support);
    json_add_double(row, "p_refute", item->p_refute);
    json_add_double(row, "rate_upper", item->rate_upper);
    cJSON_AddBoolToObject(row, "this_sitting_only", item->this_sitting_only);
    export_put_text(row, "reason", item->reason);
    export_put_text(row, "remedy", item->remedy);
    return row;
}

const char *export_arm_name(const struct facts *facts, int arm)
{
    return arm >= 0 && arm < (int)facts->arm_count ? facts->arms[arm].name : "";
}

cJSON *finding_json(const struct facts *facts, const struct results_finding *finding)
{
    cJSON *row = cJSON_CreateObject();
    put_known(row, "cycle", finding->cycle);
    export_put_text(row, "arm", export_arm_name(facts, finding->arm));
    export_put_text(row, "rule", finding->rule);
    export_put_text(row, "severity", finding->severity);
    export_put_text(row, "agent", finding->agent);
    export_put_text(row, "text", finding->text);
    return row;
}

cJSON *answer_json(const struct facts *facts, const struct results_answer *answer)
{
    cJSON *row = cJSON_CreateObject();
    export_put_text(row, "arm", export_arm_name(facts, answer->arm));
    export_put_text(row, "database", answer->database);
    export_put_text(row, "rule", answer->rule);
    export_put_text(row, "object", answer->object);
    export_put_text(row, "answer", answer->answer);
    json_add_int64(row, "count", answer->count);
    export_put_text(row, "why", answer->why);
    return row;
}
