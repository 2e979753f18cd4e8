/* cutdisk_internal - what the files of cutdisk share; nobody else includes it. */
#ifndef PROOF_POWER_CUTDISK_INTERNAL_H
#define PROOF_POWER_CUTDISK_INTERNAL_H

#include "proof/power/cutdisk.h"

#define CUTDISK_MOST_DEPTH 64 /* of directories whose names a sync makes durable */

/* A place in a directory. Both nodes NULL: nobody uses it, and all else is zero. */
struct cutdisk_name {
    struct cutdisk_node *directory;
    char *name; /* own */
    struct cutdisk_node *live, *durable;
};

struct cutdisk {
    bool strict;
    size_t bytes, most_bytes;    /* of pages */
    struct cutdisk_node **nodes; /* by number; NULL: gone */
    size_t node_count, node_room;
    struct cutdisk_name *names; /* of all directories; they stay where they are */
    size_t name_count, name_room;
};

/* cutdisk_name_set - where a name leads; what nothing leads to any more is gone */
void cutdisk_name_set(struct cutdisk *disk, struct cutdisk_name *name, struct cutdisk_node *live,
                      struct cutdisk_node *durable);

/* cutdisk_let_go - free a node that nobody holds and no name leads to */
void cutdisk_let_go(struct cutdisk *disk, struct cutdisk_node *node);

/* cutdisk_page_set - what lies in a page; what lay there and does not any more is freed */
void cutdisk_page_set(struct cutdisk *disk, struct cutdisk_page *page, unsigned char *live,
                      unsigned char *durable);

#endif
