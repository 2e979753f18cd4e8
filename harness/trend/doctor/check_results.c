/* What are promises of durability worth where the results lie, and with which engine? */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/text.h"
#include "cycle/probe.h"
#include "results/results.h"
#include "trend/doctor/doctor_internal.h"

enum { SYNCS = 41, MIDDLE = 20, LATE = 38 }; /* places of median and p95 */
#define MIB 1048576.0

static void check_folder(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "results");
    const char *name = probe_file_system(examiner->results);
    struct statvfs about;
    double room = statvfs(examiner->results, &about) == 0
                      ? (double)about.f_bavail * (double)about.f_frsize
                      : 0;
    char words[TEXT_NUMBER_BYTES];
    doctor_find(row, "'%.90s' on %s, %s free", examiner->results, name, text_size(words, room));
    doctor_figure(row, "free_bytes", room);
    if (room < 1024 * MIB)
        doctor_judge(row, room < 64 * MIB ? DOCTOR_UNFIT : DOCTOR_WARNING,
                     "the disk will be full: free some space, or --results on another disk");
    if (strcmp(name, "nfs") == 0)
        doctor_judge(row, DOCTOR_UNFIT,
                     "SQLite's WAL does not work over a network: --results on a local disk");
    if (strcmp(name, "tmpfs") == 0)
        doctor_judge(row, DOCTOR_WARNING,
                     "nothing is durable in memory: commits look faster than on a disk; --results "
                     "on one");
    if (strcmp(name, "fuse") == 0 || strcmp(name, "9p") == 0 || strcmp(name, "virtiofs") == 0)
        doctor_judge(row, DOCTOR_WARNING,
                     "another program or machine stands behind it: --results on a local disk");
}

static void check_durability(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "durability");
    int64_t took_ns[SYNCS];
    char middle[TEXT_DURATION_BYTES], late[TEXT_DURATION_BYTES];
    if (probe_fdatasync(took_ns, SYNCS, examiner->results) < 0) {
        doctor_find(row, "cannot write there: %s", strerror(errno));
        doctor_judge(row, DOCTOR_UNFIT, "make '%.80s' writable, or choose another with --results",
                     examiner->results);
        return;
    }
    doctor_find(row, "4 KiB are durable after %s (p95 %s, n %d)",
                text_duration(middle, (double)took_ns[MIDDLE]),
                text_duration(late, (double)took_ns[LATE]), SYNCS);
    doctor_figure(row, "median_ns", (double)took_ns[MIDDLE]);
    doctor_figure(row, "p95_ns", (double)took_ns[LATE]);
    if (took_ns[MIDDLE] >= 50 * CLOCK_NS_PER_MS)
        doctor_judge(row, DOCTOR_WARNING,
                     "each commit takes longer than an agent's start: --results on a faster disk, "
                     "or \"durability\": \"normal\"");
}

void check_results(struct examiner *examiner)
{
    struct err err = {0};
    struct doctor_row *row;
    if (text_make_directories(examiner->results, &err) == 0) {
        check_folder(examiner);
        check_durability(examiner);
        return;
    }
    row = doctor_add(examiner, "results");
    doctor_find(row, "%.180s", err.text);
    doctor_judge(row, DOCTOR_UNFIT, "choose a folder that can be written with --results");
}

void check_engine(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "sqlite");
    doctor_find(row, "%.60s", results_engine());
    if (results_engine_has_wal_reset_race())
        doctor_judge(row, DOCTOR_WARNING,
                     "it has the WAL-reset race: the reference spawner works around it, others may "
                     "lose rows; use 3.51.3, 3.50.7, 3.44.6 or later");
}
