/* findings - how a diagnostic is put on the list; private to this room. */
#ifndef JUDGE_FINDINGS_H
#define JUDGE_FINDINGS_H

#include "judge/diagnose.h"

/* diagnosis_add - one more item, of the run as a whole; valid until the next one is added */
struct diagnosis_item *diagnosis_add(struct diagnosis *out, enum diagnosis_kind kind,
                                     enum diagnosis_level level, double figure);

/* diagnosis_say - what was seen; diagnosis_advise - what to do about it */
void diagnosis_say(struct diagnosis_item *item, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void diagnosis_advise(struct diagnosis_item *item, const char *remedy);

#define DIAGNOSIS_TAU_FLAGGED 2.0
#define DIAGNOSIS_DEPENDENCE_REMEDY                                                                \
    "more cycles, or spread over a longer time (--spread 5m); verdicts allow for it already"

/* diagnosis_sort - by kind, arm, batch size */
void diagnosis_sort(struct diagnosis *diagnosis);

/* diagnose_plan - is what is stored what was declared before the first cycle? */
int diagnose_plan(struct diagnosis *out, const struct scenario *scenario, struct results *store,
                  int64_t run, struct err *err);

#endif
