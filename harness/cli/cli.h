/* cli - the commands: they read options and walk the house, nothing else.
 *
 * Each cmd_NAME takes its own argv (argv[0] is the command's name) and returns the exit code.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <argp.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "audit/audit.h"
#include "base/err.h"
#include "proof/faults/fault_trials.h"
#include "results/results.h"
#include "runner/runner.h"
#include "scenario/identity.h"
#include "scenario/scenario.h"

int cmd_run(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_gate(int argc, char **argv);
int cmd_baseline(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_faults(int argc, char **argv);
int cmd_soak(int argc, char **argv);

/* self_test.c: spawnbench audit --self-test */
struct cli_self_test {
    const char *database; /* NULL: an honest store is made first */
    const char *without;  /* a rule to leave out, or NULL */
    uint64_t seed;        /* 0: 1 */
    int seeds;            /* 0: 5 */
    bool json;
};
int cli_self_test(const struct cli_self_test *asked); /* exit code */

/* cli_add_findings - an array of {rule, text} */
void cli_add_findings(cJSON *object, const char *key, const struct audit_findings *findings);

/* cli_fail - "spawnbench: COMMAND: error" on stderr; returns the exit code that belongs to it */
int cli_fail(const char *command, const struct err *err);

/* limits.c: cli_check_limits - enough stack, and, to measure, files that may grow.
 * errors: ERR_UNFIT */
int cli_check_limits(bool measures, struct err *err);

/* cli_colour - stdout is a terminal and NO_COLOR (no-color.org) is not set */
bool cli_colour(void);

/* cli_number - an option's whole number from least to most, or the end with a message */
long cli_number(const struct argp_state *state, const char *option, const char *text, long least,
                long most);

/*
 * Keys of options that do no more than put something into the struct asked of a command, which is
 * argp's input: the key says what, and where. Keys below are the command's own.
 *
 * example : {"json", CLI_FLAG(json), NULL, 0, "one JSON document on stdout", 0}
 */
enum cli_kind { CLI_KIND_FLAG = 1, CLI_KIND_WORD, CLI_KIND_SEED, CLI_KIND_ARM, CLI_KIND_FAULT };
#define CLI_KEY(kind, member) (((kind) << 16) + (int)offsetof(struct asked, member))
#define CLI_FLAG(member)      CLI_KEY(CLI_KIND_FLAG, member)  /* a bool: true */
#define CLI_WORD(member)      CLI_KEY(CLI_KIND_WORD, member)  /* a const char * */
#define CLI_SEED(member)      CLI_KEY(CLI_KIND_SEED, member)  /* a uint64_t, not 0 */
#define CLI_ARM(member)       CLI_KEY(CLI_KIND_ARM, member)   /* a struct cli_change */
#define CLI_FAULT(member)     CLI_KEY(CLI_KIND_FAULT, member) /* a uint64_t: one more of its bits */

/* cli_take - an option with such a key; any other is ARGP_ERR_UNKNOWN */
error_t cli_take(int key, char *argument, const struct argp_state *state);

/* cli_take_one - the only argument of its kind that a command takes, or the end with a message */
void cli_take_one(const char **out, const char *kind, const char *argument,
                  const struct argp_state *state);

/* cli_seed - one from the clock, at most `most` */
uint64_t cli_seed(uint64_t most);

/*
 * cli_in_store - a command that is one piece of work on the results
 *
 * work    : returns an exit code, or -1 with err filled
 * returns : the exit code; what went wrong is told, also when stdout does not take what was printed
 */
int cli_in_store(const char *command, const char *results, enum results_mode mode,
                 int (*work)(void *asked, struct results *store, struct err *err), void *asked);

/* cli_machine_class - of this machine, with the file system of that results folder */
void cli_machine_class(char out[SCENARIO_ID_BYTES], const char *results);

/* cli_date - UTC, to the second */
void cli_date(char out[32], int64_t wall_ns);

/* cli_join_words - a command line as one text; the caller frees it */
char *cli_join_words(int argc, char **argv);

/* cli_check_stdout - everything printed so far arrived;
 * else a message and exit code 5 instead of `code` */
int cli_check_stdout(const char *command, int code);

/* change_scenario.c: what the command line changes in a scenario. Zero changes nothing. */
struct cli_change {
    long cycles; /* 0: as the scenario says */
    const char *arms[SCENARIO_MOST_ARMS];
    size_t arm_count;   /* 0: all */
    const char *vary;   /* "agents=3,5,10" or NULL */
    const char *spread; /* a duration, or NULL */
};

/*
 * cli_change_scenario - the scenario as changed, made by editing its text and checking it again
 *
 * The text is what is stored with the run, so a stored run is judged by what really ran. Claims
 * about arms or about one batch size that were left out are left out too.
 *
 * errors : ERR_USAGE
 */
int cli_change_scenario(struct scenario *scenario, const struct cli_change *change,
                        struct err *err);

/* measure.c: what a command shows and does while the runner measures */
struct progress;
struct cli_watcher {
    bool quiet;
    /* its own, of the run under way */
    struct progress *progress;
    const struct scenario *scenario;
    struct results *store;
    int64_t run;
};

/* cli_observer - progress on a terminal unless quiet; faults that the scenario asks for, at the
 * end. The watcher is borrowed until the run is over */
struct runner_observer cli_observer(struct cli_watcher *watcher);

/*
 * cli_measure - runner_go, observed like that
 *
 * label   : of the command, for complaints; NULL: "run", which tells how to go on, too
 * *run    : id of the run, also when it ended early; 0 when none was made
 * returns : exit code; what went wrong is told
 */
int cli_measure(const struct runner_options *options, const char *label, bool quiet, int64_t *run);

/* progress.c: one line on a terminal's stderr, rewritten between cycles; silent elsewhere */
struct progress *progress_new(const struct scenario *scenario, size_t planned, bool quiet);
void progress_cycle(struct progress *progress, const struct cycle *cycle, size_t done);
void progress_free(struct progress *progress);

/* progress_trial - likewise for the faults of a scenario, see struct trials_how */
void progress_trial(const struct scenario *scenario, size_t arm, const struct fault *fault);

#endif
