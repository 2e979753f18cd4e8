/* Who measures a run? See lease.h, fcntl(2) "Advisory record locking". */
#include "results/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/text.h"

static int tell_owner(int fd, int64_t run, struct err *err)
{
    struct flock who = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_GETLK, &who) == 0 && who.l_type != F_UNLCK && who.l_pid > 0)
        return err_set(err, ERR_UNFIT,
                       "run %lld is being measured by process %d (wait for its end, or stop it: "
                       "kill %d)",
                       (long long)run, (int)who.l_pid, (int)who.l_pid);
    return err_set(err, ERR_UNFIT, "run %lld is being measured by another process", (long long)run);
}

/* The one before us takes the file away when it is done: is it still there, and the same? */
static bool is_there(int fd, const char *path)
{
    struct stat ours, named;
    return fstat(fd, &ours) == 0 && lstat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

static int lock(struct lease *out, int64_t run, struct err *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    for (;;) {
        out->fd = open(out->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (out->fd < 0)
            return err_system(err, "cannot make '%s'", out->path);
        if (fcntl(out->fd, F_SETLK, &whole) != 0)
            break;
        if (is_there(out->fd, out->path))
            return 0;
        close(out->fd);
    }
    if (errno == EACCES || errno == EAGAIN)
        tell_owner(out->fd, run, err);
    else
        err_system(err, "cannot lock '%s'", out->path);
    close(out->fd);
    return -1;
}

int lease_take(struct lease *out, const char *results, int64_t run, struct err *err)
{
    char *runs = NULL;
    *out = (struct lease){0};
    if (folder_make_below(&runs, results, "runs", err) < 0)
        return -1;
    out->path = text_format("%s/%lld.lock", runs, (long long)run);
    free(runs);
    if (lock(out, run, err) == 0)
        return 0;
    free(out->path);
    *out = (struct lease){0};
    return -1;
}

void lease_release(struct lease *lease)
{
    if (!lease->path)
        return;
    unlink(lease->path);
    close(lease->fd);
    free(lease->path);
    *lease = (struct lease){0};
}
