/* How does a run look as a table: one row per cycle, or one per agent? */
#include <string.h>

#include "report/exporters.h"
#include "report/words.h"

/* One table under way. */
struct table {
    const struct exporter *to;
    const struct results_cycle *cycle; /* whose agents are read */
    int64_t zero_ns;
    bool first; /* no cell of the present row is written */
};

static void put_raw(struct table *table, const char *cell)
{
    fputs(table->first ? "" : ",", table->to->out);
    fputs(cell, table->to->out);
    table->first = false;
}

static void put_int(struct table *table, int64_t value)
{
    char cell[32];
    snprintf(cell, sizeof cell, "%lld", (long long)value);
    put_raw(table, cell);
}

/* empty where it is not known */
static void put_known(struct table *table, int64_t value)
{
    if (value >= 0)
        put_int(table, value);
    else
        put_raw(table, "");
}

/* ns since zero_ns; 0 says that it was not told */
static void put_time(struct table *table, int64_t ns, int64_t zero_ns)
{
    if (ns > 0)
        put_int(table, ns - zero_ns);
    else
        put_raw(table, "");
}

/* Other people's words. A spreadsheet runs what begins like a formula: an apostrophe in front of it
 * makes it text (OWASP, "CSV Injection"). Quoted as RFC 4180, 2.5 to 2.7. */
static void put_words(struct table *table, const char *data)
{
    struct text plain = {0}, cell = {0};
    const char *quote;
    words_plain(&plain, data);
    quote = plain.length && strpbrk(plain.data, "\",") ? "\"" : "";
    text_add(&cell, quote);
    if (plain.length && strchr("=+-@", plain.data[0]))
        text_add(&cell, "'");
    for (const char *c = plain.data ? plain.data : ""; *c; c++)
        text_add_bytes(&cell, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    text_add(&cell, quote);
    put_raw(table, cell.data);
    text_release(&plain);
    text_release(&cell);
}

static void end_row(struct table *table)
{
    fputs("\n", table->to->out);
    table->first = true;
}

static const char cycle_head[] =
    "run_number,scenario,arm,agents_count,cycle_index,sitting_number,block_number,pair_number,"
    "place_in_pair,warmup_bool,outcome,sent_since_first_ns,spawn_time_ns,ready_time_ns,finish_ns,"
    "harness_ns,audit_ns";
static const char cycle_head_end[] = /* behind the costs */
    ",steal_ticks_10ms,total_ticks_10ms,pressure_us,throttled_periods,suspended_ns,stopped_ns,"
    "left_out_bool,consensus,"
    "findings_count\n";

/* The columns that cycles and agents have in common, up to the number of agents. */
static void put_origin(struct table *table, const struct results_cycle *cycle)
{
    const struct facts *facts = table->to->facts;
    put_int(table, facts->run.id);
    put_words(table, facts->run.scenario_name);
    put_words(table, facts->arms[cycle->arm].name);
    put_int(table, cycle->agents);
    put_int(table, cycle->index);
}

static int put_cycle(void *context, const struct results_cycle *cycle)
{
    struct table *table = context;
    put_origin(table, cycle);
    put_int(table, cycle->sitting);
    put_int(table, cycle->block);
    put_int(table, cycle->pair);
    put_int(table, cycle->place);
    put_int(table, cycle->warmup);
    put_words(table, cycle_outcome_names[cycle->outcome]);
    put_int(table, cycle->sent_ns - table->zero_ns);
    put_known(table, cycle->spawn_time_ns);
    put_known(table, cycle->ready_time_ns);
    put_known(table, cycle->finish_ns);
    put_known(table, cycle->harness_ns);
    put_known(table, cycle->audit_ns);
    for (int m = 0; m < SCENARIO_METRICS; m++)
        if (scenario_metrics[m].cost)
            put_known(table, cycle->cost[m]);
    put_known(table, cycle->strain.steal_ticks);
    put_known(table, cycle->strain.total_ticks);
    put_known(table, cycle->strain.pressure_us);
    put_known(table, cycle->strain.throttled);
    put_known(table, cycle->strain.suspended_ns);
    put_known(table, cycle->stopped_ns);
    put_int(table, cycle->left_out);
    put_words(table, cycle->consensus);
    put_int(table, cycle->findings);
    end_row(table);
    return 0;
}

int export_csv(const struct exporter *to)
{
    struct table table = {.to = to, .zero_ns = export_zero_ns(to->facts), .first = true};
    fputs(cycle_head, to->out);
    for (int m = 0; m < SCENARIO_METRICS; m++)
        if (scenario_metrics[m].cost)
            fprintf(to->out, ",%s_%s", scenario_metric_names[m],
                    scenario_units[scenario_metrics[m].unit].name);
    fputs(cycle_head_end, to->out);
    return export_each_cycle(to, put_cycle, &table);
}

static const char agent_head[] =
    "run_number,scenario,arm,agents_count,cycle_index,pair_number,warmup_bool,ordinal_index,agent,"
    "id,outcome,pid,start_since_sent_ns,main_since_sent_ns,own_ready_since_sent_ns,seen_since_sent_"
    "ns,recorded_since_sent_ns,cpu_time_ns,peak_memory_bytes,error\n";

static int put_agent(void *context, const struct results_agent *agent)
{
    struct table *table = context;
    int64_t sent_ns = table->cycle->sent_ns;
    put_origin(table, table->cycle);
    put_int(table, table->cycle->pair);
    put_int(table, table->cycle->warmup);
    put_int(table, agent->ordinal);
    put_words(table, agent->name);
    put_words(table, agent->id);
    put_words(table, cycle_outcome_names[agent->outcome]);
    put_time(table, agent->pid, 0);
    put_time(table, agent->start_ns, sent_ns);
    put_time(table, agent->main_ns, sent_ns);
    put_time(table, agent->own_ready_ns, sent_ns);
    put_time(table, agent->ready_ns, sent_ns);
    put_time(table, agent->recorded_ns, sent_ns);
    put_known(table, agent->cpu_ns);
    put_known(table, agent->peak_bytes);
    put_words(table, agent->error);
    end_row(table);
    return 0;
}

static int put_agents(void *context, const struct results_cycle *cycle)
{
    struct table *table = context;
    table->cycle = cycle;
    return results_each_agent(table->to->store, table->to->facts->run.id, cycle->index, put_agent,
                              table, table->to->err);
}

int export_csv_agents(const struct exporter *to)
{
    struct table table = {.to = to, .first = true};
    fputs(agent_head, to->out);
    return export_each_cycle(to, put_agents, &table);
}
