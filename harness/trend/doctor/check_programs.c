/* Are the programs there that measuring and reporting need? */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "trend/doctor/doctor_internal.h"

#define VERSION_DEADLINE_MS 10000

static bool is_there(const struct examiner *examiner, const char *name)
{
    char *path = examiner->programs ? text_format("%s/%s", examiner->programs, name)
                                    : process_find_beside_self(name);
    bool there = path && access(path, X_OK) == 0;
    free(path);
    return there;
}

static void check_agent(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "agent");
    cJSON *root = NULL;
    const char *libc = NULL;
    if (json_parse(&root, examiner->environment, strlen(examiner->environment), NULL) == 0)
        libc = json_string(root, "agent_libc");
    if (!is_there(examiner, "spawnref-agent") || !is_there(examiner, "spawnref")) {
        doctor_find(row, "spawnref or spawnref-agent is not beside spawnbench");
        doctor_judge(row, DOCTOR_WARNING,
                     "{agent} and {reference} of scenarios cannot be started: build or install "
                     "all");
    } else {
        doctor_find(row, "C library %s", libc ? libc : "not told");
        if (libc && strncmp(libc, "musl", 4) != 0)
            doctor_judge(row, DOCTOR_WARNING,
                         "glibc's start costs more than the spawner itself and hides it: install "
                         "musl-tools and build again");
    }
    cJSON_Delete(root);
}

/* The first line that it prints; false when it cannot be started */
static bool version_of(char *out, size_t room, const char *program)
{
    const char *const argv[] = {program, "--version", NULL};
    struct process process;
    struct process_exit ended = {.status = -1};
    struct err err = {0};
    struct pollfd said;
    ssize_t got = 0;
    if (process_start(&process, argv, NULL, NULL, -1, &err) < 0)
        return false;
    said = (struct pollfd){.fd = process.out, .events = POLLIN};
    if (poll(&said, 1, VERSION_DEADLINE_MS) == 1)
        got = read(process.out, out, room - 1);
    out[got > 0 ? got : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    if (!process_wait(&process, clock_now_ns() + VERSION_DEADLINE_MS * CLOCK_NS_PER_MS, &ended))
        process_end(&process, CLOCK_NS_PER_S, NULL);
    return ended.status == 0;
}

static void check_gnuplot(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "gnuplot");
    char version[64];
    if (version_of(version, sizeof version, "gnuplot")) {
        doctor_find(row, "%s", version);
        return;
    }
    doctor_find(row, "not found");
    doctor_judge(row, DOCTOR_WARNING, "reports will have no figures: install gnuplot-nox");
}

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED true
#else
#define SANITIZED false
#endif

static void check_build(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "build");
    doctor_find(row, "spawnbench %s, %s", SPAWNBENCH_VERSION,
                SANITIZED ? "with sanitizers" : "without sanitizers");
    if (SANITIZED)
        doctor_judge(row, DOCTOR_WARNING,
                     "everything built here is several times slower: cmake --preset release");
}

void check_programs(struct examiner *examiner)
{
    check_agent(examiner);
    check_gnuplot(examiner);
    check_build(examiner);
}
