/* What does a verdict need of one run? Each series once, and all cycles in one pass. */
#include "results/basis.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "scenario/identity.h"

#define SLEPT_NS 1000000 /* less is the two clocks' own jitter */

/* ---- series ---- */

static int measure(struct results_basis *out, struct results *store,
                   const struct results_which *which, struct err *err)
{
    size_t count = out->series_count;
    for (size_t i = 0; i < count; i++)
        if (results_is_same(&out->series[i].which, which))
            return 0;
    if ((count & (count - 1)) == 0)
        out->series = xrealloc(out->series, count ? 2 * count : 1, sizeof *out->series);
    out->series_count++;
    return results_series_load(&out->series[count], store, out->run.id, which, err);
}

static int measure_claim(struct results_basis *out, struct results *store,
                         const struct scenario_claim *claim, int value, struct err *err)
{
    const struct results_which own = {(int)claim->arm, value, claim->metric, claim->agent};
    const struct results_which other = {(int)claim->than, value, claim->metric, claim->agent};
    const struct results_which alone = {(int)claim->than, value, SCENARIO_MAIN_TO_OWN_READY, NULL};
    bool faster = claim->kind == SCENARIO_CLAIM_FASTER;
    if (measure(out, store, &own, err) < 0)
        return -1;
    if ((faster || claim->kind == SCENARIO_CLAIM_WITHIN) && measure(out, store, &other, err) < 0)
        return -1;
    return faster ? measure(out, store, &alone, err) : 0;
}

static int read_claims(struct results_basis *out, const struct scenario *scenario,
                       struct results *store, struct err *err)
{
    out->tallies = xcalloc(scenario->claim_count * scenario->value_count, sizeof *out->tallies);
    for (size_t i = 0; i < scenario->claim_count * scenario->value_count; i++) {
        const struct scenario_claim *claim = &scenario->claims[i / scenario->value_count];
        int value = (int)(i % scenario->value_count);
        bool intact = claim->kind == SCENARIO_CLAIM_INTACT;
        if (!intact && claim->kind != SCENARIO_CLAIM_FAILURE &&
            measure_claim(out, store, claim, value, err) < 0)
            return -1;
        if ((claim->at < 0 || claim->at == value) &&
            results_tally(store, out->run.id, intact ? -1 : (int)claim->arm, value,
                          &out->tallies[i], err) < 0)
            return -1;
    }
    return 0;
}

static int read_spawn_times(struct results_basis *out, const struct scenario *scenario,
                            struct results *store, struct err *err)
{
    for (size_t i = 0; i < scenario->arm_count * scenario->value_count; i++) {
        const struct results_which which = {(int)(i / scenario->value_count),
                                            (int)(i % scenario->value_count), SCENARIO_SPAWN_TIME,
                                            NULL};
        if (measure(out, store, &which, err) < 0)
            return -1;
    }
    return 0;
}

static int read_uses(struct results_basis *out, const struct scenario *scenario,
                     struct results *store, struct err *err)
{
    for (size_t i = 0; i < scenario->arm_count; i++)
        if (results_arm_use_load(&out->uses[i], store, out->run.id, (int)i, err) < 0)
            return -1;
    return 0;
}

/* ---- one pass over all cycles ---- */

struct pass {
    struct results_basis *basis;
    const struct scenario *scenario;
    int sitting;
    int64_t first_ns, last_ns; /* of the sitting */
};

static void close_sitting(struct pass *pass)
{
    struct results_strain *sum = &pass->basis->strain;
    if (pass->last_ns > pass->first_ns)
        sum->span_ns = clock_sum(sum->span_ns, pass->last_ns - pass->first_ns);
    pass->first_ns = pass->last_ns = 0;
}

static void take_strain(struct results_strain *sum, const struct cycle_strain *strain)
{
    sum->cycles++;
    if (strain->total_ticks > 0 && strain->steal_ticks >= 0) {
        sum->total_ticks = clock_sum(sum->total_ticks, strain->total_ticks);
        sum->steal_ticks = clock_sum(sum->steal_ticks, strain->steal_ticks);
    }
    if (strain->pressure_us >= 0 && strain->span_ns > 0)
        sum->pressure_span_ns = clock_sum(sum->pressure_span_ns, strain->span_ns);
    if (strain->pressure_us >= 0)
        sum->pressure_us =
            clock_sum(sum->pressure_us < 0 ? 0 : sum->pressure_us, strain->pressure_us);
    sum->throttle_known += strain->throttled >= 0;
    sum->throttled += strain->throttled > 0;
    sum->suspended += strain->suspended_ns > SLEPT_NS;
}

static void take_strangers(struct results_strain *sum, const struct results_cycle *cycle)
{
    if (cycle->strangers_ns < 0 || cycle->answered_ns <= cycle->sent_ns)
        return;
    sum->strangers_ns = clock_sum(sum->strangers_ns, cycle->strangers_ns);
    sum->strangers_span_ns = clock_sum(sum->strangers_span_ns, cycle->answered_ns - cycle->sent_ns);
}

static int take_cycle(void *context, const struct results_cycle *cycle)
{
    struct pass *pass = context;
    struct results_basis *out = pass->basis;
    size_t count = out->cycle_count;
    if ((count & (count - 1)) == 0)
        out->cycles = xrealloc(out->cycles, count ? 2 * count : 1, sizeof *out->cycles);
    out->cycles[out->cycle_count++] =
        (struct results_place){.index = cycle->index,
                               .pair = cycle->pair,
                               .block = cycle->block,
                               .arm = cycle->arm,
                               .value = cycle->value,
                               .place = cycle->place,
                               .warmup = cycle->warmup,
                               .sitting = cycle->sitting,
                               .database_bytes = cycle->cost[SCENARIO_DATABASE_SIZE],
                               .wal_bytes = cycle->cost[SCENARIO_WAL_SIZE],
                               .page_bytes = cycle->page_bytes};
    if (cycle->arm < 0 || (size_t)cycle->arm >= pass->scenario->arm_count || cycle->value < 0 ||
        (size_t)cycle->value >= pass->scenario->value_count)
        return 0; /* not of this scenario: a store that somebody has edited */
    if (cycle->sitting != pass->sitting)
        close_sitting(pass);
    pass->sitting = cycle->sitting;
    if (cycle->answered_ns > 0) {
        pass->first_ns = pass->first_ns ? pass->first_ns : cycle->sent_ns;
        pass->last_ns = cycle->answered_ns;
    }
    take_strain(&out->strain, &cycle->strain);
    take_strangers(&out->strain, cycle);
    out->strain.counted += !cycle->warmup;
    out->strain.left_out += cycle->left_out;
    return 0;
}

/* ---- all of it ---- */

int results_basis_load(struct results_basis *out, const struct scenario *scenario,
                       struct results *store, int64_t run, struct err *err)
{
    struct pass pass = {.basis = out, .scenario = scenario};
    results_basis_release(out);
    out->strain.pressure_us = -1;
    if (results_run_load(store, run, &out->run, err) < 0 ||
        results_plan_load(store, run, &out->plan_fingerprint, &out->plan_text, err) < 0 ||
        read_spawn_times(out, scenario, store, err) < 0 ||
        read_claims(out, scenario, store, err) < 0 || read_uses(out, scenario, store, err) < 0 ||
        results_tally(store, run, -1, -1, &out->tally, err) < 0 ||
        results_shared_load(&out->shared, &out->shared_count, store, run, err) < 0 ||
        results_left_open(store, run, &out->open, err) < 0 ||
        results_each_cycle(store, run, take_cycle, &pass, err) < 0) {
        results_basis_release(out);
        return -1;
    }
    close_sitting(&pass);
    return 0;
}

void results_basis_release(struct results_basis *basis)
{
    for (size_t i = 0; i < basis->series_count; i++)
        results_series_release(&basis->series[i]);
    results_run_release(&basis->run);
    results_shared_release(basis->shared, basis->shared_count);
    free(basis->plan_text);
    free(basis->series);
    free(basis->cycles);
    free(basis->tallies);
    *basis = (struct results_basis){0};
}

/* ---- that of an earlier run ---- */

static bool same_words(char *const one[], char *const other[])
{
    size_t i = 0;
    while (one[i] && other[i] && strcmp(one[i], other[i]) == 0)
        i++;
    return !one[i] && !other[i];
}

/* The same question, by the same arms, in batches of the same sizes. */
static bool is_same(const struct scenario *one, const struct scenario *other)
{
    char asked[SCENARIO_ID_BYTES], asked_before[SCENARIO_ID_BYTES];
    bool same = one->arm_count == other->arm_count && one->value_count == other->value_count;
    scenario_question(asked, one);
    scenario_question(asked_before, other);
    same = same && strcmp(asked, asked_before) == 0;
    for (size_t i = 0; same && i < one->arm_count; i++)
        same = strcmp(one->arms[i].name, other->arms[i].name) == 0 &&
               same_words(one->arms[i].subject, other->arms[i].subject);
    for (size_t i = 0; same && i < one->value_count; i++)
        same = one->values[i] == other->values[i];
    return same;
}

void results_basis_earlier(struct results_basis *out, const struct scenario *scenario,
                           struct results *store)
{
    struct results_run run = {0};
    struct scenario earlier = {0};
    int64_t id = 0;
    if (results_run_find(store, scenario->name, &id, NULL) == 0 &&
        results_run_load(store, id, &run, NULL) == 0 &&
        scenario_parse_stored(&earlier, run.scenario_text, strlen(run.scenario_text), NULL) == 0 &&
        is_same(&earlier, scenario))
        results_basis_load(out, scenario, store, id, NULL);
    else
        results_basis_release(out);
    scenario_release(&earlier);
    results_run_release(&run);
}
