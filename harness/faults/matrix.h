/* matrix - the matrix of damage from nothing: a store is made where none is given, copies of it are
 * damaged in every way, and the audits are asked. The kinds of damage and the matrix itself are
 * those of audit/damage.h.
 */
#ifndef FAULTS_MATRIX_H
#define FAULTS_MATRIX_H

#include "audit/damage.h"

/* How. Borrowed for the call. */
struct matrix_how {
    const char *database; /* NULL: an honest store is made by the reference spawner */
    const char *without;  /* a rule to leave out, or NULL */
    uint64_t seed;
    int seeds;
};

/*
 * matrix_run - in a folder of its own under TMPDIR, which is gone afterwards
 *
 * out    : whole when 0 is returned, damage_matrix_release then
 * errors : those of damage_self_test; ERR_UNFIT the reference spawner or its agent is missing
 */
int matrix_run(struct damage_matrix *out, const struct matrix_how *how, struct err *err);

/* matrix_check_complete - every kind of damage could be made, as it must be in a store that was
 * made here; errors: ERR_UNFIT */
int matrix_check_complete(const struct damage_matrix *matrix, struct err *err);

#endif
