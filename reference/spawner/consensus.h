/* consensus - what did most agents say? */
#ifndef SPAWNER_CONSENSUS_H
#define SPAWNER_CONSENSUS_H

#include <stddef.h>

#include "spawner/batch.h"

/* The most frequent vote. `answer` is own memory, NULL without a strict majority. */
struct consensus {
    const char *verdict; /* "agreed" or "split" */
    char *answer;
    size_t votes; /* for the most frequent vote, majority or not */
};

/*
 * consensus_vote - what one output says: its JSON member "answer" if it is an object with such a
 * string, else itself without the white space around it
 *
 * vote_length : of its bytes, among which may be NULs
 * returns     : fresh memory
 */
char *consensus_vote(const char *output, size_t length, size_t *vote_length);

/*
 * consensus_decide - strict majority of the ready agents of a collected batch
 *
 * An agent that ended badly (status other than 0, signal) or said nothing has no vote, but counts
 * as one who could have voted: 2 of 4 is no majority.
 */
struct consensus consensus_decide(const struct batch *batch);

#endif
