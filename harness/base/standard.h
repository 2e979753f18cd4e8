/* standard - the first thing in main: what a program is started with is not always whole. */
#ifndef BASE_STANDARD_H
#define BASE_STANDARD_H

/*
 * standard_open - 0, 1 and 2 are open, and a file that grows too long is an error, not our end
 *
 * A descriptor that was closed leads to /dev/null, 0 only for writing and 1 only for reading: using
 * them fails as before, and no database of ours becomes stdout. SIGXFSZ is ignored; process_start
 * gives children the default.
 *
 * source : signal(7), open(2); POSIX.1-2017, exec: such descriptors are undefined behaviour
 */
void standard_open(void);

#endif
