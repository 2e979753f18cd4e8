/* Which sentences of the scenario can be judged, and what do they say? */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "scenario/fields.h"
#include "scenario/scenario.h"

#define MOST_NS      (24 * 3600e9)
#define MOST_BYTES   1e15
#define MOST_RATE    1e9
#define INTACT_BELOW 0.05
#define LETTERS      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

static const char *const statistic_words[] = {"median", "mean", NULL};
static const char *const failure_words[] = {"cancels", "degrades", NULL};
static const char *const corruption_words[] = {"none", NULL};

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
    const char *name = cJSON_GetStringValue(value);
    int arm = name ? scenario_find_arm(place->scenario, name) : -1;
    if (arm < 0)
        return refuse_arm(place, field, value);
    *(size_t *)slot = (size_t)arm;
    return 0;
}

/* What is expected: every metric but the phases, for which one stands. */
static int read_metric(const struct field_place *place, const struct field *field,
                       const cJSON *value, void *slot)
{
    struct field with_list = *field;
    struct text list = {0};
    bool once = cJSON_IsString(value) && strcmp(value->valuestring, "open_time") == 0;
    int rc;
    for (int i = 0; i < SCENARIO_METRICS; i++) {
        const char *before = i == 0 ? "" : i + 1 < SCENARIO_METRICS ? ", " : " or ";
        const char *phase = i == SCENARIO_SEEN_TO_RECORDED ? "a phase such as " : "";
        if (*phase || !scenario_metrics[i].to)
            text_addf(&list, "%s%s\"%s\"", before, phase, scenario_metric_names[i]);
    }
    with_list.expected = list.data;
    if (once)
        with_list.expected =
            "a metric that each cycle has (open_time is told by 'spawnbench show', "
            "once for each arm of a run: no claim can be judged from it)";
    rc = once ? field_refuse(place, &with_list, value) : field_word(place, &with_list, value, slot);
    text_release(&list);
    return rc;
}

static int read_corruption(const struct field_place *place, const struct field *field,
                           const cJSON *value, void *slot)
{
    int word = 0;
    (void)slot;
    return field_word(place, field, value, &word);
}

/* A number with its unit, above 0: told apart whether it is none or too large. */
static int read_amount(const struct field_place *place, struct field *shape, const cJSON *value,
                       int (*parse)(double *out, const char *string), const char *too_large,
                       double *out)
{
    const char *string = cJSON_GetStringValue(value);
    double amount;
    if (!string || parse(&amount, string) < 0 || amount <= 0)
        return field_refuse(place, shape, value);
    if (amount > shape->most) {
        shape->expected = too_large;
        return field_refuse(place, shape, value);
    }
    *out = amount;
    return 0;
}

/* In the unit of the metric, which is read before: 'slot' is the claim. */
static int read_limit(const struct field_place *place, const struct field *field,
                      const cJSON *value, void *slot)
{
    struct scenario_claim *claim = slot;
    struct field shape = *field;
    int64_t ns = 0;
    int rc;
    switch (scenario_metrics[claim->metric].unit) {
    case SCENARIO_BYTES:
        shape.most = MOST_BYTES;
        shape.expected = "a size above 0 with its unit such as \"64MiB\"";
        return read_amount(place, &shape, value, text_parse_size, "a size of at most 1000000GB",
                           &claim->limit);
    case SCENARIO_PER_SECOND:
        shape.most = MOST_RATE;
        shape.expected = "a rate above 0 with its unit such as \"20/s\" (agents per second)";
        return read_amount(place, &shape, value, text_parse_rate,
                           "a rate of at most 1000000000/s (agents per second)", &claim->limit);
    case SCENARIO_NS:
        break;
    }
    shape.least = 1;
    shape.most = MOST_NS;
    shape.expected = "a duration from 1ns to 24h";
    rc = field_duration(place, &shape, value, &ns);
    claim->limit = (double)ns;
    return rc;
}

static int read_statistic(const struct field_place *place, const struct field *field,
                          const cJSON *value, void *slot)
{
    struct scenario_claim *claim = slot;
    int word = 0;
    if (field_word(place, field, value, &word) < 0)
        return -1;
    claim->statistic = word == 1 ? SCENARIO_MEAN : SCENARIO_QUANTILE;
    claim->quantile = 0.5;
    return 0;
}

static int read_share(const struct field_place *place, const struct field *field,
                      const cJSON *value, void *slot)
{
    const char *string = cJSON_GetStringValue(value);
    double share;
    if (!string || text_parse_share(&share, string) < 0 || share <= 0 || share >= 1)
        return field_refuse(place, field, value);
    *(double *)slot = share;
    return 0;
}

/* One agent's phase instead of the slowest one's; 'slot' is the claim. */
static int read_agent(const struct field_place *place, const struct field *field,
                      const cJSON *value, void *slot)
{
    const struct scenario *scenario = place->scenario;
    struct scenario_claim *claim = slot;
    const char *known[SCENARIO_MOST_AGENTS + 1] = {0}, *name = cJSON_GetStringValue(value);
    if (!scenario_metrics[claim->metric].to)
        return field_complain(place, value, "agent",
                              "goes only with a phase of an agent such as \"metric\": "
                              "\"seen_to_recorded\", not with \"%s\"",
                              scenario_metric_names[claim->metric]);
    for (size_t i = 0; i < scenario->agent_count; i++) {
        known[i] = scenario->agents[i].name;
        if (!name || strcmp(name, known[i]) != 0)
            continue;
        claim->agent = xstrdup(name);
        return 0;
    }
    return field_refuse_nearest(place, field, value, known);
}

/* Which of the batch sizes of 'vary'; 'slot' is claim->at. */
static int read_size(const struct field_place *place, const struct field *field, const cJSON *value,
                     void *slot)
{
    const struct scenario *scenario = place->scenario;
    struct field shape = *field;
    struct text sizes = {0};
    int size = 0, rc;
    if (!scenario->value_count)
        return field_complain(place, value, "at",
                              "needs a 'vary' that gives the batch sizes to choose from");
    if (field_integer(place, field, value, &size) < 0)
        return -1;
    *(int *)slot = scenario_find_size(scenario, (size_t)size);
    if (*(int *)slot >= 0)
        return 0;
    text_add(&sizes, "a batch size of 'vary' (");
    for (size_t i = 0; i < scenario->value_count; i++)
        text_addf(&sizes, "%s%zu", i ? ", " : "", scenario->values[i]);
    text_add(&sizes, ")");
    shape.expected = sizes.data;
    rc = field_refuse(place, &shape, value);
    text_release(&sizes);
    return rc;
}

static int read_at(const struct field_place *place, const struct field *field, const cJSON *value,
                   void *slot)
{
    static const struct field fields[] = {{"agents", read_size, 0, "an integer from 1 to 1000",
                                           .least = 1, .most = SCENARIO_MOST_AGENTS,
                                           .required = true},
                                          {0}};
    if (!cJSON_IsObject(value))
        return field_refuse(place, field, value);
    return field_read_object(place, fields, value, slot);
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
/* before the limit and the agent, which depend on it */
#define KEY_METRIC                                                                                 \
    {                                                                                              \
        "metric", read_metric, AT(metric), "", .words = scenario_metric_names                      \
    }
#define KEY_AGENT                                                                                  \
    {                                                                                              \
        "agent", read_agent, 0, "the name of an agent", .required = false                          \
    }
#define KEY_AT                                                                                     \
    {                                                                                              \
        "at", read_at, AT(at), "an object such as {\"agents\": 20}", .required = false             \
    }

static const struct field limit_fields[] = {
    KEY_ID,
    KEY_ARM("arm", arm),
    KEY_METRIC,
    {"quantile", field_number, AT(quantile), "a number above 0 and below 1 such as 0.95",
     .least = 0, .most = 1},
    {"statistic", read_statistic, 0, "\"median\" or \"mean\"", .words = statistic_words},
    {"at_most", read_limit, 0, "", .required = false},
    {"at_least", read_limit, 0, "", .required = false},
    KEY_AGENT,
    KEY_AT,
    {0}};
static const struct field faster_fields[] = {KEY_ID,
                                             KEY_ARM("faster", arm),
                                             KEY_ARM("than", than),
                                             KEY_METRIC,
                                             {"at_least", field_number, AT(ratio),
                                              "a ratio above 0 and below 1000000 such as 3.0",
                                              .least = 0, .most = 1e6, .required = true},
                                             KEY_AGENT,
                                             KEY_AT,
                                             {0}};
static const struct field within_fields[] = {KEY_ID,
                                             KEY_ARM("arm", arm),
                                             KEY_ARM("of", than),
                                             KEY_METRIC,
                                             {"within", read_share, AT(share),
                                              "a share above 0% and below 100% such as \"5%\"",
                                              .required = true},
                                             KEY_AGENT,
                                             KEY_AT,
                                             {0}};
static const struct field intact_fields[] = {
    KEY_ID,
    {"corruption", read_corruption, 0, "\"none\"", .words = corruption_words, .required = true},
    {"below", read_share, AT(share), "a share above 0% and below 100% such as \"1%\"",
     .required = false},
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
                                          {.key = "statistic"},
                                          {.key = "at_most"},
                                          {.key = "at_least"},
                                          {.key = "faster"},
                                          {.key = "than"},
                                          {.key = "within"},
                                          {.key = "of"},
                                          {.key = "agent"},
                                          {.key = "at"},
                                          {.key = "corruption"},
                                          {.key = "below"},
                                          {.key = "failure"},
                                          {0}};
#undef AT

/* The shapes, by the keys that only they have
 * (a limit's last two are asked for when no other fits). */
static const struct shape {
    enum scenario_claim_kind kind;
    const char *const own[4];
    const struct field *fields;
} shapes[] = {
    {SCENARIO_CLAIM_AT_MOST, {"quantile", "statistic", "at_most"}, limit_fields},
    {SCENARIO_CLAIM_FASTER, {"faster", "than"}, faster_fields},
    {SCENARIO_CLAIM_WITHIN, {"within", "of"}, within_fields},
    {SCENARIO_CLAIM_INTACT, {"corruption", "below"}, intact_fields},
    {SCENARIO_CLAIM_FAILURE, {"failure"}, failure_fields},
    {SCENARIO_CLAIM_AT_MOST, {"at_least"}, limit_fields},
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
    cJSON_ArrayForEach(item, claim) {
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
    if (claim->kind == SCENARIO_CLAIM_WITHIN && claim->arm == claim->than)
        return field_complain(place, cJSON_GetObjectItemCaseSensitive(value, "of"), "of",
                              "expected another arm than \"%s\", which is compared with it",
                              scenario->arms[claim->arm].name);
    if (claim->kind == SCENARIO_CLAIM_FAILURE && claim->failure != scenario->on_failure)
        return field_complain(place, cJSON_GetObjectItemCaseSensitive(value, "failure"), "failure",
                              "expected \"%s\", because on_failure asks for it, got \"%s\"",
                              failure_words[scenario->on_failure], failure_words[claim->failure]);
    return 0;
}

/* Of two keys exactly one: a claim has one statistic and one limit. */
static int choose(const struct field_place *place, const cJSON *value, const char *one,
                  const char *other)
{
    const cJSON *first = cJSON_GetObjectItemCaseSensitive(value, one);
    const cJSON *second = cJSON_GetObjectItemCaseSensitive(value, other);
    if (first && second)
        return field_complain(place, second, other,
                              "does not go with '%s' in one claim, expected one claim for each",
                              one);
    if (!first && !second)
        return field_complain(place, value, "claims", "expected '%s' or '%s' in this claim", one,
                              other);
    return 0;
}

static int check_limit(const struct field_place *place, const cJSON *value,
                       struct scenario_claim *claim)
{
    if (choose(place, value, "quantile", "statistic") < 0 ||
        choose(place, value, "at_most", "at_least") < 0)
        return -1;
    if (cJSON_GetObjectItemCaseSensitive(value, "at_least"))
        claim->kind = SCENARIO_CLAIM_AT_LEAST;
    return 0;
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
                              "'within' with 'of', 'corruption' or 'failure'");
    claim->kind = shape->kind;
    claim->at = -1;
    if (claim->kind == SCENARIO_CLAIM_INTACT)
        claim->share = INTACT_BELOW;
    claim->line = json_line(place->data, place->root, value);
    if (shape->fields == limit_fields && check_limit(place, value, claim) < 0)
        return -1;
    if (field_read_object(place, shape->fields, value, claim) < 0 ||
        check_sense(place, value, claim) < 0)
        return -1;
    claim->text = claims_sentence(place->scenario, claim);
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
    cJSON_ArrayForEach(item, value) {
        if (read_claim(place, item, &scenario->claims[scenario->claim_count++]) < 0)
            return -1;
    }
    return check_claims(place);
}
