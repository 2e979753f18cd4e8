/* race_store - the same race tried against the reference store; a part of race.c. */
#ifndef PROOF_CRASH_RACE_STORE_H
#define PROOF_CRASH_RACE_STORE_H

#include <stdbool.h>

#include "proof/crash/race.h"

/* race_store - one schedule; commits: batches before, within, after the moment. Fills the tally. */
int race_store(struct race_tally *tally, enum race_way way, const char *path, const int commits[3],
               struct err *err);

/*
 * race_audit - all is closed: count one schedule
 *
 * question : gives a row for each acknowledged row that is there
 * told     : some call has told of an error
 */
void race_audit(struct race_tally *tally, const char *path, size_t acknowledged,
                const char *question, bool told);

#endif
