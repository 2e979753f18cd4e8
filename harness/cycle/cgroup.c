/* Which cgroup are we in, and what does it and what do those above it say about CPU time? */
#include "cycle/cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* A cgroup's folder; cut short step by step until only the mount's root is left. */
struct place {
    char *folder;
    size_t root; /* length of the part that is the mount */
};

/* Is "cpu" one of "cpu,cpuacct"? */
static bool is_cpu(const char *controllers)
{
    bool found = false;
    for (const char *word = controllers; word && !found; word = strchr(word, ',')) {
        word += *word == ',';
        found = strcspn(word, ",") == 3 && strncmp(word, "cpu", 3) == 0;
    }
    return found;
}

/* Take the place over as ours when its root is there. */
static bool settle(struct place *out, char *root_taken, const char *path)
{
    if (access(root_taken, F_OK) != 0) {
        free(root_taken);
        return false;
    }
    out->root = strlen(root_taken);
    out->folder = text_format("%s%s", root_taken, strcmp(path, "/") == 0 ? "" : path);
    /* another namespace shows paths outside of ours as "/..": they would lead out of the mount */
    if (access(out->folder, F_OK) != 0 || strstr(path, "/.."))
        out->folder[out->root] = '\0';
    free(root_taken);
    return true;
}

/* Lines are "NUMBER:CONTROLLERS:PATH"; version 2 is number 0 and names no controllers. Where
 * version 1 has the CPU controller, version 2 cannot have it: it goes first. */
static bool find(struct place *out, const char *membership, const char *mount)
{
    char *data = NULL, *line, *next = NULL, *second = NULL;
    size_t length;
    bool found = false;
    if (text_read_file(&data, &length, membership, 1 << 20, NULL) < 0)
        return false;
    for (line = strtok_r(data, "\n", &next); line && !found; line = strtok_r(NULL, "\n", &next)) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        if (strcmp(line, "0:") == 0)
            second = path;
        else if (is_cpu(++controllers))
            found = settle(out, text_format("%s/%s", mount, controllers), path) ||
                    settle(out, text_format("%s/cpu", mount), path);
    }
    if (!found && second)
        found = settle(out, xstrdup(mount), second);
    free(data);
    return found;
}

/* To the cgroup above; false at the root, and the place is given back then. */
static bool up(struct place *place)
{
    char *slash = strrchr(place->folder, '/');
    if (strlen(place->folder) > place->root && slash) {
        *slash = '\0';
        if (strlen(place->folder) >= place->root)
            return true;
    }
    free(place->folder);
    place->folder = NULL;
    return false;
}

static char *read_beside(const struct place *place, const char *name)
{
    char *path = text_format("%s/%s", place->folder, name), *data = NULL;
    size_t length;
    text_read_file(&data, &length, path, 1 << 16, NULL);
    free(path);
    return data;
}

/* Version 2 writes "QUOTA PERIOD" or "max PERIOD" in one file,
 * version 1 two, -1 for none; in us. */
static double quota_of(const struct place *place)
{
    char *both = read_beside(place, "cpu.max");
    char *quota = both ? NULL : read_beside(place, "cpu.cfs_quota_us");
    char *period = both ? NULL : read_beside(place, "cpu.cfs_period_us");
    double granted = 0, of = 0;
    if (both) {
        char *rest = both;
        granted = strtod(both, &rest); /* "max" reads as 0: no quota */
        of = strtod(rest, NULL);
    } else if (quota && period) {
        granted = strtod(quota, NULL);
        of = strtod(period, NULL);
    }
    free(both);
    free(quota);
    free(period);
    return granted > 0 && of > 0 ? granted / of : 0;
}

double cgroup_cpus_quota(const char *membership, const char *mount)
{
    struct place place;
    double least = 0;
    if (!find(&place, membership, mount))
        return 0;
    do {
        double quota = quota_of(&place);
        if (quota > 0 && (least == 0 || quota < least))
            least = quota;
    } while (up(&place));
    return least;
}

char *cgroup_throttled_file(const char *membership, const char *mount)
{
    struct place place;
    char *path = NULL;
    if (!find(&place, membership, mount))
        return NULL;
    do {
        char *text = read_beside(&place, "cpu.stat");
        if (text && strstr(text, "nr_throttled ") && !path)
            path = text_format("%s/cpu.stat", place.folder);
        free(text);
    } while (up(&place));
    return path;
}
