/* How often is a cycle of the faster arm shorter than one of the slower, whatever their pairs? */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "report/figure.h"

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
                                      .tau = fmax(data_tau(compared.below, &compared, 0.95),
                                                  data_tau(compared.above, &compared, 0.05))};
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
