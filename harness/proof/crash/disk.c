/* What would these bytes be to SQLite, if they were files? */
#include "proof/crash/disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define NAME        "spawnbench-disk"
#define SHM_REGIONS 64
#define SHM_BYTES   32768 /* what SQLite asks for at a time */
#define HASH_PRIME  0x9e3779b97f4a7c15U
#define HASH_LANES  4

struct open_file {
    sqlite3_file base;
    struct disk_file *file;
};

static struct {
    sqlite3_vfs vfs;
    struct disk *disk;
    void *shm[SHM_REGIONS];
    bool registered;
} mounted;

/* ---- files ---- */

static void reserve(struct disk_file *file, size_t size)
{
    if (size <= file->room)
        return;
    file->room = size < 65536 ? 65536 : size + size / 2;
    file->data = xrealloc(file->data, file->room, 1);
}

void disk_truncate(struct disk_file *file, size_t size)
{
    reserve(file, size);
    if (size > file->size)
        memset(file->data + file->size, 0, size - file->size);
    file->size = size;
}

void disk_write(struct disk_file *file, const void *bytes, size_t count, size_t offset)
{
    if (offset + count > file->size)
        disk_truncate(file, offset + count);
    if (count)
        memcpy(file->data + offset, bytes, count);
}

void disk_copy(struct disk_file *to, const struct disk_file *from)
{
    to->there = from->there;
    to->size = 0;
    if (from->size) {
        reserve(to, from->size);
        memcpy(to->data, from->data, from->size);
        to->size = from->size;
    }
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * HASH_PRIME;
    return hash ^ hash >> 29;
}

/* Four lanes side by side, because each multiplication waits for the one before. */
static uint64_t hash_lanes(uint64_t seed, const unsigned char *bytes, size_t count)
{
    uint64_t lane[HASH_LANES] = {seed, seed + 1, seed + 2, seed + 3}, word[HASH_LANES];
    while (count >= sizeof word) {
        memcpy(word, bytes, sizeof word);
        for (int i = 0; i < HASH_LANES; i++)
            lane[i] = mix(lane[i], word[i]);
        bytes += sizeof word;
        count -= sizeof word;
    }
    memset(word, 0, sizeof word);
    if (count)
        memcpy(word, bytes, count);
    for (int i = 0; i < HASH_LANES; i++)
        seed = mix(mix(seed, lane[i]), word[i]);
    return seed;
}

uint64_t disk_hash(const struct disk *disk)
{
    uint64_t hash = 1;
    for (int i = 0; i < CRASH_NAMES; i++) {
        const struct disk_file *file = &disk->files[i];
        hash = mix(hash, file->there ? file->size + 1 : 0);
        if (file->there)
            hash = hash_lanes(hash, file->data, file->size);
    }
    return hash;
}

int disk_save(const struct disk *disk, const char *directory, struct err *err)
{
    int rc = text_make_directories(directory, err);
    for (int i = 0; rc == 0 && i < CRASH_NAMES; i++) {
        char *path = text_format("%s/state.sqlite%s", directory, log_suffix(i));
        if (disk->files[i].there)
            rc = text_write_file(path, disk->files[i].data, disk->files[i].size, err);
        free(path);
    }
    return rc;
}

void disk_release(struct disk *disk)
{
    for (int i = 0; i < CRASH_NAMES; i++)
        free(disk->files[i].data);
    *disk = (struct disk){0};
}

/* ---- what SQLite calls ---- */

static struct disk_file *file_of(sqlite3_file *file)
{
    return ((struct open_file *)file)->file;
}

static int mem_close(sqlite3_file *file)
{
    (void)file;
    return SQLITE_OK;
}

static int mem_read(sqlite3_file *handle, void *to, int bytes, sqlite3_int64 offset)
{
    const struct disk_file *file = file_of(handle);
    size_t from = (size_t)offset, left = from < file->size ? file->size - from : 0;
    size_t take = left < (size_t)bytes ? left : (size_t)bytes;
    if (take)
        memcpy(to, file->data + from, take);
    if (take == (size_t)bytes)
        return SQLITE_OK;
    memset((char *)to + take, 0, (size_t)bytes - take);
    return SQLITE_IOERR_SHORT_READ;
}

static int mem_write(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 offset)
{
    disk_write(file_of(file), from, (size_t)bytes, (size_t)offset);
    return SQLITE_OK;
}

static int mem_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    disk_truncate(file_of(file), (size_t)size);
    return SQLITE_OK;
}

static int mem_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return SQLITE_OK;
}

static int mem_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)file_of(file)->size;
    return SQLITE_OK;
}

static int mem_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK;
}

static int mem_is_reserved(sqlite3_file *file, int *answer)
{
    (void)file;
    *answer = 0;
    return SQLITE_OK;
}

static int mem_control(sqlite3_file *file, int op, void *argument)
{
    (void)file;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int mem_sector(sqlite3_file *file)
{
    (void)file;
    return 4096;
}

static int mem_device(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int mem_shm_map(sqlite3_file *file, int page, int bytes, int extend, void volatile **out)
{
    (void)file;
    *out = NULL;
    if (page < 0 || page >= SHM_REGIONS || bytes != SHM_BYTES)
        return SQLITE_IOERR_SHMMAP;
    if (!mounted.shm[page] && extend)
        mounted.shm[page] = xcalloc(1, SHM_BYTES);
    *out = mounted.shm[page];
    return SQLITE_OK;
}

static int mem_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    (void)file;
    (void)offset;
    (void)count;
    (void)flags;
    return SQLITE_OK;
}

static void mem_shm_barrier(sqlite3_file *file)
{
    (void)file;
}

static int mem_shm_unmap(sqlite3_file *file, int remove)
{
    (void)file;
    (void)remove;
    for (int i = 0; i < SHM_REGIONS; i++) {
        free(mounted.shm[i]);
        mounted.shm[i] = NULL;
    }
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = mem_close,
    .xRead = mem_read,
    .xWrite = mem_write,
    .xTruncate = mem_truncate,
    .xSync = mem_sync,
    .xFileSize = mem_size,
    .xLock = mem_lock,
    .xUnlock = mem_lock,
    .xCheckReservedLock = mem_is_reserved,
    .xFileControl = mem_control,
    .xSectorSize = mem_sector,
    .xDeviceCharacteristics = mem_device,
    .xShmMap = mem_shm_map,
    .xShmLock = mem_shm_lock,
    .xShmBarrier = mem_shm_barrier,
    .xShmUnmap = mem_shm_unmap,
};

/* Temporary files (no name) are refused: nothing that we ask of a state needs one. */
static int mem_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *handle, int flags, int *out)
{
    enum crash_name name = log_name_of(path);
    struct open_file *ours = (struct open_file *)handle;
    (void)vfs;
    ours->base.pMethods = NULL;
    if (name == CRASH_NAMES)
        return SQLITE_CANTOPEN;
    ours->file = &mounted.disk->files[name];
    if (!ours->file->there) {
        if (!(flags & SQLITE_OPEN_CREATE))
            return SQLITE_CANTOPEN;
        ours->file->there = true;
        ours->file->size = 0;
    }
    ours->base.pMethods = &methods;
    if (out)
        *out = flags;
    return SQLITE_OK;
}

static int mem_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
    struct disk_file *file = &mounted.disk->files[log_name_of(path)];
    (void)vfs;
    (void)sync_directory;
    if (!file->there)
        return SQLITE_IOERR_DELETE_NOENT;
    file->there = false;
    file->size = 0;
    return SQLITE_OK;
}

/* As the unix VFS: an empty file is as good as none. */
static int mem_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer)
{
    const struct disk_file *file = &mounted.disk->files[log_name_of(path)];
    (void)vfs;
    *answer = file->there && (flags != SQLITE_ACCESS_EXISTS || file->size > 0);
    return SQLITE_OK;
}

static int mem_full_path(sqlite3_vfs *vfs, const char *path, int bytes, char *out)
{
    (void)vfs;
    sqlite3_snprintf(bytes, out, "%s", path);
    return SQLITE_OK;
}

int disk_register(struct err *err)
{
    const sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    if (mounted.registered)
        return 0;
    if (!real)
        return err_set(err, ERR_SYSTEM, "sqlite has no default VFS");
    mounted.vfs = *real; /* time and randomness */
    mounted.vfs.iVersion = 2;
    mounted.vfs.szOsFile = sizeof(struct open_file);
    mounted.vfs.zName = NAME;
    mounted.vfs.pNext = NULL;
    mounted.vfs.xOpen = mem_open;
    mounted.vfs.xDelete = mem_delete;
    mounted.vfs.xAccess = mem_access;
    mounted.vfs.xFullPathname = mem_full_path;
    if (sqlite3_vfs_register(&mounted.vfs, 0) != SQLITE_OK)
        return err_set(err, ERR_SYSTEM, "sqlite refused the VFS '%s'", NAME);
    mounted.registered = true;
    return 0;
}

int disk_open(sqlite3 **out, struct disk *disk)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    mounted.disk = disk;
    *out = NULL;
    return sqlite3_open_v2("state", out, flags, NAME);
}

int disk_close(sqlite3 *database)
{
    int rc = sqlite3_close(database);
    mem_shm_unmap(NULL, 0); /* an open that failed half-way may have left some */
    return rc;
}
