/* What does a program do that is started by a spawner? Initialise, say "ready", take a prompt,
 * answer, exit. And, when asked, get each of these wrong in one way.
 *
 *     main_ns      options, --fail start
 *        |         --init (waits) and --init-cpu (burns), --chatty, --hang, --fail init
 *     ready_ns     "ready" to the witness, then the readiness signal
 *        |         prompt: stdin to its end
 *     answer       one JSON object on stdout, or --fail output; "done" to the witness
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/sha256.h"

enum fail { FAIL_NEVER, FAIL_START, FAIL_INIT, FAIL_OUTPUT };
enum ready { READY_UNSET, READY_BY_FD, READY_BY_NOTIFY, READY_BY_LINE, READY_BY_EXIT };

static struct {
    int64_t init_ns, init_cpu_ns, init_rare_ns;
    uint64_t output_bytes, chatty_bytes;
    enum fail fail;
    enum ready ready;
    const char *ready_text;
    bool hang, ignore_term;
} options = {.ready_text = "ready"};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- the command line ---- */

static void usage_error(const char *what, const char *value)
{
    fprintf(stderr, "spawnref-agent: %s '%s' (try --help)\n", what, value);
    exit(2);
}

static int64_t duration(const char *text)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
    char *end;
    double number = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (end != text && strcmp(end, units[i].name) == 0 && number >= 0 &&
            number * units[i].ns <= 3.6e15)
            return (int64_t)(number * units[i].ns + 0.5);
    usage_error("expected a duration such as 45ms, not", text);
    return 0;
}

static uint64_t bytes(const char *text)
{
    char *end;
    uint64_t number;
    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9')
        usage_error("expected a number of bytes, not", text);
    return number;
}

static int word(const char *option, const char *text, const char *const words[])
{
    for (int i = 1; words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    usage_error(option, text);
    return 0;
}

static void help(void)
{
    puts("usage: spawnref-agent [OPTION]...\n"
         "The smallest agent: initialises, says that it is ready, reads a prompt from stdin, "
         "answers on "
         "stdout.\n\n"
         "  --init DURATION       wait this long before being ready, as on a network handshake "
         "(45ms)\n"
         "  --init-rare DURATION  wait so long instead in one batch of ten, scattered by number\n"
         "  --init-cpu DURATION   burn this much CPU time before being ready\n"
         "  --ready WAY           fd, notify, line or exit; default: READY_FD if set, then "
         "NOTIFY_SOCKET\n"
         "  --ready-text TEXT     the line for --ready line (default: ready)\n"
         "  --output BYTES        make the answer this much longer\n"
         "  --chatty BYTES        flood stdout and stderr with this much each before being ready\n"
         "  --fail WHEN           start, init or output: exit with status 1 and a message then\n"
         "  --hang                never become ready\n"
         "  --ignore-term         ignore SIGTERM\n"
         "  --help, --version\n\n"
         "SPAWNBENCH_WITNESS=SOCKET and SPAWNBENCH_AGENT=ID: say 'ready ID MAIN_NS READY_NS' there "
         "when\n"
         "ready, and 'done ID STATUS LENGTH SHA256' about the answer at the end.");
    exit(0);
}

static void tell_version(void)
{
    puts("spawnref-agent " SPAWNBENCH_VERSION);
    exit(0);
}

static void take_option(int option)
{
    static const char *const fails[] = {"", "start", "init", "output", NULL};
    static const char *const ways[] = {"", "fd", "notify", "line", "exit", NULL};
    if (option == 'i')
        options.init_ns = duration(optarg);
    else if (option == 'R')
        options.init_rare_ns = duration(optarg);
    else if (option == 'c')
        options.init_cpu_ns = duration(optarg);
    else if (option == 'r')
        options.ready = (enum ready)word("unknown way to be ready", optarg, ways);
    else if (option == 't')
        options.ready_text = optarg;
    else if (option == 'o')
        options.output_bytes = bytes(optarg);
    else if (option == 'y')
        options.chatty_bytes = bytes(optarg);
    else if (option == 'f')
        options.fail = (enum fail)word("unknown moment to fail", optarg, fails);
    else if (option == 'g')
        options.hang = true;
    else if (option == 'T')
        options.ignore_term = true;
    else if (option == 'h')
        help();
    else if (option == 'V')
        tell_version();
    else
        exit(2); /* getopt_long has said why */
}

static void read_options(int argc, char *argv[])
{
    static const struct option known[] = {{"init", 1, NULL, 'i'},
                                          {"init-rare", 1, NULL, 'R'},
                                          {"init-cpu", 1, NULL, 'c'},
                                          {"ready", 1, NULL, 'r'},
                                          {"ready-text", 1, NULL, 't'},
                                          {"output", 1, NULL, 'o'},
                                          {"chatty", 1, NULL, 'y'},
                                          {"fail", 1, NULL, 'f'},
                                          {"hang", 0, NULL, 'g'},
                                          {"ignore-term", 0, NULL, 'T'},
                                          {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},
                                          {0}};
    int option;
    while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1)
        take_option(option);
    if (optind < argc)
        usage_error("unexpected argument", argv[optind]);
}

/* ---- initialising ---- */

static void complain(const char *when)
{
    const char *id = getenv("SPAWNBENCH_AGENT");
    fprintf(stderr, "spawnref-agent: %s: told to fail at %s\n", id ? id : "agent", when);
}

static void fail(const char *when)
{
    complain(when);
    exit(1);
}

static void wait_for(int64_t wait_ns)
{
    int64_t until_ns = clock_ns(CLOCK_MONOTONIC) + wait_ns;
    struct timespec until = {until_ns / 1000000000, until_ns % 1000000000};
    while (wait_ns > 0 && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

/* The batch is the number before the point of SPAWNBENCH_AGENT; all its agents agree. The seed, 55,
 * was picked so that also among the first few hundred batches one in ten is rare. source:
 * SplitMix64, Steele, Lea and Flood 2014 */
static bool is_rare(void)
{
    const char *id = getenv("SPAWNBENCH_AGENT");
    uint64_t hash = strtoull(id ? id : "0", NULL, 10) + 55 * 0x9e3779b97f4a7c15u;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return (hash ^ (hash >> 31)) % 10 == 0;
}

static void burn(int64_t cpu_ns)
{
    int64_t until_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + cpu_ns;
    volatile uint64_t work = 1;
    while (cpu_ns > 0 && clock_ns(CLOCK_PROCESS_CPUTIME_ID) < until_ns)
        for (int i = 0; i < 10000; i++)
            work = work * 6364136223846793005u + 1;
}

static bool write_all(int fd, const char *data, size_t count)
{
    while (count > 0) {
        ssize_t written = write(fd, data, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        data += written;
        count -= (size_t)written;
    }
    return true;
}

/* What the spawner must have seen as output: the witness is told its length and digest. */
static struct sha256 output;

static bool print(const char *data, size_t count)
{
    sha256_add(&output, data, count);
    return write_all(STDOUT_FILENO, data, count);
}

static void flood(uint64_t count)
{
    bool counts = options.ready == READY_BY_EXIT; /* all that such an agent prints is output */
    char line[1024];
    memset(line, '.', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    while (count > 0) {
        size_t part = count < sizeof line ? (size_t)count : sizeof line;
        if (counts ? !print(line, part) : !write_all(STDOUT_FILENO, line, part))
            exit(1);
        if (!write_all(STDERR_FILENO, line, part))
            exit(1);
        count -= part;
    }
}

/* ---- being ready ---- */

/* How to reach the Unix socket of this name, of which a leading '@' stands for a NUL; 0: it is no
 * name of one. See unix(7). */
static socklen_t address_of(const char *path, struct sockaddr_un *out)
{
    size_t length = strlen(path);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length == 0 || length >= sizeof out->sun_path)
        return 0;
    memcpy(out->sun_path, path, length);
    if (path[0] == '@')
        out->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/* One packet on a connection of its own. Neither waits: when the harness did not make room for all
 * its agents, that is an error and no time of ours. */
static void witness(const char *format, ...)
{
    const char *path = getenv("SPAWNBENCH_WITNESS");
    struct sockaddr_un address;
    char message[512];
    va_list arguments;
    int length, fd;
    if (!path || !getenv("SPAWNBENCH_AGENT"))
        return;
    va_start(arguments, format);
    length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    errno = ENAMETOOLONG;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || length >= (int)sizeof message ||
        connect(fd, (struct sockaddr *)&address, address_of(path, &address)) != 0 ||
        send(fd, message, (size_t)length, MSG_NOSIGNAL) != length) {
        fprintf(stderr, "spawnref-agent: cannot reach the witness '%s': %s%s\n", path,
                strerror(errno),
                errno == ECONNREFUSED ? " (in another network namespace? Then \"witness\": "
                                        "\"none\")"
                                      : "");
        exit(1);
    }
    close(fd);
}

static void witness_ready(int64_t main_ns, int64_t ready_ns)
{
    witness("ready %s %" PRId64 " %" PRId64, getenv("SPAWNBENCH_AGENT"), main_ns, ready_ns);
}

__attribute__((noreturn)) static void end(int status)
{
    char digest[SHA256_HEX_BYTES];
    sha256_end(&output, digest);
    witness("done %s %d %" PRIu64 " %s", getenv("SPAWNBENCH_AGENT"), status, output.bytes, digest);
    exit(status);
}

static bool notify(const char *path)
{
    struct sockaddr_un address;
    socklen_t length = address_of(path, &address);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ssize_t sent;
    if (fd < 0 || length == 0)
        return false;
    sent = sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&address, length);
    close(fd);
    return sent == 7;
}

static bool tell_fd(const char *number)
{
    int fd = (int)strtol(number, NULL, 10);
    bool told = write_all(fd, "\n", 1);
    close(fd);
    return told;
}

static bool tell_line(void)
{
    return write_all(STDOUT_FILENO, options.ready_text, strlen(options.ready_text)) &&
           write_all(STDOUT_FILENO, "\n", 1);
}

static void tell_ready(void)
{
    const char *fd = getenv("READY_FD"), *notify_socket = getenv("NOTIFY_SOCKET");
    bool told = true;
    if (options.ready == READY_UNSET && fd)
        options.ready = READY_BY_FD;
    else if (options.ready == READY_UNSET && notify_socket)
        options.ready = READY_BY_NOTIFY;
    if (options.ready == READY_BY_FD)
        told = fd && tell_fd(fd);
    else if (options.ready == READY_BY_NOTIFY)
        told = notify_socket && notify(notify_socket);
    else if (options.ready == READY_BY_LINE)
        told = tell_line();
    else if (options.ready == READY_BY_EXIT)
        end(0);
    if (told)
        return;
    fprintf(stderr, "spawnref-agent: cannot say that it is ready: %s\n",
            fd || notify_socket ? strerror(errno) : "neither READY_FD nor NOTIFY_SOCKET is set");
    exit(1);
}

/* ---- answering ---- */

/* source : FNV-1a, 64 bit, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t read_prompt(uint64_t *prompt_bytes)
{
    unsigned char part[4096];
    uint64_t hash = 14695981039346656037u;
    ssize_t got;
    while ((got = read(STDIN_FILENO, part, sizeof part)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        *prompt_bytes += (uint64_t)got;
        for (ssize_t i = 0; i < got; i++)
            hash = (hash ^ part[i]) * 1099511628211u;
    }
    return hash;
}

static bool print_padding(uint64_t count)
{
    static char some[4096];
    bool printed = print(",\"padding\":\"", 12);
    memset(some, 'x', sizeof some);
    for (; printed && count > 0; count -= count < sizeof some ? count : sizeof some)
        printed = print(some, count < sizeof some ? (size_t)count : sizeof some);
    return printed && print("\"", 1);
}

/* "answer" is the same for every agent that got the same prompt: they agree. */
static bool answer(void)
{
    const char *id = getenv("SPAWNBENCH_AGENT");
    char text[512];
    uint64_t prompt_bytes = 0, hash = read_prompt(&prompt_bytes);
    size_t length = (size_t)snprintf(text, sizeof text, "{\"agent\":\"");
    if (options.fail == FAIL_OUTPUT)
        return false;
    for (const char *c = id ? id : "spawnref-agent"; *c && length < sizeof text / 2; c++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   (unsigned char)*c < ' ' || strchr("\"\\", *c) ? "\\u%04x" : "%c",
                                   (unsigned char)*c);
    length += (size_t)snprintf(text + length, sizeof text - length,
                               "\",\"answer\":\"%016" PRIx64 "\",\"prompt_bytes\":%" PRIu64, hash,
                               prompt_bytes);
    return print(text, length) &&
           (options.output_bytes == 0 || print_padding(options.output_bytes)) && print("}\n", 2);
}

int main(int argc, char *argv[])
{
    int64_t main_ns = clock_ns(CLOCK_MONOTONIC);
    sigset_t none;
    bool answered;
    sha256_begin(&output);
    read_options(argc, argv);
    /* whoever started us may ignore or block it, and exec passes that on */
    signal(SIGTERM, options.ignore_term ? SIG_IGN : SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (options.fail == FAIL_START)
        fail("start");
    wait_for(options.init_rare_ns > 0 && is_rare() ? options.init_rare_ns : options.init_ns);
    burn(options.init_cpu_ns);
    flood(options.chatty_bytes);
    if (options.fail == FAIL_INIT)
        fail("init");
    while (options.hang)
        pause();
    witness_ready(main_ns, clock_ns(CLOCK_MONOTONIC));
    tell_ready();
    answered = answer();
    if (options.fail == FAIL_OUTPUT)
        complain("output");
    end(answered ? 0 : 1);
}
