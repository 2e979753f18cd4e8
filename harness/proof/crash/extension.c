/* Which SQLite extension makes a subject's database fail on request? This one, spawnbench-faultvfs.
 *
 * Any program that can load SQLite extensions loads it before it opens its database: spawnref by
 * --vfs-extension, others by sqlite3_load_extension or "SELECT load_extension(...)". From then on
 * the shim lies under every connection that names no VFS. What fails, and when, is said by the
 * fault page (harness/proof/faults/page.h) that the environment names; without one nothing does. */
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1

#include <stdlib.h>

#include "proof/faults/page.h"

static struct page *page;

static bool ask_page(enum shim_call call, struct shim_fault *fault)
{
    return page_strikes(page, call, fault);
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
