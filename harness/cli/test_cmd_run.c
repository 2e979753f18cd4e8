/* Does a run keep what it measured, whatever ends it: a signal, a kill, a full disk? */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/test_cli.h"

#define PARALLEL "\"{reference}\", \"--mode\", \"parallel\""

/* Wait until the run has stored something: a second connection sees the cycles grow. */
static void wait_for_cycles(const char *folder, int wanted)
{
    for (int tries = 0; tries < 1000; tries++) {
        struct cli_said said = cli_say(folder, "list", "--json", NULL);
        const char *at = strstr(said.out, "\"cycles\":");
        int cycles = at ? (int)strtol(at + 9, NULL, 10) : 0;
        cli_forget(&said);
        if (cycles >= wanted)
            return;
        clock_sleep_until(clock_now_ns() + 10 * CLOCK_NS_PER_MS);
    }
    fail_msg("the run did not get as far as %d cycles", wanted);
}

static char *endless(const char *folder)
{
    return cli_scenario(folder, "endless", PARALLEL, "\"durability\": \"normal\",");
}

static void ctrl_c_ends_the_agents_and_keeps_the_run(void **state)
{
    char *path = endless(*state);
    struct cli_running running = cli_start(*state, "run", path, "--cycles", "100000", NULL);
    struct cli_said said;
    wait_for_cycles(*state, 5);
    kill(running.process.pid, SIGINT);
    said = cli_end(&running);
    assert_int_equal(said.exit_status, 130);
    assert_said(said.err, "interrupted");
    assert_said(said.err, "--resume=1");
    cli_forget(&said);
    said = cli_say(*state, "list", NULL);
    assert_said(said.out, "partial");
    cli_forget(&said);
    free(path);
}

/* Its subject hangs from batch 10 on, until there is a file 'go': so it cannot be over before it is
 * killed. */
static char *held_back(const char *folder)
{
    char *text = text_format(
        "{\"name\": \"held\", \"about\": \"a test\", \"agents\": [{\"name\": \"a\", "
        "\"command\": [\"{agent}\"]}], \"arms\": [{\"name\": \"one\", \"subject\": [\"/bin/sh\","
        " \"-c\", \"test -e %s/go || set -- %s/spawnbench-liar hangs --from 10; exec $* "
        "%s/spawnref --mode parallel\"]}], \"cycles\": 60, \"warmup\": 2, \"deadline\": \"10m\"}",
        folder, BINARY_DIR, BINARY_DIR);
    char *path = cli_write(folder, "held.json", text);
    free(text);
    return path;
}

static void a_killed_run_is_partial_and_can_be_resumed(void **state)
{
    char *path = held_back(*state), *go;
    struct cli_running running =
        cli_start(*state, "run", path, "--cycles", "60", "--seed", "7", NULL);
    struct cli_said said;
    wait_for_cycles(*state, 5);
    kill(running.process.pid, SIGKILL);
    said = cli_end(&running);
    assert_int_equal(said.signal, SIGKILL);
    cli_forget(&said);
    said = cli_say(*state, "list", NULL);
    assert_said(said.out, "partial");
    cli_forget(&said);
    go = cli_write(*state, "go", "");
    said = cli_say(*state, "run", "--resume", NULL);
    if (said.exit_status != 0)
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    cli_forget(&said);
    said = cli_say(*state, "list", NULL);
    assert_said(said.out, "complete");
    assert_said(said.out, "62 of 62");
    cli_forget(&said);
    said = cli_say(*state, "run", "--resume", NULL);
    assert_int_equal(said.exit_status, 5); /* nothing left to resume */
    cli_forget(&said);
    free(go);
    free(path);
}

static void a_subject_killed_in_the_middle_is_a_finding_and_the_run_goes_on(void **state)
{
    char *path =
        cli_scenario(*state, "kill", "\"{liar}\", \"is-killed\", \"--from\", \"6\", " PARALLEL,
                     "\"durability\": \"normal\",");
    struct cli_said said = cli_say(*state, "run", path, NULL);
    assert_int_equal(said.exit_status, 4);
    cli_forget(&said);
    said = cli_say(*state, "list", NULL);
    assert_said(said.out, "22 of 22"); /* every cycle is told, none is dropped */
    cli_forget(&said);
    free(path);
}

/* In a mount namespace of its own: results on a file system of 900 KiB. */
static void run_on_a_small_disk(const char *folder, const char *path)
{
    char *results = cli_path(folder, "results");
    struct cli_said said;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mkdir(results, 0755) != 0 || mount("tmpfs", results, "tmpfs", 0, "size=900k") != 0)
        _exit(77);
    said = cli_say(folder, "run", path, "--cycles", "100000", NULL);
    if (said.exit_status != 5 || !strstr(said.err, "free space")) {
        fprintf(stderr, "exit %d\n%s\n%s", said.exit_status, said.out, said.err);
        _exit(1);
    }
    cli_forget(&said);
    said = cli_say(folder, "list", "--json", NULL);
    if (!strstr(said.out, "\"state\":\t\"partial\"") || strstr(said.out, "\"cycles\":\t0,")) {
        fprintf(stderr, "%s\n%s", said.out, said.err);
        _exit(2);
    }
    _exit(0);
}

static void a_full_disk_is_told_and_what_was_measured_is_kept(void **state)
{
    char *path = cli_scenario(*state, "full", "\"{null}\"", "");
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        run_on_a_small_disk(*state, path);
    waitpid(child, &status, 0);
    free(path);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip(); /* mounting needs root */
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void both_modes_survive_a_run_with_consensus(void **state)
{
    static const char *const modes[] = {"sequential", "parallel"};
    for (size_t i = 0; i < 2; i++) {
        char *subject = text_format("\"{reference}\", \"--mode\", \"%s\"", modes[i]);
        char *path = cli_scenario(*state, modes[i], subject, "");
        struct cli_said said = cli_say(*state, "run", path, NULL);
        if (said.exit_status != 0)
            fail_msg("%s: exit %d\n%s\n%s", modes[i], said.exit_status, said.out, said.err);
        cli_forget(&said);
        free(subject);
        free(path);
    }
}

static void the_report_is_written_without_gnuplot(void **state)
{
    char *path = cli_scenario(*state, "plain", "\"{null}\"", ""), *report;
    struct cli_said said = cli_say(*state, "run", path, "-q", NULL);
    char *before = xstrdup(getenv("PATH"));
    assert_int_equal(said.exit_status, 0);
    cli_forget(&said);
    setenv("PATH", "/nowhere", 1);
    said = cli_say(*state, "report", NULL);
    setenv("PATH", before, 1);
    assert_int_equal(said.exit_status, 0);
    assert_said(said.err, "apt install gnuplot-nox");
    cli_forget(&said);
    report = cli_path(*state, "reports/benchmarks.md");
    assert_int_equal(access(report, R_OK), 0);
    free(report);
    free(before);
    free(path);
}

/* What the command writes to a terminal of that many columns on its stderr. */
static char *on_a_terminal(const char *folder, const char *path, unsigned short columns)
{
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
    struct text seen = {0};
    struct cli_running running;
    struct process_exit ended = {0};
    struct err err = {0};
    char *program = text_format("%s/spawnbench", BINARY_DIR), part[4096];
    const char *words[] = {program, "run", path, "--cycles", "60", NULL};
    int ours = posix_openpt(flags), theirs;
    ssize_t got;
    assert_true(ours >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0);
    theirs = open(ptsname(ours), flags);
    assert_int_equal(ioctl(theirs, TIOCSWINSZ, &size), 0);
    if (process_start(&running.process, words, NULL, folder, theirs, &err) < 0)
        fail_msg("%s", err.text);
    close(theirs);
    while ((got = read(ours, part, sizeof part)) > 0) /* EIO once nobody has it open */
        text_add_bytes(&seen, part, (size_t)got);
    while (!process_wait(&running.process, clock_now_ns() + CLOCK_NS_PER_S, &ended))
        ;
    close(ours);
    free(program);
    return text_take(&seen);
}

/* A line that wraps cannot be rewritten: each redraw would leave one behind. */
static void the_progress_fits_into_the_terminal(void **state)
{
    char *path = cli_scenario(*state, "a-scenario-with-a-rather-long-name", PARALLEL, "");
    char *seen = on_a_terminal(*state, path, 60);
    size_t lines = 0;
    for (const char *line = seen; *line; line += strcspn(line, "\r")) {
        size_t columns;
        line += strspn(line, "\r");
        columns = strcspn(line, "\r\x1b");
        if (columns >= 60)
            fail_msg("%zu columns in: %.*s", columns, (int)columns, line);
        lines += columns > 0;
    }
    assert_true(lines > 0);
    free(seen);
    free(path);
}

static void a_batch_of_one_is_one_agent(void **state)
{
    char *path = cli_scenario(*state, "one", PARALLEL, "");
    struct cli_said said = cli_say(*state, "run", path, "--cycles=3", "--vary=agents=1,2", NULL);
    assert_said(said.out, "one  1 agent\n");
    assert_said(said.out, ", 1 agent (");
    if (strstr(said.out, " 1 agents"))
        fail_msg("'1 agents' in:\n%s", said.out);
    cli_forget(&said);
    free(path);
}

/* Neither a claim nor the lack of one makes a run good in which nothing ran. */
static void where_nothing_ran_nothing_is_proven(void **state)
{
    static const char *const claims[] = {
        "", ", \"claims\": [{\"id\": \"C\", \"corruption\": \"none\"}]"};
    for (size_t i = 0; i < 2; i++) {
        char *text =
            text_format("{\"name\": \"nothing\", \"agents\": [{\"name\": \"a\", \"command\":"
                        " [\"/nonexistent/program\"]}], \"arms\": [{\"name\": \"one\","
                        " \"subject\": [" PARALLEL "]}], \"cycles\": 80, \"warmup\": 0%s}",
                        claims[i]);
        char *path = cli_write(*state, "nothing.json", text);
        struct cli_said said = cli_say(*state, "run", path, NULL);
        assert_int_equal(said.exit_status, 5);
        assert_said(said.err, "could not measure: arm 'one': no agent ever became ready: ");
        assert_said(said.err, "/nonexistent/program");
        assert_said(said.out, "could not measure: arm 'one'");
        cli_forget(&said);
        said = cli_say(*state, "export", "--format", "junit", NULL);
        assert_said(said.out, "name=\"every arm started something\"");
        assert_said(said.out, "<error type=\"could-not-measure\"");
        cli_forget(&said);
        said = cli_say(*state, "show", "--json", NULL);
        assert_said(said.out, "\"could_not_measure\":\"arm 'one': no agent");
        cli_forget(&said);
        free(path);
        free(text);
    }
}

/* What is suggested is run by sh as it stands, where the results lie in a folder of an awkward
 * name. */
static void the_next_command_works_as_printed(void **state)
{
    char *path = cli_scenario(*state, "next", PARALLEL, "");
    struct cli_said said = cli_say(*state, "run", path, "--results", "so me's", NULL);
    const char *next = strstr(said.out, "next: ");
    struct cli_running running;
    char *command;
    assert_int_equal(said.exit_status, 0);
    assert_non_null(next);
    command = text_format("PATH=%s:$PATH; %.*s --quiet", BINARY_DIR, (int)strcspn(next + 6, "\n"),
                          next + 6);
    cli_forget(&said);
    running = cli_start_words(*state, (const char *const[]){"/bin/sh", "-c", command, NULL});
    said = cli_end(&running);
    if (said.exit_status != 0)
        fail_msg("does not work: %s\n%s", command, said.err);
    cli_forget(&said);
    free(command);
    free(path);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(both_modes_survive_a_run_with_consensus),
        IN_A_FOLDER(ctrl_c_ends_the_agents_and_keeps_the_run),
        IN_A_FOLDER(a_killed_run_is_partial_and_can_be_resumed),
        IN_A_FOLDER(a_subject_killed_in_the_middle_is_a_finding_and_the_run_goes_on),
        IN_A_FOLDER(a_full_disk_is_told_and_what_was_measured_is_kept),
        IN_A_FOLDER(the_report_is_written_without_gnuplot),
        IN_A_FOLDER(the_progress_fits_into_the_terminal),
        IN_A_FOLDER(a_batch_of_one_is_one_agent),
        IN_A_FOLDER(where_nothing_ran_nothing_is_proven),
        IN_A_FOLDER(the_next_command_works_as_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
