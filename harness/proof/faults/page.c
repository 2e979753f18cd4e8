/* Which call of the subject's database is to fail? Told through memory that both sides map. */
#include "proof/faults/page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define MAGIC UINT64_C(0x31656761706b6e73) /* "snkpage1" */

/* What lies in the file. `call` is written last and read first: who sees it sees the rest. */
struct shared {
    uint64_t magic;
    _Atomic uint32_t call, how, code, sticky, listeners;
    _Atomic uint64_t nth, fired, calls[SHIM_CALLS];
};

struct page {
    struct shared *shared;
};

static int map(struct page **out, const char *path, int flags, struct err *err)
{
    struct stat about;
    void *memory = MAP_FAILED;
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0 && (flags & O_CREAT) && ftruncate(fd, (off_t)sizeof(struct shared)) != 0) {
        close(fd);
        return err_system(err, "cannot make the fault page '%s'", path);
    }
    if (fd >= 0 && fstat(fd, &about) == 0 && about.st_size >= (off_t)sizeof(struct shared))
        memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    else if (fd >= 0)
        errno = EINVAL;
    if (fd >= 0)
        close(fd);
    if (memory == MAP_FAILED)
        return err_system(err, "cannot map the fault page '%s'", path);
    *out = xcalloc(1, sizeof **out);
    (*out)->shared = memory;
    return 0;
}

int page_create(struct page **out, const char *path, struct err *err)
{
    if (map(out, path, O_RDWR | O_CREAT | O_TRUNC, err) < 0)
        return -1;
    (*out)->shared->magic = MAGIC;
    return 0;
}

int page_open(struct page **out, const char *path, struct err *err)
{
    if (map(out, path, O_RDWR, err) < 0)
        return -1;
    if ((*out)->shared->magic == MAGIC) {
        atomic_fetch_add(&(*out)->shared->listeners, 1);
        return 0;
    }
    page_close(*out);
    *out = NULL;
    return err_set(err, ERR_FORMAT, "'%s' is no fault page, or one of another version", path);
}

void page_count_anew(struct page *page)
{
    struct shared *shared = page->shared;
    atomic_store(&shared->call, SHIM_NONE);
    atomic_store(&shared->fired, 0);
    for (int i = 0; i < SHIM_CALLS; i++)
        atomic_store(&shared->calls[i], 0);
}

void page_arm(struct page *page, const struct shim_fault *fault)
{
    struct shared *shared = page->shared;
    if (!fault) {
        atomic_store(&shared->call, SHIM_NONE);
        return;
    }
    page_count_anew(page);
    atomic_store(&shared->how, fault->how);
    atomic_store(&shared->code, (uint32_t)fault->code);
    atomic_store(&shared->sticky, fault->sticky);
    atomic_store(&shared->nth, fault->nth);
    atomic_store(&shared->call, fault->call);
}

bool page_strikes(struct page *page, enum shim_call call, struct shim_fault *fault)
{
    struct shared *shared = page->shared;
    uint32_t planned = atomic_load(&shared->call);
    uint64_t at = atomic_fetch_add(&shared->calls[call], 1) + 1;
    uint64_t nth = atomic_load(&shared->nth);
    bool sticky = atomic_load(&shared->sticky) != 0;
    if (planned != (uint32_t)call || (sticky ? at < nth : at != nth))
        return false;
    atomic_fetch_add(&shared->fired, 1);
    *fault = (struct shim_fault){.call = call,
                                 .how = (enum shim_how)atomic_load(&shared->how),
                                 .nth = nth,
                                 .code = (int)atomic_load(&shared->code),
                                 .sticky = sticky};
    return true;
}

uint64_t page_fired(const struct page *page)
{
    return atomic_load(&page->shared->fired);
}

uint64_t page_calls(const struct page *page, enum shim_call call)
{
    return atomic_load(&page->shared->calls[call]);
}

bool page_listens(const struct page *page)
{
    return atomic_load(&page->shared->listeners) > 0;
}

void page_close(struct page *page)
{
    if (!page)
        return;
    munmap(page->shared, sizeof *page->shared);
    free(page);
}

const char *page_call_name(enum shim_call call)
{
    static const char *const names[SHIM_CALLS] = {"none",     "open", "read",  "write",
                                                  "truncate", "sync", "delete"};
    return names[call];
}
