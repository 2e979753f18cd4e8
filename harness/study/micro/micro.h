/* micro - what the micro-benchmarks share: the programs they start, a folder of their own, and who
 * they are.
 *
 * Normal use (main.c): fill struct micro, call the registers, gbench_run, then the releases.
 * Fixtures are made when a case first runs, so a filter pays only for what it lets through.
 */
#ifndef STUDY_MICRO_MICRO_H
#define STUDY_MICRO_MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cycle/witness.h"
#include "study/micro/gbench.h"

#define MICRO_MOST_SIZES 8

/* The command line, made whole. Owned by main; everybody else borrows. */
struct micro {
    char *agent, *reference;        /* programs */
    char *light_agent;              /* the agent without a heavy C library, or NULL */
    char *folder;                   /* scratch: databases, logs */
    struct witness *witness;        /* of agents; NULL with --witness off */
    int samples;                    /* rows per case; 0: each case's own number */
    uint64_t seed;                  /* of --ratios and --observer */
    size_t cycles;                  /* their rounds */
    size_t sizes[MICRO_MOST_SIZES]; /* and batch sizes */
    size_t size_count;
    bool json, rr;
};

/* micro_add - register a case; its name is made like printf does */
void micro_add(const struct micro *micro, gbench_body *body, void *context, int samples,
               enum gbench_unit unit, const char *name, ...) __attribute__((format(printf, 6, 7)));

/* micro_go_on - false (and the sample skipped) when a signal asked us to stop;
 * each body's first line */
bool micro_go_on(struct gbench *sample);

/* micro_hear - take what agents said since the last call, after each batch: the longest own
 * initialisation in ms, 0 when nobody told any */
double micro_hear(const struct micro *micro);

/* micro_witness_name - where they say it, or NULL */
const char *micro_witness_name(const struct micro *micro);

/* micro_file_system - name of the file system of `folder` ("ext4", "tmpfs", or its magic number) */
void micro_file_system(char out[32], const char *folder);

void micro_spawn_register(const struct micro *micro);
void micro_spawn_release(void);
void micro_store_register(const struct micro *micro);
void micro_store_release(void);
void micro_audit_register(const struct micro *micro);
void micro_audit_release(void);
void micro_harness_register(const struct micro *micro);
void micro_harness_release(void);

/* micro_self_register - three cases of known behaviour, for the tests of gbench itself */
void micro_self_register(const struct micro *micro);

/*
 * micro_ratios - the parallel spawner against bare loops, paired round by round, on stdout
 *
 * errors : ERR_UNFIT or ERR_SUBJECT when an arm cannot be measured, ERR_INTERRUPTED; a ratio that
 *          misses its limit is a result
 */
int micro_ratios(const struct micro *micro, struct err *err);

/*
 * micro_observer - the spawner audited against the same one left alone, paired round by round, on
 * stdout
 *
 * errors : as of micro_ratios, and ERR_SUBJECT for a finding of the audit
 */
int micro_observer(const struct micro *micro, struct err *err);

/* micro_null_cycles - the process behind harness/null-cycle: one cycle per byte on stdin */
int micro_null_cycles(const struct micro *micro, size_t agents, struct err *err);

#endif
