/* Where does the time of an agent go, and what did those tell that failed?
 * One walk over all agents. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/facts.h"

/* Samples of one phase: every stride-th of those seen, so that memory stays bounded. */
struct sampler {
    double *kept;
    size_t n, seen, stride;
};

enum { SLOWEST = FACTS_PHASES, OVERHEAD, SAMPLERS };

/* What the walk carries along. Agents come by cycle, as facts->cycles do. */
struct walk {
    struct facts *facts;
    struct sampler *samplers; /* [cell * SAMPLERS + which] */
    size_t at;                /* the cycle of the present agent, or the one behind it */
    int told;                 /* agents of this cycle whose own initialisation is known */
    double slowest;
};

static void sampler_add(struct sampler *sampler, double sample)
{
    if (!sampler->stride)
        sampler->stride = 1;
    if (sampler->seen++ % sampler->stride != 0)
        return;
    if (sampler->n == FACTS_MOST_SAMPLES) {
        for (size_t i = 0; i < FACTS_MOST_SAMPLES / 2; i++)
            sampler->kept[i] = sampler->kept[2 * i];
        sampler->n = FACTS_MOST_SAMPLES / 2;
        sampler->stride *= 2;
    }
    if ((sampler->n & (sampler->n - 1)) == 0)
        sampler->kept =
            xrealloc(sampler->kept, sampler->n ? 2 * sampler->n : 1, sizeof *sampler->kept);
    sampler->kept[sampler->n++] = sample;
}

static struct sampler *samplers_of(const struct walk *walk, const struct results_cycle *cycle)
{
    size_t cell = (size_t)cycle->arm * walk->facts->value_count + (size_t)cycle->value;
    return &walk->samplers[cell * SAMPLERS];
}

/* The cycle is over: what its agents' own words say about all of it. */
static void close_cycle(struct walk *walk)
{
    const struct results_cycle *cycle = &walk->facts->cycles[walk->at];
    struct sampler *samplers = samplers_of(walk, cycle);
    if (walk->told && walk->told == cycle->agents && !cycle->warmup && !cycle->left_out &&
        cycle->spawn_time_ns >= 0) {
        sampler_add(&samplers[SLOWEST], walk->slowest);
        sampler_add(&samplers[OVERHEAD], (double)cycle->spawn_time_ns - walk->slowest);
    }
    walk->told = 0;
    walk->slowest = 0;
}

static void take_phases(struct walk *walk, const struct results_cycle *cycle,
                        const struct results_agent *agent)
{
    struct sampler *samplers = samplers_of(walk, cycle);
    bool told = agent->main_ns > 0 && agent->own_ready_ns > 0;
    double own = (double)(agent->own_ready_ns - agent->main_ns);
    if (agent->start_ns <= 0 || agent->ready_ns <= 0 || agent->outcome != CYCLE_READY)
        return;
    sampler_add(&samplers[FACTS_WAIT], (double)(agent->start_ns - cycle->sent_ns));
    sampler_add(&samplers[FACTS_UNSEEN], (double)(agent->ready_ns - agent->start_ns));
    if (agent->recorded_ns > 0)
        sampler_add(&samplers[FACTS_RECORD], (double)(agent->recorded_ns - agent->ready_ns));
    if (!told)
        return;
    sampler_add(&samplers[FACTS_EXEC], (double)(agent->main_ns - agent->start_ns));
    sampler_add(&samplers[FACTS_INIT], own);
    sampler_add(&samplers[FACTS_NOTICE], (double)(agent->ready_ns - agent->own_ready_ns));
    walk->told++;
    walk->slowest = own > walk->slowest ? own : walk->slowest;
}

/* Errors that differ only in the agent's own id are the same error. */
static void copy_error(char *out, size_t room, const struct results_agent *agent)
{
    struct text error = {0};
    const char *rest = agent->error, *id;
    while (*agent->id && (id = strstr(rest, agent->id)) != NULL) {
        text_add_bytes(&error, rest, (size_t)(id - rest));
        text_add(&error, "ID");
        rest = id + strlen(agent->id);
    }
    text_add(&error, rest);
    snprintf(out, room, "%s", error.data);
    text_release(&error);
}

static void take_complaint(struct facts *facts, const struct results_agent *agent)
{
    struct facts_complaint told = {.outcome = agent->outcome, .count = 1};
    if (agent->outcome == CYCLE_READY || agent->outcome == CYCLE_CANCELLED)
        return;
    snprintf(told.name, sizeof told.name, "%s", agent->name);
    copy_error(told.error, sizeof told.error, agent);
    for (size_t i = 0; i < facts->complaint_count; i++) {
        struct facts_complaint *known = &facts->complaints[i];
        if (known->outcome != told.outcome || strcmp(known->name, told.name) != 0 ||
            strcmp(known->error, told.error) != 0)
            continue;
        known->count++;
        return;
    }
    if (facts->complaint_count < FACTS_MOST_COMPLAINTS)
        facts->complaints[facts->complaint_count++] = told;
    else
        facts->complaints_more++;
}

static int take_agent(void *context, const struct results_agent *agent)
{
    struct walk *walk = context;
    const struct facts *facts = walk->facts;
    while (walk->at < facts->cycle_count && facts->cycles[walk->at].index < agent->cycle) {
        close_cycle(walk);
        walk->at++;
    }
    if (walk->at == facts->cycle_count || facts->cycles[walk->at].index != agent->cycle)
        return 0;
    take_complaint(walk->facts, agent);
    if (!facts->cycles[walk->at].warmup && !facts->cycles[walk->at].left_out)
        take_phases(walk, &facts->cycles[walk->at], agent);
    return 0;
}

static void settle(struct facts_median *out, struct sampler *sampler)
{
    *out = facts_median_of(sampler->kept, sampler->n, NULL, 0);
    out->n = sampler->seen;
    free(sampler->kept);
}

int facts_read_agents(struct facts *facts, struct results *store, struct err *err)
{
    size_t cells = facts->arm_count * facts->value_count;
    struct walk walk = {.facts = facts};
    int rc;
    walk.samplers = xcalloc(cells * SAMPLERS, sizeof *walk.samplers);
    rc = results_each_agent(store, facts->run.id, -1, take_agent, &walk, err);
    if (walk.at < facts->cycle_count)
        close_cycle(&walk);
    for (size_t i = 0; i < cells; i++) {
        struct facts_cell *cell = &facts->cells[i];
        struct sampler *samplers = &walk.samplers[i * SAMPLERS];
        for (int phase = 0; phase < FACTS_PHASES; phase++)
            settle(&cell->phases[phase], &samplers[phase]);
        settle(&cell->slowest, &samplers[SLOWEST]);
        settle(&cell->overhead, &samplers[OVERHEAD]);
    }
    free(walk.samplers);
    return rc;
}
