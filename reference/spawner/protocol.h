/* protocol - requests in, answers out: the subject protocol, version 1: reference/PROTOCOL.md.
 *
 * Normal use: protocol_answer for every line read, until it says that this was the last.
 */
#ifndef SPAWNER_PROTOCOL_H
#define SPAWNER_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "metrics/metrics.h"
#include "spawner/spawner.h"

struct protocol {
    const char *name; /* what "opened" says we are; borrowed */
    struct spawner *spawner;
    struct metrics *metrics; /* NULL: nobody wants them */
    bool closed;             /* "close" was answered */
};

/*
 * protocol_answer - one request, one answer
 *
 * line    : without its newline, NUL-terminated
 * read_ns : when it had been read; a batch begins then
 * answer  : one line with its newline is added. A request that is wrong gets
 *           {"op":"error","text":...} and a line on stderr, and changes nothing
 */
void protocol_answer(struct protocol *protocol, const char *line, size_t length, int64_t read_ns,
                     struct text *answer);

/* protocol_tidy - what may wait until the answer is out: checkpoints */
void protocol_tidy(struct protocol *protocol);

#endif
