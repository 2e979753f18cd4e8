/* Does the gate see a regression that is there, and does it answer nothing it has not compared?
 *
 * Everything is done for real: spawnbench is run as a user would run it, in a folder of its own. */
#include "trend/gate/gating.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/process.h"
#include "base/text.h"

#define MOST_WORDS     24
#define MOST_ATTEMPTS  3
#define EXIT_UNDECIDED 3

/* The agents are short, what is planted is large, 3 ms become 100: no load shall hide it. */
static const char scenario_text[] =
    "{\"name\": \"self-test\", \"about\": \"what the gate tries itself on\",\n"
    " \"agents\": [{\"name\": \"a\", \"command\": [\"{agent}\", \"--init\", \"3ms\"], \"times\": "
    "2}],\n"
    " \"arms\": [{\"name\": \"one\", \"subject\": [\"{reference}\"]},\n"
    "          {\"name\": \"slow\", \"subject\": [\"{reference}\", \"--append\", \"--init\","
    " \"--append\", \"100ms\"]}],\n"
    " \"cycles\": 50, \"warmup\": 2, \"deadline\": \"5s\",\n"
    " \"claims\": [{\"id\": \"whole\", \"corruption\": \"none\"}]}\n";

/* The test under way. */
struct trial {
    struct gate_self_test *out;
    char *program, *folder, *scenario, *results, *baseline;
    char tolerance[32], alpha[32];
};

/* ---- running ourselves ---- */

static void take_verdict(struct gate_said *said, const char *document)
{
    cJSON *root = NULL;
    const char *verdict;
    if (json_parse(&root, document, strlen(document), NULL) == 0) {
        verdict = json_string(root, "verdict");
        snprintf(said->verdict, sizeof said->verdict, "%s", verdict ? verdict : "");
    }
    cJSON_Delete(root);
}

/* words: ours, NULL-terminated, behind the program's name */
static int ask(struct gate_said *out, const struct trial *trial, const char *const words[],
               struct err *err)
{
    const char *all[MOST_WORDS + 4] = {trial->program};
    struct process child;
    struct process_exit ended = {0};
    size_t count = 1;
    char *document;
    *out = (struct gate_said){.exit = -1};
    for (size_t i = 0; words[i] && count < MOST_WORDS; i++)
        all[count++] = words[i];
    all[count++] = "--results";
    all[count++] = trial->results;
    if (process_start(&child, all, NULL, NULL, STDERR_FILENO, err) < 0)
        return -1;
    document = process_finish(&child, &ended);
    take_verdict(out, document);
    free(document);
    out->exit = ended.signal ? 128 + ended.signal : ended.status;
    return 0;
}

/* Side by side: the arm `arm` against a command. */
static int ask_paired(struct gate_said *out, const struct trial *trial, const char *arm,
                      const char *against, struct err *err)
{
    const char *const words[] = {"gate",    trial->scenario,    "--arm",
                                 arm,       "--against",        against,
                                 "--json",  "--quiet",          "--max-cycles",
                                 "100",     "--max-regression", trial->tolerance,
                                 "--alpha", trial->alpha,       NULL};
    return ask(out, trial, words, err);
}

static int ask_stored(struct gate_said *out, const struct trial *trial, const char *baseline,
                      const char *run, struct err *err)
{
    const char *const words[] = {"gate",
                                 "--baseline",
                                 baseline,
                                 run,
                                 "--json",
                                 "--quiet",
                                 "--strict-baseline",
                                 "--max-regression",
                                 trial->tolerance,
                                 NULL};
    return ask(out, trial, words, err);
}

/* ---- what is expected ---- */

static void tell(struct trial *trial, const char *what, const struct gate_said *said, bool good)
{
    trial->out->tried++;
    trial->out->missed += !good;
    if (trial->out->each)
        trial->out->each(what, said, good);
}

static bool claims_nothing(const struct gate_said *said)
{
    return strcmp(said->verdict, "no regression") != 0 &&
           strcmp(said->verdict, "improvement") != 0 && said->exit != 0;
}

/* A burst of other work can leave any gate powerless: only what is hidden each time is missed. */
static int ask_until_decided(struct gate_said *out, const struct trial *trial, const char *arm,
                             const char *against, struct err *err)
{
    for (int i = 0; i < MOST_ATTEMPTS; i++) {
        if (ask_paired(out, trial, arm, against, err) < 0)
            return -1;
        if (out->exit != EXIT_UNDECIDED)
            break;
    }
    return 0;
}

static int try_planted(struct trial *trial, struct err *err)
{
    struct gate_said said;
    if (ask_until_decided(&said, trial, "slow", "{reference}", err) < 0)
        return -1;
    tell(trial, "agents that initialise 100 ms instead of 3", &said, said.exit == 1);
    if (ask_paired(&said, trial, "one", "{reference}", err) < 0)
        return -1;
    tell(trial, "the same program on both sides is no regression", &said,
         said.exit == 0 || said.exit == EXIT_UNDECIDED);
    return 0;
}

static int try_broken_commands(struct trial *trial, struct err *err)
{
    static const struct {
        const char *what, *command;
    } broken[] = {
        {"a baseline that cannot be started", "/nonexistent/spawner"},
        {"a baseline that says nothing", "/bin/true"},
        {"a baseline whose agents all fail", "{reference} --append --fail --append init"},
    };
    struct gate_said said;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        if (ask_paired(&said, trial, "one", broken[i].command, err) < 0)
            return -1;
        tell(trial, broken[i].what, &said, said.exit == 5 && claims_nothing(&said));
    }
    return 0;
}

/* ---- stored baselines ---- */

/* One way to spoil a baseline's file: its text, or what it says. */
struct spoiled {
    const char *what;
    char *(*spoil)(const char *text);
    void (*change)(struct gate_baseline *baseline);
};

static char *make_empty(const char *text)
{
    (void)text;
    return xstrdup("");
}

static char *cut_short(const char *text)
{
    char *copy = xstrdup(text);
    copy[strlen(copy) / 2] = '\0';
    return copy;
}

static char *change_digit(const char *text)
{
    char *copy = xstrdup(text), *at = strstr(copy, "\"median\"");
    at = at ? strpbrk(at, "123456789") : NULL;
    if (at)
        *at = *at == '9' ? '8' : '9';
    return copy;
}

static char *change_version(const char *text)
{
    char *copy = xstrdup(text), *at = strstr(copy, GATE_BASELINE_SCHEMA);
    if (at)
        at[strlen(GATE_BASELINE_SCHEMA) - 1] = '0';
    return copy;
}

/* Rewritten by the book: only the facts are others. */
static char *rewrite(const char *text, void (*change)(struct gate_baseline *baseline))
{
    struct gate_baseline baseline;
    char *out;
    if (gate_baseline_read(&baseline, text, strlen(text), NULL) < 0)
        return xstrdup("");
    change(&baseline);
    out = gate_baseline_write(&baseline);
    gate_baseline_release(&baseline);
    return out;
}

static void be_faster(struct gate_baseline *baseline)
{
    snprintf(baseline->fingerprint.facts[1], sizeof baseline->fingerprint.facts[1],
             "a faster machine");
}

static void be_another(struct gate_baseline *baseline)
{
    free(baseline->scenario);
    baseline->scenario = xstrdup("another");
}

static void have_few(struct gate_baseline *baseline)
{
    for (size_t i = 0; i < baseline->series_count; i++)
        baseline->series[i].sittings[0].n = 3;
}

static void have_more_arms(struct gate_baseline *baseline)
{
    for (size_t i = 0; i < baseline->series_count; i++)
        if (strcmp(baseline->series[i].arm, "slow") == 0) {
            free(baseline->series[i].arm);
            baseline->series[i].arm = xstrdup("gone");
        }
}

static const struct spoiled spoiled[] = {
    {"an empty baseline", make_empty, NULL},
    {"half a baseline", cut_short, NULL},
    {"a baseline with one digit changed", change_digit, NULL},
    {"a baseline of another schema version", change_version, NULL},
    {"a baseline from a faster machine", NULL, be_faster},
    {"a baseline of another scenario", NULL, be_another},
    {"a baseline of three cycles", NULL, have_few},
    {"a baseline with an arm that the candidate lacks", NULL, have_more_arms},
};

/* One question against a stored baseline that must not be answered; refused: with exit 5. */
static int try_one(struct trial *trial, const char *what, const char *baseline, const char *run,
                   bool refused, struct err *err)
{
    struct gate_said said;
    if (ask_stored(&said, trial, baseline, run, err) < 0)
        return -1;
    tell(trial, what, &said, claims_nothing(&said) && (!refused || said.exit == 5));
    return 0;
}

static int try_spoiled(struct trial *trial, const char *text, const struct spoiled *way,
                       struct err *err)
{
    char *path = text_format("%s/spoiled.json", trial->folder),
         *bad = way->spoil ? way->spoil(text) : rewrite(text, way->change);
    int rc = text_write_file(path, bad, strlen(bad), err);
    if (rc == 0)
        rc = try_one(trial, way->what, path, "2", true, err);
    free(path);
    free(bad);
    return rc;
}

/* Two runs of the scenario as it is, 1 and 2 of a store of their own; 1 becomes the baseline. */
static int make_baseline(struct trial *trial, struct err *err)
{
    const char *const run[] = {"run", trial->scenario, "--quiet", NULL};
    const char *const save[] = {"baseline", "save",          "self-test", "1",
                                "--export", trial->baseline, NULL};
    struct gate_said said;
    free(trial->results);
    trial->results = text_format("%s/stored", trial->folder);
    for (int i = 0; i < 2; i++)
        if (ask(&said, trial, run, err) < 0)
            return -1;
    if (ask(&said, trial, save, err) < 0)
        return -1;
    return said.exit == 0 ? 0
                          : err_set(err, ERR_UNFIT,
                                    "no baseline could be made to try the gate on; "
                                    "does spawnbench run work here?");
}

static int try_stored(struct trial *trial, struct err *err)
{
    char *text = NULL, *missing = text_format("%s/missing.json", trial->folder);
    size_t length;
    int rc = text_read_file(&text, &length, trial->baseline, GATE_BASELINE_MOST_BYTES, err);
    for (size_t i = 0; rc == 0 && i < sizeof spoiled / sizeof spoiled[0]; i++)
        rc = try_spoiled(trial, text, &spoiled[i], err);
    if (rc == 0)
        rc = try_one(trial, "a baseline that is not there", missing, "2", true, err);
    if (rc == 0)
        rc = try_one(trial, "a run that is the baseline itself", trial->baseline, "1", true, err);
    if (rc == 0)
        rc = try_one(trial, "one sitting alone proves nothing", trial->baseline, "2", false, err);
    free(text);
    free(missing);
    return rc;
}

/* ---- all of it ---- */

static int set_up(struct trial *trial, struct err *err)
{
    const char *base = getenv("TMPDIR");
    char own[4096];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    char *template = text_format("%s/spawnbench-gate-XXXXXX", base && *base ? base : "/tmp");
    if (length < 0 || !mkdtemp(template)) {
        free(template);
        return err_system(err, "cannot make a folder to try the gate in");
    }
    own[length] = '\0';
    trial->folder = template;
    trial->program = xstrdup(own);
    trial->scenario = text_format("%s/self-test.json", trial->folder);
    trial->results = text_format("%s/results", trial->folder);
    trial->baseline = text_format("%s/baseline.json", trial->folder);
    return text_write_file(trial->scenario, scenario_text, strlen(scenario_text), err);
}

static void tear_down(struct trial *trial)
{
    if (trial->folder)
        text_remove_tree(trial->folder);
    free(trial->folder);
    free(trial->program);
    free(trial->scenario);
    free(trial->results);
    free(trial->baseline);
}

int gate_self_test(struct gate_self_test *out, double tolerance, double alpha, struct err *err)
{
    struct trial trial = {.out = out};
    int rc = -1;
    snprintf(trial.tolerance, sizeof trial.tolerance, "%.10g%%", 100 * tolerance);
    snprintf(trial.alpha, sizeof trial.alpha, "%.10g", alpha);
    if (set_up(&trial, err) == 0 && try_planted(&trial, err) == 0 &&
        try_broken_commands(&trial, err) == 0 && make_baseline(&trial, err) == 0)
        rc = try_stored(&trial, err);
    tear_down(&trial);
    return rc;
}
