/* shared_words - what a run tells of the databases that its agents share; private to this room. */
#ifndef REPORT_SHARED_WORDS_H
#define REPORT_SHARED_WORDS_H

#include "report/facts.h"
#include "report/junit.h"

/* All of these: nothing where the scenario names none.
 *
 * shared_terminal : lines of the summary: answer, rows, sizes, what runs away
 * chapter_shared  : a table, then what else was seen of each */
void shared_terminal(struct text *out, const struct facts *facts);
void chapter_shared(struct text *out, const struct facts *facts);

/* shared_json - one database, the caller frees it; shared_junit - as one case */
cJSON *shared_json(const struct results_shared *shared);
void shared_junit(struct junit *junit, const struct results_shared *shared);

#endif
