/* Which steps are known and as they should be?
 * Documents of kind "accepted" in the results store. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "trend/history/history_internal.h"

#define SCHEMA          "spawnbench.accepted.v1"
#define MOST_NOTE_BYTES 1000

char *accept_member(const char *document, const char *key)
{
    cJSON *root = NULL;
    const char *told = NULL;
    char *copy;
    if (json_parse(&root, document, strlen(document), NULL) == 0)
        told = json_string(root, key);
    copy = xstrdup(told ? told : "");
    text_make_printable(copy);
    cJSON_Delete(root);
    return copy;
}

static int take(void *context, const struct results_document *document)
{
    struct history *history = context;
    for (size_t i = 0; i < history->run_count; i++) {
        if (history->runs[i].id != document->run)
            continue;
        history->runs[i].accepted = true;
        free(history->runs[i].accepted_note);
        history->runs[i].accepted_note = accept_member(document->text, "note");
    }
    return 0;
}

int accept_load(struct history *history, struct results *store, struct err *err)
{
    return results_each_document(store, RESULTS_ACCEPTED, take, history, err);
}

static int put(struct results *store, const struct results_run *run, const char *note,
               struct err *err)
{
    cJSON *root = cJSON_CreateObject();
    char *text;
    int rc;
    cJSON_AddStringToObject(root, "schema", SCHEMA);
    json_add_int64(root, "run", run->id);
    cJSON_AddStringToObject(root, "scenario", run->scenario_name);
    cJSON_AddStringToObject(root, "note", note);
    text = json_print(root, 0);
    rc = results_document_put(
        store,
        &(struct results_document){
            .run = run->id, .kind = RESULTS_ACCEPTED, .name = run->scenario_name, .text = text},
        err);
    free(text);
    cJSON_Delete(root);
    return rc;
}

int history_accept(struct results *store, int64_t id, const char *note, struct err *err)
{
    struct results_run run;
    char option[RESULTS_OPTION_BYTES];
    int rc = -1;
    if (results_run_load(store, id, &run, err) < 0)
        return -1;
    if (strcmp(run.state, "complete") != 0)
        err_set(err, ERR_USAGE,
                "run %lld is not complete, so no history holds it (go on with it: spawnbench run "
                "--resume=%lld%s)",
                (long long)id, (long long)id, results_option(option, store));
    else if (strlen(note) > MOST_NOTE_BYTES)
        err_set(err, ERR_USAGE, "the note has %zu bytes, at most %d are kept", strlen(note),
                MOST_NOTE_BYTES);
    else
        rc = put(store, &run, note, err);
    results_run_release(&run);
    return rc;
}
