/* crash_trial - the reference store at a fixed piece of work, with the promises that it made.
 *
 * Normal use, for one run with one fault: trial_new; plant the fault; trial_work; close
 * trial.store; take the fault away; trial_audit, trial_audit_kills, trial_recover; trial_release.
 * What is wrong goes into the tally.
 */
#ifndef PROOF_CRASH_CRASH_TRIAL_H
#define PROOF_CRASH_CRASH_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proof/crash/injected.h"
#include "proof/crash/log.h"
#include "proof/crash/promises.h"
#include "store/store.h"

#define TRIAL_BATCHES 3
#define TRIAL_HEALTHY (TRIAL_BATCHES + 1) /* number of the batch that must go well */
#define TRIAL_AGAIN   (TRIAL_BATCHES + 2) /* ... of one tried while the fault lasts */

/* The promises as they stood at each moment; the log's `acknowledged` is the number of a moment. */
struct trial_history {
    struct promises *moments;
    size_t count;
};

/* One run with one fault. */
struct trial {
    const struct injected_mode *mode; /* borrowed, as the tally */
    struct injected_tally *tally;
    struct promises now;
    struct trial_history history;
    struct crash_log log;
    char *path;
    struct store *store; /* open after trial_work, unless it could not be opened */
    bool told;           /* some call of the store has returned an error */
};

struct trial trial_new(const struct injected_mode *mode, struct injected_tally *tally,
                       const char *folder);
void trial_release(struct trial *trial); /* its files are removed */

/* trial_work - open the store, TRIAL_BATCHES batches with a tidying after each */
void trial_work(struct trial *trial);

/* trial_batch - one more; returns -1 when it was refused */
int trial_batch(struct trial *trial, int batch);

/* trial_audit - does the database hold what the promises say? when: for the tally */
void trial_audit(struct trial *trial, const char *when);

/* trial_audit_kills - the same for states after a process kill in this run, which the shim has
 * recorded in trial->log: at its end, before it closed, and at some calls before */
void trial_audit_kills(struct trial *trial, uint64_t seed);

/* trial_recover - the fault is over: what was interrupted is told, and a batch goes well */
void trial_recover(struct trial *trial);

#endif
