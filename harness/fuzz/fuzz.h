/* fuzz - what the targets share: the function that is fed, a folder in memory, and properties.
 *
 * A target is one file, target_NAME.c, with one LLVMFuzzerTestOneInput. It must come back from any
 * input in time, without a fault of memory and without a leak; what must hold besides is said with
 * fuzz_expect. With clang and libFuzzer it is a fuzzer; with any compiler it is a program that
 * replays files (replay.c). See https://llvm.org/docs/LibFuzzer.html.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fuzz_text - the bytes with a NUL behind them, in memory of exactly that size, so that whoever
 * reads beyond is caught; the caller frees it */
char *fuzz_text(const uint8_t *data, size_t size);

/* fuzz_expect - a property; where it does not hold the process aborts, saying so */
void fuzz_expect(bool holds, const char *what);

/* fuzz_expect_told - an error that a human and a JSON document can bear: it says something, in
 * UTF-8, and steers no terminal */
void fuzz_expect_told(const struct err *err);

/* fuzz_folder - a folder of this process in memory (/dev/shm, else /tmp), removed at its end */
const char *fuzz_folder(void);

/* fuzz_path - a name in that folder; the caller frees it */
char *fuzz_path(const char *name);

/* fuzz_write - a whole file; nothing else can be done when it cannot be written: aborts */
void fuzz_write(const char *path, const void *bytes, size_t size);

/* fuzz_descriptor - an anonymous file that holds these bytes and is read from its beginning; the
 * caller closes it. See memfd_create(2). */
int fuzz_descriptor(const void *bytes, size_t size);

/* fuzz_sink - a stream that keeps nothing */
FILE *fuzz_sink(void);

#endif
