/* Does `spawnbench audit` come back from any database, and say something sensible of it? */
#include <stdlib.h>

#include "audit/audit.h"
#include "fuzz/fuzz.h"
#include "fuzz/made.h"

static void expect_told(const struct audit_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        struct err told = {.code = ERR_FORMAT};
        snprintf(told.text, sizeof told.text, "%s", findings->items[i].text);
        fuzz_expect_told(&told);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct made honest;
    char *path = fuzz_path("audited.sqlite");
    struct audit_findings findings = {0};
    struct audit_report report;
    struct err err = {0};
    if (!honest.bytes)
        honest = made_store();
    made_hostile(&honest, path, data, size);
    if (audit_own(&findings, &report, path, &err) < 0)
        fuzz_expect_told(&err);
    expect_told(&findings);
    audit_report_release(&report);
    audit_findings_release(&findings);
    made_remove(path);
    free(path);
    return 0;
}
