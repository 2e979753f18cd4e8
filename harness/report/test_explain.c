/* Is the limit of a speedup the right one, is it said plainly,
 * and is too good to be true noticed? */
#include "report/facts.h"
#include "report/report.h"
#include "report/test_fixture.h"

#define TWO_CORES "{\"cpus_online\":64,\"cpus_usable\":2}"

/* A stored run with its facts. */
struct told {
    char *folder;
    struct results *store;
    int64_t run;
    struct facts facts;
};

static void tell(struct told *out, const struct fixture *fixture)
{
    struct err err = {0};
    out->folder = fixture_folder();
    out->store = fixture_store(out->folder);
    out->run = fixture_run(out->store, fixture);
    if (facts_load(&out->facts, out->store, out->run, &err) < 0)
        fail_msg("%s", err.text);
}

static void forget(struct told *told)
{
    facts_release(&told->facts);
    results_close(told->store);
    fixture_remove(told->folder);
}

static char *terminal(const struct told *told)
{
    char *text = NULL;
    size_t length = 0;
    struct err err = {0};
    FILE *out = open_memstream(&text, &length);
    if (report_terminal(out, told->store, told->run, false, &err) < 0)
        fail_msg("%s", err.text);
    fclose(out);
    return text;
}

static void assert_says(const char *text, const char *words)
{
    const char *limit = text ? strstr(text, "  limit") : NULL;
    if (!text || !strstr(text, words))
        fail_msg("'%s' is not said in: %s", words, limit ? limit : "");
}

static void cores_are_the_lesser_of_affinity_and_quota(void **state)
{
    (void)state;
    assert_true(explain_cores("{\"cpus_usable\":4}") == 4);
    assert_true(explain_cores("{\"cpus_usable\":4,\"cpus_quota\":1.5}") == 1.5);
    assert_true(explain_cores("{\"cpus_usable\":4,\"cpus_quota\":8}") == 4);
    assert_true(explain_cores("{\"cpus_usable\":4,\"cpu_quota\":\"200000 100000\"}") == 2);
    assert_true(explain_cores("{\"cpus_usable\":4,\"cpu_quota\":\"max 100000\"}") == 4);
    assert_true(explain_cores("{\"cpus_usable\":4,\"cpu_quota\":\"nonsense\"}") == 4);
    assert_true(explain_cores("{\"cpus_usable\":4,\"cpu_quota\":\"5\"}") == 4);
    assert_true(isnan(explain_cores("{\"cpus_online\":2}")));
    assert_true(isnan(explain_cores("none")));
}

static void agents_that_burn_are_limited_by_cores(void **state)
{
    struct told told;
    const struct explain_size *size;
    char *text;
    (void)state;
    tell(&told,
         &(struct fixture){.scenario = fixture_cpu_bound, .environment = TWO_CORES, .burners = 2});
    size = &told.facts.explain->sizes[0];
    assert_true(size->known && size->has_cpu && size->pairs == 40 && !size->violates);
    assert_true(size->binding == STATS_BINDING_CPU);
    assert_true(size->bound.median == 30e6); /* 3 agents of 20 ms on 2 cores */
    assert_true(size->attained.median > 0.85 && size->attained.median < 1);
    assert_true(size->busy.median > 0.95 && size->busy.median < 1);
    text = terminal(&told);
    assert_says(text, "3.0x claimed, at most 2.0x possible here: the agents burn CPU and there are "
                      "2 cores\n");
    assert_says(text, "attained 9");
    free(text);
    forget(&told);
}

static void work_after_ready_is_no_limit(void **state)
{
    struct told told;
    (void)state;
    tell(&told, &(struct fixture){.scenario = fixture_cpu_bound,
                                  .environment = TWO_CORES,
                                  .burners = 2,
                                  .linger = true});
    assert_true(told.facts.explain->sizes[0].bound.median == 30e6);
    assert_false(told.facts.explain->sizes[0].violates);
    forget(&told);
}

static void agents_that_wait_are_limited_by_the_slowest(void **state)
{
    struct told told;
    const struct explain_size *size;
    char *text;
    (void)state;
    tell(&told, &(struct fixture){.scenario = fixture_three_agents});
    size = &told.facts.explain->sizes[0];
    assert_true(size->known && size->pairs == 100 && size->binding == 0 && !size->violates);
    assert_true(size->source == EXPLAIN_OWN && !size->has_cpu && size->busy.n == 0);
    assert_true(size->bound.median == size->slowest.median);
    assert_true(size->possible.median > 3 && size->possible.median < 3.3);
    assert_true(size->serial.median > 0.01 && size->serial.median < 0.1);
    text = terminal(&told);
    assert_says(text, "at most 3.2x is possible here: the slowest agent alone takes 45.");
    assert_says(text, "CPU time or cores are not known");
    assert_null(strstr(text, "claimed, at most"));
    free(text);
    forget(&told);
}

static void without_a_witness_the_spawner_is_asked(void **state)
{
    struct told told, own;
    (void)state;
    tell(&told, &(struct fixture){.scenario = fixture_three_agents, .unwitnessed = true});
    tell(&own, &(struct fixture){.scenario = fixture_three_agents});
    assert_true(told.facts.explain->sizes[0].source == EXPLAIN_SEEN);
    assert_true(told.facts.explain->sizes[0].bound.median >
                own.facts.explain->sizes[0].bound.median);
    forget(&own);
    forget(&told);
}

static void faster_than_possible_is_noticed(void **state)
{
    struct told told;
    char *text;
    int slow, fast;
    (void)state;
    tell(&told, &(struct fixture){.scenario = fixture_three_agents, .skip = true});
    slow = scenario_find_arm(&told.facts.scenario, "sequential");
    fast = scenario_find_arm(&told.facts.scenario, "parallel");
    assert_true(told.facts.explain->sizes[0].violates);
    assert_true(told.facts.explain->sizes[0].known);
    assert_int_equal(told.facts.explain->sizes[0].slow, slow);
    assert_int_equal(told.facts.explain->sizes[0].fast, fast);
    text = terminal(&told);
    assert_says(text, "faster than possible");
    assert_null(strstr(text, "attained"));
    free(text);
    forget(&told);
}

/* Parallel agents disturb each other: their times set no limit for anybody. */
static void an_overlapping_arm_sets_no_limit(void **state)
{
    static const char scenario[] =
        "{\"name\":\"odd\",\"cycles\":10," FIXTURE_AGENTS "," FIXTURE_ARMS ","
        "\"claims\":[{\"id\":\"A\",\"faster\":\"sequential\",\"than\":\"parallel\","
        "\"at_least\":1.0}]}";
    struct told told;
    (void)state;
    tell(&told, &(struct fixture){.scenario = scenario});
    assert_false(told.facts.explain->sizes[0].known);
    assert_int_equal(told.facts.explain->sizes[0].mixed, 10);
    forget(&told);
}

static void failed_cycles_explain_nothing(void **state)
{
    struct told told;
    (void)state;
    tell(&told, &(struct fixture){.scenario = fixture_three_agents, .all_fail = true});
    assert_false(told.facts.explain->sizes[0].known);
    forget(&told);
    tell(&told, &(struct fixture){.scenario = fixture_three_agents, .fail_every = 5});
    assert_true(told.facts.explain->sizes[0].known);
    assert_true(told.facts.explain->sizes[0].pairs < 100);
    forget(&told);
}

static void a_sweep_has_a_law_for_each_arm(void **state)
{
    struct told told;
    const struct explain_law *one_by_one, *at_once;
    char *text, *again;
    (void)state;
    tell(&told, &(struct fixture){.scenario = fixture_sweep, .environment = TWO_CORES});
    one_by_one = &told.facts.explain->laws[0];
    at_once = &told.facts.explain->laws[1];
    assert_true(one_by_one->fits && at_once->fits && !at_once->thin);
    assert_true(at_once->sizes == 6 && at_once->most == 8 && at_once->band.rounds == 20);
    assert_true(one_by_one->band.fit.sigma > 0.9 && one_by_one->band.fit.sigma < 1.1);
    assert_true(at_once->band.fit.sigma > 0.003 && at_once->band.fit.sigma < 0.02);
    assert_true(at_once->at[0] == 1 && fabs(at_once->at[EXPLAIN_STEPS - 1] - 12) < 1e-9);
    assert_true(at_once->lower[0] > 0 && at_once->upper[0] >= at_once->lower[0]);
    assert_true(told.facts.explain->sizes[0].serial.median == 1); /* a single agent */
    assert_true(told.facts.explain->sizes[5].serial.median < 0.2);
    text = terminal(&told);
    again = terminal(&told);
    assert_string_equal(text, again);
    assert_says(text, "scaling  parallel: one agent takes 4");
    assert_null(strstr(text, "fewer than 6 batch sizes"));
    free(again);
    free(text);
    forget(&told);
}

static void what_is_not_known_of_the_cores_is_cautioned(void **state)
{
    struct told told;
    char *text;
    (void)state;
    tell(&told, &(struct fixture){.scenario = fixture_sweep});
    text = terminal(&told);
    assert_true(told.facts.explain->laws[1].thin);
    assert_says(text, "fewer than 6 batch sizes");
    free(text);
    forget(&told);
}

static void laws_are_said_as_they_are(void **state)
{
    struct text out = {0};
    struct explain_law law = {.tried = true, .fits = true, .most = 20};
    (void)state;
    law.band = (struct stats_usl_band){.fit = {.t1 = 46e6, .sigma = 0.004, .peak_n = NAN},
                                       .sigma_lower = 0.003,
                                       .sigma_upper = 0.005,
                                       .kappa_upper = 0.0002};
    explain_law(&out, &law);
    assert_string_equal(out.data,
                        "one agent takes 46.0 ms; each further one adds 0.4 % of that [0.3 % .. "
                        "0.5 %] (sigma); that agents hold up each other is not seen (kappa 0, at "
                        "most 0.02 %)");
    text_clear(&out);
    law.band.fit.kappa = 0.0001;
    law.band.fit.peak_n = 99.8;
    explain_law(&out, &law);
    assert_says(out.data, "each agent holds up each other one by 0.01 % [0 % .. 0.02 %] (kappa)");
    assert_null(strstr(out.data, "throughput")); /* kappa may be 0: no peak is sure */
    law.band.kappa_lower = 0.00005;
    explain_law(&out, &law);
    assert_says(out.data, "throughput is largest beyond 20 agents, the most measured");
    text_clear(&out);
    law.band.sigma_lower = 0.99;
    explain_law(&out, &law);
    assert_says(out.data, "more agents at once gain next to nothing");
    text_clear(&out);
    law.fits = false;
    law.band.misfit.p = 1e-6;
    explain_law(&out, &law);
    assert_string_equal(out.data, "the model does not fit (p < 0.0001), so its parameters mean "
                                  "nothing here");
    text_release(&out);
}

static void limits_are_told_apart_from_claims(void **state)
{
    struct text out = {0};
    const struct explain explain = {.cores = 2};
    struct explain waiting = {.cores = 2};
    struct explain_size size = {.known = true, .ratio = 3, .binding = STATS_BINDING_CPU};
    (void)state;
    size.possible.median = 2.98;
    size.possible.bounds = (struct stats_bounds){2.97, 2.99, true, true};
    explain_limit(&out, &explain, &size);
    assert_string_equal(out.data, "3.00x claimed, at most 2.98x possible here: the agents burn CPU "
                                  "and there are 2 cores");
    text_clear(&out);
    size.possible.bounds.upper = 3.01;
    explain_limit(&out, &explain, &size);
    assert_says(out.data, "3.00x claimed, some 2.98x possible here, though the cycles are too few");
    text_clear(&out);
    size.ratio = 2;
    explain_limit(&out, &explain, &size);
    assert_says(out.data, "at most 3.0x is possible here");
    text_clear(&out);
    size.has_cpu = true;
    size.busy.median = 0.45;
    waiting.pressure = 0.9;
    explain_limit(&out, &waiting, &size);
    assert_says(out.data, "not told: some task waited for a CPU in 90 % of the time");
    text_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cores_are_the_lesser_of_affinity_and_quota),
        cmocka_unit_test(agents_that_burn_are_limited_by_cores),
        cmocka_unit_test(work_after_ready_is_no_limit),
        cmocka_unit_test(agents_that_wait_are_limited_by_the_slowest),
        cmocka_unit_test(without_a_witness_the_spawner_is_asked),
        cmocka_unit_test(faster_than_possible_is_noticed),
        cmocka_unit_test(an_overlapping_arm_sets_no_limit),
        cmocka_unit_test(failed_cycles_explain_nothing),
        cmocka_unit_test(a_sweep_has_a_law_for_each_arm),
        cmocka_unit_test(what_is_not_known_of_the_cores_is_cautioned),
        cmocka_unit_test(laws_are_said_as_they_are),
        cmocka_unit_test(limits_are_told_apart_from_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
