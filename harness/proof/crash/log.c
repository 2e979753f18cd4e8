/* What did one run do to its files, in order? */
#include "proof/crash/log.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *const suffixes[CRASH_NAMES] = {"", "-wal", "-journal"};

const char *log_suffix(enum crash_name name)
{
    return suffixes[name];
}

static bool ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), most = strlen(ending);
    return length >= most && strcmp(path + length - most, ending) == 0;
}

enum crash_name log_name_of(const char *path)
{
    if (!path)
        return CRASH_NAMES;
    if (ends_in(path, suffixes[CRASH_WAL]))
        return CRASH_WAL;
    return ends_in(path, suffixes[CRASH_JOURNAL]) ? CRASH_JOURNAL : CRASH_DATABASE;
}

void log_add(struct crash_log *log, struct crash_op op)
{
    if (log->count == log->room) {
        log->room = log->room ? 2 * log->room : 256;
        log->ops = xrealloc(log->ops, log->room, sizeof log->ops[0]);
    }
    if (op.data) {
        unsigned char *copy = xcalloc(op.bytes ? op.bytes : 1, 1);
        memcpy(copy, op.data, op.bytes);
        op.data = copy;
    }
    op.acknowledged = log->acknowledged;
    log->ops[log->count++] = op;
}

void log_release(struct crash_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        free(log->ops[i].data);
    free(log->ops);
    *log = (struct crash_log){0};
}
