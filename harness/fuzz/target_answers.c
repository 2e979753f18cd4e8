/* What can a subject say that would hurt whoever asked? Each line is an answer, in the order of a
 * run: opened, spawned, finished, closed. The subject is a file that says them; no process is
 * there.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "cycle/cycle_internal.h"
#include "fuzz/fuzz.h"

#define AGENTS 3
#define BATCH  17

static struct scenario_agent asked = {
    .name = (char *)"gemini", .times = AGENTS, .witness = SCENARIO_WITNESS_NONE};
static struct scenario scenario = {.agents = &asked, .agent_count = 1, .consensus = true};

/* One answer, as it would have come through the pipe; NULL unless it was what was asked for. */
static cJSON *ask(const char *said, size_t size, const char *op)
{
    struct subject subject = {.process = {.pidfd = -1,
                                          .in = open("/dev/null", O_WRONLY | O_CLOEXEC),
                                          .out = fuzz_descriptor(said, size)}};
    cJSON *answer = NULL;
    enum subject_answer came =
        subject_ask(&subject, "{}", op, clock_now_ns() + CLOCK_NS_PER_S, NULL, NULL, &answer);
    fuzz_expect((came == SUBJECT_ANSWERED) == (answer != NULL), "an answer came or did not");
    if (came != SUBJECT_ANSWERED) {
        struct err err = {.code = ERR_SUBJECT};
        snprintf(err.text, sizeof err.text, "%s", subject.trouble);
        fuzz_expect_told(&err);
    }
    close(subject.process.in);
    close(subject.process.out);
    text_release(&subject.incoming);
    return answer;
}

static void make_cycle(struct cycle *cycle)
{
    *cycle = (struct cycle){.index = BATCH,
                            .agents = xcalloc(AGENTS, sizeof *cycle->agents),
                            .agent_count = AGENTS,
                            .sent_ns = 1000,
                            .answered_ns = 2000,
                            .finish_sent_ns = 3000,
                            .descriptors_first = -1};
    for (int i = 0; i < AGENTS; i++) {
        cycle->agents[i].asked = &asked;
        cycle->agents[i].outcome = CYCLE_UNKNOWN;
        snprintf(cycle->agents[i].id, sizeof cycle->agents[i].id, "%d.%d", BATCH, i);
    }
}

static void read_answer(struct cycle *cycle, int number, const cJSON *answer)
{
    if (number == 1)
        message_read_spawned(cycle, answer);
    else if (number == 2)
        message_read_finished(cycle, answer);
}

static void audit(const struct cycle *cycle)
{
    struct audit_findings findings = {0};
    struct audit_result result;
    audit_watch_cycle(NULL, &findings, &scenario, cycle, AUDIT_FULL, &result);
    audit_findings_release(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ops[] = {"opened", "spawned", "finished", "closed"};
    struct cycle cycle;
    size_t at = 0;
    make_cycle(&cycle);
    for (int i = 0; i < 4; i++) {
        const uint8_t *end = at < size ? memchr(data + at, '\n', size - at) : NULL;
        size_t length = end ? (size_t)(end - data) + 1 - at : size - at;
        cJSON *answer = ask((const char *)data + at, length, ops[i]);
        if (answer)
            read_answer(&cycle, i, answer);
        cJSON_Delete(answer);
        at += length;
    }
    audit(&cycle);
    cycle_release(&cycle);
    return 0;
}
