/* May a run be compared with that one? Only where both asked the same question on the same class of
 * machine. Both are reduced to a hash that baselines keep: what goes into it, and in which order,
 * is part of their format. */
#include "scenario/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"

/* Each word with its NUL, so that "1" "12" is not "11" "2". */
static uint64_t mix(uint64_t hash, const char *word)
{
    const char *whole = word ? word : "";
    return hash_bytes(hash, whole, strlen(whole) + 1);
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    return mix(hash, digits);
}

/* ---- the question ---- */

static uint64_t mix_agent(uint64_t hash, const struct scenario_agent *agent)
{
    hash = mix(hash, agent->name);
    for (char **word = agent->command; word && *word; word++)
        hash = mix(hash, *word);
    hash = mix_number(hash, agent->environment_count);
    for (size_t i = 0; i < agent->environment_count; i++)
        hash = mix(mix(hash, agent->environment[i].key), agent->environment[i].value);
    hash = mix(mix(hash, agent->directory), agent->ready_text);
    if (agent->witness == SCENARIO_WITNESS_LAUNCHER)
        hash = mix(hash, "launcher"); /* a second exec in each start */
    hash = mix_number(mix_number(hash, (uint64_t)agent->ready), agent->times);
    if (agent->expects_exit) /* not where nothing is expected: hashes of older runs stay */
        hash = mix_number(mix(hash, "exit"), (uint64_t)agent->expected_exit);
    if (agent->expected_output)
        hash =
            mix(mix(hash, agent->expected_within ? "contains" : "output"), agent->expected_output);
    if (agent->fresh_home)
        hash = mix(hash, "fresh home");
    return hash;
}

void scenario_question(char out[SCENARIO_ID_BYTES], const struct scenario *scenario)
{
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < scenario->agent_count; i++)
        hash = mix_agent(hash, &scenario->agents[i]);
    hash = mix_number(hash, scenario->durability_full);
    hash = mix_number(hash, scenario->consensus);
    hash = mix_number(hash, (uint64_t)scenario->on_failure);
    for (size_t i = 0; i < scenario->database_count; i++) /* copies are taken between cycles */
        hash = mix(hash, scenario->databases[i]);
    snprintf(out, SCENARIO_ID_BYTES, "%016" PRIx64, mix(hash, scenario->prompt));
}

/* ---- the machine ---- */

/* The members of cycle_host_describe that change times by themselves. Not among them: load,
 * pressure and the like, which change by the minute; memory, which differs by kernel; our own
 * version. */
static const struct {
    const char *key, *name;
} facts[SCENARIO_MACHINE_FACTS] = {
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

const char *scenario_machine_fact_name(size_t fact)
{
    return fact < SCENARIO_MACHINE_FACTS ? facts[fact].name : "";
}

static void take_fact(char out[SCENARIO_FACT_BYTES], const cJSON *fact)
{
    int64_t whole;
    out[0] = '\0';
    if (cJSON_IsString(fact))
        snprintf(out, SCENARIO_FACT_BYTES, "%s", fact->valuestring);
    else if (cJSON_IsBool(fact))
        snprintf(out, SCENARIO_FACT_BYTES, "%s", cJSON_IsTrue(fact) ? "yes" : "no");
    else if (json_int64(&whole, fact) == 0)
        snprintf(out, SCENARIO_FACT_BYTES, "%" PRId64, whole);
    else if (cJSON_IsNumber(fact))
        snprintf(out, SCENARIO_FACT_BYTES, "%.6g", fact->valuedouble);
    text_make_printable(out);
}

static void give_id(struct scenario_machine *machine)
{
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < SCENARIO_MACHINE_FACTS; i++)
        hash = mix(hash, machine->facts[i]);
    snprintf(machine->id, sizeof machine->id, "%016" PRIx64, hash);
}

static bool is_told(const cJSON *environment, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(environment, key) != NULL;
}

int scenario_machine_take(struct scenario_machine *out, const cJSON *environment, struct err *err)
{
    if (!cJSON_IsObject(environment) || !is_told(environment, "kernel") ||
        !is_told(environment, "cpus_usable"))
        return err_set(err, ERR_FORMAT,
                       "the environment does not tell kernel and cores, so nobody knows on which "
                       "machine it was measured");
    for (size_t i = 0; i < SCENARIO_MACHINE_FACTS; i++)
        take_fact(out->facts[i], cJSON_GetObjectItemCaseSensitive(environment, facts[i].key));
    give_id(out);
    return 0;
}

int scenario_machine_read(struct scenario_machine *out, const char *environment, struct err *err)
{
    cJSON *root = NULL;
    int rc = json_parse(&root, environment, strlen(environment), err);
    if (rc == 0)
        rc = scenario_machine_take(out, root, err);
    cJSON_Delete(root);
    return rc < 0 ? err_wrap(err, "environment of the run") : 0;
}

void scenario_machine_class(char out[SCENARIO_ID_BYTES], const char *environment)
{
    struct scenario_machine machine;
    struct err ignored = {0};
    bool known = scenario_machine_read(&machine, environment, &ignored) == 0;
    snprintf(out, SCENARIO_ID_BYTES, "%s", known ? machine.id : "unknown");
}

/* Absent facts stay absent: they read back as not told. */
void scenario_machine_put(cJSON *object, const struct scenario_machine *machine)
{
    for (size_t i = 0; i < SCENARIO_MACHINE_FACTS; i++)
        if (machine->facts[i][0])
            cJSON_AddStringToObject(object, facts[i].key, machine->facts[i]);
}

static const char *told(const char *fact)
{
    return *fact ? fact : "not told";
}

size_t scenario_machine_compare(struct text *differences, const struct scenario_machine *there,
                                const struct scenario_machine *here)
{
    size_t count = 0;
    for (size_t i = 0; i < SCENARIO_MACHINE_FACTS; i++) {
        if (strcmp(there->facts[i], here->facts[i]) == 0)
            continue;
        if (differences)
            text_addf(differences, "%s%s: %s there, %s here", count ? "; " : "", facts[i].name,
                      told(there->facts[i]), told(here->facts[i]));
        count++;
    }
    return count;
}
