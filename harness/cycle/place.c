/* Whose is a process? Read from the chain of its parents in /proc, which breaks where one has gone:
 * what it left goes to a subreaper, the subject or us. A process in a pid namespace tells other
 * numbers than we see; /proc/PID/status, NSpid, has all of them. See proc(5), pid_namespaces(7). */
#include "cycle/place.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_NUMBERS 32 /* of one process: the kernel nests pid namespaces 32 deep */

/* What /proc/PID/status says of a process. */
struct status {
    pid_t process;               /* that a thread belongs to */
    pid_t numbers[MOST_NUMBERS]; /* in the pid namespaces below ours, down to its own */
    size_t number_count;
};

static bool read_status(struct status *out, pid_t pid)
{
    char text[8192]; /* the list of groups stands in front of what we want */
    const char *at;
    char *end;
    *out = (struct status){0};
    if (pid <= 0 || !process_read(text, sizeof text, pid, "status"))
        return false;
    if ((at = strstr(text, "\nTgid:")))
        out->process = (pid_t)strtol(at + 6, NULL, 10);
    if (!(at = strstr(text, "\nNSpid:")))
        return true;
    strtol(at + 7, &end, 10); /* the first is its number here */
    for (; *end == '\t' && out->number_count < MOST_NUMBERS; out->number_count++)
        out->numbers[out->number_count] = (pid_t)strtol(end, &end, 10);
    return true;
}

bool place_view(struct place_view *out, pid_t pid)
{
    char text[1024];
    char *at;
    *out = (struct place_view){0};
    if (pid <= 0 || !process_read(text, sizeof text, pid, "stat") || !(at = strrchr(text, ')')) ||
        strlen(at) < 5)
        return false;
    out->state = at[2];
    out->parent = (pid_t)strtol(at + 3, &at, 10);
    out->group = (pid_t)strtol(at, &at, 10);
    out->session = (pid_t)strtol(at, &at, 10);
    for (int field = 7; field < 22 && at; field++)
        at = strchr(at + 1, ' ');
    out->began_ticks = at ? strtoll(at, NULL, 10) : 0;
    return true;
}

pid_t place_thread_of(pid_t number)
{
    struct status status;
    return read_status(&status, number) ? status.process : 0;
}

/* Is it certain that it came to us from the tree of another arm? */
static bool is_of_another(const struct places *places, pid_t pid)
{
    for (size_t i = 0; places->run && i < places->run->options.scenario->arm_count; i++) {
        const struct cycle_arm *arm = &places->run->arms[i];
        if (arm->subject.process.pid != places->subject && tree_confines(&arm->tree, pid))
            return true;
    }
    return false;
}

enum place place_of(const struct places *places, pid_t pid)
{
    struct place_view view;
    pid_t asked = pid;
    for (int step = 0; step < PLACE_MOST_STEPS && pid > 1; step++) {
        if (pid == places->subject)
            return PLACE_SUBJECT;
        if (pid == getpid())
            return step == 0 || is_of_another(places, asked) ? PLACE_ANOTHER : PLACE_ADOPTED;
        for (size_t i = 0; places->run && i < places->run->options.scenario->arm_count; i++)
            if (pid == places->run->arms[i].subject.process.pid)
                return PLACE_ANOTHER;
        if (!place_view(&view, pid))
            return PLACE_OUTSIDE;
        pid = view.parent;
    }
    return PLACE_OUTSIDE;
}

static bool is_numbered(pid_t pid, pid_t number)
{
    struct status status;
    if (read_status(&status, pid))
        for (size_t i = 0; i < status.number_count; i++)
            if (status.numbers[i] == number)
                return true;
    return false;
}

pid_t place_first_numbered(const struct places *places, pid_t pid, pid_t number)
{
    struct place_view view;
    for (int step = 0; step < PLACE_MOST_STEPS && pid > 1 && pid != getpid(); step++) {
        if (pid == number || is_numbered(pid, number))
            return pid;
        if (pid == places->subject || !place_view(&view, pid))
            return 0;
        pid = view.parent;
    }
    return 0;
}

bool place_is_inner(pid_t pid)
{
    struct status status;
    return read_status(&status, pid) && status.number_count > 0;
}

static void read_inner(struct places *places)
{
    DIR *proc = places->inner_read ? NULL : opendir("/proc");
    struct dirent *entry;
    size_t room = 0;
    places->inner_read = true;
    while (proc && (entry = readdir(proc))) {
        struct status status;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid <= 0 || !read_status(&status, pid))
            continue;
        for (size_t i = 0; i < status.number_count; i++) {
            if (places->inner_count == room) {
                room = room ? 2 * room : 64;
                places->inner = xrealloc(places->inner, room, sizeof *places->inner);
            }
            places->inner[places->inner_count++] = (struct place_inner){pid, status.numbers[i]};
        }
    }
    if (proc)
        closedir(proc);
}

pid_t place_inner_numbered(struct places *places, pid_t number, bool *elsewhere)
{
    pid_t found = 0;
    read_inner(places);
    *elsewhere = false;
    for (size_t i = 0; i < places->inner_count && !found; i++) {
        if (places->inner[i].number != number)
            continue;
        if (place_of(places, places->inner[i].pid) == PLACE_SUBJECT)
            found = places->inner[i].pid;
        else
            *elsewhere = true;
    }
    return found;
}

void places_release(struct places *places)
{
    free(places->inner);
    *places = (struct places){0};
}
