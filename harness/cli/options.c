/* What do all commands share? How they fail, where results lie, whether colour is wanted. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cycle/cycle.h"

int cli_fail(const char *command, const struct err *err)
{
    fflush(stdout);
    fprintf(stderr, "spawnbench: %s: %s\n", command, err->text);
    return err_exit_code(err);
}

bool cli_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

long cli_number(const struct argp_state *state, const char *option, const char *text, long least,
                long most)
{
    char *end;
    long value;
    errno = 0;
    value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < least || value > most)
        argp_error(state, "--%s %s: expected a whole number from %ld to %ld", option, text, least,
                   most);
    return value;
}

static void take_arm(struct cli_change *change, const char *name, const struct argp_state *state)
{
    if (change->arm_count == SCENARIO_MOST_ARMS)
        argp_error(state, "--arm: at most %d arms", SCENARIO_MOST_ARMS);
    change->arms[change->arm_count++] = name;
}

static void take_fault(uint64_t *faults, const char *name, const struct argp_state *state)
{
    const char *near = scenario_fault_nearest(name);
    if (scenario_fault_add(faults, name) < 0)
        argp_error(state,
                   "--fault %s: there is no such fault%s%s%s (see: spawnbench faults --list)", name,
                   near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

error_t cli_take(int key, char *argument, const struct argp_state *state)
{
    void *place = (char *)state->input + (key & 0xffff);
    switch (key >> 16) {
    case CLI_KIND_FLAG:
        *(bool *)place = true;
        return 0;
    case CLI_KIND_WORD:
        *(const char **)place = argument;
        return 0;
    case CLI_KIND_SEED:
        *(uint64_t *)place = (uint64_t)cli_number(state, "seed", argument, 1, UINT32_MAX);
        return 0;
    case CLI_KIND_ARM:
        take_arm(place, argument, state);
        return 0;
    case CLI_KIND_FAULT:
        take_fault(place, argument, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void cli_take_one(const char **out, const char *kind, const char *argument,
                  const struct argp_state *state)
{
    if (*out)
        argp_error(state, "one %s at a time, '%s' is too much", kind, argument);
    *out = argument;
}

uint64_t cli_seed(uint64_t most)
{
    return 1 + (uint64_t)(clock_wall_ns() / 1000) % most;
}

int cli_in_store(const char *command, const char *results, enum results_mode mode,
                 int (*work)(void *asked, struct results *store, struct err *err), void *asked)
{
    struct results *store = NULL;
    struct err err = {0};
    int code = results_open_in(&store, results, mode, &err);
    if (code == 0)
        code = work(asked, store, &err);
    if (code < 0)
        code = cli_fail(command, &err);
    results_close(store);
    return cli_check_stdout(command, code);
}

void cli_machine_class(char out[SCENARIO_ID_BYTES], const char *results)
{
    char *environment = cycle_host_describe(results, results_engine());
    scenario_machine_class(out, environment);
    free(environment);
}

void cli_date(char out[32], int64_t wall_ns)
{
    time_t seconds = (time_t)(wall_ns / CLOCK_NS_PER_S);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

char *cli_join_words(int argc, char **argv)
{
    struct text line = {0};
    for (int i = 0; i < argc; i++)
        text_addf(&line, "%s%s", i ? " " : "", argv[i]);
    return text_take(&line);
}

int cli_check_stdout(const char *command, int code)
{
    struct err err = {0};
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    err_system(&err, "cannot write to stdout");
    cli_fail(command, &err);
    return code ? code : 5;
}
