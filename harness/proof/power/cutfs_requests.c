/* How does the kernel's every request become one of a cutdisk? */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/text.h"
#include "proof/power/cutfs_internal.h"

#define EPOCH_SHIFT  32 /* an id of the kernel: how many cuts there were, and the node's number */
#define KEEP_SECONDS 3600. /* nobody but the kernel changes what it remembers of a file */
#define OWN_NAMES    2     /* "." and ".." */

/* ---- ids ---- */

static struct cutfs *fs_of(fuse_req_t request)
{
    return fuse_req_userdata(request);
}

static fuse_ino_t id_of(const struct cutfs *fs, const struct cutdisk_node *node)
{
    return node->number == CUTDISK_ROOT ? FUSE_ROOT_ID : fs->epoch << EPOCH_SHIFT | node->number;
}

/* NULL: the power is off, or was in the meantime. */
static struct cutdisk_node *node_of(const struct cutfs *fs, fuse_ino_t id)
{
    if (fs->off || (id != FUSE_ROOT_ID && id >> EPOCH_SHIFT != fs->epoch))
        return NULL;
    return cutdisk_node(fs->disk, id == FUSE_ROOT_ID ? CUTDISK_ROOT
                                                     : id & ((UINT64_C(1) << EPOCH_SHIFT) - 1));
}

static struct cutdisk_node *node_asked(fuse_req_t request, fuse_ino_t id)
{
    struct cutdisk_node *node = node_of(fs_of(request), id);
    if (!node)
        fuse_reply_err(request, EIO);
    return node;
}

static struct stat about(const struct cutdisk_node *node)
{
    return (struct stat){.st_ino = node->number,
                         .st_mode = node->mode,
                         .st_nlink = node->links,
                         .st_uid = node->uid,
                         .st_gid = node->gid,
                         .st_size = node->size,
                         .st_blocks = (node->size + 511) / 512,
                         .st_blksize = CUTDISK_PAGE_BYTES,
                         .st_atim = node->accessed,
                         .st_mtim = node->modified,
                         .st_ctim = node->changed};
}

/* The kernel holds it from now on. */
static struct fuse_entry_param entry_of(const struct cutfs *fs, struct cutdisk_node *node)
{
    node->held++;
    return (struct fuse_entry_param){
        .ino = id_of(fs, node), .attr = about(node), .attr_timeout = KEEP_SECONDS};
}

/* ---- names ---- */

static void look_up(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct cutfs *fs = fs_of(request);
    const struct cutdisk_node *directory = node_asked(request, parent);
    struct cutdisk_node *node = directory ? cutdisk_find(fs->disk, directory, name) : NULL;
    struct fuse_entry_param entry;
    if (!directory)
        return;
    if (!node) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    entry = entry_of(fs, node);
    fuse_reply_entry(request, &entry);
}

static void forget_one(struct cutfs *fs, fuse_ino_t id, uint64_t count)
{
    struct cutdisk_node *node = id == FUSE_ROOT_ID ? NULL : node_of(fs, id);
    if (node)
        cutdisk_forget(fs->disk, node, count);
}

static void forget(fuse_req_t request, fuse_ino_t id, uint64_t count)
{
    forget_one(fs_of(request), id, count);
    fuse_reply_none(request);
}

static void forget_many(fuse_req_t request, size_t count, struct fuse_forget_data *forgets)
{
    for (size_t i = 0; i < count; i++)
        forget_one(fs_of(request), forgets[i].ino, forgets[i].nlookup);
    fuse_reply_none(request);
}

static struct cutdisk_node *make(fuse_req_t request, fuse_ino_t parent, const char *name,
                                 mode_t mode, const char *target, int *error)
{
    const struct fuse_ctx *by = fuse_req_ctx(request);
    struct cutdisk_node *directory = node_of(fs_of(request), parent), *node = NULL;
    *error =
        directory ? cutdisk_make(fs_of(request)->disk, directory, name, mode, target, &node) : EIO;
    if (*error)
        return NULL;
    node->uid = by->uid;
    node->gid = directory->mode & S_ISGID ? directory->gid : by->gid;
    return node;
}

static void make_and_tell(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
                          const char *target)
{
    int error;
    struct cutdisk_node *node = make(request, parent, name, mode, target, &error);
    struct fuse_entry_param entry;
    if (!node) {
        fuse_reply_err(request, error);
        return;
    }
    entry = entry_of(fs_of(request), node);
    fuse_reply_entry(request, &entry);
}

static void make_node(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
                      dev_t device)
{
    (void)device; /* of devices, which are not opened here (nodev) */
    make_and_tell(request, parent, name, mode, NULL);
}

static void make_directory(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
    make_and_tell(request, parent, name, S_IFDIR | (mode & 07777), NULL);
}

static void make_symbolic(fuse_req_t request, const char *target, fuse_ino_t parent,
                          const char *name)
{
    make_and_tell(request, parent, name, S_IFLNK | 0777, target);
}

static void read_link(fuse_req_t request, fuse_ino_t id)
{
    const struct cutdisk_node *node = node_asked(request, id);
    if (node)
        fuse_reply_readlink(request, node->target ? node->target : "");
}

static void make_link(fuse_req_t request, fuse_ino_t id, fuse_ino_t parent, const char *name)
{
    struct cutfs *fs = fs_of(request);
    struct cutdisk_node *node = node_of(fs, id), *directory = node_of(fs, parent);
    int error = node && directory ? cutdisk_link(fs->disk, node, directory, name) : EIO;
    struct fuse_entry_param entry;
    if (error) {
        fuse_reply_err(request, error);
        return;
    }
    entry = entry_of(fs, node);
    fuse_reply_entry(request, &entry);
}

static void remove_name(fuse_req_t request, fuse_ino_t parent, const char *name, bool is_directory)
{
    struct cutdisk_node *directory = node_asked(request, parent);
    if (directory)
        fuse_reply_err(request,
                       cutdisk_remove(fs_of(request)->disk, directory, name, is_directory));
}

static void remove_file(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    remove_name(request, parent, name, false);
}

static void remove_directory(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    remove_name(request, parent, name, true);
}

static void rename_name(fuse_req_t request, fuse_ino_t parent, const char *name,
                        fuse_ino_t new_parent, const char *new_name, unsigned int flags)
{
    struct cutfs *fs = fs_of(request);
    struct cutdisk_node *from = node_of(fs, parent), *to = node_of(fs, new_parent);
    fuse_reply_err(request,
                   from && to ? cutdisk_rename(fs->disk, from, name, to, new_name, flags) : EIO);
}

/* The number behind each name is where to go on: "." and "..", then the names. */
static void read_directory(fuse_req_t request, fuse_ino_t id, size_t size, off_t offset,
                           struct fuse_file_info *file)
{
    struct cutfs *fs = fs_of(request);
    const struct cutdisk_node *directory = node_asked(request, id);
    char *buffer = directory ? xcalloc(1, size) : NULL;
    size_t used = 0, at = offset > OWN_NAMES ? (size_t)offset - OWN_NAMES : 0, more;
    struct cutdisk_node *node = NULL;
    const char *name;
    (void)file;
    if (!directory)
        return;
    for (;; used += more) {
        struct stat entry = {.st_ino = directory->number, .st_mode = S_IFDIR};
        if (offset < OWN_NAMES) {
            name = offset == 0 ? "." : "..";
            offset++;
        } else if (cutdisk_next(fs->disk, directory, &at, &name, &node)) {
            entry = about(node);
            offset = (off_t)at + OWN_NAMES;
        } else {
            break;
        }
        more = fuse_add_direntry(request, buffer + used, size - used, name, &entry, offset);
        if (more > size - used)
            break;
    }
    fuse_reply_buf(request, buffer, used);
    free(buffer);
}

/* ---- files ---- */

static void get_attributes(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *file)
{
    const struct cutdisk_node *node = node_asked(request, id);
    struct stat told;
    (void)file;
    if (!node)
        return;
    told = about(node);
    fuse_reply_attr(request, &told, KEEP_SECONDS);
}

static void set_time(struct timespec *out, const struct timespec *asked, bool wanted, bool now)
{
    if (now)
        clock_gettime(CLOCK_REALTIME, out);
    else if (wanted)
        *out = *asked;
}

static void set_attributes(fuse_req_t request, fuse_ino_t id, struct stat *asked, int which,
                           struct fuse_file_info *file)
{
    struct cutdisk_node *node = node_asked(request, id);
    int error;
    if (!node)
        return;
    error = which & FUSE_SET_ATTR_SIZE
                ? cutdisk_truncate(fs_of(request)->disk, node, asked->st_size)
                : 0;
    if (error) {
        fuse_reply_err(request, error);
        return;
    }
    if (which & FUSE_SET_ATTR_MODE)
        node->mode = (node->mode & S_IFMT) | (asked->st_mode & 07777);
    if (which & FUSE_SET_ATTR_UID)
        node->uid = asked->st_uid;
    if (which & FUSE_SET_ATTR_GID)
        node->gid = asked->st_gid;
    set_time(&node->accessed, &asked->st_atim, which & FUSE_SET_ATTR_ATIME,
             which & FUSE_SET_ATTR_ATIME_NOW);
    set_time(&node->modified, &asked->st_mtim, which & FUSE_SET_ATTR_MTIME,
             which & FUSE_SET_ATTR_MTIME_NOW);
    clock_gettime(CLOCK_REALTIME, &node->changed);
    get_attributes(request, id, file);
}

static void open_file(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *file)
{
    struct cutdisk_node *node = node_asked(request, id);
    int error;
    if (!node)
        return;
    error = file->flags & O_TRUNC ? cutdisk_truncate(fs_of(request)->disk, node, 0) : 0;
    file->keep_cache = 1;
    if (error)
        fuse_reply_err(request, error);
    else
        fuse_reply_open(request, file);
}

static void create_file(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
                        struct fuse_file_info *file)
{
    struct cutfs *fs = fs_of(request);
    int error;
    struct cutdisk_node *node = make(request, parent, name, S_IFREG | (mode & 07777), NULL, &error);
    struct fuse_entry_param entry;
    /* somebody else was faster */
    if (error == EEXIST && !(file->flags & O_EXCL)) {
        node = cutdisk_find(fs->disk, node_of(fs, parent), name);
        error = node && file->flags & O_TRUNC ? cutdisk_truncate(fs->disk, node, 0) : 0;
    }
    if (error || !node) {
        fuse_reply_err(request, error ? error : EIO);
        return;
    }
    file->keep_cache = 1;
    entry = entry_of(fs, node);
    fuse_reply_create(request, &entry, file);
}

static void read_file(fuse_req_t request, fuse_ino_t id, size_t size, off_t offset,
                      struct fuse_file_info *file)
{
    const struct cutdisk_node *node = node_asked(request, id);
    char *buffer;
    (void)file;
    if (!node)
        return;
    buffer = xcalloc(1, size);
    fuse_reply_buf(request, buffer, cutdisk_read(node, buffer, size, offset));
    free(buffer);
}

static void write_file(fuse_req_t request, fuse_ino_t id, const char *bytes, size_t size,
                       off_t offset, struct fuse_file_info *file)
{
    struct cutdisk_node *node = node_asked(request, id);
    int error;
    if (!node)
        return;
    error = cutdisk_write(fs_of(request)->disk, node, bytes, size, offset);
    if (!error && file->flags & (O_SYNC | O_DSYNC))
        cutdisk_sync(fs_of(request)->disk, node);
    if (error)
        fuse_reply_err(request, error);
    else
        fuse_reply_write(request, size);
}

static void sync_file(fuse_req_t request, fuse_ino_t id, int only_data, struct fuse_file_info *file)
{
    struct cutdisk_node *node = node_asked(request, id);
    (void)only_data;
    (void)file;
    if (!node)
        return;
    cutdisk_sync(fs_of(request)->disk, node);
    fuse_reply_err(request, 0);
}

static void tell_space(fuse_req_t request, fuse_ino_t id)
{
    const struct cutdisk *disk = fs_of(request)->disk;
    fsblkcnt_t all = cutdisk_most_bytes(disk) / CUTDISK_PAGE_BYTES;
    fsblkcnt_t free_blocks = all - cutdisk_bytes(disk) / CUTDISK_PAGE_BYTES;
    const struct statvfs told = {.f_bsize = CUTDISK_PAGE_BYTES,
                                 .f_frsize = CUTDISK_PAGE_BYTES,
                                 .f_blocks = all,
                                 .f_bfree = free_blocks,
                                 .f_bavail = free_blocks,
                                 .f_files = UINT32_MAX,
                                 .f_ffree = UINT32_MAX,
                                 .f_favail = UINT32_MAX,
                                 .f_namemax = 255};
    if (node_asked(request, id))
        fuse_reply_statfs(request, &told);
}

/* What is read must lie in our memory. */
static void begin(void *context, struct fuse_conn_info *connection)
{
    (void)context;
    connection->want &= ~(unsigned int)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
                                        FUSE_CAP_SPLICE_MOVE | FUSE_CAP_WRITEBACK_CACHE);
}

const struct fuse_lowlevel_ops cutfs_operations = {
    .init = begin,
    .lookup = look_up,
    .forget = forget,
    .forget_multi = forget_many,
    .getattr = get_attributes,
    .setattr = set_attributes,
    .readlink = read_link,
    .mknod = make_node,
    .mkdir = make_directory,
    .unlink = remove_file,
    .rmdir = remove_directory,
    .symlink = make_symbolic,
    .rename = rename_name,
    .link = make_link,
    .open = open_file,
    .create = create_file,
    .read = read_file,
    .write = write_file,
    .fsync = sync_file,
    .readdir = read_directory,
    .fsyncdir = sync_file,
    .statfs = tell_space,
};
