/* commit - which commit is checked out here? Read from .git without running anything. */
#ifndef CYCLE_COMMIT_H
#define CYCLE_COMMIT_H

/*
 * commit_find - the commit that HEAD means in the work tree around a folder
 *
 * A checkout may hold anything below .git. It is believed only where HEAD is a commit or names a
 * ref, and a commit only where it is one: 40 or 64 hex digits. No link is followed to a ref, so
 * that nothing but refs is ever read.
 *
 * folder : absolute; the folders above it are looked at as well
 * returns: the digits, or "" where there is none; the caller frees it
 * source : gitrepository-layout(5), git-pack-refs(1)
 */
char *commit_find(const char *folder);

#endif
