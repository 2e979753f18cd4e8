/* What if a disk is really full? */
#include "proof/crash/space.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"

char *space_path(const char *folder)
{
    return text_format("%s/small", folder);
}

static char *filler_path(const char *folder)
{
    return text_format("%s/small/filler", folder);
}

/* A namespace of our own, whose mounts do not reach the one we came from. */
static int leave_namespace(struct err *err)
{
    static int left;
    if (left)
        return 0;
    if (unshare(CLONE_NEWNS) < 0) {
        if (errno != EPERM)
            return err_system(err, "cannot leave the mount namespace");
        return err_set(err, ERR_UNFIT, "mounting is not permitted (remedy: run it as root)");
    }
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return err_system(err, "cannot make the mounts private");
    left = 1;
    return 0;
}

int space_mount(const char *folder, size_t pages, struct err *err)
{
    char *path = space_path(folder);
    char *options = text_format("size=%zu,mode=0700", pages * SPACE_PAGE_BYTES);
    int rc = leave_namespace(err);
    if (rc == 0 && mkdir(path, 0700) < 0 && errno != EEXIST)
        rc = err_system(err, "cannot make '%s'", path);
    if (rc == 0 && mount("tmpfs", path, "tmpfs", MS_NODEV | MS_NOSUID, options) < 0) {
        rc = errno == EPERM || errno == EACCES
                 ? err_set(err, ERR_UNFIT, "mounting is not permitted (remedy: run it as root)")
                 : err_system(err, "cannot mount a tmpfs at '%s'", path);
        rmdir(path);
    }
    free(options);
    free(path);
    return rc;
}

void space_unmount(const char *folder)
{
    char *path = space_path(folder);
    umount2(path, MNT_DETACH);
    rmdir(path);
    free(path);
}

int space_fill(const char *folder, size_t pages_free, struct err *err)
{
    char *path = filler_path(folder);
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
    char *path = filler_path(folder);
    unlink(path);
    free(path);
}
