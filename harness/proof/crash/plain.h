/* plain - the store's transactions as plain SQL, under any journal and sync, for controls that the
 * reference store refuses to be.
 *
 * Normal use: plain_open; plain_record and plain_finish per batch, plain_purge now and then;
 * plain_close. Every function but the last returns 0, or -1 with ERR_SYSTEM and nothing changed.
 */
#ifndef PROOF_CRASH_PLAIN_H
#define PROOF_CRASH_PLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct plain; /* opaque: one connection */

/* plain_open - journal, sync: words of the pragmas; checkpoint_pages: wal_autocheckpoint. *out is
 * to be closed in every case. */
int plain_open(struct plain **out, const char *path, const char *journal, const char *sync,
               int checkpoint_pages, struct err *err);

int plain_record(struct plain *plain, int64_t batch, const struct store_agent agents[],
                 size_t count, struct err *err);

int plain_finish(struct plain *plain, int64_t batch, const struct store_verdict *verdict,
                 const struct store_agent agents[], size_t count, struct err *err);

/* plain_purge - remove all batches up to this one and give their pages back */
int plain_purge(struct plain *plain, int64_t batch, struct err *err);

void plain_close(struct plain *plain); /* accepts NULL */

#endif
