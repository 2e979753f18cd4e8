/* Does a JSON object say what its table of keys allows, and where exactly does it not? */
#include "scenario/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MOST_FIELDS     32
#define MOST_NAME_BYTES 64

static const char *const placeholders[] = {"{agent}",  "{reference}", "{null}", "{liar}",
                                           "{sharer}", "{metrics}",   "{home}", NULL};

const char *field_show(char buffer[FIELD_SHOW_BYTES], const char *string)
{
    size_t length = strlen(string), room = FIELD_SHOW_BYTES - 4;
    bool cut = length > room;
    if (cut)
        for (length = room; length > 0 && ((unsigned char)string[length] & 0xc0) == 0x80;)
            length--; /* never half a UTF-8 character */
    for (size_t i = 0; i < length; i++)
        buffer[i] = (unsigned char)string[i] < ' ' || string[i] == 0x7f ? '?' : string[i];
    memcpy(buffer + length, cut ? "..." : "", cut ? 4 : 1);
    return buffer;
}

/* what stands there, for the end of a complaint */
static void describe(char buffer[FIELD_SHOW_BYTES + 2], const cJSON *value)
{
    char shown[FIELD_SHOW_BYTES];
    if (cJSON_IsString(value))
        snprintf(buffer, FIELD_SHOW_BYTES + 2, "\"%s\"", field_show(shown, value->valuestring));
    else if (cJSON_IsNumber(value))
        snprintf(buffer, FIELD_SHOW_BYTES + 2, "%.15g", value->valuedouble);
    else if (cJSON_IsArray(value) && value->child)
        snprintf(buffer, FIELD_SHOW_BYTES + 2, "an array of %d", cJSON_GetArraySize(value));
    else if (cJSON_IsObject(value) || cJSON_IsArray(value))
        snprintf(buffer, FIELD_SHOW_BYTES + 2, "an%s %s", value->child ? "" : " empty",
                 cJSON_IsObject(value) ? "object" : "array");
    else
        snprintf(buffer, FIELD_SHOW_BYTES + 2, "%s",
                 cJSON_IsTrue(value)    ? "true"
                 : cJSON_IsFalse(value) ? "false"
                                        : "null");
}

int field_complain(const struct field_place *place, const cJSON *at, const char *key,
                   const char *format, ...)
{
    struct text complaint = {0};
    va_list args;
    char *told = NULL;
    va_start(args, format);
    if (vasprintf(&told, format, args) >= 0)
        text_add(&complaint, told);
    va_end(args);
    err_set(place->err, ERR_FORMAT, "line %d: %s: %s", json_line(place->data, place->root, at), key,
            complaint.data ? complaint.data : "");
    text_release(&complaint);
    free(told);
    return -1;
}

int field_refuse(const struct field_place *place, const struct field *field, const cJSON *value)
{
    char got[FIELD_SHOW_BYTES + 2];
    describe(got, value);
    return field_complain(place, value, field->key, "expected %s, got %s", field->expected, got);
}

int field_refuse_nearest(const struct field_place *place, const struct field *field,
                         const cJSON *value, const char *const known[])
{
    char got[FIELD_SHOW_BYTES + 2];
    const char *nearest = cJSON_IsString(value) ? text_nearest(value->valuestring, known) : NULL;
    if (!nearest)
        return field_refuse(place, field, value);
    describe(got, value);
    return field_complain(place, value, field->key, "expected %s, got %s (did you mean \"%s\"?)",
                          field->expected, got, nearest);
}

static int refuse_key(const struct field_place *place, const struct field fields[],
                      const cJSON *item)
{
    const char *known[MOST_FIELDS + 1] = {0};
    char shown[FIELD_SHOW_BYTES];
    struct text list = {0};
    const char *nearest;
    int line = json_line(place->data, place->root, item);
    for (size_t i = 0; fields[i].key && i < MOST_FIELDS; i++) {
        known[i] = fields[i].key;
        text_addf(&list, "%s%s", i ? ", " : "", fields[i].key);
    }
    nearest = text_nearest(item->string, known);
    field_show(shown, item->string);
    if (nearest)
        err_set(place->err, ERR_FORMAT, "line %d: unknown key '%s' (did you mean '%s'?)", line,
                shown, nearest);
    else
        err_set(place->err, ERR_FORMAT, "line %d: unknown key '%s', expected one of: %s", line,
                shown, list.data);
    text_release(&list);
    return -1;
}

int field_check_keys(const struct field_place *place, const struct field fields[],
                     const cJSON *object)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object) {
        size_t i = 0;
        while (fields[i].key && strcmp(fields[i].key, item->string) != 0)
            i++;
        if (!fields[i].key)
            return refuse_key(place, fields, item);
    }
    return 0;
}

int field_read_object(const struct field_place *place, const struct field fields[],
                      const cJSON *object, void *target)
{
    if (field_check_keys(place, fields, object) < 0)
        return -1;
    for (const struct field *field = fields; field->key; field++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, field->key);
        if (!value && field->required)
            return err_set(place->err, ERR_FORMAT, "line %d: missing key '%s', expected %s",
                           json_line(place->data, place->root, object), field->key,
                           field->expected);
        if (value && field->read(place, field, value, (char *)target + field->slot) < 0)
            return -1;
    }
    return 0;
}

int field_text(const struct field_place *place, const struct field *field, const cJSON *value,
               void *slot)
{
    if (!cJSON_IsString(value) || (double)strlen(value->valuestring) < field->least)
        return field_refuse(place, field, value);
    *(char **)slot = xstrdup(value->valuestring);
    return 0;
}

int field_name(const struct field_place *place, const struct field *field, const cJSON *value,
               void *slot)
{
    const char *name = cJSON_GetStringValue(value);
    size_t length = name ? strlen(name) : 0;
    if (length < 1 || length > MOST_NAME_BYTES || strspn(name, field->letters) != length ||
        (field->not_first && strchr(field->not_first, name[0])))
        return field_refuse(place, field, value);
    *(char **)slot = xstrdup(name);
    return 0;
}

int field_integer(const struct field_place *place, const struct field *field, const cJSON *value,
                  void *slot)
{
    int64_t number;
    if (json_int64(&number, value) < 0 || (double)number < field->least ||
        (double)number > field->most)
        return field_refuse(place, field, value);
    *(int *)slot = (int)number;
    return 0;
}

int field_number(const struct field_place *place, const struct field *field, const cJSON *value,
                 void *slot)
{
    /* written so that NaN is refused too */
    if (!cJSON_IsNumber(value) ||
        !(value->valuedouble > field->least && value->valuedouble < field->most))
        return field_refuse(place, field, value);
    *(double *)slot = value->valuedouble;
    return 0;
}

int field_duration(const struct field_place *place, const struct field *field, const cJSON *value,
                   void *slot)
{
    static const char wanted[] = "a duration with its unit such as \"5s\"";
    const char *string = cJSON_GetStringValue(value);
    int64_t ns;
    if (!string || text_parse_duration(&ns, string) < 0) {
        struct field shape = *field;
        shape.expected = wanted;
        return field_refuse(place, &shape, value);
    }
    if ((double)ns < field->least || (double)ns > field->most)
        return field_refuse(place, field, value);
    *(int64_t *)slot = ns;
    return 0;
}

int field_bool(const struct field_place *place, const struct field *field, const cJSON *value,
               void *slot)
{
    if (!cJSON_IsBool(value))
        return field_refuse(place, field, value);
    *(bool *)slot = cJSON_IsTrue(value);
    return 0;
}

int field_word(const struct field_place *place, const struct field *field, const cJSON *value,
               void *slot)
{
    const char *word = cJSON_GetStringValue(value);
    for (int i = 0; word && field->words[i]; i++) {
        if (strcmp(word, field->words[i]) != 0)
            continue;
        *(int *)slot = i;
        return 0;
    }
    return field_refuse_nearest(place, field, value, field->words);
}

int field_array(const struct field_place *place, const struct field *field, const cJSON *value)
{
    int length = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : -1;
    if (length < field->least || length > field->most)
        return field_refuse(place, field, value);
    return length;
}

int field_integers(const struct field_place *place, const struct field *field, const cJSON *value,
                   int out[], int low, int high)
{
    struct field each = {.key = field->key, .least = low, .most = high};
    char range[64];
    const cJSON *item;
    int count = 0, length = field_array(place, field, value);
    if (length < 0)
        return -1;
    snprintf(range, sizeof range, "an integer from %d to %d", low, high);
    each.expected = range;
    cJSON_ArrayForEach(item, value) {
        if (field_integer(place, &each, item, &out[count++]) < 0)
            return -1;
    }
    return count;
}

static bool is_placeholder(const char *word)
{
    size_t letters = word[0] == '{' ? strspn(word + 1, "abcdefghijklmnopqrstuvwxyz") : 0;
    return letters > 0 && strcmp(word + 1 + letters, "}") == 0;
}

static int check_argument(const struct field_place *place, const struct field *field,
                          const cJSON *item, bool first)
{
    static const char list[] = "{agent} {reference} {null} {liar} {sharer} {metrics} {home}";
    struct field argument = {.key = field->key,
                             .expected = first ? "a program to start" : "a string"};
    char shown[FIELD_SHOW_BYTES];
    const char *nearest;
    if (!cJSON_IsString(item) || (first && !item->valuestring[0]))
        return field_refuse(place, &argument, item);
    if (!is_placeholder(item->valuestring))
        return 0;
    for (size_t i = 0; placeholders[i]; i++)
        if (strcmp(item->valuestring, placeholders[i]) == 0)
            return 0;
    nearest = text_nearest(item->valuestring, placeholders);
    field_show(shown, item->valuestring);
    if (nearest)
        return field_complain(place, item, field->key,
                              "unknown placeholder %s (did you mean %s?), expected one of %s",
                              shown, nearest, list);
    return field_complain(place, item, field->key, "unknown placeholder %s, expected one of %s",
                          shown, list);
}

int field_command(const struct field_place *place, const struct field *field, const cJSON *value,
                  void *slot)
{
    const cJSON *item;
    char **words;
    size_t at = 0;
    int length = field_array(place, field, value);
    if (length < 0)
        return -1;
    words = xcalloc((size_t)length + 1, sizeof *words);
    *(char ***)slot = words; /* the scenario owns it from here, also half filled */
    cJSON_ArrayForEach(item, value) {
        if (check_argument(place, field, item, at == 0) < 0)
            return -1;
        words[at++] = xstrdup(item->valuestring);
    }
    return 0;
}
