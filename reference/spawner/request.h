/* request - what one line asks for, read whole before anything is done about it.
 *
 * Normal use: request_read, act on its op, request_release. Reading starts nothing, opens nothing
 * and needs no database, so whatever a line says, it costs no more than its length.
 */
#ifndef SPAWNER_REQUEST_H
#define SPAWNER_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "spawner/batch.h"

enum request_op { REQUEST_OPEN, REQUEST_SPAWN, REQUEST_FINISH, REQUEST_CLOSE };

/* One request. Zero is none. Strings live until request_release. */
struct request {
    enum request_op op;
    const char *database, *run; /* open */
    bool durability_full;       /* open */
    struct batch *batch;        /* spawn; owned, set it to NULL to take it */
    int64_t number;             /* finish: the batch that is meant */
    const char *prompt;         /* finish */
    bool consensus;             /* finish */
    cJSON *message;             /* owned: where the strings live; NULL for spawn, see batch.h */
};

/*
 * request_read - one line of the subject protocol
 *
 * line   : without its newline, NUL-terminated
 * out    : whole or zero
 * errors : ERR_FORMAT naming the key and what was expected
 */
int request_read(struct request *out, const char *line, size_t length, struct err *err);

void request_release(struct request *request);

#endif
