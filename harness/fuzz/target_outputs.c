/* What can agents answer, or leave in spawn_metrics.json, that would hurt the reference spawner?
 * The first byte says which: 'v' a vote of two outputs, apart by the first 0xff; else a file.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "fuzz/fuzz.h"
#include "metrics/metrics.h"
#include "spawner/consensus.h"

static void vote(const uint8_t *data, size_t size)
{
    const uint8_t *apart = memchr(data, 0xff, size);
    size_t first = apart ? (size_t)(apart - data) : size;
    struct agent agents[2] = {{.outcome = AGENT_OUTCOME_READY}, {.outcome = AGENT_OUTCOME_READY}};
    struct batch batch = {.agents = agents, .count = 2};
    struct consensus consensus;
    text_add_bytes(&agents[0].output, data, first);
    if (apart)
        text_add_bytes(&agents[1].output, apart + 1, size - first - 1);
    consensus = consensus_decide(&batch);
    fuzz_expect(consensus.votes <= 2, "nobody votes twice");
    fuzz_expect(!consensus.answer || consensus.votes == 2, "one of two is no majority");
    free(consensus.answer);
    text_release(&agents[0].output);
    text_release(&agents[1].output);
}

/* Whatever lies there: it is left alone and refused, or what is written is a whole document. */
static void merge(const uint8_t *data, size_t size)
{
    char *path = fuzz_path("spawn_metrics.json"), *text = NULL;
    const struct metrics_about about = {path, "SPEC", "sequential", "each"};
    struct metrics *metrics = metrics_new(&about);
    struct err err = {0};
    cJSON *root = NULL;
    size_t length = 0;
    fuzz_write(path, data, size);
    metrics_add_batch(metrics, 1000000);
    metrics_add_agent(metrics, "gemini", 500000);
    if (metrics_write(metrics, &err) < 0) {
        fuzz_expect_told(&err);
    } else {
        fuzz_expect(text_read_file(&text, &length, path, (size_t)1 << 26, &err) == 0,
                    "it is there");
        fuzz_expect(json_parse(&root, text, length, &err) == 0, "the file is a whole document");
        fuzz_expect(cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(
                        cJSON_GetObjectItemCaseSensitive(root, "modes"), "sequential")),
                    "our section is in it");
    }
    cJSON_Delete(root);
    free(text);
    metrics_free(metrics);
    unlink(path);
    free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 'v')
        vote(data + 1, size - 1);
    else
        merge(data, size);
    return 0;
}
