/* Where may a cgroup be made for a subject, who is in it, and how is it emptied? See
 * Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of the kernel, cgroups(7). */
#include "cycle/leaf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

#define MOST_DEPTH 32 /* of cgroups that a subject made below its leaf */
#define EMPTY_NS   (5 * CLOCK_NS_PER_S)

/* ---- whose is it? ---- */

static unsigned long pid_namespace(void)
{
    struct stat about;
    return stat("/proc/self/ns/pid", &about) == 0 ? (unsigned long)about.st_ino : 0;
}

static char *new_name(void)
{
    static unsigned number;
    static struct process_view self;
    if (self.pid != getpid())
        process_look(&self, getpid());
    return text_format("spawnbench-%lu-%d-%lld-%u", pid_namespace(), (int)self.pid,
                       (long long)self.start_ticks, ++number);
}

static bool read_name(unsigned long long out[4], const char *name)
{
    const char *at = name + strlen("spawnbench");
    if (strncmp(name, "spawnbench-", strlen("spawnbench-")) != 0)
        return false;
    for (int i = 0; i < 4; i++) {
        char *rest;
        if (*at != '-' || at[1] < '0' || at[1] > '9')
            return false;
        out[i] = strtoull(at + 1, &rest, 10);
        at = rest;
    }
    return *at == '\0';
}

/* Only what is ours for certain: process ids of another namespace mean other processes. */
static bool is_stale(const char *base, const char *name)
{
    unsigned long long told[4]; /* namespace, pid, ticks, number */
    struct process_view owner;
    struct stat about;
    char *path;
    bool own;
    if (!read_name(told, name) || told[0] == 0 || told[0] != pid_namespace())
        return false;
    if (process_look(&owner, (pid_t)told[1]) && owner.start_ticks == (int64_t)told[2] &&
        owner.state != 'Z')
        return false;
    path = text_format("%s/%s", base, name);
    own = stat(path, &about) == 0 && about.st_uid == geteuid();
    free(path);
    return own;
}

/* As where a subject of theirs started us. */
static bool holds_us(const char *leaf)
{
    struct leaf_pids pids = {0};
    bool found;
    leaf_read(&pids, leaf);
    found = leaf_has(&pids, getpid());
    free(pids.items);
    return found;
}

static void sweep(const char *base)
{
    DIR *folder = opendir(base);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        char *path = text_format("%s/%s", base, entry->d_name);
        if (is_stale(base, entry->d_name) && !holds_us(path))
            leaf_remove(path);
        free(path);
    }
    if (folder)
        closedir(folder);
}

/* ---- where? ---- */

/* Is `word` one of the words between commas? */
static bool lists(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && strchr(", \n", at[length]))
            return true;
    }
    return false;
}

/* Our own cgroup in that hierarchy: "NUMBER:CONTROLLERS:PATH", of version 2 "0::PATH" */
static char *own_path(const char *controller)
{
    char *data = NULL, *line, *next = NULL, *path = NULL;
    size_t length;
    if (text_read_file(&data, &length, "/proc/self/cgroup", 1 << 20, NULL) < 0)
        return NULL;
    for (line = strtok_r(data, "\n", &next); line && !path; line = strtok_r(NULL, "\n", &next)) {
        char *controllers = strchr(line, ':');
        char *at = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!at)
            continue;
        *at++ = '\0';
        if (controller ? lists(controllers + 1, controller) : strcmp(line, "0:") == 0)
            path = xstrdup(at);
    }
    free(data);
    return path;
}

/* One mount of the hierarchy, as a line of /proc/self/mountinfo tells it (proc(5)):
 * ID PARENT DEVICE ROOT FOLDER OPTIONS ... - TYPE SOURCE OPTIONS */
struct mounted {
    char root[1024], folder[1024];
};

static bool read_mount(struct mounted *out, const char *line, const char *controller)
{
    char type[32], options[512];
    const char *after = strstr(line, " - ");
    if (!after || sscanf(line, "%*s %*s %*s %1023s %1023s", out->root, out->folder) != 2 ||
        sscanf(after, " - %31s %*s %511s", type, options) != 2)
        return false;
    if (!controller)
        return strcmp(type, "cgroup2") == 0;
    return strcmp(type, "cgroup") == 0 && lists(options, controller) && !lists(options, "cpu");
}

/* May a process join it? A child tries, and ends. */
static bool may_join(int procs_fd)
{
    int status = -1;
    pid_t child = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): one write */
    if (child == 0)
        _exit(write(procs_fd, "0", 1) == 1 ? 0 : 1); /* NOLINT(clang-analyzer-unix.Vfork) */
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child > 0 && status == 0;
}

static bool try_place(struct leaf_place *place, char *folder_taken)
{
    char *leaf;
    int procs_fd = -1;
    bool works;
    place->folder = folder_taken;
    sweep(folder_taken);
    leaf = leaf_make(place, &procs_fd);
    works = leaf && may_join(procs_fd);
    if (leaf) {
        close(procs_fd);
        leaf_remove(leaf);
    }
    free(leaf);
    if (!works) {
        free(place->folder);
        place->folder = NULL;
    }
    return works;
}

/* Below our own cgroup, so that what limits us limits the subject too; where a namespace hides it,
 * at the root of what we see. */
static bool try_mount(struct leaf_place *place, const struct mounted *mount, const char *own)
{
    size_t root = strcmp(mount->root, "/") == 0 ? 0 : strlen(mount->root);
    bool seen = own && strncmp(own, mount->root, root) == 0 && !strstr(own, "/..");
    if (seen && strlen(own + root) > 1 &&
        try_place(place, text_format("%s%s", mount->folder, own + root)))
        return true;
    return try_place(place, xstrdup(mount->folder));
}

bool leaf_find(struct leaf_place *out, const char *controller)
{
    char *data = NULL, *own = own_path(controller), *line, *next = NULL;
    size_t length;
    *out = (struct leaf_place){.second = !controller};
    if (text_read_file(&data, &length, "/proc/self/mountinfo", 1 << 22, NULL) < 0)
        data = NULL;
    line = data ? strtok_r(data, "\n", &next) : NULL;
    for (; line && !out->folder; line = strtok_r(NULL, "\n", &next)) {
        struct mounted mount;
        if (read_mount(&mount, line, controller))
            try_mount(out, &mount, own);
    }
    free(data);
    free(own);
    return out->folder != NULL;
}

/* ---- one leaf ---- */

int leaf_open(const char *leaf, const char *name, int flags)
{
    char *path = text_format("%s/%s", leaf, name);
    int fd = open(path, flags | O_CLOEXEC);
    free(path);
    return fd;
}

char *leaf_make(const struct leaf_place *place, int *procs_fd)
{
    char *name, *leaf;
    *procs_fd = -1;
    if (!place->folder)
        return NULL;
    name = new_name();
    leaf = text_format("%s/%s", place->folder, name);
    free(name);
    if (mkdir(leaf, 0755) == 0) {
        *procs_fd = leaf_open(leaf, "cgroup.procs", O_WRONLY);
        if (*procs_fd >= 0)
            return leaf;
        rmdir(leaf);
    }
    free(leaf);
    return NULL;
}

static void add_pid(struct leaf_pids *pids, pid_t pid)
{
    if (pids->count == pids->room) {
        pids->room = pids->room ? 2 * pids->room : 64;
        pids->items = xrealloc(pids->items, pids->room, sizeof *pids->items);
    }
    pids->items[pids->count++] = pid;
}

static void read_procs(struct leaf_pids *out, const char *leaf)
{
    char *path = text_format("%s/cgroup.procs", leaf), *data = NULL, *at, *rest;
    size_t length;
    if (text_read_file(&data, &length, path, 1 << 22, NULL) == 0)
        for (at = data; *at; at = rest + (*rest == '\n')) {
            long pid = strtol(at, &rest, 10);
            if (rest == at)
                break;
            if (pid > 0) /* 0: of another pid namespace */
                add_pid(out, (pid_t)pid);
        }
    free(data);
    free(path);
}

/* Each cgroup below a leaf, deepest first. A folder's links tell how many folders are in it. */
static void walk(const char *leaf, int depth, void (*visit)(const char *folder, void *context),
                 void *context)
{
    struct stat about;
    struct dirent *entry;
    DIR *folder = NULL;
    if (depth < MOST_DEPTH && stat(leaf, &about) == 0 && about.st_nlink > 2)
        folder = opendir(leaf);
    while (folder && (entry = readdir(folder))) {
        char *path;
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        path = text_format("%s/%s", leaf, entry->d_name);
        walk(path, depth + 1, visit, context);
        free(path);
    }
    if (folder)
        closedir(folder);
    visit(leaf, context);
}

static void visit_read(const char *folder, void *context)
{
    read_procs(context, folder);
}

static void visit_remove(const char *folder, void *context)
{
    (void)context;
    rmdir(folder);
}

void leaf_read(struct leaf_pids *out, const char *leaf)
{
    walk(leaf, 0, visit_read, out);
}

bool leaf_has(const struct leaf_pids *pids, pid_t pid)
{
    for (size_t i = 0; i < pids->count; i++)
        if (pids->items[i] == pid)
            return true;
    return false;
}

static void write_word(const char *leaf, const char *name, const char *word)
{
    int fd = leaf_open(leaf, name, O_WRONLY);
    if (fd < 0)
        return;
    if (write(fd, word, strlen(word)) < 0)
        errno = 0; /* not here: what is listed is killed one by one */
    close(fd);
}

static void visit_thaw(const char *folder, void *context)
{
    (void)context;
    write_word(folder, "freezer.state", "THAWED");
}

/* cgroup.kill (version 2 since Linux 5.14) takes all at once, also what is being forked. Without
 * it nobody forks while frozen, and what did before is listed the next time. */
static void kill_all(const char *leaf, const struct leaf_pids *pids)
{
    write_word(leaf, "cgroup.kill", "1");
    write_word(leaf, "freezer.state", "FROZEN");
    for (size_t i = 0; i < pids->count; i++)
        kill(pids->items[i], SIGKILL);
    walk(leaf, 0, visit_thaw, NULL);
}

bool leaf_remove(const char *leaf)
{
    int64_t until_ns = clock_now_ns() + EMPTY_NS;
    int64_t rest_ns = CLOCK_NS_PER_MS / 8;
    for (;;) {
        struct leaf_pids pids = {0};
        leaf_read(&pids, leaf);
        if (pids.count)
            kill_all(leaf, &pids);
        free(pids.items);
        walk(leaf, 0, visit_remove, NULL);
        if (access(leaf, F_OK) != 0)
            return true;
        if (clock_now_ns() > until_ns)
            return false;
        clock_sleep_until(clock_now_ns() + rest_ns);
        if (rest_ns < 8 * CLOCK_NS_PER_MS)
            rest_ns *= 2;
    }
}
