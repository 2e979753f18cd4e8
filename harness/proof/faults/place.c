/* Where does the subject's database lie, when its disk is to be full or read-only for real? */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/faults/faults_internal.h"

/* Mounts of ours are seen by our children alone, and vanish with us. See mount_namespaces(7). */
const char *place_can_mount(void)
{
    static enum { UNKNOWN, YES, NO } can = UNKNOWN;
    if (can == UNKNOWN)
        can = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
                  ? YES
                  : NO;
    return can == YES ? NULL : "needs the right to mount (root), which this process does not have";
}

int place_mount_small(const char *folder, struct err *err)
{
    if (mount("spawnbench", folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=0755") == 0)
        return 0;
    return err_system(err, "cannot mount a tmpfs on '%s'", folder);
}

/* Root is not bound by the modes of a folder, but by those of a mount. */
int place_read_only(const char *folder, struct err *err)
{
    if (geteuid() != 0 && chmod(folder, 0555) == 0)
        return 0;
    if (mount(folder, folder, NULL, MS_BIND, NULL) == 0 &&
        mount(NULL, folder, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0)
        return 0;
    err_system(err, "cannot make '%s' read-only", folder);
    place_unmount(folder);
    return -1;
}

void place_unmount(const char *folder)
{
    if (geteuid() != 0)
        chmod(folder, 0755);
    else
        umount2(folder, MNT_DETACH);
}

bool place_fill(struct injection *injection, const char *folder)
{
    static const char block[4096] = {1};
    int fd;
    bool full = false;
    injection->filler = text_format("%s/filler", folder);
    fd = open(injection->filler, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    while (fd >= 0 && !full)
        full = write(fd, block, sizeof block) != (ssize_t)sizeof block;
    full = full && errno == ENOSPC;
    if (fd >= 0)
        close(fd);
    return full;
}

void place_empty(struct injection *injection)
{
    if (injection->filler)
        unlink(injection->filler);
    free(injection->filler);
    injection->filler = NULL;
}
