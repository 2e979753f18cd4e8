/* Is what the store holds of an agent what that agent printed, and did it end as was told?
 *
 * An agent that attests itself tells how it ends, and length and SHA-256 of what it printed after
 * it was ready. Where nobody attests it, 'expect' of the scenario is the only word on its output
 * beside that of its spawner: when the two differ, either may be to blame, and both are named.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/hash.h"
#include "base/text.h"

#define CUT_MARK "its output is cut by "

/* The agent's own word on what it printed is there. */
static bool attests_output(const struct cycle_agent *agent)
{
    return agent->done_messages == 1 && agent->output_bytes >= 0 && agent->output_sha256[0];
}

/* How many bytes its row says were left out; -1: none. */
static long long cut_of(const char *error)
{
    const char *cut = error ? strstr(error, CUT_MARK) : NULL;
    return cut ? strtoll(cut + strlen(CUT_MARK), NULL, 10) : -1;
}

static bool is_as_printed(struct audit_findings *findings, const struct cycle_agent *agent,
                          const void *bytes, size_t count, long long cut)
{
    struct sha256 whole;
    char digest[SHA256_HEX_BYTES];
    if ((int64_t)count + (cut > 0 ? cut : 0) != agent->output_bytes) {
        finding_add(findings, RULE_OUTPUT, agent->id,
                    "%zu bytes in the store, the agent says that it printed %lld", count,
                    (long long)agent->output_bytes);
        return false;
    }
    if (cut >= 0)
        return true; /* and nobody knows the digest of a part */
    sha256_begin(&whole);
    sha256_add(&whole, bytes, count);
    sha256_end(&whole, digest);
    if (strcmp(digest, agent->output_sha256) == 0)
        return true;
    finding_add(findings, RULE_OUTPUT, agent->id,
                "its %zu bytes are not those that the agent printed: SHA-256 %.12s..., the agent "
                "says %.12s...",
                count, digest, agent->output_sha256);
    return false;
}

static bool is_as_expected(const struct scenario_agent *asked, const char *bytes, size_t count)
{
    const char *text = asked->expected_output;
    size_t length = strlen(text);
    if (asked->expected_within)
        return memmem(bytes, count, text, length) != NULL;
    if (length == count && (count == 0 || memcmp(bytes, text, length) == 0))
        return true;
    while (count > 0 && isspace((unsigned char)bytes[0])) {
        bytes++;
        count--;
    }
    while (count > 0 && isspace((unsigned char)bytes[count - 1]))
        count--;
    return length == count && memcmp(bytes, text, length) == 0;
}

/* Our own agent's answer begins with its id and the digest of the prompt that it got: see
 * reference/agent/agent.c, answer. Also of an output that was cut that much is known. */
static bool answers_prompt(const struct cycle_agent *agent, const char *prompt, const char *bytes,
                           size_t count)
{
    char *head = text_format("{\"agent\":\"%s\",\"answer\":\"%016" PRIx64 "\",\"prompt_bytes\":%zu",
                             agent->id, hash_string(HASH_START, prompt), strlen(prompt));
    size_t length = strlen(head);
    bool does = memcmp(bytes, head, count < length ? count : length) == 0;
    free(head);
    return does;
}

void output_check(struct audit_findings *findings, const struct cycle_agent *agent,
                  const char *prompt, const void *bytes, size_t count, const char *error,
                  struct output_look *out)
{
    const char *at = count ? bytes : "";
    const struct scenario_agent *asked = agent->asked;
    long long cut = cut_of(error);
    bool attested = attests_output(agent), printed = true;
    out->cut = cut >= 0;
    out->held =
        (attested && cut < 0 && agent->done_pid == agent->witness_pid) || asked->expected_output;
    if (attested)
        printed = is_as_printed(findings, agent, at, count, cut);
    if (attested && printed && prompt && agent->asked->ours &&
        agent->asked->ready != SCENARIO_READY_EXIT && agent->done_status == 0 &&
        !answers_prompt(agent, prompt, at, count))
        finding_add(findings, RULE_OUTPUT, agent->id,
                    "its output is no answer to the prompt that was sent");
    if (!asked->expected_output || is_as_expected(asked, at, count))
        return;
    if (cut >= 0)
        out->held = false; /* it may stand in what was left out */
    else if (attested)
        out->unmet = printed; /* else what it printed is not known */
    else
        finding_add(findings, RULE_OUTPUT, agent->id,
                    "the stored %zu bytes are not what 'expect' says of this agent: either it "
                    "printed something else, or its spawner lost or changed it",
                    count);
}

/* ---- ends ---- */

/* Our own agent says all itself, and its end when it has got its prompt and answered; nothing is
 * left to do for it then but to exit. Others may have their helpers, and may go on. */
static const char *why_not_ours(const struct cycle_agent *agent)
{
    if (agent->done_pid != agent->witness_pid)
        return "another process said that it was done than said that it was ready";
    if (agent->early_end && agent->asked->ready != SCENARIO_READY_EXIT)
        return "it was done before \"finish\" was asked for";
    if (agent->exit_signal)
        return "ended by a signal told, the agent says that it exits";
    return NULL;
}

static void check_end(struct audit_findings *findings, const struct cycle *cycle,
                      const struct cycle_agent *agent)
{
    bool well = agent->exit_status == 0 && !agent->exit_signal, done = agent->done_messages == 1;
    const char *why = agent->asked->ours && done && agent->witness == CYCLE_WITNESS_SELF
                          ? why_not_ours(agent)
                          : NULL;
    if (agent->done_messages > 1)
        finding_add(findings, RULE_END, agent->id, "said %d times that it was done",
                    agent->done_messages);
    else if (done && agent->exit_status >= 0 && agent->exit_status != agent->done_status)
        finding_add(findings, RULE_END, agent->id, "exit status %d told, the agent says %d",
                    agent->exit_status, agent->done_status);
    else if (done && agent->late_end)
        finding_add(findings, RULE_END, agent->id,
                    "said that it was done only after \"finished\" had been answered");
    else if (why)
        finding_add(findings, RULE_END, agent->id, "%s", why);
    else if (agent->done_messages == 0 && agent->witness == CYCLE_WITNESS_SELF && well &&
             cycle->consensus[0])
        finding_add(findings, RULE_END, agent->id,
                    "told to have answered and exited with 0, but the agent never said that it "
                    "was done");
}

void outputs_check_ends(struct audit_findings *findings, const struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->agent_count; i++)
        if (cycle->agents[i].outcome == CYCLE_READY && cycle->agents[i].finished)
            check_end(findings, cycle, &cycle->agents[i]);
}
