/* What can agents say to the witness that would hurt whoever hears it? */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "audit/audit.h"
#include "cycle/cycle_internal.h"
#include "fuzz/fuzz.h"

#define AGENTS       3
#define BATCH        17
#define MOST_PACKETS 256

static struct scenario_agent asked = {
    .name = (char *)"gemini", .times = AGENTS, .witness = SCENARIO_WITNESS_SELF};
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

static void audit(struct cycle *cycle)
{
    struct audit_findings findings = {0};
    struct audit_result result;
    testimony_end(cycle);
    audit_watch_cycle(NULL, &findings, &scenario, cycle, AUDIT_FULL, &result);
    for (size_t i = 0; i < findings.count; i++) {
        struct err err = {.code = ERR_SUBJECT};
        snprintf(err.text, sizeof err.text, "%s", findings.items[i].text);
        fuzz_expect_told(&err);
    }
    audit_findings_release(&findings);
}

static void send_packet(const struct witness *witness, const char *packet, size_t length)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t name = strlen(witness->name);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, witness->name, name);
    address.sun_path[0] = '\0';
    fuzz_expect(connect(fd, (struct sockaddr *)&address,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name)) == 0,
                "the socket is there");
    fuzz_expect(send(fd, packet, length, 0) == (ssize_t)length, "a packet is sent whole");
    close(fd);
}

/* Each line is a packet: said on a socket it means the same as taken directly. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct witness witness;
    struct cycle direct, heard;
    struct err err = {0};
    const char *at = (const char *)data, *end = at + size;
    make_cycle(&direct);
    make_cycle(&heard);
    fuzz_expect(witness_open(&witness, &err) == 0, "there is a socket");
    for (int i = 0; at < end && i < MOST_PACKETS; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = newline ? (size_t)(newline - at) : (size_t)(end - at);
        char *packet = xcalloc(length + 1, 1);
        memcpy(packet, at, length);
        if (length > 0 && length <= WITNESS_MOST_BYTES)
            testimony_take(&direct, getpid(), packet, length);
        if (length > 0)
            send_packet(&witness, packet, length);
        direct.witness_strays += length > WITNESS_MOST_BYTES;
        free(packet);
        at += length + 1;
    }
    witness_hear(&witness, testimony_take, &heard);
    fuzz_expect(heard.witness_strays == direct.witness_strays, "the strays are the same");
    for (int i = 0; i < AGENTS; i++)
        fuzz_expect(heard.agents[i].ready_messages == direct.agents[i].ready_messages &&
                        heard.agents[i].done_messages == direct.agents[i].done_messages &&
                        heard.agents[i].exec_messages == direct.agents[i].exec_messages,
                    "how it is heard changes nothing");
    audit(&direct);
    audit(&heard);
    witness_close(&witness);
    cycle_release(&direct);
    cycle_release(&heard);
    return 0;
}
