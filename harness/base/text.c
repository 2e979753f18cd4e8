/* How do strings grow, durations get units, words find their nearest, files get into memory? */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/replace.h"

static void out_of_memory(void)
{
    static const char message[] = "spawnbench: out of memory\n";
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        _exit(70);
    _exit(70);
}

void *xcalloc(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void *xrealloc(void *old, size_t count, size_t size)
{
    void *memory = reallocarray(old, count ? count : 1, size);
    if (!memory)
        out_of_memory();
    return memory;
}

char *xstrdup(const char *string)
{
    char *copy = strdup(string);
    if (!copy)
        out_of_memory();
    return copy;
}

static void make_room(struct text *text, size_t more)
{
    size_t needed = text->length + more + 1;
    if (needed <= text->room)
        return;
    text->room = needed < 2 * text->room ? 2 * text->room : needed + 32;
    text->data = xrealloc(text->data, text->room, 1);
}

void text_add_bytes(struct text *text, const void *bytes, size_t count)
{
    make_room(text, count);
    if (count)
        memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list args;
    int wanted;
    va_start(args, format);
    wanted = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (wanted < 0)
        return;
    make_room(text, (size_t)wanted);
    va_start(args, format);
    vsnprintf(text->data + text->length, (size_t)wanted + 1, format, args);
    va_end(args);
    text->length += (size_t)wanted;
}

void text_drop_front(struct text *text, size_t count)
{
    if (count > text->length)
        count = text->length;
    if (!count)
        return;
    memmove(text->data, text->data + count, text->length - count + 1);
    text->length -= count;
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->data)
        text->data[0] = '\0';
}

void text_release(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

char *text_take(struct text *text)
{
    char *string = text->data ? text->data : xstrdup("");
    *text = (struct text){0};
    return string;
}

char *text_format_list(const char *format, va_list args)
{
    char *string = NULL;
    if (vasprintf(&string, format, args) < 0)
        out_of_memory();
    return string;
}

char *text_format(const char *format, ...)
{
    char *string;
    va_list args;
    va_start(args, format);
    string = text_format_list(format, args);
    va_end(args);
    return string;
}

size_t text_utf8_length(const char *at)
{
    const unsigned char *c = (const unsigned char *)at;
    static const struct {
        unsigned char mask, lead, least_second, most_second;
        size_t length;
    } forms[] = {
        {0x80, 0x00, 0, 0, 1},       {0xe0, 0xc0, 0x80, 0xbf, 2}, {0xff, 0xe0, 0xa0, 0xbf, 3},
        {0xff, 0xed, 0x80, 0x9f, 3}, {0xf0, 0xe0, 0x80, 0xbf, 3}, {0xff, 0xf0, 0x90, 0xbf, 4},
        {0xff, 0xf4, 0x80, 0x8f, 4}, {0xf8, 0xf0, 0x80, 0xbf, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if ((c[0] & forms[i].mask) != forms[i].lead)
            continue;
        if (forms[i].length == 1)
            return 1;
        if (c[0] < 0xc2 || c[0] > 0xf4 || c[1] < forms[i].least_second ||
            c[1] > forms[i].most_second)
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if ((c[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

uint32_t text_code_point(const char *at, size_t length)
{
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (unsigned char)at[0] & lead[length];
    for (size_t i = 1; i < length; i++)
        point = point << 6 | ((unsigned char)at[i] & 0x3f);
    return point;
}

size_t text_plain_length(const char *at)
{
    /* Unicode 15.0: categories Cc, Cf, Zl and Zp, and the letters that fill a place with nothing */
    static const struct {
        uint32_t first, last;
    } unseen[] = {{0, 0x1f},          {0x7f, 0x9f},       {0xad, 0xad},       {0x600, 0x605},
                  {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},
                  {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x180e, 0x180e},   {0x200b, 0x200f},
                  {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfeff, 0xfeff},
                  {0xffa0, 0xffa0},   {0xfff9, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
                  {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe007f}};
    size_t length = text_utf8_length(at);
    uint32_t point = length ? text_code_point(at, length) : 0;
    for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++)
        if (point <= unseen[i].last)
            return point >= unseen[i].first ? 0 : length;
    return length;
}

void text_make_printable(char *string)
{
    char *to = string;
    for (const char *from = string; *from;) {
        size_t length = text_utf8_length(from), plain = text_plain_length(from);
        if (plain)
            memmove(to, from, plain);
        else
            *to = '?';
        to += plain ? plain : 1;
        from += length ? length : 1;
    }
    *to = '\0';
}

int text_read_file(char **out, size_t *length, const char *path, size_t most_bytes, struct err *err)
{
    struct text text = {0};
    struct stat about;
    char block[65536];
    ssize_t got;
    int rc = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_system(err, "cannot open '%s'", path);
    if (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        err_set(err, ERR_FORMAT, "'%s' is a directory, expected a file", path);
        goto done;
    }
    while ((got = read(fd, block, sizeof block)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            err_system(err, "cannot read '%s'", path);
            goto done;
        }
        if (text.length + (size_t)got > most_bytes) {
            err_set(err, ERR_FORMAT, "'%s' is larger than %zu bytes, the most that is read here",
                    path, most_bytes);
            goto done;
        }
        text_add_bytes(&text, block, (size_t)got);
    }
    *length = text.length;
    *out = text_take(&text);
    rc = 0;
done:
    close(fd);
    text_release(&text);
    return rc;
}

int text_write(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = write(fd, bytes, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        bytes += done;
        length -= (size_t)done;
    }
    return 0;
}

int text_write_file(const char *path, const void *bytes, size_t length, struct err *err)
{
    return replace_file(path, REPLACE_OURS, bytes, length, err);
}

int text_make_directories(const char *path, struct err *err)
{
    char *copy = xstrdup(path);
    struct stat about;
    int rc = 0;
    for (char *cut = copy + 1; *copy && rc == 0; cut++) {
        char kept = *cut;
        if (kept != '/' && kept != '\0')
            continue;
        *cut = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST)
            rc = err_system(err, "cannot make directory '%s'", copy);
        *cut = kept;
        if (kept == '\0')
            break;
    }
    free(copy);
    if (rc == 0 && stat(path, &about) == 0 && !S_ISDIR(about.st_mode)) {
        errno = ENOTDIR; /* EEXIST above may have been a file */
        rc = err_system(err, "cannot make directory '%s'", path);
    }
    return rc;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about, (void)kind, (void)walk;
    return remove(path);
}

void text_remove_tree(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* How much one of a unit is. */
struct unit {
    const char *name;
    double one;
};

static const struct unit durations[] = {{"ns", 1},  {"us", 1e3}, {"ms", 1e6},
                                        {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
static const struct unit sizes[] = {{"B", 1},           {"kB", 1e3},   {"MB", 1e6},
                                    {"GB", 1e9},        {"KiB", 1024}, {"MiB", 1048576},
                                    {"GiB", 1073741824}};
static const struct unit rates[] = {{"/s", 1}, {"/min", 1 / 60.0}, {"/h", 1 / 3600.0}};
static const struct unit shares[] = {{"%", 0.01}};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* a number and one of the units; no hex, no exponent: "1e3ms" is a slip, not a duration */
static int parse_unit(double *out, const char *string, const struct unit units[], size_t count)
{
    size_t digits = strspn(string, "0123456789.");
    char *end;
    double value;
    if (!isdigit((unsigned char)string[0]))
        return -1;
    value = strtod(string, &end);
    if (end != string + digits)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(end, units[i].name) != 0)
            continue;
        if (!isfinite(value * units[i].one)) /* hundreds of digits */
            return -1;
        *out = value * units[i].one;
        return 0;
    }
    return -1;
}

int text_parse_duration(int64_t *out_ns, const char *string)
{
    double ns;
    if (parse_unit(&ns, string, durations, COUNT(durations)) < 0 || ns > 1000 * 3600e9)
        return -1;
    *out_ns = llround(ns);
    return 0;
}

int text_parse_size(double *out_bytes, const char *string)
{
    return parse_unit(out_bytes, string, sizes, COUNT(sizes));
}

int text_parse_rate(double *out_per_second, const char *string)
{
    return parse_unit(out_per_second, string, rates, COUNT(rates));
}

int text_parse_share(double *out_share, const char *string)
{
    return parse_unit(out_share, string, shares, COUNT(shares));
}

/* The largest unit that leaves 1 or more, rounded: three significant digits, whole ones of the
 * smallest unit where `whole`; `endless` for infinity. */
static const char *tell(char buffer[TEXT_NUMBER_BYTES], double value, const struct unit units[],
                        size_t count, bool whole, const char *endless)
{
    size_t at = 0;
    int decimals;
    if (!isfinite(value)) {
        snprintf(buffer, TEXT_NUMBER_BYTES, "%s", isnan(value) ? "-" : endless);
        return buffer;
    }
    while (at + 1 < count && fabs(value) >= 0.9995 * units[at + 1].one)
        at++;
    value /= units[at].one;
    decimals = (at == 0 && whole) || fabs(value) >= 99.95 ? 0 : fabs(value) >= 9.995 ? 1 : 2;
    snprintf(buffer, TEXT_NUMBER_BYTES, "%.*f%s", decimals, value, units[at].name);
    return buffer;
}

const char *text_duration(char buffer[TEXT_DURATION_BYTES], double ns)
{
    static const struct unit units[] = {{" ns", 1}, {" us", 1e3}, {" ms", 1e6}, {" s", 1e9}};
    return tell(buffer, ns, units, COUNT(units), true, "never");
}

const char *text_size(char buffer[TEXT_NUMBER_BYTES], double bytes)
{
    static const struct unit units[] = {
        {" B", 1}, {" KiB", 1024}, {" MiB", 1048576}, {" GiB", 1073741824}};
    return tell(buffer, bytes, units, COUNT(units), true, "endless");
}

const char *text_rate(char buffer[TEXT_NUMBER_BYTES], double per_second)
{
    static const struct unit units[] = {{"/s", 1}};
    return tell(buffer, per_second, units, COUNT(units), false, "endless");
}

static size_t edit_distance(const char *a, const char *b)
{
    size_t row[64];
    size_t length = strlen(b);
    if (length >= sizeof row / sizeof row[0] || strlen(a) >= sizeof row / sizeof row[0])
        return SIZE_MAX;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t above = row[j];
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[length];
}

const char *text_nearest(const char *word, const char *const known[])
{
    const char *best = NULL;
    size_t least = 4;
    for (size_t i = 0; known[i]; i++) {
        size_t distance = edit_distance(word, known[i]);
        if (distance < least && distance < strlen(known[i])) {
            least = distance;
            best = known[i];
        }
    }
    return best;
}

int text_line_of(const char *data, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset && data[i]; i++)
        line += data[i] == '\n';
    return line;
}
