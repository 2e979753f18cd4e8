/* What does recording a batch cost, by durability and by how it is cut into transactions? */
#include <stdio.h>
#include <stdlib.h>

#include "store/store.h" /* the reference's: see CMakeLists.txt */

#include "base/clock.h"
#include "base/text.h"
#include "study/micro/micro.h"

#define MOST_ROWS 100

enum cut {
    CUT_BATCH,      /* one transaction for all rows */
    CUT_AGENT,      /* one transaction per row, one connection */
    CUT_CONNECTION, /* the original: per row a connection, the schema, an insert and an update */
    CUTS
};

static const char *const cut_names[CUTS] = {"batch", "agent", "connection"};
static const char *const durabilities[] = {"normal", "full"};
static const size_t sizes[] = {1, 3, 10, 100};
#define SIZES (sizeof sizes / sizeof sizes[0])

/* One database per durability, made by the first sample that needs it. */
struct kept {
    const struct micro *micro;
    bool full;
    struct store *store;
};

struct commit {
    struct kept *kept;
    enum cut cut;
    size_t rows;
};

static struct kept all_kept[2];
static struct commit commits[CUTS][2][SIZES];
static int64_t batch;
static char ids[MOST_ROWS][32];
static struct store_agent rows[MOST_ROWS];

static int open_kept(struct kept *kept, struct err *err)
{
    char *path;
    int rc;
    if (kept->store)
        return 0;
    path = text_format("%s/store-%s.sqlite", kept->micro->folder, durabilities[kept->full]);
    rc = store_open(&kept->store, path, kept->full, "micro", err);
    free(path);
    return rc;
}

/* Rows as they are at the moment of recording: every agent started and ready. */
static void fill_rows(size_t count)
{
    int64_t now_ns = clock_now_ns();
    batch++;
    for (size_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "%lld.%zu", (long long)batch, i);
        rows[i] = (struct store_agent){.id = ids[i],
                                       .name = "agent",
                                       .state = "ready",
                                       .outcome = "ready",
                                       .pid = 4242,
                                       .spawned_ns = now_ns,
                                       .ready_ns = now_ns + 1000000};
    }
}

static int record_by_connection(struct store *store, const struct store_agent *row, struct err *err)
{
    struct store_agent starting = *row;
    struct store_each *each = NULL;
    starting.state = "starting";
    starting.outcome = NULL;
    starting.ready_ns = 0;
    if (store_each_begin(&each, store, batch, &starting, err) < 0)
        return -1;
    return store_each_end(each, row, err);
}

static int record(const struct commit *commit, struct err *err)
{
    struct store *store = commit->kept->store;
    int rc = 0;
    if (commit->cut == CUT_BATCH)
        return store_record_batch(store, batch, rows, commit->rows, err);
    for (size_t i = 0; i < commit->rows && rc == 0; i++)
        rc = commit->cut == CUT_AGENT ? store_record_batch(store, batch, &rows[i], 1, err)
                                      : record_by_connection(store, &rows[i], err);
    return rc;
}

static void take_commit(struct gbench *sample, void *context)
{
    const struct commit *commit = context;
    struct err err = {0};
    int64_t from_ns, spent_ns;
    int rc;
    if (!micro_go_on(sample))
        return;
    if (open_kept(commit->kept, &err) < 0) {
        gbench_skip(sample, err.text);
        return;
    }
    fill_rows(commit->rows);
    from_ns = clock_now_ns();
    rc = record(commit, &err);
    spent_ns = clock_now_ns() - from_ns;
    if (rc == 0)
        rc = store_tidy(commit->kept->store, &err); /* as the spawner does, between batches */
    if (rc < 0)
        gbench_skip(sample, err.text);
    gbench_time(sample, spent_ns);
    gbench_counter(sample, "per_row_us", (double)spent_ns / 1e3 / (double)commit->rows);
}

void micro_store_register(const struct micro *micro)
{
    for (int cut = 0; cut < CUTS; cut++)
        for (int full = 0; full < 2; full++)
            for (size_t i = 0; i < SIZES; i++) {
                struct commit *commit = &commits[cut][full][i];
                all_kept[full].micro = micro;
                all_kept[full].full = full;
                *commit = (struct commit){&all_kept[full], (enum cut)cut, sizes[i]};
                micro_add(micro, take_commit, commit, 30, GBENCH_US, "store/%s/%s/%zu",
                          cut_names[cut], durabilities[full], sizes[i]);
            }
}

void micro_store_release(void)
{
    for (int full = 0; full < 2; full++)
        store_close(all_kept[full].store);
}
