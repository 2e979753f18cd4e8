/* What does a disk hold as long as the power lasts? Nodes, names, bytes, and what a sync makes
 * durable. What is left after a cut is in cutdisk_cut.c. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "proof/power/cutdisk_internal.h"

#define MOST_NAME 255

const char *const cutdisk_kept_names[CUTDISK_KEPTS + 1] = {"nothing", "all", "part", NULL};
const char *const cutdisk_names_names[CUTDISK_STRICT + 2] = {"ordered", "strict", NULL};

/* ---- nodes ---- */

static struct cutdisk_node *add_node(struct cutdisk *disk, mode_t mode)
{
    struct cutdisk_node *node = xcalloc(1, sizeof *node);
    if (disk->node_count == disk->node_room) {
        disk->node_room = 2 * disk->node_room + 64;
        disk->nodes = xrealloc(disk->nodes, disk->node_room, sizeof(void *));
    }
    node->number = CUTDISK_ROOT + disk->node_count;
    node->mode = mode;
    node->links = S_ISDIR(mode) ? 2 : 0;
    clock_gettime(CLOCK_REALTIME, &node->changed);
    node->accessed = node->modified = node->changed;
    disk->nodes[disk->node_count++] = node;
    return node;
}

static void free_node(struct cutdisk *disk, struct cutdisk_node *node)
{
    for (size_t i = 0; i < node->page_count; i++)
        cutdisk_page_set(disk, &node->pages[i], NULL, NULL);
    disk->nodes[node->number - CUTDISK_ROOT] = NULL;
    free(node->pages);
    free(node->target);
    free(node);
}

void cutdisk_let_go(struct cutdisk *disk, struct cutdisk_node *node)
{
    if (node->held == 0 && node->names == 0 && node->number != CUTDISK_ROOT)
        free_node(disk, node);
}

struct cutdisk *cutdisk_new(enum cutdisk_names names, size_t most_bytes)
{
    struct cutdisk *disk = xcalloc(1, sizeof *disk);
    disk->strict = names == CUTDISK_STRICT;
    disk->most_bytes = most_bytes;
    add_node(disk, S_IFDIR | 0755);
    return disk;
}

void cutdisk_free(struct cutdisk *disk)
{
    if (!disk)
        return;
    for (size_t i = 0; i < disk->name_count; i++)
        free(disk->names[i].name);
    for (size_t i = 0; i < disk->node_count; i++)
        if (disk->nodes[i])
            free_node(disk, disk->nodes[i]);
    free(disk->names);
    free(disk->nodes);
    free(disk);
}

struct cutdisk_node *cutdisk_node(const struct cutdisk *disk, uint64_t number)
{
    return number >= CUTDISK_ROOT && number - CUTDISK_ROOT < disk->node_count
               ? disk->nodes[number - CUTDISK_ROOT]
               : NULL;
}

void cutdisk_forget(struct cutdisk *disk, struct cutdisk_node *node, uint64_t count)
{
    node->held -= count < node->held ? count : node->held;
    cutdisk_let_go(disk, node);
}

size_t cutdisk_bytes(const struct cutdisk *disk)
{
    return disk->bytes;
}

size_t cutdisk_most_bytes(const struct cutdisk *disk)
{
    return disk->most_bytes;
}

/* ---- names ---- */

static bool leads_somewhere(const struct cutdisk_name *name)
{
    return name->live || name->durable;
}

void cutdisk_name_set(struct cutdisk *disk, struct cutdisk_name *name, struct cutdisk_node *live,
                      struct cutdisk_node *durable)
{
    struct cutdisk_node *was[] = {name->live, name->durable};
    struct cutdisk_node *directory = name->directory;
    if (live)
        live->names++;
    if (durable)
        durable->names++;
    name->live = live;
    name->durable = durable;
    if (!leads_somewhere(name)) {
        free(name->name);
        *name = (struct cutdisk_name){0};
        directory->names--;
    }
    for (size_t i = 0; i < 2; i++)
        if (was[i] && --was[i]->names == 0)
            cutdisk_let_go(disk, was[i]);
    if (directory->names == 0)
        cutdisk_let_go(disk, directory);
}

/* As the processes see it: durable at once where names are ordered. */
static void change(struct cutdisk *disk, struct cutdisk_name *name, struct cutdisk_node *live)
{
    clock_gettime(CLOCK_REALTIME, &name->directory->modified);
    name->directory->changed = name->directory->modified;
    cutdisk_name_set(disk, name, live, disk->strict ? name->durable : live);
}

static struct cutdisk_name *find_name(const struct cutdisk *disk,
                                      const struct cutdisk_node *directory, const char *name)
{
    for (size_t i = 0; i < disk->name_count; i++)
        if (disk->names[i].directory == directory && strcmp(disk->names[i].name, name) == 0)
            return &disk->names[i];
    return NULL;
}

/* The one that is there, or an empty one; a place that nobody uses keeps the others where they
 * are, so that a directory can be changed while it is listed. */
static struct cutdisk_name *get_name(struct cutdisk *disk, struct cutdisk_node *directory,
                                     const char *name)
{
    struct cutdisk_name *found = find_name(disk, directory, name);
    for (size_t i = 0; i < disk->name_count && !found; i++)
        if (!disk->names[i].directory)
            found = &disk->names[i];
    if (!found) {
        if (disk->name_count == disk->name_room) {
            disk->name_room = 2 * disk->name_room + 64;
            disk->names = xrealloc(disk->names, disk->name_room, sizeof *disk->names);
        }
        found = &disk->names[disk->name_count++];
        *found = (struct cutdisk_name){0};
    }
    if (!found->directory) {
        found->directory = directory;
        found->name = xstrdup(name);
        directory->names++; /* a name that is only durable keeps its directory */
    }
    return found;
}

struct cutdisk_node *cutdisk_find(const struct cutdisk *disk, const struct cutdisk_node *directory,
                                  const char *name)
{
    const struct cutdisk_name *found = find_name(disk, directory, name);
    return found ? found->live : NULL;
}

bool cutdisk_next(const struct cutdisk *disk, const struct cutdisk_node *directory, size_t *at,
                  const char **name, struct cutdisk_node **node)
{
    for (; *at < disk->name_count; ++*at) {
        const struct cutdisk_name *one = &disk->names[*at];
        if (one->directory != directory || !one->live)
            continue;
        *name = one->name;
        *node = one->live;
        ++*at;
        return true;
    }
    return false;
}

static bool is_empty(const struct cutdisk *disk, const struct cutdisk_node *directory)
{
    const char *name;
    struct cutdisk_node *node;
    size_t at = 0;
    return !cutdisk_next(disk, directory, &at, &name, &node);
}

static int check_new(const struct cutdisk *disk, const struct cutdisk_node *directory,
                     const char *name)
{
    if (strlen(name) > MOST_NAME)
        return ENAMETOOLONG;
    if (!S_ISDIR(directory->mode))
        return ENOTDIR;
    return cutdisk_find(disk, directory, name) ? EEXIST : 0;
}

int cutdisk_make(struct cutdisk *disk, struct cutdisk_node *directory, const char *name,
                 mode_t mode, const char *target, struct cutdisk_node **out)
{
    int error = check_new(disk, directory, name);
    if (error)
        return error;
    *out = add_node(disk, mode);
    (*out)->target = target ? xstrdup(target) : NULL;
    (*out)->size = target ? (off_t)strlen(target) : 0;
    (*out)->links += !S_ISDIR(mode);
    directory->links += S_ISDIR(mode);
    change(disk, get_name(disk, directory, name), *out);
    return 0;
}

int cutdisk_link(struct cutdisk *disk, struct cutdisk_node *node, struct cutdisk_node *directory,
                 const char *name)
{
    int error = check_new(disk, directory, name);
    if (error || S_ISDIR(node->mode))
        return error ? error : EPERM;
    node->links++;
    clock_gettime(CLOCK_REALTIME, &node->changed);
    change(disk, get_name(disk, directory, name), node);
    return 0;
}

/* No process sees it there any longer. */
static void unlink_node(struct cutdisk_node *directory, struct cutdisk_node *node)
{
    node->links -= S_ISDIR(node->mode) ? 2 : 1;
    directory->links -= S_ISDIR(node->mode);
    clock_gettime(CLOCK_REALTIME, &node->changed);
}

static int check_removal(const struct cutdisk *disk, const struct cutdisk_node *node,
                         bool is_directory)
{
    if (S_ISDIR(node->mode) != is_directory)
        return is_directory ? ENOTDIR : EISDIR;
    return is_directory && !is_empty(disk, node) ? ENOTEMPTY : 0;
}

int cutdisk_remove(struct cutdisk *disk, struct cutdisk_node *directory, const char *name,
                   bool is_directory)
{
    struct cutdisk_name *found = find_name(disk, directory, name);
    int error = found && found->live ? check_removal(disk, found->live, is_directory) : ENOENT;
    if (error)
        return error;
    unlink_node(directory, found->live);
    change(disk, found, NULL);
    return 0;
}

int cutdisk_rename(struct cutdisk *disk, struct cutdisk_node *from, const char *name,
                   struct cutdisk_node *to, const char *new_name, unsigned int flags)
{
    struct cutdisk_node *moved = cutdisk_find(disk, from, name), *was;
    int error;
    if (flags & ~RENAME_NOREPLACE)
        return EINVAL;
    if (!moved)
        return ENOENT;
    was = cutdisk_find(disk, to, new_name);
    error = check_new(disk, to, new_name);
    if (error == EEXIST && was != moved && !(flags & RENAME_NOREPLACE))
        error = check_removal(disk, was, S_ISDIR(moved->mode));
    if (error || was == moved)
        return was == moved && !(flags & RENAME_NOREPLACE) ? 0 : error;
    if (was)
        unlink_node(to, was);
    from->links -= S_ISDIR(moved->mode);
    to->links += S_ISDIR(moved->mode);
    moved->held++; /* it has no name in between where names are ordered */
    change(disk, find_name(disk, from, name), NULL);
    change(disk, get_name(disk, to, new_name), moved);
    moved->held--;
    clock_gettime(CLOCK_REALTIME, &moved->changed);
    return 0;
}

/* ---- bytes ---- */

void cutdisk_page_set(struct cutdisk *disk, struct cutdisk_page *page, unsigned char *live,
                      unsigned char *durable)
{
    unsigned char *was[] = {page->live, page->durable == page->live ? NULL : page->durable};
    for (size_t i = 0; i < 2; i++)
        if (was[i] && was[i] != live && was[i] != durable) {
            free(was[i]);
            disk->bytes -= CUTDISK_PAGE_BYTES;
        }
    page->live = live;
    page->durable = durable;
}

static size_t pages_of(off_t size)
{
    return ((size_t)size + CUTDISK_PAGE_BYTES - 1) / CUTDISK_PAGE_BYTES;
}

static void make_room(struct cutdisk_node *node, size_t pages)
{
    size_t room = node->page_count ? node->page_count : 1;
    if (pages <= node->page_count)
        return;
    while (room < pages)
        room *= 2;
    node->pages = xrealloc(node->pages, room, sizeof *node->pages);
    memset(&node->pages[node->page_count], 0, (room - node->page_count) * sizeof *node->pages);
    node->page_count = room;
}

/* A page that differs from what is durable, to be written to; NULL: there is no space. */
static unsigned char *write_page(struct cutdisk *disk, struct cutdisk_page *page)
{
    unsigned char *live;
    if (page->live && page->live != page->durable)
        return page->live;
    if (disk->bytes + CUTDISK_PAGE_BYTES > disk->most_bytes)
        return NULL;
    live = xcalloc(1, CUTDISK_PAGE_BYTES);
    disk->bytes += CUTDISK_PAGE_BYTES;
    if (page->live)
        memcpy(live, page->live, CUTDISK_PAGE_BYTES);
    page->live = live;
    return live;
}

/* How much of `count` bytes from `at` on lies in that page. */
static size_t within(off_t at, size_t count)
{
    size_t rest = CUTDISK_PAGE_BYTES - (size_t)at % CUTDISK_PAGE_BYTES;
    return count < rest ? count : rest;
}

size_t cutdisk_read(const struct cutdisk_node *node, void *bytes, size_t count, off_t at)
{
    size_t done = 0;
    if (at >= node->size)
        return 0;
    if ((off_t)count > node->size - at)
        count = (size_t)(node->size - at);
    while (done < count) {
        size_t index = (size_t)at / CUTDISK_PAGE_BYTES, part = within(at, count - done);
        const unsigned char *page = index < node->page_count ? node->pages[index].live : NULL;
        if (page)
            memcpy((char *)bytes + done, page + (size_t)at % CUTDISK_PAGE_BYTES, part);
        else
            memset((char *)bytes + done, 0, part);
        done += part;
        at += (off_t)part;
    }
    return count;
}

static int check_size(const struct cutdisk *disk, off_t size)
{
    return size < 0 || (uint64_t)size > disk->most_bytes ? EFBIG : 0;
}

static void touch(struct cutdisk_node *node)
{
    clock_gettime(CLOCK_REALTIME, &node->modified);
    node->changed = node->modified;
}

int cutdisk_write(struct cutdisk *disk, struct cutdisk_node *node, const void *bytes, size_t count,
                  off_t at)
{
    size_t done = 0;
    int error = check_size(disk, at + (off_t)count);
    if (error)
        return error;
    make_room(node, pages_of(at + (off_t)count));
    while (done < count) {
        size_t index = (size_t)at / CUTDISK_PAGE_BYTES, part = within(at, count - done);
        unsigned char *page = write_page(disk, &node->pages[index]);
        if (!page)
            return ENOSPC;
        memcpy(page + (size_t)at % CUTDISK_PAGE_BYTES, (const char *)bytes + done, part);
        done += part;
        at += (off_t)part;
        if (at > node->size)
            node->size = at;
    }
    touch(node);
    return 0;
}

/* What lies behind the end is zeros, should the file grow again. */
int cutdisk_truncate(struct cutdisk *disk, struct cutdisk_node *node, off_t size)
{
    size_t kept = size > 0 ? pages_of(size) : 0, tail = (size_t)size % CUTDISK_PAGE_BYTES;
    int error = check_size(disk, size);
    if (error)
        return error;
    for (size_t i = kept; size < node->size && i < node->page_count; i++)
        cutdisk_page_set(disk, &node->pages[i], NULL, node->pages[i].durable);
    if (size < node->size && tail && kept <= node->page_count && node->pages[kept - 1].live) {
        unsigned char *page = write_page(disk, &node->pages[kept - 1]);
        if (!page)
            return ENOSPC;
        memset(page + tail, 0, CUTDISK_PAGE_BYTES - tail);
    }
    node->size = size;
    touch(node);
    return 0;
}

/* ---- what is made durable ---- */

/* Names by which it can be reached, and those of the directories that they are in: a file that was
 * synced can be found. What nothing leads to any more then is let go by the caller. */
static void sync_names_of(struct cutdisk *disk, struct cutdisk_node *node, int depth)
{
    if (depth >= CUTDISK_MOST_DEPTH)
        return;
    node->held++;
    for (size_t i = 0; i < disk->name_count; i++) {
        struct cutdisk_name *name = &disk->names[i];
        struct cutdisk_node *directory = name->directory;
        if (!directory || (name->live != node && name->durable != node))
            continue;
        directory->held++;
        if (name->live != name->durable)
            cutdisk_name_set(disk, name, name->live, name->live);
        sync_names_of(disk, directory, depth + 1);
        cutdisk_forget(disk, directory, 1);
    }
    node->held--;
}

static void sync_names_in(struct cutdisk *disk, const struct cutdisk_node *directory)
{
    for (size_t i = 0; i < disk->name_count; i++) {
        struct cutdisk_name *name = &disk->names[i];
        if (name->directory == directory && name->live != name->durable)
            cutdisk_name_set(disk, name, name->live, name->live);
    }
}

void cutdisk_sync(struct cutdisk *disk, struct cutdisk_node *node)
{
    for (size_t i = 0; i < node->page_count; i++)
        if (node->pages[i].live != node->pages[i].durable)
            cutdisk_page_set(disk, &node->pages[i], node->pages[i].live, node->pages[i].live);
    node->durable_size = node->size;
    if (!disk->strict)
        return;
    node->held++; /* the last name of it may go */
    if (S_ISDIR(node->mode))
        sync_names_in(disk, node);
    sync_names_of(disk, node, 0);
    cutdisk_forget(disk, node, 1);
}
