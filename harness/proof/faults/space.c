/* What if a disk is full, or read-only, for real? */
#include "proof/faults/space.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"

/* In a chroot "/" is no mount, so none of ours could be hidden from the rest of the machine. It is
 * asked before unshare, after which /proc/self/exe would name no path in there. See statx(2). */
static bool root_is_a_mount(void)
{
    struct statx about;
    return statx(AT_FDCWD, "/", 0, 0, &about) == 0 &&
           (!(about.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) ||
            (about.stx_attributes & STATX_ATTR_MOUNT_ROOT));
}

bool space_can_mount(void)
{
    static enum { UNKNOWN, YES, NO } can = UNKNOWN;
    if (can == UNKNOWN)
        can = root_is_a_mount() && unshare(CLONE_NEWNS) == 0 &&
                      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
                  ? YES
                  : NO;
    return can == YES;
}

int space_mount(const char *folder, size_t pages, struct err *err)
{
    char *options = text_format("size=%zu,mode=0755", pages * SPACE_PAGE_BYTES);
    int rc = 0;
    if ((mkdir(folder, 0700) < 0 && errno != EEXIST) ||
        mount("spawnbench", folder, "tmpfs", MS_NODEV | MS_NOSUID, options) < 0)
        rc = err_system(err, "cannot mount a tmpfs on '%s'", folder);
    free(options);
    return rc;
}

/* Root is not bound by the modes of a folder, but by those of a mount. */
int space_read_only(const char *folder, struct err *err)
{
    if (geteuid() != 0 && chmod(folder, 0555) == 0)
        return 0;
    if (mount(folder, folder, NULL, MS_BIND, NULL) == 0 &&
        mount(NULL, folder, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0)
        return 0;
    err_system(err, "cannot make '%s' read-only", folder);
    space_unmount(folder);
    return -1;
}

void space_unmount(const char *folder)
{
    if (geteuid() != 0)
        chmod(folder, 0755);
    else
        umount2(folder, MNT_DETACH);
}

int space_fill(const char *folder, size_t pages_free, struct err *err)
{
    char *path = text_format("%s/filler", folder);
    struct statvfs about;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), rc = 0;
    if (fd < 0 || fstatvfs(fd, &about) < 0) {
        rc = err_system(err, "cannot fill '%s'", path);
    } else if (about.f_bavail > pages_free) {
        off_t bytes = (off_t)(about.f_bavail - pages_free) * SPACE_PAGE_BYTES;
        errno = posix_fallocate(fd, 0, bytes);
        if (errno)
            rc = err_system(err, "cannot fill '%s'", path);
    }
    if (fd >= 0)
        close(fd);
    free(path);
    return rc;
}

void space_clear(const char *folder)
{
    char *path = text_format("%s/filler", folder);
    unlink(path);
    free(path);
}
