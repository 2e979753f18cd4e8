/* Which files could be found after a crash before call k? */
#include "proof/crash/states.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SECTOR_BYTES 512
#define NO_FILE      (-1)

/* One view of the disk: bytes by inode, inodes by name. */
struct image {
    struct disk_file *files; /* by inode number */
    int names[CRASH_NAMES];  /* inode or NO_FILE */
};

struct states {
    const struct crash_log *log;
    size_t at;
    struct image all, durable;
    size_t *unsynced, count; /* numbers of calls, ascending */
};

static const char *const family_names[STATES_FAMILIES] = {"killed", "inside", "none",   "prefix",
                                                          "drop",   "keep",   "subset", "torn"};

const char *states_family_name(enum states_family family)
{
    return family_names[family];
}

bool states_is_power(enum states_family family)
{
    return family >= STATES_NONE;
}

uint64_t states_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

/* ---- images ---- */

static void image_init(struct image *image, int files)
{
    image->files = xcalloc(files ? (size_t)files : 1, sizeof image->files[0]);
    for (int i = 0; i < CRASH_NAMES; i++)
        image->names[i] = NO_FILE;
}

static void image_release(struct image *image, int files)
{
    for (int i = 0; i < files; i++)
        free(image->files[i].data);
    free(image->files);
}

static bool is_of_names(const struct crash_op *op)
{
    return op->call == CRASH_CREATE || op->call == CRASH_DELETE;
}

static void apply_bytes(struct disk_file *file, const struct crash_op *op)
{
    if (op->call == CRASH_WRITE)
        disk_write(file, op->data, op->bytes, (size_t)op->offset);
    else if (op->call == CRASH_TRUNCATE)
        disk_truncate(file, (size_t)op->offset);
}

/* A deletion takes the name away only from the file it was made for. */
static void apply_name(int names[CRASH_NAMES], const struct crash_op *op)
{
    if (op->call == CRASH_CREATE)
        names[op->name] = op->file;
    else if (op->call == CRASH_DELETE && names[op->name] == op->file)
        names[op->name] = NO_FILE;
}

static void apply(struct image *image, const struct crash_op *op)
{
    if (is_of_names(op))
        apply_name(image->names, op);
    else
        apply_bytes(&image->files[op->file], op);
}

/* ---- time goes on ---- */

struct states *states_new(const struct crash_log *log)
{
    struct states *states = xcalloc(1, sizeof *states);
    states->log = log;
    states->unsynced = xcalloc(log->count + 1, sizeof states->unsynced[0]);
    image_init(&states->all, log->files);
    image_init(&states->durable, log->files);
    return states;
}

void states_free(struct states *states)
{
    if (!states)
        return;
    image_release(&states->all, states->log->files);
    image_release(&states->durable, states->log->files);
    free(states->unsynced);
    free(states);
}

size_t states_at(const struct states *states)
{
    return states->at;
}

size_t states_unsynced(const struct states *states)
{
    return states->count;
}

/* Does this sync (or delete with a synced directory) make that earlier call last? */
static bool makes_durable(const struct crash_op *sync, const struct crash_op *earlier)
{
    if (is_of_names(earlier) && sync->syncs_names)
        return true;
    return sync->call == CRASH_SYNC && earlier->file == sync->file && earlier->call != CRASH_DELETE;
}

static void settle(struct states *states, const struct crash_op *sync)
{
    size_t left = 0;
    for (size_t i = 0; i < states->count; i++) {
        const struct crash_op *op = &states->log->ops[states->unsynced[i]];
        if (makes_durable(sync, op))
            apply(&states->durable, op);
        else
            states->unsynced[left++] = states->unsynced[i];
    }
    states->count = left;
}

bool states_advance(struct states *states)
{
    const struct crash_op *op;
    if (states->at == states->log->count)
        return false;
    op = &states->log->ops[states->at];
    apply(&states->all, op);
    if (op->call != CRASH_SYNC)
        states->unsynced[states->count++] = states->at;
    if (op->call == CRASH_SYNC || op->syncs_names)
        settle(states, op);
    states->at++;
    return true;
}

/* ---- one state ---- */

/* The bytes of all names that are there, by inode of each name. */
static void copy_out(struct disk *out, const struct image *image, const int names[CRASH_NAMES])
{
    for (int i = 0; i < CRASH_NAMES; i++) {
        struct disk_file *file = &out->files[i];
        if (names[i] == NO_FILE)
            file->size = 0;
        else
            disk_copy(file, &image->files[names[i]]);
        file->there = names[i] != NO_FILE;
    }
}

static bool build_inside(struct disk *out, const struct states *states, size_t index)
{
    const struct crash_op *op = &states->log->ops[states->at];
    size_t cut;
    if (states->at == states->log->count || op->call != CRASH_WRITE || op->bytes < 2)
        return false;
    /* A kill tears where the kernel was: inside a page anywhere, so once early, once late. */
    cut = index == 0 ? 1 + op->bytes / 8 : op->bytes - 1 - op->bytes / 8;
    if (states->all.names[op->name] == op->file)
        disk_write(&out->files[op->name], op->data, cut, (size_t)op->offset);
    return true;
}

/* Half of its sectors reach the disk, the others keep what was there. */
static void write_torn(struct disk_file *file, const struct crash_op *op, uint64_t *random)
{
    size_t from = (size_t)op->offset, end = from + op->bytes;
    while (from < end) {
        size_t to = (from / SECTOR_BYTES + 1) * SECTOR_BYTES;
        if (to > end)
            to = end;
        if (states_random(random) & 1)
            disk_write(file, op->data + (from - (size_t)op->offset), to - from, from);
        from = to;
    }
}

/* In the torn family every other write is torn; one within a sector is then kept or dropped. */
static void keep_bytes(struct disk_file *file, const struct crash_op *op, bool tear,
                       uint64_t *random)
{
    if (tear && op->call == CRASH_WRITE && (states_random(random) & 1))
        write_torn(file, op, random);
    else
        apply_bytes(file, op);
}

static bool is_kept(enum states_family family, size_t index, size_t i, uint64_t *random)
{
    switch (family) {
    case STATES_PREFIX:
        return i < index;
    case STATES_DROP:
        return i != index;
    case STATES_KEEP:
        return i == index;
    case STATES_SUBSET:
    case STATES_TORN:
        return states_random(random) & 1;
    default:
        return false;
    }
}

static void build_power(struct disk *out, const struct states *states, enum states_family family,
                        size_t index, uint64_t random)
{
    bool *kept = xcalloc(states->count + 1, sizeof kept[0]);
    int names[CRASH_NAMES];
    memcpy(names, states->durable.names, sizeof names);
    for (size_t i = 0; i < states->count; i++) {
        const struct crash_op *op = &states->log->ops[states->unsynced[i]];
        kept[i] = is_kept(family, index, i, &random);
        if (kept[i] && is_of_names(op))
            apply_name(names, op);
    }
    copy_out(out, &states->durable, names);
    for (size_t i = 0; i < states->count; i++) {
        const struct crash_op *op = &states->log->ops[states->unsynced[i]];
        if (kept[i] && !is_of_names(op) && names[op->name] == op->file)
            keep_bytes(&out->files[op->name], op, family == STATES_TORN, &random);
    }
    free(kept);
}

bool states_build(struct disk *out, const struct states *states, enum states_family family,
                  size_t index, uint64_t seed)
{
    uint64_t random = seed;
    assert(family < STATES_FAMILIES);
    if (states_is_power(family)) {
        random = states_random(&random) ^ states->at;
        random = states_random(&random) ^ ((uint64_t)family << 32 | index);
        build_power(out, states, family, index, states_random(&random));
        return true;
    }
    copy_out(out, &states->all, states->all.names);
    return family == STATES_KILLED || build_inside(out, states, index);
}
