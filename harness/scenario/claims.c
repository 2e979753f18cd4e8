/* Which sentences of the scenario can be judged, and what do they say? */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "scenario/fields.h"
#include "scenario/scenario.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

static const char *const metric_words[] = {"spawn_time",        "ready_time",       "sent_to_start",
                                           "start_to_main",     "main_to_own_ready",
                                           "own_ready_to_seen", "start_to_seen",
                                           "seen_to_recorded",  "cpu_time",
                                           "peak_memory",       "throughput",       NULL};
static const char *const failure_words[] = {"cancels", "degrades", NULL};
static const char *const corruption_words[] = {"none", NULL};

const char *scenario_metric_name(enum scenario_metric metric)
{
    return metric_words[metric];
}

enum scenario_unit scenario_metric_unit(enum scenario_metric metric)
{
    return metric == SCENARIO_PEAK_MEMORY  ? SCENARIO_BYTES
           : metric == SCENARIO_THROUGHPUT ? SCENARIO_PER_SECOND
                                           : SCENARIO_NS;
}

bool scenario_metric_is_phase(enum scenario_metric metric)
{
    return metric >= SCENARIO_SENT_TO_START && metric <= SCENARIO_SEEN_TO_RECORDED;
}

static int refuse_arm(const struct field_place *place, const struct field *field,
                      const cJSON *value)
{
    const struct scenario *scenario = place->scenario;
    const char *known[SCENARIO_MOST_ARMS + 1] = {0};
    struct field with_list = *field;
    struct text list = {0};
    text_addf(&list, "%s (", field->expected);
    for (size_t i = 0; i < scenario->arm_count; i++) {
        known[i] = scenario->arms[i].name;
        text_addf(&list, "%s%s", i ? ", " : "", known[i]);
    }
    text_add(&list, ")");
    with_list.expected = list.data;
    field_refuse_nearest(place, &with_list, value, known);
    text_release(&list);
    return -1;
}

static int read_arm_name(const struct field_place *place, const struct field *field,
                         const cJSON *value, void *slot)
{
    const struct scenario *scenario = place->scenario;
    const char *name = cJSON_GetStringValue(value);
    for (size_t i = 0; name && i < scenario->arm_count; i++) {
        if (strcmp(name, scenario->arms[i].name) != 0)
            continue;
        *(size_t *)slot = i;
        return 0;
    }
    return refuse_arm(place, field, value);
}

static int read_corruption(const struct field_place *place, const struct field *field,
                           const cJSON *value, void *slot)
{
    int word = 0;
    (void)slot;
    return field_word(place, field, value, &word);
}

/* a duration into a double; becomes field_limit when limits have other units */
static int field_limit_ns(const struct field_place *place, const struct field *field,
                          const cJSON *value, void *slot)
{
    int64_t ns;
    if (field_duration(place, field, value, &ns) < 0)
        return -1;
    *(double *)slot = (double)ns;
    return 0;
}

#define AT(member) offsetof(struct scenario_claim, member)
#define KEY_ID                                                                                     \
    {                                                                                              \
        "id", field_name, AT(id),                                                                  \
            "an id of A-Z a-z 0-9 _ . - that begins with a letter, digit or '_' (1 to 64 of "      \
            "them)",                                                                               \
            .letters = LETTERS, .not_first = ".-", .required = true                                \
    }
#define KEY_ARM(key, member)                                                                       \
    {                                                                                              \
        key, read_arm_name, AT(member), "the name of an arm", .required = true                     \
    }
#define KEY_METRIC                                                                                 \
    {                                                                                              \
        "metric", field_word, AT(metric), "\"spawn_time\" or \"ready_time\"",                      \
            .words = metric_words                                                                  \
    }

static const struct field at_most_fields[] = {
    KEY_ID,
    KEY_ARM("arm", arm),
    KEY_METRIC,
    {"quantile", field_number, AT(quantile), "a number above 0 and below 1 such as 0.95",
     .least = 0, .most = 1, .required = true},
    {"at_most", field_limit_ns, AT(limit), "a duration from 1ns to 24h", .least = 1,
     .most = 24 * 3600e9, .required = true},
    {0}};
static const struct field faster_fields[] = {KEY_ID,
                                             KEY_ARM("faster", arm),
                                             KEY_ARM("than", than),
                                             KEY_METRIC,
                                             {"at_least", field_number, AT(ratio),
                                              "a ratio above 0 such as 3.0", .least = 0,
                                              .most = 1e6, .required = true},
                                             {0}};
static const struct field intact_fields[] = {
    KEY_ID,
    {"corruption", read_corruption, 0, "\"none\"", .words = corruption_words, .required = true},
    {0}};
static const struct field failure_fields[] = {KEY_ID,
                                              KEY_ARM("arm", arm),
                                              {"failure", field_word, AT(failure),
                                               "\"cancels\" or \"degrades\"",
                                               .words = failure_words, .required = true},
                                              {0}};
static const struct field any_fields[] = {{.key = "id"},
                                          {.key = "arm"},
                                          {.key = "metric"},
                                          {.key = "quantile"},
                                          {.key = "at_most"},
                                          {.key = "faster"},
                                          {.key = "than"},
                                          {.key = "at_least"},
                                          {.key = "corruption"},
                                          {.key = "failure"},
                                          {0}};
#undef AT

/* The four shapes, by the keys that only they have. */
static const struct shape {
    enum scenario_claim_kind kind;
    const char *const own[4];
    const struct field *fields;
} shapes[] = {
    {SCENARIO_CLAIM_AT_MOST, {"quantile", "at_most"}, at_most_fields},
    {SCENARIO_CLAIM_FASTER, {"faster", "than", "at_least"}, faster_fields},
    {SCENARIO_CLAIM_INTACT, {"corruption"}, intact_fields},
    {SCENARIO_CLAIM_FAILURE, {"failure"}, failure_fields},
};

static const struct field *find_key(const struct field fields[], const char *key)
{
    while (fields->key && strcmp(fields->key, key) != 0)
        fields++;
    return fields->key ? fields : NULL;
}

static const struct shape *shape_of(const cJSON *claim, const char **decided_by)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (size_t k = 0; k < 4 && shapes[i].own[k]; k++)
            if (cJSON_GetObjectItemCaseSensitive(claim, shapes[i].own[k])) {
                *decided_by = shapes[i].own[k];
                return &shapes[i];
            }
    return NULL;
}

/* a key that another shape has: not unknown, but out of place */
static int check_company(const struct field_place *place, const cJSON *claim,
                         const struct shape *shape, const char *decided_by)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, claim)
    {
        if (find_key(any_fields, item->string) && !find_key(shape->fields, item->string))
            return field_complain(place, item, item->string,
                                  "does not go with '%s' in one claim, expected one claim for each",
                                  decided_by);
    }
    return 0;
}

static int check_sense(const struct field_place *place, const cJSON *value,
                       const struct scenario_claim *claim)
{
    const struct scenario *scenario = place->scenario;
    if (claim->kind == SCENARIO_CLAIM_FASTER && claim->arm == claim->than)
        return field_complain(place, cJSON_GetObjectItemCaseSensitive(value, "than"), "than",
                              "expected another arm than \"%s\", which is said to be faster",
                              scenario->arms[claim->arm].name);
    if (claim->kind == SCENARIO_CLAIM_FAILURE && claim->failure != scenario->on_failure)
        return field_complain(place, cJSON_GetObjectItemCaseSensitive(value, "failure"), "failure",
                              "expected \"%s\", because on_failure asks for it, got \"%s\"",
                              failure_words[scenario->on_failure], failure_words[claim->failure]);
    return 0;
}

/* every digit that was written, unlike text_duration: a limit is not rounded */
static void add_exactly(struct text *text, int64_t ns)
{
    static const struct {
        double ns;
        const char *unit;
    } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
    size_t at = 0;
    while ((double)ns < units[at].ns && units[at].ns > 1)
        at++;
    text_addf(text, "%.15g %s", (double)ns / units[at].ns, units[at].unit);
}

static char *sentence(const struct scenario *scenario, const struct scenario_claim *claim)
{
    const char *arm = scenario->arms[claim->arm].name;
    const char *metric = scenario_metric_name(claim->metric);
    struct text text = {0};
    switch (claim->kind) {
    case SCENARIO_CLAIM_AT_MOST:
        text_addf(&text, "p%.10g %s of %s is at most ", claim->quantile * 100, metric, arm);
        add_exactly(&text, (int64_t)claim->limit);
        break;
    case SCENARIO_CLAIM_FASTER:
        text_addf(&text, "%s of %s is at least %.10g times shorter than of %s", metric, arm,
                  claim->ratio, scenario->arms[claim->than].name);
        break;
    case SCENARIO_CLAIM_AT_LEAST:
    case SCENARIO_CLAIM_WITHIN:
        break;
    case SCENARIO_CLAIM_INTACT:
        text_add(&text, "no cycle loses, doubles, invents or corrupts anything");
        break;
    case SCENARIO_CLAIM_FAILURE:
        text_addf(&text, "in %s a failing agent is told and %s", arm,
                  claim->failure == SCENARIO_CANCEL ? "cancels the others"
                                                    : "leaves the others running");
        break;
    }
    return text_take(&text);
}

static int read_claim(const struct field_place *place, const cJSON *value,
                      struct scenario_claim *claim)
{
    static const struct field whole = {.key = "claims",
                                       .expected = "an object such as {\"id\": \"C1\", "
                                                   "\"corruption\": \"none\"}"};
    const struct shape *shape;
    const char *decided_by = NULL;
    if (!cJSON_IsObject(value))
        return field_refuse(place, &whole, value);
    shape = shape_of(value, &decided_by);
    if (shape && check_company(place, value, shape, decided_by) < 0)
        return -1;
    if (field_check_keys(place, any_fields, value) < 0)
        return -1;
    if (!shape)
        return field_complain(place, value, "claims",
                              "expected one of 'quantile' with 'at_most', 'faster' with 'than', "
                              "'corruption' or 'failure'");
    claim->kind = shape->kind;
    claim->at = -1;
    claim->line = json_line(place->data, place->root, value);
    if (field_read_object(place, shape->fields, value, claim) < 0 ||
        check_sense(place, value, claim) < 0)
        return -1;
    claim->text = sentence(place->scenario, claim);
    return 0;
}

int claims_read(const struct field_place *place, const struct field *field, const cJSON *value,
                void *slot)
{
    struct scenario *scenario = slot;
    const cJSON *item;
    int length = field_array(place, field, value);
    if (length < 0)
        return -1;
    scenario->claims = xcalloc((size_t)length, sizeof *scenario->claims);
    cJSON_ArrayForEach(item, value)
    {
        if (read_claim(place, item, &scenario->claims[scenario->claim_count++]) < 0)
            return -1;
    }
    return check_claims(place);
}
