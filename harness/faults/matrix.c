/* Where do the store and the folder come from in which the audits are tried? */
#include "faults/matrix.h"

#include <stdlib.h>

#include "base/process.h"
#include "base/text.h"

static int make_store(const char *path, struct err *err)
{
    char *spawner = process_find_beside_self("spawnref");
    char *agent = process_find_beside_self("spawnref-agent");
    int rc = -1;
    if (!spawner || !agent)
        err_set(err, ERR_UNFIT,
                "'spawnref' and 'spawnref-agent' are not beside spawnbench (build or install them, "
                "or name a DATABASE)");
    else
        rc = damage_make_honest(path, spawner, agent, err);
    free(spawner);
    free(agent);
    return rc;
}

int matrix_check_complete(const struct damage_matrix *matrix, struct err *err)
{
    for (size_t i = 0; i < matrix->count; i++)
        if (matrix->rows[i].made == 0)
            return err_set(err, ERR_UNFIT, "damage '%s' could not be made",
                           matrix->rows[i].kind->name);
    return 0;
}

static int run_in(const char *folder, struct damage_matrix *out, const struct matrix_how *how,
                  struct err *err)
{
    char *made = text_format("%s/honest.sqlite", folder);
    const struct damage_how damage = {.database = how->database ? how->database : made,
                                      .folder = folder,
                                      .seed = how->seed,
                                      .seeds = how->seeds,
                                      .without = how->without};
    int rc = how->database ? 0 : make_store(made, err);
    if (rc == 0)
        rc = damage_self_test(out, &damage, err);
    free(made);
    return rc;
}

int matrix_run(struct damage_matrix *out, const struct matrix_how *how, struct err *err)
{
    const char *place = getenv("TMPDIR");
    char *folder = text_format("%s/spawnbench-self-test-XXXXXX", place && *place ? place : "/tmp");
    int rc = -1;
    *out = (struct damage_matrix){0};
    if (!mkdtemp(folder)) {
        err_system(err, "cannot make a folder '%s'", folder);
    } else {
        rc = run_in(folder, out, how, err);
        text_remove_tree(folder);
    }
    if (rc < 0)
        damage_matrix_release(out);
    free(folder);
    return rc;
}
