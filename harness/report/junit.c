/* What did the tests say, told to CI services? JUnit XML, counts first, hostile words made data. */
#include "report/junit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "report/words.h"

/* The two characters beyond UTF-8's own rules that XML 1.0 (2.2) does not allow: U+FFFE, U+FFFF */
static bool is_no_character(const char *c)
{
    return memcmp(c, "\xef\xbf\xbe", 3) == 0 || memcmp(c, "\xef\xbf\xbf", 3) == 0;
}

/* What stands for the character in XML, NULL: as it is. */
static const char *escape(const char *c)
{
    static const char special[] = "&<>\"'"; /* "]]>" must not stand in text */
    static const char *const escaped[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    const char *at = strchr(special, *c);
    return at ? escaped[at - special] : NULL;
}

/* One line, as text or within quotes. */
static void add_line(struct text *out, const char *data)
{
    struct text plain = {0};
    words_plain(&plain, data);
    for (const char *c = plain.data ? plain.data : ""; *c;) {
        const char *instead = escape(c);
        bool unfit = (unsigned char)*c == 0xef && is_no_character(c);
        if (instead || unfit)
            text_add(out, unfit ? "?" : instead);
        else
            text_add_bytes(out, c, 1);
        c += unfit ? 3 : 1;
    }
    text_release(&plain);
}

/* Text whose line ends stay. */
static void add_lines(struct text *out, const char *data)
{
    while (true) {
        size_t length = strcspn(data, "\n");
        char *line = text_format("%.*s", (int)length, data);
        add_line(out, line);
        free(line);
        if (!data[length])
            return;
        text_add(out, "\n");
        data += length + 1;
    }
}

static void add_attribute(struct text *out, const char *name, const char *value)
{
    if (!value)
        return;
    text_addf(out, " %s=\"", name);
    add_line(out, value);
    text_add(out, "\"");
}

/* seconds with every nanosecond */
static void add_time(struct text *out, int64_t ns)
{
    text_addf(out, " time=\"%lld.%09lld\"", (long long)(ns / 1000000000),
              (long long)(ns % 1000000000));
}

static size_t sum(const size_t count[])
{
    size_t all = 0;
    for (int result = 0; result < JUNIT_RESULTS; result++)
        all += count[result];
    return all;
}

static void add_counts(struct text *out, const size_t count[], int64_t spent_ns)
{
    text_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", sum(count),
              count[JUNIT_FAILED], count[JUNIT_ERROR]);
    if (spent_ns > 0)
        add_time(out, spent_ns);
}

/* The open suite, if any, becomes one of the complete ones. */
static void close_suite(struct junit *junit)
{
    if (!junit->suite)
        return;
    text_add(&junit->done, " <testsuite");
    add_attribute(&junit->done, "name", junit->suite);
    add_counts(&junit->done, junit->count, junit->spent_ns);
    text_addf(&junit->done, " skipped=\"%zu\"", junit->count[JUNIT_SKIPPED]);
    add_attribute(&junit->done, "timestamp", junit->began);
    text_add(&junit->done, ">\n");
    if (junit->properties.length)
        text_addf(&junit->done, "  <properties>\n%s  </properties>\n", junit->properties.data);
    text_addf(&junit->done, "%s </testsuite>\n", junit->cases.length ? junit->cases.data : "");
    for (int result = 0; result < JUNIT_RESULTS; result++) {
        junit->count_all[result] += junit->count[result];
        junit->count[result] = 0;
    }
    junit->spent_all_ns += junit->spent_ns;
    junit->spent_ns = 0;
    free(junit->suite);
    free(junit->began);
    junit->suite = junit->began = NULL;
    text_clear(&junit->properties);
    text_clear(&junit->cases);
}

void junit_suite(struct junit *junit, const char *name, const char *began)
{
    close_suite(junit);
    junit->suite = xstrdup(name);
    junit->began = began ? xstrdup(began) : NULL;
}

void junit_property(struct junit *junit, const char *name, const char *value)
{
    assert(junit->suite);
    text_add(&junit->properties, "   <property");
    add_attribute(&junit->properties, "name", name);
    add_attribute(&junit->properties, "value", value);
    text_add(&junit->properties, "/>\n");
}

static void add_answer(struct text *out, const struct junit_case *one)
{
    static const char *const elements[JUNIT_RESULTS] = {"system-out", "failure", "skipped",
                                                        "error"};
    const char *element = elements[one->result];
    text_addf(out, ">\n   <%s", element);
    if (one->result != JUNIT_PASSED) {
        add_attribute(out, "type", one->type);
        add_attribute(out, "message", one->message);
    }
    text_add(out, one->detail ? ">" : "/>");
    if (one->detail) {
        add_lines(out, one->detail);
        text_addf(out, "</%s>", element);
    }
    text_add(out, "\n  </testcase>\n");
}

void junit_case(struct junit *junit, const struct junit_case *one)
{
    struct text *out = &junit->cases;
    assert(junit->suite && one->name && one->result < JUNIT_RESULTS);
    text_add(out, "  <testcase");
    add_attribute(out, "classname", one->group ? one->group : junit->suite);
    add_attribute(out, "name", one->name);
    if (one->spent_ns > 0)
        add_time(out, one->spent_ns);
    if (one->result == JUNIT_PASSED && !one->detail)
        text_add(out, "/>\n");
    else
        add_answer(out, one);
    junit->count[one->result]++;
    junit->spent_ns += one->spent_ns > 0 ? one->spent_ns : 0;
}

int junit_write(struct junit *junit, FILE *out, const char *name, struct err *err)
{
    struct text root = {0};
    close_suite(junit);
    add_attribute(&root, "name", name);
    add_counts(&root, junit->count_all, junit->spent_all_ns);
    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites%s>\n%s</testsuites>\n",
            root.data, junit->done.length ? junit->done.data : "");
    text_release(&root);
    if (fflush(out) != 0 || ferror(out))
        return err_system(err, "cannot write the JUnit document");
    return 0;
}

void junit_release(struct junit *junit)
{
    text_release(&junit->done);
    text_release(&junit->properties);
    text_release(&junit->cases);
    free(junit->suite);
    free(junit->began);
    *junit = (struct junit){0};
}
