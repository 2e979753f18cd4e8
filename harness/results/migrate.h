/* migrate - how is a store made, told from other databases, and brought to the present schema?
 * Private to this room. */
#ifndef RESULTS_MIGRATE_H
#define RESULTS_MIGRATE_H

#include "results/sql.h"

#define MIGRATE_VERSION 6 /* what results.sql makes */

/*
 * migrate_version - which schema version the opened database has: 1 .. MIGRATE_VERSION
 *
 * returns : 0 when it is empty and may be filled (create), -1 when it is not ours or newer
 * errors  : ERR_UNFIT; a file that is somebody else's database is left alone
 */
int migrate_version(struct results *store, bool create, struct err *err);

/*
 * migrate_up - bring it from `version` to MIGRATE_VERSION, all at once
 *
 * A process killed here leaves the store as it was.
 * errors : ERR_UNFIT
 */
int migrate_up(struct results *store, int version, struct err *err);

/* migrate_view - let this connection see an older store as one of MIGRATE_VERSION, through
 * temporary views that put -1 for what it does not hold; the file stays as it is; errors: ERR_UNFIT
 */
int migrate_view(struct results *store, int version, struct err *err);

#endif
