/* Who held the locks of the databases while agents were started? Only where that was looked at. */
#include <math.h>
#include <string.h>

#include "report/chapters.h"
#include "report/lock_facts.h"

static void add_share(struct text *out, double share)
{
    char words[WORDS_BYTES];
    text_addf(out, " | %s", isnan(share) ? "-" : words_share(words, share));
}

static void add_row(struct text *out, const struct facts *facts, const struct lock_row *row)
{
    const struct results_locks *sums = &row->sums;
    char gap[TEXT_DURATION_BYTES], most[TEXT_DURATION_BYTES];
    words_markdownf(out, "| %s | %s | %-s | %lld | %-s", facts->arms[sums->arm].name,
                    *sums->database ? sums->database : "its store",
                    strcmp(sums->stage, "start") == 0 ? "started" : "finished",
                    (long long)sums->looks, text_duration(gap, (double)sums->gap_ns));
    if (strcmp(sums->match, "none") == 0) {
        text_add(out, " | not known | | | | | | |\n");
        return;
    }
    add_share(out, lock_share(row, LOCKS_WRITE));
    add_share(out, lock_share(row, LOCKS_EXCLUSIVE));
    add_share(out, lock_share(row, LOCKS_PENDING));
    add_share(out, lock_share(row, LOCKS_CHECKPOINT));
    add_share(out, lock_share(row, LOCKS_RECOVER));
    add_share(out, lock_share(row, LOCKS_READ));
    text_addf(out, " | %s |\n",
              row->write_count ? text_duration(most, (double)row->writes[0].most_ns) : "-");
}

static void add_head(struct text *out, const struct facts *facts, const struct lock_row *row)
{
    words_markdownf(out, "- %s, %s: ", facts->arms[row->sums.arm].name,
                    *row->sums.database ? row->sums.database : "its store");
}

static void add_holds(struct text *out, const struct facts *facts, const struct lock_row *row)
{
    size_t shown = *row->sums.database ? row->write_count : row->write_count > 0;
    for (size_t i = 0; i < shown; i++) {
        add_head(out, facts, row);
        text_add(out, "the write lock, ");
        lock_hold_words(out, &row->writes[i], words_markdown);
        text_add(out, "\n");
    }
    for (size_t i = 0; i < row->read_count && row->sums.held_ns[LOCKS_PENDING]; i++) {
        add_head(out, facts, row);
        text_add(out, "a reader, ");
        lock_hold_words(out, &row->reads[i], words_markdown);
        text_add(out, "\n");
    }
    for (size_t i = 0; i < row->wait_count; i++) {
        add_head(out, facts, row);
        lock_wait_words(out, &row->waits[i], words_markdown);
        text_add(out, "\n");
    }
}

static bool is_known(const struct facts *facts, const struct lock_row *row)
{
    return row->sums.arm >= 0 && row->sums.arm < (int)facts->arm_count;
}

int chapter_locks(struct text *out, struct results *store, const struct facts *facts,
                  struct err *err)
{
    struct lock_facts *locks;
    int rc = lock_facts_load(&locks, store, facts->run.id, err);
    if (rc < 0 || !locks->cost.cycles) {
        lock_facts_release(locks);
        return rc;
    }
    text_add(out, "### Who held the locks of the databases?\n\nSampled from /proc/locks: ");
    lock_cost_words(out, locks);
    text_add(out,
             ". Shares are of the time between the first and the last look of each cycle, warm-ups "
             "included; what is shorter than the time between two looks may not be seen, and what "
             "looks like one hold may be several of the same process: lengths are \"at most\".\n\n"
             "| arm | database | while agents | looks | longest gap | write lock | EXCLUSIVE | "
             "writer waits for readers | checkpoint | recovery | readers | longest, at most |\n"
             "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (size_t i = 0; i < locks->count; i++)
        if (is_known(facts, &locks->rows[i]))
            add_row(out, facts, &locks->rows[i]);
    if (locks->more)
        text_addf(out, "| and %zu more | | | | | | | | | | | |\n", locks->more);
    text_add(out, "\n");
    for (size_t i = 0; i < locks->count; i++)
        if (is_known(facts, &locks->rows[i]))
            add_holds(out, facts, &locks->rows[i]);
    text_add(out, "\n");
    lock_facts_release(locks);
    return 0;
}
