/* Are all sources formatted as .clang-format says? Skipped (77) where clang-format 14 is not there:
 * other versions break lines in other places. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "devel/test_sources.h"

#define VERSION "14."
#define SKIPPED 77

/* What a program printed and how it ended. */
struct said {
    char *out;
    int status;
};

/* log_fd: where its stderr goes, -1 for ours */
static int run(struct said *said, const char *const argv[], int log_fd)
{
    struct process process;
    struct process_exit ended = {0};
    struct text out = {0};
    struct err err = {0};
    char block[4096];
    ssize_t got;
    if (process_start(&process, argv, NULL, SOURCE_DIR, log_fd, &err) < 0) {
        printf("%s\n", err.text);
        return -1;
    }
    while ((got = read(process.out, block, sizeof block)) > 0)
        text_add_bytes(&out, block, (size_t)got);
    while (!process_wait(&process, clock_now_ns() + CLOCK_NS_PER_S, &ended))
        ;
    *said = (struct said){text_take(&out), ended.status};
    return 0;
}

static bool is_our_version(void)
{
    struct said said;
    bool ours;
    if (run(&said, (const char *const[]){"clang-format", "--version", NULL}, -1) < 0)
        return false;
    ours = strstr(said.out, "version " VERSION) != NULL;
    if (!ours)
        printf("skipped: this is %s", said.out);
    free(said.out);
    return ours;
}

/* 0 when clang-format has nothing to say of these files (it says it on stderr) */
static int check(char *const paths[], size_t count, int log_fd)
{
    const char **argv = xcalloc(count + 4, sizeof *argv);
    struct said said = {.status = -1};
    argv[0] = "clang-format";
    argv[1] = "--dry-run";
    argv[2] = "-Werror";
    for (size_t i = 0; i < count; i++)
        argv[3 + i] = paths[i];
    if (run(&said, argv, log_fd) == 0)
        free(said.out);
    free(argv);
    return said.status;
}

/* A check that cannot fail is none: this must be refused. */
static int check_that_it_can_refuse(void)
{
    char path[] = "/tmp/spawnbench-test-XXXXXX.c";
    char *paths[] = {path};
    static const char ugly[] = "int  main( void ){return 0 ;}\n";
    int fd = mkstemps(path, 2), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
    if (fd < 0 || nowhere < 0 || write(fd, ugly, sizeof ugly - 1) < 0)
        return -1;
    close(fd);
    status = check(paths, 1, nowhere);
    close(nowhere);
    unlink(path);
    return status != 0 ? 0 : -1;
}

int main(void)
{
    struct sources sources;
    int status;
    if (!is_our_version())
        return SKIPPED;
    if (check_that_it_can_refuse() < 0) {
        printf("clang-format refuses nothing\n");
        return 1;
    }
    sources = sources_list();
    status = check(sources.paths, sources.count, -1);
    printf("%zu sources: %s\n", sources.count,
           status == 0 ? "formatted" : "not formatted (mend it: clang-format -i FILE)");
    sources_release(&sources);
    return status == 0 ? 0 : 1;
}
