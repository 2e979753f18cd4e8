/* When is looked at locks, and what does that cost? A thread that sleeps between cycles, looks
 * while one is measured, and is the only one to touch the samples meanwhile.
 *
 * Its CPU time is that of this process, so that it is no stranger's. It blocks all signals: they
 * are for the thread that runs the cycles. */
#include "cycle/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cycle/lock_samples.h"
#include "cycle/lock_tell.h"

#define INTERVAL_NS INT64_C(500000)
#define MOST_SHARE  10 /* a look is made at most every so many times what the last one took */
#define TEXT_BYTES  (256 * 1024)

const char *const locks_stage_names[] = {"start", "finish"};
const char *const locks_kind_names[] = {"write",      "exclusive", "pending",
                                        "checkpoint", "recover",   "read"};
const char *const locks_who_names[] = {"agent", "subject",  "below", "run",
                                       "ours",  "stranger", "no_pid"};
const char *const locks_match_names[] = {"", "device", "inode", "none"};
const char *const locks_fate_names[] = {"failed", "timed_out", "slowest", "ended_badly"};

_Static_assert(sizeof locks_stage_names / sizeof locks_stage_names[0] == LOCKS_STAGES,
               "a name each");
_Static_assert(sizeof locks_kind_names / sizeof locks_kind_names[0] == LOCKS_KINDS, "a name each");
_Static_assert(sizeof locks_who_names / sizeof locks_who_names[0] == LOCKS_WHO, "a name each");
_Static_assert(sizeof locks_fate_names / sizeof locks_fate_names[0] == LOCKS_FATES, "a name each");
_Static_assert(LOCKS_UNSEEN + 1 == sizeof locks_match_names / sizeof locks_match_names[0],
               "a name each");

struct locks {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool looking, asleep, ending; /* asked for; so it is; asked for */
    int fd;                       /* of /proc/locks */
    struct lock_database databases[LOCKS_MOST_DATABASES];
    size_t count;
    pid_t subject;    /* whose cycle it is */
    int64_t spent_ns; /* CPU time of the thread since locks_watch */
    struct lock_files files[LOCKS_MOST_DATABASES];
    struct lock_table table;
    struct lock_samples samples;
    char text[TEXT_BYTES];
};

/* ---- one look ---- */

/* The kernel hands out a page at a time. False when there is more than fits. */
static bool read_locks(struct locks *locks)
{
    size_t length = 0;
    ssize_t got = 1;
    if (lseek(locks->fd, 0, SEEK_SET) != 0)
        return false;
    while (got > 0 && length + 1 < sizeof locks->text) {
        got = read(locks->fd, locks->text + length, sizeof locks->text - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    locks->text[length] = '\0';
    return got == 0;
}

static ino_t inode_of(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? about.st_ino : 0;
}

/* Each time anew: a -shm comes and goes, and a database may be replaced. */
static void find_files(struct locks *locks)
{
    for (size_t i = 0; i < locks->count; i++) {
        const struct lock_database *database = &locks->databases[i];
        locks->files[i] = (struct lock_files){.database = inode_of(database->path),
                                              .shm = inode_of(database->shm),
                                              .device = database->device};
    }
}

static void look(struct locks *locks, int64_t now_ns)
{
    find_files(locks);
    if (!read_locks(locks))
        locks->samples.lost++;
    lock_table_look(&locks->table, locks->text, locks->files, locks->count);
    lock_samples_add(&locks->samples, &locks->table, now_ns);
}

/* ---- the thread ---- */

static void wait_until(struct locks *locks, int64_t until_ns)
{
    const struct timespec until = {.tv_sec = until_ns / CLOCK_NS_PER_S,
                                   .tv_nsec = until_ns % CLOCK_NS_PER_S};
    int rc = 0;
    while (rc == 0 && locks->looking && clock_now_ns() < until_ns)
        rc = pthread_cond_timedwait(&locks->changed, &locks->mutex, &until);
}

/* With the mutex held but for the looks themselves. */
static void look_on(struct locks *locks)
{
    int64_t began_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
    while (locks->looking) {
        int64_t now_ns = clock_now_ns(), took_ns;
        pthread_mutex_unlock(&locks->mutex);
        look(locks, now_ns);
        pthread_mutex_lock(&locks->mutex);
        took_ns = MOST_SHARE * (clock_now_ns() - now_ns);
        wait_until(locks, now_ns + (took_ns > INTERVAL_NS ? took_ns : INTERVAL_NS));
    }
    lock_samples_end(&locks->samples, clock_now_ns());
    locks->spent_ns += clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns;
}

static void *run(void *context)
{
    struct locks *locks = context;
    prctl(PR_SET_TIMERSLACK, 1UL); /* of this thread: waits end in time, see prctl(2) */
    pthread_mutex_lock(&locks->mutex);
    while (!locks->ending) {
        if (locks->looking) {
            locks->asleep = false;
            look_on(locks);
        }
        locks->asleep = true;
        pthread_cond_broadcast(&locks->changed);
        if (!locks->ending && !locks->looking)
            pthread_cond_wait(&locks->changed, &locks->mutex);
    }
    pthread_mutex_unlock(&locks->mutex);
    return NULL;
}

static int start(struct locks *locks)
{
    sigset_t all, before;
    int rc;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&locks->thread, NULL, run, locks);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int locks_new(struct locks **out, struct err *err)
{
    struct locks *locks = xcalloc(1, sizeof *locks);
    pthread_condattr_t monotonic;
    int rc;
    locks->fd = open("/proc/locks", O_RDONLY | O_CLOEXEC);
    if (locks->fd < 0 || !read_locks(locks)) {
        err_system(err,
                   "cannot read /proc/locks, so that no lock can be seen (run without --locks)");
        err->code = ERR_UNFIT;
        goto failed;
    }
    pthread_mutex_init(&locks->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&locks->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    locks->asleep = true;
    rc = start(locks);
    if (rc == 0) {
        *out = locks;
        return 0;
    }
    errno = rc;
    err_system(err, "cannot start the thread that looks at locks");
    pthread_cond_destroy(&locks->changed);
    pthread_mutex_destroy(&locks->mutex);
failed:
    if (locks->fd >= 0)
        close(locks->fd);
    free(locks);
    return -1;
}

static void free_database(struct lock_database *database)
{
    free(database->path);
    free(database->shm);
    free(database->name);
}

static void forget(struct locks *locks)
{
    for (size_t i = 0; i < locks->count; i++)
        free_database(&locks->databases[i]);
    locks->count = 0;
}

void locks_free(struct locks *locks)
{
    if (!locks)
        return;
    pthread_mutex_lock(&locks->mutex);
    locks->looking = false;
    locks->ending = true;
    pthread_cond_broadcast(&locks->changed);
    pthread_mutex_unlock(&locks->mutex);
    pthread_join(locks->thread, NULL);
    pthread_cond_destroy(&locks->changed);
    pthread_mutex_destroy(&locks->mutex);
    close(locks->fd);
    forget(locks);
    free(locks);
}

/* ---- what is looked at ---- */

/* A lock of our own in the same folder tells how the kernel names this file system: the device that
 * stat(2) tells is another one on btrfs and overlayfs. The file never has a name, and is gone when
 * it is closed. No process has it open but this one: F_SETLK, whose line has our pid. */
static enum locks_match try_folder(struct locks *locks, const char *path, dev_t *device)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    const char *slash = strrchr(path, '/');
    char *folder = text_format("%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    struct stat about;
    enum locks_match match = LOCKS_BY_INODE;
    *device = 0;
    free(folder);
    if (fd < 0)
        return match;
    if (fstat(fd, &about) == 0 && fcntl(fd, F_SETLK, &lock) == 0 && read_locks(locks))
        match = lock_table_device(device, locks->text, about.st_ino, getpid()) == 0
                    ? LOCKS_BY_DEVICE
                    : LOCKS_UNSEEN;
    close(fd);
    return match;
}

/* Of those of the cycle before the answer is known. */
static void find_match(struct locks *locks, struct lock_database *out,
                       const struct lock_database old[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (old[i].match != LOCKS_NOT_TRIED && strcmp(old[i].path, out->path) == 0) {
            out->match = old[i].match;
            out->device = old[i].device;
            return;
        }
    out->match = try_folder(locks, out->path, &out->device);
}

static void watch_one(struct locks *locks, const char *path, const char *name,
                      const struct lock_database old[], size_t old_count)
{
    struct lock_database *out = &locks->databases[locks->count];
    if (locks->count == LOCKS_MOST_DATABASES)
        return;
    *out = (struct lock_database){
        .path = xstrdup(path), .shm = text_format("%s-shm", path), .name = xstrdup(name)};
    find_match(locks, out, old, old_count);
    locks->count++;
}

void locks_watch(struct locks *locks, pid_t subject, const char *store, char *const shared[],
                 char *const names[], size_t count)
{
    struct lock_database old[LOCKS_MOST_DATABASES];
    size_t old_count = locks->count;
    memcpy(old, locks->databases, sizeof old);
    locks->count = 0;
    if (store)
        watch_one(locks, store, "", old, old_count);
    for (size_t i = 0; i < count; i++)
        watch_one(locks, shared[i], names[i], old, old_count);
    for (size_t i = 0; i < old_count; i++)
        free_database(&old[i]);
    lock_samples_reset(&locks->samples, locks->count);
    locks->subject = subject;
    locks->spent_ns = 0;
}

void locks_begin(struct locks *locks, enum locks_stage stage)
{
    pthread_mutex_lock(&locks->mutex);
    lock_samples_begin(&locks->samples, stage);
    locks->looking = true;
    locks->asleep = false;
    pthread_cond_broadcast(&locks->changed);
    pthread_mutex_unlock(&locks->mutex);
}

void locks_pause(struct locks *locks)
{
    pthread_mutex_lock(&locks->mutex);
    locks->looking = false;
    pthread_cond_broadcast(&locks->changed);
    while (!locks->asleep)
        pthread_cond_wait(&locks->changed, &locks->mutex);
    pthread_mutex_unlock(&locks->mutex);
}

struct locks_seen *locks_tell(struct locks *locks, const struct cycle *cycle)
{
    struct locks_seen *seen =
        lock_tell(&locks->samples, locks->databases, locks->count, cycle, locks->subject);
    seen->spent_ns = locks->spent_ns;
    return seen;
}
