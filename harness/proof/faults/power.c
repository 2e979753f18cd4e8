/* How is a disk lost while its power is cut? By a program of ours that is one, spawnbench-powerfs:
 * it is told by lines on its stdin, and goes, with its mount, when that ends.
 *
 * The mount lies in a mount namespace of our own (space.h), so nothing of it is left either when
 * we are killed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "proof/faults/faults_internal.h"

#define PROGRAM   "spawnbench-powerfs"
#define DEVICE    "/dev/fuse"
#define ANSWER_MS 10000

enum { LINE_BYTES = 128 };

const char *const power_kept_names[POWER_KEPTS] = {"nothing", "all", "part"};

static const char *can_open_device(void)
{
    static char why[96];
    int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        snprintf(why, sizeof why, "needs %s, which cannot be opened: %s", DEVICE, strerror(errno));
        return why;
    }
    close(fd);
    return NULL;
}

const char *power_can(void)
{
#ifdef SPAWNBENCH_HAS_FUSE
    char *program = process_find_beside_self(PROGRAM);
    free(program);
    if (!program)
        return "'" PROGRAM "' is not beside spawnbench (build or install it)";
    if (!space_can_mount())
        return "needs the right to mount (root), which this process does not have";
    return can_open_device();
#else
    (void)can_open_device;
    return "built without libfuse3 (Debian: libfuse3-dev)";
#endif
}

/* A signal that asks us to stop is met elsewhere: what is begun here is brought to its end. */
static bool next_byte(int fd, char *byte)
{
    struct pollfd said = {.fd = fd, .events = POLLIN};
    int ready;
    do
        ready = poll(&said, 1, ANSWER_MS);
    while (ready < 0 && errno == EINTR);
    return ready > 0 && read(fd, byte, 1) == 1;
}

/* One line of it, in `line`; false: it says nothing, or something else than is expected */
static bool hear_line(const struct power *power, const char *expected, char line[LINE_BYTES])
{
    size_t length = 0;
    while (length < LINE_BYTES - 1 && next_byte(power->daemon.out, &line[length]))
        if (line[length++] == '\n')
            break;
    line[length] = '\0';
    return strncmp(line, expected, strlen(expected)) == 0;
}

static bool hear(const struct power *power, const char *expected)
{
    char line[LINE_BYTES];
    return hear_line(power, expected, line);
}

static bool tell(const struct power *power, const char *line)
{
    return power->daemon.pid && text_write(power->daemon.in, line, strlen(line)) == 0;
}

int power_begin(struct power *out, const char *folder, bool names_strict, const char *log,
                struct err *err)
{
    char *program = process_find_beside_self(PROGRAM);
    const char *const argv[] = {program, "--names", names_strict ? "strict" : "ordered", folder,
                                NULL};
    int log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), rc = -1;
    *out = (struct power){0};
    if (!program)
        err_set(err, ERR_SYSTEM, "'" PROGRAM "' is not beside spawnbench");
    else if (log_fd < 0)
        err_system(err, "cannot write '%s'", log);
    else
        rc = process_start(&out->daemon, argv, NULL, NULL, log_fd, err);
    if (rc == 0) {
        out->folder = xstrdup(folder);
        out->refused = !hear(out, "mounted");
        if (out->refused)
            rc = err_set(err, ERR_SYSTEM, "its file system (FUSE) may not be mounted here");
    }
    if (log_fd >= 0)
        close(log_fd);
    free(program);
    return rc;
}

/* Where one at a call comes first, it is that which is heard: there is one answer to both. */
bool power_cut(struct power *power, enum power_kept kept, uint64_t seed)
{
    char *line = text_format("cut %s %" PRIu64 "\n", power_kept_names[kept], seed);
    power->off = tell(power, line) && hear(power, "cut ");
    power->armed = false;
    free(line);
    return power->off;
}

bool power_cut_at(struct power *power, uint64_t nth, enum power_kept kept, uint64_t seed)
{
    char *line = text_format("at %" PRIu64 " %s %" PRIu64 "\n", nth, power_kept_names[kept], seed);
    power->armed = tell(power, line) && hear(power, "at");
    free(line);
    return power->armed;
}

bool power_struck(struct power *power)
{
    struct pollfd said = {.fd = power->daemon.out, .events = POLLIN};
    if (!power->armed || poll(&said, 1, 0) <= 0)
        return false;
    power->armed = false;
    power->off = hear(power, "cut ");
    return power->off;
}

void power_disarm(struct power *power)
{
    if (power->armed)
        power_cut_at(power, UINT64_MAX, POWER_ALL, 0);
    power->armed = false;
}

bool power_release(struct power *power)
{
    return tell(power, "release\n") && hear(power, "release");
}

uint64_t power_calls(struct power *power)
{
    char line[LINE_BYTES];
    return tell(power, "calls\n") && hear_line(power, "calls ", line)
               ? strtoull(line + strlen("calls "), NULL, 10)
               : 0;
}

bool power_on(struct power *power)
{
    power->off = !(tell(power, "power\n") && hear(power, "power"));
    return !power->off;
}

void power_end(struct power *power)
{
    struct process_exit ended;
    if (power->daemon.pid) {
        close(power->daemon.in);
        power->daemon.in = -1;
        if (!process_wait(&power->daemon, clock_now_ns() + CLOCK_NS_PER_S, &ended))
            process_end(&power->daemon, CLOCK_NS_PER_S, &ended);
    }
    if (power->folder)
        umount2(power->folder, MNT_DETACH); /* one that ended by itself left it */
    free(power->folder);
    *power = (struct power){0};
}
