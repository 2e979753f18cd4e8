/* Does the plan say what it can decide, with the figures of the exact binomial? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/forecast.h"
#include "results/test_synthetic.h"

static char *forecast(const char *cycles, const char *claim, struct results *store)
{
    struct results_basis earlier = {0};
    struct scenario scenario = {0};
    struct plan plan;
    struct text out = {0};
    struct err err = {0};
    char *text = text_format(
        "{\"name\": \"invented\", \"agents\": [{\"name\": \"a\", \"command\": [\"x\"]}], \"arms\":"
        " [{\"name\": \"slow\", \"subject\": [\"x\"]}, {\"name\": \"fast\", \"subject\": [\"x\"]}],"
        " \"cycles\": %s, \"claims\": [%s]}",
        cycles, claim);
    if (scenario_parse(&scenario, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    plan_build(&plan, &scenario, 7);
    if (store)
        results_basis_earlier(&earlier, &scenario, store);
    forecast_write(&out, &scenario, &plan, &earlier);
    results_basis_release(&earlier);
    plan_release(&plan);
    scenario_release(&scenario);
    free(text);
    return text_take(&out);
}

static void says(char *told, const char *sentence)
{
    if (!strstr(told, sentence))
        fail_msg("expected '%s' in:\n%s", sentence, told);
}

static const char limit[] =
    "{\"id\": \"C\", \"arm\": \"slow\", \"quantile\": 0.95, \"at_most\": \"50ms\"}";
static const char faster[] =
    "{\"id\": \"C\", \"faster\": \"fast\", \"than\": \"slow\", \"at_least\": 3}";

static void a_hundred_cycles_ask_for_a_p99(void **state)
{
    char *told = forecast("100", limit, NULL);
    (void)state;
    says(told,
         "supported when at most 1 of 100 cycles speak against it, refuted from 10 of 100 on");
    says(told, "100 cycles can support it only if about 99.2 % of cycles are at or below 50.0 ms");
    /* judge/STATISTICS.md 2.2 */
    says(told, "  1 %       74 %      0 %         100            124       153");
    free(told);
}

static void looks_have_their_exact_power(void **state)
{
    char *told = forecast("{\"looks\": [100, 200, 400]}", limit, NULL);
    (void)state;
    says(told, "at most 0 of 100, 3 of 200, 12 of 400 cycles");
    says(told, "  2 %       94 %      0 %         297"); /* judge/STATISTICS.md 5 */
    free(told);
}

static void too_few_cycles_are_told_beforehand(void **state)
{
    char *told = forecast("40", limit, NULL);
    (void)state;
    says(told, "40 cycles can never support it: a p95 needs 59");
    says(told, "so few cycles can never support it, refuted from 5 of 40 on");
    free(told);
}

static void shares_stay_below_all_of_them(void **state)
{
    char *told = forecast("100",
                          "{\"id\": \"C\", \"arm\": \"slow\", \"quantile\": 0.9, \"at_least\": "
                          "\"1ms\"}",
                          NULL);
    (void)state;
    if (strstr(told, "nan"))
        fail_msg("%s", told);
    says(told, "         90 %"); /* what the claim allows */
    free(told);
}

static void a_ratio_says_which_spread_it_assumes(void **state)
{
    char *told = forecast("100", faster, NULL);
    (void)state;
    says(told, "with a spread of 11 % between pairs (assumed, no earlier run)");
    says(told, "3.15x"); /* five percent above the claim */
    free(told);
}

/* Forty pairs of a stored run that asked with this prompt. */
static void put_earlier(struct synthetic *synthetic, const char *prompt)
{
    char *asked = text_format(
        "{\"name\": \"invented\", \"agents\": [{\"name\": \"a\", \"command\": [\"x\"]}],"
        " \"arms\": [{\"name\": \"slow\", \"subject\": [\"x\"]}, {\"name\": \"fast\","
        " \"subject\": [\"x\"]}], \"cycles\": 40%s}",
        prompt);
    synthetic_begin(synthetic, asked);
    for (int pair = 0; pair < 40; pair++)
        for (int arm = 0; arm < 2; arm++)
            synthetic_put(synthetic,
                          &(struct synthetic_cycle){.pair = pair,
                                                    .arm = arm,
                                                    .spawn_ns = 1000 * (3 - arm) + pair * 7 % 41});
    free(asked);
}

static void the_spread_of_an_earlier_run_is_used(void **state)
{
    struct synthetic *synthetic = *state;
    char *told;
    put_earlier(synthetic, "");
    told = forecast("100", faster, synthetic->store);
    says(told, "between the pairs of run 2");
    free(told);
}

static void a_run_with_another_prompt_is_no_earlier_run(void **state)
{
    struct synthetic *synthetic = *state;
    char *told;
    put_earlier(synthetic, ", \"prompt\": \"another\"");
    told = forecast("100", faster, synthetic->store);
    says(told, "(assumed, no earlier run)");
    free(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_cycles_ask_for_a_p99),
        cmocka_unit_test(looks_have_their_exact_power),
        cmocka_unit_test(too_few_cycles_are_told_beforehand),
        cmocka_unit_test(shares_stay_below_all_of_them),
        cmocka_unit_test(a_ratio_says_which_spread_it_assumes),
        cmocka_unit_test_setup_teardown(the_spread_of_an_earlier_run_is_used, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(a_run_with_another_prompt_is_no_earlier_run, synthetic_new,
                                        synthetic_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
