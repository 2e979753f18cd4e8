/* What if a program is started with its standard descriptors closed? See standard.h */
#include "base/standard.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

void standard_open(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            _exit(5); /* ascending: the lowest free one is fd, unless there is no /dev/null */
    signal(SIGXFSZ, SIG_IGN);
}
