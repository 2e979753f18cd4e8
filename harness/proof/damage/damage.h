/* damage - are our audits able to see what they are for? Real stores are damaged on purpose.
 *
 * Normal use: damage_self_test, read the matrix, damage_matrix_release. The kinds of damage are the
 * table in damage.c.
 */
#ifndef PROOF_DAMAGE_DAMAGE_H
#define PROOF_DAMAGE_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "base/err.h"

/* Who sees it: the columns of the matrix. */
enum damage_class {
    DAMAGE_BY_INTEGRITY,     /* PRAGMA integrity_check */
    DAMAGE_BY_FOREIGN_KEYS,  /* PRAGMA foreign_key_check */
    DAMAGE_BY_STRUCTURE,     /* header, schema, -wal, free pages; or it cannot be read at all */
    DAMAGE_BY_CONTRADICTION, /* the rows speak against each other */
    DAMAGE_BY_SNAPSHOT,      /* somebody remembers the rows otherwise */
    DAMAGE_CLASSES,
    DAMAGE_BY_ANY = DAMAGE_CLASSES, /* which one depends on the place that was hit */
    DAMAGE_HARMLESS                 /* nobody needs to: only bytes that no reader looks at */
};

/* damage_class_name - "integrity_check", "foreign_key_check", "structure", "contradiction",
 * "witness" */
const char *damage_class_name(enum damage_class class);

struct damage_case; /* internal: one copy to be damaged */

/* One kind: a row of the table. */
struct damage_kind {
    const char *name;       /* "leaf-payload-bit" */
    const char *what;       /* what it stands for */
    const char *how;        /* how it is made */
    enum damage_class must; /* who must see it, each time */
    int (*make)(struct damage_case *, struct err *);
    const void *with; /* for `make`: SQL, a struct damage_hit, or NULL */
};

extern const struct damage_kind damage_kinds[];
extern const size_t damage_kind_count;

/* What became of one kind. made = caught + benign + escaped. */
struct damage_row {
    const struct damage_kind *kind;
    int made;   /* copies that could be damaged in this way; 0: the store has nothing to hit */
    int caught; /* by at least one rule */
    int benign; /* proven: only bytes that no reader looks at are different */
    int escaped;
    int missed; /* caught, but not by the class that must see it */
    int by[DAMAGE_CLASSES];
    char first[160]; /* the first finding, for humans */
    char escape[96]; /* where the first one that escaped was hit */
};

/* The whole matrix. Zero is empty; rows belong to it. */
struct damage_matrix {
    struct damage_row *rows; /* one per kind, in the order of the table */
    size_t count;
    uint64_t seed;
    int seeds;
    int64_t database_bytes, rows_known; /* of the store; in the memory of the snapshot */
    struct audit_findings untouched;    /* of the copy that was not damaged: none may be here */
    int64_t spent_ns;
};

/* What to test, and how. */
struct damage_how {
    const char *database; /* an honest store; read, never written. NULL, and no folder: the
                             reference spawner makes one */
    const char *folder; /* for copies; exists, the caller removes it. NULL: one under TMPDIR, which
                           is gone afterwards */
    uint64_t seed;
    int seeds; /* places tried for each kind, >= 1 */
    /* the name of a rule whose findings are ignored, or NULL: to see it fail */
    const char *without;
    const char *only; /* the name of a kind: the others are not tried; or NULL */
};

/*
 * damage_self_test - damage copies of a store in every way and see who notices
 *
 * It is copied as one state, also while it is in use. The same store and seed hit the same places.
 * returns : 0, or -1 when it could not be done; the verdict is damage_matrix_holds
 * errors  : ERR_SYSTEM, ERR_FORMAT (no store), ERR_USAGE (no such rule), ERR_UNFIT (a copy cannot
 *           be read for lack of rights, the reference spawner or its agent is missing)
 */
int damage_self_test(struct damage_matrix *out, const struct damage_how *how, struct err *err);

/* damage_matrix_holds - nothing escaped, nothing was missed by the class that must see it, and the
 * untouched copy was accused by none */
bool damage_matrix_holds(const struct damage_matrix *matrix);

/* damage_matrix_check - every kind could be made, as it must be in a store made for it; errors:
 * ERR_UNFIT */
int damage_matrix_check(const struct damage_matrix *matrix, struct err *err);

void damage_matrix_release(struct damage_matrix *matrix);

/*
 * damage_make_honest - a store to damage: some batches of both modes by the reference spawner
 *
 * spawner, agent : paths of spawnref and spawnref-agent
 * path           : of the database to be made
 * errors         : ERR_UNFIT a program is missing or failed, ERR_INTERRUPTED
 */
int damage_make_honest(const char *path, const char *spawner, const char *agent, struct err *err);

#endif
