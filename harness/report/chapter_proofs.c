/* Would damage have been seen, and does the store survive what happens to machines? What was proven
 * apart from any run: the newest document of each proof, as it was kept.
 *
 * A proof is shown by a sentence of sums and a table whose columns name the members of its rows. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "report/chapters.h"

#define MOST_COLUMNS 12

/* A column of a table: a member of each row, "kill.states" one of a member's. */
struct column {
    const char *head, *member;
};

/* One proof in the report. */
struct shown {
    const char *name;    /* of its document */
    const char *heading; /* question */
    const char *about;   /* how it is answered */
    const char *make;    /* the command that does it */
    const char *rows;    /* member with the rows; "arms.rows": those of each arm */
    void (*sentence)(struct text *out, const cJSON *document, const cJSON *rows);
    struct column columns[MOST_COLUMNS];
};

/* ---- what a document says ---- */

static const cJSON *member(const cJSON *object, const char *path)
{
    char first[64];
    size_t length = strcspn(path, ".");
    const cJSON *found;
    snprintf(first, sizeof first, "%.*s", (int)length, path);
    found = cJSON_GetObjectItemCaseSensitive(object, first);
    return path[length] == '.' ? member(found, path + length + 1) : found;
}

static double number(const cJSON *object, const char *path)
{
    const cJSON *found = member(object, path);
    return cJSON_IsNumber(found) ? found->valuedouble : 0;
}

static double sum(const cJSON *rows, const char *path)
{
    const cJSON *row;
    double all = 0;
    cJSON_ArrayForEach(row, rows)
        all += number(row, path);
    return all;
}

/* ---- a table of it ---- */

static void add_cell(struct text *out, const cJSON *value)
{
    if (cJSON_IsString(value))
        words_markdown(out, value->valuestring);
    else if (cJSON_IsNumber(value))
        text_addf(out, "%.15g", value->valuedouble);
    else if (cJSON_IsBool(value))
        text_add(out, cJSON_IsTrue(value) ? "yes" : "**no**");
    else
        text_add(out, "-");
}

static void add_table(struct text *out, const struct column columns[], const cJSON *rows)
{
    const cJSON *row, *first = rows ? rows->child : NULL;
    size_t count = 0;
    while (count < MOST_COLUMNS && columns[count].head)
        text_addf(out, "| %s ", columns[count++].head);
    text_add(out, "|\n");
    for (size_t i = 0; i < count; i++)
        text_add(out, cJSON_IsNumber(member(first, columns[i].member)) ? "|--:" : "|---");
    text_add(out, "|\n");
    cJSON_ArrayForEach(row, rows) {
        for (size_t i = 0; i < count; i++) {
            text_add(out, "| ");
            add_cell(out, member(row, columns[i].member));
            text_add(out, " ");
        }
        text_add(out, "|\n");
    }
    text_add(out, "\n");
}

/* ---- the sentences ---- */

static void say_bound(struct text *out, double bad, double tried, const char *of)
{
    char rate[WORDS_BYTES];
    if (tried >= 1)
        text_addf(out, "%.0f of %.0f %s: true rate below %s at 95 %%", bad, tried, of,
                  words_share(rate, stats_rate_upper((size_t)bad, (size_t)tried, 0.95)));
}

static void say_matrix(struct text *out, const cJSON *document, const cJSON *rows)
{
    text_addf(out,
              "**%d kinds of damage, %.0f damaged copies: %.0f caught, %.0f proven benign, %.0f "
              "escaped.** The untouched copy was accused by %s rule.",
              cJSON_GetArraySize(rows), sum(rows, "made"), sum(rows, "caught"), sum(rows, "benign"),
              sum(rows, "escaped"), cJSON_GetArraySize(member(document, "untouched")) ? "a" : "no");
}

static void say_walk(struct text *out, const cJSON *document, const cJSON *rows)
{
    (void)rows;
    text_addf(out,
              "**%.0f calls of the reference store walked, %.0f distinct states opened. `full`: "
              "%.0f corrupt, %.0f with half a transaction, %.0f acknowledged transactions lost. "
              "`normal`: %.0f corrupt, %.0f with half a transaction.** Under `normal` a power loss "
              "may take back what was acknowledged last (%.0f states did, the worst %.0f "
              "transactions), since it does not wait for the disk; a killed process may not (%.0f "
              "did).",
              number(document, "full.points") + number(document, "normal.points"),
              number(document, "distinct_reference"), number(document, "full.corrupt"),
              number(document, "full.partial"), number(document, "full.lost"),
              number(document, "normal.corrupt"), number(document, "normal.partial"),
              number(document, "normal.losing"), number(document, "normal.lost"),
              number(document, "normal.lost_at_kill"));
}

static void say_calls(struct text *out, const cJSON *document, const cJSON *rows)
{
    (void)rows;
    text_addf(out,
              "**%.0f runs with one fault each, %.0f audits of killed ones beside: %.0f broke a "
              "promise.** %.0f transactions were refused, %.0f commits failed and were left open "
              "(%.0f agents of those were there afterwards, whole), %.0f faults reached no caller "
              "(retries, checkpoints, closing) and did no harm. Disk: %.0f runs; memory refused at "
              "each request in turn: %.0f; a real file system that is full: %.0f.",
              number(document, "total.runs"), number(document, "total.killed"),
              number(document, "total.bad"), number(document, "total.refused"),
              number(document, "total.unknown"), number(document, "total.present"),
              number(document, "total.silent"), number(document, "disk.runs"),
              number(document, "memory.runs"), number(document, "space.runs"));
}

static void say_soak(struct text *out, const cJSON *document, const cJSON *rows)
{
    const char *verdict = json_string(document, "verdict");
    text_addf(out,
              "**%s after %.0f starts in %.0f cycles with %.0f faults: %.0f lost, %.0f doubled, "
              "%.0f zombies, %.0f leaked descriptors.** %.0f starts were acknowledged, %.0f left "
              "open by a fault (%.0f of those were there afterwards); %.0f audits, %.0f of them "
              "full; ",
              verdict ? verdict : "no verdict", number(document, "starts"),
              number(document, "cycles"), sum(rows, "struck"), number(document, "lost"),
              number(document, "duplicated"), number(document, "zombies"),
              number(document, "leaked_descriptors"), number(document, "acknowledged"),
              number(document, "indeterminate"), number(document, "present_after"),
              number(document, "audits"), number(document, "audits_full"));
    say_bound(out, number(document, "findings"), number(document, "cycles"),
              "cycles with a finding");
    text_add(out, ".");
}

static void say_controls(struct text *out, const cJSON *document, const cJSON *rows)
{
    const char *engine = json_string(document, "engine");
    const cJSON *row, *affected = member(document, "affected");
    int failed = 0, skipped = 0;
    cJSON_ArrayForEach(row, rows) {
        failed += cJSON_IsTrue(member(row, "failed"));
        skipped += cJSON_IsString(member(row, "skipped"));
    }
    words_markdownf(
        out, "**%d of %d known-bad ways fail as they must**, %d could not be tried. SQLite %s",
        failed, cJSON_GetArraySize(rows), skipped, engine ? engine : "of an unknown version");
    if (affected)
        text_add(out, cJSON_IsTrue(affected)
                          ? " **has the WAL-reset race** (3.7.0 to 3.51.2): the reference store is "
                            "immune, since commits and checkpoints take turns."
                          : " does not have the WAL-reset race.");
}

static void say_faults(struct text *out, const cJSON *document, const cJSON *rows)
{
    const char *verdict = json_string(document, "verdict"), *detectors;
    text_addf(out,
              "**%s**: %.0f faults struck, %.0f starts acknowledged around them, %.0f left open "
              "(%.0f of those were there afterwards), %.0f audits, ",
              verdict ? verdict : "no verdict", sum(rows, "struck"), sum(rows, "acknowledged"),
              sum(rows, "indeterminate"), sum(rows, "present_after"), sum(rows, "audits"));
    say_bound(out, sum(rows, "findings"), sum(rows, "struck"), "faults with a finding");
    text_add(out, ".");
    detectors = json_string(document, "detectors");
    if (detectors && strcmp(detectors, "proven") != 0)
        words_markdownf(out, " Detectors: %s.", detectors);
}

static const struct shown proofs[] = {
    {"faults",
     "What survives when things go wrong?",
     "Each fault is made to strike a real cycle. After it: audit, restart, audit again, and a "
     "healthy batch must succeed.",
     "faults SCENARIO",
     "arms.rows",
     say_faults,
     {{"arm", "arm"},
      {"fault", "fault"},
      {"tried", "tried"},
      {"struck", "struck"},
      {"acknowledged", "acknowledged"},
      {"left open", "indeterminate"},
      {"of them present", "present_after"},
      {"lost at one cut", "lost_worst"},
      {"audits", "audits"},
      {"findings", "findings"},
      {"not checked", "not_checked"},
      {"not tried because", "skipped"}}},
    {"controls",
     "Are the instruments able to fail?",
     "Ways of recording that are known to lose or to corrupt, tried beside the sound way. Were one "
     "of them to pass, nothing here would be proven.",
     "faults SCENARIO",
     "controls",
     say_controls,
     {{"known-bad way", "name"},
      {"what is done", "what"},
      {"fails as it must", "failed"},
      {"what was seen", "evidence"},
      {"the sound way beside it", "sound"},
      {"not tried because", "skipped"}}},
    {"matrix",
     "Would damage have been seen?",
     "Copies of a real store are damaged in every known way; each number says how many copies "
     "that column's checks saw. Benign: no reader looks at the bytes that were hit, proven by an "
     "equal content and a sound structure.",
     "faults --prove all SCENARIO",
     "kinds",
     say_matrix,
     {{"damage", "damage"},
      {"copies", "made"},
      {"integrity_check", "seen_by.integrity_check"},
      {"foreign_key_check", "seen_by.foreign_key_check"},
      {"structure", "seen_by.structure"},
      {"contradiction", "seen_by.contradiction"},
      {"witness", "seen_by.witness"},
      {"benign", "benign"},
      {"escaped", "escaped"}}},
    {"walk",
     "Can a crash at any call corrupt the store, or take back what it acknowledged?",
     "A fixed workload is recorded call by call; every state in which a killed process or a power "
     "loss could leave its files is rebuilt, opened and checked.",
     "faults --prove all SCENARIO",
     "walks",
     say_walk,
     {{"configuration", "configuration"},
      {"must be", "bar"},
      {"calls", "points"},
      {"syncs", "syncs"},
      {"states after a kill", "kill.states"},
      {"losing", "kill.losing"},
      {"states after a power loss", "power.states"},
      {"losing", "power.losing"},
      {"most transactions lost", "lost"},
      {"corrupt", "corrupt"},
      {"verdict", "verdict"}}},
    {"calls",
     "What if any single call fails?",
     "The n-th call of each kind fails, once or for good, for every n or as many as the command "
     "asked for; also when the process is killed later in the same run. Then the store is opened "
     "anew and must do a healthy batch.",
     "faults --prove all SCENARIO",
     "faults",
     say_calls,
     {{"fault", "fault"},
      {"store", "mode"},
      {"runs", "runs"},
      {"refused", "refused"},
      {"commits left open", "unknown"},
      {"agents present after", "present"},
      {"killed as well", "killed"},
      {"without effect", "silent"},
      {"bad", "bad"},
      {"verdict", "verdict"}}},
    {"soak",
     "And for a long time?",
     "Cycles with faults at random, from one seed; it stops at the first finding and keeps the "
     "evidence.",
     "soak",
     "faults",
     say_soak,
     {{"fault", "fault"}, {"struck", "struck"}}},
};

/* Rows as a tree of our own; those of several arms tell their arm. NULL: it has none. */
static cJSON *rows_of(const cJSON *document, const char *path)
{
    const cJSON *arms = member(document, "arms"), *arm, *row;
    cJSON *rows;
    if (strcmp(path, "arms.rows") != 0)
        return cJSON_Duplicate(member(document, path), true);
    rows = arms ? cJSON_CreateArray() : NULL;
    cJSON_ArrayForEach(arm, arms) {
        cJSON_ArrayForEach(row, member(arm, "rows")) {
            const char *name = json_string(arm, "arm");
            cJSON *copy = cJSON_Duplicate(row, true);
            cJSON_AddStringToObject(copy, "arm", name ? name : "");
            cJSON_AddItemToArray(rows, copy);
        }
    }
    return rows;
}

static void add_proof(struct text *out, const struct shown *shown, const cJSON *proof,
                      int64_t made_wall_ns)
{
    const cJSON *document = member(proof, "document");
    cJSON *rows = rows_of(document, shown->rows);
    const char *command = json_string(proof, "command");
    char date[WORDS_BYTES], took[TEXT_DURATION_BYTES];
    text_addf(out, "### %s\n\n%s\n\n", shown->heading, shown->about);
    if (!rows) {
        text_add(out, "**It was tried, and says nothing.**\n\n");
    } else {
        shown->sentence(out, document, rows);
        text_add(out, "\n\n");
        add_table(out, shown->columns, rows);
    }
    text_add(out, "Made by ");
    words_code(out, command ? command : "an unknown command");
    text_addf(out, " on %s in %s, exit %.0f.\n\n", words_date(date, made_wall_ns),
              text_duration(took, number(proof, "spent_ns")), number(proof, "exit"));
    cJSON_Delete(rows);
}

/* ---- the chapter ---- */

/* One proof under way. */
struct told {
    struct text *out;
    const struct shown *shown;
};

static int tell(void *context, const struct results_document *document)
{
    struct told *told = context;
    cJSON *proof = NULL;
    struct err ignored = {0};
    if (json_parse(&proof, document->text, strlen(document->text), &ignored) == 0)
        add_proof(told->out, told->shown, proof, document->made_wall_ns);
    cJSON_Delete(proof);
    return 0;
}

int chapter_proofs(struct text *out, struct results *store, struct err *err)
{
    size_t before;
    text_add(out, "## What was proven apart from any run\n\n");
    before = out->length;
    for (size_t i = 0; i < sizeof proofs / sizeof proofs[0]; i++) {
        struct told told = {out, &proofs[i]};
        if (results_document_newest(store, RESULTS_PROOF, proofs[i].name, tell, &told, err) < 0)
            return -1;
        if (out->length == before)
            text_addf(out, "%s Nothing is stored: `spawnbench %s`.\n\n", proofs[i].heading,
                      proofs[i].make);
        before = out->length;
    }
    return 0;
}
