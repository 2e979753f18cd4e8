/* What if bytes of a page, or whole pages, are not what was written? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "proof/damage/damage_case.h"

/* Any page of these kinds that is no root, a random one; 0: there is none. The schema's own tree is
 * left out: it has few rows, and any hit there is seen at once. */
static uint32_t some_page(struct damage_case *hurt, enum damage_page_kind kind,
                          enum damage_page_kind or_kind, uint32_t except)
{
    const struct damage_map *map = &hurt->base->map;
    uint32_t seen = 0, chosen = 0;
    for (uint32_t page = 2; page <= map->page_count; page++) {
        if ((map->pages[page].kind != kind && map->pages[page].kind != or_kind) ||
            map->pages[page].tree == 0 || page == except)
            continue;
        if (damage_random(hurt, ++seen) == 0)
            chosen = page;
    }
    return chosen;
}

/* A whole copy in memory; the caller frees it. */
static unsigned char *copy_bytes(const struct damage_base *base)
{
    unsigned char *bytes = xcalloc(base->map.length, 1);
    memcpy(bytes, base->map.bytes, base->map.length);
    return bytes;
}

static int put(struct damage_case *hurt, unsigned char *bytes, size_t length, struct err *err)
{
    int rc = damage_write_file(hurt->path, bytes, length, err);
    free(bytes);
    return rc < 0 ? -1 : 1;
}

/* One bit of one byte that is marked in the mask. */
static int flip_in(struct damage_case *hurt, uint32_t page, const unsigned char mask[],
                   struct err *err)
{
    const struct damage_map *map = &hurt->base->map;
    unsigned char *bytes;
    uint32_t seen = 0, chosen = 0, bit = (uint32_t)damage_random(hurt, 8);
    for (uint32_t i = 0; i < map->page_bytes; i++)
        if (mask[i] && damage_random(hurt, ++seen) == 0)
            chosen = i;
    if (!seen)
        return 0;
    snprintf(hurt->place, sizeof hurt->place, "page %u, byte %u, bit %u", page, chosen, bit);
    bytes = copy_bytes(hurt->base);
    bytes[(size_t)(page - 1) * map->page_bytes + chosen] ^= (unsigned char)(1u << bit);
    return put(hurt, bytes, map->length, err);
}

int damage_flip(struct damage_case *hurt, struct err *err)
{
    const struct damage_map *map = &hurt->base->map;
    const struct damage_hit *hit = hurt->kind->with;
    uint32_t page = some_page(hurt, hit->page, hit->or_page, 0);
    unsigned char *mask;
    int rc;
    if (!page)
        return 0;
    mask = xcalloc(map->page_bytes, 1);
    if (hit->bytes == HIT_ANY)
        memset(mask, 1, map->usable);
    else if (hit->bytes == HIT_PAYLOAD)
        damage_map_payload(map, page, mask);
    else
        damage_map_used(map, page, mask);
    if (hit->bytes == HIT_HEADER) { /* of a leaf: 8 bytes, then 2 for each cell */
        const unsigned char *at = map->bytes + (size_t)(page - 1) * map->page_bytes;
        size_t bytes = 8 + 2 * ((size_t)at[3] << 8 | at[4]);
        memset(mask + bytes, 0, map->page_bytes - bytes);
    }
    rc = flip_in(hurt, page, mask, err);
    free(mask);
    return rc;
}

int damage_header(struct damage_case *hurt, struct err *err)
{
    unsigned char *mask = xcalloc(hurt->base->map.page_bytes, 1);
    int rc;
    memset(mask, 1, 100);
    rc = flip_in(hurt, 1, mask, err);
    free(mask);
    return rc;
}

/* ---- whole pages ---- */

static unsigned char *page_of(const struct damage_case *hurt, unsigned char *bytes, uint32_t page)
{
    return bytes + (size_t)(page - 1) * hurt->base->map.page_bytes;
}

/* Zeros, or noise, in place of a page of one of these kinds. */
static int overwrite(struct damage_case *hurt, enum damage_page_kind or_kind, bool noise,
                     struct err *err)
{
    uint32_t page = some_page(hurt, PAGE_TABLE_LEAF, or_kind, 0);
    unsigned char *bytes = page ? copy_bytes(hurt->base) : NULL;
    if (!bytes)
        return 0;
    snprintf(hurt->place, sizeof hurt->place, "page %u", page);
    for (uint32_t i = 0; i < hurt->base->map.page_bytes; i++)
        page_of(hurt, bytes, page)[i] = noise ? (unsigned char)damage_random(hurt, 256) : 0;
    return put(hurt, bytes, hurt->base->map.length, err);
}

int damage_leaf_zeroed(struct damage_case *hurt, struct err *err)
{
    return overwrite(hurt, PAGE_TABLE_LEAF, false, err);
}

int damage_leaf_noise(struct damage_case *hurt, struct err *err)
{
    return overwrite(hurt, PAGE_INDEX_LEAF, true, err);
}

/* One leaf over another, and with `back` that one in its place. */
static int misdirect(struct damage_case *hurt, bool back, struct err *err)
{
    const struct damage_map *map = &hurt->base->map;
    uint32_t to = some_page(hurt, PAGE_TABLE_LEAF, PAGE_TABLE_LEAF, 0);
    uint32_t from = some_page(hurt, PAGE_TABLE_LEAF, PAGE_TABLE_LEAF, to);
    unsigned char *bytes;
    snprintf(hurt->place, sizeof hurt->place, "pages %u and %u", to, from);
    if (!to || !from)
        return 0;
    bytes = copy_bytes(hurt->base);
    memcpy(page_of(hurt, bytes, to), page_of(hurt, map->bytes, from), map->page_bytes);
    if (back)
        memcpy(page_of(hurt, bytes, from), page_of(hurt, map->bytes, to), map->page_bytes);
    return put(hurt, bytes, map->length, err);
}

int damage_leaves_swapped(struct damage_case *hurt, struct err *err)
{
    return misdirect(hurt, true, err);
}

int damage_leaf_misdirected(struct damage_case *hurt, struct err *err)
{
    return misdirect(hurt, false, err);
}

/* As it was before a row was last written: its time of completion was not known yet. */
static int make_earlier(struct damage_case *hurt, uint64_t offset, struct err *err)
{
    struct sqlite3 *database = damage_open(hurt->path, err);
    char *sql = text_format("UPDATE agent_executions SET completed_ns = NULL WHERE rowid ="
                            " (SELECT rowid FROM agent_executions NOT INDEXED WHERE completed_ns"
                            " IS NOT NULL LIMIT 1 OFFSET %llu %% max(1, (SELECT count(*) FROM"
                            " agent_executions WHERE completed_ns IS NOT NULL)));"
                            " PRAGMA wal_checkpoint(TRUNCATE)",
                            (unsigned long long)offset);
    int rc = database ? damage_execute(database, sql, err) : -1;
    damage_close(database);
    free(sql);
    return rc;
}

/* A write of a leaf that never reached the disk. */
int damage_leaf_stale(struct damage_case *hurt, struct err *err)
{
    const struct damage_map *map = &hurt->base->map;
    struct damage_map earlier = {0};
    unsigned char *bytes = NULL;
    uint32_t stale = 0;
    if (damage_copy_file(hurt->base->plain, hurt->path, err) < 0 ||
        make_earlier(hurt, damage_random(hurt, 1u << 30), err) < 0 ||
        damage_map_read(&earlier, hurt->path, err) < 0)
        return -1;
    for (uint32_t page = 2; page <= map->page_count && page <= earlier.page_count; page++)
        if (map->pages[page].kind == PAGE_TABLE_LEAF && map->pages[page].tree != 0 &&
            memcmp(page_of(hurt, map->bytes, page), page_of(hurt, earlier.bytes, page),
                   map->page_bytes) != 0)
            stale = page;
    if (stale) {
        bytes = copy_bytes(hurt->base);
        memcpy(page_of(hurt, bytes, stale), page_of(hurt, earlier.bytes, stale), map->page_bytes);
        snprintf(hurt->place, sizeof hurt->place, "page %u", stale);
    }
    damage_map_release(&earlier);
    return stale ? put(hurt, bytes, map->length, err) : 0;
}

/* ---- the file cut short ---- */

/* How many of the last pages, eight at most, may be cut. */
static uint32_t most_cut(const struct damage_map *map)
{
    return map->page_count > 8 ? 8 : map->page_count - 1;
}

static int cut(struct damage_case *hurt, size_t bytes, struct err *err)
{
    return put(hurt, copy_bytes(hurt->base), hurt->base->map.length - bytes, err);
}

int damage_cut_pages(struct damage_case *hurt, struct err *err)
{
    uint32_t most = most_cut(&hurt->base->map), pages;
    if (!most)
        return 0;
    pages = 1 + (uint32_t)damage_random(hurt, most);
    snprintf(hurt->place, sizeof hurt->place, "the last %u pages", pages);
    return cut(hurt, (size_t)pages * hurt->base->map.page_bytes, err);
}

int damage_cut_mid_page(struct damage_case *hurt, struct err *err)
{
    uint32_t most = most_cut(&hurt->base->map), page_bytes = hurt->base->map.page_bytes;
    size_t bytes;
    if (!most)
        return 0;
    bytes = damage_random(hurt, most) * page_bytes;
    bytes += 1 + damage_random(hurt, page_bytes - 1);
    snprintf(hurt->place, sizeof hurt->place, "the last %zu bytes", bytes);
    return cut(hurt, bytes, err);
}

int damage_emptied(struct damage_case *hurt, struct err *err)
{
    snprintf(hurt->place, sizeof hurt->place, "all of it");
    return put(hurt, NULL, 0, err);
}

/* An odd number: no room that SQLite makes in advance. */
int damage_bytes_behind(struct damage_case *hurt, struct err *err)
{
    size_t length = hurt->base->map.length;
    size_t count = 1 | damage_random(hurt, 2 * (uint64_t)hurt->base->map.page_bytes);
    unsigned char *bytes = xcalloc(length + count, 1);
    memcpy(bytes, hurt->base->map.bytes, length);
    for (size_t i = 0; i < count; i++)
        bytes[length + i] = (unsigned char)(1 + damage_random(hurt, 255));
    snprintf(hurt->place, sizeof hurt->place, "%zu bytes", count);
    return put(hurt, bytes, length + count, err);
}

/* ---- is it harmless? ---- */

/* Do the pages differ in a byte that somebody reads? */
static bool differs_where_used(const struct damage_map *map, const unsigned char *now,
                               size_t page_index, unsigned char mask[])
{
    const unsigned char *then = map->bytes + page_index * map->page_bytes;
    if (memcmp(then, now, map->page_bytes) == 0)
        return false;
    damage_map_used(map, (uint32_t)page_index + 1, mask);
    for (uint32_t i = 0; i < map->page_bytes; i++)
        if (mask[i] && then[i] != now[i])
            return true;
    return false;
}

static bool same_file(const char *left, const char *right)
{
    char *a = NULL, *b = NULL;
    size_t length_a = 0, length_b = 0;
    bool same = text_read_file(&a, &length_a, left, (size_t)1 << 30, NULL) == 0 &&
                text_read_file(&b, &length_b, right, (size_t)1 << 30, NULL) == 0 &&
                length_a == length_b && memcmp(a, b, length_a) == 0;
    free(a);
    free(b);
    return same;
}

static bool late_is_untouched(const struct damage_case *hurt)
{
    char *wal = text_format("%s-wal", hurt->base->late);
    bool same = same_file(hurt->path, hurt->base->late) && same_file(hurt->wal, wal);
    free(wal);
    return same;
}

/* A page that is cut reads as if zeros followed. source: SQLite's unixRead, short reads */
bool damage_only_unused(const struct damage_case *hurt)
{
    const struct damage_map *map = &hurt->base->map;
    char *bytes = NULL;
    unsigned char *padded, *mask;
    size_t length = 0;
    bool unused;
    if (hurt->late)
        return late_is_untouched(hurt);
    if (text_read_file(&bytes, &length, hurt->path, map->length, NULL) < 0)
        return false;
    unused = length + map->page_bytes > map->length;
    padded = xcalloc(map->length, 1);
    mask = xcalloc(map->page_bytes, 1);
    memcpy(padded, bytes, unused ? length : 0);
    for (size_t i = 0; unused && i < map->page_count; i++)
        unused = !differs_where_used(map, padded + i * map->page_bytes, i, mask);
    free(mask);
    free(padded);
    free(bytes);
    return unused;
}
