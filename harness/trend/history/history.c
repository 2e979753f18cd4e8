/* Which stored runs belong to one history? Of one scenario, one class of machine, one question. */
#include "trend/history/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/judge.h"
#include "trend/history/history_internal.h"

/* A run that may belong to it. */
struct candidate {
    struct history_run run;
    struct scenario scenario;
    char question[SCENARIO_ID_BYTES]; /* "": its scenario cannot be read any more */
};

/* The walk over all stored runs. */
struct walk {
    const struct history_wanted *wanted;
    struct history *history;
    struct candidate *candidates;
    size_t count;
    struct other {
        char machine[SCENARIO_ID_BYTES];
        size_t runs;
    } * others;
    size_t other_count;
};

static void count_other(struct walk *walk, const char *machine)
{
    size_t i = 0;
    walk->history->other_machines++;
    while (i < walk->other_count && strcmp(walk->others[i].machine, machine) != 0)
        i++;
    if (i == walk->other_count) {
        walk->others = xrealloc(walk->others, ++walk->other_count, sizeof *walk->others);
        walk->others[i] = (struct other){.runs = 0};
        strncpy(walk->others[i].machine, machine, sizeof walk->others[i].machine - 1);
    }
    walk->others[i].runs++;
}

static void tell_others(struct walk *walk)
{
    char *out = walk->history->others;
    size_t room = sizeof walk->history->others, length = 0;
    for (size_t i = 0; i < walk->other_count; i++) {
        int more = snprintf(out + length, room - length, "%s%s (%zu run%s)", i ? ", " : "",
                            walk->others[i].machine, walk->others[i].runs,
                            walk->others[i].runs == 1 ? "" : "s");
        if (more < 0 || length + (size_t)more >= room - 4) {
            snprintf(out + (length < room - 5 ? length : room - 5), 5, " ...");
            return;
        }
        length += (size_t)more;
    }
}

static void add_candidate(struct walk *walk, const struct results_run *run)
{
    struct candidate *fresh;
    struct err ignored = {0};
    walk->candidates = xrealloc(walk->candidates, walk->count + 1, sizeof *fresh);
    fresh = &walk->candidates[walk->count++];
    *fresh =
        (struct candidate){.run = {.id = run->id,
                                   .started_wall_ns = run->started_wall_ns,
                                   .version = xstrdup(run->version),
                                   .commit = accept_member(run->environment_json, "git_commit"),
                                   .accepted_note = xstrdup("")}};
    if (scenario_parse_stored(&fresh->scenario, run->scenario_text, strlen(run->scenario_text),
                              &ignored) == 0)
        scenario_question(fresh->question, &fresh->scenario);
}

static int take_run(void *context, const struct results_run *run)
{
    struct walk *walk = context;
    const struct history_wanted *wanted = walk->wanted;
    char machine[SCENARIO_ID_BYTES];
    if (strcmp(run->scenario_name, wanted->scenario) != 0 ||
        (wanted->until && run->id > wanted->until))
        return 0;
    scenario_machine_class(machine, run->environment_json);
    if (strcmp(machine, wanted->machine) != 0)
        count_other(walk, machine);
    else if (strcmp(run->state, "complete") != 0)
        walk->history->partial++;
    else
        add_candidate(walk, run);
    return 0;
}

static void release_run(struct history_run *run)
{
    free(run->version);
    free(run->commit);
    free(run->accepted_note);
}

/* Hands over what asks as the newest does; scenarios has room for all of them. */
static void choose(struct walk *walk, struct scenario scenarios[])
{
    struct history *history = walk->history;
    const char *asked = "";
    for (size_t i = walk->count; i-- > 0 && !*asked;)
        asked = walk->candidates[i].question;
    history->runs = xcalloc(walk->count, sizeof *history->runs);
    for (size_t i = 0; i < walk->count; i++) {
        struct candidate *candidate = &walk->candidates[i];
        if (!*asked || strcmp(candidate->question, asked) != 0) {
            history->other_questions++;
            continue;
        }
        scenarios[history->run_count] = candidate->scenario;
        candidate->scenario = (struct scenario){0};
        history->runs[history->run_count++] = candidate->run;
        candidate->run = (struct history_run){0};
    }
}

static int take_verdict(void *context, const struct results_verdict *verdict)
{
    struct history_run *run = context;
    for (int word = 0; word < VERDICT_WORDS; word++)
        run->words[word] += strcmp(verdict->word, verdict_word_name((enum verdict_word)word)) == 0;
    return 0;
}

static int add_words(struct history *history, struct results *store, struct err *err)
{
    for (size_t i = 0; i < history->run_count; i++) {
        struct history_run *run = &history->runs[i];
        struct results_tally tally;
        if (results_each_verdict(store, run->id, take_verdict, run, err) < 0 ||
            results_tally(store, run->id, -1, -1, &tally, err) < 0)
            return -1;
        run->findings = tally.findings_integrity + tally.findings_conduct;
    }
    return 0;
}

static void release_walk(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++) {
        release_run(&walk->candidates[i].run);
        scenario_release(&walk->candidates[i].scenario);
    }
    free(walk->candidates);
    free(walk->others);
}

int history_load(struct history *out, struct results *store, const struct history_wanted *wanted,
                 struct err *err)
{
    struct walk walk = {.wanted = wanted, .history = out};
    struct scenario *scenarios = NULL;
    int rc = -1;
    *out = (struct history){.scenario = xstrdup(wanted->scenario), .metric = wanted->metric};
    strncpy(out->machine, wanted->machine, sizeof out->machine - 1);
    results_option(out->option, store);
    if (results_each_run(store, take_run, &walk, err) < 0)
        goto done;
    scenarios = xcalloc(walk.count, sizeof *scenarios);
    choose(&walk, scenarios);
    tell_others(&walk);
    if (points_load(out, store, scenarios, wanted->arm, err) < 0 ||
        add_words(out, store, err) < 0 || accept_load(out, store, err) < 0)
        goto done;
    steps_find(out);
    rc = 0;
done:
    for (size_t i = 0; i < out->run_count; i++)
        scenario_release(&scenarios[i]);
    free(scenarios);
    release_walk(&walk);
    if (rc < 0)
        history_release(out);
    return rc;
}

void history_release(struct history *history)
{
    for (size_t i = 0; i < history->run_count; i++)
        release_run(&history->runs[i]);
    for (size_t i = 0; i < history->series_count; i++) {
        free(history->series[i].points);
        free(history->series[i].steps);
    }
    free(history->runs);
    free(history->series);
    free(history->scenario);
    *history = (struct history){0};
}
