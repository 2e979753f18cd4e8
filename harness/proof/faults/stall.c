/* How is an exec made that does not return? By a fanotify permission event that is not answered.
 *
 * The kernel asks us before the file is opened to be executed, and lets the process wait as it
 * would for a file system that does not answer. It can be killed meanwhile; the wait ends when we
 * answer or close the group, as any end of this process does. See fanotify(7),
 * FAN_OPEN_EXEC_PERM. */
#include <fcntl.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "proof/faults/faults_internal.h"

static int open_group(void)
{
    return fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);
}

/* AddressSanitizer and ThreadSanitizer make the reference wait for each exec: see child.c */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STALLS_THE_REFERENCE true
#else
#define STALLS_THE_REFERENCE false
#endif

const char *stall_can(bool reference)
{
    int fd;
    if (reference && STALLS_THE_REFERENCE)
        return "built with a sanitizer the reference waits for each exec";
    fd = open_group();
    if (fd < 0)
        return "needs fanotify permission events (root with CAP_SYS_ADMIN)";
    close(fd);
    return NULL;
}

bool stall_begin(struct injection *injection, const char *program)
{
    int fd = open_group();
    if (fd < 0)
        return false;
    if (fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, AT_FDCWD, program) != 0) {
        close(fd);
        return false;
    }
    injection->stall_fd = fd;
    return true;
}

static void refuse(const struct injection *injection, int fd)
{
    const struct fanotify_response response = {.fd = fd, .response = FAN_DENY};
    /* fails when whoever asked has been killed */
    if (write(injection->stall_fd, &response, sizeof response) < 0)
        (void)0;
    close(fd);
}

/* An event that has been read waits on, also when it would be cancelled in the queue. */
bool stall_seen(struct injection *injection)
{
    struct fanotify_event_metadata events[FAULT_MOST_STALLED], *event = events;
    ssize_t length = read(injection->stall_fd, events, sizeof events);
    for (; length > 0 && FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) {
        if (event->fd < 0)
            continue;
        if (injection->stalled_count < FAULT_MOST_STALLED)
            injection->stalled[injection->stalled_count++] = event->fd;
        else
            refuse(injection, event->fd);
    }
    return injection->stalled_count > 0;
}

void stall_end(struct injection *injection)
{
    if (injection->stall_fd <= 0)
        return;
    stall_seen(injection);
    while (injection->stalled_count > 0)
        refuse(injection, injection->stalled[--injection->stalled_count]);
    close(injection->stall_fd);
    injection->stall_fd = 0;
}
