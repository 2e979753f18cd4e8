/* Which SQLite extension makes a subject's database fail on request? This one, spawnbench-faultvfs.
 *
 * Any program that can load SQLite extensions loads it before it opens its database: spawnref by
 * --vfs-extension, others by sqlite3_load_extension or "SELECT load_extension(...)". From then on
 * the shim lies under every connection that names no VFS. What fails, and when, is said by the
 * fault page (harness/proof/faults/page.h) that the environment names; without one nothing does. */
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1

#include <stdlib.h>

#include "proof/crash/shim.h"
#include "proof/faults/page.h"

_Static_assert((int)SHIM_CALLS == (int)PAGE_CALLS && (int)SHIM_DELETE == (int)PAGE_DELETE,
               "the page names the shim's calls");
_Static_assert((int)SHIM_REFUSE == (int)PAGE_REFUSE && (int)SHIM_DIE_AFTER == (int)PAGE_DIE_AFTER,
               "the page names the shim's ways to fail");

static struct page *page;

static int code_of(enum page_error error, enum shim_call call)
{
    static const int io_errors[SHIM_CALLS] = {
        [SHIM_OPEN] = SQLITE_IOERR,        [SHIM_READ] = SQLITE_IOERR_READ,
        [SHIM_WRITE] = SQLITE_IOERR_WRITE, [SHIM_TRUNCATE] = SQLITE_IOERR_TRUNCATE,
        [SHIM_SYNC] = SQLITE_IOERR_FSYNC,  [SHIM_DELETE] = SQLITE_IOERR_DELETE};
    switch (error) {
    case PAGE_DISK_FULL:
        return SQLITE_FULL;
    case PAGE_READ_ONLY:
        return SQLITE_READONLY;
    case PAGE_CANNOT_OPEN:
        return SQLITE_CANTOPEN;
    default:
        return io_errors[call];
    }
}

static bool ask_page(enum shim_call call, struct shim_fault *fault)
{
    struct page_fault planned;
    if (!page_strikes(page, (enum page_call)call, &planned))
        return false;
    *fault = (struct shim_fault){.call = call,
                                 .how = (enum shim_how)planned.how,
                                 .nth = planned.nth,
                                 .code = code_of(planned.error, call),
                                 .sticky = planned.sticky};
    return true;
}

static int start(char **message)
{
    const char *path = getenv(PAGE_VARIABLE);
    struct err err = {0};
    if (path && !page && page_open(&page, path, &err) < 0) {
        *message = sqlite3_mprintf("%s=%s: %s", PAGE_VARIABLE, path, err.text);
        return SQLITE_ERROR;
    }
    if (shim_register(&err) < 0) {
        *message = sqlite3_mprintf("%s", err.text);
        return SQLITE_ERROR;
    }
    if (page)
        shim_ask(ask_page);
    shim_stand_in(true);
    return SQLITE_OK_LOAD_PERMANENTLY;
}

/* The name that SQLite looks for first, in any extension. */
__attribute__((visibility("default"))) int sqlite3_extension_init(sqlite3 *database, char **message,
                                                                  const sqlite3_api_routines *api);

int sqlite3_extension_init(sqlite3 *database, char **message, const sqlite3_api_routines *api)
{
    SQLITE_EXTENSION_INIT2(api);
    (void)database;
    return start(message);
}
