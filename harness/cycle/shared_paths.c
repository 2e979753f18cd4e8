/* Which files do the patterns of `databases` mean just now? Each is expanded once for each home
 * that an agent has; glob(3) sees what we put in as letters, not as a pattern. */
#include "cycle/shared_paths.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/placeholder.h"
#include "base/text.h"
#include "cycle/cycle_internal.h"

#define MAGIC "*?[\\"

/* One expansion under way. */
struct search {
    struct shared_paths *out;
    const struct cycle_subjects *run;
    const char *pattern, *folder;
    size_t index;
    const char *home; /* HOME of the agent; NULL: not known */
    const char *own;  /* its folder of this cycle; NULL: it has none */
};

static bool has_end(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);
    return length > tail && strcmp(path + length - tail, end) == 0;
}

static bool is_beside(const char *path)
{
    return has_end(path, "-wal") || has_end(path, "-shm") || has_end(path, "-journal");
}

/* The store of a subject is audited as that, by somebody who has it open. */
static bool is_store(const struct cycle_subjects *run, const char *path)
{
    struct stat about, store;
    if (!run || stat(path, &about) != 0)
        return false;
    for (size_t i = 0; i < run->options.scenario->arm_count; i++)
        if (run->arms[i].database && stat(run->arms[i].database, &store) == 0 &&
            store.st_dev == about.st_dev && store.st_ino == about.st_ino)
            return true;
    return false;
}

static void add(const struct search *search, const char *path, bool there)
{
    struct shared_paths *out = search->out;
    char *whole = there ? realpath(path, NULL) : NULL;
    char *own = search->own ? realpath(search->own, NULL) : NULL;
    size_t length = own ? strlen(own) : 0;
    struct shared_path found = {.pattern = search->index,
                                .there = there && !is_store(search->run, path)};
    found.path = whole ? whole : xstrdup(path);
    found.fleeting = own && strncmp(found.path, own, length) == 0 && found.path[length] == '/';
    for (size_t i = 0; i < out->count && found.path; i++)
        if (strcmp(out->items[i].path, found.path) == 0) {
            free(found.path);
            found.path = NULL;
        }
    if (found.path && out->count == SHARED_MOST_PATHS) {
        out->left_out++;
        free(found.path);
    } else if (found.path) {
        found.name =
            found.fleeting ? text_format("{home}%s", found.path + length) : xstrdup(found.path);
        text_make_printable(found.name);
        out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
        out->items[out->count++] = found;
    }
    free(own);
}

static void add_matches(const struct search *search, const char *pattern)
{
    glob_t found;
    struct stat about;
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (!is_beside(found.gl_pathv[i]) && stat(found.gl_pathv[i], &about) == 0 &&
            S_ISREG(about.st_mode))
            add(search, found.gl_pathv[i], true);
    globfree(&found);
}

/* What was put in is not to be read as a pattern. */
static char *quoted(const char *path, bool quotes)
{
    struct text out = {0};
    for (const char *at = path; *at; at++)
        text_addf(&out, "%s%c", quotes && strchr(MAGIC, *at) ? "\\" : "", *at);
    return text_take(&out);
}

/* NULL: it means nothing for this agent */
static char *fill(const struct search *search, bool quotes)
{
    bool tilde = search->pattern[0] == '~';
    char *own = search->own ? quoted(search->own, quotes) : NULL;
    char *home = search->home ? quoted(search->home, quotes) : NULL;
    char *folder = quoted(search->folder, quotes), *here = realpath(".", NULL);
    char *filled = NULL, *with_own, *with_folder;
    if ((!tilde || home) && (own || !placeholder_in(search->pattern, "{home}"))) {
        with_own = placeholder_fill(search->pattern + tilde, "{home}", own ? own : "");
        with_folder = placeholder_fill(with_own, "{folder}", folder);
        if (tilde) {
            filled = text_format("%s%s", home, with_folder);
        } else if (with_folder[0] != '/' && here) {
            char *start = quoted(here, quotes);
            filled = text_format("%s/%s", start, with_folder);
            free(start);
        } else {
            filled = xstrdup(with_folder);
        }
        free(with_own);
        free(with_folder);
    }
    free(own);
    free(home);
    free(folder);
    free(here);
    return filled;
}

static void expand(const struct search *search)
{
    bool glob = strpbrk(search->pattern, MAGIC) != NULL;
    char *filled = fill(search, glob);
    struct stat about;
    if (filled && glob)
        add_matches(search, filled);
    else if (filled)
        add(search, filled, stat(filled, &about) == 0);
    free(filled);
}

/* ---- whose homes ---- */

/* An agent whose HOME is made for each cycle has none before. */
static bool is_settled(const struct scenario_agent *asked)
{
    for (size_t i = 0; i < asked->environment_count; i++)
        if (strcmp(asked->environment[i].key, "HOME") == 0)
            return !placeholder_in(asked->environment[i].value, "{home}");
    return !asked->fresh_home;
}

static void for_agents(struct search *search, const struct scenario *scenario,
                       const struct cycle *cycle)
{
    size_t count = cycle ? cycle->agent_count : scenario->agent_count;
    bool for_each = placeholder_in(search->pattern, "{home}");
    const char *last = NULL; /* most agents have the same home */
    for (size_t i = 0; i < count; i++) {
        const struct cycle_agent before = {.asked = &scenario->agents[i % scenario->agent_count]};
        const struct cycle_agent *agent = cycle ? &cycle->agents[i] : &before;
        search->own = agent->home;
        search->home = cycle || is_settled(agent->asked) ? cycle_home_of(search->run, agent) : NULL;
        if (for_each || !last || !search->home || strcmp(last, search->home) != 0)
            expand(search);
        last = search->home;
    }
}

void shared_paths_find(struct shared_paths *out, const struct scenario *scenario,
                       const struct cycle_subjects *run, const struct cycle *cycle,
                       const char *folder)
{
    shared_paths_release(out);
    for (size_t i = 0; i < scenario->database_count; i++) {
        struct search search = {out, run, scenario->databases[i], folder, i, NULL, NULL};
        if (search.pattern[0] == '~' || placeholder_in(search.pattern, "{home}"))
            for_agents(&search, scenario, cycle);
        else
            expand(&search);
    }
}

void shared_paths_release(struct shared_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        free(paths->items[i].path);
        free(paths->items[i].name);
    }
    free(paths->items);
    *paths = (struct shared_paths){0};
}
