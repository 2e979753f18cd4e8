/* In which order are the cycles run, so that neither drift nor position can favour an arm? */
#include "scenario/plan.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

/* What plan_build carries along while it lays out items. */
struct layout {
    struct plan *plan;
    const struct scenario *scenario;
    int blocks; /* laid out so far */
    gsl_rng *random;
};

static void add_pair(struct layout *layout, struct plan_item pattern, const size_t order[],
                     size_t turn)
{
    for (size_t place = 0; place < layout->scenario->arm_count; place++) {
        struct plan_item *item = &layout->plan->items[layout->plan->count++];
        *item = pattern;
        item->place = (short)place;
        item->arm = (short)order[(place + turn) % layout->scenario->arm_count];
    }
}

/* One block: a random order of the arms, turned by a random but balanced amount for each pair. */
static void add_block(struct layout *layout, struct plan_item pattern, int pairs)
{
    size_t order[SCENARIO_MOST_ARMS];
    size_t *turns = xcalloc((size_t)pairs, sizeof *turns);
    assert(layout->scenario->arm_count > 0);
    for (size_t i = 0; i < layout->scenario->arm_count; i++)
        order[i] = i;
    gsl_ran_shuffle(layout->random, order, layout->scenario->arm_count, sizeof order[0]);
    for (int i = 0; i < pairs; i++)
        turns[i] = (size_t)i % layout->scenario->arm_count;
    gsl_ran_shuffle(layout->random, turns, (size_t)pairs, sizeof turns[0]);
    for (int i = 0; i < pairs; i++) {
        add_pair(layout, pattern, order, turns[i]);
        pattern.pair += pattern.warmup ? -1 : 1;
    }
    free(turns);
}

static void add_look(struct layout *layout, int from, int to, short look)
{
    const struct scenario *scenario = layout->scenario;
    /* a look may cut a block short; the next one has a number of its own all the same */
    for (int first = from; first < to; first += scenario->block, layout->blocks++) {
        int pairs = to - first < scenario->block ? to - first : scenario->block;
        for (size_t value = 0; value < scenario->value_count; value++)
            add_block(
                layout,
                (struct plan_item){.pair = first, .block = layout->blocks, .value = (short)value},
                pairs);
    }
    layout->plan->items[layout->plan->count - 1].look = look;
}

/* of every item in its order */
static uint64_t fingerprint(const struct plan *plan)
{
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *item = &plan->items[i];
        const int64_t members[] = {item->pair,  item->block,  item->arm, item->value,
                                   item->place, item->warmup, item->look};
        hash = hash_bytes(hash, members, sizeof members);
    }
    return hash;
}

static char *describe(const struct plan *plan, const struct scenario *scenario)
{
    cJSON *object = cJSON_CreateObject(), *list;
    char hash[17], *printed;
    json_add_int64(object, "seed", (int64_t)plan->seed);
    cJSON_AddStringToObject(object, "generator", "mt19937");
    list = cJSON_AddArrayToObject(object, "looks");
    for (size_t i = 0; i < scenario->look_count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(scenario->looks[i]));
    cJSON_AddNumberToObject(object, "alpha", 0.05);
    cJSON_AddStringToObject(object, "spending", "linear");
    json_add_int64(object, "block", scenario->block);
    json_add_int64(object, "warmup", scenario->warmup);
    json_add_int64(object, "arms", (int64_t)scenario->arm_count);
    list = cJSON_AddArrayToObject(object, "batch_sizes");
    for (size_t value = 0; value < scenario->value_count; value++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber((double)scenario->values[value]));
    json_add_int64(object, "cycles", (int64_t)plan->count);
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)plan->fingerprint);
    cJSON_AddStringToObject(object, "order_fnv1a", hash);
    /* of the scenario as it runs: claims, too, are declared before the first cycle */
    snprintf(hash, sizeof hash, "%016llx",
             (unsigned long long)hash_string(HASH_START, scenario->source ? scenario->source : ""));
    cJSON_AddStringToObject(object, "scenario_fnv1a", hash);
    printed = json_print(object, 0);
    cJSON_Delete(object);
    return printed;
}

void plan_build(struct plan *out, const struct scenario *scenario, uint64_t seed)
{
    int most = scenario->looks[scenario->look_count - 1];
    struct layout layout = {out, scenario, 0, gsl_rng_alloc(gsl_rng_mt19937)};
    *out = (struct plan){.seed = seed};
    out->items =
        xcalloc((size_t)(scenario->warmup + most) * scenario->arm_count * scenario->value_count,
                sizeof *out->items);
    gsl_rng_set(layout.random, (unsigned long)seed);
    for (size_t value = 0; scenario->warmup && value < scenario->value_count; value++)
        add_block(
            &layout,
            (struct plan_item){.pair = -1, .block = -1, .value = (short)value, .warmup = true},
            scenario->warmup);
    for (size_t k = 0; k < scenario->look_count; k++)
        add_look(&layout, k ? scenario->looks[k - 1] : 0, scenario->looks[k], (short)(k + 1));
    gsl_rng_free(layout.random);
    out->fingerprint = fingerprint(out);
    out->text = describe(out, scenario);
}

void plan_release(struct plan *plan)
{
    free(plan->items);
    free(plan->text);
    *plan = (struct plan){0};
}
