/* What does it look like? Data, script and picture of each figure, drawn by gnuplot without a
 * shell. */
#include "report/figure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "cycles_gp.h"
#include "distribution_gp.h"
#include "modes_gp.h"
#include "phases_gp.h"
#include "ratios_gp.h"
#include "report/words.h"
#include "scaling_gp.h"
#include "shift_gp.h"
#include "style_gp.h"
#include "timeline_gp.h"

#define DRAW_DEADLINE_NS (60 * CLOCK_NS_PER_S)
#define END_GRACE_NS     (CLOCK_NS_PER_S)

static const struct {
    const char *name, *script;
    int (*data)(struct text *out, struct store *store, const struct facts *facts, struct err *err);
} figures[FIGURE_KINDS] = {
    [FIGURE_DISTRIBUTION] = {"distribution", embedded_distribution_gp, data_distribution},
    [FIGURE_TIMELINE] = {"timeline", embedded_timeline_gp, data_timeline},
    [FIGURE_SCALING] = {"scaling", embedded_scaling_gp, data_scaling},
    [FIGURE_CYCLES] = {"cycles", embedded_cycles_gp, data_cycles},
    [FIGURE_RATIOS] = {"ratios", embedded_ratios_gp, data_ratios},
    [FIGURE_SHIFT] = {"shift", embedded_shift_gp, data_shift},
    [FIGURE_MODES] = {"modes", embedded_modes_gp, data_modes},
    [FIGURE_PHASES] = {"phases", embedded_phases_gp, data_phases},
};

const char *figure_name(enum figure_kind kind)
{
    return figures[kind].name;
}

/* A picture needs something to show: a ready cycle for times, a second batch size for scaling. */
static bool is_wanted(enum figure_kind kind, const struct facts *facts)
{
    bool ready = false, started = false;
    for (size_t i = 0; i < facts->cycle_count; i++) {
        started = started || facts->cycles[i].answered_ns > 0;
        ready = ready || (!facts->cycles[i].warmup && facts->cycles[i].spawn_ns >= 0);
    }
    switch (kind) {
    case FIGURE_TIMELINE:
        for (size_t i = 0; i < facts->arm_count * facts->value_count; i++)
            if (started && facts->cells[i].typical >= 0)
                return true;
        return false;
    case FIGURE_SCALING:
        return ready && facts->value_count > 1;
    case FIGURE_CYCLES:
        return started && ready;
    default:
        return ready;
    }
}

static char *path_of(const char *folder, const struct figure_set *set, enum figure_kind kind,
                     const char *ending)
{
    return text_format("%s/%s-%s.%s", folder, set->prefix, figures[kind].name, ending);
}

static int write_text(const char *folder, const struct figure_set *set, enum figure_kind kind,
                      const char *ending, const struct text *text, struct err *err)
{
    char *path = path_of(folder, set, kind, ending);
    int rc = text_write_file(path, text->data ? text->data : "", text->length, err);
    free(path);
    return rc;
}

static void forget(const char *folder, const struct figure_set *set, enum figure_kind kind,
                   const char *ending)
{
    char *path = path_of(folder, set, kind, ending);
    unlink(path);
    free(path);
}

/* The first line gnuplot wrote to stderr that says something, for the message. */
static void read_complaint(int fd, char *out, size_t room)
{
    char block[4096];
    char *line, *next = NULL;
    ssize_t got = pread(fd, block, sizeof block - 1, 0);
    block[got > 0 ? got : 0] = '\0';
    for (line = strtok_r(block, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        line += strspn(line, " \t^");
        if (!*line || strstr(line, "warning"))
            continue;
        snprintf(out, room, "%s", line);
        return;
    }
}

/* Scripts take no input, and what gnuplot prints is its stderr. returns: 0 drawn, else -1 */
static int run_gnuplot(const char *folder, const char *const argv[], char *trouble, size_t room)
{
    struct process process;
    struct process_exit ended = {.status = -1};
    struct err err = {0};
    int complaints = memfd_create("gnuplot-stderr", MFD_CLOEXEC);
    int rc = -1;
    if (process_start(&process, argv, NULL, folder, complaints, &err) < 0) {
        snprintf(trouble, room, "%s", err.text);
        goto done;
    }
    close(process.in);
    process.in = -1;
    if (!process_wait(&process, clock_now_ns() + DRAW_DEADLINE_NS, &ended)) {
        process_end(&process, END_GRACE_NS, NULL);
        snprintf(trouble, room, "gnuplot was still drawing after %lld s and was ended",
                 (long long)(DRAW_DEADLINE_NS / CLOCK_NS_PER_S));
    } else if (ended.status == 0) {
        rc = 0;
    } else {
        snprintf(trouble, room, "gnuplot ended with %s %d", ended.signal ? "signal" : "status",
                 ended.signal ? ended.signal : ended.status);
        if (complaints >= 0)
            read_complaint(complaints, trouble, room);
    }
done:
    if (complaints >= 0)
        close(complaints);
    return rc;
}

/* Paths relative to the folder and with "./" in front: never an option, a pipe or a machine's path.
 */
static void draw(struct figure_set *set, const char *folder, enum figure_kind kind)
{
    char *base = text_format("./%s-%s", set->prefix, figures[kind].name);
    char *script = text_format("%s.gp", base), *data = text_format("%s.dat", base);
    char *fresh = text_format("%s.svg.new", base), *picture = text_format("%s.svg", base);
    const char *const argv[] = {"gnuplot", "-d", "-c", script, fresh, data, NULL};
    char *from = text_format("%s/%s", folder, fresh), *to = text_format("%s/%s", folder, picture);
    char trouble[sizeof set->trouble] = "";
    if (run_gnuplot(folder, argv, trouble, sizeof trouble) < 0 || rename(from, to) != 0) {
        if (!*set->trouble)
            snprintf(set->trouble, sizeof set->trouble, "%s",
                     *trouble ? trouble : "gnuplot left no picture");
        set->missing = true;
        unlink(from);
        unlink(to);
    }
    free(base);
    free(script);
    free(data);
    free(fresh);
    free(picture);
    free(from);
    free(to);
}

static void forget_all(const char *folder, const struct figure_set *set, enum figure_kind kind)
{
    forget(folder, set, kind, "svg");
    forget(folder, set, kind, "dat");
    forget(folder, set, kind, "gp");
}

static int make_one(struct figure_set *set, const char *folder, enum figure_kind kind,
                    struct store *store, const struct facts *facts, struct err *err)
{
    struct text data = {0}, script = {0};
    int rc;
    text_addf(&script, "%s\n%s", embedded_style_gp, figures[kind].script);
    rc = figures[kind].data(&data, store, facts, err);
    set->wanted[kind] = rc == 0 && data.length > 0;
    if (rc == 0 && !set->wanted[kind]) {
        forget_all(folder, set, kind);
        goto done;
    }
    if (rc == 0)
        rc = write_text(folder, set, kind, "dat", &data, err);
    if (rc == 0)
        rc = write_text(folder, set, kind, "gp", &script, err);
    if (rc == 0)
        draw(set, folder, kind);
done:
    text_release(&data);
    text_release(&script);
    return rc;
}

int figure_draw(struct figure_set *out, const char *folder, struct store *store,
                const struct facts *facts, struct err *err)
{
    for (int kind = 0; kind < FIGURE_KINDS; kind++) {
        out->wanted[kind] = is_wanted((enum figure_kind)kind, facts);
        if (out->wanted[kind]) {
            if (make_one(out, folder, (enum figure_kind)kind, store, facts, err) < 0)
                return err_wrap(err, "figure '%s-%s'", out->prefix, figures[kind].name);
            continue;
        }
        forget_all(folder, out, (enum figure_kind)kind);
    }
    return 0;
}
