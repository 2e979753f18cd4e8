/* Which faults may a scenario ask for? The names; what they are is told by
 * proof/faults/catalogue.c. */
#include <string.h>

#include "base/text.h"
#include "scenario/fields.h"
#include "scenario/scenario.h"

const char *const scenario_fault_names[SCENARIO_FAULTS + 1] = {"killed-at-random",
                                                               "killed-while-opening",
                                                               "killed-before-spawn",
                                                               "killed-when-asked",
                                                               "killed-at-first-agent",
                                                               "killed-at-last-agent",
                                                               "killed-when-spawned",
                                                               "killed-when-finishing",
                                                               "killed-when-finished",
                                                               "killed-while-closing",
                                                               "killed-with-grandchildren",
                                                               "agent-killed-before-ready",
                                                               "agent-killed-after-ready",
                                                               "daemon-outlives-agent",
                                                               "exec-enoent",
                                                               "exec-eacces",
                                                               "exec-enoexec",
                                                               "exec-hangs",
                                                               "no-descriptors",
                                                               "no-processes",
                                                               "deadline-missed",
                                                               "busy-for-a-while",
                                                               "busy-while-spawning",
                                                               "busy-while-finishing",
                                                               "disk-full",
                                                               "read-only-folder",
                                                               "write-full",
                                                               "writes-full",
                                                               "write-error",
                                                               "writes-error",
                                                               "write-short",
                                                               "sync-error",
                                                               "syncs-error",
                                                               "read-error",
                                                               "open-refused",
                                                               "read-only",
                                                               "killed-before-write",
                                                               "killed-inside-write",
                                                               "killed-after-write",
                                                               "killed-before-sync",
                                                               "killed-after-sync",
                                                               "power-loss",
                                                               NULL};

/* What names of former versions stand for, so that what was stored then can be read, and what is
 * written down somewhere goes on to work. */
static const struct {
    const char *former, *names[2];
} former_names[] = {{"busy-for-ever", {"busy-while-spawning", "busy-while-finishing"}}};

/* The known words of the key: "all" and every name. */
static const char *const *all_words(void)
{
    static const char *words[SCENARIO_FAULTS + 2];
    words[0] = "all";
    memcpy(&words[1], scenario_fault_names, sizeof scenario_fault_names);
    return words;
}

int scenario_fault_add(uint64_t *faults, const char *name)
{
    if (strcmp(name, "all") == 0) {
        *faults |= (UINT64_C(1) << SCENARIO_FAULTS) - 1;
        return 0;
    }
    for (int i = 0; i < SCENARIO_FAULTS; i++)
        if (strcmp(name, scenario_fault_names[i]) == 0) {
            *faults |= UINT64_C(1) << i;
            return 0;
        }
    for (size_t i = 0; i < sizeof former_names / sizeof former_names[0]; i++)
        if (strcmp(name, former_names[i].former) == 0)
            return scenario_fault_add(faults, former_names[i].names[0]) |
                   scenario_fault_add(faults, former_names[i].names[1]);
    return -1;
}

const char *scenario_fault_nearest(const char *name)
{
    return text_nearest(name, all_words());
}

int faults_read(const struct field_place *place, const struct field *field, const cJSON *value,
                void *slot)
{
    struct scenario *scenario = slot;
    const cJSON *word;
    if (field_array(place, field, value) < 0)
        return -1;
    cJSON_ArrayForEach(word, value) {
        if (!cJSON_IsString(word))
            return field_refuse(place, field, word);
        if (scenario_fault_add(&scenario->faults, word->valuestring) < 0)
            return field_refuse_nearest(place, field, word, all_words());
    }
    return 0;
}
