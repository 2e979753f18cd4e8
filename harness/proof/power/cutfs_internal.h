/* cutfs_internal - what the files of cutfs share; nobody else includes it. */
#ifndef PROOF_POWER_CUTFS_INTERNAL_H
#define PROOF_POWER_CUTFS_INTERNAL_H

#define FUSE_USE_VERSION 35

#include <fuse_lowlevel.h>

#include "proof/power/cutfs.h"

struct cutfs {
    struct cutdisk *disk;
    struct fuse_session *session;
    struct fuse_buf buffer;
    uint64_t epoch;
    bool off;

    uint64_t calls, at; /* at: 0: no cut is planned */
    enum cutdisk_kept kept;
    uint64_t seed;
    struct cutdisk_told told;
    bool struck, holding;
    struct fuse_buf *held; /* requests as they came; own */
    size_t held_count;
};

/* cutfs_requests.c: each request of the kernel; the session's userdata is the struct cutfs */
extern const struct fuse_lowlevel_ops cutfs_operations;

#endif
