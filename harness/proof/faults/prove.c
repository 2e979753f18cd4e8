/* Is each instrument able to fail, and the reference store sound? Runs those who know, keeps what
 * they say.
 *
 * Each is a program beside this one that prints one JSON document and ends with 0, 4 or 5. */
#include "proof/faults/prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"

#define MOST_WORDS     8
#define MOST_BYTES     ((size_t)16 << 20)
#define WORD_OF_EFFORT "--short" /* its place in the table is taken by --full when asked for */

static const struct proof {
    const char *name;
    enum prove_which which;
    const char *words[MOST_WORDS];
} proofs[] = {
    {"controls", PROVE_CONTROLS, {"spawnbench-crash", "--controls", "--json"}},
    {"walk", PROVE_ALL, {"spawnbench-crash", WORD_OF_EFFORT, "--json"}},
    {"calls", PROVE_ALL, {"spawnbench-crash", "--faults", WORD_OF_EFFORT, "--json"}},
    {"matrix", PROVE_ALL, {"spawnbench", "audit", "--self-test", "--json", "--seeds", "20"}},
};

enum { PROOFS = sizeof proofs / sizeof proofs[0] };

int prove_keep(struct results *store, const char *name, const char *command, int code,
               int64_t spent_ns, cJSON *document, struct err *err)
{
    cJSON *root = cJSON_CreateObject();
    struct results_document kept = {.kind = RESULTS_PROOF, .name = name};
    char *text;
    int rc;
    cJSON_AddStringToObject(root, "schema", "spawnbench.proof.v1");
    cJSON_AddStringToObject(root, "command", command);
    json_add_int64(root, "exit", code);
    json_add_int64(root, "spent_ns", spent_ns);
    cJSON_AddItemToObject(root, "document", document);
    text = json_print(root, 0);
    cJSON_Delete(root);
    kept.text = text;
    rc = results_document_put(store, &kept, err);
    free(text);
    return rc;
}

/* What it printed, and how it ended. */
static int run_words(const char *const words[], struct text *printed, struct process_exit *ended,
                     struct err *err)
{
    struct process process;
    if (process_start(&process, words, NULL, NULL, -1, err) < 0)
        return -1;
    return process_hear(&process, printed, MOST_BYTES, ended, err);
}

/* 0 held, 4 broken, 5 it proves nothing: any other end is one too */
static int code_of(const struct process_exit *ended)
{
    return ended->signal == 0 && (ended->status == 0 || ended->status == 4) ? ended->status : 5;
}

static void make_words(const struct proof *proof, const struct prove_how *how, const char *program,
                       const char *words[MOST_WORDS + 1], struct text *command)
{
    for (int i = 0; i < MOST_WORDS && proof->words[i]; i++) {
        const char *word = proof->words[i];
        if (how->full && strcmp(word, WORD_OF_EFFORT) == 0)
            word = "--full";
        words[i] = i ? word : program;
        text_addf(command, "%s%s", i ? " " : "", word);
    }
}

static int keep_printed(struct results *store, struct prove_said *said, struct text *printed,
                        struct err *err)
{
    struct err why = {0};
    cJSON *document = NULL;
    int rc;
    text_add(printed, "");
    if (json_parse(&document, printed->data, printed->length, &why) < 0) {
        snprintf(said->trouble, sizeof said->trouble, "%s", why.text);
        document = cJSON_CreateNull();
        said->code = 5;
    }
    rc = prove_keep(store, said->name, said->command, said->code, said->spent_ns, document, err);
    said->kept = rc == 0;
    return rc;
}

static int prove_one(struct results *store, const struct proof *proof, const struct prove_how *how,
                     int *code, struct err *err)
{
    const char *words[MOST_WORDS + 1] = {0};
    char *program = process_find_beside_self(proof->words[0]);
    struct prove_said said = {.name = proof->name};
    struct text command = {0}, printed = {0};
    struct process_exit ended = {0};
    int64_t from_ns = clock_now_ns();
    int rc = program ? 0
                     : err_set(err, ERR_UNFIT, "there is no program '%s' beside spawnbench",
                               proof->words[0]);
    make_words(proof, how, program, words, &command);
    if (rc == 0)
        rc = run_words(words, &printed, &ended, err);
    if (rc == 0) {
        said.command = command.data;
        said.code = code_of(&ended);
        said.spent_ns = clock_now_ns() - from_ns;
        rc = keep_printed(store, &said, &printed, err);
        *code = said.code;
        how->each(&said, how->context);
    }
    text_release(&command);
    text_release(&printed);
    free(program);
    return rc;
}

int prove_run(struct results *store, const struct prove_how *how, int *code, struct err *err)
{
    *code = 0;
    for (size_t i = 0; i < PROOFS; i++) {
        int one = 0;
        if (proofs[i].which > how->which)
            continue;
        if (prove_one(store, &proofs[i], how, &one, err) < 0)
            return -1;
        *code = one == 4 || *code == 4 ? 4 : one ? one : *code;
    }
    return 0;
}
