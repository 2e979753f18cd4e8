/* subject_log - what a subject writes to its stderr: kept in a file, bounded, cut in the middle.
 *
 * Normal use: subject_log_open, hand *child to the subject and close it, subject_log_bound from
 * time to time, subject_log_close. The subject writes into the file itself, so that nobody stands
 * in its way and nothing is lost when we are killed; what is too much is cut out behind it.
 */
#ifndef CYCLE_SUBJECT_LOG_H
#define CYCLE_SUBJECT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SUBJECT_LOG_MOST_BYTES (INT64_C(16) << 20) /* it may take so much room, */
#define SUBJECT_LOG_KEPT_BYTES (INT64_C(1) << 20) /* else so much of its beginning and of its end */

struct subject_log; /* opaque */

/*
 * subject_log_open - open it to be added to, made where it is missing
 *
 * child  : what the subject writes to; the caller closes it
 * errors : ERR_SYSTEM it cannot be written; ERR_UNFIT it is no regular file
 */
struct subject_log *subject_log_open(const char *path, int *child, struct err *err);

/* subject_log_close - when its subject is gone: a log that is longer than SUBJECT_LOG_MOST_BYTES
 * gets one line in the place of its middle, that tells how much was cut. Accepts NULL */
void subject_log_close(struct subject_log *log);

/* subject_log_bound - give back the room of its middle, where it takes more than it may. Nothing
 * that is written in that moment is lost. Accepts NULL */
void subject_log_bound(struct subject_log *log);

/* subject_log_last - its last lines for a message; the caller frees it. log: or NULL */
char *subject_log_last(const struct subject_log *log, size_t most_bytes);

/* subject_log_cut - how many bytes were cut out of the log at this path so far */
int64_t subject_log_cut(const char *path);

#endif
