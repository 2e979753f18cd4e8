/* What is each page of a database file for, and which of its bytes does anybody read?
 *
 * Page headers are parsed here rather than asked of dbstat, which not every SQLite has and which
 * knows neither freelist nor pointer map. The file is an honest store of ours, yet every offset is
 * checked: a wrong one ends the walk with an error.
 * source : fileformat2.html, 1.3 to 1.8
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "proof/damage/damage_case.h"

#define MOST_BYTES ((size_t)1 << 30) /* of a database that is damaged for a test */
#define MOST_DEPTH 20
#define MAP_ENTRY  5

/* One cell of a b-tree page. */
struct cell {
    uint32_t from, bytes; /* all of it that lies in its page */
    uint32_t payload_from, payload_bytes;
    uint32_t overflow, beyond; /* first overflow page or 0; bytes of payload there */
    uint32_t child;            /* or 0 */
};

static uint32_t big2(const unsigned char *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t big4(const unsigned char *at)
{
    return big2(at) << 16 | big2(at + 2);
}

static const unsigned char *page_at(const struct damage_map *map, uint32_t page)
{
    return map->bytes + (size_t)(page - 1) * map->page_bytes;
}

static uint32_t header_at(uint32_t page)
{
    return page == 1 ? 100 : 0;
}

static bool is_interior(unsigned type)
{
    return type == 2 || type == 5;
}

static uint64_t varint(const unsigned char *at, const unsigned char *end, uint32_t *length)
{
    uint64_t value = 0;
    for (*length = 0; at + *length < end && *length < 8;) {
        unsigned char byte = at[(*length)++];
        value = value << 7 | (byte & 0x7f);
        if (!(byte & 0x80))
            return value;
    }
    if (at + *length < end)
        value = value << 8 | at[(*length)++];
    return value;
}

/* How much of a payload stays in its page. source: fileformat2.html 1.6 */
static uint32_t local_bytes(const struct damage_map *map, unsigned type, uint64_t payload)
{
    uint32_t u = map->usable, least = (u - 12) * 32 / 255 - 23;
    uint32_t most = type == 13 ? u - 35 : (u - 12) * 64 / 255 - 23;
    uint64_t some;
    if (payload <= most)
        return (uint32_t)payload;
    some = least + (payload - least) % (u - 4);
    return some <= most ? (uint32_t)some : least;
}

/* 0, or -1 when it does not lie in its page. */
static int read_cell(struct cell *out, const struct damage_map *map, uint32_t page, uint32_t index)
{
    const unsigned char *at = page_at(map, page), *end = at + map->usable;
    const unsigned char *header = at + header_at(page);
    unsigned type = header[0];
    uint32_t place = header_at(page) + (is_interior(type) ? 12 : 8) + 2 * index, length;
    uint64_t payload;
    *out = (struct cell){0};
    if (place + 2 > map->usable || big2(at + place) + 4 > map->usable)
        return -1;
    out->from = big2(at + place);
    place = out->from;
    if (is_interior(type)) {
        out->child = big4(at + place);
        place += 4;
    }
    if (type == 5) {
        varint(at + place, end, &length);
        out->bytes = place + length - out->from;
        return 0;
    }
    payload = varint(at + place, end, &length);
    place += length;
    if (type == 13) {
        varint(at + place, end, &length);
        place += length;
    }
    out->payload_from = place;
    out->payload_bytes = local_bytes(map, type, payload);
    place += out->payload_bytes;
    if (payload > out->payload_bytes) {
        if (place + 4 > map->usable || payload > UINT32_MAX)
            return -1;
        out->overflow = big4(at + place);
        out->beyond = (uint32_t)payload - out->payload_bytes;
        place += 4;
    }
    out->bytes = place - out->from;
    return place <= map->usable ? 0 : -1;
}

static int claim(struct damage_map *map, uint32_t page, enum damage_page_kind kind, int tree)
{
    if (page < 1 || page > map->page_count || map->pages[page].kind != PAGE_UNKNOWN)
        return -1;
    map->pages[page].kind = kind;
    map->pages[page].tree = tree;
    return 0;
}

static int walk_overflow(struct damage_map *map, const struct cell *cell, int tree)
{
    uint32_t page = cell->overflow, left = cell->beyond;
    while (left) {
        uint32_t used = left < map->usable - 4 ? left : map->usable - 4;
        if (claim(map, page, PAGE_OVERFLOW, tree) < 0)
            return -1;
        map->pages[page].used = used;
        left -= used;
        page = big4(page_at(map, page));
    }
    return 0;
}

static uint32_t cell_count(const struct damage_map *map, uint32_t page)
{
    return big2(page_at(map, page) + header_at(page) + 3);
}

/* NOLINTNEXTLINE(misc-no-recursion): at most MOST_DEPTH deep */
static int walk_tree(struct damage_map *map, uint32_t page, int tree, int depth)
{
    static const enum damage_page_kind kinds[14] = {
        [2] = PAGE_INDEX_INTERIOR,
        [5] = PAGE_TABLE_INTERIOR,
        [10] = PAGE_INDEX_LEAF,
        [13] = PAGE_TABLE_LEAF,
    };
    const unsigned char *header;
    unsigned type;
    if (page < 1 || page > map->page_count || depth > MOST_DEPTH)
        return -1;
    header = page_at(map, page) + header_at(page);
    type = header[0];
    if (type > 13 || !kinds[type] || claim(map, page, kinds[type], tree) < 0)
        return -1;
    map->pages[page].root = depth == 0;
    for (uint32_t i = 0; i < cell_count(map, page); i++) {
        struct cell cell;
        if (read_cell(&cell, map, page, i) < 0 ||
            (cell.child && walk_tree(map, cell.child, tree, depth + 1) < 0) ||
            (cell.overflow && walk_overflow(map, &cell, tree) < 0))
            return -1;
    }
    return is_interior(type) ? walk_tree(map, big4(header + 8), tree, depth + 1) : 0;
}

static int walk_freelist(struct damage_map *map)
{
    for (uint32_t trunk = big4(map->bytes + 32); trunk; trunk = big4(page_at(map, trunk))) {
        uint32_t leaves;
        if (claim(map, trunk, PAGE_TRUNK, -1) < 0)
            return -1;
        leaves = big4(page_at(map, trunk) + 4);
        if (leaves > map->usable / 4 - 2)
            return -1;
        for (uint32_t i = 0; i < leaves; i++)
            if (claim(map, big4(page_at(map, trunk) + 8 + 4 * (size_t)i), PAGE_FREE_LEAF, -1) < 0)
                return -1;
    }
    return 0;
}

/* Every page map->usable / 5 + 1 pages, from the second on, if the database may be vacuumed. */
static int claim_pointer_maps(struct damage_map *map)
{
    if (big4(map->bytes + 52) == 0)
        return 0;
    for (uint32_t page = 2; page <= map->page_count; page += map->usable / MAP_ENTRY + 1)
        if (claim(map, page, PAGE_POINTER_MAP, -1) < 0)
            return -1;
    return 0;
}

/* Trees that are not of the contract count as the schema's own: nothing in them is hit. */
static int walk_roots(struct damage_map *map, const char *path)
{
    static const char sql[] =
        "SELECT rootpage, tbl_name IN ('agent_executions', 'consensus_runs', 'agent_outputs')"
        " FROM sqlite_master WHERE rootpage > 0 ORDER BY rowid";
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    int rc = walk_tree(map, 1, 0, 0), tree = 1;
    if (rc == 0 && (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
                    sqlite3_prepare_v2(database, sql, -1, &row, NULL) != SQLITE_OK))
        rc = -1;
    while (rc == 0 && sqlite3_step(row) == SQLITE_ROW)
        rc = walk_tree(map, (uint32_t)sqlite3_column_int64(row, 0),
                       sqlite3_column_int(row, 1) ? tree++ : 0, 0);
    sqlite3_finalize(row);
    sqlite3_close(database);
    return rc;
}

int damage_map_read(struct damage_map *out, const char *path, struct err *err)
{
    struct damage_map map = {0};
    char *bytes = NULL;
    if (text_read_file(&bytes, &map.length, path, MOST_BYTES, err) < 0)
        return -1;
    map.bytes = (unsigned char *)bytes;
    if (map.length >= 512) {
        map.page_bytes = big2(map.bytes + 16) == 1 ? 65536 : big2(map.bytes + 16);
        map.usable = map.page_bytes - map.bytes[20];
    }
    if (map.page_bytes >= 512 && map.length % map.page_bytes == 0) {
        map.page_count = (uint32_t)(map.length / map.page_bytes);
        map.pages = xcalloc((size_t)map.page_count + 1, sizeof *map.pages);
        if (claim_pointer_maps(&map) == 0 && walk_roots(&map, path) == 0 &&
            walk_freelist(&map) == 0) {
            *out = map;
            return 0;
        }
    }
    damage_map_release(&map);
    return err_set(err, ERR_FORMAT, "the pages of '%s' do not add up", path);
}

void damage_map_release(struct damage_map *map)
{
    free(map->bytes);
    free(map->pages);
    *map = (struct damage_map){0};
}

static void mark(unsigned char mask[], const struct damage_map *map, uint32_t from, uint32_t bytes)
{
    if (from < map->page_bytes)
        memset(mask + from, 1, bytes < map->page_bytes - from ? bytes : map->page_bytes - from);
}

/* Not its counters, which only tell a cache that it is old, and not what is reserved. */
static void mark_file_header(unsigned char mask[], const struct damage_map *map)
{
    static const struct {
        uint32_t from, to;
    } read[] = {{0, 24}, {28, 40}, {44, 72}};
    for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
        mark(mask, map, read[i].from, read[i].to - read[i].from);
}

static void mark_tree_page(unsigned char mask[], const struct damage_map *map, uint32_t page)
{
    const unsigned char *at = page_at(map, page);
    uint32_t from = header_at(page), count = cell_count(map, page);
    uint32_t free_block = big2(at + from + 1);
    mark(mask, map, from, (is_interior(at[from]) ? 12 : 8) + 2 * count);
    for (uint32_t i = 0; i < count; i++) {
        struct cell cell;
        if (read_cell(&cell, map, page, i) == 0)
            mark(mask, map, cell.from, cell.bytes);
    }
    while (free_block && free_block + 4 <= map->usable) {
        uint32_t next = big2(at + free_block);
        mark(mask, map, free_block, 4);
        if (next <= free_block)
            break;
        free_block = next;
    }
}

/* An entry for each page behind the map, as far as the file goes. */
static void mark_pointer_map(unsigned char mask[], const struct damage_map *map, uint32_t page)
{
    uint32_t entries = map->usable / MAP_ENTRY, behind = map->page_count - page;
    mark(mask, map, 0, MAP_ENTRY * (behind < entries ? behind : entries));
}

void damage_map_used(const struct damage_map *map, uint32_t page, unsigned char mask[])
{
    memset(mask, 0, map->page_bytes);
    if (page == 1)
        mark_file_header(mask, map);
    switch (map->pages[page].kind) {
    case PAGE_TABLE_LEAF:
    case PAGE_TABLE_INTERIOR:
    case PAGE_INDEX_LEAF:
    case PAGE_INDEX_INTERIOR:
        mark_tree_page(mask, map, page);
        break;
    case PAGE_OVERFLOW:
        mark(mask, map, 0, 4 + map->pages[page].used);
        break;
    case PAGE_TRUNK:
        mark(mask, map, 0, 8 + 4 * big4(page_at(map, page) + 4));
        break;
    case PAGE_POINTER_MAP:
        mark_pointer_map(mask, map, page);
        break;
    case PAGE_FREE_LEAF:
    case PAGE_UNKNOWN:
        break;
    }
}

void damage_map_payload(const struct damage_map *map, uint32_t page, unsigned char mask[])
{
    memset(mask, 0, map->page_bytes);
    for (uint32_t i = 0; i < cell_count(map, page); i++) {
        struct cell cell;
        if (read_cell(&cell, map, page, i) == 0)
            mark(mask, map, cell.payload_from, cell.payload_bytes);
    }
}
