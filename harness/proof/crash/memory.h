/* memory - SQLite's allocator, which says no when told to.
 *
 * Normal use: memory_install before SQLite is first used; memory_fail to plan a refusal. Only
 * SQLite's own memory: what the store allocates itself ends the process when there is none
 * (base/text.h).
 *
 * source : https://sqlite.org/malloc.html#testing_for_memory_leaks, SQLITE_CONFIG_MALLOC
 */
#ifndef PROOF_CRASH_MEMORY_H
#define PROOF_CRASH_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* memory_install - stand before SQLite's allocator for the rest of the process; again is harmless.
 * errors : ERR_INTERNAL SQLite was in use already */
int memory_install(struct err *err);

/* memory_is_installed - may memory_fail be used? */
bool memory_is_installed(void);

/* memory_fail - refuse the nth request from now on, and with sticky all later ones;
 * 0: none. Counts begin anew. */
void memory_fail(uint64_t nth, bool sticky);

void memory_relent(void); /* refuse no more; the counts stay */

uint64_t memory_calls(void); /* requests since memory_fail */
uint64_t memory_fired(void); /* refused ones since memory_fail */

#endif
