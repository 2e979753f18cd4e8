/* What do the agents themselves say? Each appends one line: id pid main_ns ready_ns. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"

#define LONGEST_LINE 4096         /* a good one has about 60 bytes */
#define MOST_BYTES   (64LL << 20) /* of one cycle: a thousand agents write 60 thousand */

int ledger_open(struct cycle_arm *arm, struct err *err)
{
    arm->ledger_fd = open(arm->ledger_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (arm->ledger_fd < 0)
        return err_system(err, "cannot make the ledger '%s'", arm->ledger_path);
    return 0;
}

static void note_stray(struct cycle *cycle, const char *line)
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
    return *at || numbers[0] > INT_MAX ? -1 : 0; /* no pid is larger */
}

static void take_line(struct cycle *cycle, const char *line, size_t length)
{
    char id[32];
    long long numbers[3];
    bool whole = split_line(line, length, id, numbers) == 0;
    struct cycle_agent *agent = whole ? message_agent(cycle, id) : NULL;
    if (!agent) {
        note_stray(cycle, line);
        return;
    }
    agent->ledger_lines++;
    agent->ledger_pid = (pid_t)numbers[0];
    agent->main_ns = clock_believable(numbers[1]);
    agent->own_ready_ns = clock_believable(numbers[2]);
}

/* A flood without newlines must not fill us: of a line that long the rest is passed over. */
static void take_bytes(struct cycle_arm *arm, struct cycle *cycle, const char *bytes, size_t count)
{
    const char *newline = memchr(bytes, '\n', count);
    size_t length = newline ? (size_t)(newline - bytes) : count;
    if (!arm->ledger_flooded)
        text_add_bytes(&arm->ledger_rest, bytes, length);
    if (arm->ledger_rest.length > LONGEST_LINE) {
        note_stray(cycle, arm->ledger_rest.data);
        text_clear(&arm->ledger_rest);
        arm->ledger_flooded = true;
    }
    if (newline && !arm->ledger_flooded)
        take_line(cycle, arm->ledger_rest.data, arm->ledger_rest.length);
    if (newline) {
        text_clear(&arm->ledger_rest);
        arm->ledger_flooded = false;
    }
}

static void take_block(struct cycle_arm *arm, struct cycle *cycle, const char *block, size_t got)
{
    while (got > 0) {
        const char *newline = memchr(block, '\n', got);
        size_t count = newline ? (size_t)(newline - block) + 1 : got;
        take_bytes(arm, cycle, block, count);
        block += count;
        got -= count;
    }
}

/* Where the ledger ends now: who goes on writing must not keep us here for ever, nor one who made
 * it as long as a file can be. */
static int64_t end_of_ledger(struct cycle_arm *arm, struct cycle *cycle)
{
    struct stat about;
    if (fstat(arm->ledger_fd, &about) != 0)
        return arm->ledger_offset;
    if (about.st_size - arm->ledger_offset > MOST_BYTES) {
        char line[64];
        snprintf(line, sizeof line, "%lld bytes at once",
                 (long long)(about.st_size - arm->ledger_offset));
        note_stray(cycle, line);
        arm->ledger_offset = about.st_size;
    }
    return about.st_size;
}

void ledger_read(struct cycle_arm *arm, struct cycle *cycle)
{
    char block[16384];
    int64_t end = end_of_ledger(arm, cycle);
    while (arm->ledger_offset < end) {
        int64_t left = end - arm->ledger_offset;
        size_t wanted = left < (int64_t)sizeof block ? (size_t)left : sizeof block;
        ssize_t got = pread(arm->ledger_fd, block, wanted, arm->ledger_offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        arm->ledger_offset += got;
        take_block(arm, cycle, block, (size_t)got);
    }
}
