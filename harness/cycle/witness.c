/* How is heard what agents say, without anything of ours running while they are measured? They
 * connect and send; the kernel keeps it until we accept.
 *
 * A socket of packets, not of datagrams: SO_PEERCRED is taken by connect(2), so nobody speaks in
 * another's name, and its queue holds thousands of connections with what was sent on them. */
#include "cycle/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

static int bind_somewhere(struct witness *witness)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint64_t random[2];
    size_t length;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return -1;
    length = (size_t)snprintf(witness->name, sizeof witness->name, "@spawnbench-%016llx%016llx",
                              (unsigned long long)random[0], (unsigned long long)random[1]);
    memcpy(address.sun_path, witness->name, length);
    address.sun_path[0] = '\0';
    return bind(witness->fd, (const struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

int witness_open(struct witness *out, struct err *err)
{
    *out =
        (struct witness){.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (out->fd < 0 || bind_somewhere(out) < 0 ||
        setsockopt(out->fd, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) < 0 ||
        listen(out->fd, WITNESS_QUEUE) < 0) {
        err_system(err, "cannot make the socket on which agents report");
        witness_close(out);
        return -1;
    }
    return 0;
}

void witness_hang_up(struct witness *witness)
{
    for (size_t i = 0; i < witness->caller_count; i++)
        close(witness->callers[i].fd);
    witness->caller_count = 0;
}

void witness_close(struct witness *witness)
{
    witness_hang_up(witness);
    free(witness->callers);
    if (witness->fd >= 0)
        close(witness->fd);
    *witness = (struct witness){.fd = -1};
}

/* One packet, and who sent it: a child that inherited the connection, or whoever it was passed to,
 * is not who connected, and speaks in nobody's name. Root may write another sender there. */
static ssize_t receive(const struct witness_caller *caller, char message[], pid_t *sender)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec part = {message, WITNESS_MOST_BYTES};
    struct msghdr packet = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control};
    ssize_t got = recvmsg(caller->fd, &packet, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
    struct cmsghdr *head = got < 0 ? NULL : CMSG_FIRSTHDR(&packet);
    struct ucred who;
    *sender = caller->pid;
    if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_CREDENTIALS)
        return got;
    memcpy(&who, CMSG_DATA(head), sizeof who);
    if (who.pid != caller->pid)
        *sender = 0;
    return got;
}

/* What one caller has said by now; false when he has hung up. An empty packet cannot be told from
 * that and is taken for it. */
static bool listen_to(const struct witness_caller *caller, witness_heard *heard, void *context)
{
    char message[WITNESS_MOST_BYTES + 1];
    for (int i = 0; i < WITNESS_MOST_AT_ONCE; i++) {
        pid_t sender;
        ssize_t got = receive(caller, message, &sender);
        size_t length = got > WITNESS_MOST_BYTES ? WITNESS_MOST_BYTES : (size_t)got;
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        message[length] = '\0';
        heard(context, sender, message, (size_t)got);
    }
    return true;
}

/* He is heard again next time. Of too many the one that called first has said his share. */
static void keep(struct witness *witness, struct witness_caller caller)
{
    if (!witness->callers)
        witness->callers = xcalloc(WITNESS_MOST_KEPT, sizeof *witness->callers);
    if (witness->caller_count == WITNESS_MOST_KEPT) {
        close(witness->callers[0].fd);
        memmove(witness->callers, witness->callers + 1,
                --witness->caller_count * sizeof *witness->callers);
    }
    witness->callers[witness->caller_count++] = caller;
}

/* The next who waits; -1: nobody. Without a descriptor left, one of those that stayed is given up.
 */
static int next_caller(struct witness *witness)
{
    int fd;
    do {
        fd = accept4(witness->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE) && witness->caller_count > 0) {
            close(witness->callers[--witness->caller_count].fd);
            errno = EINTR;
        }
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    return fd;
}

void witness_hear(struct witness *witness, witness_heard *heard, void *context)
{
    size_t stay = 0;
    for (size_t i = 0; i < witness->caller_count; i++) {
        struct witness_caller caller = witness->callers[i];
        if (listen_to(&caller, heard, context))
            witness->callers[stay++] = caller;
        else
            close(caller.fd);
    }
    witness->caller_count = stay;
    for (int i = 0; witness->fd >= 0 && i < WITNESS_MOST_CALLS; i++) {
        struct ucred who = {0};
        socklen_t room = sizeof who;
        struct witness_caller caller = {.fd = next_caller(witness)};
        if (caller.fd < 0)
            return;
        if (getsockopt(caller.fd, SOL_SOCKET, SO_PEERCRED, &who, &room) == 0)
            caller.pid = who.pid;
        if (listen_to(&caller, heard, context))
            keep(witness, caller);
        else
            close(caller.fd);
    }
}

size_t witness_most_agents(void)
{
    FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");
    char line[32] = "";
    long queue = WITNESS_QUEUE;
    if (file && fgets(line, sizeof line, file) && strtol(line, NULL, 10) > 0)
        queue = strtol(line, NULL, 10);
    if (file)
        fclose(file);
    return (size_t)(queue < WITNESS_QUEUE ? queue : WITNESS_QUEUE) / WITNESS_PER_AGENT;
}
