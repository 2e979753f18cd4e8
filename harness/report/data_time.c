/* What happened when? One typical cycle of each arm, and all cycles in the order they ran. */
#include <math.h>
#include <stdlib.h>

#include "report/figure.h"
#include "report/words.h"

#define MOST_POINTS        2000 /* of one series: beyond that least and most of each stretch */
#define MOST_ROWS_TOGETHER 160

/* The bars of the time line, in the order gnuplot draws them. */
enum bar {
    BAR_EXEC,
    BAR_INIT,
    BAR_UNSEEN,
    BAR_NOTICE,
    BAR_RECORD,
    BAR_FAILED,
    BAR_CANCELLED,
    BARS
};

/* A time line under way. Rows count downwards from the top. */
struct timeline {
    const struct facts *facts;
    const struct results_cycle *cycle;
    struct text bars[BARS], names, heads, ends;
    size_t bar_rows[BARS], heads_rows, ends_rows, names_rows;
    int row;
    double right; /* ns */
};

size_t data_rows_most(const struct facts *facts)
{
    size_t fair = MOST_ROWS_TOGETHER / (facts->arm_count ? facts->arm_count : 1);
    return fair < FIGURE_MOST_ROWS ? fair : FIGURE_MOST_ROWS;
}

static void add_bar(struct timeline *line, enum bar bar, int64_t from_ns, int64_t to_ns)
{
    int64_t sent_ns = line->cycle->sent_ns;
    if (to_ns <= from_ns)
        return;
    data_row(&line->bars[bar], "mmdd", (double)(from_ns - sent_ns), (double)(to_ns - sent_ns),
             -line->row - 0.36, -line->row + 0.36);
    line->bar_rows[bar]++;
    line->right = fmax(line->right, (double)(to_ns - sent_ns));
}

static void add_ready(struct timeline *line, const struct results_agent *agent)
{
    if (agent->main_ns > 0 && agent->own_ready_ns > 0) {
        add_bar(line, BAR_EXEC, agent->start_ns, agent->main_ns);
        add_bar(line, BAR_INIT, agent->main_ns, agent->own_ready_ns);
        add_bar(line, BAR_NOTICE, agent->own_ready_ns, agent->ready_ns);
    } else {
        add_bar(line, BAR_UNSEEN, agent->start_ns, agent->ready_ns);
    }
    if (agent->recorded_ns > 0)
        add_bar(line, BAR_RECORD, agent->ready_ns, agent->recorded_ns);
}

/* Agents that stand in the list more than once are told apart by their place. */
static void add_name(struct timeline *line, const struct results_agent *agent)
{
    bool repeated = line->cycle->agents > (int)line->facts->scenario.agent_count;
    char *name =
        repeated ? text_format("%.40s %d", agent->name, agent->ordinal + 1) : xstrdup(agent->name);
    data_row(&line->names, "ds", (double)-line->row, name);
    line->names_rows++;
    free(name);
}

static int take_agent(void *context, const struct results_agent *agent)
{
    struct timeline *line = context;
    size_t most = data_rows_most(line->facts);
    if (agent->ordinal >= (int)most)
        return 0;
    add_name(line, agent);
    if (agent->outcome == CYCLE_READY)
        add_ready(line, agent);
    else if (agent->start_ns > 0)
        add_bar(line, agent->outcome == CYCLE_CANCELLED ? BAR_CANCELLED : BAR_FAILED,
                agent->start_ns, line->cycle->answered_ns);
    line->row++;
    return 0;
}

static void add_heading(struct timeline *line, size_t arm)
{
    const struct results_cycle *cycle = line->cycle;
    char took[TEXT_DURATION_BYTES];
    text_addf(&line->heads, "%d\t", -line->row);
    data_label(&line->heads, line->facts->arms[arm].name);
    text_addf(&line->heads, ", %s%s\n",
              cycle->spawn_time_ns < 0 ? "failed"
                                       : text_duration(took, (double)cycle->spawn_time_ns),
              cycle->agents > (int)data_rows_most(line->facts) ? ", first agents only" : "");
    line->heads_rows++;
    line->row++;
}

static int add_arm(struct timeline *line, struct results *store, size_t arm, struct err *err)
{
    const struct facts *facts = line->facts;
    int from = line->row;
    line->cycle = facts_cell(facts, arm, data_largest(facts))->typical;
    if (!line->cycle)
        return 0;
    add_heading(line, arm);
    if (results_each_agent(store, facts->run.id, line->cycle->index, take_agent, line, err) < 0)
        return -1;
    if (line->cycle->answered_ns > line->cycle->sent_ns) {
        double answered = (double)(line->cycle->answered_ns - line->cycle->sent_ns);
        data_row(&line->ends, "mdd", answered, -from - 0.5, -line->row + 0.4);
        line->ends_rows++;
        line->right = fmax(line->right, answered);
    }
    return 0;
}

static void join_timeline(struct text *out, struct timeline *line)
{
    text_addf(out, "%d\t%.6f", line->row, line->right > 0 ? line->right / 1e6 : 1.0);
    for (int bar = 0; bar < BARS; bar++)
        text_addf(out, "\t%zu", line->bar_rows[bar]);
    text_add(out, "\n");
    data_gap(out, 1, 2);
    data_set(out, &line->heads, line->heads_rows, 2);
    data_set(out, &line->names, line->names_rows, 2);
    data_set(out, &line->ends, line->ends_rows, 3);
    for (int bar = 0; bar < BARS; bar++)
        data_set(out, &line->bars[bar], line->bar_rows[bar], 4);
}

int data_timeline(struct text *out, struct results *store, const struct facts *facts,
                  struct err *err)
{
    struct timeline line = {.facts = facts};
    int rc = 0;
    for (size_t arm = 0; arm < facts->arm_count && rc == 0; arm++)
        rc = add_arm(&line, store, arm, err);
    join_timeline(out, &line);
    return rc;
}

/* The counted points of one arm in one panel, thinned: of each stretch the least and the most. */
struct points {
    const struct facts *facts;
    size_t arm, value, stretch;
};

static bool belongs(const struct points *points, const struct results_cycle *cycle)
{
    return cycle->arm == (int)points->arm && cycle->value == (int)points->value;
}

/* x counts the stored cycles of the run, so that a pause between two sittings takes no room. */
static void add_point(struct text *out, size_t x, const struct results_cycle *cycle)
{
    data_row(out, "im", (int)x + 1, (double)cycle->spawn_time_ns);
}

static void add_extremes(struct text *out, const struct facts *facts, size_t least, size_t most)
{
    size_t first = least < most ? least : most, second = least < most ? most : least;
    add_point(out, first, &facts->cycles[first]);
    if (second != first)
        add_point(out, second, &facts->cycles[second]);
}

static size_t add_points(struct text *out, const struct points *points)
{
    const struct facts *facts = points->facts;
    size_t seen = 0, least = 0, most = 0;
    for (size_t i = 0; i < facts->cycle_count; i++) {
        const struct results_cycle *cycle = &facts->cycles[i];
        if (!belongs(points, cycle) || cycle->warmup || cycle->spawn_time_ns < 0)
            continue;
        if (seen % points->stretch == 0) {
            if (seen)
                add_extremes(out, facts, least, most);
            least = most = i;
        }
        least = cycle->spawn_time_ns < facts->cycles[least].spawn_time_ns ? i : least;
        most = cycle->spawn_time_ns > facts->cycles[most].spawn_time_ns ? i : most;
        seen++;
    }
    if (seen)
        add_extremes(out, facts, least, most);
    return seen;
}

static size_t add_marked(struct text *out, const struct points *points, bool warmup)
{
    const struct facts *facts = points->facts;
    size_t rows = 0;
    for (size_t i = 0; i < facts->cycle_count && rows < MOST_POINTS; i++) {
        const struct results_cycle *cycle = &facts->cycles[i];
        if (!belongs(points, cycle) || (warmup ? !cycle->warmup : cycle->warmup) ||
            (cycle->spawn_time_ns < 0) == warmup)
            continue;
        add_point(out, i, cycle); /* a failed one is NaN in time: the script puts it at the top */
        rows++;
    }
    return rows;
}

static void add_series(struct text *out, const struct facts *facts, size_t arm, size_t value)
{
    struct points points = {facts, arm, value, 1};
    size_t counted = facts_count(facts, arm, value).cycles;
    char agents[WORDS_BYTES];
    if (counted > MOST_POINTS)
        points.stretch = (2 * counted + MOST_POINTS - 1) / MOST_POINTS;
    words_plural(agents, (int64_t)facts_cell(facts, arm, value)->batch_size, "agent");
    data_row(out, "ss", "cycle", agents);
    data_gap(out, add_points(out, &points), 2);
    data_gap(out, add_marked(out, &points, true), 2);
    data_gap(out, add_marked(out, &points, false), 2);
}

/* Where a new sitting begins. */
static void add_sittings(struct text *out, const struct facts *facts)
{
    size_t rows = 0;
    for (size_t i = 1; i < facts->cycle_count; i++) {
        if (facts->cycles[i].sitting == facts->cycles[i - 1].sitting)
            continue;
        data_row(out, "d", (double)i + 0.5);
        rows++;
    }
    data_gap(out, rows, 1);
}

/* Name of the arm, and from where to where its times reach, warm-ups included. */
static void add_arm_range(struct text *out, const struct facts *facts, size_t arm)
{
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < facts->cycle_count; i++) {
        const struct results_cycle *cycle = &facts->cycles[i];
        if (cycle->arm != (int)arm || cycle->spawn_time_ns < 0)
            continue;
        least = fmin(least, (double)cycle->spawn_time_ns);
        most = fmax(most, (double)cycle->spawn_time_ns);
    }
    if (!isfinite(least))
        least = most = 1e6;
    data_row(out, "smm", facts->arms[arm].name, least, most);
}

int data_cycles(struct text *out, struct results *store, const struct facts *facts, struct err *err)
{
    int warm = 0, failed = 0;
    (void)store;
    (void)err;
    for (size_t i = 0; i < facts->cycle_count; i++) {
        warm += facts->cycles[i].warmup;
        failed += !facts->cycles[i].warmup && facts->cycles[i].spawn_time_ns < 0;
    }
    data_row(out, "iiiii", (int)facts->arm_count, (int)facts->value_count,
             (int)(facts->cycle_count ? facts->cycle_count : 1), warm, failed);
    data_gap(out, 1, 5);
    for (size_t arm = 0; arm < facts->arm_count; arm++)
        add_arm_range(out, facts, arm);
    data_gap(out, facts->arm_count, 3);
    add_sittings(out, facts);
    for (size_t arm = 0; arm < facts->arm_count; arm++)
        for (size_t value = 0; value < facts->value_count; value++)
            add_series(out, facts, arm, value);
    return 0;
}
