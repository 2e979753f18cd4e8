/* Who interferes with a run, and when is he asked? Nobody, unless harness/proof/faults wants to. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cycle/cycle_internal.h"

void meddle(struct cycle_subjects *run, struct cycle_arm *arm, enum cycle_moment moment,
            struct cycle *cycle)
{
    const struct cycle_meddler *meddler = run->options.meddler;
    if (meddler)
        meddler->meddle(meddler->context, moment, arm->subject.process.pid, cycle);
}

static int64_t look(void *context)
{
    struct cycle_arm *arm = context;
    const struct cycle_meddler *meddler = arm->run->options.meddler;
    if (arm->looked_at)
        witness_hear(&arm->witness, testimony_take, arm->looked_at);
    return meddler->meddle(meddler->context, arm->moment, arm->subject.process.pid, arm->looked_at);
}

void meddle_while(struct cycle_subjects *run, struct cycle_arm *arm, enum cycle_moment moment,
                  struct cycle *cycle)
{
    if (!run->options.meddler)
        return;
    arm->moment = moment;
    arm->looked_at = cycle;
    arm->subject.onlooker = (struct subject_onlooker){look, arm};
}

char **environment_make(const char *const added[])
{
    size_t inherited = 0, more = 0;
    char **all;
    if (!added)
        return NULL;
    while (environ[inherited])
        inherited++;
    while (added[more])
        more++;
    all = xcalloc(inherited + more + 1, sizeof all[0]);
    /* getenv takes the first of a name: ours go in front */
    for (size_t i = 0; i < more; i++)
        all[i] = xstrdup(added[i]);
    for (size_t i = 0; i < inherited; i++)
        all[more + i] = xstrdup(environ[i]);
    return all;
}
