/* What do {agent}, {reference}, {null}, {liar}, {sharer}, {metrics} and {folder} stand for?
 * Programs beside our own, and places of the run. */
#include <stdlib.h>
#include <string.h>

#include "base/placeholder.h"
#include "cycle/cycle_internal.h"
#include "cycle/program.h"

static const char *program_for(const char *placeholder)
{
    static const struct {
        const char *placeholder, *program;
    } known[] = {{"{agent}", "spawnref-agent"},
                 {"{reference}", "spawnref"},
                 {"{null}", "spawnbench-null"},
                 {"{liar}", "spawnbench-liar"},
                 {"{sharer}", "spawnbench-sharer"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(placeholder, known[i].placeholder) == 0)
            return known[i].program;
    return NULL;
}

int fill_command(char ***out, const struct cycle_subjects *run, char *const command[],
                 struct err *err)
{
    const char *const *more = run->options.arguments;
    size_t count = 0, added = 0;
    char **filled;
    while (command[count])
        count++;
    while (more && more[added])
        added++;
    filled = xcalloc(count + added + 1, sizeof *filled);
    for (size_t i = 0; i < count; i++) {
        const char *name = program_for(command[i]);
        filled[i] = name ? process_find_beside_self(name) : NULL;
        if (name && !filled[i]) {
            fill_free(filled);
            return err_set(err, ERR_UNFIT,
                           "'%s' stands for the program '%s', which is not beside spawnbench "
                           "(build or install it)",
                           command[i], name);
        }
        if (!name)
            filled[i] = strcmp(command[i], "{metrics}") == 0
                            ? xstrdup(run->options.metrics_path)
                            : placeholder_fill(command[i], "{folder}", run->options.folder);
    }
    for (size_t i = 0; i < added; i++)
        filled[count + i] = xstrdup(more[i]);
    *out = filled;
    return 0;
}

void fill_free(char **command)
{
    for (size_t i = 0; command && command[i]; i++)
        free(command[i]);
    free(command);
}

/* Only needed, and only asked for, when an agent of the scenario is started through it. */
static int find_launcher(struct cycle_subjects *run, struct err *err)
{
    const struct scenario *scenario = run->options.scenario;
    for (size_t i = 0; i < scenario->agent_count && !run->launcher_path; i++) {
        if (scenario->agents[i].witness != SCENARIO_WITNESS_LAUNCHER)
            continue;
        run->launcher_path = process_find_beside_self("spawnbench-witness");
        if (!run->launcher_path)
            return err_set(
                err, ERR_UNFIT,
                "agent '%s' is started through 'spawnbench-witness', which is not beside "
                "spawnbench (build or install it, or write \"witness\": \"none\")",
                scenario->agents[i].name);
    }
    return 0;
}

/* Only needed, and only asked for, when an agent of the scenario is ours. */
static int find_agent(struct cycle_subjects *run, struct err *err)
{
    const struct scenario *scenario = run->options.scenario;
    for (size_t i = 0; i < scenario->agent_count; i++) {
        for (char **word = scenario->agents[i].command; *word; word++) {
            if (strcmp(*word, "{agent}") != 0 || run->agent_path)
                continue;
            run->agent_path = process_find_beside_self("spawnref-agent");
            if (!run->agent_path)
                return err_set(err, ERR_UNFIT,
                               "'{agent}' stands for 'spawnref-agent', which is not beside "
                               "spawnbench (build or install it)");
        }
    }
    return 0;
}

static int find_sharer(const struct cycle_subjects *run, struct err *err)
{
    const struct scenario *scenario = run->options.scenario;
    for (size_t i = 0; i < scenario->agent_count; i++)
        for (char **word = scenario->agents[i].command; *word; word++)
            if (strcmp(*word, "{sharer}") == 0 && !program_sharer())
                return err_set(err, ERR_UNFIT,
                               "'{sharer}' stands for 'spawnbench-sharer', which is not beside "
                               "spawnbench (build or install it)");
    return 0;
}

int fill_programs(struct cycle_subjects *run, struct err *err)
{
    return find_agent(run, err) < 0 || find_sharer(run, err) < 0 || find_launcher(run, err) < 0 ? -1
                                                                                                : 0;
}
