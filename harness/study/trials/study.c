/* How are some hundred kinds of gates, ten thousand each,
 * asked without waiting for one after the other? */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "study/trials/trials.h"

#define MOST_WORKERS 16
#define CARELESS     0.08

struct job {
    struct gate_trial trial;
    size_t gates;
    struct gate_tally tally;
};

/* What the workers share. */
struct work {
    struct gate_study *study;
    atomic_size_t next, done;
    bool terminal;
};

const struct gate_tally *study_ask(struct gate_study *study, const struct gate_trial *trial,
                                   size_t gates)
{
    static const struct gate_tally nothing = {.gates = 1};
    if (!study->planning)
        return &study->jobs[study->next++].tally;
    study->jobs = xrealloc(study->jobs, study->count + 1, sizeof *study->jobs);
    study->jobs[study->count] = (struct job){*trial, gates ? gates : 1, {0}};
    study->jobs[study->count++].trial.change += study->request->careless ? CARELESS : 0;
    return &nothing;
}

/* Each kind has a stream of its own: which thread takes it does not matter. */
static void *run_jobs(void *shared)
{
    struct work *work = shared;
    const struct gate_request *request = work->study->request;
    for (size_t i; (i = atomic_fetch_add(&work->next, 1)) < work->study->count;) {
        struct job *job = &work->study->jobs[i];
        gate_trial_run(&job->tally, &job->trial, job->gates, request->seed + i);
        if (work->terminal)
            fprintf(stderr, "\r%zu of %zu kinds of gates ", atomic_fetch_add(&work->done, 1) + 1,
                    work->study->count);
    }
    return NULL;
}

void trials_study_run(struct gate_study *study)
{
    struct work work = {.study = study, .terminal = isatty(STDERR_FILENO)};
    pthread_t workers[MOST_WORKERS];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int started = 0;
    while (started + 1 < cores && started < MOST_WORKERS &&
           pthread_create(&workers[started], NULL, run_jobs, &work) == 0)
        started++;
    run_jobs(&work);
    for (int i = 0; i < started; i++)
        pthread_join(workers[i], NULL);
    if (work.terminal)
        fprintf(stderr, "\r\033[K");
    study->planning = false;
    study->next = 0;
}

void trials_study_release(struct gate_study *study)
{
    free(study->jobs);
    *study = (struct gate_study){0};
}
