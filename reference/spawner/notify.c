/* Did the agent say READY=1, and was it one of ours who said it? */
#include "spawner/notify.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST_DATAGRAMS 100 /* at once: a flood of them shall not keep the loop */

int notify_open(char *variable, size_t size, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address.sun_family; /* no name: the kernel picks one */
    int on = 1, fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_system(err, "cannot make a notify socket");
    if (bind(fd, (struct sockaddr *)&address, length) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
        err_system(err, "cannot make a notify socket");
        close(fd);
        return -1;
    }
    length = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &length);
    snprintf(variable, size, "NOTIFY_SOCKET=@%.*s",
             (int)(length - offsetof(struct sockaddr_un, sun_path) - 1), address.sun_path + 1);
    return fd;
}

static bool says_ready(const char *datagram)
{
    while (*datagram) {
        size_t length = strcspn(datagram, "\n");
        if (length == 7 && memcmp(datagram, "READY=1", 7) == 0)
            return true;
        datagram += length + (datagram[length] != '\0');
    }
    return false;
}

/* Descriptors may come along (systemd-notify waits until its BARRIER=1 is closed): close them. The
 * sender must be one of our user: the name of an abstract socket is no secret. See unix(7). */
static bool sent_by_us(struct msghdr *message)
{
    bool ours = false;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_CREDENTIALS) {
            struct ucred who;
            memcpy(&who, CMSG_DATA(c), sizeof who);
            ours = who.uid == geteuid();
        } else if (c->cmsg_type == SCM_RIGHTS) {
            for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
                int fd;
                memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
                close(fd);
            }
        }
    }
    return ours;
}

bool notify_said_ready(int fd)
{
    char datagram[1024];
    _Alignas(struct cmsghdr) char control[1024];
    bool ready = false;
    for (int i = 0; fd >= 0 && i < MOST_DATAGRAMS; i++) {
        struct iovec bytes = {datagram, sizeof datagram - 1};
        struct msghdr message = {.msg_iov = &bytes,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got < 0)
            break;
        datagram[got] = '\0';
        if (sent_by_us(&message) && says_ready(datagram))
            ready = true;
    }
    return ready;
}
