/* witness - the socket on which agents and spawnbench-witness say that they ran.
 *
 * Normal use: witness_open, give its name to the agents, witness_hear when nothing is measured,
 * witness_hang_up at the end of a batch, witness_close. Who connected is the kernel's word
 * (SO_PEERCRED, see unix(7)), taken when he connected: it holds when he has ended since.
 */
#ifndef CYCLE_WITNESS_H
#define CYCLE_WITNESS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define WITNESS_NAME_BYTES   48
#define WITNESS_MOST_BYTES   512 /* of one message: a good one has at most 150 */
#define WITNESS_PER_AGENT    3   /* messages that may wait unheard: exec, ready, done */
#define WITNESS_QUEUE        4096
#define WITNESS_MOST_CALLS   (2 * WITNESS_QUEUE) /* connections taken at once */
#define WITNESS_MOST_AT_ONCE 16 /* messages of one connection at once; the rest comes later */
#define WITNESS_MOST_KEPT    1024

/* One listening socket. Opaque but for the name; {.fd = -1} is none and may be closed. */
struct witness {
    int fd;
    char name[WITNESS_NAME_BYTES]; /* "@..." of an abstract SOCK_SEQPACKET socket */
    struct witness_caller {
        int fd;
        pid_t pid;
    } * callers; /* connections that stayed open */
    size_t caller_count;
};

/* One message: bytes of the caller's choice, ended by a NUL that is not of `length`. */
typedef void witness_heard(void *context, pid_t pid, const char *message, size_t length);

/*
 * witness_open - listen under a name of 128 random bits
 *
 * errors : ERR_SYSTEM no socket, no random bits
 */
int witness_open(struct witness *out, struct err *err);
void witness_close(struct witness *witness);

/* witness_hear - all that was said since the last call, and no more than bounds allow: a flood is
 * neither kept nor waited for. pid 0: a process of another pid namespace, or one that did not
 * connect itself. */
void witness_hear(struct witness *witness, witness_heard *heard, void *context);

/* witness_hang_up - close what callers left open */
void witness_hang_up(struct witness *witness);

/* witness_most_agents - the largest batch whose messages can wait until they are heard: a third of
 * net.core.somaxconn, of at most WITNESS_QUEUE */
size_t witness_most_agents(void);

#endif
