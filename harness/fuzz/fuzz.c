/* What does every target need, whoever feeds it? */
#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = xcalloc(size + 1, 1);
    if (size)
        memcpy(text, data, size);
    return text;
}

void fuzz_expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz: this does not hold: %s\n", what);
    abort();
}

void fuzz_expect_told(const struct err *err)
{
    char *printable = xstrdup(err->text);
    text_make_printable(printable);
    fuzz_expect(err->code != ERR_NONE && err->text[0], "an error says what is wrong");
    if (strcmp(printable, err->text) != 0)
        fprintf(stderr, "fuzz: the error: '%s'\n", err->text);
    fuzz_expect(strcmp(printable, err->text) == 0, "an error is UTF-8 without control characters");
    free(printable);
}

/* ---- files ---- */

static char folder[64];

static void remove_folder(void)
{
    text_remove_tree(folder);
}

const char *fuzz_folder(void)
{
    const char *under = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    if (folder[0])
        return folder;
    snprintf(folder, sizeof folder, "%s/spawnbench-fuzz-XXXXXX", under);
    fuzz_expect(mkdtemp(folder) != NULL, "a folder can be made");
    atexit(remove_folder);
    return folder;
}

char *fuzz_path(const char *name)
{
    return text_format("%s/%s", fuzz_folder(), name);
}

static void write_all(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t done = write(fd, at, size);
        fuzz_expect(done > 0, "there is room for the files of a target");
        at += done;
        size -= (size_t)done;
    }
}

void fuzz_write(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz_expect(fd >= 0, "a file can be made");
    write_all(fd, bytes, size);
    close(fd);
}

int fuzz_descriptor(const void *bytes, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    fuzz_expect(fd >= 0, "an anonymous file can be made");
    write_all(fd, bytes, size);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

FILE *fuzz_sink(void)
{
    static FILE *sink;
    if (!sink)
        sink = fopen("/dev/null", "we");
    fuzz_expect(sink != NULL, "/dev/null can be opened");
    return sink;
}
