/* What does a disk hold when the power comes back? What was synced, and of the rest nothing, all
 * or a part.
 *
 * Of a part each page is kept or not by itself, some in sectors; each change of a name likewise,
 * the two of a rename together. How much of all is kept differs from cut to cut. */
#include <string.h>

#include "base/text.h"
#include "proof/power/cutdisk_internal.h"

#define TORN_ONE_IN 4 /* pages of which anything is kept */

/* One cut. */
struct cut {
    struct cutdisk *disk;
    enum cutdisk_kept kept;
    uint64_t seed;
    double share; /* of a part: how likely each is kept */
    struct cutdisk_told told;
};

/* What becomes of one file: random numbers of its own, so that they do not depend on the others. */
struct fate {
    struct cut *cut;
    uint64_t random;
    bool shorter, lasts; /* it was truncated since it was synced; that is kept */
    size_t last_kept;    /* bytes up to the end of the last page of which anything is kept */
};

/* source : splitmix64, Steele, Lea and Flood 2014 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double uniform(uint64_t *state)
{
    return (double)(next_random(state) >> 11) / (double)(UINT64_C(1) << 53);
}

static uint64_t stream_of(const struct cut *cut, uint64_t number)
{
    uint64_t state = cut->seed ^ number * UINT64_C(0xd1342543de82ef95);
    return next_random(&state);
}

static bool is_kept(const struct cut *cut, uint64_t *random)
{
    return cut->kept == CUTDISK_ALL || (cut->kept == CUTDISK_PART && uniform(random) < cut->share);
}

/* ---- bytes ---- */

/* Some sectors of what the processes wrote, the others as they were. */
static void tear(struct fate *fate, struct cutdisk_page *page)
{
    unsigned char *mixed = xcalloc(1, CUTDISK_PAGE_BYTES);
    for (size_t at = 0; at < CUTDISK_PAGE_BYTES; at += CUTDISK_SECTOR_BYTES) {
        const unsigned char *from = next_random(&fate->random) & 1 ? page->live : page->durable;
        if (from)
            memcpy(mixed + at, from + at, CUTDISK_SECTOR_BYTES);
    }
    cutdisk_page_set(fate->cut->disk, page, mixed, mixed);
    fate->cut->disk->bytes += CUTDISK_PAGE_BYTES;
    fate->cut->told.torn++;
}

/* The page in which a truncated file ends, and all behind it, go with the truncation. */
static void settle_page(struct fate *fate, const struct cutdisk_node *node, size_t index)
{
    struct cutdisk_page *page = &node->pages[index];
    struct cut *cut = fate->cut;
    bool ends = fate->shorter && (off_t)(index + 1) * CUTDISK_PAGE_BYTES > node->size;
    bool kept;
    if (page->live == page->durable)
        return;
    cut->told.pages++;
    kept = ends ? fate->lasts : is_kept(cut, &fate->random);
    if (kept) {
        cut->told.pages_kept++;
        fate->last_kept = (index + 1) * CUTDISK_PAGE_BYTES;
    }
    if (kept && !ends && cut->kept == CUTDISK_PART && next_random(&fate->random) % TORN_ONE_IN == 0)
        tear(fate, page);
    else if (kept)
        cutdisk_page_set(cut->disk, page, page->live, page->live);
    else
        cutdisk_page_set(cut->disk, page, page->durable, page->durable);
}

/* A file that grew ends behind what is kept of it, or where the processes saw its end. */
static off_t settle_size(struct fate *fate, const struct cutdisk_node *node)
{
    off_t end = (off_t)fate->last_kept;
    if (node->size <= node->durable_size)
        return fate->shorter && !fate->lasts ? node->durable_size : node->size;
    if (is_kept(fate->cut, &fate->random) || end > node->size)
        return node->size;
    return end > node->durable_size ? end : node->durable_size;
}

static void clear_behind_end(struct cutdisk *disk, struct cutdisk_node *node)
{
    size_t tail = (size_t)node->size % CUTDISK_PAGE_BYTES;
    for (size_t i = (size_t)node->size / CUTDISK_PAGE_BYTES; i < node->page_count; i++) {
        unsigned char *page = node->pages[i].live;
        if (page && tail)
            memset(page + tail, 0, CUTDISK_PAGE_BYTES - tail);
        else if (page)
            cutdisk_page_set(disk, &node->pages[i], NULL, NULL);
        tail = 0;
    }
}

static void settle_file(struct cut *cut, struct cutdisk_node *node)
{
    struct fate fate = {.cut = cut, .random = stream_of(cut, node->number)};
    size_t before = cut->told.pages;
    bool resized = node->size != node->durable_size;
    fate.shorter = node->size < node->durable_size;
    fate.lasts = fate.shorter && is_kept(cut, &fate.random);
    for (size_t i = 0; i < node->page_count; i++)
        settle_page(&fate, node, i);
    cut->told.files += resized || cut->told.pages > before;
    node->size = node->durable_size = settle_size(&fate, node);
    clear_behind_end(cut->disk, node);
}

/* ---- names ---- */

/* The two halves of a rename are about the same file, and so are drawn alike. */
static void settle_name(struct cut *cut, struct cutdisk_name *name)
{
    const struct cutdisk_node *about = name->live ? name->live : name->durable;
    uint64_t random;
    bool kept;
    if (name->live == name->durable)
        return;
    random = stream_of(cut, ~about->number);
    kept = is_kept(cut, &random);
    cut->told.names++;
    cut->told.names_kept += kept;
    about = kept ? name->live : name->durable;
    cutdisk_name_set(cut->disk, name, (struct cutdisk_node *)about, (struct cutdisk_node *)about);
}

static bool is_named(const struct cutdisk *disk, const struct cutdisk_node *node)
{
    for (size_t i = 0; i < disk->name_count; i++)
        if (disk->names[i].live == node)
            return true;
    return node->number == CUTDISK_ROOT;
}

/* What lies in a directory that is not there is not there either. */
static void drop_unreachable(struct cutdisk *disk)
{
    bool dropped = true;
    while (dropped) {
        dropped = false;
        for (size_t i = 0; i < disk->name_count; i++) {
            struct cutdisk_name *name = &disk->names[i];
            if (!name->directory || is_named(disk, name->directory))
                continue;
            cutdisk_name_set(disk, name, NULL, NULL);
            dropped = true;
        }
    }
}

static void count_links(struct cutdisk *disk)
{
    for (size_t i = 0; i < disk->node_count; i++)
        if (disk->nodes[i])
            disk->nodes[i]->links = S_ISDIR(disk->nodes[i]->mode) ? 2 : 0;
    for (size_t i = 0; i < disk->name_count; i++) {
        const struct cutdisk_name *name = &disk->names[i];
        if (!name->directory || !name->live)
            continue;
        if (S_ISDIR(name->live->mode))
            name->directory->links++;
        else
            name->live->links++;
    }
}

struct cutdisk_told cutdisk_cut(struct cutdisk *disk, enum cutdisk_kept kept, uint64_t seed)
{
    struct cut cut = {.disk = disk, .kept = kept, .seed = seed};
    uint64_t random = stream_of(&cut, 0);
    cut.share = uniform(&random);
    for (size_t i = 0; i < disk->node_count; i++)
        if (disk->nodes[i]) {
            disk->nodes[i]->held = 1; /* until all names are settled */
            if (S_ISREG(disk->nodes[i]->mode))
                settle_file(&cut, disk->nodes[i]);
        }
    for (size_t i = 0; i < disk->name_count; i++)
        if (disk->names[i].directory)
            settle_name(&cut, &disk->names[i]);
    if (disk->strict)
        drop_unreachable(disk);
    count_links(disk);
    for (size_t i = 0; i < disk->node_count; i++)
        if (disk->nodes[i])
            cutdisk_forget(disk, disk->nodes[i], 1);
    return cut.told;
}
