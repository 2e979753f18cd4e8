/* cutfs - a cutdisk as a file system that the kernel mounts, through libfuse.
 *
 * Everything is done at once, by one thread, in the order in which the kernel asks: a cut comes
 * between two requests. After it nothing can be done here until cutfs_power; what was open before
 * stays dead for ever, as the kernel is given other ids for the same files. Inode numbers stay.
 *
 * The kernel keeps locks and caches pages (mapped files work), but no names. sync(2) and syncfs(2)
 * do not reach a file system of this kind: only fsync, fdatasync, msync and O_SYNC make durable.
 *
 * source : fuse(4), libfuse, its lowlevel interface
 */
#ifndef PROOF_POWER_CUTFS_H
#define PROOF_POWER_CUTFS_H

#include "proof/power/cutdisk.h"

struct cutfs; /* opaque */

/* cutfs_mount - on this folder; NULL: libfuse has said why on stderr. The disk is borrowed. */
struct cutfs *cutfs_mount(struct cutdisk *disk, const char *folder);

/* cutfs_fd - can be read when there is a request; cutfs_serve - one; false: it was unmounted */
int cutfs_fd(const struct cutfs *fs);
bool cutfs_serve(struct cutfs *fs);

/* cutfs_cut   - the power is lost: every request fails from now on
 * cutfs_power - it is back
 * cutfs_is_off - it is lost */
struct cutdisk_told cutfs_cut(struct cutfs *fs, enum cutdisk_kept kept, uint64_t seed);
void cutfs_power(struct cutfs *fs);
bool cutfs_is_off(const struct cutfs *fs);

/*
 * cutfs_cut_at - the power is lost just before the nth request from now on that changes or syncs
 * something. It and what comes behind it are held back, so that nobody learns of it before he is
 * killed, until cutfs_release lets them fail.
 *
 * cutfs_struck - that has happened: once true, with what it came to
 * cutfs_calls  - requests of that kind since this was asked last
 */
void cutfs_cut_at(struct cutfs *fs, uint64_t nth, enum cutdisk_kept kept, uint64_t seed);
bool cutfs_struck(struct cutfs *fs, struct cutdisk_told *told);
uint64_t cutfs_calls(struct cutfs *fs);
void cutfs_release(struct cutfs *fs);
bool cutfs_holds(const struct cutfs *fs);

void cutfs_unmount(struct cutfs *fs); /* and gives it back */

#endif
