/* plan - every cycle of every arm in order, decided before the first one runs.
 *
 * Normal use: plan_build, run the items in order, stop after an item that closes a look if all
 * claims are decided, plan_release. The same scenario and seed give the same plan, so a run can be
 * resumed.
 */
#ifndef SCENARIO_PLAN_H
#define SCENARIO_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scenario/scenario.h"

/* One cycle to run. */
struct plan_item {
    /* cycles of the same pair and value are compared with each other; -1, -2 ... warm-ups */
    int pair;
    int block;   /* pairs per block: scenario.block; warm-ups: -1 */
    short arm;   /* index into scenario.arms */
    short value; /* index into scenario.values, 0 when nothing varies */
    short place; /* 0 = first of its pair */
    bool warmup;
    short look; /* k >= 1: with this item the k-th look is complete; else 0 */
};

/* The whole order. `items` and `text` belong to the plan. */
struct plan {
    struct plan_item *items;
    size_t count;
    uint64_t seed;
    /* one number for every item in its order: two plans of the same run are equal when theirs are.
     * FNV-1a, 64 bit (Fowler, Noll, Vo) */
    uint64_t fingerprint;
    /* the plan as JSON for the store: seed, looks, blocks, number of items, the error of each side
     * and how it is spent, hashes of the order and of the scenario's text. The same plan gives the
     * same text. */
    char *text;
};

/*
 * plan_build - lay out warm-ups and blocks
 *
 * Blocks hold scenario.block pairs of one value; values take turns block by block (round-robin), so
 * that slow drift of the machine meets all of them alike. Inside a block each arm stands first,
 * second, ... equally often (as near as the block allows), in random order.
 *
 * source : balanced random interleaving, judge/STATISTICS.md 4; generator MT19937 of GSL
 */
void plan_build(struct plan *out, const struct scenario *scenario, uint64_t seed);

void plan_release(struct plan *plan);

#endif
