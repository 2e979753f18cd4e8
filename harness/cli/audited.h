/* audited - what spawnbench audit has to tell of databases, for humans and for programs. */
#ifndef CLI_AUDITED_H
#define CLI_AUDITED_H

#include <stdio.h>

#include "audit/audit.h"

/* One database that was looked at, or could not be. */
struct audited {
    const char *path; /* borrowed */
    int code;         /* exit status that it alone would give */
    bool in_place;
    struct err err; /* why it could not be looked at; ERR_NONE: it was */
    struct audit_report report;
    struct audit_findings findings;
    /* made by audited_judge */
    enum audit_answer answer;     /* all of it in one word */
    size_t counts[AUDIT_ANSWERS]; /* of rules */
    size_t in_part;               /* of those that held: not checked of each object */
};

/* audited_judge - count the answers and say what they come to */
void audited_judge(struct audited *one);

void audited_release(struct audited *one);

/* audited_tell - the answer, then the file, then what is broken and what was not checked */
void audited_tell(const struct audited *one);

/* audited_tell_sum - several of them in one line */
void audited_tell_sum(const struct audited all[], size_t count);

/* audited_tell_json - one document, harness/cli/audit.schema.json: of one database, or of several
 * an object that holds them */
void audited_tell_json(const struct audited all[], size_t count);

/* audited_tell_junit - a suite for each database; errors: ERR_SYSTEM */
int audited_tell_junit(FILE *out, const struct audited all[], size_t count, struct err *err);

/* audited_name - the kind of it in words: "a spawner's store" */
const char *audited_name(const struct audited *one);

#endif
