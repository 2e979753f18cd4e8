/* quiet - a file of somebody else is opened to be read, and nobody can tell. */
#ifndef BASE_QUIET_H
#define BASE_QUIET_H

/*
 * quiet_open - open for reading, close-on-exec; no FIFO is waited for, no terminal taken
 *
 * The time of the last access stays as it is where we may say so: of our own files, and as root.
 *
 * flags   : more of open(2), as O_NOFOLLOW
 * returns : as open(2)
 */
int quiet_open(const char *name, int flags);

#endif
