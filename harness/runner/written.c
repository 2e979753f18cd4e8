/* Is what was written into the results store still there, and the same?
 *
 * A subject runs with our rights: it may open the results and rewrite what it dislikes. What this
 * sitting stores is read back with each cycle and remembered as a digest, and read once more
 * before anything is judged. Who changes the store and this memory could change the program too.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "runner/runner_internal.h"

int runner_note_written(struct runner *runner, size_t index, struct err *err)
{
    struct runner_written *written;
    if (runner->written_count == runner->written_room) {
        runner->written_room = runner->written_room ? 2 * runner->written_room : 64;
        runner->written = xrealloc(runner->written, runner->written_room, sizeof *runner->written);
    }
    written = &runner->written[runner->written_count];
    written->cycle = (int64_t)index;
    if (results_cycle_digest(runner->store, runner->id, written->cycle, &written->digest, err) < 0)
        return -1;
    runner->written_count++;
    return 0;
}

static int refuse(struct runner *runner, const char *what, struct err *err)
{
    char *path = results_path(runner->options->results);
    runner->rewritten = true;
    err_set(err, ERR_UNFIT,
            "results store '%s' " RESULTS_REWRITTEN ": %s; nothing in it can be "
            "judged",
            path, what);
    free(path);
    return -1;
}

/* A trigger of somebody else may drop what we write, and nothing that is read back would tell. */
int runner_check_schema(struct runner *runner, struct err *err)
{
    uint64_t now = 0;
    if (results_schema_digest(runner->store, &now, err) < 0)
        return -1;
    return now == runner->schema ? 0 : refuse(runner, "its tables or triggers are others", err);
}

int runner_check_written(struct runner *runner, struct err *err)
{
    int64_t stored = 0, expected = runner->stored_before + (int64_t)runner->written_count;
    char what[96];
    if (runner_check_schema(runner, err) < 0)
        return -1;
    for (size_t i = 0; i < runner->written_count; i++) {
        const struct runner_written *written = &runner->written[i];
        uint64_t now = 0;
        if (results_cycle_digest(runner->store, runner->id, written->cycle, &now, err) < 0)
            return -1;
        if (now == written->digest)
            continue;
        snprintf(what, sizeof what, "cycle %lld is not what was measured",
                 (long long)written->cycle);
        return refuse(runner, what, err);
    }
    if (results_cycles_stored(runner->store, runner->id, &stored, err) < 0)
        return -1;
    if (stored == expected)
        return 0;
    snprintf(what, sizeof what, "run %lld has %lld cycles, %lld were measured",
             (long long)runner->id, (long long)stored, (long long)expected);
    return refuse(runner, what, err);
}
