/* Where is an agent at home? One that asks for {home} has a folder of its own for one cycle: made
 * before it, empty, and removed after it, both outside of every measured time. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/placeholder.h"
#include "cycle/cycle_internal.h"

#define HOME "{home}"

/* ---- what is asked, with {home} filled in ---- */

static bool asks_for_home(const struct scenario_agent *asked)
{
    bool asks = asked->fresh_home || (asked->directory && placeholder_in(asked->directory, HOME));
    for (char **word = asked->command; *word && !asks; word++)
        asks = placeholder_in(*word, HOME);
    for (size_t i = 0; i < asked->environment_count && !asks; i++)
        asks = placeholder_in(asked->environment[i].value, HOME);
    return asks;
}

static struct scenario_agent *fill_agent(const struct scenario_agent *asked, const char *home)
{
    struct scenario_agent *filled = xcalloc(1, sizeof *filled);
    size_t words = 0, own = asked->environment_count;
    *filled = *asked; /* what is not written anew below stays the scenario's */
    while (asked->command[words])
        words++;
    filled->command = xcalloc(words + 1, sizeof *filled->command);
    for (size_t i = 0; i < words; i++)
        filled->command[i] = placeholder_fill(asked->command[i], HOME, home);
    filled->environment_count = own + asked->fresh_home;
    filled->environment = xcalloc(filled->environment_count + 1, sizeof *filled->environment);
    for (size_t i = 0; i < own; i++) {
        const struct scenario_variable *variable = &asked->environment[i];
        filled->environment[i].key = xstrdup(variable->key);
        filled->environment[i].value = placeholder_fill(variable->value, HOME, home);
    }
    if (asked->fresh_home)
        filled->environment[own] = (struct scenario_variable){xstrdup("HOME"), xstrdup(home)};
    if (asked->directory)
        filled->directory = placeholder_fill(asked->directory, HOME, home);
    return filled;
}

void homes_forget(struct cycle *cycle)
{
    cycle_leave_homes(cycle);
    for (size_t i = 0; i < cycle->agent_count; i++) {
        struct scenario_agent *filled = cycle->agents[i].filled;
        if (!filled)
            continue;
        fill_free(filled->command);
        for (size_t k = 0; k < filled->environment_count; k++) {
            free(filled->environment[k].key);
            free(filled->environment[k].value);
        }
        free(filled->environment);
        free(filled->directory);
        free(filled);
        cycle->agents[i].filled = NULL;
    }
}

/* ---- folders ---- */

/* Absolute: agents may run in another folder than we do. */
static int make_parent(struct cycle_subjects *run, struct err *err)
{
    char *folder = realpath(run->options.folder, NULL), *name = NULL;
    int rc = folder ? folder_make_fresh(&name, folder, "homes", err)
                    : err_system(err, "cannot use '%s'", run->options.folder);
    if (rc == 0)
        run->homes = text_format("%s/%s", folder, name);
    free(folder);
    free(name);
    return rc;
}

static int make_one(struct cycle_subjects *run, struct cycle_agent *agent, struct err *err)
{
    char *name = NULL;
    if ((!run->homes && make_parent(run, err) < 0) ||
        folder_make_fresh(&name, run->homes, agent->id, err) < 0)
        return err_wrap(err, "folder {home} of agent '%s'", agent->asked->name);
    agent->home = text_format("%s/%s", run->homes, name);
    chmod(agent->home, 0700); /* as a home is */
    agent->filled = fill_agent(agent->asked, agent->home);
    agent->asked = agent->filled;
    free(name);
    return 0;
}

int homes_make(struct cycle_subjects *run, struct cycle *cycle, struct err *err)
{
    for (size_t i = 0; i < cycle->agent_count && cycle->broke == CYCLE_WHOLE; i++)
        if (asks_for_home(cycle->agents[i].asked) && make_one(run, &cycle->agents[i], err) < 0)
            return -1;
    return 0;
}

void cycle_leave_homes(struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->agent_count; i++) {
        struct cycle_agent *agent = &cycle->agents[i];
        if (agent->home)
            text_remove_tree(agent->home);
        free(agent->home);
        agent->home = NULL;
    }
}

void homes_release(struct cycle_subjects *run)
{
    if (run->homes)
        rmdir(run->homes); /* stays where an agent's folder could not be removed */
    free(run->homes);
    run->homes = NULL;
}

/* ---- HOME ---- */

const char *cycle_home_of(const struct cycle_subjects *run, const struct cycle_agent *agent)
{
    const struct scenario_agent *asked = agent->asked;
    for (size_t i = 0; i < asked->environment_count; i++)
        if (strcmp(asked->environment[i].key, "HOME") == 0)
            return asked->environment[i].value;
    for (char **word = run ? run->environment : NULL; word && *word; word++)
        if (strncmp(*word, "HOME=", 5) == 0)
            return *word + 5;
    return getenv("HOME");
}
