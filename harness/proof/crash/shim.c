/* What does SQLite do to the disk, call by call, and what if the disk refuses? */
#include "proof/crash/shim.h"

#ifdef SHIM_EXTENSION /* compiled a second time, into the extension spawnbench-faultvfs */
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3
#else
#include <sqlite3.h>
#endif
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Ours in front, the real file behind it in the same piece of memory. */
struct shim_file {
    sqlite3_file base;
    sqlite3_file *real;
    enum crash_name name; /* CRASH_NAMES: not followed */
    int file;
    bool syncs_names; /* its next sync syncs the directory too, as the unix VFS does */
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct crash_log *log;
    struct shim_fault fault;
    uint64_t calls[SHIM_CALLS], fired;
    void (*at_unfetch)(void *);
    void *argument; /* of at_unfetch */
    bool (*oracle)(enum shim_call call, struct shim_fault *fault);
} shim;

/* What strikes the call that this thread is in. */
static _Thread_local struct shim_fault present;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct shim_file *)file)->real;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    _exit(128 + SIGKILL); /* not reached */
}

static bool is_planned(enum shim_call call)
{
    uint64_t nth;
    if (shim.oracle)
        return shim.oracle(call, &present);
    nth = ++shim.calls[call];
    if (shim.fault.call != call ||
        (shim.fault.sticky ? nth < shim.fault.nth : nth != shim.fault.nth))
        return false;
    shim.fired++;
    present = shim.fault;
    return true;
}

/* Is this call not to be made? One that its process dies after is made, and ends in done(). */
static bool strikes(enum shim_call call)
{
    present = (struct shim_fault){0};
    if (!is_planned(call))
        return false;
    if (present.how == SHIM_DIE_BEFORE || (present.how == SHIM_DIE_INSIDE && call != SHIM_WRITE))
        die();
    return present.how != SHIM_DIE_AFTER;
}

static int struck(void)
{
    if (present.how == SHIM_DIE_INSIDE)
        die();
    return present.how == SHIM_LIE ? SQLITE_OK : present.code;
}

/* The end of a call that changes something. */
static int done(int rc)
{
    if (present.call != SHIM_NONE && present.how == SHIM_DIE_AFTER)
        die();
    return rc;
}

static void note(const struct shim_file *file, struct crash_op op)
{
    if (!shim.log || file->name == CRASH_NAMES)
        return;
    op.name = file->name;
    op.file = file->file;
    log_add(shim.log, op);
}

/* ---- a file ---- */

static int shim_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int shim_read(sqlite3_file *file, void *to, int bytes, sqlite3_int64 offset)
{
    if (strikes(SHIM_READ))
        return struck();
    return real_of(file)->pMethods->xRead(real_of(file), to, bytes, offset);
}

static int put(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 offset)
{
    int rc = real_of(file)->pMethods->xWrite(real_of(file), from, bytes, offset);
    if (rc == SQLITE_OK)
        note((struct shim_file *)file, (struct crash_op){.call = CRASH_WRITE,
                                                         .offset = offset,
                                                         .bytes = (size_t)bytes,
                                                         .data = (unsigned char *)from});
    return rc;
}

static int shim_write(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 offset)
{
    if (!strikes(SHIM_WRITE))
        return done(put(file, from, bytes, offset));
    if ((present.how == SHIM_SHORT || present.how == SHIM_DIE_INSIDE) && bytes > 1)
        put(file, from, bytes / 2, offset);
    return struck();
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc;
    if (strikes(SHIM_TRUNCATE))
        return struck();
    rc = real_of(file)->pMethods->xTruncate(real_of(file), size);
    if (rc == SQLITE_OK)
        note((struct shim_file *)file, (struct crash_op){.call = CRASH_TRUNCATE, .offset = size});
    return done(rc);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    struct shim_file *ours = (struct shim_file *)file;
    int rc;
    if (strikes(SHIM_SYNC))
        return struck();
    rc = ours->real->pMethods->xSync(ours->real, flags);
    if (rc == SQLITE_OK) {
        note(ours, (struct crash_op){.call = CRASH_SYNC, .syncs_names = ours->syncs_names});
        ours->syncs_names = false;
    }
    return done(rc);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int shim_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int shim_is_reserved(sqlite3_file *file, int *answer)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), answer);
}

static int shim_control(sqlite3_file *file, int op, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

/* The same on every file system, so that a run is the same everywhere. */
static int shim_sector(sqlite3_file *file)
{
    (void)file;
    return 4096;
}

static int shim_device(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int shim_shm_map(sqlite3_file *file, int page, int bytes, int extend, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, bytes, extend, out);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

/* No memory-mapped reads, so every byte passes through the calls above. */
static int shim_fetch(sqlite3_file *file, sqlite3_int64 offset, int bytes, void **out)
{
    (void)file;
    (void)offset;
    (void)bytes;
    *out = NULL;
    return SQLITE_OK;
}

static int shim_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *mapping)
{
    void (*hook)(void *) = shim.at_unfetch;
    (void)file;
    (void)offset;
    (void)mapping;
    shim.at_unfetch = NULL;
    if (hook)
        hook(shim.argument);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 3,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_is_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
    .xFetch = shim_fetch,
    .xUnfetch = shim_unfetch,
};

/* ---- the directory ---- */

/* Which inode it is, and whether this call has made it. */
static void identify(struct shim_file *ours, const char *path, int flags, bool was_there)
{
    int followed = flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
    ours->name = followed ? log_name_of(path) : CRASH_NAMES;
    ours->syncs_names = (flags & SQLITE_OPEN_CREATE) && ours->name != CRASH_DATABASE;
    if (!shim.log || ours->name == CRASH_NAMES)
        return;
    if (!was_there) {
        shim.log->file_of[ours->name] = shim.log->files++;
        ours->file = shim.log->file_of[ours->name];
        note(ours, (struct crash_op){.call = CRASH_CREATE});
    }
    ours->file = shim.log->file_of[ours->name];
}

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out)
{
    struct shim_file *ours = (struct shim_file *)file;
    bool was_there = path && access(path, F_OK) == 0;
    int rc;
    (void)vfs;
    memset(ours, 0, sizeof *ours);
    if (strikes(SHIM_OPEN))
        return present.code;
    ours->real = (sqlite3_file *)(ours + 1);
    rc = shim.real->xOpen(shim.real, path, ours->real, flags, out);
    if (rc == SQLITE_OK) {
        identify(ours, path, flags, was_there);
        ours->base.pMethods = &methods;
    }
    return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
    struct shim_file gone = {.name = log_name_of(path)};
    int rc;
    (void)vfs;
    if (strikes(SHIM_DELETE))
        return struck();
    rc = shim.real->xDelete(shim.real, path, sync_directory);
    if (rc == SQLITE_OK && shim.log) {
        gone.file = shim.log->file_of[gone.name];
        note(&gone, (struct crash_op){.call = CRASH_DELETE, .syncs_names = sync_directory});
    }
    return done(rc);
}

static int shim_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer)
{
    (void)vfs;
    return shim.real->xAccess(shim.real, path, flags, answer);
}

static int shim_full_path(sqlite3_vfs *vfs, const char *path, int bytes, char *out)
{
    (void)vfs;
    return shim.real->xFullPathname(shim.real, path, bytes, out);
}

int shim_register(struct err *err)
{
    if (shim.real)
        return 0;
    shim.real = sqlite3_vfs_find(NULL);
    if (!shim.real)
        return err_set(err, ERR_SYSTEM, "sqlite has no default VFS");
    shim.vfs = *shim.real; /* what is not ours (time, randomness, libraries) stays the system's */
    shim.vfs.iVersion = 2;
    shim.vfs.szOsFile = (int)sizeof(struct shim_file) + shim.real->szOsFile;
    shim.vfs.zName = SHIM_NAME;
    shim.vfs.pNext = NULL;
    shim.vfs.xOpen = shim_open;
    shim.vfs.xDelete = shim_delete;
    shim.vfs.xAccess = shim_access;
    shim.vfs.xFullPathname = shim_full_path;
    if (sqlite3_vfs_register(&shim.vfs, 0) == SQLITE_OK)
        return 0;
    shim.real = NULL;
    return err_set(err, ERR_SYSTEM, "sqlite refused the VFS '%s'", SHIM_NAME);
}

void shim_stand_in(bool yes)
{
    sqlite3_vfs_register(yes ? &shim.vfs : shim.real, 1);
}

const char *shim_behind(void)
{
    return shim.real->zName;
}

void shim_at_unfetch(void (*hook)(void *), void *argument)
{
    shim.at_unfetch = hook;
    shim.argument = argument;
}

void shim_record(struct crash_log *log)
{
    shim.log = log;
}

void shim_fail(const struct shim_fault *fault)
{
    shim.fault = fault ? *fault : (struct shim_fault){0};
    memset(shim.calls, 0, sizeof shim.calls);
    shim.fired = 0;
}

void shim_ask(bool (*oracle)(enum shim_call call, struct shim_fault *fault))
{
    shim.oracle = oracle;
}

uint64_t shim_fired(void)
{
    return shim.fired;
}

uint64_t shim_calls(enum shim_call call)
{
    return shim.calls[call];
}
