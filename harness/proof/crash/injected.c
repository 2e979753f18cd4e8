/* If any one call of the disk fails, or there is no memory or space left,
 * does the store still keep what it has said? */
#include "proof/crash/injected.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/crash/crash_trial.h"
#include "proof/crash/disk.h"
#include "proof/crash/memory.h"
#include "proof/crash/scratch.h"
#include "proof/faults/space.h"

/* There are so many more requests for memory than calls of the disk; with the sanitizer, which is
 * slow and looks for other things, fewer of them are refused. */
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MORE 4
#else
#define MEMORY_MORE 16
#endif
#define MEMORY_KILLS 16
#define SPACE_PAGES  256 /* more than the work needs */
#define SPACE_MOST   60  /* pages: with so many left the work goes well */

const struct injected_kind injected_kinds[] = {
    {"write: disk full", INJECTED_DISK, SHIM_WRITE, SHIM_REFUSE, SQLITE_FULL, false},
    {"write: I/O error", INJECTED_DISK, SHIM_WRITE, SHIM_REFUSE, SQLITE_IOERR_WRITE, false},
    {"write: short, disk full", INJECTED_DISK, SHIM_WRITE, SHIM_SHORT, SQLITE_FULL, false},
    {"write: short, I/O error", INJECTED_DISK, SHIM_WRITE, SHIM_SHORT, SQLITE_IOERR_WRITE, false},
    {"sync: I/O error", INJECTED_DISK, SHIM_SYNC, SHIM_REFUSE, SQLITE_IOERR_FSYNC, false},
    {"truncate: I/O error", INJECTED_DISK, SHIM_TRUNCATE, SHIM_REFUSE, SQLITE_IOERR_TRUNCATE,
     false},
    {"delete: I/O error", INJECTED_DISK, SHIM_DELETE, SHIM_REFUSE, SQLITE_IOERR_DELETE, false},
    {"open: refused", INJECTED_DISK, SHIM_OPEN, SHIM_REFUSE, SQLITE_CANTOPEN, false},
    {"read: I/O error", INJECTED_DISK, SHIM_READ, SHIM_REFUSE, SQLITE_IOERR_READ, false},
    {"memory: none left", INJECTED_MEMORY, SHIM_NONE, SHIM_REFUSE, SQLITE_NOMEM, false},
    {"space: disk really full", INJECTED_SPACE, SHIM_NONE, SHIM_REFUSE, SQLITE_FULL, false},
    {"control: write lost", INJECTED_DISK, SHIM_WRITE, SHIM_LIE, SQLITE_OK, true},
    {NULL, INJECTED_DISK, SHIM_NONE, SHIM_REFUSE, SQLITE_OK, false},
};

const struct injected_mode injected_modes[] = {
    {"batch-full", false, true, 0},
    {"batch-full-checkpoint", false, true, 8},
    {"each-full-checkpoint", true, true, 8},
    {"batch-normal-checkpoint", false, false, 8},
    {NULL, false, false, 0},
};

/* All runs of one kind in one mode. */
struct series {
    const struct injected_kind *kind; /* NULL: no fault */
    const struct injected_mode *mode;
    const char *folder; /* of the store: that of the program, or a small disk below it */
    uint64_t seed;
    struct injected_tally *tally;
};

const char *injected_source_name(enum injected_source source)
{
    static const char *const names[] = {"disk", "memory", "space"};
    return names[source];
}

/* ---- the fault ---- */

static bool is_of(const struct series *series, enum injected_source source)
{
    return series->kind && series->kind->source == source;
}

static void plant(const struct series *series, uint64_t nth, bool sticky)
{
    struct shim_fault fault = {.call = SHIM_NONE};
    if (is_of(series, INJECTED_DISK))
        fault = (struct shim_fault){.call = series->kind->call,
                                    .how = series->kind->how,
                                    .nth = nth,
                                    .code = series->kind->code,
                                    .sticky = sticky};
    if (is_of(series, INJECTED_SPACE))
        space_fill(series->folder, (size_t)nth, NULL);
    shim_fail(&fault);
    memory_fail(is_of(series, INJECTED_MEMORY) ? nth : 0, sticky);
}

/* Has it struck? A full disk is known only by what the store says. */
static bool take_away(const struct series *series, const struct trial *trial)
{
    bool struck = shim_fired() > 0 || memory_fired() > 0;
    if (is_of(series, INJECTED_SPACE)) {
        space_clear(series->folder);
        struck = trial->told;
    }
    return struck;
}

/* Opened anew while the disk is still full: it may refuse, or find room in what it has. */
static void try_again(struct trial *trial)
{
    trial->store = NULL;
    if (store_open(&trial->store, trial->path, trial->mode->full, "walk", NULL) < 0)
        trial->told = true;
    else
        trial_batch(trial, TRIAL_AGAIN);
    store_close(trial->store);
}

/* ---- one run ---- */

/* A refused request changes little of what a kill would leave: looked at now and then. */
static bool is_killed(const struct series *series)
{
    return !is_of(series, INJECTED_MEMORY) || series->tally->runs % MEMORY_KILLS == 0;
}

static void judge(const struct series *series, struct trial *trial, uint64_t nth)
{
    series->tally->runs++;
    series->tally->silent += !trial->told;
    trial_audit(trial, "after the fault");
    if (is_killed(series))
        trial_audit_kills(trial, series->seed ^ nth);
    trial_recover(trial);
}

/* Did it strike? */
static bool try(const struct series *series, uint64_t nth, bool sticky)
{
    struct trial trial = trial_new(series->mode, series->tally, series->folder);
    bool struck;
    scratch_randomness(series->seed);
    shim_stand_in(true);
    shim_record(&trial.log);
    plant(series, nth, sticky);
    trial_work(&trial);
    shim_record(NULL);
    store_close(trial.store);
    if (is_of(series, INJECTED_SPACE) && trial.told) {
        shim_record(&trial.log);
        try_again(&trial);
        shim_record(NULL);
    }
    struck = take_away(series, &trial);
    memory_relent();
    shim_stand_in(false);
    if (struck)
        judge(series, &trial, nth);
    trial_release(&trial);
    return struck;
}

/* ---- all of them ---- */

/* How many chances to fail the work gives when nothing does. */
static int count_calls(const struct series *series, size_t *calls, struct err *err)
{
    struct injected_tally tally = {0};
    struct series plain = *series;
    uint64_t requests;
    plain.kind = NULL;
    plain.tally = &tally;
    try(&plain, 0, false);
    requests = memory_calls();
    if (tally.refused + tally.unknown > 0 || shim_calls(SHIM_WRITE) == 0)
        return err_set(err, ERR_SYSTEM, "mode '%s' fails without a fault", series->mode->name);
    *calls = (size_t)shim_calls(series->kind->call);
    if (series->kind->source == INJECTED_SPACE)
        *calls = SPACE_MOST;
    else if (series->kind->source == INJECTED_MEMORY)
        *calls = (size_t)requests;
    return 0;
}

static void name_call(const struct series *series, uint64_t nth, bool sticky)
{
    struct injected_tally *tally = series->tally;
    static const char *const words[] = {"call", "request", "pages left:"};
    char *why = text_format("%s %llu%s: %s", words[series->kind->source], (unsigned long long)nth,
                            sticky ? " and all later ones" : "", tally->why);
    snprintf(tally->why, sizeof tally->why, "%s", why);
    free(why);
}

/* Space has no "once": who has filled the disk does not empty it between two writes. */
static void try_calls(const struct series *series, size_t calls, size_t most)
{
    size_t ways = series->kind->source == INJECTED_SPACE ? 1 : 2, bad = 0;
    size_t step;
    if (series->kind->source == INJECTED_MEMORY)
        most *= MEMORY_MORE;
    step = most && calls > most ? (calls + most - 1) / most : 1;
    for (size_t n = 1; n <= ways * calls; n += step) {
        bool sticky = n > calls;
        uint64_t nth = sticky ? n - calls : n;
        try(series, nth, sticky);
        if (series->tally->bad > 0 && bad == 0)
            name_call(series, nth, sticky);
        bad = series->tally->bad;
    }
}

static int check_means(const struct injected_kind *kind, const char *folder, struct err *err)
{
    if (kind->source == INJECTED_MEMORY && !memory_is_installed())
        return err_set(err, ERR_UNFIT, "SQLite's allocator was not replaced");
    if (kind->source != INJECTED_SPACE)
        return 0;
    if (!space_can_mount())
        return err_set(err, ERR_UNFIT, "mounting is not permitted (remedy: run it as root)");
    return space_mount(folder, SPACE_PAGES, err);
}

int injected_run(struct injected_tally *out, const struct injected_kind *kind,
                 const struct injected_mode *mode, const char *folder, size_t most, uint64_t seed,
                 struct err *err)
{
    bool small = kind->source == INJECTED_SPACE;
    char *place = text_format("%s%s", folder, small ? "/small" : "");
    const struct series series = {kind, mode, place, seed, out};
    int rc = -1;
    *out = (struct injected_tally){0};
    if (shim_register(err) == 0 && disk_register(err) == 0 && check_means(kind, place, err) == 0) {
        rc = count_calls(&series, &out->calls, err);
        if (rc == 0)
            try_calls(&series, out->calls, most);
        shim_fail(NULL);
    }
    if (small) {
        space_unmount(place);
        rmdir(place);
    }
    free(place);
    return rc;
}
