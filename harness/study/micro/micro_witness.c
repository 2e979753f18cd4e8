/* What do the agents of a micro-benchmark say of themselves? */
#include <stdio.h>

#include "study/micro/micro.h"

static void take_longest(void *context, pid_t pid, const char *message, size_t length)
{
    double *longest_ms = context;
    long long main_ns, ready_ns;
    (void)pid;
    (void)length;
    /* our agent wrote it: NOLINTNEXTLINE(cert-err34-c) */
    if (sscanf(message, "ready %*s %lld %lld", &main_ns, &ready_ns) == 2 &&
        (double)(ready_ns - main_ns) / 1e6 > *longest_ms)
        *longest_ms = (double)(ready_ns - main_ns) / 1e6;
}

double micro_hear(const struct micro *micro)
{
    double longest_ms = 0;
    if (micro->witness)
        witness_hear(micro->witness, take_longest, &longest_ms);
    return longest_ms;
}

const char *micro_witness_name(const struct micro *micro)
{
    return micro->witness ? micro->witness->name : NULL;
}
