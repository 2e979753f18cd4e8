/* How is a number told with its doubt, and how do other people's words stay words? */
#include "report/words.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

/* One character of data, made plain: its bytes, a blank or '?'. Returns how many bytes to go on. */
static size_t plain_character(char out[5], const char *c)
{
    size_t length = text_utf8_length(c);
    if (*c == '\n' || *c == '\r' || *c == '\t')
        memcpy(out, " ", 2);
    else if (!text_plain_length(c))
        memcpy(out, "?", 2);
    else {
        memcpy(out, c, length);
        out[length] = '\0';
    }
    return length ? length : 1;
}

void words_plain(struct text *out, const char *data)
{
    char one[5];
    while (*data) {
        data += plain_character(one, data);
        text_add(out, one);
    }
}

/* What stands for the character at `at` so that it is shown and does nothing; NULL: as it is. */
static const char *markdown_escape(const char *data, const char *at)
{
    bool inside = at > data && isalnum((unsigned char)at[-1]) && isalnum((unsigned char)at[1]);
    switch (*at) {
    case '<':
        return "&lt;";
    case '@':
        return "&#64;";
    case '&':
        return at[1] == '#' || isalnum((unsigned char)at[1]) ? "&amp;" : NULL;
    case ':': /* no automatic links */
        return at[1] == '/' && at[2] == '/' ? "&#58;" : NULL;
    case '_': /* inside a word it is no markup: CommonMark 6.2 */
        return inside ? NULL : "\\_";
    default:
        return NULL;
    }
}

void words_markdown(struct text *out, const char *data)
{
    char one[5];
    for (const char *at = data; *at;) {
        const char *instead = markdown_escape(data, at);
        at += plain_character(one, at);
        if (!instead && one[0] && !one[1] && strchr("\\`*{}[]>|~#$!", one[0]))
            text_add(out, "\\");
        text_add(out, instead ? instead : one);
    }
}

/* The conversion at *format, which begins with %; returns what comes behind it. */
static const char *add_conversion(struct text *out, void (*safe)(struct text *, const char *),
                                  const char *format, va_list *args)
{
    if (format[1] == 's')
        safe(out, va_arg(*args, const char *));
    else if (format[1] == '-')
        text_add(out, va_arg(*args, const char *));
    else if (format[1] == 'z')
        text_addf(out, "%zu", va_arg(*args, size_t));
    else if (format[1] == 'd')
        text_addf(out, "%d", va_arg(*args, int));
    else
        text_addf(out, "%lld", va_arg(*args, long long));
    return strpbrk(format, "sud") + 1;
}

static void add_words(struct text *out, void (*safe)(struct text *, const char *),
                      const char *format, va_list *args)
{
    while (*format) {
        size_t length = strcspn(format, "%");
        text_add_bytes(out, format, length);
        format += length;
        if (*format)
            format = add_conversion(out, safe, format, args);
    }
}

void words_plainf(struct text *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_words(out, words_plain, format, &args);
    va_end(args);
}

void words_markdownf(struct text *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_words(out, words_markdown, format, &args);
    va_end(args);
}

static size_t longest_run(const char *data, char c)
{
    size_t longest = 0, run = 0;
    for (; *data; data++) {
        run = *data == c ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void add_fence(struct text *out, size_t length)
{
    while (length--)
        text_add(out, "`");
}

void words_code(struct text *out, const char *data)
{
    size_t fence = longest_run(data, '`') + 1;
    bool padded = fence > 1;
    if (!*data)
        data = "-";
    add_fence(out, fence);
    text_add(out, padded ? " " : "");
    words_plain(out, data);
    text_add(out, padded ? " " : "");
    add_fence(out, fence);
}

void words_block(struct text *out, const char *language, const char *data, size_t most_bytes)
{
    size_t fence = longest_run(data, '`') + 1;
    const char *end = data + strnlen(data, most_bytes);
    char one[5];
    fence = fence < 3 ? 3 : fence;
    add_fence(out, fence);
    text_addf(out, "%s\n", language);
    while (data < end) {
        bool line_end = *data == '\n';
        data += plain_character(one, data);
        text_add(out, line_end ? "\n" : one);
    }
    if (out->length && out->data[out->length - 1] != '\n')
        text_add(out, "\n");
    if (*end)
        text_addf(out, "... (%zu more bytes)\n", strlen(end));
    add_fence(out, fence);
    text_add(out, "\n");
}

const char *words_label(char out[WORDS_LABEL_BYTES], const char *name)
{
    size_t length = 0;
    char one[5];
    while (*name) {
        name += plain_character(one, name);
        if (one[0] == '"')
            one[0] = '\'';
        if (length + strlen(one) > WORDS_LABEL_BYTES - 1)
            break;
        memcpy(out + length, one, strlen(one));
        length += strlen(one);
    }
    while (length && out[length - 1] == ' ')
        length--;
    out[length] = '\0';
    return length ? out : memcpy(out, "-", 2);
}

/* In which unit and with how many decimals numbers that belong together are told. */
struct scale {
    double one;
    const char *unit, *gap;
    int decimals;
};

static const struct scale times[4] = {
    {1, "ns", " ", 0}, {1e3, "us", " ", 2}, {1e6, "ms", " ", 2}, {1e9, "s", " ", 2}};
static const struct scale sizes[4] = {
    {1, "B", " ", 0}, {1024, "KiB", " ", 2}, {1048576, "MiB", " ", 2}, {1073741824, "GiB", " ", 2}};
static const struct scale rates[] = {{1, "/s", "", 2}};
static const struct scale ratios = {1, "x", "", 2};

/* three significant digits, as text_duration gives them; infinite: the usual unit */
static struct scale choose(const struct scale known[], size_t count, size_t usual, double number)
{
    struct scale scale;
    size_t at = 0;
    double value;
    while (isfinite(number) && at + 1 < count && fabs(number) >= 0.9995 * known[at + 1].one)
        at++;
    scale = known[isfinite(number) ? at : usual];
    value = fabs(number) / scale.one;
    if (scale.decimals && isfinite(value))
        scale.decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return scale;
}

static struct scale unit_scale(enum scenario_unit unit, double number)
{
    if (unit == SCENARIO_PER_SECOND)
        return choose(rates, 1, 0, number);
    return choose(unit == SCENARIO_BYTES ? sizes : times, 4, 2, number);
}

static struct scale claim_scale(const struct verdict_item *item)
{
    if (item->claim->kind == SCENARIO_CLAIM_FASTER || item->claim->kind == SCENARIO_CLAIM_WITHIN)
        return ratios;
    return unit_scale(scenario_metrics[item->claim->metric].unit, item->estimate);
}

static const char *one_number(char out[WORDS_BYTES], const struct scale *scale, double value)
{
    if (isnan(value))
        snprintf(out, WORDS_BYTES, "-");
    else if (isinf(value))
        snprintf(out, WORDS_BYTES, "%s", *scale->gap ? "never" : "endless");
    else
        snprintf(out, WORDS_BYTES, "%.*f", scale->decimals, value / scale->one);
    return out;
}

/* Two that differ, but look the same at this scale. */
static bool hides(const struct scale *scale, double a, double b)
{
    char one[WORDS_BYTES], other[WORDS_BYTES];
    return isfinite(a) && isfinite(b) && a != b &&
           strcmp(one_number(one, scale, a), one_number(other, scale, b)) == 0;
}

static void widen(struct scale *scale, double a, double b)
{
    for (int more = 0; more < 4 && hides(scale, a, b); more++)
        scale->decimals++;
}

static const char *told(char out[WORDS_BYTES], const struct scale *scale, double estimate,
                        const struct stats_bounds *bounds)
{
    char at[WORDS_BYTES], lower[WORDS_BYTES], upper[WORDS_BYTES];
    bool number = isfinite(estimate);
    const char *unit = *scale->gap ? "" : scale->unit; /* a ratio carries its x everywhere */
    one_number(at, scale, estimate);
    one_number(lower, scale, bounds->lower);
    one_number(upper, scale, bounds->upper);
    snprintf(out, WORDS_BYTES, "%.24s%s%s [%.24s%s .. %.24s%s]", at, number ? scale->gap : "",
             number ? scale->unit : "", bounds->has_lower ? lower : "none",
             bounds->has_lower && isfinite(bounds->lower) ? unit : "",
             bounds->has_upper ? upper : "none",
             bounds->has_upper && isfinite(bounds->upper) ? unit : "");
    return out;
}

const char *words_measure(char out[WORDS_BYTES], enum scenario_unit unit, double estimate,
                          const struct stats_bounds *bounds)
{
    struct scale scale = unit_scale(unit, estimate);
    if (bounds->has_lower && bounds->has_upper)
        widen(&scale, bounds->lower, bounds->upper);
    return told(out, &scale, estimate, bounds);
}

const char *words_estimate(char out[WORDS_BYTES], double estimate,
                           const struct stats_bounds *bounds)
{
    return words_measure(out, SCENARIO_NS, estimate, bounds);
}

const char *words_at_most(char out[WORDS_BYTES], const struct stats_bounds *bounds, size_t n)
{
    char upper[TEXT_DURATION_BYTES];
    size_t needed = stats_minimum_n(0.95, FACTS_ALPHA);
    if (bounds->has_upper && isfinite(bounds->upper))
        snprintf(out, WORDS_BYTES, "at most %s", text_duration(upper, bounds->upper));
    else if (n < needed)
        snprintf(out, WORDS_BYTES, "no upper bound below %zu cycles", needed);
    else if (!bounds->has_upper)
        snprintf(out, WORDS_BYTES, "no upper bound: neighbouring cycles are too alike");
    else
        snprintf(out, WORDS_BYTES, "no upper bound: too many failed");
    return out;
}

const char *words_ratio(char out[WORDS_BYTES], double ratio, const struct stats_bounds *bounds)
{
    struct scale scale = ratios;
    if (bounds->has_lower && bounds->has_upper)
        widen(&scale, bounds->lower, bounds->upper);
    return told(out, &scale, ratio, bounds);
}

const char *words_claimed(char out[WORDS_BYTES], const struct verdict_item *item)
{
    bool faster = item->claim->kind == SCENARIO_CLAIM_FASTER;
    bool within = item->claim->kind == SCENARIO_CLAIM_WITHIN;
    double limit = faster ? item->claim->ratio : within ? 1 : item->claim->limit;
    struct scale scale = claim_scale(item);
    struct stats_bounds bounds = {item->lower, item->upper, item->n && isfinite(item->lower),
                                  item->n && isfinite(item->upper)};
    if (verdict_claim_counts(item->claim)) {
        snprintf(out, WORDS_BYTES, "%zu of %zu", item->bad, item->n);
        return out;
    }
    widen(&scale, item->estimate, limit);
    if (bounds.has_lower)
        widen(&scale, bounds.lower, limit);
    if (bounds.has_upper)
        widen(&scale, bounds.upper, limit);
    return told(out, &scale, item->estimate, &bounds);
}

const char *words_share(char out[WORDS_BYTES], double share)
{
    if (isnan(share))
        snprintf(out, WORDS_BYTES, "-");
    else
        snprintf(out, WORDS_BYTES, "%.3g %%", 100 * share);
    return out;
}

const char *words_chance(char out[WORDS_BYTES], double chance)
{
    double tail = 100 * fmin(chance, 1 - chance); /* below 1e-7 it is taken for none */
    int places = tail >= 1e-7 ? (int)fmax(1, 1 + ceil(-log10(tail))) : 0;
    snprintf(out, WORDS_BYTES, "%.*f %%", places, 100 * chance);
    return out;
}

const char *words_worth(char out[WORDS_BYTES], const struct verdict_item *item)
{
    int length = snprintf(out, WORDS_BYTES, "n %zu", item->n);
    if (item->tau > 1)
        length += snprintf(out + length, WORDS_BYTES - (size_t)length, ", worth %.0f (tau %.2g)",
                           item->effective_n, item->tau);
    if (item->look)
        snprintf(out + length, WORDS_BYTES - (size_t)length, ", look %d", item->look);
    return out;
}

const char *words_reach(const struct verdict_item *item)
{
    if (item->word != VERDICT_SUPPORTED && item->word != VERDICT_REFUTED)
        return "";
    return item->this_sitting_only ? "this sitting only" : "beyond this sitting";
}

const char *words_p(char out[WORDS_BYTES], double p)
{
    if (isnan(p))
        snprintf(out, WORDS_BYTES, "-");
    else if (p < 0.0001)
        snprintf(out, WORDS_BYTES, "< 0.0001");
    else
        snprintf(out, WORDS_BYTES, "%.4f", p);
    return out;
}

const char *words_date(char out[WORDS_BYTES], int64_t wall_ns)
{
    time_t seconds = (time_t)(wall_ns / CLOCK_NS_PER_S);
    struct tm utc;
    size_t length;
    if (wall_ns <= 0 || !gmtime_r(&seconds, &utc))
        return memcpy(out, "-", 2);
    length = strftime(out, WORDS_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + length, WORDS_BYTES - length, ".%03dZ",
             (int)(wall_ns % CLOCK_NS_PER_S / CLOCK_NS_PER_MS));
    return out;
}

static char relation(int64_t a, int64_t b)
{
    return a == b ? '=' : a > b ? '>' : '<';
}

const char *words_agents_line(char out[WORDS_BYTES], const struct results_tally *tally)
{
    snprintf(out, WORDS_BYTES, "%lld planned %c %lld ready %c %lld recorded",
             (long long)tally->agents_planned, relation(tally->agents_planned, tally->agents_ready),
             (long long)tally->agents_ready, relation(tally->agents_ready, tally->agents_recorded),
             (long long)tally->agents_recorded);
    return out;
}

const char *words_log_cut(char out[WORDS_BYTES], int64_t bytes)
{
    char size[TEXT_NUMBER_BYTES];
    snprintf(out, WORDS_BYTES, "its log grew too long, %s were cut out of its middle",
             text_size(size, (double)bytes));
    return out;
}

const char *words_plural(char out[WORDS_BYTES], int64_t count, const char *noun)
{
    snprintf(out, WORDS_BYTES, "%lld %s%s", (long long)count, noun, count == 1 ? "" : "s");
    return out;
}
