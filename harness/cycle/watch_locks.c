/* In which parts of a cycle is looked at locks? During its two exchanges, and not between them:
 * there we look into the databases ourselves. */
#include <stdlib.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"

static void forget(struct cycle_subjects *run)
{
    for (size_t i = 0; i < run->lock_path_count; i++) {
        free(run->lock_paths[i]);
        free(run->lock_names[i]);
    }
    free(run->lock_paths);
    free(run->lock_names);
    run->lock_paths = run->lock_names = NULL;
    run->lock_path_count = 0;
}

void cycle_watch_locks(struct cycle_subjects *run, char *const paths[], char *const names[],
                       size_t count)
{
    forget(run);
    run->lock_paths = xcalloc(count, sizeof *run->lock_paths);
    run->lock_names = xcalloc(count, sizeof *run->lock_names);
    run->lock_path_count = count;
    for (size_t i = 0; i < count; i++) {
        run->lock_paths[i] = xstrdup(paths[i]);
        run->lock_names[i] = xstrdup(names[i]);
    }
}

static void choose(struct cycle_subjects *run, const struct cycle_arm *arm,
                   const struct cycle *cycle)
{
    const struct cycle_options *options = &run->options;
    if (options->find_locks)
        options->find_locks(options->find_context, run, cycle);
    locks_watch(run->locks, arm->subject.process.pid, arm->records ? arm->database : NULL,
                run->lock_paths, run->lock_names, run->lock_path_count);
}

void watch_locks_begin(struct cycle_subjects *run, const struct cycle_arm *arm,
                       enum locks_stage stage, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns();
    if (!run->locks)
        return;
    if (stage == LOCKS_START)
        choose(run, arm, cycle);
    locks_begin(run->locks, stage);
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}

void watch_locks_pause(struct cycle_subjects *run)
{
    if (run->locks)
        locks_pause(run->locks);
}

void watch_locks_end(struct cycle_subjects *run, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns();
    if (!run->locks || !cycle->sent_ns)
        return;
    locks_seen_free(cycle->locks);
    cycle->locks = locks_tell(run->locks, cycle);
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}

void watch_locks_close(struct cycle_subjects *run)
{
    locks_free(run->locks);
    forget(run);
}
