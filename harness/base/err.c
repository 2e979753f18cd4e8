/* How is a failure told? One line, the step first and the root cause last. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* What came out of a printf into `size` bytes that wanted `wanted`: marked where it was cut, never
 * inside a character, and made one line that can be printed anywhere. */
static void tidy(char *text, size_t size, int wanted)
{
    if (wanted >= 0 && (size_t)wanted >= size) {
        size_t at = size - 4;
        while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
            at--;
        memcpy(text + at, "...", 4);
    }
    for (char *c = text; *c; c++)
        if (*c == '\n')
            *c = ' ';
    text_make_printable(text);
}

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
    va_list args;
    if (!err)
        return -1;
    err->code = code;
    err->os_error = 0;
    va_start(args, format);
    tidy(err->text, sizeof err->text, vsnprintf(err->text, sizeof err->text, format, args));
    va_end(args);
    return -1;
}

int err_system(struct err *err, const char *format, ...)
{
    int cause = errno;
    char step[sizeof err->text];
    va_list args;
    if (!err)
        return -1;
    va_start(args, format);
    tidy(step, sizeof step, vsnprintf(step, sizeof step, format, args));
    va_end(args);
    err->code = ERR_SYSTEM;
    err->os_error = cause;
    tidy(err->text, sizeof err->text,
         snprintf(err->text, sizeof err->text, "%s: %s", step, strerror(cause)));
    return -1;
}

int err_wrap(struct err *err, const char *format, ...)
{
    char cause[sizeof err->text];
    char step[sizeof err->text];
    va_list args;
    if (!err)
        return -1;
    va_start(args, format);
    tidy(step, sizeof step, vsnprintf(step, sizeof step, format, args));
    va_end(args);
    memcpy(cause, err->text, sizeof cause);
    tidy(err->text, sizeof err->text, snprintf(err->text, sizeof err->text, "%s: %s", step, cause));
    return -1;
}

int err_exit_code(const struct err *err)
{
    switch (err->code) {
    case ERR_NONE:
        return 0;
    case ERR_USAGE:
    case ERR_FORMAT:
        return 2;
    case ERR_SYSTEM:
    case ERR_UNFIT:
    case ERR_SUBJECT:
        return 5;
    case ERR_INTERRUPTED:
        return 128 + err->os_error;
    case ERR_INTERNAL:
        break;
    }
    return 70;
}
