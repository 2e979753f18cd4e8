/* Does the -wal of a subject's store grow without end?
 *
 * It is never cut short, but begun anew by the next writer once all of it is in the database and
 * nobody reads it: SQLite's own setting lets it have some 1,000 pages. A large transaction, or a
 * reader that keeps a checkpoint from its end for a while, makes it larger once. It runs away where
 * it is many times what is usual, several times the database, and grows again and again.
 */
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/judge_internal.h"

#define LEAST_LOOKS 8    /* fewer tell no growth */
#define USUAL_PAGES 1000 /* SQLITE_DEFAULT_WAL_AUTOCHECKPOINT */
#define USUAL_PAGE  4096
#define FRAME_BYTES 24 /* before each page, fileformat2.html 4.1 */

/* In the second half it exceeded its greatest size in three of four looks or more, and became half
 * as large again. */
static bool grows_again(const int64_t wal[], size_t n)
{
    int64_t peak = 0, before = 0;
    size_t rises = 0;
    for (size_t i = 0; i < n; i++) {
        rises += i >= n / 2 && wal[i] > peak;
        peak = wal[i] > peak ? wal[i] : peak;
        before = i < n / 2 ? peak : before;
    }
    return 4 * rises >= 3 * (n - n / 2) && (double)wal[n - 1] >= 1.5 * (double)before;
}

bool diagnosis_runs_away(const int64_t wal[], const int64_t database[], size_t n,
                         int64_t page_bytes)
{
    double page = (double)(page_bytes > 0 ? page_bytes : USUAL_PAGE);
    double usual = USUAL_PAGES * (page + FRAME_BYTES), last, size;
    if (n < LEAST_LOOKS || !grows_again(wal, n))
        return false;
    last = (double)wal[n - 1];
    size = (double)database[n - 1];
    return (last > 4 * usual && last > 2 * size) || (last > 2 * usual && last > 8 * size);
}

static void tell(struct diagnosis *out, int arm, int64_t wal, int64_t database)
{
    char grown[TEXT_NUMBER_BYTES], beside[TEXT_NUMBER_BYTES];
    struct diagnosis_item *item =
        diagnosis_add(out, DIAGNOSIS_GROWTH, DIAGNOSIS_FLAGGED, (double)wal);
    item->arm = arm;
    diagnosis_say(item, "the -wal grows without end: %s at last, beside a database of %s",
                  text_size(grown, (double)wal), text_size(beside, (double)database));
    diagnosis_advise(item, "let the subject checkpoint (PRAGMA wal_autocheckpoint = 1000 on each "
                           "connection that writes) and end its read transactions");
}

/* Of the last sitting: each has stores of its own. */
static void look_at(struct diagnosis *out, const struct results_basis *basis, int arm)
{
    int64_t *wal = xcalloc(2 * basis->cycle_count + 1, sizeof *wal), page_bytes = -1;
    int64_t *database = wal + basis->cycle_count;
    int sitting = 0;
    size_t n = 0;
    for (size_t i = 0; i < basis->cycle_count; i++) {
        const struct results_place *cycle = &basis->cycles[i];
        if (cycle->arm != arm || cycle->wal_bytes < 0 || cycle->database_bytes < 0)
            continue;
        n = cycle->sitting == sitting ? n : 0;
        sitting = cycle->sitting;
        page_bytes = cycle->page_bytes;
        wal[n] = cycle->wal_bytes;
        database[n++] = cycle->database_bytes;
    }
    if (diagnosis_runs_away(wal, database, n, page_bytes))
        tell(out, arm, wal[n - 1], database[n - 1]);
    free(wal);
}

void diagnose_growth(struct diagnosis *out, const struct scenario *scenario,
                     const struct results_basis *basis)
{
    for (size_t i = 0; i < scenario->arm_count; i++)
        look_at(out, basis, (int)i);
}
