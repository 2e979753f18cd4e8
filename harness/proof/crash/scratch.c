/* What must be out of the way before the next trial, and what need not be heard of it? */
#include "proof/crash/scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

void scratch_remove(const char *database)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", "-writers"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char *name = text_format("%s%s", database, suffixes[i]);
        unlink(name);
        free(name);
    }
}

int scratch_hush(void)
{
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2(nowhere, STDERR_FILENO);
        close(nowhere);
    }
    return kept;
}

void scratch_speak(int kept)
{
    if (kept < 0)
        return;
    dup2(kept, STDERR_FILENO);
    close(kept);
}
