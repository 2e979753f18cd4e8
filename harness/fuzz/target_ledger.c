/* What can agents write into the ledger that would hurt whoever reads it? */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "cycle/cycle_internal.h"
#include "fuzz/fuzz.h"

#define AGENTS 3
#define BATCH  17

static struct scenario_agent asked = {.name = (char *)"gemini", .times = AGENTS, .ledger = true};
static struct scenario scenario = {.agents = &asked, .agent_count = 1};

static void make_cycle(struct cycle *cycle)
{
    *cycle = (struct cycle){.index = BATCH,
                            .agents = xcalloc(AGENTS, sizeof *cycle->agents),
                            .agent_count = AGENTS,
                            .sent_ns = 1000,
                            .answered_ns = 9000,
                            .begin_ns = 1500,
                            .end_ns = 8500,
                            .descriptors_first = -1};
    for (int i = 0; i < AGENTS; i++) {
        struct cycle_agent *agent = &cycle->agents[i];
        agent->asked = &asked;
        agent->answered = agent->finished = true;
        agent->outcome = CYCLE_READY;
        agent->pid = 100 + i;
        agent->start_ns = 2000;
        agent->ready_ns = agent->recorded_ns = 8000;
        snprintf(agent->id, sizeof agent->id, "%d.%d", BATCH, i);
    }
}

/* Read in one go, the lines mean the same as read in two. */
static void read_and_audit(const uint8_t *data, size_t size, size_t first, struct cycle *cycle)
{
    struct cycle_arm arm = {.ledger_fd = fuzz_descriptor(data, first)};
    struct audit_findings findings = {0};
    struct audit_result result;
    make_cycle(cycle);
    ledger_read(&arm, cycle);
    if (first < size) {
        lseek(arm.ledger_fd, 0, SEEK_END);
        fuzz_expect(write(arm.ledger_fd, data + first, size - first) > 0, "the ledger grows");
        ledger_read(&arm, cycle);
    }
    audit_watch_cycle(NULL, &findings, &scenario, cycle, AUDIT_FULL, &result);
    for (size_t i = 0; i < findings.count; i++) {
        struct err err = {.code = ERR_SUBJECT};
        snprintf(err.text, sizeof err.text, "%s", findings.items[i].text);
        fuzz_expect_told(&err);
    }
    audit_findings_release(&findings);
    text_release(&arm.ledger_rest);
    close(arm.ledger_fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cycle at_once, in_two;
    read_and_audit(data, size, size, &at_once);
    read_and_audit(data, size, size / 2, &in_two);
    for (int i = 0; i < AGENTS; i++)
        fuzz_expect(at_once.agents[i].ledger_lines == in_two.agents[i].ledger_lines,
                    "how the ledger is read changes nothing");
    cycle_release(&at_once);
    cycle_release(&in_two);
    return 0;
}
