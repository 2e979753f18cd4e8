/* What happened when, as a picture: a track per agent, a slice per phase? Chrome trace events. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/exporters.h"

/* An agent begins or ends to start. */
struct edge {
    int64_t at_ns;
    int step;
};

/* One document under way. Ids of processes: 1 + arm, and 16 more for each further sitting, as the
 * clock may have begun anew. Ids of threads: 0 for the cycles, 1 + ordinal for agents. */
struct document {
    const struct exporter *to;
    const struct results_cycle *cycle;
    int64_t zero_ns;
    size_t events;
    bool *named; /* [process * THREADS + thread]: its name is told */
    size_t named_count;
    struct edge *edges; /* of the present cycle */
    size_t edge_count, edge_room;
};

enum { THREADS = SCENARIO_MOST_AGENTS + 1, MOST_SITTINGS = 1000 };

static int process_of(const struct results_cycle *cycle)
{
    int sitting = cycle->sitting < 1               ? 1
                  : cycle->sitting > MOST_SITTINGS ? MOST_SITTINGS /* they share a process */
                                                   : cycle->sitting;
    return (sitting - 1) * SCENARIO_MOST_ARMS + cycle->arm + 1;
}

/* microseconds with three decimals: every nanosecond */
static void put_us(cJSON *event, const char *key, int64_t ns)
{
    uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    char number[EXPORT_NUMBER_BYTES];
    snprintf(number, sizeof number, "%s%llu.%03llu", ns < 0 ? "-" : "",
             (unsigned long long)(size / 1000), (unsigned long long)(size % 1000));
    cJSON_AddRawToObject(event, key, number);
}

/* the members that every event begins with */
static cJSON *event_new(const struct document *document, const char *phase, const char *name,
                        int thread)
{
    cJSON *event = cJSON_CreateObject();
    export_put_text(event, "name", name);
    cJSON_AddStringToObject(event, "ph", phase);
    json_add_int64(event, "pid", process_of(document->cycle));
    json_add_int64(event, "tid", thread);
    return event;
}

static void add_event(struct document *document, cJSON *event)
{
    fputs(document->events++ ? ",\n" : "\n", document->to->out);
    export_print(document->to->out, event);
}

static void add_name(struct document *document, const char *kind, int thread, const char *name)
{
    cJSON *event = event_new(document, "M", kind, thread);
    export_put_text(cJSON_AddObjectToObject(event, "args"), "name", name);
    add_event(document, event);
}

/* Name the thread, and with its first thread the process, once. */
static void name_thread(struct document *document, int thread, const char *name)
{
    const struct results_cycle *cycle = document->cycle;
    size_t process = (size_t)process_of(cycle), at = process * THREADS + (size_t)thread;
    if (at >= document->named_count) {
        size_t count = (process + 1) * THREADS;
        document->named = xrealloc(document->named, count, sizeof *document->named);
        memset(document->named + document->named_count, 0,
               (count - document->named_count) * sizeof *document->named);
        document->named_count = count;
    }
    if (document->named[at])
        return;
    document->named[at] = true;
    if (thread == 0) {
        char *arm = text_format("%s %s, sitting %d", document->to->facts->run.scenario_name,
                                document->to->facts->arms[cycle->arm].name, cycle->sitting);
        add_name(document, "process_name", thread, arm);
        free(arm);
    }
    add_name(document, "thread_name", thread, name);
}

/* A phase that did not take place, or that somebody lied about, has no slice. */
static void add_phase(struct document *document, const struct results_agent *agent,
                      enum facts_phase phase, int64_t from_ns, int64_t to_ns)
{
    cJSON *event, *args;
    if (from_ns <= 0 || to_ns < from_ns)
        return;
    event = event_new(document, "X", facts_phase_name(phase), agent->ordinal + 1);
    cJSON_AddStringToObject(event, "cat", "phase");
    put_us(event, "ts", from_ns - document->zero_ns);
    put_us(event, "dur", to_ns - from_ns);
    args = cJSON_AddObjectToObject(event, "args");
    json_add_int64(args, "cycle", agent->cycle);
    export_put_text(args, "agent", agent->name);
    add_event(document, event);
}

static void add_phases(struct document *document, const struct results_agent *agent)
{
    add_phase(document, agent, FACTS_WAIT, document->cycle->sent_ns, agent->start_ns);
    if (agent->main_ns > 0 && agent->own_ready_ns > 0) {
        add_phase(document, agent, FACTS_EXEC, agent->start_ns, agent->main_ns);
        add_phase(document, agent, FACTS_INIT, agent->main_ns, agent->own_ready_ns);
        add_phase(document, agent, FACTS_NOTICE, agent->own_ready_ns, agent->ready_ns);
    } else {
        add_phase(document, agent, FACTS_UNSEEN, agent->start_ns, agent->ready_ns);
    }
    add_phase(document, agent, FACTS_RECORD, agent->ready_ns, agent->recorded_ns);
}

/* A cycle that broke off was never answered: what is known of it ends with its deadline. */
static int64_t end_of(const struct document *document)
{
    const struct results_cycle *cycle = document->cycle;
    return cycle->answered_ns > cycle->sent_ns
               ? cycle->answered_ns
               : cycle->sent_ns + document->to->facts->scenario.deadline_ns;
}

static void add_failure(struct document *document, const struct results_agent *agent)
{
    cJSON *event =
              event_new(document, "i", cycle_outcome_names[agent->outcome], agent->ordinal + 1),
          *args;
    cJSON_AddStringToObject(event, "cat", "failure");
    cJSON_AddStringToObject(event, "s", "t");
    put_us(event, "ts", end_of(document) - document->zero_ns);
    args = cJSON_AddObjectToObject(event, "args");
    json_add_int64(args, "cycle", agent->cycle);
    export_put_text(args, "agent", agent->name);
    export_put_text(args, "error", agent->error);
    add_event(document, event);
}

static void add_edge(struct document *document, int64_t at_ns, int step)
{
    if (document->edge_count == document->edge_room) {
        document->edge_room = document->edge_room ? 2 * document->edge_room : 64;
        document->edges = xrealloc(document->edges, document->edge_room, sizeof *document->edges);
    }
    document->edges[document->edge_count++] = (struct edge){at_ns, step};
}

static int put_agent(void *context, const struct results_agent *agent)
{
    struct document *document = context;
    if (agent->ordinal < 0 || agent->ordinal >= SCENARIO_MOST_AGENTS)
        return 0; /* a store that somebody has edited */
    name_thread(document, agent->ordinal + 1, agent->name);
    add_phases(document, agent);
    if (agent->outcome != CYCLE_READY)
        add_failure(document, agent);
    if (agent->start_ns > 0) {
        int64_t until_ns = agent->ready_ns > 0 ? agent->ready_ns : end_of(document);
        add_edge(document, agent->start_ns, 1);
        add_edge(document, until_ns < agent->start_ns ? agent->start_ns : until_ns, -1);
    }
    return 0;
}

/* by time; of equal ones, beginnings first, so that the count is never below 0 */
static int compare_edges(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    return x->at_ns != y->at_ns ? (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns) : y->step - x->step;
}

/* How many agents were starting at each moment: one value per change. */
static void add_concurrency(struct document *document)
{
    int starting = 0;
    if (document->edge_count)
        qsort(document->edges, document->edge_count, sizeof *document->edges, compare_edges);
    for (size_t i = 0; i < document->edge_count; i++) {
        cJSON *event;
        starting += document->edges[i].step;
        if (i + 1 < document->edge_count &&
            document->edges[i + 1].at_ns == document->edges[i].at_ns)
            continue;
        event = event_new(document, "C", "agents starting", 0);
        put_us(event, "ts", document->edges[i].at_ns - document->zero_ns);
        json_add_int64(cJSON_AddObjectToObject(event, "args"), "agents", starting);
        add_event(document, event);
    }
}

static void add_cycle(struct document *document)
{
    const struct results_cycle *cycle = document->cycle;
    char *name =
        text_format("%s %lld%s%s", cycle->warmup ? "warm-up" : "cycle", (long long)cycle->index,
                    cycle->outcome == CYCLE_READY ? "" : ": ",
                    cycle->outcome == CYCLE_READY ? "" : cycle_outcome_names[cycle->outcome]);
    cJSON *event = event_new(document, "X", name, 0), *args;
    cJSON_AddStringToObject(event, "cat", "cycle");
    put_us(event, "ts", cycle->sent_ns - document->zero_ns);
    put_us(event, "dur", end_of(document) - cycle->sent_ns);
    args = cJSON_AddObjectToObject(event, "args");
    json_add_int64(args, "agents", cycle->agents);
    json_add_int64(args, "pair", cycle->pair);
    json_add_int64(args, "block", cycle->block);
    cJSON_AddStringToObject(args, "outcome", cycle_outcome_names[cycle->outcome]);
    export_put_ns(args, "spawn_time_ns",
                  cycle->spawn_time_ns >= 0 ? (double)cycle->spawn_time_ns : NAN);
    json_add_int64(args, "findings", cycle->findings);
    add_event(document, event);
    free(name);
}

static int put_cycle(void *context, const struct results_cycle *cycle)
{
    struct document *document = context;
    document->cycle = cycle;
    document->edge_count = 0;
    name_thread(document, 0, "cycles");
    add_cycle(document);
    if (results_each_agent(document->to->store, document->to->facts->run.id, cycle->index,
                           put_agent, document, document->to->err) < 0)
        return -1;
    add_concurrency(document);
    return 0;
}

int export_trace(const struct exporter *to)
{
    const struct results_run *run = &to->facts->run;
    struct document document = {.to = to, .zero_ns = export_zero_ns(to->facts)};
    struct facts_count all = facts_count_all(to->facts);
    cJSON *other = cJSON_CreateObject();
    int rc;
    export_put_text(other, "scenario", run->scenario_name);
    export_put_text(other, "version", run->version);
    export_put_text(other, "state", run->state);
    json_add_int64(other, "run", run->id);
    json_add_int64(other, "seed", (int64_t)run->seed);
    json_add_int64(other, "cycles", (int64_t)all.cycles);
    json_add_int64(other, "cycles_failed", (int64_t)all.failed);
    fputs("{\"displayTimeUnit\":\"ms\",\"otherData\":", to->out);
    export_print(to->out, other);
    fputs(",\"traceEvents\":[", to->out);
    rc = export_each_cycle(to, put_cycle, &document);
    fputs("\n]}\n", to->out);
    free(document.named);
    free(document.edges);
    return rc;
}
