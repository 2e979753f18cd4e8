/* Which databases do the agents share? Patterns of paths, each with placeholders that are known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "scenario/fields.h"
#include "scenario/scenario.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"

static const char *const known[] = {"{home}", "{folder}", NULL};

/* A {word} that nobody knows is a mistake, not a name of a file. */
static int check_placeholders(const struct field_place *place, const struct field *field,
                              const cJSON *item)
{
    for (const char *at = strchr(item->valuestring, '{'); at; at = strchr(at + 1, '{')) {
        size_t letters = strspn(at + 1, LOWER);
        char word[16];
        const char *nearest;
        bool told = false;
        if (at[1] == '{') {
            at++; /* a brace */
            continue;
        }
        if (!letters || at[1 + letters] != '}')
            continue;
        for (size_t i = 0; known[i] && !told; i++)
            told = strncmp(at, known[i], letters + 2) == 0;
        if (told)
            continue;
        snprintf(word, sizeof word, "%.*s", (int)letters + 2, at);
        nearest = text_nearest(word, known);
        return field_complain(place, item, field->key,
                              "unknown placeholder %s%s%s%s, expected one of {home} {folder}", word,
                              nearest ? " (did you mean " : "", nearest ? nearest : "",
                              nearest ? "?)" : "");
    }
    return 0;
}

static int read_pattern(const struct field_place *place, const struct field *field,
                        const cJSON *item)
{
    static const struct field pattern = {
        .key = "databases", .expected = "the path of a database, or a glob", .least = 1};
    struct scenario *scenario = place->scenario;
    const char *word = cJSON_GetStringValue(item);
    if (word && word[0] == '~' && word[1] != '/')
        return field_complain(place, item, field->key,
                              "expected \"~/\" for the home of each agent, or \"./~\" for a file "
                              "whose name begins with '~'");
    if (field_text(place, &pattern, item, &scenario->databases[scenario->database_count]) < 0)
        return -1;
    scenario->database_count++;
    return check_placeholders(place, field, item);
}

int databases_read(const struct field_place *place, const struct field *field, const cJSON *value,
                   void *slot)
{
    struct scenario *scenario = slot;
    const cJSON *item;
    int length = field_array(place, field, value);
    if (length < 0)
        return -1;
    scenario->databases = xcalloc((size_t)length, sizeof *scenario->databases);
    cJSON_ArrayForEach(item, value) {
        if (read_pattern(place, field, item) < 0)
            return -1;
    }
    return 0;
}
