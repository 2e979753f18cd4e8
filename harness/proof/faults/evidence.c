/* What must be kept, so that a finding can be looked at and met again? */
#include "proof/faults/evidence.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/faults/faults_internal.h"

#define MOST_BYTES ((size_t)1 << 30)

int evidence_begin(struct soak_evidence *out, const char *folder, struct err *err)
{
    out->path = text_format("%s/plan.txt", folder);
    out->plan = fopen(out->path, "we");
    if (!out->plan)
        return err_system(err, "cannot write '%s'", out->path);
    return 0;
}

void evidence_end(struct soak_evidence *evidence)
{
    if (evidence->plan)
        fclose(evidence->plan);
    free(evidence->path);
    *evidence = (struct soak_evidence){0};
}

/* Flushed each time: it must be there also when we are not. */
void evidence_plan(struct soak_evidence *evidence, int64_t cycle, const char *arm,
                   const char *fault, double share)
{
    fprintf(evidence->plan, "cycle %lld arm %s fault %s at %.6f\n", (long long)cycle, arm, fault,
            share);
    fflush(evidence->plan);
}

static int copy(const char *from, const char *to, struct err *err)
{
    char *data = NULL;
    size_t length = 0;
    int rc;
    if (access(from, R_OK) != 0)
        return 0; /* there is none */
    rc = text_read_file(&data, &length, from, MOST_BYTES, err);
    if (rc == 0)
        rc = text_write_file(to, data, length, err);
    free(data);
    return rc;
}

static int write_text(const char *folder, const char *name, const char *text, struct err *err)
{
    char *path = text_format("%s/%s", folder, name);
    int rc = text_write_file(path, text, strlen(text), err);
    free(path);
    return rc;
}

int evidence_keep(struct soak_evidence *evidence, const char *folder, const char *scenario,
                  const char *again, const struct audit_findings *findings, struct err *err)
{
    struct text told = {0};
    char *plan = text_format("%s/plan.txt", folder), *command = text_format("%s\n", again);
    int rc = text_make_directories(folder, err);
    for (size_t i = 0; i < findings->count; i++)
        text_addf(&told, "%s: %s%s%s\n", findings->items[i].rule->name, findings->items[i].agent,
                  *findings->items[i].agent ? ": " : "", findings->items[i].text);
    text_add(&told, "");
    if (rc == 0 && (copy(evidence->path, plan, err) < 0 ||
                    write_text(folder, "scenario.json", scenario, err) < 0 ||
                    write_text(folder, "findings.txt", told.data, err) < 0 ||
                    write_text(folder, "again.txt", command, err) < 0))
        rc = -1;
    text_release(&told);
    free(command);
    free(plan);
    return rc;
}

static int keep_file(const char *folder, const char *name, const char *from, const char *suffix,
                     struct err *err)
{
    char *to = text_format("%s/%s%s", folder, name, suffix);
    int rc = copy(from, to, err);
    free(to);
    return rc;
}

/* As it lies, with its -wal and -journal: opening it is what changes it. */
static int keep_database(const char *folder, const char *name, const char *database,
                         struct err *err)
{
    const struct copy_how how = {.folder = folder};
    char *to = text_format("%s/%s.sqlite", folder, name);
    struct copy copy;
    int rc = copy_take(&copy, database, &how, err);
    if (rc == 0)
        rc = copy_keep(&copy, to, err);
    copy_release(&copy);
    free(to);
    return rc;
}

int evidence_keep_arm(const char *folder, const struct session *session, const char *name,
                      struct err *err)
{
    const char *database = session->run ? cycle_database(session->run, session->arm) : NULL;
    int rc = database ? keep_database(folder, name, database, err) : 0;
    if (rc == 0) {
        char *from = text_format("%s/%s.log", session->folder, name);
        rc = keep_file(folder, name, from, ".log", err);
        free(from);
    }
    return rc == 0 ? keep_file(folder, name, session->page_path, ".page", err) : -1;
}
