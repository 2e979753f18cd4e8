/* err - what went wrong in our surroundings, told once, outermost step first.
 *
 * Normal use: a function that can fail takes a `struct err *` last and returns -1 after filling it.
 * Each level up may put what it was trying to do in front with err_wrap; only main prints it.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

enum err_code {
    ERR_NONE = 0,
    ERR_USAGE,       /* the command line is wrong                         exit 2  */
    ERR_FORMAT,      /* an input file or message is wrong                 exit 2  */
    ERR_SYSTEM,      /* the machine refused: file, disk, process, memory  exit 5  */
    ERR_UNFIT,       /* could not measure: subject or tool missing        exit 5  */
    ERR_SUBJECT,     /* the subject broke its side of the protocol        data, rarely an exit */
    ERR_INTERRUPTED, /* a signal asked us to stop                         exit 128 + n */
    ERR_INTERNAL     /* our own fault                                     exit 70 */
};

/* A failure. Zero means none. Plain value, owns nothing. */
struct err {
    enum err_code code;
    int os_error; /* errno at the root cause, 0 when there was none */
    /* outermost step first, root cause last; cut with "..." when longer.
     * One line of UTF-8: '?' stands for control characters and other bytes of strangers */
    char text[512];
};

/*
 * err_set    - record a failure that has no errno
 * err_system - the same with strerror(errno) appended; keeps errno in os_error
 * err_wrap   - put the step that failed in front of the cause that is there
 *
 * err     : may be NULL when the caller does not care
 * returns : -1, so that `return err_set(...)` reads well
 */
int err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int err_system(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* err_exit_code - the exit code that belongs to a failure; see spawnbench(1), EXIT STATUS */
int err_exit_code(const struct err *err);

#endif
