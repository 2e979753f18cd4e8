/* spawnbench-micro: what do the parts cost? Options to cases, cases to Google Benchmark. */
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <linux/magic.h>
#include <sqlite3.h>

#include "base/arguments.h"
#include "base/clock.h"
#include "base/inherited.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/standard.h"
#include "base/text.h"
#include "study/micro/micro.h"

static struct witness witness = {.fd = -1}; /* of all agents; open to the very end */

static const char usage[] =
    "usage: spawnbench-micro [OPTION]... [--benchmark_...]\n"
    "       spawnbench-micro --ratios [--cycles N] [--agents N,...] [--json]\n"
    "       spawnbench-micro --observer [--cycles N] [--agents N,...]\n"
    "\n"
    "Micro-benchmarks of spawnbench under Google Benchmark: spawn primitives and the reference "
    "spawner\n"
    "(spawn/, mode/), recording (store/), auditing (audit/), the harness itself (harness/). One "
    "sample\n"
    "is one row; repetitions are shuffled over the cases and numbered by the counter run_order.\n"
    "\n"
    "  --ratios             the parallel spawner against bare loops that record nothing, paired "
    "in\n"
    "                       random order in each round: median ratios with 95 % bounds\n"
    "  --observer           the spawner audited after each batch against the same one left alone,\n"
    "                       paired likewise: slow-down, cost of the audits, size of the -wal\n"
    "  --cycles N           rounds of these two after warm-ups (default 40)\n"
    "  --agents N,...       their batch sizes (default 3,10,100)\n"
    "  --seed N             their order (default 1)\n"
    "  --samples N          rows per case (default: each case's own, 5 to 30)\n"
    "  --witness on|off     do agents report to a witness? The same for loops and spawner (default "
    "on)\n"
    "  --folder DIR         where databases of the run lie, removed at the end (default: $TMPDIR "
    "or\n"
    "                       /tmp); durability means something only on a real disk\n"
    "  --agent PATH, --light PATH, --reference PATH\n"
    "                       other programs than those beside this one; the light agent is the "
    "agent\n"
    "                       with musl: where glibc's start is dear (CPUID traps of virtual "
    "machines),\n"
    "                       only with it the spawner itself shows\n"
    "  --rr                 run as SCHED_RR 1, agents too: shields from others on a busy machine "
    "(root)\n"
    "  --json               one JSON document on stdout\n"
    "  --self               only three cases of known behaviour, which test the reporting itself\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 measured; 2 usage, or no case matches the filter; 5 a sample failed;\n"
    "70 fault of this program; 128+n ended by signal n.\n"
    "\n"
    "Flags of Google Benchmark (--benchmark_repetitions=N is taken as --samples N; random\n"
    "interleaving is on unless --benchmark_enable_random_interleaving=false; times are manual and\n"
    "each row is one iteration, so --benchmark_min_time changes nothing):\n";

/* ---- what cases share ---- */

void micro_add(const struct micro *micro, gbench_body *body, void *context, int samples,
               enum gbench_unit unit, const char *name, ...)
{
    char whole[128];
    struct gbench_case one = {whole, body, context, micro->samples ? micro->samples : samples,
                              unit};
    va_list args;
    va_start(args, name);
    vsnprintf(whole, sizeof whole, name, args);
    va_end(args);
    if (gbench_register(&one) < 0)
        exit(70);
}

bool micro_go_on(struct gbench *sample)
{
    if (interrupt_seen())
        gbench_skip(sample, "interrupted");
    return !interrupt_seen();
}

void micro_file_system(char out[32], const char *folder)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } known[] = {{EXT4_SUPER_MAGIC, "ext4"},
                 {TMPFS_MAGIC, "tmpfs"},
                 {XFS_SUPER_MAGIC, "xfs"},
                 {BTRFS_SUPER_MAGIC, "btrfs"},
                 {OVERLAYFS_SUPER_MAGIC, "overlay"}};
    struct statfs about;
    if (statfs(folder, &about) != 0) {
        snprintf(out, 32, "unknown");
        return;
    }
    snprintf(out, 32, "0x%lx", (unsigned long)about.f_type);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].magic == (unsigned long)about.f_type)
            snprintf(out, 32, "%s", known[i].name);
}

/* ---- the cases that test gbench: known times, no time, a failure ---- */

static void take_known(struct gbench *sample, void *context)
{
    int *taken = context;
    gbench_time(sample, ++*taken * CLOCK_NS_PER_MS);
    gbench_label(sample, "known");
}

static void take_nothing(struct gbench *sample, void *context)
{
    (void)sample;
    (void)context;
}

static void take_every_other(struct gbench *sample, void *context)
{
    int *taken = context;
    if (++*taken % 2 == 0)
        gbench_skip(sample, "planted failure");
    gbench_time(sample, *taken * CLOCK_NS_PER_MS);
}

void micro_self_register(const struct micro *micro)
{
    static int known, every_other;
    micro_add(micro, take_known, &known, 20, GBENCH_MS, "self/known");
    micro_add(micro, take_nothing, NULL, 4, GBENCH_MS, "self/nothing");
    micro_add(micro, take_every_other, &every_other, 10, GBENCH_MS, "self/every-other");
}

/* ---- the command line ---- */

struct options {
    struct micro micro;
    const char *agent, *light_agent, *reference; /* other programs than those beside this one */
    const char *base;                            /* --folder */
    const char *out;                             /* value of --benchmark_out, or NULL */
    bool ratios, observer, self, witness, help, version;
    size_t null_cycles; /* 0: no worker, the usual case */
    char **library;     /* argv for Google Benchmark; strings borrowed */
    int library_count;
};

static int take_sizes(void *out, const char *value, struct err *err)
{
    struct micro *micro = out;
    char copy[128], *at = copy, *part;
    micro->size_count = 0;
    snprintf(copy, sizeof copy, "%s", value);
    while ((part = strsep(&at, ",")) != NULL) {
        uint64_t size = 0;
        if (arguments_number(&size, "agents", part, 1, 1000, err) < 0)
            return -1;
        if (micro->size_count == MICRO_MOST_SIZES)
            return err_set(err, ERR_USAGE, "--agents takes at most %d sizes", MICRO_MOST_SIZES);
        micro->sizes[micro->size_count++] = (size_t)size;
    }
    return 0;
}

static int take_witness(void *out, const char *value, struct err *err)
{
    if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
        return err_set(err, ERR_USAGE, "--witness wants on or off, not '%s'", value);
    *(bool *)out = strcmp(value, "on") == 0;
    return 0;
}

/* What getopt knows; the library's flags were taken out before. */
static int read_ours(struct options *options, int argc, char *argv[], struct err *err)
{
    struct micro *micro = &options->micro;
    uint64_t cycles = micro->cycles, samples = (uint64_t)micro->samples, null_cycles = 0;
    const struct arguments_row rows[] = {
        {"agent", ARGUMENTS_TEXT, &options->agent, 0, 0, NULL},
        {"agents", ARGUMENTS_OWN, micro, 0, 0, take_sizes},
        {"cycles", ARGUMENTS_NUMBER, &cycles, 1, 100000, NULL},
        {"folder", ARGUMENTS_TEXT, &options->base, 0, 0, NULL},
        {"help", ARGUMENTS_FLAG, &options->help, 0, 0, NULL},
        {"json", ARGUMENTS_FLAG, &micro->json, 0, 0, NULL},
        {"witness", ARGUMENTS_OWN, &options->witness, 0, 0, take_witness},
        {"light", ARGUMENTS_TEXT, &options->light_agent, 0, 0, NULL},
        /* only we call ourselves with it: micro_harness.c */
        {"null-cycles", ARGUMENTS_NUMBER, &null_cycles, 1, 1000, NULL},
        {"observer", ARGUMENTS_FLAG, &options->observer, 0, 0, NULL},
        {"ratios", ARGUMENTS_FLAG, &options->ratios, 0, 0, NULL},
        {"reference", ARGUMENTS_TEXT, &options->reference, 0, 0, NULL},
        {"rr", ARGUMENTS_FLAG, &micro->rr, 0, 0, NULL},
        {"samples", ARGUMENTS_NUMBER, &samples, 1, 100000, NULL},
        {"seed", ARGUMENTS_NUMBER, &micro->seed, 0, UINT32_MAX, NULL},
        {"self", ARGUMENTS_FLAG, &options->self, 0, 0, NULL},
        {"version", ARGUMENTS_FLAG, &options->version, 0, 0, NULL},
        {0},
    };
    int rc = arguments_read(rows, argc, argv, err);
    micro->cycles = (size_t)cycles;
    micro->samples = (int)samples;
    options->null_cycles = (size_t)null_cycles;
    return rc;
}

/* --benchmark_* is the library's, and what we must know of it ours too. */
static int read_library_flag(struct options *options, char *flag, struct err *err)
{
    static const char repetitions[] = "--benchmark_repetitions=", out[] = "--benchmark_out=";
    if (strncmp(flag, repetitions, sizeof repetitions - 1) == 0) {
        uint64_t number = 0;
        if (arguments_number(&number, "benchmark_repetitions", flag + sizeof repetitions - 1, 1,
                             100000, err) < 0)
            return -1;
        options->micro.samples = (int)number;
    }
    if (strncmp(flag, out, sizeof out - 1) == 0)
        options->out = flag + sizeof out - 1;
    options->library[options->library_count++] = flag;
    return 0;
}

static int read_options(struct options *options, int argc, char *argv[], struct err *err)
{
    static char interleave[] = "--benchmark_enable_random_interleaving=true";
    char **ours = xcalloc((size_t)argc + 1, sizeof ours[0]);
    int our_count = 0, rc = 0;
    options->library = xcalloc((size_t)argc + 4, sizeof options->library[0]);
    options->library[options->library_count++] = argv[0];
    options->library[options->library_count++] = interleave; /* a later one of the user's wins */
    ours[our_count++] = argv[0];
    for (int i = 1; i < argc && rc == 0; i++)
        if (strncmp(argv[i], "--benchmark_", 12) == 0 || strncmp(argv[i], "--v=", 4) == 0)
            rc = read_library_flag(options, argv[i], err);
        else
            ours[our_count++] = argv[i];
    if (rc == 0)
        rc = read_ours(options, our_count, ours, err);
    if (rc == 0 && options->ratios && options->library_count > 2)
        rc = err_set(err, ERR_USAGE,
                     "--ratios does not run under Google Benchmark: '%s' has no "
                     "place beside it",
                     options->library[2]);
    free(ours);
    return rc;
}

/* ---- the run ---- */

/* At exit, because the library may call it: see gbench_run. */
static char *scratch;

static void remove_scratch(void)
{
    text_remove_tree(scratch);
}

/* NULL when neither asked for nor there */
static char *program_of(const char *asked, const char *name)
{
    return asked ? xstrdup(asked) : process_find_beside_self(name);
}

static int prepare(struct options *options, struct err *err)
{
    struct micro *micro = &options->micro;
    const char *base = options->base ? options->base : getenv("TMPDIR");
    const struct sched_param first = {.sched_priority = 1};
    int fd;
    if (micro->rr && sched_setscheduler(0, SCHED_RR, &first) != 0)
        return err_system(err, "cannot become SCHED_RR 1 (without --rr it runs as everybody does)");
    /* Built with musl where that is found: then {agent} is the light one,
     * and glibc's lies beside it. */
    micro->agent = program_of(options->agent, "spawnref-agent-glibc");
    if (micro->agent || options->light_agent)
        micro->light_agent = program_of(options->light_agent, "spawnref-agent");
    if (!micro->agent)
        micro->agent = program_of(NULL, "spawnref-agent");
    micro->reference = program_of(options->reference, "spawnref");
    if (!micro->agent || !micro->reference)
        return err_set(err, ERR_UNFIT, "spawnref and its agent do not lie beside this program");
    micro->folder = text_format("%s/spawnbench-micro-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(micro->folder)) {
        err_system(err, "cannot make a folder '%s' (--folder names another place)", micro->folder);
        free(micro->folder);
        micro->folder = NULL;
        return -1;
    }
    scratch = micro->folder; /* never freed: it is needed to the very end */
    atexit(remove_scratch);
    if (options->witness && witness_open(&witness, err) < 0)
        return -1;
    micro->witness = options->witness ? &witness : NULL;
    if (!options->out)
        return 0;
    fd = open(options->out, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_system(err, "cannot write '%s'", options->out);
    close(fd);
    return 0;
}

static void tell_context(const struct micro *micro)
{
    char file_system[32];
    micro_file_system(file_system, micro->folder);
    gbench_context("spawnbench_version", SPAWNBENCH_VERSION);
    gbench_context("sqlite_version", sqlite3_libversion());
    gbench_context("file_system", file_system);
    gbench_context("scheduler", micro->rr ? "SCHED_RR 1" : "as started");
    gbench_context("witness", micro->witness ? "on" : "off");
}

static int run_cases(struct options *options, struct err *err)
{
    static char json[] = "--benchmark_format=json";
    const struct micro *micro = &options->micro;
    int failed = 0, rc;
    if (micro->json)
        options->library[options->library_count++] = json;
    if (options->self) {
        micro_self_register(micro);
    } else {
        micro_spawn_register(micro);
        micro_store_register(micro);
        micro_audit_register(micro);
        micro_harness_register(micro);
    }
    tell_context(micro);
    rc = gbench_run(options->library_count, options->library, &failed);
    micro_spawn_release();
    micro_store_release();
    micro_audit_release();
    micro_harness_release();
    if (interrupt_seen())
        return err_set(err, ERR_INTERRUPTED, "interrupted; rows taken before it are told");
    if (rc == 2)
        return err_set(err, ERR_USAGE, "nothing was measured (see spawnbench-micro --help)");
    if (rc != 0)
        return err_set(err, ERR_INTERNAL, "Google Benchmark gave up");
    if (failed > 0)
        return err_set(err, ERR_UNFIT, "%d samples failed; their rows are flagged error_occurred",
                       failed);
    return 0;
}

static int run(struct options *options, struct err *err)
{
    if (options->null_cycles)
        return micro_null_cycles(&options->micro, options->null_cycles, err);
    if (options->observer)
        return micro_observer(&options->micro, err);
    return options->ratios ? micro_ratios(&options->micro, err) : run_cases(options, err);
}

int main(int argc, char *argv[])
{
    struct options options = {
        .witness = true,
        .micro = {.seed = 1, .cycles = 40, .sizes = {3, 10, 100}, .size_count = 3}};
    struct err err = {0};
    int rc;
    inherited_reset();
    interrupt_catch();
    standard_open();
    rc = read_options(&options, argc, argv, &err);
    if (rc == 0 && options.help) {
        fputs(usage, stdout);
        gbench_help();
    } else if (rc == 0 && options.version) {
        puts("spawnbench-micro " SPAWNBENCH_VERSION);
    } else if (rc == 0) {
        rc = prepare(&options, &err);
        if (rc == 0)
            rc = run(&options, &err);
    }
    free(options.micro.agent);
    free(options.micro.light_agent);
    free(options.micro.reference);
    witness_close(&witness);
    free(options.library);
    if (rc == 0)
        return 0;
    fprintf(stderr, "spawnbench-micro: %s\n", err.text);
    return interrupt_seen() ? 128 + interrupt_seen() : err_exit_code(&err);
}
