/* How far is it, how long will it take, how does it look so far?
 * One line, rewritten between cycles. */
#include <gsl/gsl_rstat.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"

#define REDRAW_NS (100 * CLOCK_NS_PER_MS)
#define BAR_CELLS 20

struct progress {
    const struct scenario *scenario;
    gsl_rstat_quantile_workspace *medians[SCENARIO_MOST_ARMS];
    size_t counted[SCENARIO_MOST_ARMS];
    size_t planned, first_done;
    int64_t begin_ns, drawn_ns;
    bool shown, started;
};

struct progress *progress_new(const struct scenario *scenario, size_t planned, bool quiet)
{
    struct progress *progress = xcalloc(1, sizeof *progress);
    progress->scenario = scenario;
    progress->planned = planned;
    progress->begin_ns = clock_now_ns();
    progress->shown = !quiet && isatty(STDERR_FILENO);
    for (size_t i = 0; i < scenario->arm_count; i++)
        progress->medians[i] = gsl_rstat_quantile_alloc(0.5);
    return progress;
}

/* As much as fits into one line of the terminal: a longer one would wrap, and "\r" goes back to the
 * last row only. A byte counts as a column, so that a line may be shorter than it could. */
static void fit(struct text *line)
{
    struct winsize size;
    size_t most =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
    if (line->length <= most) /* its "\r" takes no column, the last column stays free */
        return;
    while (most > 1 && ((unsigned char)line->data[most] & 0xc0) == 0x80)
        most--; /* not in the middle of a UTF-8 character */
    line->length = most;
}

static void draw(struct progress *progress, size_t done)
{
    struct text line = {0};
    char duration[TEXT_DURATION_BYTES];
    size_t cells = BAR_CELLS * done / progress->planned;
    size_t here = done - progress->first_done;
    double spent_ns = (double)(clock_now_ns() - progress->begin_ns);
    double left_ns = here ? spent_ns / (double)here * (double)(progress->planned - done) : 0;
    text_addf(&line, "\r%s [", progress->scenario->name);
    for (size_t i = 0; i < BAR_CELLS; i++)
        text_add(&line, i < cells ? "=" : " ");
    text_addf(&line, "] %zu/%zu  at most %s left ", done, progress->planned,
              text_duration(duration, left_ns));
    for (size_t i = 0; i < progress->scenario->arm_count; i++)
        if (progress->counted[i])
            text_addf(&line, " %s p50 %s", progress->scenario->arms[i].name,
                      text_duration(duration, gsl_rstat_quantile_get(progress->medians[i])));
    fit(&line);
    text_add(&line, "\x1b[K");
    if (write(STDERR_FILENO, line.data, line.length) < 0)
        progress->shown = false;
    text_release(&line);
    progress->drawn_ns = clock_now_ns();
}

void progress_cycle(struct progress *progress, const struct cycle *cycle, size_t done)
{
    if (!progress->started) {
        progress->first_done = done - 1;
        progress->started = true;
    }
    if (!cycle->item.warmup && cycle->spawn_time_ns >= 0) {
        gsl_rstat_quantile_add((double)cycle->spawn_time_ns, progress->medians[cycle->item.arm]);
        progress->counted[cycle->item.arm]++;
    }
    if (progress->shown && clock_now_ns() - progress->drawn_ns > REDRAW_NS)
        draw(progress, done);
}

void progress_free(struct progress *progress)
{
    for (size_t i = 0; i < progress->scenario->arm_count; i++)
        gsl_rstat_quantile_free(progress->medians[i]);
    if (progress->shown && write(STDERR_FILENO, "\r\x1b[K", 4) < 0)
        progress->shown = false;
    free(progress);
}

void progress_trial(const struct scenario *scenario, size_t arm, const struct fault *fault)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (fault)
        fprintf(stderr, "\r%s: %s: %s\x1b[K", scenario->name, scenario->arms[arm].name,
                fault->name);
    else
        fputs("\r\x1b[K", stderr);
}
