/* What does it look like? Data, script and picture of each figure,
 * drawn by gnuplot without a shell. */
#include "report/figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cycles_gp.h"
#include "distribution_gp.h"
#include "modes_gp.h"
#include "phases_gp.h"
#include "ratios_gp.h"
#include "scaling_gp.h"
#include "shift_gp.h"
#include "timeline_gp.h"

static const struct {
    const char *name, *script;
    figure_data *data;
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
        ready = ready || (!facts->cycles[i].warmup && facts->cycles[i].spawn_time_ns >= 0);
    }
    switch (kind) {
    case FIGURE_TIMELINE:
        for (size_t i = 0; i < facts->arm_count * facts->value_count; i++)
            if (started && facts->cells[i].typical)
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

static void forget_all(const char *folder, const struct figure_set *set, enum figure_kind kind)
{
    static const char *const endings[] = {"svg", "dat", "gp"};
    for (int i = 0; i < 3; i++) {
        char *path =
            text_format("%s/%s-%s.%s", folder, set->prefix, figures[kind].name, endings[i]);
        unlink(path);
        free(path);
    }
}

static void draw(struct figure_set *set, const char *folder, const char *base)
{
    char trouble[GNUPLOT_TROUBLE_BYTES];
    if (gnuplot_draw(folder, base, trouble) == 0)
        return;
    if (!*set->trouble)
        snprintf(set->trouble, sizeof set->trouble, "%s", trouble);
    set->missing = true;
}

static int make_one(struct figure_set *set, const char *folder, enum figure_kind kind,
                    struct results *store, const struct facts *facts, struct err *err)
{
    char *base = text_format("%s-%s", set->prefix, figures[kind].name);
    struct text data = {0};
    int rc = figures[kind].data(&data, store, facts, err);
    set->wanted[kind] = rc == 0 && data.length > 0;
    if (rc == 0 && !set->wanted[kind])
        forget_all(folder, set, kind);
    else if (rc == 0)
        rc = gnuplot_write(folder, base, &data, figures[kind].script, err);
    if (rc == 0 && set->wanted[kind])
        draw(set, folder, base);
    text_release(&data);
    free(base);
    return rc;
}

int figure_draw(struct figure_set *out, const char *folder, struct results *store,
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
