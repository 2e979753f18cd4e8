/* How much faster, pair by pair? What is compared with what,
 * and its ratios in the order they ran. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/stats/dependence.h"
#include "report/figure.h"
#include "report/words.h"
#include "trend/gate/gating.h"

#define NAME_ROOM 22 /* bytes of each of the three names of a heading */

static bool compares(const struct verdict_item *item)
{
    return (item->claim->kind == SCENARIO_CLAIM_FASTER ||
            item->claim->kind == SCENARIO_CLAIM_WITHIN) &&
           item->n > 0;
}

struct comparison data_compare_claimed(const struct verdict_item *item)
{
    const struct scenario_claim *claim = item->claim;
    bool within = claim->kind == SCENARIO_CLAIM_WITHIN;
    return (struct comparison){.item = item,
                               .above = within ? claim->arm : claim->than,
                               .below = within ? claim->than : claim->arm,
                               .value = (size_t)item->value,
                               .metric = claim->metric,
                               .agent = claim->agent,
                               .inverted =
                                   !within && scenario_metrics[claim->metric].more_is_better,
                               .claimed_low = within ? 1 - claim->share : claim->ratio,
                               .claimed_up = within ? 1 + claim->share : NAN};
}

/* Nothing is claimed of a ratio: the pair that the split of the speedup is about. */
static size_t find_unclaimed(struct comparison out[FIGURE_MOST_PANELS], const struct facts *facts)
{
    int slow = scenario_find_arm(&facts->scenario, "sequential"),
        fast = scenario_find_arm(&facts->scenario, "parallel");
    size_t values[FIGURE_MOST_PANELS], count = data_panels(values, facts);
    for (size_t i = 0; i < count && slow >= 0 && fast >= 0; i++)
        out[i] = (struct comparison){.above = (size_t)slow,
                                     .below = (size_t)fast,
                                     .value = values[i],
                                     .metric = SCENARIO_SPAWN_TIME,
                                     .claimed_low = NAN,
                                     .claimed_up = NAN};
    return slow >= 0 && fast >= 0 ? count : 0;
}

size_t data_comparisons(struct comparison out[FIGURE_MOST_PANELS], const struct facts *facts)
{
    size_t all = 0, count, at = 0, taken = 0;
    bool claimed = false;
    for (size_t i = 0; i < facts->verdict.count; i++) {
        const struct scenario_claim *claim = facts->verdict.items[i].claim;
        claimed =
            claimed || claim->kind == SCENARIO_CLAIM_FASTER || claim->kind == SCENARIO_CLAIM_WITHIN;
        all += compares(&facts->verdict.items[i]);
    }
    if (!claimed)
        return find_unclaimed(out, facts);
    count = all < FIGURE_MOST_PANELS ? all : FIGURE_MOST_PANELS;
    for (size_t i = 0; i < facts->verdict.count && taken < count; i++)
        if (compares(&facts->verdict.items[i]) && at++ == data_pick(taken, count, all))
            out[taken++] = data_compare_claimed(&facts->verdict.items[i]);
    return taken;
}

void data_heading(struct text *out, const struct facts *facts, const struct comparison *comparison)
{
    char agents[WORDS_BYTES];
    out->length--; /* the row goes on */
    text_add(out, "\t");
    if (comparison->item) {
        data_short(out, comparison->item->claim->id, NAME_ROOM);
        text_add(out, ": ");
    }
    data_short(out, facts->arms[comparison->above].name, NAME_ROOM);
    text_add(out, " / ");
    data_short(out, facts->arms[comparison->below].name, NAME_ROOM);
    if (comparison->metric != SCENARIO_SPAWN_TIME)
        text_addf(out, ", %s", scenario_metric_names[comparison->metric]);
    if (facts->value_count > 1)
        text_addf(out, ", %s",
                  words_plural(agents, (int64_t)facts_cell(facts, 0, comparison->value)->batch_size,
                               "agent"));
    text_add(out, "\n");
}

static void join(struct compared *out, struct results_series *above, struct results_series *below,
                 bool inverted)
{
    out->n = above->n < below->n ? above->n : below->n;
    out->above = above->values;
    out->below = below->values;
    above->values = below->values = NULL;
    if (inverted) {
        gate_turn(out->above, out->n);
        gate_turn(out->below, out->n);
    }
    for (size_t i = 0; i < out->n; i++) { /* one nobody knows counts as failed, as in verdicts */
        out->above[i] = isnan(out->above[i]) ? INFINITY : out->above[i];
        out->below[i] = isnan(out->below[i]) ? INFINITY : out->below[i];
    }
    out->ratios = xcalloc(out->n, sizeof *out->ratios);
    stats_ratios(out->ratios, out->above, out->below, out->n);
    out->sizes = stats_block_sizes(above->blocks, out->n, &out->blocks);
}

int data_compare(struct compared *out, struct results *store, const struct facts *facts,
                 const struct comparison *comparison, struct err *err)
{
    struct results_which which = {(int)comparison->above, (int)comparison->value,
                                  comparison->metric, comparison->agent};
    struct results_series above = {0}, below = {0};
    int rc = -1;
    *out = (struct compared){0};
    if (results_series_load(&above, store, facts->run.id, &which, err) < 0)
        return -1;
    which.arm = (int)comparison->below;
    if (results_series_load(&below, store, facts->run.id, &which, err) == 0) {
        join(out, &above, &below, comparison->inverted);
        rc = 0;
    }
    results_series_release(&above);
    results_series_release(&below);
    return rc;
}

void data_compared_release(struct compared *compared)
{
    free(compared->above);
    free(compared->below);
    free(compared->ratios);
    free(compared->sizes);
    *compared = (struct compared){0};
}

double data_tau(const double series[], const struct compared *compared, double tail)
{
    double middle =
        stats_measure_dependence(series, compared->n, 0.5, compared->sizes, compared->blocks).tau;
    return fmax(
        middle,
        stats_measure_dependence(series, compared->n, tail, compared->sizes, compared->blocks).tau);
}

/* ---- the figure ---- */

/* One panel: what its axis has to reach, and what is known of the median. */
struct panel {
    struct reach reach; /* of the finite ratios, the claim and the bounds */
    double median;
    struct stats_bounds bounds;
    bool any; /* a pair of which both are ready */
};

/* A claim tells its own median, at the look that decided it; else it is taken from all pairs. */
static void find_median(struct panel *panel, const struct comparison *comparison,
                        const struct compared *compared)
{
    struct facts_median median;
    double *ratios;
    if (comparison->item && isfinite(comparison->item->estimate)) {
        panel->median = comparison->item->estimate;
        panel->bounds.lower = comparison->item->lower;
        panel->bounds.upper = comparison->item->upper;
        return;
    }
    ratios = xcalloc(compared->n, sizeof *ratios);
    memcpy(ratios, compared->ratios, compared->n * sizeof *ratios);
    median = facts_median_of(ratios, compared->n, compared->sizes, compared->blocks);
    panel->median = median.median;
    panel->bounds = median.bounds;
    free(ratios);
}

static struct panel find_panel(const struct comparison *comparison, const struct compared *compared)
{
    struct panel panel = {.reach = {.least = INFINITY}, .median = NAN};
    for (size_t i = 0; i < compared->n; i++) {
        panel.any = panel.any || data_is_known(compared->ratios[i]);
        data_stretch(&panel.reach, compared->ratios[i]);
    }
    if (!panel.any)
        return panel;
    data_stretch(&panel.reach, comparison->claimed_low);
    data_stretch(&panel.reach, comparison->claimed_up);
    find_median(&panel, comparison, compared);
    data_stretch(&panel.reach, panel.bounds.lower);
    data_stretch(&panel.reach, panel.bounds.upper);
    return panel;
}

/* Groups of consecutive blocks, so that the steps stay legible. */
static size_t blocks_together(const struct compared *compared)
{
    return (compared->blocks + FIGURE_MOST_BLOCKS - 1) / FIGURE_MOST_BLOCKS;
}

/* low, high, logarithmic?, median, lower, upper (open ends at the edge),
 * claimed, claimed, pairs, heading */
static void add_panel(struct text *out, const struct facts *facts,
                      const struct comparison *comparison, const struct panel *panel, size_t pairs)
{
    double edges[2];
    bool wide = data_edges(edges, &panel->reach);
    data_row(out, "ddidddddi", edges[0], edges[1], (int)wide, panel->median,
             data_is_known(panel->bounds.lower) ? panel->bounds.lower : edges[0],
             data_is_known(panel->bounds.upper) ? panel->bounds.upper : edges[1],
             comparison->claimed_low, comparison->claimed_up, (int)pairs);
    data_heading(out, facts, comparison);
}

/* Pairs of which only the least and the most are shown. */
static size_t pairs_together(const struct compared *compared)
{
    return compared->n > FIGURE_MOST_STEPS
               ? (2 * compared->n + FIGURE_MOST_STEPS - 1) / FIGURE_MOST_STEPS
               : 1;
}

/* Of each stretch of pairs the least and the most, in their order. */
static void add_points(struct text *out, const struct compared *compared)
{
    size_t wide = pairs_together(compared), rows = 0;
    for (size_t from = 0; from < compared->n; from += wide) {
        size_t least = compared->n, most = compared->n, first, second;
        for (size_t i = from; i < compared->n && i < from + wide; i++) {
            if (!data_is_known(compared->ratios[i]))
                continue;
            if (least == compared->n || compared->ratios[i] < compared->ratios[least])
                least = i;
            if (most == compared->n || compared->ratios[i] > compared->ratios[most])
                most = i;
        }
        if (least == compared->n)
            continue;
        first = least < most ? least : most;
        second = least < most ? most : least;
        data_row(out, "id", (int)first + 1, compared->ratios[first]);
        if (second != first)
            data_row(out, "id", (int)second + 1, compared->ratios[second]);
        rows++;
    }
    data_gap(out, rows, 2);
}

/* from pair, median; a last row ends the last step */
static void add_steps(struct text *out, const struct compared *compared)
{
    size_t together = blocks_together(compared), from = 0, block = 0;
    double *one = xcalloc(compared->n, sizeof *one), median = NAN;
    while (block < compared->blocks) {
        size_t size = 0;
        for (size_t end = block + together; block < end && block < compared->blocks; block++)
            size += compared->sizes[block];
        memcpy(one, compared->ratios + from, size * sizeof *one);
        stats_sort(one, size);
        median = stats_quantile(one, size, 0.5);
        data_row(out, "dd", (double)from + 0.5, data_is_known(median) ? median : NAN);
        from += size;
    }
    if (compared->n)
        data_row(out, "dd", (double)compared->n + 0.5, data_is_known(median) ? median : NAN);
    data_gap(out, compared->n, 2);
    free(one);
}

/* pair, -1 where the arm below the line failed or both did, 1 where only the one above did */
static size_t add_failed(struct text *out, const struct compared *compared)
{
    size_t rows = 0;
    for (size_t i = 0; i < compared->n && rows < FIGURE_MOST_STEPS; i++) {
        if (data_is_known(compared->ratios[i]))
            continue;
        data_row(out, "ii", (int)i + 1, compared->ratios[i] > 0 ? 1 : -1);
        rows++;
    }
    data_gap(out, rows, 2);
    return rows;
}

/* Behind which pair a new sitting begins. */
static size_t add_sittings(struct text *out, const struct facts *facts,
                           const struct comparison *comparison)
{
    const struct results_cycle *last = NULL, *cycle = NULL;
    size_t rows = 0;
    while (rows < FIGURE_MOST_STEPS &&
           (cycle = facts_next(facts, comparison->above, comparison->value, cycle))) {
        if (last && cycle->sitting != last->sitting) {
            data_row(out, "d", cycle->pair + 0.5);
            rows++;
        }
        last = cycle;
    }
    data_gap(out, rows, 1);
    return rows;
}

/* What all panels have together. */
struct totals {
    size_t panels, pairs, failed, sittings, together, claims, stretch;
};

static void add_one(struct text *facts_rows, struct text *sets, struct totals *totals,
                    const struct facts *facts, const struct comparison *comparison,
                    const struct compared *compared)
{
    struct panel panel = find_panel(comparison, compared);
    if (!panel.any)
        return;
    add_panel(facts_rows, facts, comparison, &panel, compared->n);
    add_points(sets, compared);
    add_steps(sets, compared);
    totals->failed += add_failed(sets, compared);
    totals->sittings += add_sittings(sets, facts, comparison);
    totals->panels++;
    totals->claims += comparison->item != NULL;
    totals->pairs = compared->n > totals->pairs ? compared->n : totals->pairs;
    if (blocks_together(compared) > totals->together)
        totals->together = blocks_together(compared);
    if (pairs_together(compared) > totals->stretch)
        totals->stretch = pairs_together(compared);
}

int data_ratios(struct text *out, struct results *store, const struct facts *facts, struct err *err)
{
    struct comparison comparisons[FIGURE_MOST_PANELS];
    struct text panels = {0}, sets = {0};
    struct totals totals = {0};
    size_t count = data_comparisons(comparisons, facts);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct compared compared;
        rc = data_compare(&compared, store, facts, &comparisons[i], err);
        if (rc == 0)
            add_one(&panels, &sets, &totals, facts, &comparisons[i], &compared);
        data_compared_release(&compared);
    }
    if (rc == 0 && totals.panels) {
        data_row(out, "iidiiiii", (int)totals.panels, (int)totals.pairs,
                 (double)facts->tally.span_ns / 6e10, (int)totals.failed, (int)totals.sittings,
                 (int)totals.together, (int)totals.claims, (int)totals.stretch);
        data_gap(out, 1, 8);
        text_add(out, panels.data);
        data_gap(out, totals.panels, 10);
        text_add(out, sets.data);
    }
    text_release(&panels);
    text_release(&sets);
    return rc;
}
