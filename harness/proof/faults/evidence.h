/* evidence - what a soak leaves when something is found: one folder, from which it can be met
 * again.
 *
 *     scenario.json, plan.txt (the faults so far), findings.txt, again.txt (the command)
 *     ARM.sqlite (a copy, with its -wal or -journal), ARM.log, ARM.page
 */
#ifndef PROOF_FAULTS_EVIDENCE_H
#define PROOF_FAULTS_EVIDENCE_H

#include <stdint.h>
#include <stdio.h>

#include "audit/audit.h"
#include "base/err.h"

struct session;

/* The plan as it was carried out, on disk from the beginning. Zero: none. */
struct soak_evidence {
    FILE *plan;
    char *path; /* own */
};

int evidence_begin(struct soak_evidence *out, const char *folder, struct err *err);
void evidence_end(struct soak_evidence *evidence);

/* evidence_plan - this fault is about to be made */
void evidence_plan(struct soak_evidence *evidence, int64_t cycle, const char *arm,
                   const char *fault, double share);

/*
 * evidence_keep     - make the folder, and put there what does not belong to an arm
 * evidence_keep_arm - put there what does
 *
 * errors : ERR_SYSTEM
 */
int evidence_keep(struct soak_evidence *evidence, const char *folder, const char *scenario,
                  const char *again, const struct audit_findings *findings, struct err *err);
int evidence_keep_arm(const char *folder, const struct session *session, const char *name,
                      struct err *err);

#endif
