/* What do the outputs of a batch come to? The rule of reference/PROTOCOL.md, "finish":
 *
 *     an output that is a JSON object with a string "answer" votes for that, any other one for its
 *     bytes without the white space around them; more than half of the ready agents agree, or it
 *     is split. Equal votes are equal bytes; of a split the most frequent vote counts.
 *
 * Only digests are kept, so that outputs may be large. Programs read text that is not UTF-8, or has
 * a NUL in it, in different ways when they write it down as an answer: votes_differ forgives that.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

static bool is_plain(const char *bytes, size_t count)
{
    char *copy = xcalloc(count + 1, 1); /* no character is cut by its end */
    size_t at = 0, length = 1;
    if (count)
        memcpy(copy, bytes, count);
    while (at < count && copy[at] && (length = text_utf8_length(copy + at)) > 0)
        at += length;
    free(copy);
    return at >= count;
}

void votes_plain(struct vote *out, const void *text, size_t count)
{
    const char *bytes = text, *nul = count ? memchr(bytes, '\0', count) : NULL;
    struct sha256 whole;
    *out = (struct vote){.cast = count > 0, .plain = is_plain(bytes, count), .letters = HASH_START};
    sha256_begin(&whole);
    sha256_add(&whole, bytes, count);
    sha256_end(&whole, out->whole);
    out->until_nul = hash_bytes(HASH_START, bytes, nul ? (size_t)(nul - bytes) : count);
    for (size_t i = 0; i < count; i++)
        if ((unsigned char)bytes[i] < 0x80 && bytes[i] != '?')
            out->letters = hash_bytes(out->letters, bytes + i, 1);
}

/* The "answer" of a JSON object; NULL when it is none, or has none. The caller frees it. */
static char *answer_of(const char *bytes, size_t count)
{
    char *copy, *answer = NULL;
    cJSON *object = NULL;
    if (count == 0 || bytes[0] != '{')
        return NULL;
    copy = xcalloc(count + 1, 1);
    memcpy(copy, bytes, count);
    if (json_parse(&object, copy, count, NULL) == 0 && json_string(object, "answer"))
        answer = xstrdup(json_string(object, "answer"));
    cJSON_Delete(object);
    free(copy);
    return answer;
}

void votes_take(struct vote *out, const void *output, size_t count)
{
    const char *bytes = output;
    char *answer;
    while (count > 0 && isspace((unsigned char)bytes[0])) {
        bytes++;
        count--;
    }
    while (count > 0 && isspace((unsigned char)bytes[count - 1]))
        count--;
    answer = answer_of(bytes, count);
    if (answer)
        votes_plain(out, answer, strlen(answer));
    else
        votes_plain(out, bytes, count);
    free(answer);
}

static bool are_equal(const struct vote *one, const struct vote *other)
{
    return memcmp(one->whole, other->whole, sizeof one->whole) == 0;
}

bool votes_differ(const struct vote *vote, const struct vote *text)
{
    if (are_equal(vote, text))
        return false;
    return vote->plain || (vote->until_nul != text->until_nul && vote->letters != text->letters);
}

/* Votes for what an earlier one voted for have been counted with it. */
static bool is_counted(const struct vote votes[], size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (votes[i].cast && are_equal(&votes[i], &votes[index]))
            return true;
    return false;
}

struct votes_result votes_count(const struct vote votes[], size_t count, size_t agents)
{
    struct votes_result result = {0};
    for (size_t i = 0; i < count; i++) {
        int64_t same = 0;
        if (!votes[i].cast || is_counted(votes, i))
            continue;
        for (size_t k = i; k < count; k++)
            same += votes[k].cast && are_equal(&votes[i], &votes[k]);
        if (same > result.votes) {
            result.votes = same;
            result.by = &votes[i];
        }
    }
    result.agreed = 2 * result.votes > (int64_t)agents;
    return result;
}
