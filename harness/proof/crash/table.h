/* table - what the walks came to, for people and for programs. */
#ifndef PROOF_CRASH_TABLE_H
#define PROOF_CRASH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proof/crash/walk.h"
#include "proof/crash/workload.h"

/* One walked configuration. Plain value, the workload is borrowed. */
struct table_row {
    const struct workload *workload;
    struct walk_tally tally;
    enum walk_verdict verdict;
    double seconds;
};

/* All of one call of the program. */
struct table {
    struct table_row *rows; /* borrowed */
    size_t count;
    uint64_t seed;
    int batches;
    bool full; /* --full: replaying needs as many draws */
};

/* table_head, table_row_print, table_foot - on stdout, a line per walk as soon as it is done. The
 * foot tells findings, how to meet them again, and the sum. */
void table_head(const struct table *table);
void table_row_print(const struct table_row *row);
void table_foot(const struct table *table);

/*
 * table_json - the same as one JSON document "spawnbench.crashwalk.v1" on stdout
 *
 * Per configuration: points (mutating calls, each walked), tried and distinct states; corrupt and
 * partial states; lost: the most acknowledged transactions that any state lacks, losing: how many
 * states lack any. "full" and "normal" sum up the reference store's configurations of that
 * durability (lost: the worst of all).
 */
void table_json(const struct table *table);

/* table_is_of_store - the reference store's own, on a disk that does not lie */
bool table_is_of_store(const struct workload *workload);

/* table_states - distinct states of the reference store's own walks, controls left out */
size_t table_states(const struct table *table);

/* table_exit_code - 4 a promise was broken, else 5 a control did not fail, else 0 */
int table_exit_code(const struct table *table);

#endif
