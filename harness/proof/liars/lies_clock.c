/* Which lies can be told about times? As if the subject had asked another clock, or in another
 * unit. */
#include "base/clock.h"
#include "base/json.h"
#include "liar.h"

static void replace_number(cJSON *object, const char *key, int64_t value)
{
    cJSON_DeleteItemFromObject(object, key);
    json_add_int64(object, key, value);
}

static void retell(struct liar *liar, int64_t ahead_ns, int64_t unit_ns)
{
    static const char *const keys[] = {"start_ns", "ready_ns", "recorded_ns", "begin_ns", "end_ns"};
    const cJSON *agents = cJSON_GetObjectItem(liar->message, "agents");
    for (int i = -1; i < cJSON_GetArraySize(agents); i++)
        for (size_t k = 0; k < 5; k++) {
            cJSON *of = i < 0 ? liar->message : cJSON_GetArrayItem(agents, i);
            int64_t ns;
            if (json_int64(&ns, cJSON_GetObjectItem(of, keys[k])) == 0)
                replace_number(of, keys[k], (ns + ahead_ns) / unit_ns);
        }
}

void lies_tell_realtime(struct liar *liar)
{
    retell(liar, clock_wall_ns() - clock_now_ns(), 1);
}

void lies_tell_microseconds(struct liar *liar)
{
    retell(liar, 0, 1000);
}

void lies_tell_wall_seconds(struct liar *liar)
{
    retell(liar, clock_wall_ns() - clock_now_ns(), CLOCK_NS_PER_S);
}

void lies_tell_since_the_request(struct liar *liar)
{
    int64_t begin_ns = 0;
    json_int64(&begin_ns, cJSON_GetObjectItem(liar->message, "begin_ns"));
    retell(liar, 1 - begin_ns, 1);
}

/* Far beyond what any clock shows */
void lies_tell_never(struct liar *liar)
{
    retell(liar, INT64_MAX - 2 * clock_now_ns(), 1);
}

void lies_tell_fractions(struct liar *liar)
{
    cJSON_DeleteItemFromObject(liar->message, "begin_ns");
    cJSON_AddNumberToObject(liar->message, "begin_ns", (double)clock_now_ns() / 1e9 + 0.0001);
}
