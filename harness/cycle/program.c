/* Is a process the program that was asked for? An agent may become another program by itself, and
 * that is nobody's lie: shells, env, nice, scripts, shims of language runtimes, static launchers.
 * Only where what was asked for cannot do so is another program a finding: our own agent, and
 * dynamic programs that name neither an exec function nor a library that might have one. */
#include "cycle/program.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

#define MOST_LINE  256 /* of a #! line, as the kernel has it */
#define MOST_WORDS 8   /* of a command line, within which a script is looked for */
#define MOST_PART  (1 << 20)

static bool same_file(const char *path, dev_t device, ino_t inode)
{
    struct stat about;
    return stat(path, &about) == 0 && about.st_dev == device && about.st_ino == inode;
}

static void add_file(struct program *program, const char *path)
{
    struct program_file *file = &program->files[program->file_count];
    char head[2] = "";
    struct stat about;
    int fd;
    if (program->file_count == PROGRAM_MOST_FILES || stat(path, &about) != 0 ||
        !S_ISREG(about.st_mode) || access(path, X_OK) != 0)
        return;
    for (size_t i = 0; i < program->file_count; i++)
        if (program->files[i].device == about.st_dev && program->files[i].inode == about.st_ino &&
            strcmp(program->files[i].path, path) == 0)
            return;
    *file = (struct program_file){xstrdup(path), about.st_dev, about.st_ino, false};
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        file->is_script = read(fd, head, 2) == 2 && memcmp(head, "#!", 2) == 0;
        close(fd);
    }
    program->file_count++;
}

/* Calls back for each DIR/name of a PATH; an empty entry is the folder one is in. */
static bool in_path(const char *search, const char *name,
                    bool (*use)(void *context, const char *path), void *context)
{
    while (search) {
        size_t length = strcspn(search, ":");
        char path[PATH_MAX];
        int need =
            snprintf(path, sizeof path, "%.*s%s%s", (int)length, search, length ? "/" : "", name);
        if (need > 0 && (size_t)need < sizeof path && use(context, path))
            return true;
        search = search[length] ? search + length + 1 : NULL;
    }
    return false;
}

static bool add_found(void *program, const char *path)
{
    add_file(program, path);
    return false;
}

static const char *own_path(const struct scenario_agent *asked)
{
    const char *path = NULL;
    for (size_t i = 0; i < asked->environment_count; i++)
        if (strcmp(asked->environment[i].key, "PATH") == 0)
            path = asked->environment[i].value;
    return path;
}

static bool same_word(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool program_serves(const struct program *program, const struct scenario_agent *asked)
{
    return program->asked == asked || (same_word(program->asked->command[0], asked->command[0]) &&
                                       same_word(program->asked->directory, asked->directory) &&
                                       same_word(program->search[1], own_path(asked)));
}

const char *program_sharer(void)
{
    static char *path;
    if (!path)
        path = process_find_beside_self("spawnbench-sharer");
    return path;
}

void program_find(struct program *out, const struct scenario_agent *asked, const char *agent_path,
                  const char *subject_path)
{
    *out = (struct program){.asked = asked, .name = asked->command[0], .search = {subject_path}};
    out->search[1] = own_path(asked);
    if (strcmp(out->name, "{agent}") == 0 && agent_path) {
        out->is_ours = true;
        out->name = agent_path;
    }
    if (strcmp(out->name, "{sharer}") == 0 && program_sharer())
        out->name = program_sharer();
    if (!strchr(out->name, '/')) {
        for (size_t i = 0; i < 2; i++)
            in_path(out->search[i], out->name, add_found, out);
        return;
    }
    add_file(out, out->name);
    if (out->name[0] != '/' && asked->directory) {
        char *path = text_format("%s/%s", asked->directory, out->name);
        add_file(out, path);
        free(path);
    }
}

void program_release(struct program *program)
{
    for (size_t i = 0; i < program->file_count; i++)
        free(program->files[i].path);
    *program = (struct program){0};
}

/* ---- scripts ---- */

struct executable {
    dev_t device;
    ino_t inode;
};

static bool is_executable(void *executable, const char *path)
{
    const struct executable *exe = executable;
    return same_file(path, exe->device, exe->inode);
}

/* #!/usr/bin/env -S NAME and #!/usr/bin/env NAME: what is found in PATH is the interpreter. */
static bool interprets(const struct program *program, const char *script, struct executable exe)
{
    char line[MOST_LINE + 1] = "", *rest = NULL, *word;
    int fd = open(script, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, line, MOST_LINE) : 0;
    if (fd >= 0)
        close(fd);
    line[got > 0 ? got : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    word = got > 2 ? strtok_r(line + 2, " \t", &rest) : NULL;
    if (!word)
        return false;
    if (is_executable(&exe, word))
        return true;
    if (!strrchr(word, '/') || strcmp(strrchr(word, '/'), "/env") != 0)
        return false;
    while ((word = strtok_r(NULL, " \t", &rest)) && (*word == '-' || strchr(word, '=')))
        continue;
    if (word && strchr(word, '/'))
        return is_executable(&exe, word);
    for (size_t i = 0; word && i < 2; i++)
        if (in_path(program->search[i], word, is_executable, &exe))
            return true;
    return false;
}

static bool runs_script(const struct program *program, const struct program_file *file, pid_t pid)
{
    char line[4096];
    size_t at = 0;
    int fd;
    ssize_t got;
    snprintf(line, sizeof line, "/proc/%d/cmdline", (int)pid);
    fd = open(line, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, line, sizeof line - 1);
    close(fd);
    line[got > 0 ? got : 0] = '\0';
    for (int word = 0; word < MOST_WORDS && got > 0 && at < (size_t)got; word++) {
        const char *said = line + at;
        if (strcmp(said, file->path) == 0 || strcmp(said, program->name) == 0 ||
            (*said == '/' && same_file(said, file->device, file->inode)))
            return true;
        at += strlen(said) + 1;
    }
    return false;
}

/* ---- programs that become no other ---- */

/* All that a dynamic program takes from others has its name in one table of strings: functions and
 * libraries. Functions that a library of the system calls are not there, and these do not exec. */
static bool name_is_harmless(const char *name)
{
    static const char *const becoming[] = {"exec", "spawn", "system", "popen", "dlopen", "syscall"};
    static const char *const libraries[] = {
        "libc.so.",     "libm.so.",       "libpthread.so.", "librt.so.",   "ld-linux",
        "libgcc_s.so.", "libselinux.so.", "libacl.so.",     "libattr.so.", "libcap.so."};
    for (size_t i = 0; i < sizeof becoming / sizeof becoming[0]; i++)
        if (strstr(name, becoming[i]))
            return false;
    if (!strstr(name, ".so"))
        return true;
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        if (strncmp(name, libraries[i], strlen(libraries[i])) == 0)
            return true;
    return false;
}

static bool names_are_harmless(const char *strings, size_t length)
{
    for (size_t at = 0; at < length; at += strlen(strings + at) + 1)
        if (!name_is_harmless(strings + at))
            return false;
    return true;
}

/* A part of a stranger's file, of at most MOST_PART bytes; the caller frees it, NULL: it is not
 * there. */
static void *read_part(int fd, uint64_t offset, uint64_t length)
{
    char *part;
    if (length == 0 || length > MOST_PART || offset > INT64_MAX - MOST_PART)
        return NULL;
    part = xcalloc(length + 1, 1);
    if (pread(fd, part, length, (off_t)offset) == (ssize_t)length)
        return part;
    free(part);
    return NULL;
}

/* Where the file holds what is loaded at this address; 0: nowhere */
static uint64_t offset_of(const Elf64_Phdr parts[], size_t count, Elf64_Addr address)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].p_type == PT_LOAD && address >= parts[i].p_vaddr &&
            address - parts[i].p_vaddr < parts[i].p_filesz)
            return parts[i].p_offset + (address - parts[i].p_vaddr);
    return 0;
}

static bool dynamic_is_harmless(int fd, const Elf64_Phdr parts[], size_t count,
                                const Elf64_Phdr *dynamic)
{
    Elf64_Dyn *entries = read_part(fd, dynamic->p_offset, dynamic->p_filesz);
    uint64_t offset = 0, length = 0;
    char *strings;
    bool harmless;
    for (size_t i = 0; entries && i < dynamic->p_filesz / sizeof *entries; i++) {
        if (entries[i].d_tag == DT_STRTAB)
            offset = offset_of(parts, count, entries[i].d_un.d_ptr);
        if (entries[i].d_tag == DT_STRSZ)
            length = entries[i].d_un.d_val;
    }
    free(entries);
    strings = offset ? read_part(fd, offset, length) : NULL;
    harmless = strings && names_are_harmless(strings, length);
    free(strings);
    return harmless;
}

static bool elf_stays_itself(int fd)
{
    Elf64_Ehdr head;
    Elf64_Phdr *parts;
    const Elf64_Phdr *dynamic = NULL;
    bool interpreted = false, harmless;
    if (pread(fd, &head, sizeof head, 0) != sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_phentsize != sizeof *parts)
        return false;
    parts = read_part(fd, head.e_phoff, (uint64_t)head.e_phnum * sizeof *parts);
    for (size_t i = 0; parts && i < head.e_phnum; i++) {
        interpreted = interpreted || parts[i].p_type == PT_INTERP;
        if (parts[i].p_type == PT_DYNAMIC)
            dynamic = &parts[i];
    }
    harmless = interpreted && dynamic && dynamic_is_harmless(fd, parts, head.e_phnum, dynamic);
    free(parts);
    return harmless;
}

static bool stays_itself(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool stays = fd >= 0 && elf_stays_itself(fd);
    if (fd >= 0)
        close(fd);
    return stays;
}

/* ---- the answer ---- */

/* What lies at its path is no longer what it was started from, or it sees other files than we. */
static bool cannot_compare(const struct program *program, pid_t pid)
{
    char link[64], path[PATH_MAX], root[64];
    struct stat theirs, ours;
    ssize_t length;
    char *gone;
    snprintf(link, sizeof link, "/proc/%d/ns/mnt", (int)pid);
    if (stat(link, &theirs) != 0 || stat("/proc/self/ns/mnt", &ours) != 0 ||
        theirs.st_ino != ours.st_ino)
        return true;
    snprintf(root, sizeof root, "/proc/%d/root", (int)pid);
    if (stat(root, &theirs) != 0 || stat("/", &ours) != 0 || theirs.st_ino != ours.st_ino ||
        theirs.st_dev != ours.st_dev)
        return true;
    snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return true;
    path[length] = '\0';
    gone = strstr(path, " (deleted)");
    if (!gone)
        return false;
    *gone = '\0';
    for (size_t i = 0; i < program->file_count; i++)
        if (same_file(path, program->files[i].device, program->files[i].inode))
            return true;
    return false;
}

static bool may_change(struct program *program)
{
    if (program->kind == PROGRAM_NOT_LOOKED) {
        program->kind = PROGRAM_STAYS;
        for (size_t i = 0; i < program->file_count && !program->is_ours; i++)
            if (!stays_itself(program->files[i].path))
                program->kind = PROGRAM_MAY_CHANGE;
    }
    return program->kind == PROGRAM_MAY_CHANGE;
}

enum program_answer program_is(struct program *program, pid_t pid)
{
    char path[48];
    struct stat exe;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    if (stat(path, &exe) != 0)
        return PROGRAM_UNKNOWN;
    for (size_t i = 0; i < program->file_count; i++) {
        const struct program_file *file = &program->files[i];
        if (file->device == exe.st_dev && file->inode == exe.st_ino)
            return PROGRAM_IS;
        if (file->is_script && runs_script(program, file, pid) &&
            interprets(program, file->path, (struct executable){exe.st_dev, exe.st_ino}))
            return PROGRAM_IS;
    }
    if (program->file_count == 0 || cannot_compare(program, pid))
        return PROGRAM_UNKNOWN;
    return may_change(program) ? PROGRAM_UNKNOWN : PROGRAM_IS_NOT;
}
