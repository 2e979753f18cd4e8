/* Whose turn is it to write, and which spawners live? The kernel's file locks know both. */
#include "store/writers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

/* Where the locks lie in the file; far beyond its end, which file locks allow. */
#define AT_DOOR    0
#define AT_TURN    1
#define AT_TICKETS ((off_t)1 << 12)
#define AT_RUNS    ((off_t)1 << 62)
#define CLAIM_NS   (50 * CLOCK_NS_PER_MS)

struct writers {
    int fd;
    char *path;
    int64_t patience_ns;
    bool held;
    struct writers_waits waits;
};

static int lock(const struct writers *writers, off_t at, short kind, int how)
{
    struct flock range = {.l_type = kind, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    return fcntl(writers->fd, how, &range);
}

static void unlock(const struct writers *writers, off_t at)
{
    lock(writers, at, F_UNLCK, F_OFD_SETLK);
}

/* Where another process holds a lock in this range; -1: nowhere. When in doubt: at its start. */
static off_t held_by_others(const struct writers *writers, off_t from, off_t end)
{
    struct flock range = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from, .l_len = end - from};
    if (end == from)
        return -1;
    if (fcntl(writers->fd, F_OFD_GETLK, &range) != 0)
        return from;
    return range.l_type == F_UNLCK ? -1 : range.l_start;
}

int writers_open(struct writers **out, const char *database, int64_t patience_ns, struct err *err)
{
    struct writers *writers = xcalloc(1, sizeof *writers);
    writers->patience_ns = patience_ns;
    writers->path = text_format("%s-writers", database);
    writers->fd = open(writers->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (writers->fd < 0) {
        err_system(err, "unable to open the lock file '%s'", writers->path);
        writers_close(writers);
        return -1;
    }
    *out = writers;
    return 0;
}

void writers_close(struct writers *writers)
{
    if (!writers)
        return;
    if (writers->fd >= 0)
        close(writers->fd);
    free(writers->path);
    free(writers);
}

const struct writers_waits *writers_waits(const struct writers *writers)
{
    return &writers->waits;
}

/* ---- the turn ---- */

static void wake(int signal)
{
    (void)signal; /* only so that fcntl returns */
}

/* The file locks know no deadline: an alarm ends the wait. It rings again and again, should it have
 * rung just before fcntl. */
static int lock_until(const struct writers *writers, off_t at, short kind, int64_t until_ns)
{
    int64_t left_us = (until_ns - clock_now_ns()) / 1000;
    const struct itimerval never = {0};
    const struct itimerval then = {{0, 100000}, {left_us / 1000000, left_us % 1000000}};
    const struct sigaction waking = {.sa_handler = wake};
    struct sigaction before;
    sigset_t alarm, mask;
    int rc = -1, why = EINTR;
    if (left_us <= 0) {
        errno = EINTR;
        return -1;
    }
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigaction(SIGALRM, &waking, &before);
    pthread_sigmask(SIG_UNBLOCK, &alarm, &mask);
    setitimer(ITIMER_REAL, &then, NULL);
    while (rc != 0 && why == EINTR && clock_now_ns() < until_ns) {
        rc = lock(writers, at, kind, F_OFD_SETLKW);
        why = errno;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGALRM, &before, NULL);
    errno = why;
    return rc;
}

/* The place of a ticket of our own. A file that cannot be written gives numbers that are taken:
 * then the order may suffer, nothing else. */
static off_t take_ticket(const struct writers *writers)
{
    int64_t last = 0;
    ssize_t rc;
    if (pread(writers->fd, &last, sizeof last, 0) != (ssize_t)sizeof last || last < 0 ||
        last >= AT_RUNS / 2)
        last = 0;
    do
        last++;
    while (lock(writers, AT_TICKETS + last, F_WRLCK, F_OFD_SETLK) != 0 && errno == EAGAIN);
    rc = pwrite(writers->fd, &last, sizeof last, 0);
    (void)rc; /* see above */
    return AT_TICKETS + last;
}

/* Until that ticket is given back, by its holder or by its death. */
static int await(const struct writers *writers, off_t ticket, int64_t until_ns)
{
    int rc = lock_until(writers, ticket, F_RDLCK, until_ns);
    if (rc == 0)
        unlock(writers, ticket);
    return rc;
}

/* First the one before ours, so that one release wakes one process; then whoever is still before
 * us, since the one before ours may have died waiting. */
static int queue(const struct writers *writers, off_t ticket, int64_t until_ns)
{
    off_t other = ticket - 1;
    int rc = 0;
    while (rc == 0 && other >= AT_TICKETS) {
        rc = await(writers, other, until_ns);
        other = held_by_others(writers, AT_TICKETS, ticket);
    }
    return rc == 0 ? lock_until(writers, AT_TURN, F_WRLCK, until_ns) : rc;
}

static void count_wait(struct writers_waits *waits, int64_t waited_ns)
{
    waits->waited++;
    waits->waited_ns += waited_ns;
    if (waited_ns > waits->longest_ns)
        waits->longest_ns = waited_ns;
}

static int wait_for_turn(struct writers *writers)
{
    int64_t from_ns = clock_now_ns(), until_ns = from_ns + writers->patience_ns;
    int rc = lock_until(writers, AT_DOOR, F_WRLCK, until_ns), why = errno;
    if (rc == 0) {
        off_t ticket = take_ticket(writers);
        unlock(writers, AT_DOOR);
        rc = queue(writers, ticket, until_ns);
        why = errno;
        unlock(writers, ticket);
    }
    count_wait(&writers->waits, clock_now_ns() - from_ns);
    errno = why;
    return rc;
}

void writers_set_patience(struct writers *writers, int64_t patience_ns)
{
    writers->patience_ns = patience_ns;
}

int writers_lock(struct writers *writers, struct err *err)
{
    int rc = 0;
    if (held_by_others(writers, AT_TICKETS, AT_RUNS) >= 0 ||
        lock(writers, AT_TURN, F_WRLCK, F_OFD_SETLK) != 0)
        rc = wait_for_turn(writers);
    writers->held = rc == 0;
    writers->waits.turns += rc == 0;
    if (rc == 0)
        return 0;
    if (errno != EINTR)
        return err_system(err, "cannot lock '%s'", writers->path);
    return err_set(err, ERR_SYSTEM, "another spawner has been writing for more than %lld ms ('%s')",
                   (long long)(writers->patience_ns / CLOCK_NS_PER_MS), writers->path);
}

void writers_unlock(struct writers *writers)
{
    if (writers->held)
        unlock(writers, AT_TURN);
    writers->held = false;
}

/* ---- runs ---- */

/* Two runs at one byte: once in 2^61; then one waits for the other's rows, nothing worse.
 * source : FNV-1a, draft-eastlake-fnv */
static off_t place_of(const char *run)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *run; run++)
        hash = (hash ^ (unsigned char)*run) * UINT64_C(0x100000001b3);
    return AT_RUNS + (off_t)(hash >> 3);
}

int writers_claim(struct writers *writers, const char *run, struct err *err)
{
    off_t at = place_of(run);
    int64_t until_ns = clock_now_ns() + CLAIM_NS;
    int alone;
    /* A child that has not become its program yet holds the lock of its dead spawner a moment. */
    while ((alone = lock(writers, at, F_WRLCK, F_OFD_SETLK)) != 0 && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    /* Shared from now on: a second spawner of the same run may come. */
    if (lock(writers, at, F_RDLCK, F_OFD_SETLK) != 0)
        return err_system(err, "cannot lock '%s'", writers->path);
    return alone == 0;
}

bool writers_alive(const struct writers *writers, const char *run)
{
    off_t at = place_of(run);
    return held_by_others(writers, at, at + 1) >= 0;
}
