/* Are these two machines one class, so that times of one say something about the other? */
#include "gate/fingerprint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* The members of run_host_describe that change times by themselves. Not among them: load, pressure
 * and the like, which change by the minute; memory, which differs by kernel; our own version. */
static const struct {
    const char *key, *name;
} facts[FINGERPRINT_FACTS] = {
    {"architecture", "architecture"},
    {"cpu_model", "CPU model"},
    {"cpus_online", "cores online"},
    {"cpus_usable", "cores usable"},
    {"cpus_quota", "CPU quota"},
    {"governor", "governor"},
    {"virtual_machine", "virtual machine"},
    {"kernel", "kernel"},
    {"clock_source", "clock source"},
    {"sqlite", "SQLite"},
    {"file_system", "file system"},
    {"agent_libc", "C library of the agent"},
    {"limit_open_files", "limit of open files"},
    {"limit_processes", "limit of processes"},
};

const char *fingerprint_fact_name(size_t fact)
{
    return fact < FINGERPRINT_FACTS ? facts[fact].name : "";
}

static void take_fact(char out[FINGERPRINT_FACT_BYTES], const cJSON *fact)
{
    int64_t whole;
    out[0] = '\0';
    if (cJSON_IsString(fact))
        snprintf(out, FINGERPRINT_FACT_BYTES, "%s", fact->valuestring);
    else if (cJSON_IsBool(fact))
        snprintf(out, FINGERPRINT_FACT_BYTES, "%s", cJSON_IsTrue(fact) ? "yes" : "no");
    else if (json_int64(&whole, fact) == 0)
        snprintf(out, FINGERPRINT_FACT_BYTES, "%" PRId64, whole);
    else if (cJSON_IsNumber(fact))
        snprintf(out, FINGERPRINT_FACT_BYTES, "%.6g", fact->valuedouble);
    text_make_printable(out);
}

/* Each fact with its NUL, so that "1" "12" is not "11" "2". */
static void give_id(struct fingerprint *fingerprint)
{
    uint64_t hash = FNV_BASIS;
    for (size_t i = 0; i < FINGERPRINT_FACTS; i++)
        for (const char *at = fingerprint->facts[i];; at++) {
            hash = (hash ^ (unsigned char)*at) * FNV_PRIME;
            if (!*at)
                break;
        }
    snprintf(fingerprint->id, sizeof fingerprint->id, "%016" PRIx64, hash);
}

static bool is_told(const cJSON *environment, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(environment, key) != NULL;
}

int fingerprint_take(struct fingerprint *out, const cJSON *environment, struct err *err)
{
    if (!cJSON_IsObject(environment) || !is_told(environment, "kernel") ||
        !is_told(environment, "cpus_usable"))
        return err_set(err, ERR_FORMAT,
                       "the environment does not tell kernel and cores, so nobody knows on which "
                       "machine it was measured");
    for (size_t i = 0; i < FINGERPRINT_FACTS; i++)
        take_fact(out->facts[i], cJSON_GetObjectItemCaseSensitive(environment, facts[i].key));
    give_id(out);
    return 0;
}

int fingerprint_read(struct fingerprint *out, const char *environment, struct err *err)
{
    cJSON *root = NULL;
    int rc = json_parse(&root, environment, strlen(environment), err);
    if (rc == 0)
        rc = fingerprint_take(out, root, err);
    cJSON_Delete(root);
    return rc < 0 ? err_wrap(err, "environment of the run") : 0;
}

/* Absent facts stay absent: they read back as not told. */
void fingerprint_put(cJSON *object, const struct fingerprint *fingerprint)
{
    for (size_t i = 0; i < FINGERPRINT_FACTS; i++)
        if (fingerprint->facts[i][0])
            cJSON_AddStringToObject(object, facts[i].key, fingerprint->facts[i]);
}

static const char *told(const char *fact)
{
    return *fact ? fact : "not told";
}

size_t fingerprint_compare(struct text *differences, const struct fingerprint *there,
                           const struct fingerprint *here)
{
    size_t count = 0;
    for (size_t i = 0; i < FINGERPRINT_FACTS; i++) {
        if (strcmp(there->facts[i], here->facts[i]) == 0)
            continue;
        if (differences)
            text_addf(differences, "%s%s: %s there, %s here", count ? "; " : "", facts[i].name,
                      told(there->facts[i]), told(here->facts[i]));
        count++;
    }
    return count;
}
