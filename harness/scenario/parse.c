/* What does the scenario ask for? JSON text to struct scenario, defaults filled in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/placeholder.h"
#include "base/text.h"
#include "scenario/fields.h"
#include "scenario/scenario.h"

#define LEAST_OPEN_DEADLINE_NS INT64_C(10000000000) /* unless the scenario says less */
#define LOWER                  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS                 "0123456789"
#define LETTERS                LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS
#define MOST_ARGUMENTS         1000
#define MOST_VARIABLES         200

static const char default_prompt[] = "Answer with the number of bytes of this prompt.";
static const char *const durability_words[] = {"normal", "full", NULL};
static const char *const on_failure_words[] = {"cancel", "degrade", NULL};
static const char *const ready_words[] = {"fd", "notify", "line", "exit", NULL};
const char *const scenario_witness_names[] = {"", "self", "launcher", "none", NULL};

/* set by the harness or the subject for every agent; a scenario that sets them would
 * silence the witness */
static const char *const reserved[] = {"READY_FD", "NOTIFY_SOCKET", "SPAWNBENCH_WITNESS",
                                       "SPAWNBENCH_AGENT", NULL};

static int read_ready(const struct field_place *place, const struct field *field,
                      const cJSON *value, void *slot)
{
    static const struct field fields[] = {
        {"by", field_word, offsetof(struct scenario_agent, ready),
         "\"fd\", \"notify\", \"line\" or \"exit\"", .words = ready_words, .required = true},
        {"text", field_text, offsetof(struct scenario_agent, ready_text),
         "the text that its line contains", .least = 1},
        {0}};
    struct scenario_agent *agent = slot;
    if (!cJSON_IsObject(value))
        return field_refuse(place, field, value);
    if (field_read_object(place, fields, value, agent) < 0)
        return -1;
    if (agent->ready == SCENARIO_READY_LINE && !agent->ready_text)
        return field_complain(place, value, "ready",
                              "missing key 'text', expected the text that its line contains");
    if (agent->ready != SCENARIO_READY_LINE && agent->ready_text)
        return field_complain(place, value, "ready", "'text' goes only with \"by\": \"line\"");
    if (agent->ready_text && strchr(agent->ready_text, '\n'))
        return field_complain(place, value, "text", "expected a text within one line");
    return 0;
}

static int read_variable(const struct field_place *place, const struct field *field,
                         const cJSON *item, struct scenario_variable *out)
{
    char shown[FIELD_SHOW_BYTES];
    size_t length = strlen(item->string);
    field_show(shown, item->string);
    if (length < 1 || strspn(item->string, LETTERS "_") != length || strchr(DIGITS, *item->string))
        return field_complain(place, item, field->key,
                              "expected a variable name of A-Z a-z 0-9 _, got '%s'", shown);
    for (size_t i = 0; reserved[i]; i++)
        if (strcmp(item->string, reserved[i]) == 0)
            return field_complain(place, item, field->key,
                                  "'%s' is set by spawnbench itself, expected another name", shown);
    if (!cJSON_IsString(item))
        return field_complain(place, item, field->key, "expected a string as value of '%s'", shown);
    *out = (struct scenario_variable){xstrdup(item->string), xstrdup(item->valuestring)};
    return 0;
}

static int read_environment(const struct field_place *place, const struct field *field,
                            const cJSON *value, void *slot)
{
    struct scenario_agent *agent = slot;
    const cJSON *item;
    if (!cJSON_IsObject(value) || cJSON_GetArraySize(value) > MOST_VARIABLES)
        return field_refuse(place, field, value);
    agent->environment = xcalloc((size_t)cJSON_GetArraySize(value), sizeof *agent->environment);
    cJSON_ArrayForEach(item, value) {
        if (read_variable(place, field, item, &agent->environment[agent->environment_count]) < 0)
            return -1;
        agent->environment_count++;
    }
    return 0;
}

static int read_expected_exit(const struct field_place *place, const struct field *field,
                              const cJSON *value, void *slot)
{
    struct scenario_agent *agent = slot;
    agent->expects_exit = true;
    return field_integer(place, field, value, &agent->expected_exit);
}

static int read_expected_output(const struct field_place *place, const struct field *field,
                                const cJSON *value, void *slot)
{
    static const struct field fields[] = {
        {"contains", field_text, offsetof(struct scenario_agent, expected_output),
         "a text of at least one character", .least = 1, .required = true},
        {0}};
    struct scenario_agent *agent = slot;
    agent->expected_within = cJSON_IsObject(value);
    if (agent->expected_within)
        return field_read_object(place, fields, value, agent);
    return field_text(place, field, value, &agent->expected_output);
}

static int read_expect(const struct field_place *place, const struct field *field,
                       const cJSON *value, void *slot)
{
    static const struct field fields[] = {
        {"exit", read_expected_exit, 0, "an exit status from 0 to 255", .least = 0, .most = 255},
        {"output", read_expected_output, 0, "a text or an object such as {\"contains\": \"42\"}",
         .required = false},
        {0}};
    if (!cJSON_IsObject(value) || !value->child)
        return field_refuse(place, field, value);
    return field_read_object(place, fields, value, slot);
}

static int read_times(const struct field_place *place, const struct field *field,
                      const cJSON *value, void *slot)
{
    int times = 0;
    if (field_integer(place, field, value, &times) < 0)
        return -1;
    *(size_t *)slot = (size_t)times;
    return 0;
}

static int read_witness(const struct field_place *place, const struct field *field,
                        const cJSON *value, void *slot)
{
    int word = 0;
    if (field_word(place, field, value, &word) < 0)
        return -1;
    *(enum scenario_witness *)slot = (enum scenario_witness)(SCENARIO_WITNESS_SELF + word);
    return 0;
}

/* Until version 4 of the results store agents appended to a file. */
static int read_ledger(const struct field_place *place, const struct field *field,
                       const cJSON *value, void *slot)
{
    bool self = false;
    if (!place->stored)
        return field_complain(place, value, field->key, "\"ledger\" is gone: write \"witness\": %s",
                              cJSON_IsFalse(value) ? "\"none\"" : "\"self\"");
    if (field_bool(place, field, value, &self) < 0)
        return -1;
    *(enum scenario_witness *)slot = self ? SCENARIO_WITNESS_SELF : SCENARIO_WITNESS_NONE;
    return 0;
}

#define AT(member) offsetof(struct scenario_agent, member)
static const struct field agent_fields[] = {
    {"name", field_name, AT(name), "a name of A-Z a-z 0-9 _ . - (1 to 64 of them)",
     .letters = LETTERS "_.-", .required = true},
    {"command", field_command, AT(command), "an array with a program and its arguments", .least = 1,
     .most = MOST_ARGUMENTS, .required = true},
    {"environment", read_environment, 0, "an object of strings", .required = false},
    {"directory", field_text, AT(directory), "the path of a directory", .least = 1},
    {"fresh_home", field_bool, AT(fresh_home), "true or false", .required = false},
    {"ready", read_ready, 0, "an object such as {\"by\": \"fd\"}", .required = false},
    {"times", read_times, AT(times), "an integer from 1 to 1000", .least = 1,
     .most = SCENARIO_MOST_AGENTS},
    {"expect", read_expect, 0, "an object such as {\"exit\": 0}", .required = false},
    {"witness", read_witness, AT(witness), "\"self\", \"launcher\" or \"none\"",
     .words = scenario_witness_names + SCENARIO_WITNESS_SELF},
    {"ledger", read_ledger, AT(witness), "true or false", .required = false},
    {0}};
#undef AT

static int read_agent(const struct field_place *place, const cJSON *value,
                      struct scenario_agent *agent)
{
    static const struct field whole = {.key = "agents",
                                       .expected = "an object with 'name' and 'command'"};
    if (!cJSON_IsObject(value))
        return field_refuse(place, &whole, value);
    agent->times = 1;
    if (field_read_object(place, agent_fields, value, agent) < 0)
        return -1;
    for (size_t i = 0; i < agent->environment_count && agent->fresh_home; i++)
        if (strcmp(agent->environment[i].key, "HOME") == 0)
            return field_complain(place, cJSON_GetObjectItemCaseSensitive(value, "fresh_home"),
                                  "fresh_home",
                                  "'HOME' is in its environment, expected one of "
                                  "both");
    return 0;
}

static int read_agents(const struct field_place *place, const struct field *field,
                       const cJSON *value, void *slot)
{
    struct scenario *scenario = slot;
    const cJSON *item;
    int length = field_array(place, field, value);
    if (length < 0)
        return -1;
    scenario->agents = xcalloc((size_t)length, sizeof *scenario->agents);
    cJSON_ArrayForEach(item, value) {
        if (read_agent(place, item, &scenario->agents[scenario->agent_count++]) < 0)
            return -1;
    }
    return check_agents(place);
}

static int read_arm(const struct field_place *place, const cJSON *value, struct scenario_arm *arm)
{
    static const struct field fields[] = {
        {"name", field_name, offsetof(struct scenario_arm, name),
         "a name of A-Z a-z 0-9 _ . - that begins with a letter, digit or '_' (1 to 64 of them)",
         .letters = LETTERS "_.-", .not_first = ".-", .required = true},
        {"subject", field_command, offsetof(struct scenario_arm, subject),
         "an array with a program and its arguments", .least = 1, .most = MOST_ARGUMENTS,
         .required = true},
        {0}};
    static const struct field whole = {.key = "arms",
                                       .expected = "an object with 'name' and 'subject'"};
    if (!cJSON_IsObject(value))
        return field_refuse(place, &whole, value);
    if (field_read_object(place, fields, value, arm) < 0)
        return -1;
    for (char **word = arm->subject; *word; word++)
        if (placeholder_in(*word, "{home}"))
            return field_complain(place, cJSON_GetObjectItemCaseSensitive(value, "subject"),
                                  "subject", "{home} is a folder of an agent, a subject has none");
    return 0;
}

static int read_arms(const struct field_place *place, const struct field *field, const cJSON *value,
                     void *slot)
{
    struct scenario *scenario = slot;
    const cJSON *item;
    int length = field_array(place, field, value);
    if (length < 0)
        return -1;
    scenario->arms = xcalloc((size_t)length, sizeof *scenario->arms);
    cJSON_ArrayForEach(item, value) {
        if (read_arm(place, item, &scenario->arms[scenario->arm_count++]) < 0)
            return -1;
    }
    return check_arms(place);
}

static int read_looks(const struct field_place *place, const struct field *field,
                      const cJSON *value, void *slot)
{
    struct scenario *scenario = slot;
    int *looks = scenario->looks;
    int count = field_integers(place, field, value, looks, 1, SCENARIO_MOST_CYCLES);
    for (int i = 1; i < count; i++)
        if (looks[i] <= looks[i - 1])
            return field_complain(place, value, field->key,
                                  "expected ascending numbers of cycles, got %d after %d", looks[i],
                                  looks[i - 1]);
    scenario->look_count = count > 0 ? (size_t)count : 0;
    return count < 0 ? -1 : 0;
}

static int read_cycles(const struct field_place *place, const struct field *field,
                       const cJSON *value, void *slot)
{
    static const struct field fields[] = {
        {"looks", read_looks, 0, "an array of 1 to 8 ascending numbers of cycles", .least = 1,
         .most = SCENARIO_MOST_LOOKS, .required = true},
        {0}};
    struct scenario *scenario = slot;
    if (cJSON_IsObject(value))
        return field_read_object(place, fields, value, scenario);
    scenario->look_count = 1;
    return field_integer(place, field, value, &scenario->looks[0]);
}

static int read_values(const struct field_place *place, const struct field *field,
                       const cJSON *value, void *slot)
{
    struct scenario *scenario = slot;
    int values[SCENARIO_MOST_VALUES];
    int count = field_integers(place, field, value, values, 1, SCENARIO_MOST_AGENTS);
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < i; k++)
            if (values[i] == values[k])
                return field_complain(place, value, field->key,
                                      "expected every batch size once, got %d twice", values[i]);
        scenario->values[i] = (size_t)values[i];
    }
    scenario->value_count = count > 0 ? (size_t)count : 0;
    return count < 0 ? -1 : 0;
}

static int read_vary(const struct field_place *place, const struct field *field, const cJSON *value,
                     void *slot)
{
    static const struct field fields[] = {{"agents", read_values, 0,
                                           "an array of 1 to 32 batch sizes", .least = 1,
                                           .most = SCENARIO_MOST_VALUES, .required = true},
                                          {0}};
    if (!cJSON_IsObject(value))
        return field_refuse(place, field, value);
    return field_read_object(place, fields, value, slot);
}

static int read_durability(const struct field_place *place, const struct field *field,
                           const cJSON *value, void *slot)
{
    int word = 0;
    if (field_word(place, field, value, &word) < 0)
        return -1;
    *(bool *)slot = word == 1;
    return 0;
}

/* Read in this order, whatever the order in the file: claims look at what stands above them. */
#define AT(member) offsetof(struct scenario, member)
static const struct field scenario_fields[] = {
    {"name", field_name, AT(name),
     "a name of a-z 0-9 - that begins with a letter or digit (1 to 64 of them)",
     .letters = LOWER DIGITS "-", .not_first = "-", .required = true},
    {"spec_id", field_name, AT(spec_id),
     "a folder name of A-Z a-z 0-9 . _ - that does not begin with '.' (1 to 64 of them)",
     .letters = LETTERS "._-", .not_first = "."},
    {"about", field_text, AT(about), "a text", .required = false},
    {"agents", read_agents, 0, "an array of 1 to 1000 agents", .least = 1,
     .most = SCENARIO_MOST_AGENTS, .required = true},
    {"arms", read_arms, 0, "an array of 1 to 16 arms", .least = 1, .most = SCENARIO_MOST_ARMS,
     .required = true},
    {"cycles", read_cycles, 0, "a number of cycles from 1 to 1000000 or {\"looks\": [100, 200]}",
     .least = 1, .most = SCENARIO_MOST_CYCLES, .required = true},
    {"block", field_integer, AT(block), "an integer from 1 to 1000", .least = 1, .most = 1000},
    {"warmup", field_integer, AT(warmup), "an integer from 0 to 1000", .least = 0, .most = 1000},
    {"spread", field_duration, AT(spread_ns), "a duration from 0s to 24h", .least = 0,
     .most = 24 * 3600e9},
    {"deadline", field_duration, AT(deadline_ns), "a duration from 1ms to 24h", .least = 1e6,
     .most = 24 * 3600e9},
    {"open_deadline", field_duration, AT(open_deadline_ns), "a duration from 1ms to 24h",
     .least = 1e6, .most = 24 * 3600e9},
    {"durability", read_durability, AT(durability_full), "\"normal\" or \"full\"",
     .words = durability_words},
    {"consensus", field_bool, AT(consensus), "true or false", .required = false},
    {"on_failure", field_word, AT(on_failure), "\"cancel\" or \"degrade\"",
     .words = on_failure_words},
    {"prompt", field_text, AT(prompt), "a text", .required = false},
    {"databases", databases_read, 0, "an array of 1 to 32 paths such as \"~/.tool/*.sqlite\"",
     .least = 1, .most = SCENARIO_MOST_SHARED},
    {"vary", read_vary, 0, "an object such as {\"agents\": [3, 5, 10]}", .required = false},
    {"faults", faults_read, 0, "[\"all\"] or an array of names of faults", .least = 1,
     .most = SCENARIO_FAULTS + 1},
    {"claims", claims_read, 0, "an array of 1 to 64 claims", .least = 1,
     .most = SCENARIO_MOST_CLAIMS},
    {0}};
#undef AT

/* In a stored text the launcher is always written out, see write_out: where nothing stands, there
 * was none yet. */
static void fill_witnesses(struct scenario *scenario, bool stored)
{
    enum scenario_witness strange = SCENARIO_WITNESS_NONE;
    for (size_t i = 0; i < scenario->claim_count && !stored; i++)
        if (scenario->claims[i].kind == SCENARIO_CLAIM_INTACT)
            strange = SCENARIO_WITNESS_LAUNCHER;
    for (size_t i = 0; i < scenario->agent_count; i++) {
        struct scenario_agent *agent = &scenario->agents[i];
        agent->ours = strcmp(agent->command[0], "{agent}") == 0;
        if (agent->witness == SCENARIO_WITNESS_DEFAULT)
            agent->witness = agent->ours ? SCENARIO_WITNESS_SELF : strange;
    }
}

static void fill_defaults(struct scenario *scenario)
{
    if (!scenario->spec_id)
        scenario->spec_id = xstrdup(scenario->name);
    if (!scenario->about)
        scenario->about = xstrdup("");
    if (!scenario->open_deadline_ns)
        scenario->open_deadline_ns = scenario->deadline_ns > LEAST_OPEN_DEADLINE_NS
                                         ? scenario->deadline_ns
                                         : LEAST_OPEN_DEADLINE_NS;
    if (!scenario->prompt)
        scenario->prompt = xstrdup(default_prompt);
}

/* values[0] is there: the size of the list, or the first of 'vary' */
static void fill_batch(struct scenario *scenario)
{
    size_t largest = 0;
    if (!scenario->value_count)
        scenario->value_count = 1;
    for (size_t i = 0; i < scenario->value_count; i++)
        largest = scenario->values[i] > largest ? scenario->values[i] : largest;
    scenario->batch = xcalloc(largest, sizeof *scenario->batch);
    for (size_t i = 0, agent = 0, times = 0; i < largest; i++) {
        if (times++ == scenario->agents[agent].times) {
            agent = agent + 1 < scenario->agent_count ? agent + 1 : 0;
            times = 1;
        }
        scenario->batch[i] = agent;
    }
}

static int read_root(const struct field_place *place)
{
    static const struct field whole = {.key = "scenario", .expected = "an object"};
    if (!cJSON_IsObject(place->root))
        return field_refuse(place, &whole, place->root);
    if (field_read_object(place, scenario_fields, place->root, place->scenario) < 0)
        return -1;
    fill_defaults(place->scenario);
    fill_witnesses(place->scenario, place->stored);
    fill_batch(place->scenario);
    return 0;
}

/* The text for the store: as it was, but for launchers that nobody asked for by name. */
static char *write_out(cJSON *root, const char *data, const struct scenario *scenario)
{
    cJSON *agents = cJSON_GetObjectItemCaseSensitive(root, "agents");
    bool added = false;
    for (size_t i = 0; i < scenario->agent_count; i++) {
        cJSON *agent = cJSON_GetArrayItem(agents, (int)i);
        if (scenario->agents[i].witness != SCENARIO_WITNESS_LAUNCHER ||
            cJSON_GetObjectItemCaseSensitive(agent, "witness"))
            continue;
        cJSON_AddStringToObject(agent, "witness",
                                scenario_witness_names[SCENARIO_WITNESS_LAUNCHER]);
        added = true;
    }
    return added ? json_print(root, 1) : xstrdup(data);
}

static int parse(struct scenario *out, const char *data, size_t length, bool stored,
                 struct err *err)
{
    struct scenario draft = {.block = 5,
                             .warmup = 5,
                             .deadline_ns = INT64_C(5000000000),
                             .durability_full = true,
                             .consensus = true};
    cJSON *root = NULL;
    int rc = -1;
    if (length > SCENARIO_MOST_BYTES)
        return err_set(err, ERR_FORMAT, "larger than %d bytes, the most a scenario may have",
                       SCENARIO_MOST_BYTES);
    if (json_parse(&root, data, length, err) < 0)
        return -1;
    if (read_root(&(struct field_place){data, root, &draft, err, stored}) < 0)
        goto done;
    draft.source = write_out(root, data, &draft);
    *out = draft; /* hand over only what is whole */
    draft = (struct scenario){0};
    rc = 0;
done:
    scenario_release(&draft);
    cJSON_Delete(root);
    return rc;
}

int scenario_parse(struct scenario *out, const char *data, size_t length, struct err *err)
{
    return parse(out, data, length, false, err);
}

int scenario_parse_stored(struct scenario *out, const char *data, size_t length, struct err *err)
{
    return parse(out, data, length, true, err);
}

int scenario_load(struct scenario *out, const char *path, struct err *err)
{
    char *data = NULL;
    size_t length = 0;
    int rc = text_read_file(&data, &length, path, SCENARIO_MOST_BYTES, err);
    if (rc == 0)
        rc = scenario_parse(out, data, length, err);
    if (rc < 0 && err && err->os_error == ENOENT)
        err->code = ERR_USAGE; /* a name that was mistyped, not a machine that refuses */
    if (rc < 0)
        err_wrap(err, "scenario '%s'", path);
    free(data);
    return rc;
}
