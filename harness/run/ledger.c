/* What do the agents themselves say? Each appends one line: id pid main_ns ready_ns. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/internal.h"

#define LONGEST_LINE 4096 /* a good one has about 60 bytes */

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
    text_make_printable(cycle->stray);
}

/* "ID PID MAIN READY", one blank between, nothing behind; 0 when the line is that */
static int split_line(const char *line, size_t length, char id[32], long long numbers[3])
{
    size_t id_length = strcspn(line, " ");
    const char *at = line + id_length;
    if (strlen(line) != length || id_length == 0 || id_length > 31)
        return -1;
    memcpy(id, line, id_length);
    id[id_length] = '\0';
    for (int i = 0; i < 3; i++) {
        char *end;
        if (at[0] != ' ' || at[1] < '0' || at[1] > '9')
            return -1;
        errno = 0;
        numbers[i] = strtoll(at + 1, &end, 10);
        if (errno)
            return -1;
        at = end;
    }
    return *at ? -1 : 0;
}

static void take_line(struct run_cycle *cycle, const char *line, size_t length)
{
    char id[32];
    long long numbers[3];
    const char *dot;
    size_t ordinal;
    struct run_agent *agent;
    if (split_line(line, length, id, numbers) < 0) {
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
    agent->ledger_pid = (pid_t)numbers[0];
    agent->main_ns = numbers[1];
    agent->own_ready_ns = numbers[2];
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
            size_t length = (size_t)(newline - arm->ledger_rest.data);
            *newline = '\0';
            take_line(cycle, arm->ledger_rest.data, length);
            text_drop_front(&arm->ledger_rest, length + 1);
        }
        if (arm->ledger_rest.length >
            LONGEST_LINE) { /* a flood without newlines must not fill us */
            note_stray(cycle, arm->ledger_rest.data);
            text_clear(&arm->ledger_rest);
        }
    }
}
