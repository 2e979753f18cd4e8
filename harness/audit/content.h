/* content - which tables does a database have, and how many rows are in them?
 *
 * Normal use: audit_content_read of a copy that audit_copied has looked at; audit_content_release.
 */
#ifndef AUDIT_CONTENT_H
#define AUDIT_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/copy.h"

#define CONTENT_MOST_TABLES 200

struct audit_table {
    char *name;   /* own */
    int64_t rows; /* -1: they could not be counted */
};

/* Zero is empty. */
struct audit_content {
    int64_t application_id, user_version;
    struct audit_table *tables; /* by name; SQLite's own and virtual ones are not among them */
    size_t count;
    bool more; /* than CONTENT_MOST_TABLES */
};

/*
 * audit_content_read - count the rows, read-only, within a budget (base/guard.h)
 *
 * errors : ERR_FORMAT it cannot be read at all
 */
int audit_content_read(struct audit_content *out, const struct copy *copy, struct err *err);

void audit_content_release(struct audit_content *content);

#endif
