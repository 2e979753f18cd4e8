/* Who interferes with a run, and when is he asked? Nobody, unless harness/faults wants to. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/internal.h"

void meddle(struct run *run, struct run_arm *arm, enum run_moment moment, struct run_cycle *cycle)
{
    const struct run_meddler *meddler = run->options.meddler;
    if (meddler)
        meddler->meddle(meddler->context, moment, arm->subject.process.pid, cycle);
}

static int64_t look(void *context)
{
    struct run_arm *arm = context;
    const struct run_meddler *meddler = arm->run->options.meddler;
    if (arm->looked_at)
        ledger_read(arm, arm->looked_at);
    return meddler->meddle(meddler->context, arm->moment, arm->subject.process.pid, arm->looked_at);
}

void meddle_while(struct run *run, struct run_arm *arm, enum run_moment moment,
                  struct run_cycle *cycle)
{
    if (!run->options.meddler)
        return;
    arm->run = run;
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
