/* Do the limits of this shell leave room to measure? Told before anything is started: a subject
 * that meets them would be accused of what it cannot help. */
#include <sys/resource.h>

#include "base/text.h"
#include "cli/cli.h"

#define LEAST_STACK ((rlim_t)256 << 10) /* measured: a run needs some 100 KiB */
#define LEAST_FILE  ((rlim_t)16 << 20)  /* 400 cycles of 3 agents make stores of some 2 MiB */

static int check(const char *what, const char *option, int resource, rlim_t least, struct err *err)
{
    struct rlimit limit;
    char there[TEXT_NUMBER_BYTES], needed[TEXT_NUMBER_BYTES];
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur >= least)
        return 0;
    return err_set(err, ERR_UNFIT,
                   "%s is limited to %s here, at least %s are needed (ulimit %s %llu)", what,
                   text_size(there, (double)limit.rlim_cur), text_size(needed, (double)least),
                   option, (unsigned long long)least / 1024);
}

int cli_check_limits(bool measures, struct err *err)
{
    if (check("the stack", "-s", RLIMIT_STACK, LEAST_STACK, err) < 0)
        return -1;
    return measures ? check("the size of a file", "-f", RLIMIT_FSIZE, LEAST_FILE, err) : 0;
}
