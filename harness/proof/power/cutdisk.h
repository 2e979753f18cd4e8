/* cutdisk - a disk in memory that can lose what was not synced.
 *
 * Everything is there twice: as the processes see it (live), and as it would be found after the
 * power was lost (durable). A page is shared as long as both are the same. What makes a change
 * durable:
 *
 *   - a sync of its file, for its bytes, its size, and the names that lead to it or did
 *   - a sync of the directory, for all names in it
 *
 * With ordered names each change of a name is durable at once, as if a journal had been written.
 * Modes, owners and times are durable at once.
 *
 * Normal use: cutdisk_new; look up, make, write, sync; cutdisk_cut; go on; cutdisk_free. It knows
 * nothing of FUSE (cutfs.c does), of locks or permissions, and one thread uses it.
 *
 * source : Pillai et al., OSDI 2014 (ALICE); proof/crash/states.h has the same model for one log
 */
#ifndef PROOF_POWER_CUTDISK_H
#define PROOF_POWER_CUTDISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define CUTDISK_PAGE_BYTES   4096
#define CUTDISK_SECTOR_BYTES 512
#define CUTDISK_ROOT         1 /* number of the top directory */

/* When is a name durable? */
enum cutdisk_names { CUTDISK_ORDERED, CUTDISK_STRICT };

/* What of all that was not synced is there after a cut? */
enum cutdisk_kept {
    CUTDISK_NOTHING,
    CUTDISK_ALL,
    CUTDISK_PART, /* of pages and names some, of some pages some sectors */
    CUTDISK_KEPTS
};

extern const char *const cutdisk_kept_names[CUTDISK_KEPTS + 1];   /* "nothing", ...; NULL */
extern const char *const cutdisk_names_names[CUTDISK_STRICT + 2]; /* "ordered", "strict"; NULL */

/* What lies in one page; both NULL: zeros. Equal pointers: synced. */
struct cutdisk_page {
    unsigned char *live, *durable;
};

/* A file, directory or link. Its first members are the holder's to read; times may be set. */
struct cutdisk_node {
    uint64_t number; /* never used for another one */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    nlink_t links;
    off_t size;
    struct timespec accessed, modified, changed;
    char *target;  /* of a symbolic link; own */
    uint64_t held; /* by the kernel: lookups that it has not forgotten */

    off_t durable_size;
    struct cutdisk_page *pages;
    size_t page_count;
    size_t names; /* that lead to it, live or durable */
};

/* What one cut came to. Plain value. */
struct cutdisk_told {
    size_t files;             /* with bytes that were not synced */
    size_t pages, pages_kept; /* not synced; of them whole or in part on the disk */
    size_t names, names_kept; /* changes of names likewise */
    size_t torn;              /* pages of which some sectors were kept */
};

struct cutdisk; /* opaque */

/* cutdisk_new - an empty one; most_bytes of pages may be used, live and durable ones together */
struct cutdisk *cutdisk_new(enum cutdisk_names names, size_t most_bytes);
void cutdisk_free(struct cutdisk *disk);

/* cutdisk_node - by number; NULL: there is none. cutdisk_forget: the kernel holds it so much less;
 * it is gone when nothing leads to it any more */
struct cutdisk_node *cutdisk_node(const struct cutdisk *disk, uint64_t number);
void cutdisk_forget(struct cutdisk *disk, struct cutdisk_node *node, uint64_t count);

/* cutdisk_find - by its name in a directory; NULL: there is none */
struct cutdisk_node *cutdisk_find(const struct cutdisk *disk, const struct cutdisk_node *directory,
                                  const char *name);

/* cutdisk_next - the next name in a directory; *at is 0 at first; false: there are no more */
bool cutdisk_next(const struct cutdisk *disk, const struct cutdisk_node *directory, size_t *at,
                  const char **name, struct cutdisk_node **node);

/* These return 0 or an errno. target: of a symbolic link, NULL otherwise. */
int cutdisk_make(struct cutdisk *disk, struct cutdisk_node *directory, const char *name,
                 mode_t mode, const char *target, struct cutdisk_node **out);
int cutdisk_link(struct cutdisk *disk, struct cutdisk_node *node, struct cutdisk_node *directory,
                 const char *name);
int cutdisk_remove(struct cutdisk *disk, struct cutdisk_node *directory, const char *name,
                   bool is_directory);
int cutdisk_rename(struct cutdisk *disk, struct cutdisk_node *from, const char *name,
                   struct cutdisk_node *to, const char *new_name, unsigned int flags);

/* cutdisk_read - how many bytes were there; cutdisk_write, cutdisk_truncate: 0 or an errno */
size_t cutdisk_read(const struct cutdisk_node *node, void *bytes, size_t count, off_t at);
int cutdisk_write(struct cutdisk *disk, struct cutdisk_node *node, const void *bytes, size_t count,
                  off_t at);
int cutdisk_truncate(struct cutdisk *disk, struct cutdisk_node *node, off_t size);

void cutdisk_sync(struct cutdisk *disk, struct cutdisk_node *node);

/*
 * cutdisk_cut - the power is lost, and comes back: live is what is durable then
 *
 * Nothing is held afterwards, and what had no durable name is gone.
 * seed : which part of what was not synced is kept; the same seed keeps the same part
 */
struct cutdisk_told cutdisk_cut(struct cutdisk *disk, enum cutdisk_kept kept, uint64_t seed);

/* cutdisk_bytes - of all pages, live and durable; cutdisk_most_bytes - that there may be */
size_t cutdisk_bytes(const struct cutdisk *disk);
size_t cutdisk_most_bytes(const struct cutdisk *disk);

#endif
