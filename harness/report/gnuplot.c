/* What does gnuplot make of a script and its data? One picture, drawn without a shell. */
#include "report/figure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "style_gp.h"

#define DRAW_DEADLINE_NS (60 * CLOCK_NS_PER_S)
#define END_GRACE_NS     (CLOCK_NS_PER_S)

/* The first line gnuplot wrote to stderr that says something, for the message. */
static void read_complaint(int fd, char *out, size_t room)
{
    char block[4096];
    char *line, *next = NULL;
    ssize_t got = pread(fd, block, sizeof block - 1, 0);
    block[got > 0 ? got : 0] = '\0';
    for (line = strtok_r(block, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        line += strspn(line, " \t^");
        if (!*line || strstr(line, "warning"))
            continue;
        snprintf(out, room, "%s", line);
        return;
    }
}

/* Scripts take no input, and what gnuplot prints is its stderr. returns: 0 drawn, else -1 */
static int run_gnuplot(const char *folder, const char *const argv[], char *trouble, size_t room)
{
    struct process process;
    struct process_exit ended = {.status = -1};
    struct err err = {0};
    int complaints = memfd_create("gnuplot-stderr", MFD_CLOEXEC);
    int rc = -1;
    if (process_start(&process, argv, NULL, folder, complaints, &err) < 0) {
        snprintf(trouble, room, "%s", err.text);
        goto done;
    }
    close(process.in);
    process.in = -1;
    if (!process_wait(&process, clock_now_ns() + DRAW_DEADLINE_NS, &ended)) {
        process_end(&process, END_GRACE_NS, NULL);
        snprintf(trouble, room, "gnuplot was still drawing after %lld s and was ended",
                 (long long)(DRAW_DEADLINE_NS / CLOCK_NS_PER_S));
    } else if (ended.status == 0) {
        rc = 0;
    } else {
        snprintf(trouble, room, "gnuplot ended with %s %d", ended.signal ? "signal" : "status",
                 ended.signal ? ended.signal : ended.status);
        if (complaints >= 0)
            read_complaint(complaints, trouble, room);
    }
done:
    if (complaints >= 0)
        close(complaints);
    return rc;
}

static int draw_into(const char *folder, const char *base, const char *fresh, char *trouble)
{
    char *script = text_format("./%s.gp", base), *data = text_format("./%s.dat", base);
    char *picture = text_format("./%s/picture.svg", fresh);
    const char *const argv[] = {"gnuplot", "-d", "-c", script, picture, data, NULL};
    char *from = text_format("%s/%s", folder, picture),
         *to = text_format("%s/%s.svg", folder, base);
    int rc = run_gnuplot(folder, argv, trouble, GNUPLOT_TROUBLE_BYTES);
    if (rc == 0 && rename(from, to) != 0) {
        snprintf(trouble, GNUPLOT_TROUBLE_BYTES, "gnuplot left no picture");
        rc = -1;
    }
    if (rc < 0) {
        unlink(from);
        unlink(to);
    }
    free(script);
    free(data);
    free(picture);
    free(from);
    free(to);
    return rc;
}

/* Paths relative to the folder and with "./" in front: never an option, a pipe or a machine's path.
 * gnuplot follows a link of the name that it writes to: it writes into a folder that only we know.
 */
int gnuplot_draw(const char *folder, const char *base, char *trouble)
{
    char *template = text_format("%s/.spawnbench-XXXXXX", folder);
    int rc = -1;
    *trouble = '\0';
    if (!mkdtemp(template)) {
        snprintf(trouble, GNUPLOT_TROUBLE_BYTES, "cannot make a folder in '%s': %s", folder,
                 strerror(errno));
    } else {
        rc = draw_into(folder, base, strrchr(template, '/') + 1, trouble);
        rmdir(template);
    }
    free(template);
    return rc;
}

static int write_text(const char *folder, const char *base, const char *ending,
                      const struct text *text, struct err *err)
{
    char *path = text_format("%s/%s.%s", folder, base, ending);
    int rc = text_write_file(path, text->data ? text->data : "", text->length, err);
    free(path);
    return rc;
}

int gnuplot_write(const char *folder, const char *base, const struct text *data, const char *script,
                  struct err *err)
{
    struct text whole = {0};
    int rc = write_text(folder, base, "dat", data, err);
    text_addf(&whole, "%s\n%s", embedded_style_gp, script);
    if (rc == 0)
        rc = write_text(folder, base, "gp", &whole, err);
    text_release(&whole);
    return rc;
}
