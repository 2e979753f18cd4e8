/* text - strings that grow, durations with units, the nearest known word, files into memory.
 *
 * Memory that cannot be had ends the process with a message (exit 70): nothing sensible is left to
 * do, and no caller has to check.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A string that grows. Zero is a valid empty text. `data` is NUL-terminated once anything was
 * added; the holder frees it with text_release. */
struct text {
    char *data;
    size_t length; /* bytes without the NUL */
    size_t room;
};

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t count);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_drop_front(struct text *text, size_t count); /* forget the first count bytes */
void text_clear(struct text *text);                    /* length 0, memory kept */
void text_release(struct text *text);                  /* memory given back, text zero again */

/* text_take - the string itself; the caller frees it. Never NULL. */
char *text_take(struct text *text);

/* text_format - printf into fresh memory; the caller frees it */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_format_list(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/* text_utf8_length - bytes of the UTF-8 character at `at`, 0 when there is none (a NUL has 1) */
size_t text_utf8_length(const char *at);

/* text_code_point - of that character, which has so many bytes */
uint32_t text_code_point(const char *at, size_t length);

/*
 * text_plain_length - text_utf8_length, but 0 also for a character that is not seen itself
 *
 * Controls (C0, DEL, C1), line ends among them, marks that turn the direction of text around or
 * join, and other characters of no width.
 * source : Unicode Standard Annex 44, General_Category; Unicode Technical Report 36, section 3
 */
size_t text_plain_length(const char *at);

/* text_make_printable - in place: '?' for each such character and for each byte that is not UTF-8.
 * For words of strangers, which must neither steer a terminal nor spoil a JSON document. The text
 * may get shorter. */
void text_make_printable(char *string);

/* xmalloc family - memory or the end of the process; zeroed.
 * count * size is checked for overflow. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t count, size_t size);
char *xstrdup(const char *string);

/*
 * text_read_file - a whole file in memory
 *
 * path       : regular file or pipe
 * most_bytes : more than this is refused before it is read into memory
 * out        : NUL behind the last byte; caller frees
 * errors     : ERR_SYSTEM (cannot open or read), ERR_FORMAT (too large)
 */
int text_read_file(char **out, size_t *length, const char *path, size_t most_bytes,
                   struct err *err);

/* text_write - all of it, also when it is taken in parts; -1 with errno set when it is not */
int text_write(int fd, const char *bytes, size_t length);

/*
 * text_write_file - a whole file, replaced at once
 *
 * For names that we chose, see base/replace.h: links are not followed, what is no file is refused.
 * errors : ERR_SYSTEM, naming the path
 */
int text_write_file(const char *path, const void *bytes, size_t length, struct err *err);

/* text_make_directories - like mkdir -p for `path` itself; errors: ERR_SYSTEM */
int text_make_directories(const char *path, struct err *err);

/* text_remove_tree - like rm -r for a folder, as far as it can be; links are not followed, and what
 * is mounted in it stays */
void text_remove_tree(const char *folder);

/*
 * text_parse_duration - "45ms" to nanoseconds
 *
 * units   : ns us ms s m h; a decimal fraction is allowed, a bare number is refused
 * range   : 0 .. 1000 h
 * returns : 0, or -1 when the text is no such duration (nothing is written then)
 */
int text_parse_duration(int64_t *out_ns, const char *string);

/*
 * text_parse_size, text_parse_rate, text_parse_share - "64MiB" in bytes, "20/s" in times per
 * second, "5%" as 0.05
 *
 * units   : B kB MB GB (1000) KiB MiB GiB (1024); /s /min /h; %. As for durations: a decimal
 *           fraction is allowed, a bare number is refused
 * range   : 0 and above, finite; what makes sense is the caller's to say
 * returns : 0, or -1 when the text is none (nothing is written then)
 */
int text_parse_size(double *out_bytes, const char *string);
int text_parse_rate(double *out_per_second, const char *string);
int text_parse_share(double *out_share, const char *string);

/* text_size, text_rate - for a human, three significant digits: "64.0 MiB", "63.8/s"; as
 * text_duration: infinity reads "endless", NaN "-" */
#define TEXT_NUMBER_BYTES 32
const char *text_size(char buffer[TEXT_NUMBER_BYTES], double bytes);
const char *text_rate(char buffer[TEXT_NUMBER_BYTES], double per_second);

/*
 * text_duration - nanoseconds for a human, three significant digits: "412 us", "47.1 ms", "1.58 s"
 *
 * buffer : holds the answer, at least TEXT_DURATION_BYTES; +infinity reads "never", NaN "-"
 */
#define TEXT_DURATION_BYTES TEXT_NUMBER_BYTES
const char *text_duration(char buffer[TEXT_DURATION_BYTES], double ns);

/*
 * text_nearest - the known word closest to `word`, or NULL
 *
 * known   : NULL-terminated array
 * returns : one of them, at an edit distance of at most 3 and below its length
 * source  : Levenshtein 1966
 */
const char *text_nearest(const char *word, const char *const known[]);

/* text_line_of - the 1-based line on which byte `offset` of `data` stands */
int text_line_of(const char *data, size_t offset);

#endif
