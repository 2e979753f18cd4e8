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
#include "proof/crash/shim.h"

#define PAGE_VARIABLE "SPAWNBENCH_FAULT_PAGE"

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
void page_arm(struct page *page, const struct shim_fault *fault);

/* page_count_anew - plan nothing, and begin to count */
void page_count_anew(struct page *page);

/*
 * page_strikes - count this call; is it one that fails?
 *
 * fault   : filled when it is
 * returns : true when it is; that has been counted by then, also when the caller dies of it
 */
bool page_strikes(struct page *page, enum shim_call call, struct shim_fault *fault);

/* page_fired   - how often the planned fault has struck
 * page_calls   - calls of this kind since the count began
 * page_listens - somebody has mapped it with page_open */
uint64_t page_fired(const struct page *page);
uint64_t page_calls(const struct page *page, enum shim_call call);
bool page_listens(const struct page *page);

void page_close(struct page *page); /* accepts NULL; the file stays */

/* page_call_name - "open", "read", "write", "truncate", "sync", "delete" */
const char *page_call_name(enum shim_call call);

#endif
