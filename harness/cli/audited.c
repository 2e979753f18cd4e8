/* What does the audit of one database come to, and how is it told to a human? */
#include "cli/audited.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- what it comes to ---- */

/* What was broken off by a signal was broken by nobody. */
static void judge_interrupted(struct audited *one)
{
    audit_findings_clear(&one->findings);
    audit_report_release(&one->report);
    one->report = (struct audit_report){.kind = one->report.kind};
    one->answer = AUDIT_NOT_CHECKED;
    one->code = err_exit_code(&one->err);
}

/* It holds where it could be asked, and there is an object of which it could not. */
static bool holds_in_part(const struct audit_answers *answers, const struct audit_rule *rule)
{
    for (size_t i = 0; i < answers->count; i++)
        if (answers->items[i].rule == rule && answers->items[i].answer == AUDIT_NOT_CHECKED &&
            !answers->items[i].by_choice)
            return true;
    return false;
}

void audited_judge(struct audited *one)
{
    memset(one->counts, 0, sizeof one->counts);
    one->in_part = 0;
    if (one->err.code == ERR_INTERRUPTED) {
        judge_interrupted(one);
        return;
    }
    for (size_t i = 0; i < audit_rule_count; i++) {
        enum audit_answer answer;
        if (!audit_answer_of(&one->report.answers, &audit_rules[i], &answer))
            continue;
        one->counts[answer]++;
        one->in_part +=
            answer == AUDIT_HELD && holds_in_part(&one->report.answers, &audit_rules[i]);
    }
    one->answer = one->findings.count || one->counts[AUDIT_BROKEN] ? AUDIT_BROKEN
                  : one->err.code || one->report.unchecked         ? AUDIT_NOT_CHECKED
                                                                   : AUDIT_HELD;
    one->code = one->answer == AUDIT_BROKEN ? 4
                : one->err.code             ? err_exit_code(&one->err)
                : one->answer == AUDIT_HELD ? 0
                                            : 5;
}

void audited_release(struct audited *one)
{
    audit_report_release(&one->report);
    audit_findings_release(&one->findings);
}

const char *audited_name(const struct audited *one)
{
    static const char *const names[AUDIT_KINDS] = {
        [AUDIT_UNKNOWN] = "not known",
        [AUDIT_DATABASE] = "a SQLite database",
        [AUDIT_EMPTY] = "an empty file",
        [AUDIT_ENCRYPTED] = "encrypted, or random bytes",
        [AUDIT_DAMAGED] = "a SQLite database whose header is damaged",
        [AUDIT_FOREIGN] = "not a SQLite database",
    };
    return one->report.is_store ? "a spawner's store" : names[one->report.kind];
}

/* ---- for a human ---- */

/* Words of a file, which must not steer the terminal. */
static void put_words(const char *words)
{
    char *plain = xstrdup(words);
    text_make_printable(plain);
    fputs(plain, stdout);
    free(plain);
}

static void tell_counts(const struct audited *one)
{
    printf("%zu rule%s held", one->counts[AUDIT_HELD], one->counts[AUDIT_HELD] == 1 ? "" : "s");
    if (one->in_part)
        printf(" (%zu of them only of a part, see below)", one->in_part);
    printf(", %zu broken, %zu not checked", one->counts[AUDIT_BROKEN],
           one->counts[AUDIT_NOT_CHECKED]);
}

static void tell_file(const struct audit_report *report)
{
    static const char *const vacuums[] = {"none", "full", "incremental"};
    const char *application = audit_application_name(report->application_id);
    printf("  file      %lld bytes, %lld pages of %lld bytes, %lld free, journal %s, auto_vacuum "
           "%s, %s\n",
           (long long)report->bytes, (long long)report->pages, (long long)report->page_bytes,
           (long long)report->free_pages, report->journal_mode,
           report->auto_vacuum >= 0 && report->auto_vacuum < 3 ? vacuums[report->auto_vacuum] : "?",
           report->encoding);
    printf("  version   user_version %lld, application_id 0x%llx%s%s%s\n",
           (long long)report->user_version, (long long)report->application_id,
           *application ? " (" : "", application, *application ? ")" : "");
    if (report->is_store)
        printf("  store     %lld agents (%lld completed, %lld in flight), %lld consensus runs, "
               "%lld outputs\n",
               (long long)report->agents, (long long)report->completed, (long long)report->ready,
               (long long)report->consensus_runs, (long long)report->outputs);
}

static void tell_copy(const struct audited *one)
{
    static const char *const ways[] = {
        [COPY_UNTAKEN] = "not copied",
        [COPY_UNLOCKED] = "without a lock: it was the same before and after",
        [COPY_WAL_LOCKS] = "with a reader's locks, which stop no writer",
        [COPY_SHARED] = "with a SHARED lock",
        [COPY_OWN] = "not copied"};
    const struct audit_report *report = &one->report;
    char spent[TEXT_DURATION_BYTES];
    if (one->in_place) {
        printf("  in place  not copied: read as it lies\n");
        return;
    }
    printf("  copied    in %s %s", text_duration(spent, (double)report->copied_ns),
           ways[report->way]);
    if (report->locked_ns)
        printf(", for which its writers waited or failed: %s",
               text_duration(spent, (double)report->locked_ns));
    printf("\n");
}

static void tell_losses(const struct copy_recovery *recovery)
{
    for (size_t i = 0; i < recovery->loss_count; i++) {
        const struct copy_loss *loss = &recovery->losses[i];
        printf("            the -wal takes away %lld rows of ",
               (long long)(loss->rows_before - loss->rows_after));
        put_words(loss->table);
        printf(" (%lld before, %lld after: a restored backup under an old -wal, or a real "
               "deletion)\n",
               (long long)loss->rows_before, (long long)loss->rows_after);
    }
}

static void tell_recovery(const struct audit_report *report)
{
    const struct copy_recovery *recovery = &report->recovery;
    char size[TEXT_NUMBER_BYTES];
    if (recovery->journal_pages)
        printf("  recovery  journal rolled back: %lld page%s (a writer was stopped in a "
               "transaction; this is normal)\n",
               (long long)recovery->journal_pages, recovery->journal_pages == 1 ? "" : "s");
    if (recovery->wal_commits)
        printf("  recovery  -wal: %lld commit%s, %s%s\n", (long long)recovery->wal_commits,
               recovery->wal_commits == 1 ? "" : "s",
               text_size(size, (double)(recovery->wal_frames * (report->page_bytes + 24))),
               recovery->pages_after < recovery->pages_before ? "; it makes the database shorter"
                                                              : "");
    tell_losses(recovery);
}

static void tell_line(const char *label, const char *object, const char *text)
{
    printf("    %-32s ", label);
    if (*object) {
        put_words(object);
        printf(": ");
    }
    put_words(text);
    printf("\n");
}

static void tell_broken(const struct audit_findings *findings)
{
    if (findings->count)
        printf("  broken    %zu finding%s\n", findings->count, findings->count == 1 ? "" : "s");
    for (size_t i = 0; i < findings->count; i++)
        tell_line(findings->items[i].rule->name, "", findings->items[i].text);
}

static void tell_unchecked(const struct audit_answers *answers)
{
    bool headed = false;
    for (size_t i = 0; i < answers->count; i++) {
        const struct audit_told *told = &answers->items[i];
        if (told->answer != AUDIT_NOT_CHECKED)
            continue;
        if (!headed)
            printf("  not checked\n");
        headed = true;
        tell_line(told->rule->name, told->object, told->why);
    }
}

static void tell_notes(const struct audit_notes *notes)
{
    if (notes->count)
        printf("  notes\n");
    for (size_t i = 0; i < notes->count; i++)
        tell_line(notes->items[i].about, "", notes->items[i].text);
}

void audited_tell_sum(const struct audited all[], size_t count)
{
    size_t counts[AUDIT_ANSWERS] = {0};
    for (size_t i = 0; i < count; i++)
        counts[all[i].answer]++;
    printf("%zu databases: %zu held, %zu broken, %zu not checked\n", count, counts[AUDIT_HELD],
           counts[AUDIT_BROKEN], counts[AUDIT_NOT_CHECKED]);
}

void audited_tell(const struct audited *one)
{
    char spent[TEXT_DURATION_BYTES];
    put_words(one->path);
    printf("\n  %s: ", audited_name(one));
    tell_counts(one);
    printf("\n");
    if (one->report.kind == AUDIT_DATABASE)
        tell_file(&one->report);
    tell_copy(one);
    tell_recovery(&one->report);
    if (*one->report.engine)
        printf("  audited   by SQLite %s in %s\n", one->report.engine,
               text_duration(spent, (double)one->report.spent_ns));
    tell_broken(&one->findings);
    tell_unchecked(&one->report.answers);
    tell_notes(&one->report.notes);
}
