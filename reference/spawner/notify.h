/* notify - the systemd convention: a datagram socket at which an agent says READY=1. */
#ifndef SPAWNER_NOTIFY_H
#define SPAWNER_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * notify_open - a socket of its own for one agent, with an abstract name that the kernel picks
 *
 * variable : becomes "NOTIFY_SOCKET=@NAME", at least 32 bytes
 * returns  : the descriptor, the caller closes it; -1 on error
 * source   : sd_notify(3), unix(7) autobind
 */
int notify_open(char *variable, size_t size, struct err *err);

/* notify_said_ready - read all datagrams that are there: did one of our user say READY=1? */
bool notify_said_ready(int fd);

#endif
