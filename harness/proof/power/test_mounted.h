/* test_mounted - spawnbench-powerfs on a folder of its own, for tests that may mount. */
#ifndef PROOF_POWER_TEST_MOUNTED_H
#define PROOF_POWER_TEST_MOUNTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "proof/faults/space.h"

#define MOUNTED_SKIP 77

static struct process mounted;
static char *mounted_on;

/* Nothing here can be tried without libfuse3, /dev/fuse and the right to mount. */
__attribute__((unused)) static bool mounted_can(void)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    bool can = fd >= 0 && access(BINARY_DIR "/spawnbench-powerfs", X_OK) == 0 && space_can_mount();
    if (fd >= 0)
        close(fd);
    return can;
}

/* The line that it says next, without its end */
__attribute__((unused)) static const char *mounted_hear(void)
{
    static char line[160];
    size_t length = 0;
    while (length < sizeof line - 1 && read(mounted.out, &line[length], 1) == 1)
        if (line[length++] == '\n')
            break;
    line[length ? length - 1 : 0] = '\0';
    return line;
}

__attribute__((unused)) static const char *mounted_ask(const char *command)
{
    assert_int_equal(text_write(mounted.in, command, strlen(command)), 0);
    assert_int_equal(text_write(mounted.in, "\n", 1), 0);
    return mounted_hear();
}

__attribute__((unused)) static void mounted_begin(const char *names)
{
    char folder[] = "/tmp/spawnbench-power-XXXXXX";
    static const char program[] = BINARY_DIR "/spawnbench-powerfs";
    const char *argv[] = {program, "--names", names, NULL, NULL};
    struct err err = {0};
    assert_non_null(mkdtemp(folder));
    mounted_on = xstrdup(folder);
    argv[3] = mounted_on;
    if (process_start(&mounted, argv, NULL, NULL, -1, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(mounted_hear(), "mounted");
}

/* What it was given is told by the end of its stdin, as by whoever is killed. */
__attribute__((unused)) static int mounted_end(void **state)
{
    struct process_exit ended = {0};
    (void)state;
    if (mounted.pid) {
        close(mounted.in);
        mounted.in = -1;
        process_wait(&mounted, INT64_MAX, &ended);
        mounted.pid = 0;
    }
    if (mounted_on) {
        umount2(mounted_on, MNT_DETACH);
        rmdir(mounted_on);
    }
    free(mounted_on);
    mounted_on = NULL;
    return ended.status == 0 ? 0 : -1;
}

/* Of a file in it; valid until the next but one. */
__attribute__((unused)) static const char *mounted_path(const char *name)
{
    static char paths[2][128];
    static int which;
    which = !which;
    snprintf(paths[which], sizeof paths[which], "%s/%s", mounted_on, name);
    return paths[which];
}

#endif
