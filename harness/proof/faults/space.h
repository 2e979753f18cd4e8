/* space - a real disk that is full or read-only: mounts that nobody else sees.
 *
 * They lie in a mount namespace of our own, so nothing of them is left when the process ends, in
 * whatever way. Making them takes the rights of root (CAP_SYS_ADMIN); without them such faults are
 * skipped, visibly.
 *
 * source : mount_namespaces(7), unshare(2), tmpfs(5)
 */
#ifndef PROOF_FAULTS_SPACE_H
#define PROOF_FAULTS_SPACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define SPACE_PAGE_BYTES 4096

/* space_can_mount - may it be done here? Leaves the namespace we came from at the first call. */
bool space_can_mount(void);

/* space_mount - a tmpfs of so many pages on this folder, which is made; errors: ERR_SYSTEM */
int space_mount(const char *folder, size_t pages, struct err *err);

/* space_read_only - nothing can be written in this folder; errors: ERR_SYSTEM */
int space_read_only(const char *folder, struct err *err);

void space_unmount(const char *folder); /* undoes either; what lay on the tmpfs is gone */

/* space_fill - leave so many pages free, by a file FOLDER/filler; errors: ERR_SYSTEM */
int space_fill(const char *folder, size_t pages_free, struct err *err);

void space_clear(const char *folder); /* that file is removed */

#endif
