/* spawnbench-witness PROGRAM ARG...: says on the socket SPAWNBENCH_WITNESS that the agent
 * SPAWNBENCH_AGENT starts, as "exec ID START_NS", and becomes PROGRAM.
 *
 * It attests starts of programs that know nothing of a witness. Each costs a second exec, so this
 * does nothing else: where LAUNCHER_WITHOUT_LIBC is set, not even libc's own start. There is no
 * errno then: a system call returns it, negative. */
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NAME       "spawnbench-witness"
#define USUAL_PATH "/bin:/usr/bin" /* as execvp(3) does without PATH */

/* ---- the kernel ---- */

#ifndef LAUNCHER_WITHOUT_LIBC
static long call(long number, long a, long b, long c, long d)
{
    long result = syscall(number, a, b, c, d);
    return result < 0 ? -errno : result;
}
#elif defined(__x86_64__)
static long call(long number, long a, long b, long c, long d)
{
    register long fourth __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static long call(long number, long a, long b, long c, long d)
{
    register long eighth __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    __asm__ volatile("svc 0"
                     : "+r"(first)
                     : "r"(eighth), "r"(second), "r"(third), "r"(fourth)
                     : "memory");
    return first;
}
#endif

/* ---- text, without libc ---- */

static size_t length_of(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

/* Text that is built: cut where it does not fit, `cut` tells. */
struct line {
    char data[PATH_MAX + 512];
    size_t length;
    int cut;
};

static void add_bytes(struct line *line, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (line->length + 1 < sizeof line->data)
            line->data[line->length++] = text[i];
        else
            line->cut = 1;
    line->data[line->length] = '\0';
}

static void add(struct line *line, const char *text)
{
    add_bytes(line, text, length_of(text));
}

static void add_number(struct line *line, uint64_t number)
{
    char digits[20];
    size_t first = sizeof digits;
    do
        digits[--first] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    add_bytes(line, digits + first, sizeof digits - first);
}

/* NAME: what 'whom': why */
static int give_up(int status, const char *what, const char *whom, long error)
{
    static const struct {
        int error;
        const char *words;
    } known[] = {{ENOENT, "No such file or directory"},
                 {EACCES, "Permission denied"},
                 {ENOEXEC, "Exec format error"},
                 {ECONNREFUSED,
                  "Connection refused (in another network namespace? Then \"witness\": \"none\")"},
                 {E2BIG, "Argument list too long"},
                 {ENAMETOOLONG, "File name too long"}};
    static struct line line;
    const char *words = NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].error == error)
            words = known[i].words;
    add(&line, NAME ": ");
    add(&line, what);
    if (whom) {
        add(&line, " '");
        add(&line, whom);
        add(&line, "'");
    }
    if (error)
        add(&line, words ? ": " : ": error ");
    if (words)
        add(&line, words);
    else if (error)
        add_number(&line, (uint64_t)error);
    add(&line, "\n");
    call(SYS_write, STDERR_FILENO, (long)line.data, (long)line.length, 0);
    return status;
}

static const char *value_of(char *const environment[], const char *name)
{
    for (; *environment; environment++) {
        size_t i = 0;
        while (name[i] && (*environment)[i] == name[i])
            i++;
        if (!name[i] && (*environment)[i] == '=')
            return *environment + i + 1;
    }
    return NULL;
}

/* ---- saying it ---- */

static int say(const char *path, const struct line *line)
{
    static struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = length_of(path);
    long fd = call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0), rc;
    if (length == 0 || length >= sizeof address.sun_path)
        return ENAMETOOLONG;
    for (size_t i = 0; i < length; i++)
        address.sun_path[i] = path[0] == '@' && i == 0 ? '\0' : path[i];
    if (fd < 0)
        return (int)-fd;
    rc = call(SYS_connect, fd, (long)&address,
              (long)(offsetof(struct sockaddr_un, sun_path) + length), 0);
    if (rc == 0)
        rc = call(SYS_write, fd, (long)line->data, (long)line->length, 0);
    call(SYS_close, fd, 0, 0, 0);
    return rc < 0 ? (int)-rc : 0;
}

static int tell(char *const environment[])
{
    static struct line line;
    struct timespec now = {0};
    const char *path = value_of(environment, "SPAWNBENCH_WITNESS");
    const char *id = value_of(environment, "SPAWNBENCH_AGENT");
    int error;
    if (!path || !id)
        return give_up(1, path ? "SPAWNBENCH_AGENT is not set" : "SPAWNBENCH_WITNESS is not set",
                       NULL, 0);
    call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0);
    add(&line, "exec ");
    add(&line, id);
    add(&line, " ");
    add_number(&line, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
    error = line.cut ? ENAMETOOLONG : say(path, &line);
    return error ? give_up(1, "cannot reach the witness", path, error) : 0;
}

/* ---- becoming the program ---- */

/* A file that is executable and no program is a script for the shell, as with execvp(3). */
static long become_script(const char *path, char *argv[], char *const environment[])
{
    static char *words[4096];
    size_t count = 1;
    while (argv[count])
        count++;
    if (count + 2 > sizeof words / sizeof words[0])
        return -E2BIG;
    words[0] = (char *)"/bin/sh";
    words[1] = (char *)path;
    for (size_t i = 1; i <= count; i++)
        words[i + 1] = argv[i];
    return call(SYS_execve, (long)words[0], (long)words, (long)environment, 0);
}

static long become(const char *path, char *argv[], char *const environment[])
{
    long rc = call(SYS_execve, (long)path, (long)argv, (long)environment, 0);
    return rc == -ENOEXEC ? become_script(path, argv, environment) : rc;
}

/* Only what is not there, or must not be started, is looked for further on. */
static long search(char *argv[], char *const environment[])
{
    const char *folder = value_of(environment, "PATH"), *program = argv[0];
    long rc = -ENOENT;
    for (size_t i = 0; program[i]; i++)
        if (program[i] == '/')
            return become(program, argv, environment);
    for (folder = folder ? folder : USUAL_PATH; *program; folder++) {
        static struct line path;
        size_t length = 0;
        long now;
        while (folder[length] && folder[length] != ':')
            length++;
        path.length = 0;
        path.cut = 0;
        add_bytes(&path, length ? folder : ".", length ? length : 1);
        add(&path, "/");
        add(&path, program);
        now = path.cut ? -ENAMETOOLONG : become(path.data, argv, environment);
        if (now == -EACCES)
            rc = now;
        else if (now != -ENOENT && now != -ENOTDIR && now != -ENAMETOOLONG)
            return now;
        folder += length;
        if (!*folder)
            break;
    }
    return rc;
}

static int run(char *argv[], char *const environment[])
{
    int status;
    long error;
    if (!argv[0] || !argv[1]) {
        give_up(2,
                "expected a program to start (usage: " NAME " PROGRAM [ARG]..., with "
                "SPAWNBENCH_WITNESS and SPAWNBENCH_AGENT set; see spawnbench(1))",
                NULL, 0);
        return 2;
    }
    status = tell(environment);
    if (status)
        return status;
    error = -search(argv + 1, environment);
    return give_up(error == ENOENT ? 127 : 126, "cannot start", argv[1], error);
}

#ifndef LAUNCHER_WITHOUT_LIBC
int main(int argc, char *argv[], char *environment[])
{
    (void)argc;
    return run(argv, environment);
}
#else
/* The stack at the start: how many words, the words, NULL, the environment, NULL. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call "
        "launcher_start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n mov x0, sp\n bl launcher_start\n");
#endif

__attribute__((noreturn, used)) void launcher_start(long *stack);

void launcher_start(long *stack)
{
    char **argv = (char **)(stack + 1);
    int status = run(argv, argv + stack[0] + 1);
    for (;;)
        call(SYS_exit_group, status, 0, 0, 0);
}
#endif
