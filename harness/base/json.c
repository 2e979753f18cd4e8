/* How is cJSON made strict: whole documents, no duplicate keys, exact integers, line numbers? */
#include "base/json.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MOST_KEYS 1000

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* Length of the number at c as JSON spells it, 0 when it is none: cJSON takes 01 and 1. too. */
static size_t number_length(const char *c)
{
    static const char digits[] = "0123456789";
    const char *at = c + (*c == '-');
    size_t whole = strspn(at, digits), part;
    if (whole == 0 || (*at == '0' && whole > 1))
        return 0;
    at += whole;
    if (*at == '.') {
        part = strspn(++at, digits);
        if (part == 0)
            return 0;
        at += part;
    }
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        part = strspn(at, digits);
        if (part == 0)
            return 0;
        at += part;
    }
    return (size_t)(at - c);
}

/* What cJSON lets through and what would break what we write from it later. */
struct scan {
    bool in_string;
    int depth;
    const char *wrong; /* what is wrong here, or NULL */
};

static size_t scan_in_string(struct scan *scan, const char *c)
{
    if (strncmp(c, "\\u0000", 6) == 0)
        scan->wrong = "a NUL character (\\u0000) in a string";
    else if ((unsigned char)*c < ' ')
        scan->wrong = "a line end or control character in a string";
    if (*c == '"')
        scan->in_string = false;
    return *c == '\\' && c[1] > 0 ? 2 : text_utf8_length(c);
}

static size_t scan_between(struct scan *scan, const char *c)
{
    size_t step = text_utf8_length(c);
    if (*c == '"')
        scan->in_string = true;
    else if ((*c == '{' || *c == '[') && ++scan->depth > CJSON_NESTING_LIMIT)
        scan->wrong = "nested too deeply";
    else if (*c == '}' || *c == ']')
        scan->depth--;
    else if (isdigit((unsigned char)*c) || *c == '-') {
        step = number_length(c);
        if (step == 0)
            scan->wrong = "a number that is none in JSON";
    }
    return step;
}

static int check_bytes(const char *data, size_t length, struct err *err)
{
    struct scan scan = {0};
    for (size_t at = 0; at < length;) {
        const char *c = data + at;
        if (*c == '\0' || text_utf8_length(c) == 0)
            scan.wrong = "not UTF-8 text";
        else
            at += scan.in_string ? scan_in_string(&scan, c) : scan_between(&scan, c);
        if (scan.wrong)
            return err_set(err, ERR_FORMAT, "line %d: %s", text_line_of(data, (size_t)(c - data)),
                           scan.wrong);
    }
    return 0;
}

static const cJSON *key_given_twice(const cJSON *object)
{
    const cJSON *item;
    int count = 0;
    cJSON_ArrayForEach(item, object) {
        if (++count > MOST_KEYS)
            return item;
        for (const cJSON *other = object->child; other != item; other = other->next)
            if (strcmp(item->string, other->string) == 0)
                return item;
    }
    return NULL;
}

static int check_keys(const char *data, const cJSON *root, const cJSON *node, struct err *err)
{
    const cJSON *twice = cJSON_IsObject(node) ? key_given_twice(node) : NULL;
    const cJSON *item;
    if (twice)
        return err_set(err, ERR_FORMAT, "line %d: key '%s' is given twice, or one of too many",
                       json_line(data, root, twice), twice->string);
    cJSON_ArrayForEach(item, node) {
        if (check_keys(data, root, item, err) < 0)
            return -1;
    }
    return 0;
}

/* cJSON often gives up one byte behind what it did not like: back to that, never to white space */
static size_t step_back(const char *data, size_t at)
{
    size_t before = at;
    while (before > 0 && strchr(" \t\r\n", data[at]) && strchr(" \t\r\n", data[before - 1]))
        before--;
    if (before == 0 || strchr(" \t\r\n", data[before - 1]))
        return at;
    do
        before--;
    while (before > 0 && ((unsigned char)data[before] & 0xc0) == 0x80);
    return before;
}

/* what stands where cJSON gave up: the rest of that line, at most 20 characters */
static int refuse_syntax(const char *data, size_t length, size_t at, struct err *err)
{
    size_t shown = 0, characters = 0;
    if (strspn(data, " \t\r\n") == length)
        return err_set(err, ERR_FORMAT, "it is empty, expected one JSON document");
    if (at >= length)
        return err_set(err, ERR_FORMAT, "line %d: not JSON: it ends too early",
                       text_line_of(data, length));
    at = step_back(data, at);
    while (characters++ < 20 && at + shown < length && (unsigned char)data[at + shown] >= ' ')
        shown += text_utf8_length(data + at + shown);
    return err_set(err, ERR_FORMAT, "line %d: not JSON near '%.*s'", text_line_of(data, at),
                   (int)shown, data + at);
}

static const char *skip_string(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1])
            at++;
    return *at ? at + 1 : at;
}

/* cJSON keeps numbers as doubles. CLOCK_MONOTONIC passes 2^53 ns after 104 days of uptime, so what
 * a double cannot hold keeps its spelling beside it, in valuestring, which cJSON_Delete frees.
 * Numbers stand in the text in the order of the tree; returns where the last one of node ends. */
static const char *keep_digits(cJSON *node, const char *at)
{
    if (cJSON_IsNumber(node)) {
        size_t length;
        while (*at != '-' && !isdigit((unsigned char)*at))
            at = *at == '"' ? skip_string(at) : at + 1;
        length = number_length(at);
        if (fabs(node->valuedouble) >= (double)JSON_INTEGER_MAX) {
            node->valuestring = xcalloc(length + 1, 1);
            memcpy(node->valuestring, at, length);
        }
        return at + length;
    }
    for (cJSON *item = node->child; item; item = item->next)
        at = keep_digits(item, at);
    return at;
}

int json_parse_message(cJSON **out, const char *data, size_t length, struct err *err)
{
    const char *end = NULL;
    cJSON *root;
    if (check_bytes(data, length, err) < 0)
        return -1;
    root = cJSON_ParseWithLengthOpts(data, length + 1, &end, 1);
    if (!root)
        return refuse_syntax(data, length, end ? (size_t)(end - data) : 0, err);
    keep_digits(root, data);
    *out = root;
    return 0;
}

int json_parse(cJSON **out, const char *data, size_t length, struct err *err)
{
    cJSON *root = NULL;
    if (json_parse_message(&root, data, length, err) < 0)
        return -1;
    if (check_keys(data, root, root, err) < 0) {
        cJSON_Delete(root);
        return -1;
    }
    *out = root;
    return 0;
}

/* Position of `node` when the values below `root` are counted in document order;
 * -1 if not there. */
static int document_order(const cJSON *at, const cJSON *node, int *count)
{
    if (at == node)
        return *count;
    for (const cJSON *item = at->child; item; item = item->next) {
        int found;
        ++*count;
        found = document_order(item, node, count);
        if (found >= 0)
            return found;
    }
    return -1;
}

int json_line(const char *data, const cJSON *root, const cJSON *node)
{
    int wanted, count = 0, seen = -1;
    const char *key = NULL;
    wanted = document_order(root, node, &count);
    data += strncmp(data, byte_order_mark, 3) == 0 ? 3 : 0; /* cJSON steps over it too */
    for (const char *at = data; wanted >= 0 && *at;) {
        const char *start = at;
        if (isspace((unsigned char)*at) || strchr(",:]}", *at)) {
            at++;
            continue;
        }
        if (*at == '"') {
            const char *after = at = skip_string(at);
            after += strspn(after, " \t\r\n");
            if (*after == ':') {
                key = start;
                continue;
            }
        } else if (*at == '{' || *at == '[') {
            at++;
        } else {
            at += strcspn(at, ",:]} \t\r\n");
        }
        if (++seen == wanted)
            return text_line_of(data, (size_t)((key ? key : start) - data));
        key = NULL;
    }
    return 1;
}

/* Beyond 2^53: from the spelling that keep_digits kept. */
static int spelled_int64(int64_t *out, const char *digits)
{
    char *end;
    long long value;
    errno = 0;
    value = strtoll(digits, &end, 10);
    if (errno || *end)
        return -1;
    *out = value;
    return 0;
}

int json_int64(int64_t *out, const cJSON *node)
{
    if (cJSON_IsNumber(node) && node->valuestring)
        return spelled_int64(out, node->valuestring);
    if (!cJSON_IsNumber(node) || node->valuedouble != floor(node->valuedouble) ||
        fabs(node->valuedouble) > (double)JSON_INTEGER_MAX)
        return -1;
    *out = (int64_t)node->valuedouble;
    return 0;
}

const char *json_string(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

void json_add_int64(cJSON *object, const char *key, int64_t value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    cJSON_AddRawToObject(object, key, digits);
}

void json_add_text(cJSON *object, const char *key, const char *text)
{
    cJSON_AddItemToObject(object, key,
                          text && *text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

void json_add_double(cJSON *object, const char *key, double value)
{
    char digits[40];
    if (!isfinite(value)) {
        cJSON_AddNullToObject(object, key);
        return;
    }
    snprintf(digits, sizeof digits, "%.17g", value);
    cJSON_AddRawToObject(object, key, digits);
}

static void add_escaped(struct text *out, uint32_t point)
{
    if (point > 0xffff) {
        point -= 0x10000;
        text_addf(out, "\\u%04x\\u%04x", 0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff));
    } else {
        text_addf(out, "\\u%04x", point);
    }
}

/* cJSON escapes the controls of ASCII. Others that steer a terminal or turn text around are told as
 * escapes too: it is the same document, RFC 8259, section 7. */
char *json_print(const cJSON *root, int pretty)
{
    char *printed = pretty ? cJSON_Print(root) : cJSON_PrintUnformatted(root);
    struct text out = {0};
    for (const char *at = printed ? printed : "null"; *at;) {
        size_t length = text_utf8_length(at);
        if ((unsigned char)*at < 0x7f || text_plain_length(at))
            text_add_bytes(&out, at, length);
        else
            add_escaped(&out, length ? text_code_point(at, length) : 0xfffd);
        at += length ? length : 1;
    }
    cJSON_free(printed);
    return text_take(&out);
}

void json_puts(const cJSON *root)
{
    char *text = json_print(root, 1);
    puts(text);
    free(text);
}
