/* Is this machine fit to measure? The list of checks, and how their rows are filled. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "trend/doctor/doctor_internal.h"

#define SAMPLE_NS (2 * CLOCK_NS_PER_S)

static void (*const checks[])(struct examiner *examiner) = {
    check_clock,  check_timer, check_activity, check_cores,  check_frequency, check_memory,
    check_limits, check_trees, check_results,  check_engine, check_programs};

struct doctor_row *doctor_add(struct examiner *examiner, const char *name)
{
    struct doctor_examination *out = examiner->out;
    out->rows = xrealloc(out->rows, out->count + 1, sizeof *out->rows);
    out->rows[out->count] = (struct doctor_row){.name = name};
    return &out->rows[out->count++];
}

void doctor_find(struct doctor_row *row, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(row->found, sizeof row->found, format, args);
    va_end(args);
    text_make_printable(row->found);
}

void doctor_judge(struct doctor_row *row, enum doctor_level level, const char *format, ...)
{
    va_list args;
    if (level <= row->level)
        return;
    row->level = level;
    va_start(args, format);
    vsnprintf(row->remedy, sizeof row->remedy, format, args);
    va_end(args);
}

void doctor_figure(struct doctor_row *row, const char *key, double value)
{
    if (row->figure_count < DOCTOR_MOST_FIGURES)
        row->figures[row->figure_count++] = (struct doctor_figure){key, value};
}

enum doctor_level doctor_rate(double value, double warning, double unfit)
{
    return value >= unfit ? DOCTOR_UNFIT : value >= warning ? DOCTOR_WARNING : DOCTOR_OK;
}

char *doctor_read(const char *root, const char *path)
{
    char *whole = text_format("%s/%s", root, path), *data = NULL;
    size_t length;
    if (text_read_file(&data, &length, whole, 1 << 16, NULL) < 0)
        data = xstrdup("");
    free(whole);
    if (*data && data[strlen(data) - 1] == '\n')
        data[strlen(data) - 1] = '\0';
    return data;
}

static void sleep_for(void *context, int64_t ns)
{
    (void)context;
    clock_sleep_until(clock_now_ns() + ns);
}

void doctor_examine(struct doctor_examination *out, const struct doctor_places *places)
{
    struct examiner examiner = {.proc = places->proc ? places->proc : "/proc",
                                .sys = places->sys ? places->sys : "/sys",
                                .results = places->results,
                                .programs = places->programs,
                                .environment = places->environment ? places->environment : "{}",
                                .sample_ns = places->sample_ns ? places->sample_ns : SAMPLE_NS,
                                .wait = places->wait ? places->wait : sleep_for,
                                .context = places->context,
                                .out = out};
    *out = (struct doctor_examination){0};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        checks[i](&examiner);
}

void doctor_release(struct doctor_examination *examination)
{
    free(examination->rows);
    *examination = (struct doctor_examination){0};
}

enum doctor_level doctor_worst(const struct doctor_examination *examination)
{
    enum doctor_level worst = DOCTOR_OK;
    for (size_t i = 0; i < examination->count; i++)
        if (examination->rows[i].level > worst)
            worst = examination->rows[i].level;
    return worst;
}

const char *doctor_level_name(enum doctor_level level)
{
    static const char *const names[] = {"ok", "warning", "unfit"};
    return names[level];
}
