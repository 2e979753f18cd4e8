/* When is a request of the kernel carried out, and when is it held back or refused? */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdlib.h>

#include "base/text.h"
#include "proof/power/cutfs_internal.h"

/* ---- its life ---- */

/* Root may use it for others too; who may do what is the kernel's to say, as anywhere else. */
struct cutfs *cutfs_mount(struct cutdisk *disk, const char *folder)
{
    char program[] = "spawnbench-powerfs", option[] = "-o";
    char mount_options[] = "fsname=spawnbench-power,allow_other,default_permissions,nodev,nosuid";
    char *words[] = {program, option, mount_options, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(3, words);
    struct cutfs *fs = xcalloc(1, sizeof *fs);
    fs->disk = disk;
    fs->epoch = 1;
    fs->session = fuse_session_new(&args, &cutfs_operations, sizeof cutfs_operations, fs);
    fuse_opt_free_args(&args);
    if (fs->session && fuse_session_mount(fs->session, folder) == 0) {
        int fd = fuse_session_fd(fs->session);
        if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)
            return fs;
        fuse_session_unmount(fs->session);
    }
    if (fs->session)
        fuse_session_destroy(fs->session);
    free(fs);
    return NULL;
}

int cutfs_fd(const struct cutfs *fs)
{
    return fuse_session_fd(fs->session);
}

/* ---- a cut at a call ---- */

static bool changes_something(const struct fuse_buf *request)
{
    const struct fuse_in_header *header = request->mem;
    switch (header->opcode) {
    case FUSE_SETATTR:
    case FUSE_SYMLINK:
    case FUSE_MKNOD:
    case FUSE_MKDIR:
    case FUSE_UNLINK:
    case FUSE_RMDIR:
    case FUSE_RENAME:
    case FUSE_RENAME2:
    case FUSE_LINK:
    case FUSE_WRITE:
    case FUSE_CREATE:
    case FUSE_FSYNC:
    case FUSE_FSYNCDIR:
        return true;
    default:
        return false;
    }
}

/* It is taken, and answered later. */
static void hold(struct cutfs *fs)
{
    fs->held = xrealloc(fs->held, fs->held_count + 1, sizeof fs->held[0]);
    fs->held[fs->held_count++] = fs->buffer;
    fs->buffer = (struct fuse_buf){0};
}

static void take_request(struct cutfs *fs)
{
    if (!fs->off && changes_something(&fs->buffer)) {
        fs->calls++;
        if (fs->at && --fs->at == 0) {
            fs->told = cutfs_cut(fs, fs->kept, fs->seed);
            fs->struck = fs->holding = true;
        }
    }
    if (fs->holding)
        hold(fs);
    else
        fuse_session_process_buf(fs->session, &fs->buffer);
}

bool cutfs_serve(struct cutfs *fs)
{
    int got = fuse_session_receive_buf(fs->session, &fs->buffer);
    if (got > 0)
        take_request(fs);
    return got > 0 || got == -EINTR || got == -EAGAIN;
}

void cutfs_cut_at(struct cutfs *fs, uint64_t nth, enum cutdisk_kept kept, uint64_t seed)
{
    fs->at = nth;
    fs->kept = kept;
    fs->seed = seed;
}

bool cutfs_struck(struct cutfs *fs, struct cutdisk_told *told)
{
    bool struck = fs->struck;
    fs->struck = false;
    *told = fs->told;
    return struck;
}

uint64_t cutfs_calls(struct cutfs *fs)
{
    uint64_t calls = fs->calls;
    fs->calls = 0;
    return calls;
}

bool cutfs_holds(const struct cutfs *fs)
{
    return fs->holding;
}

void cutfs_release(struct cutfs *fs)
{
    fs->holding = false;
    for (size_t i = 0; i < fs->held_count; i++) {
        fuse_session_process_buf(fs->session, &fs->held[i]);
        free(fs->held[i].mem);
    }
    free(fs->held);
    fs->held = NULL;
    fs->held_count = 0;
}

struct cutdisk_told cutfs_cut(struct cutfs *fs, enum cutdisk_kept kept, uint64_t seed)
{
    fs->off = true;
    fs->epoch++;
    fs->at = 0;
    return cutdisk_cut(fs->disk, kept, seed);
}

bool cutfs_is_off(const struct cutfs *fs)
{
    return fs->off;
}

void cutfs_power(struct cutfs *fs)
{
    cutfs_release(fs);
    fs->off = false;
}

/* Lazily: whoever still has a file open there gets errors from now on. */
void cutfs_unmount(struct cutfs *fs)
{
    cutfs_release(fs);
    fuse_session_unmount(fs->session);
    fuse_session_destroy(fs->session);
    free(fs->buffer.mem);
    free(fs);
}
