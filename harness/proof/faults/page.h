/* page - a page of memory shared with a subject: which call of its database is to fail, and what
 * came of it.
 *
 * A file that both sides map. The harness makes it (page_create), names it to the subject in the
 * environment variable PAGE_VARIABLE, plans a fault with page_arm while the subject is idle, and
 * asks afterwards: page_fired, page_calls. The other side is the SQLite extension
 * spawnbench-faultvfs (harness/proof/crash/extension.c), which asks page_strikes at every call.
 */
#ifndef PROOF_FAULTS_PAGE_H
#define PROOF_FAULTS_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define PAGE_VARIABLE "SPAWNBENCH_FAULT_PAGE"

/* The calls that can be made to fail, each counted for itself. */
enum page_call {
    PAGE_NONE,
    PAGE_OPEN,
    PAGE_READ,
    PAGE_WRITE,
    PAGE_TRUNCATE,
    PAGE_SYNC,
    PAGE_DELETE,
    PAGE_CALLS
};

enum page_how {
    PAGE_REFUSE,     /* nothing is done, the error is returned */
    PAGE_SHORT,      /* a write writes its first half, then the error is returned */
    PAGE_LIE,        /* nothing is done, success is returned */
    PAGE_DIE_BEFORE, /* the process is killed instead of the call */
    PAGE_DIE_INSIDE, /* a write writes its first half, then the process is killed */
    PAGE_DIE_AFTER   /* the call is done, then the process is killed */
};

enum page_error { PAGE_DISK_FULL, PAGE_IO_ERROR, PAGE_READ_ONLY, PAGE_CANNOT_OPEN };

/* One planned fault. Zero: none. Plain value. */
struct page_fault {
    enum page_call call;
    enum page_how how;
    enum page_error error;
    uint64_t nth; /* the first call to fail, from 1, counted from page_arm on */
    bool sticky;  /* all later calls of this kind fail too */
};

struct page; /* opaque: one side's view */

/*
 * page_create - make the file and map it
 * page_open   - map one that is there
 *
 * errors : ERR_SYSTEM; page_open also ERR_FORMAT (it is none of ours, or of another version)
 */
int page_create(struct page **out, const char *path, struct err *err);
int page_open(struct page **out, const char *path, struct err *err);

/* page_arm - plan this fault and count anew; NULL: none, the counts stay.
 * Only while nobody calls. */
void page_arm(struct page *page, const struct page_fault *fault);

/* page_count_anew - plan nothing, and begin to count */
void page_count_anew(struct page *page);

/*
 * page_strikes - count this call; is it one that fails?
 *
 * fault   : filled when it is
 * returns : true when it is; that has been counted by then, also when the caller dies of it
 */
bool page_strikes(struct page *page, enum page_call call, struct page_fault *fault);

/* page_fired   - how often the planned fault has struck
 * page_calls   - calls of this kind since the count began
 * page_listens - somebody has mapped it with page_open */
uint64_t page_fired(const struct page *page);
uint64_t page_calls(const struct page *page, enum page_call call);
bool page_listens(const struct page *page);

void page_close(struct page *page); /* accepts NULL; the file stays */

/* page_call_name - "open", "read", "write", "truncate", "sync", "delete" */
const char *page_call_name(enum page_call call);

#endif
