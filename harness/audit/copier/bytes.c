/* How do the bytes of a file get into another one, fast and without filling its holes? */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "audit/copier/source.h"

#define BLOCK_BYTES (INT64_C(8) << 20) /* of two looks at how far it is */
#define READ_BYTES  (INT64_C(1) << 18)

static void go_on(struct going *going, int64_t bytes)
{
    struct copier_record *record = going->record;
    record->done_bytes += bytes;
    if (record->done_bytes - going->told_bytes < BLOCK_BYTES)
        return;
    going->told_bytes = record->done_bytes;
    if (poll(&(struct pollfd){STDOUT_FILENO, POLLOUT, 0}, 1, 0) <= 0)
        return; /* who started us was stopped: locks are not held until he reads on */
    record->says = COPIER_PROGRESS;
    if (write(STDOUT_FILENO, record, sizeof *record) < 0)
        _exit(5); /* nobody wants it any more */
}

static bool needs_reading(int error)
{
    return error == EXDEV || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS ||
           error == EPERM || error == ETXTBSY;
}

/* returns : bytes, 0 at the end of the file, -1 */
static int64_t read_and_write(int from, int to, off_t at, int64_t most, bool *of_source)
{
    static char *block;
    ssize_t got, done = 0;
    if (!block && !(block = malloc(READ_BYTES)))
        return -1;
    do
        got = pread(from, block, (size_t)(most < READ_BYTES ? most : READ_BYTES), at);
    while (got < 0 && errno == EINTR);
    *of_source = got < 0;
    while (done < got) {
        ssize_t put = pwrite(to, block + done, (size_t)(got - done), at + done);
        if (put < 0 && errno != EINTR)
            return -1;
        done += put > 0 ? put : 0;
    }
    return got;
}

/* returns : as bytes_copy */
static int copy_range(int from, int to, off_t at, off_t end, struct going *going, bool *of_source)
{
    static bool reading;
    while (at < end) {
        int64_t most = end - at < BLOCK_BYTES ? end - at : BLOCK_BYTES, got;
        off_t in = at, out = at;
        got = reading ? read_and_write(from, to, at, most, of_source)
                      : copy_file_range(from, &in, to, &out, (size_t)most, 0);
        if (got < 0 && !reading && needs_reading(errno)) {
            reading = true;
            continue;
        }
        if (got <= 0)
            return got == 0 ? 1 : -1;
        at += got;
        go_on(going, got);
    }
    return 0;
}

int bytes_clone(int from, int to, int64_t bytes)
{
    return ftruncate(to, 0) == 0 && ioctl(to, FICLONE, from) == 0 && ftruncate(to, bytes) == 0 ? 0
                                                                                               : -1;
}

/* Where a file system does not know holes, all is data. See lseek(2). */
int bytes_copy(int from, int to, int64_t bytes, struct going *going, bool *of_source)
{
    off_t at = 0, end;
    int rc = 0;
    *of_source = false;
    if (ftruncate(to, 0) != 0 || ftruncate(to, bytes) != 0)
        return -1;
    while (rc == 0 && at < bytes) {
        off_t data = lseek(from, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            return lseek(from, 0, SEEK_END) < bytes; /* a hole to the end */
        if (data < 0)
            data = at;
        end = lseek(from, data, SEEK_HOLE);
        if (end <= data || end > bytes)
            end = bytes;
        if (data < end)
            rc = copy_range(from, to, data, end, going, of_source);
        at = end;
    }
    return rc;
}
