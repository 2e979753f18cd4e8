/* How often is a cycle of the faster arm shorter than one of the slower, whatever their pairs? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/stats/dependence.h"
#include "report/figure.h"

/* As cautious as the middle of the arm asks for, and the tail that meets the other arm. */
static double tau_of(const double series[], const struct compared *compared, double tail)
{
    return fmax(
        stats_measure_dependence(series, compared->n, 0.5, compared->sizes, compared->blocks).tau,
        stats_measure_dependence(series, compared->n, tail, compared->sizes, compared->blocks).tau);
}

static bool is_same(const struct facts_order *order, const struct comparison *comparison)
{
    return order->fast == comparison->below && order->slow == comparison->above &&
           order->value == comparison->value && order->metric == comparison->metric &&
           strcmp(order->agent ? order->agent : "", comparison->agent ? comparison->agent : "") ==
               0;
}

/* Another claim about the same arms may ask for another ratio. */
static bool is_known(const struct facts *facts, const struct comparison *comparison)
{
    for (size_t i = 0; i < facts->order_count; i++)
        if (is_same(&facts->orders[i], comparison))
            return true;
    return false;
}

static bool any_finite(const double series[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isfinite(series[i]))
            return true;
    return false;
}

static int read_order(struct facts *facts, struct results *store,
                      const struct comparison *comparison, struct err *err)
{
    struct compared compared;
    struct facts_order *order = &facts->orders[facts->order_count];
    if (data_compare(&compared, store, facts, comparison, err) < 0)
        return -1;
    if (any_finite(compared.below, compared.n) || any_finite(compared.above, compared.n)) {
        *order = (struct facts_order){.fast = comparison->below,
                                      .slow = comparison->above,
                                      .value = comparison->value,
                                      .metric = comparison->metric,
                                      .agent = comparison->agent,
                                      .n = compared.n,
                                      .tau = fmax(tau_of(compared.below, &compared, 0.95),
                                                  tau_of(compared.above, &compared, 0.05))};
        order->order = stats_estimate_order(compared.below, compared.n, compared.above, compared.n,
                                            order->tau, FACTS_ALPHA);
        facts->order_count++;
    }
    data_compared_release(&compared);
    return 0;
}

int facts_read_orders(struct facts *facts, struct results *store, struct err *err)
{
    int rc = 0;
    facts->orders = xcalloc(facts->verdict.count + 1, sizeof *facts->orders);
    for (size_t i = 0; rc == 0 && i < facts->verdict.count; i++) {
        const struct verdict_item *item = &facts->verdict.items[i];
        struct comparison comparison;
        if (item->claim->kind != SCENARIO_CLAIM_FASTER || item->value < 0)
            continue;
        comparison = data_compare_claimed(item);
        if (!is_known(facts, &comparison))
            rc = read_order(facts, store, &comparison, err);
    }
    return rc;
}
