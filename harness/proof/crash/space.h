/* space - a real file system of a few hundred kilobytes, to be filled to the last page.
 *
 * A tmpfs in a mount namespace of our own, so nobody else sees it and nothing of it is left when
 * the process ends. Making one takes the rights of root (CAP_SYS_ADMIN); without them the faults of
 * a really full disk are skipped, visibly.
 *
 * source : mount_namespaces(7), unshare(2), tmpfs(5)
 */
#ifndef PROOF_CRASH_SPACE_H
#define PROOF_CRASH_SPACE_H

#include <stddef.h>

#include "base/err.h"

#define SPACE_PAGE_BYTES 4096

/* space_mount - a tmpfs of so many pages as FOLDER/small, which is made
 * errors : ERR_UNFIT not permitted, ERR_SYSTEM */
int space_mount(const char *folder, size_t pages, struct err *err);

void space_unmount(const char *folder); /* FOLDER/small and its contents are gone */

/* space_fill - leave so many pages free, by a file of our own; errors: ERR_SYSTEM */
int space_fill(const char *folder, size_t pages_free, struct err *err);

void space_clear(const char *folder); /* that file is removed */

/* space_path - FOLDER/small; the caller frees it */
char *space_path(const char *folder);

#endif
