/* Do list, show and report come back from any results store? */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "fuzz/made.h"
#include "report/report.h"
#include "store/store.h"

#define MOST_RUNS 4

struct found {
    int64_t runs[MOST_RUNS];
    size_t count;
};

static int take_run(void *context, const struct store_run *run)
{
    struct found *found = context;
    found->runs[found->count++] = run->id;
    return found->count == MOST_RUNS;
}

static int take_document(void *context, const struct store_document *document)
{
    (void)context;
    fuzz_expect(document->text != NULL, "a document has a text");
    return 0;
}

static void expect(int rc, struct err *err)
{
    if (rc < 0)
        fuzz_expect_told(err);
    *err = (struct err){0};
}

/* As the commands do it. Figures are not drawn: no gnuplot is found with this PATH. */
static void read_all(struct store *store)
{
    struct found found = {0};
    struct err err = {0};
    char *folder = fuzz_path("reports");
    bool missing;
    expect(store_each_run(store, take_run, &found, &err), &err);
    expect(store_each_document(store, STORE_PROOF, take_document, NULL, &err), &err);
    for (size_t i = 0; i < found.count; i++) {
        expect(report_terminal(fuzz_sink(), store, found.runs[i], true, &err), &err);
        expect(report_json(fuzz_sink(), store, &found.runs[i], 1, true, &err), &err);
    }
    if (found.count)
        expect(report_render(folder, store, found.runs, found.count, &missing, &err), &err);
    free(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct made honest;
    char *path = fuzz_path("results.sqlite");
    struct store *store = NULL;
    struct err err = {0};
    if (!honest.bytes) {
        setenv("PATH", "/nowhere", 1);
        honest = made_results();
    }
    made_hostile(&honest, path, data, size);
    if (store_open(&store, path, false, &err) == 0)
        read_all(store);
    else
        fuzz_expect_told(&err);
    store_close(store);
    made_remove(path);
    free(path);
    return 0;
}
