/* Does each check see what it is for, and stay silent on a machine that is fit? Files of /proc and
 * /sys are planted; clock, disk and programs are the real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/test_cli.h"
#include "cycle/tree.h"
#include "trend/doctor/doctor.h"

#define SAMPLE_NS (1000 * CLOCK_NS_PER_MS) /* that the hook pretends to have waited */

/* A machine made of files. */
struct machine {
    char *folder, *proc, *sys, *results;
    struct doctor_places places;
    struct doctor_examination found;
    const char *later[6]; /* path, text pairs that are written while the doctor watches */
};

static void plant(struct machine *machine, const char *path, const char *text)
{
    struct err err = {0};
    char *whole = text_format("%s/%s", machine->folder, path);
    char *folder = xstrdup(whole);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(text_make_directories(folder, &err), 0);
    assert_int_equal(text_write_file(whole, text, strlen(text), &err), 0);
    free(folder);
    free(whole);
}

/* Counters are read from files that stay open: they must be overwritten, not replaced. */
static void overwrite(const struct machine *machine, const char *path, const char *text)
{
    char *whole = text_format("%s/%s", machine->folder, path);
    FILE *file = fopen(whole, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    free(whole);
}

static void meanwhile(void *context, int64_t ns)
{
    const struct machine *machine = context;
    assert_int_equal(ns, SAMPLE_NS);
    for (size_t i = 0; i + 1 < 6 && machine->later[i]; i += 2)
        overwrite(machine, machine->later[i], machine->later[i + 1]);
}

/* A quiet machine with two idle cores and everything told. */
static struct machine quiet(void *state)
{
    struct machine machine = {.folder = state};
    machine.proc = text_format("%s/proc", machine.folder);
    machine.sys = text_format("%s/sys", machine.folder);
    machine.results = text_format("%s/results", machine.folder);
    machine.places = (struct doctor_places){.results = machine.results,
                                            .programs = BINARY_DIR,
                                            .proc = machine.proc,
                                            .sys = machine.sys,
                                            .environment = "{\"agent_libc\":\"musl, static\"}",
                                            .sample_ns = SAMPLE_NS,
                                            .wait = meanwhile};
    plant(&machine, "proc/stat", "cpu 100 0 100 1000 0 0 0 10 0 0\n");
    plant(&machine, "proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5000\n");
    plant(&machine, "proc/loadavg", "0.01 0.02 0.03 1/99 4242\n");
    plant(&machine, "proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\n");
    plant(&machine, "proc/sys/kernel/pid_max", "4194304\n");
    plant(&machine, "proc/self/cgroup", "0::/box\n");
    plant(&machine, "sys/fs/cgroup/box/cpu.max", "max 100000\n");
    plant(&machine, "sys/fs/cgroup/box/cpu.stat", "usage_usec 1\nnr_throttled 3\n");
    plant(&machine, "sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
    plant(&machine, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    plant(&machine, "sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
    return machine;
}

static void examine(struct machine *machine)
{
    machine->places.context = machine;
    doctor_release(&machine->found);
    doctor_examine(&machine->found, &machine->places);
}

static void forget(struct machine *machine)
{
    doctor_release(&machine->found);
    free(machine->proc);
    free(machine->sys);
    free(machine->results);
}

static const struct doctor_row *row(const struct machine *machine, const char *name)
{
    for (size_t i = 0; i < machine->found.count; i++)
        if (strcmp(machine->found.rows[i].name, name) == 0)
            return &machine->found.rows[i];
    fail_msg("no row '%s'", name);
    return NULL;
}

static void expect(const struct machine *machine, const char *name, enum doctor_level level,
                   const char *part)
{
    const struct doctor_row *found = row(machine, name);
    if (found->level != level || !strstr(found->found, part))
        fail_msg("%s: %s, '%s' instead of %s, '%s'", name, doctor_level_name(found->level),
                 found->found, doctor_level_name(level), part);
    assert_int_equal(found->level == DOCTOR_OK, *found->remedy == '\0');
}

/* What can be told of a subject's processes decides what a run may accuse it of. */
static void it_tells_how_trees_are_held(void **state)
{
    struct machine machine = quiet(*state);
    examine(&machine);
    expect(&machine, "trees", tree_kind() == TREE_DESCENT ? DOCTOR_WARNING : DOCTOR_OK,
           tree_kind_names[tree_kind()]);
    tree_allow(TREE_DESCENT);
    examine(&machine);
    expect(&machine, "trees", DOCTOR_WARNING, "by descent; peak memory of ended agents not known");
    tree_allow(TREE_CGROUP2);
    forget(&machine);
}

static void a_quiet_machine_is_fit(void **state)
{
    struct machine machine = quiet(*state);
    machine.later[0] = "proc/stat"; /* 100 ticks later: one of them stolen, two used */
    machine.later[1] = "cpu 101 0 101 1097 0 0 0 11 0 0\n";
    examine(&machine);
    expect(&machine, "load", DOCTOR_OK, "busy 3 %");
    expect(&machine, "load", DOCTOR_OK, "0.01 0.02 0.03 of");
    expect(&machine, "steal", DOCTOR_OK, "1.0 %");
    expect(&machine, "pressure", DOCTOR_OK, "0.0 %");
    expect(&machine, "throttling", DOCTOR_OK, "0 times");
    expect(&machine, "cores", DOCTOR_OK, "no quota");
    expect(&machine, "governor", DOCTOR_OK, "performance");
    expect(&machine, "turbo", DOCTOR_OK, "off");
    expect(&machine, "memory", DOCTOR_OK, "available");
    expect(&machine, "agent", DOCTOR_OK, "musl");
    expect(&machine, "durability", DOCTOR_OK, "4 KiB");
    assert_true(row(&machine, "durability")->figures[0].value > 0);
    assert_true(row(&machine, "clock")->figures[0].value >= 1);
    assert_true(doctor_worst(&machine.found) < DOCTOR_UNFIT);
    forget(&machine);
}

static void steal_load_and_pressure_are_seen(void **state)
{
    struct machine machine = quiet(*state);
    machine.later[0] = "proc/stat"; /* 200 ticks: 6 stolen, 40 used */
    machine.later[1] = "cpu 140 0 100 1154 0 0 0 16 0 0\n";
    machine.later[2] = "proc/pressure/cpu";
    machine.later[3] = "some avg10=0.00 avg60=0.00 avg300=0.00 total=205000\n"; /* 0.2 of 1 s */
    machine.later[4] = "sys/fs/cgroup/box/cpu.stat";
    machine.later[5] = "usage_usec 1\nnr_throttled 5\n";
    examine(&machine);
    expect(&machine, "load", DOCTOR_WARNING, "busy 23 %");
    expect(&machine, "steal", DOCTOR_WARNING, "3.0 %");
    expect(&machine, "pressure", DOCTOR_WARNING, "20.0 %");
    expect(&machine, "throttling", DOCTOR_WARNING, "2 times");
    plant(&machine, "proc/stat", "cpu 100 0 100 1000 0 0 0 10 0 0\n");
    plant(&machine, "proc/pressure/cpu", "some total=5000\n");
    machine.later[1] = "cpu 200 0 100 1060 0 0 0 50 0 0\n"; /* 200 ticks: 40 stolen */
    machine.later[3] = "some total=905000\n";
    machine.later[4] = NULL;
    examine(&machine);
    expect(&machine, "load", DOCTOR_UNFIT, "busy 70 %");
    expect(&machine, "steal", DOCTOR_UNFIT, "20.0 %");
    expect(&machine, "pressure", DOCTOR_UNFIT, "90.0 %");
    assert_int_equal(doctor_worst(&machine.found), DOCTOR_UNFIT);
    forget(&machine);
}

static void what_nobody_tells_is_a_warning(void **state)
{
    struct machine machine = quiet(*state);
    char *nowhere = text_format("%s/nowhere", machine.folder);
    machine.places.proc = machine.places.sys = nowhere;
    examine(&machine);
    expect(&machine, "load", DOCTOR_OK, "not told");
    expect(&machine, "steal", DOCTOR_WARNING, "not told");
    expect(&machine, "pressure", DOCTOR_WARNING, "not told");
    expect(&machine, "throttling", DOCTOR_WARNING, "not told");
    expect(&machine, "governor", DOCTOR_OK, "not told");
    expect(&machine, "turbo", DOCTOR_OK, "not told");
    expect(&machine, "memory", DOCTOR_OK, "not told");
    assert_true(doctor_worst(&machine.found) == DOCTOR_WARNING);
    free(nowhere);
    forget(&machine);
}

static void settings_that_move_the_times_are_seen(void **state)
{
    struct machine machine = quiet(*state);
    plant(&machine, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "power\033save\n");
    plant(&machine, "sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
    plant(&machine, "sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
    plant(&machine, "sys/fs/cgroup/box/cpu.max", "150000 100000\n");
    plant(&machine, "proc/sys/kernel/pid_max", "4096\n");
    plant(&machine, "proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 100000 kB\n");
    plant(&machine, "proc/loadavg", "9000.0 1 1 1/99 4242\n");
    machine.places.environment = "{\"agent_libc\":\"that of the system, dynamic\"}";
    examine(&machine);
    expect(&machine, "governor", DOCTOR_WARNING, "power?save");
    expect(&machine, "turbo", DOCTOR_WARNING, "on");
    expect(&machine, "clock", DOCTOR_WARNING, "hpet");
    expect(&machine, "cores", sysconf(_SC_NPROCESSORS_ONLN) > 1 ? DOCTOR_WARNING : DOCTOR_OK,
           "quota of 1.50");
    expect(&machine, "limits", DOCTOR_WARNING, "pid_max 4096");
    expect(&machine, "memory", DOCTOR_WARNING, "available");
    expect(&machine, "load", DOCTOR_WARNING, "9000.0");
    expect(&machine, "agent", DOCTOR_WARNING, "dynamic");
    machine.places.programs = machine.folder;
    plant(&machine, "sys/fs/cgroup/box/cpu.max", "50000 100000\n");
    plant(&machine, "proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 1000 kB\n");
    examine(&machine);
    expect(&machine, "agent", DOCTOR_WARNING, "not beside spawnbench");
    expect(&machine, "cores", DOCTOR_UNFIT, "quota of 0.50");
    expect(&machine, "memory", DOCTOR_UNFIT, "available");
    forget(&machine);
}

static void few_open_files_are_seen(void **state)
{
    struct machine machine = quiet(*state);
    struct rlimit before, few;
    getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    few.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    examine(&machine);
    setrlimit(RLIMIT_NOFILE, &before);
    expect(&machine, "limits", DOCTOR_UNFIT, "open files 200");
    forget(&machine);
}

static void results_that_cannot_be_written_are_unfit(void **state)
{
    struct machine machine = quiet(*state);
    plant(&machine, "results/file", "not a folder");
    free(machine.results);
    machine.results = text_format("%s/results/file", machine.folder);
    machine.places.results = machine.results;
    examine(&machine);
    assert_true(row(&machine, "results")->level == DOCTOR_UNFIT ||
                row(&machine, "durability")->level == DOCTOR_UNFIT);
    assert_int_equal(doctor_worst(&machine.found), DOCTOR_UNFIT);
    forget(&machine);
}

static void without_gnuplot_it_says_so(void **state)
{
    struct machine machine = quiet(*state);
    char *path = xstrdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    examine(&machine);
    setenv("PATH", path, 1);
    free(path);
    expect(&machine, "gnuplot", DOCTOR_WARNING, "not found");
    forget(&machine);
}

static void garbage_in_the_files_does_no_harm(void **state)
{
    static const char *const garbage[] = {
        "",           "cpu",           "cpu -1 9999999999999999999999 x\n", "some total=x\n\n\n",
        "\xff\xfe\n", "0::/../../..\n"};
    static const char *const paths[] = {"proc/stat",
                                        "proc/pressure/cpu",
                                        "proc/loadavg",
                                        "proc/meminfo",
                                        "proc/sys/kernel/pid_max",
                                        "proc/self/cgroup",
                                        "sys/fs/cgroup/box/cpu.max",
                                        "sys/fs/cgroup/box/cpu.stat",
                                        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"};
    struct machine machine = quiet(*state);
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        for (size_t k = 0; k < sizeof paths / sizeof paths[0]; k++)
            plant(&machine, paths[k], garbage[i]);
        examine(&machine);
        assert_true(machine.found.count > 12);
    }
    forget(&machine);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_quiet_machine_is_fit),
        IN_FOLDER(it_tells_how_trees_are_held),
        IN_FOLDER(steal_load_and_pressure_are_seen),
        IN_FOLDER(what_nobody_tells_is_a_warning),
        IN_FOLDER(settings_that_move_the_times_are_seen),
        IN_FOLDER(few_open_files_are_seen),
        IN_FOLDER(results_that_cannot_be_written_are_unfit),
        IN_FOLDER(without_gnuplot_it_says_so),
        IN_FOLDER(garbage_in_the_files_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
