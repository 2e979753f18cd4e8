/* What becomes of each arm of a scenario when each fault strikes it? One document of all rows. */
#include "proof/faults/fault_trials.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "results/results.h"

static enum faults_verdict worse(enum faults_verdict a, enum faults_verdict b)
{
    return a > b ? a : b;
}

/* So far, of all arms. */
struct proven {
    enum faults_verdict verdict;
    int tried;
};

static int cycle_arm(const struct trials_how *how, const struct faults_options *options, size_t arm,
                     cJSON *rows, struct proven *proven, struct err *err)
{
    for (size_t i = 0; i < SCENARIO_FAULTS; i++) {
        struct faults_row row;
        int rc;
        if (!(how->faults >> i & 1))
            continue;
        if (how->trying)
            how->trying(how->scenario, arm, &faults_catalogue[i]);
        rc = faults_run(&row, options, arm, &faults_catalogue[i], err);
        if (how->trying)
            how->trying(how->scenario, arm, NULL);
        if (rc < 0)
            return err_wrap(err, "arm '%s'", how->scenario->arms[arm].name);
        cJSON_AddItemToArray(rows, faults_row_json(&row));
        proven->verdict = worse(proven->verdict, faults_judge(&row));
        proven->tried += row.tried;
        if (how->each && how->each(how->context, arm, &row, err) != 0)
            return -1;
        if (row.findings && row.tried == 0)
            break; /* no fault is needed: the next one would tell the same */
    }
    return 0;
}

static cJSON *begin(const struct trials_how *how)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "schema", "spawnbench.proof.faults.v1");
    cJSON_AddStringToObject(root, "engine", results_engine());
    cJSON_AddStringToObject(root, "version", SPAWNBENCH_VERSION);
    json_add_int64(root, "seed", (int64_t)how->seed);
    json_add_int64(root, "times", how->times);
    cJSON_AddStringToObject(root, "scenario", how->scenario->name);
    cJSON_AddStringToObject(root, "detectors", "not proven");
    cJSON_AddArrayToObject(root, "arms");
    return root;
}

static int run_arms(const struct trials_how *how, const char *folder, cJSON *root,
                    struct proven *proven, struct err *err)
{
    struct faults_options options = {.scenario = how->scenario,
                                     .folder = folder,
                                     .shim_option = how->shim_option,
                                     .seed = how->seed,
                                     .times = how->times,
                                     .names_strict = how->names_strict};
    cJSON *arms = cJSON_GetObjectItemCaseSensitive(root, "arms");
    for (size_t i = 0; i < how->scenario->arm_count; i++) {
        const struct scenario_arm *asked = &how->scenario->arms[i];
        cJSON *arm = cJSON_CreateObject(), *rows;
        cJSON_AddStringToObject(arm, "arm", asked->name);
        cJSON_AddItemToArray(arms, arm);
        rows = cJSON_AddArrayToObject(arm, "rows");
        if (cycle_arm(how, &options, i, rows, proven, err) < 0)
            return -1;
    }
    return 0;
}

int trials_run(const struct trials_how *how, cJSON **document, enum faults_verdict *verdict,
               struct err *err)
{
    char *folder = text_format("%s/faults-XXXXXX", how->results);
    cJSON *root = begin(how);
    struct proven proven = {.verdict = FAULTS_INTACT};
    int rc = -1;
    if (mkdtemp(folder))
        rc = run_arms(how, folder, root, &proven, err);
    else
        err_system(err, "cannot make a folder '%s'", folder);
    rmdir(folder); /* what a broken trial left stays */
    free(folder);
    *verdict = proven.verdict;
    if (*verdict == FAULTS_INTACT && proven.tried == 0)
        *verdict = FAULTS_INVALID; /* nothing was tried, which proves nothing */
    cJSON_AddStringToObject(root, "verdict", faults_verdict_name(*verdict));
    *document = root;
    if (rc < 0) {
        cJSON_Delete(root);
        *document = NULL;
    }
    return rc;
}
