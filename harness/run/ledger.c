/* What do the agents themselves say? Each appends one line: id pid main_ns ready_ns. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/internal.h"

int ledger_open(struct run_arm *arm, struct err *err)
{
    arm->ledger_fd = open(arm->ledger_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (arm->ledger_fd < 0)
        return err_system(err, "cannot make the ledger '%s'", arm->ledger_path);
    return 0;
}

static void note_stray(struct run_cycle *cycle, const char *line)
{
    cycle->ledger_strays++;
    snprintf(cycle->stray, sizeof cycle->stray, "%s", line);
}

static void take_line(struct run_cycle *cycle, const char *line)
{
    char id[32];
    long long pid, main_ns, ready_ns;
    int used = 0;
    const char *dot;
    size_t ordinal;
    struct run_agent *agent;
    if (sscanf(line, "%31s %lld %lld %lld%n", id, &pid, &main_ns, &ready_ns, &used) != 4 ||
        line[used] != '\0') {
        note_stray(cycle, line);
        return;
    }
    dot = strchr(id, '.');
    ordinal = dot ? strtoul(dot + 1, NULL, 10) : cycle->agent_count;
    if (ordinal >= cycle->agent_count || strcmp(cycle->agents[ordinal].id, id) != 0) {
        note_stray(cycle, line);
        return;
    }
    agent = &cycle->agents[ordinal];
    agent->ledger_lines++;
    agent->ledger_pid = (pid_t)pid;
    agent->main_ns = main_ns;
    agent->own_ready_ns = ready_ns;
}

void ledger_read(struct run_arm *arm, struct run_cycle *cycle)
{
    char block[16384];
    char *newline;
    ssize_t got;
    while ((got = pread(arm->ledger_fd, block, sizeof block, arm->ledger_offset)) > 0 ||
           (got < 0 && errno == EINTR)) {
        if (got < 0)
            continue;
        arm->ledger_offset += got;
        text_add_bytes(&arm->ledger_rest, block, (size_t)got);
        while ((newline = memchr(arm->ledger_rest.data, '\n', arm->ledger_rest.length))) {
            *newline = '\0';
            take_line(cycle, arm->ledger_rest.data);
            text_drop_front(&arm->ledger_rest,
                            (size_t)(newline - arm->ledger_rest.data) + 1);
        }
    }
}
