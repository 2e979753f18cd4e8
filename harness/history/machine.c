/* Which class of machine is this? */
#include "history/history.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* FNV-1a, 64 bit (Fowler, Noll, Vo) */
static uint64_t mix(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

void history_machine(char out[HISTORY_MACHINE_BYTES], const char *environment_json)
{
    static const char *const keys[] = {"cpu_model", "architecture", "kernel", "agent_libc"};
    cJSON *root = NULL;
    uint64_t hash = UINT64_C(14695981039346656037);
    if (json_parse(&root, environment_json, strlen(environment_json), NULL) == 0)
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            hash = mix(hash, json_string(root, keys[i]));
    snprintf(out, HISTORY_MACHINE_BYTES, "%016llx", (unsigned long long)hash);
    cJSON_Delete(root);
}
