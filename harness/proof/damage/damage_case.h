/* damage_case - what the makers of damage share: the store, a map of its pages, a copy to hurt.
 *
 * Only the files damage*.c and their tests include it.
 */
#ifndef PROOF_DAMAGE_DAMAGE_CASE_H
#define PROOF_DAMAGE_DAMAGE_CASE_H

#include "audit/snapshot.h"
#include "proof/damage/damage.h"

struct sqlite3;

/* What a page is for. */
enum damage_page_kind {
    PAGE_UNKNOWN,
    PAGE_TABLE_LEAF,
    PAGE_TABLE_INTERIOR,
    PAGE_INDEX_LEAF,
    PAGE_INDEX_INTERIOR,
    PAGE_OVERFLOW,
    PAGE_TRUNK,
    PAGE_FREE_LEAF,
    PAGE_POINTER_MAP
};

struct damage_page {
    enum damage_page_kind kind;
    int tree;      /* a number per b-tree of the contract; 0: sqlite_schema and others */
    uint32_t used; /* bytes of an overflow page that hold payload */
    bool root;
};

/* A database file in memory, each page classified. */
struct damage_map {
    unsigned char *bytes;
    size_t length;
    uint32_t page_bytes, usable, page_count;
    struct damage_page *pages; /* [1 .. page_count] */
};

/*
 * damage_map_read - read the file and classify its pages by walking trees, freelist and pointer map
 *
 * path   : one whole file, no -wal beside it
 * errors : ERR_SYSTEM; ERR_FORMAT when a page has two uses or lies outside of the file
 */
int damage_map_read(struct damage_map *out, const char *path, struct err *err);
void damage_map_release(struct damage_map *map);

/* damage_map_used - 1 for each byte of a page that a reader looks at; mask[page_bytes] */
void damage_map_used(const struct damage_map *map, uint32_t page, unsigned char mask[]);

/* damage_map_payload - 1 for each byte of a leaf that is payload of a row */
void damage_map_payload(const struct damage_map *map, uint32_t page, unsigned char mask[]);

/* Everything that is made once. Paths and map belong to it. */
struct damage_base {
    char *folder;
    char *plain;           /* the store in one file, with a few free pages */
    char *late;            /* the same rows; the newest batches are in its -wal only */
    char *earlier;         /* the -wal of the generation before that one; NULL: too few batches */
    struct damage_map map; /* of plain */
    struct snapshot *snapshot;
    int64_t *commits; /* where each commit in the -wal of `late` ends, bytes */
    size_t commit_count;
};

/* damage_base_make, damage_base_release - from how->database in how->folder */
int damage_base_make(struct damage_base *out, const struct damage_how *how, struct err *err);
void damage_base_release(struct damage_base *base);

/* Which byte of which page loses a bit. */
struct damage_hit {
    enum damage_page_kind page, or_page;
    enum { HIT_ANY, HIT_USED, HIT_PAYLOAD, HIT_HEADER } bytes;
};

/* One copy to be damaged. */
struct damage_case {
    const struct damage_kind *kind;
    const struct damage_base *base;
    char *path, *wal; /* of the copy; may not exist yet */
    uint64_t random;  /* position in the stream of this case */
    bool late;        /* it was made from base->late */
    char place[96];   /* what was hit, for humans */
};

/* damage_random - 0 .. below - 1, the next of the case's stream; source: splitmix64, Steele 2014 */
uint64_t damage_random(struct damage_case *hurt, uint64_t below);

/* damage_copy_file - a whole file, replaced */
int damage_copy_file(const char *from, const char *to, struct err *err);

/* damage_remove - a database and what lies beside it: its -wal would ruin the next one */
void damage_remove(const char *path);

/* damage_write_file - these bytes and no others, without sync */
int damage_write_file(const char *path, const void *bytes, size_t length, struct err *err);

/* damage_open - a connection that may write; NULL after an error */
struct sqlite3 *damage_open(const char *path, struct err *err);
int damage_execute(struct sqlite3 *database, const char *sql, struct err *err);
void damage_close(struct sqlite3 *database); /* accepts NULL */

/* damage_attach_whole - the untouched store under the name `whole` */
int damage_attach_whole(struct sqlite3 *database, const struct damage_base *base, struct err *err);

/* damage_only_unused - do a copy and the store differ in nothing but bytes no reader looks at? */
bool damage_only_unused(const struct damage_case *hurt);

/*
 * The makers.
 *
 * returns : 1 damaged, 0 the store has nothing that could be hit so, -1 error
 */
/* damage_pages.c: bytes of one or two pages */
/* as struct damage_hit of the kind says */
int damage_flip(struct damage_case *hurt, struct err *err);
int damage_header(struct damage_case *hurt, struct err *err);
int damage_leaf_zeroed(struct damage_case *hurt, struct err *err);
int damage_leaf_noise(struct damage_case *hurt, struct err *err);
int damage_leaves_swapped(struct damage_case *hurt, struct err *err);
int damage_leaf_misdirected(struct damage_case *hurt, struct err *err);
int damage_leaf_stale(struct damage_case *hurt, struct err *err);
int damage_cut_pages(struct damage_case *hurt, struct err *err);
int damage_cut_mid_page(struct damage_case *hurt, struct err *err);
int damage_emptied(struct damage_case *hurt, struct err *err);
int damage_bytes_behind(struct damage_case *hurt, struct err *err);

/* damage_rows.c: SQL of the kind, phases divided by "---", each on a connection of its own. There
 * is a table `victim` with the row of one agent, and the store untouched as `whole`. */
int damage_rows(struct damage_case *hurt, struct err *err);

/* damage_wal.c: the -wal */
int damage_lost_last(struct damage_case *hurt, struct err *err);
int damage_lost_ten(struct damage_case *hurt, struct err *err);
int damage_wal_missing(struct damage_case *hurt, struct err *err);
int damage_wal_cut(struct damage_case *hurt, struct err *err);
int damage_wal_bit(struct damage_case *hurt, struct err *err);
int damage_wal_early_bit(struct damage_case *hurt, struct err *err);
int damage_wal_header(struct damage_case *hurt, struct err *err);
int damage_wal_earlier(struct damage_case *hurt, struct err *err);
int damage_wal_beside_rollback(struct damage_case *hurt, struct err *err);
int damage_shm_noise(struct damage_case *hurt, struct err *err);

#endif
