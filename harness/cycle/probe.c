/* What can this machine's clock and disk do? Tried, not believed. */
#include "cycle/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

const char *probe_file_system(const char *folder)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } known[] = {{0xef53, "ext4"},      {0x58465342, "xfs"},     {0x9123683e, "btrfs"},
                 {0x01021994, "tmpfs"}, {0x794c7630, "overlay"}, {0x6969, "nfs"},
                 {0x2fc12fc1, "zfs"},   {0xf2f52010, "f2fs"},    {0x65735546, "fuse"},
                 {0x01021997, "9p"},    {0x6a656a63, "virtiofs"}};
    struct statfs about;
    if (statfs(folder, &about) != 0)
        return "unknown";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if ((unsigned long)about.f_type == known[i].magic)
            return known[i].name;
    return "unknown";
}

static int compare_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool sync_once(int64_t *took_ns, int fd)
{
    static const char block[4096];
    int64_t from_ns;
    bool whole = write(fd, block, sizeof block) == (ssize_t)sizeof block;
    from_ns = clock_now_ns();
    whole = whole && fdatasync(fd) == 0;
    *took_ns = clock_now_ns() - from_ns;
    return whole;
}

int probe_fdatasync(int64_t took[], size_t count, const char *folder)
{
    char *path = text_format("%s/.spawnbench-XXXXXX", folder);
    int fd = mkostemp(path, O_CLOEXEC), why = errno;
    bool whole = fd >= 0;
    for (size_t i = 0; i < count && whole; i++) {
        whole = sync_once(&took[i], fd);
        why = errno;
    }
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    free(path);
    qsort(took, whole ? count : 0, sizeof *took, compare_int64);
    errno = why;
    return whole ? 0 : -1;
}

int64_t probe_clock_resolution_ns(void)
{
    int64_t least_ns = INT64_MAX;
    for (int i = 0; i < 1000; i++) {
        int64_t from_ns = clock_now_ns(), to_ns;
        while ((to_ns = clock_now_ns()) == from_ns)
            ;
        if (to_ns - from_ns < least_ns)
            least_ns = to_ns - from_ns;
    }
    return least_ns;
}
