/* test_judged - what is in a synthetic store, judged as the runner does it. */
#ifndef JUDGE_TEST_JUDGED_H
#define JUDGE_TEST_JUDGED_H

#include "judge/judge.h"
#include "results/test_synthetic.h"

static inline struct verdict judged_verdict(struct synthetic *synthetic,
                                            const struct scenario *scenario)
{
    struct results_basis basis = {0};
    struct verdict verdict;
    struct plan plan;
    assert_int_equal(
        results_basis_load(&basis, scenario, synthetic->store, synthetic->run, &synthetic->err), 0);
    plan_build(&plan, scenario, basis.run.seed);
    judge_claims(&verdict, scenario, &plan, &basis);
    plan_release(&plan);
    results_basis_release(&basis);
    return verdict;
}

#endif
