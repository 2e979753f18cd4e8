/* How fast could it have been? The least time each pair's agents need, against the time they took.
 *
 * The walk over all agents meets each cycle once and leaves a few figures of it; afterwards the
 * pairs are put together. The limit takes the agents of the slow cycle, since there each had the
 * machine for itself; the serial fraction takes those of the fast one. */
#include "report/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* What is kept of one cycle. */
struct summary {
    bool usable;  /* every agent ready, and its own time known */
    bool overlap; /* two agents were under way at once */
    bool has_cpu;
    size_t agents, from_own;
    double spawn;     /* spawn time, ns */
    double wall, cpu; /* of its agents added up, ns: own times, CPU times */
    double slowest;   /* the longest own time, ns */
    double alone;     /* time with fewer than two agents under way, ns */
};

/* What the walk carries along. Agents come by cycle, as facts->cycles do. */
struct walk {
    const struct facts *facts;
    double cores;
    struct summary *cycles; /* [cycle] */
    size_t at, n;           /* the present cycle, and how many of its agents are in */
    size_t own;             /* of them that say it themselves */
    bool has_cpu;
    double wall[SCENARIO_MOST_AGENTS], cpu[SCENARIO_MOST_AGENTS];
    double start[SCENARIO_MOST_AGENTS], seen[SCENARIO_MOST_AGENTS];
};

/* ---- the machine ---- */

/* "200000 100000" is two CPUs, "max 100000" no limit */
static double quota_of(const char *text)
{
    char *end;
    double quota, period;
    if (!text)
        return INFINITY;
    quota = strtod(text, &end);
    if (!(quota > 0))
        return INFINITY;
    period = strtod(end, NULL);
    return period > 0 ? quota / period : INFINITY;
}

double explain_cores(const char *environment_json)
{
    cJSON *root = NULL;
    const cJSON *usable, *quota;
    double cores = NAN;
    if (json_parse(&root, environment_json, strlen(environment_json), NULL) < 0)
        return NAN;
    usable = cJSON_GetObjectItemCaseSensitive(root, "cpus_usable");
    quota = cJSON_GetObjectItemCaseSensitive(root, "cpus_quota");
    if (cJSON_IsNumber(usable) && usable->valuedouble > 0)
        cores = usable->valuedouble;
    if (cJSON_IsNumber(quota) && quota->valuedouble > 0)
        cores = fmin(cores, quota->valuedouble);
    else if (!isnan(cores))
        cores = fmin(cores, quota_of(json_string(root, "cpu_quota")));
    cJSON_Delete(root);
    return cores;
}

/* ---- one cycle ---- */

/* start and seen ascending: the share of a line of time on which at most one agent is under way */
static double time_alone(double start[], double seen[], size_t n, double from, double to)
{
    double together = 0;
    size_t started = 0, done = 0;
    double last = from;
    stats_sort(start, n);
    stats_sort(seen, n);
    while (done < n) {
        bool starts = started < n && start[started] < seen[done];
        double now = starts ? start[started] : seen[done];
        now = fmin(fmax(now, from), to);
        together += started >= done + 2 ? now - last : 0;
        last = now;
        *(starts ? &started : &done) += 1;
    }
    return to - from - together;
}

/* One by one means that nobody starts before all others so far were seen ready. */
static bool any_overlap(const double start[], const double seen[], size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (start[i] < seen[i - 1])
            return true;
    return false;
}

static void close_cycle(struct walk *walk)
{
    const struct results_cycle *cycle = &walk->facts->cycles[walk->at];
    struct summary *out = &walk->cycles[walk->at];
    if (walk->n && walk->n == (size_t)cycle->agents && !cycle->warmup && cycle->spawn_time_ns > 0) {
        out->usable = true;
        out->agents = walk->n;
        out->spawn = (double)cycle->spawn_time_ns;
        out->from_own = walk->own;
        out->has_cpu = walk->has_cpu;
        for (size_t i = 0; i < walk->n; i++) {
            out->wall += walk->wall[i];
            out->cpu += walk->cpu[i];
            out->slowest = fmax(out->slowest, walk->wall[i]);
        }
        out->alone = time_alone(walk->start, walk->seen, walk->n, (double)cycle->sent_ns,
                                (double)(cycle->sent_ns + cycle->spawn_time_ns));
        out->overlap = any_overlap(walk->start, walk->seen, walk->n);
    }
    walk->n = walk->own = 0;
    walk->has_cpu = true;
}

/* CPU time is read when the answer comes, so an agent that goes on working after it was ready has
 * more than it took to become so:
 * never more than all cores gave from its start to its being seen. */
static double cpu_of(const struct walk *walk, const struct results_agent *agent)
{
    double most = (double)(agent->ready_ns - agent->start_ns) * walk->cores;
    double cpu = (double)agent->cpu_ns;
    return isnan(most) ? cpu : fmin(cpu, most);
}

static int take_agent(void *context, const struct results_agent *agent)
{
    struct walk *walk = context;
    const struct facts *facts = walk->facts;
    bool own = agent->main_ns > 0 && agent->own_ready_ns >= agent->main_ns;
    while (walk->at < facts->cycle_count && facts->cycles[walk->at].index < agent->cycle) {
        close_cycle(walk);
        walk->at++;
    }
    if (walk->at == facts->cycle_count || facts->cycles[walk->at].index != agent->cycle ||
        walk->n == SCENARIO_MOST_AGENTS || agent->outcome != CYCLE_READY || agent->start_ns <= 0 ||
        agent->ready_ns < agent->start_ns)
        return 0;
    walk->wall[walk->n] = own ? (double)(agent->own_ready_ns - agent->main_ns)
                              : (double)(agent->ready_ns - agent->start_ns);
    walk->start[walk->n] = (double)agent->start_ns;
    walk->seen[walk->n] = (double)agent->ready_ns;
    walk->cpu[walk->n++] = cpu_of(walk, agent);
    walk->own += own;
    walk->has_cpu = walk->has_cpu && agent->cpu_ns > 0; /* nothing becomes ready without any */
    return 0;
}

/* ---- the pairs ---- */

/* Samples of one batch size. */
enum { BOUND, POSSIBLE, ATTAINED, OVERHEAD, SERIAL, BUSY, SLOWEST, COLUMNS };

struct pairs {
    double *columns[COLUMNS];
    size_t n, busy, binding[3], own, agents;
};

static bool is_about(const struct scenario_claim *claim, size_t value)
{
    return claim->kind == SCENARIO_CLAIM_FASTER && claim->arm != claim->than &&
           (claim->metric == SCENARIO_SPAWN_TIME || claim->metric == SCENARIO_THROUGHPUT) &&
           (claim->at < 0 || claim->at == (int)value);
}

/* The first claim that something is faster names the arms; else their customary names do. */
static bool choose_arms(struct explain_size *out, const struct facts *facts, size_t value)
{
    int slow = scenario_find_arm(&facts->scenario, "sequential"),
        fast = scenario_find_arm(&facts->scenario, "parallel");
    out->ratio = NAN;
    out->agents = facts_cell(facts, 0, value)->batch_size;
    for (size_t i = 0; i < facts->scenario.claim_count; i++) {
        const struct scenario_claim *claim = &facts->scenario.claims[i];
        if (!is_about(claim, value))
            continue;
        if (isnan(out->ratio)) {
            slow = (int)claim->than;
            fast = (int)claim->arm;
            out->ratio = claim->ratio;
        }
        if (slow == (int)claim->than && fast == (int)claim->arm)
            out->ratio = fmax(out->ratio, claim->ratio);
    }
    if (slow < 0 || fast < 0)
        return false;
    out->slow = (size_t)slow;
    out->fast = (size_t)fast;
    return true;
}

/* The least time of the slow cycle's agents. With no launcher's time known and no limit of agents
 * at once, only the longest of them and all their CPU time count: one agent with both stands for
 * all. The first agents of a slow cycle wait longest for the answer, in which they may go on
 * working: so the CPU time is that of the cycle in which they used less. */
static struct stats_batch batch_of(double *cpu, const struct summary *alone,
                                   const struct summary *together, double cores)
{
    bool has_cpu = alone->has_cpu && together->has_cpu && !isnan(cores);
    *cpu = has_cpu ? fmin(alone->cpu, together->cpu) : 0;
    return (struct stats_batch){.wall = &alone->slowest,
                                .cpu = cpu,
                                .agents = 1,
                                .cores = has_cpu ? cores : 1,
                                .concurrent = INFINITY};
}

static void take_pair(struct pairs *pairs, double cores, const struct summary *alone,
                      const struct summary *together)
{
    double cpu;
    struct stats_batch batch = batch_of(&cpu, alone, together, cores);
    struct stats_makespan bound = stats_bound_makespan(&batch);
    struct stats_attained got = stats_compare_makespan(&bound, alone->spawn, together->spawn);
    size_t i = pairs->n;
    if (!got.defined)
        return;
    pairs->columns[BOUND][i] = bound.lower_bound;
    pairs->columns[POSSIBLE][i] = got.max_speedup;
    pairs->columns[ATTAINED][i] = got.fraction;
    pairs->columns[OVERHEAD][i] = got.overhead;
    pairs->columns[SERIAL][i] = together->alone / together->spawn;
    pairs->columns[SLOWEST][i] = alone->slowest;
    if (cpu > 0 && alone->wall > 0) /* more, by threads of one agent, is as good as all of it */
        pairs->columns[BUSY][pairs->busy++] = fmin(1, cpu / alone->wall);
    pairs->binding[bound.binding]++;
    pairs->own += alone->from_own;
    pairs->agents += alone->agents;
    pairs->n++;
}

/* The least time is that of another cycle, so a share of it may come out above all of it without
 * meaning more than all. */
static void hold_share(struct facts_median *share)
{
    if (share->n == 0)
        return;
    share->median = fmin(1, share->median);
    share->p95 = fmin(1, share->p95);
    share->bounds.lower = fmin(1, share->bounds.lower);
    share->bounds.upper = fmin(1, share->bounds.upper);
}

static void settle(struct explain_size *out, struct pairs *pairs)
{
    struct facts_median *const medians[COLUMNS] = {&out->bound,    &out->possible, &out->attained,
                                                   &out->overhead, &out->serial,   &out->busy,
                                                   &out->slowest};
    for (int i = 0; i < COLUMNS; i++)
        *medians[i] =
            facts_median_of(pairs->columns[i], i == BUSY ? pairs->busy : pairs->n, NULL, 0);
    out->pairs = pairs->n;
    out->known = pairs->n > 0;
    out->has_cpu = pairs->n && pairs->busy == pairs->n;
    out->source = pairs->own == pairs->agents ? EXPLAIN_OWN
                  : pairs->own                ? EXPLAIN_MIXED
                                              : EXPLAIN_SEEN;
    for (int i = 0; i < 3; i++)
        if (pairs->binding[i] > pairs->binding[out->binding])
            out->binding = (enum stats_binding)i;
    out->violates = out->attained.bounds.has_lower && out->attained.bounds.lower > 1;
    if (!out->violates)
        hold_share(&out->attained);
}

/* The cycle of each pair of one arm and batch size: by_pair[pair] is its place, or -1. */
static void find_pairs(long by_pair[], size_t pairs, const struct facts *facts, size_t arm,
                       size_t value)
{
    const struct results_cycle *cycle = NULL;
    for (size_t i = 0; i < pairs; i++)
        by_pair[i] = -1;
    while ((cycle = facts_next(facts, arm, value, cycle)))
        if (cycle->pair >= 0 && (size_t)cycle->pair < pairs)
            by_pair[cycle->pair] = cycle - facts->cycles;
}

static void join_pairs(struct explain_size *out, struct pairs *joined, const struct walk *walk,
                       const long slow[], const long fast[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct summary *alone = slow[i] < 0 ? NULL : &walk->cycles[slow[i]];
        const struct summary *together = fast[i] < 0 ? NULL : &walk->cycles[fast[i]];
        if (!alone || !together || !alone->usable || !together->usable)
            continue;
        if (alone->overlap) { /* they were in each other's way: nothing follows from their times */
            out->mixed++;
            continue;
        }
        take_pair(joined, walk->cores, alone, together);
    }
}

static void explain_value(struct explain_size *out, const struct walk *walk, size_t value)
{
    const struct facts *facts = walk->facts;
    struct pairs pairs = {0};
    size_t count = facts->cycle_count;
    long *slow, *fast;
    if (!choose_arms(out, facts, value))
        return;
    slow = xcalloc(2 * count + 1, sizeof *slow);
    fast = slow + count;
    pairs.columns[0] = xcalloc(COLUMNS * count + 1, sizeof *pairs.columns[0]);
    for (int i = 1; i < COLUMNS; i++)
        pairs.columns[i] = pairs.columns[0] + (size_t)i * count;
    find_pairs(slow, count, facts, out->slow, value);
    find_pairs(fast, count, facts, out->fast, value);
    join_pairs(out, &pairs, walk, slow, fast, count);
    settle(out, &pairs);
    free(pairs.columns[0]);
    free(slow);
}

/* ---- the laws ---- */

static void count_sizes(struct explain_law *out, double n[], const struct facts *facts)
{
    size_t below = 0, above = 0;
    for (size_t value = 0; value < facts->value_count; value++) {
        size_t agents = facts_cell(facts, 0, value)->batch_size;
        n[value] = (double)agents;
        out->most = agents > out->most ? agents : out->most;
        below += n[value] <= facts->explain->cores;
        above += n[value] > facts->explain->cores;
    }
    out->sizes = facts->value_count;
    out->thin = out->sizes < 6 || below < 2 || above < 2;
}

/* Evenly on a logarithmic axis, from the smallest batch to half as many again as the largest. */
static void place_steps(struct explain_law *out, const double n[], size_t count)
{
    double least = n[0];
    for (size_t i = 1; i < count; i++)
        least = fmin(least, n[i]);
    out->steps = EXPLAIN_STEPS;
    for (size_t i = 0; i < EXPLAIN_STEPS; i++)
        out->at[i] =
            least * pow(1.5 * (double)out->most / least, (double)i / (double)(EXPLAIN_STEPS - 1));
}

static void fit_law(struct explain_law *out, const struct stats_sweep *sweep, uint64_t seed)
{
    const struct stats_curve curve = {out->at, out->lower, out->upper, out->steps};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed & 0xffffffff);
    out->band = stats_bootstrap_usl(sweep, EXPLAIN_CONFIDENCE, STATS_REPLICATES, rng, &curve);
    out->tried = out->band.defined;
    out->fits = out->tried && !(out->band.misfit.defined && out->band.misfit.flag);
    gsl_rng_free(rng);
}

/* Pair j of every batch size is round j; as many rounds as all sizes have. */
static int load_rounds(struct results_series series[], size_t *rounds, const struct facts *facts,
                       struct results *store, size_t arm, struct err *err)
{
    *rounds = SIZE_MAX;
    for (size_t value = 0; value < facts->value_count; value++) {
        const struct results_which which = {(int)arm, (int)value, SCENARIO_SPAWN_TIME, NULL};
        if (results_series_load(&series[value], store, facts->run.id, &which, err) < 0)
            return -1;
        *rounds = series[value].n < *rounds ? series[value].n : *rounds;
    }
    return 0;
}

static void explain_arm(struct explain_law *out, const struct facts *facts,
                        const struct results_series series[], size_t rounds, size_t arm)
{
    double *n = xcalloc(facts->value_count * (rounds + 1), sizeof *n), *time;
    struct stats_sweep sweep = {.n = n, .sizes = facts->value_count, .rounds = rounds};
    time = n + facts->value_count;
    sweep.time = time;
    count_sizes(out, n, facts);
    place_steps(out, n, facts->value_count);
    for (size_t value = 0; value < facts->value_count; value++)
        if (rounds)
            memcpy(&time[value * rounds], series[value].values, rounds * sizeof *time);
    fit_law(out, &sweep, facts->run.seed + arm);
    free(n);
}

static int read_laws(struct facts *facts, struct results *store, struct err *err)
{
    for (size_t arm = 0; facts->value_count >= STATS_LEAST_SIZES && arm < facts->arm_count; arm++) {
        struct results_series series[SCENARIO_MOST_VALUES] = {0};
        size_t rounds;
        int rc = load_rounds(series, &rounds, facts, store, arm, err);
        if (rc == 0)
            explain_arm(&facts->explain->laws[arm], facts, series, rounds, arm);
        for (size_t value = 0; value < facts->value_count; value++)
            results_series_release(&series[value]);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* ---- all of it ---- */

static int read_sizes(struct facts *facts, struct results *store, struct err *err)
{
    struct walk *walk = xcalloc(1, sizeof *walk);
    int rc;
    walk->facts = facts;
    walk->cores = facts->explain->cores;
    walk->has_cpu = true;
    walk->cycles = xcalloc(facts->cycle_count + 1, sizeof *walk->cycles);
    rc = results_each_agent(store, facts->run.id, -1, take_agent, walk, err);
    if (walk->at < facts->cycle_count)
        close_cycle(walk);
    for (size_t value = 0; rc == 0 && value < facts->value_count; value++)
        explain_value(&facts->explain->sizes[value], walk, value);
    free(walk->cycles);
    free(walk);
    return rc;
}

int explain_read(struct facts *facts, struct results *store, struct err *err)
{
    facts->explain = xcalloc(1, sizeof *facts->explain);
    facts->explain->cores = explain_cores(facts->run.environment_json);
    facts->explain->sizes = xcalloc(facts->value_count, sizeof *facts->explain->sizes);
    facts->explain->laws = xcalloc(facts->arm_count, sizeof *facts->explain->laws);
    if (read_sizes(facts, store, err) < 0 || read_laws(facts, store, err) < 0)
        return -1;
    return 0;
}

void explain_release(struct explain *explain)
{
    if (!explain)
        return;
    free(explain->sizes);
    free(explain->laws);
    free(explain);
}
