/* What does `spawnbench gate` say, run as anybody would run it? */
#include "study/trials/one_gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"

#define MOST_WORDS 32

/* ---- the question ---- */

/* Both arms are handed as many words, so that planting costs both the same. */
static char *appended(const struct ask *ask, int64_t init_ns, const char *quote)
{
    const char *option = ask->kind->rare ? "--init-rare" : "--init";
    const char *gap = *quote ? ", " : " ";
    if (ask->kind->as_it_is)
        return xstrdup("");
    return text_format("%s%s--append%s%s%s%s%s%s%s--append%s%s%s%lldns%s", gap, quote, quote, gap,
                       quote, option, quote, gap, quote, quote, gap, quote, (long long)init_ns,
                       quote);
}

/* scenarios/three-agents.json with shorter agents and its parallel arm alone. */
static char *scenario_of(const struct ask *ask)
{
    char *words = appended(ask, ask->init_ns + ask->planted_ns, "\"");
    char *text = text_format(
        "{\"name\": \"three-agents\", \"about\": \"gate trials: %s\",\n"
        " \"agents\": [{\"name\": \"gemini\", \"command\": [\"{agent}\", \"--init\", "
        "\"%lldns\"]},\n"
        "  {\"name\": \"claude\", \"command\": [\"{agent}\", \"--init\", \"%lldns\"]},\n"
        "  {\"name\": \"gpt_pro\", \"command\": [\"{agent}\", \"--init\", \"%lldns\"]}],\n"
        " \"arms\": [{\"name\": \"parallel\", \"subject\": [\"{reference}\", \"--mode\", "
        "\"parallel\"%s]}],\n"
        " \"cycles\": 50, \"block\": 5, \"warmup\": 5, \"deadline\": \"5s\", \"durability\": "
        "\"full\",\n"
        " \"consensus\": true, \"on_failure\": \"cancel\",\n"
        " \"claims\": [{\"id\": \"AC3\", \"corruption\": \"none\"}]}\n",
        ask->kind->name, (long long)ask->init_ns, (long long)ask->init_ns, (long long)ask->init_ns,
        words);
    free(words);
    return text;
}

/* ---- the answer ---- */

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static int read_answer(struct asked *out, const char *document, int exit_code, struct err *err)
{
    cJSON *root = NULL;
    const cJSON *metric;
    const char *verdict, *reason;
    double pairs;
    if (json_parse(&root, document, strlen(document), err) < 0)
        return err_wrap(err, "spawnbench gate ended with %d and this document", exit_code);
    verdict = json_string(root, "verdict");
    reason = json_string(root, "reason");
    metric = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(root, "metrics"), 0);
    if (!verdict || !metric || exit_code == 5) {
        err_set(err, ERR_UNFIT, "spawnbench gate ended with %d: %s", exit_code,
                reason && *reason ? reason : "no metric in its answer");
        cJSON_Delete(root);
        return -1;
    }
    snprintf(out->gate.verdict, sizeof out->gate.verdict, "%s", verdict);
    out->gate.ratio = number_of(metric, "ratio");
    out->gate.lower = number_of(metric, "lower");
    out->gate.upper = number_of(metric, "upper");
    out->gate.detectable = number_of(metric, "detectable");
    pairs = number_of(metric, "n");
    out->gate.pairs = pairs > 0 ? (size_t)pairs : 0;
    json_int64(&out->baseline_ns, cJSON_GetObjectItemCaseSensitive(metric, "baseline"));
    json_int64(&out->candidate_ns, cJSON_GetObjectItemCaseSensitive(metric, "candidate"));
    cJSON_Delete(root);
    return 0;
}

/* ---- in between ---- */

static int run_words(struct asked *out, const char *const words[], struct err *err)
{
    struct process child;
    struct process_exit ended = {0};
    int64_t begin_ns = clock_now_ns();
    char *document;
    int rc;
    if (process_start(&child, words, NULL, NULL, -1, err) < 0)
        return -1;
    document = process_finish(&child, &ended);
    out->gate.seconds = (double)(clock_now_ns() - begin_ns) / (double)CLOCK_NS_PER_S;
    rc = read_answer(out, document, ended.signal ? 128 + ended.signal : ended.status, err);
    free(document);
    return rc;
}

static int ask_in(struct asked *out, const struct ask *ask, const char *folder, struct err *err)
{
    char *scenario = text_format("%s/three-agents.json", folder), *text = scenario_of(ask);
    char *results = text_format("%s/results", folder);
    char *baseline = appended(ask, ask->init_ns, "");
    char *against = text_format("{reference} --mode parallel%s", baseline);
    char *tolerance = text_format("%.10g%%", 100 * ask->kind->tolerance);
    char *quantile = text_format("%.10g", ask->kind->quantile);
    char *most = text_format("%d", ask->most_pairs);
    char *seed = text_format("%llu", (unsigned long long)ask->seed);
    const char *const words[MOST_WORDS] = {
        ask->program, "gate",       scenario, "--against",        against,   "--json",
        "--quiet",    "--quantile", quantile, "--max-regression", tolerance, "--max-cycles",
        most,         "--seed",     seed,     "--results",        results,   NULL};
    int rc = text_write_file(scenario, text, strlen(text), err);
    if (rc == 0)
        rc = run_words(out, words, err);
    free(scenario);
    free(text);
    free(results);
    free(baseline);
    free(against);
    free(tolerance);
    free(quantile);
    free(most);
    free(seed);
    return rc;
}

int ask_gate(struct asked *out, const struct ask *ask, struct err *err)
{
    char *folder = text_format("%s/gate-trials-XXXXXX", ask->folder);
    int rc = -1;
    *out = (struct asked){0};
    if (!mkdtemp(folder)) {
        err_system(err, "cannot make a folder in '%s'", ask->folder);
    } else {
        rc = ask_in(out, ask, folder, err);
        text_remove_tree(folder);
    }
    free(folder);
    return rc;
}
