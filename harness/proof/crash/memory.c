/* What if SQLite asks for memory and there is none? */
#include "proof/crash/memory.h"

#include <sqlite3.h>

static struct {
    sqlite3_mem_methods real;
    bool installed, sticky;
    uint64_t nth, calls, fired;
} memory;

static bool strikes(void)
{
    uint64_t call = ++memory.calls;
    if (memory.nth == 0 || (memory.sticky ? call < memory.nth : call != memory.nth))
        return false;
    memory.fired++;
    return true;
}

static void *take(int bytes)
{
    return strikes() ? NULL : memory.real.xMalloc(bytes);
}

static void *resize(void *old, int bytes)
{
    return strikes() ? NULL : memory.real.xRealloc(old, bytes);
}

int memory_install(struct err *err)
{
    sqlite3_mem_methods ours;
    if (memory.installed)
        return 0;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory.real) == SQLITE_OK) {
        ours = memory.real;
        ours.xMalloc = take;
        ours.xRealloc = resize;
        memory.installed = sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK;
    }
    if (memory.installed)
        return 0;
    return err_set(err, ERR_INTERNAL, "SQLite was in use before its allocator could be replaced");
}

bool memory_is_installed(void)
{
    return memory.installed;
}

void memory_fail(uint64_t nth, bool sticky)
{
    memory.nth = nth;
    memory.sticky = sticky;
    memory.calls = 0;
    memory.fired = 0;
}

void memory_relent(void)
{
    memory.nth = 0;
}

uint64_t memory_calls(void)
{
    return memory.calls;
}

uint64_t memory_fired(void)
{
    return memory.fired;
}
