/* Is what the machine did told as a difference, and is what it does not tell left unknown? */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "cycle/cgroup.h"
#include "cycle/cycle_internal.h"

static char folder[64];

static int make(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/spawnbench-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int unmake(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* In place: what is open stays open. The path is static until the eighth next call. */
static const char *put(const char *name, const char *text)
{
    static char paths[8][256];
    static int turn;
    char *path = paths[turn++ % 8], *slash;
    struct err err = {0};
    FILE *file;
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    slash = strrchr(path, '/');
    *slash = '\0';
    assert_int_equal(text_make_directories(path, &err), 0);
    *slash = '/';
    file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static bool same(struct cycle_strain strain, int64_t steal, int64_t total, int64_t pressure,
                 int64_t throttled)
{
    return strain.steal_ticks == steal && strain.total_ticks == total &&
           strain.pressure_us == pressure && strain.throttled == throttled &&
           strain.suspended_ns >= 0;
}

/* ---- strain.c ---- */

static void counters_are_told_as_what_they_grew_by(void **state)
{
    struct strain strain;
    (void)state;
    strain_open(&strain, put("stat", "cpu  1 2 3 4 5 6 7 8 100 200\ncpu0 9 9 9 9 9 9 9 9 9 9\n"),
                put("pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=500\nfull total=9\n"),
                put("cpu.stat", "nr_periods 9\nnr_throttled 30\nthrottled_usec 7\n"));
    put("stat", "cpu  11 2 3 4 5 6 7 12 900 900\n");
    put("pressure", "some avg10=9.00 avg60=0.00 avg300=0.00 total=777\nfull total=9\n");
    put("cpu.stat", "nr_periods 19\nnr_throttled 31\nthrottled_usec 7\n");
    assert_true(same(strain_read(&strain), 4, 14, 277, 1));
    assert_true(
        same(strain_read(&strain), 0, 0, 0, 0)); /* since the reading before, not since open */
    put("cpu.stat", "nr_periods 0\nnr_throttled 2\n");
    assert_true(same(strain_read(&strain), 0, 0, 0, -1)); /* it went back: another one's counter */
    strain_close(&strain);
    strain_close(&strain);
}

static void what_the_machine_does_not_tell_is_unknown(void **state)
{
    struct strain strain;
    (void)state;
    strain_open(&strain, "/no/such/stat", NULL, put("cpu.stat", "usage_usec 1\n"));
    assert_true(same(strain_read(&strain), -1, -1, -1, -1));
    strain_close(&strain);
    strain_open(&strain, put("stat", "intr 1 2 3\n"), put("pressure", ""), put("cpu.stat", ""));
    put("pressure", "some total=7\n"); /* its first reading: no difference yet */
    assert_true(same(strain_read(&strain), -1, -1, -1, -1));
    put("pressure", "some total=8\n");
    assert_true(same(strain_read(&strain), -1, -1, 1, -1));
    strain_close(&strain);
}

static void this_machine_has_a_strain(void **state)
{
    struct cycle_strain since = {0};
    struct strain strain;
    (void)state;
    strain_open_here(&strain);
    assert_true(strain.last.total_ticks > 0);
    for (int i = 0; i < 100 && since.total_ticks == 0; i++) {
        clock_sleep_until(clock_now_ns() + 10 * CLOCK_NS_PER_MS);
        since = strain_read(&strain);
    }
    assert_true(since.total_ticks > 0 && since.steal_ticks >= 0);
    assert_true(since.steal_ticks <= since.total_ticks);
    strain_close(&strain);
}

/* ---- cgroup.c ---- */

static void check(const char *membership, double quota, const char *counted_by)
{
    char *members = xstrdup(put("membership", membership));
    char *mount = text_format("%s/mount", folder), *file = cgroup_throttled_file(members, mount);
    double found = cgroup_cpus_quota(members, mount);
    if (found != quota)
        fail_msg("quota %g instead of %g for %s", found, quota, membership);
    if (!counted_by)
        assert_null(file);
    else if (!file || strcmp(file + strlen(mount), counted_by) != 0)
        fail_msg("throttling from '%s' for %s", file ? file : "nowhere", membership);
    free(members);
    free(mount);
    free(file);
}

static void the_least_quota_of_ours_and_those_above_counts(void **state)
{
    (void)state;
    put("mount/cpu.stat", "usage_usec 1\n");
    put("mount/a/cpu.max", "150000 100000\n");
    put("mount/a/cpu.stat", "usage_usec 1\nnr_periods 0\nnr_throttled 0\n");
    put("mount/a/b/cpu.max", "max 100000\n");
    put("mount/a/b/cpu.stat", "usage_usec 1\n");
    put("mount/a/b/c/cpu.max", "400000 100000\n");
    put("mount/a/b/c/cpu.stat", "usage_usec 1\nnr_throttled 4\n");
    check("0::/\n", 0, NULL);
    check("0::/a\n", 1.5, "/a/cpu.stat");
    check("0::/a/b\n", 1.5, "/a/cpu.stat");
    check("1:name=systemd:/x\n0::/a/b/c\n", 1.5, "/a/b/c/cpu.stat");
    check("0::/not/seen/here\n", 0, NULL);
    put("outside/cpu.max", "50000 100000\n");
    check("0::/../outside\n", 0, NULL); /* it is another namespace's, even if it exists here */
    put("mount/a/cpu.max", "max 100000\n");
    check("0::/a/b/c\n", 4, "/a/b/c/cpu.stat");
    put("mount/a/cpu.max", "5000 100000\n");
    check("0::/a/b/c\n", 0.05, "/a/b/c/cpu.stat");
    check("", 0, NULL);
    check("no colon\n0\n", 0, NULL);
}

static void version_1_counts_where_it_has_the_controller(void **state)
{
    (void)state;
    put("mount/cpu.max", "100000 100000\n");
    put("mount/cpu,cpuacct/x/cpu.cfs_quota_us", "250000\n");
    put("mount/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
    put("mount/cpu,cpuacct/x/cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_time 1\n");
    put("mount/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    put("mount/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    check("3:cpuset:/\n2:cpu,cpuacct:/x\n0::/\n", 2.5, "/cpu,cpuacct/x/cpu.stat");
    check("2:cpu,cpuacct:/\n0::/\n", 0, NULL);
    check("2:cpuacct,cpu:/x\n0::/\n", 1, NULL); /* no such folder: what version 2 says */
    check("2:cpuset:/x\n0::/\n", 1, NULL);
}

/* ---- host.c ---- */

static void the_host_tells_its_clock(void **state)
{
    cJSON *host = NULL;
    const cJSON *quota;
    struct err err = {0};
    char *text = cycle_host_describe(folder, "an engine");
    (void)state;
    assert_int_equal(json_parse(&host, text, strlen(text), &err), 0);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(host, "clock_resolution_ns")) >= 1);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(host, "cpus_usable")) >= 1);
    quota = cJSON_GetObjectItem(host, "cpus_quota");
    assert_true(!quota || cJSON_GetNumberValue(quota) > 0);
    cJSON_Delete(host);
    free(text);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(counters_are_told_as_what_they_grew_by),
        WITH_FOLDER(what_the_machine_does_not_tell_is_unknown),
        WITH_FOLDER(this_machine_has_a_strain),
        WITH_FOLDER(the_least_quota_of_ours_and_those_above_counts),
        WITH_FOLDER(version_1_counts_where_it_has_the_controller),
        WITH_FOLDER(the_host_tells_its_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
