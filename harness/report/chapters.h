/* chapters - the parts of benchmarks.md, in the order they are read; private to this room. */
#ifndef REPORT_CHAPTERS_H
#define REPORT_CHAPTERS_H

#include "report/facts.h"
#include "report/words.h"

/* chapter_asked.c: what was asked, which machine, what came out */
void chapter_asked(struct text *out, const struct facts *facts);
void chapter_machine(struct text *out, const struct facts *facts);
void chapter_verdicts(struct text *out, const struct facts *facts);

/* chapter_times.c: figures of the arms, the split of the speedup, where the time goes */
void chapter_times(struct text *out, const struct facts *facts);
void chapter_split(struct text *out, const struct facts *facts);
void chapter_orders(struct text *out, const struct facts *facts);
void chapter_phases(struct text *out, const struct facts *facts);

/* chapter_scaling.c: the law by which spawn time grows; nothing without three batch sizes */
void chapter_scaling(struct text *out, const struct facts *facts);

/* chapter_trust.c: integrity, failures, diagnostics */
int chapter_integrity(struct text *out, struct results *store, const struct facts *facts,
                      struct err *err);
void chapter_diagnostics(struct text *out, const struct facts *facts);

/* chapter_locks.c: who held the locks of databases; nothing where that was not looked at */
int chapter_locks(struct text *out, struct results *store, const struct facts *facts,
                  struct err *err);

/* chapter_proofs.c: faults survived, controls, the matrix of damage,
 * the crash walk, apart from any run */
int chapter_proofs(struct text *out, struct results *store, struct err *err);

/* chapter_method.c: how to do it again; how each number was computed, and its limits */
void chapter_again(struct text *out, const struct facts *facts);
void chapter_method(struct text *out);

#endif
