/* words - numbers with their doubt, and other people's words made harmless; private to this room.
 *
 * Names, errors, commands and reasons come from scenarios and subjects: they are data. Each
 * function below says for which kind of reader it makes them safe.
 */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "report/facts.h"

#define WORDS_BYTES       96 /* room for one number with its unit and doubt */
#define WORDS_LABEL_BYTES 65 /* a name in a figure: 64 bytes and the NUL */

/* words_plain - for a terminal and JSON: line ends become blanks, control bytes and bytes that are
 * not UTF-8 become '?', so that nothing can steer the terminal */
void words_plain(struct text *out, const char *data);

/* words_markdown - as running text or table cell: shown as it is, never markup */
void words_markdown(struct text *out, const char *data);

/* words_plainf, words_markdownf - printf for such words: each %s is made safe as those above do,
 * %-s is our own and stays as it is; else only %zu, %d and %lld */
void words_plainf(struct text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void words_markdownf(struct text *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* words_code - as `code` in running text, not in a table (GFM splits cells even inside code) */
void words_code(struct text *out, const char *data);

/* words_block - as a fenced block; the fence is longer than any in the data. Lines are kept. */
void words_block(struct text *out, const char *language, const char *data, size_t most_bytes);

/* words_label - a name for a figure's data: at most 64 bytes, cut at a character; no control bytes,
 * no double quotes, never empty */
const char *words_label(char out[WORDS_LABEL_BYTES], const char *name);

/* words_estimate - "412 us [398 .. 431]": all three in the unit of the first, with as many digits
 * as it takes to tell the bounds apart; a missing bound is told as "none", infinity as "never" */
const char *words_estimate(char out[WORDS_BYTES], double estimate,
                           const struct stats_bounds *bounds);

/* words_measure - the same for a metric of any unit: "512 MiB [500 .. 530]" */
const char *words_measure(char out[WORDS_BYTES], enum scenario_unit unit, double estimate,
                          const struct stats_bounds *bounds);

/* words_at_most - "at most 49.6 ms", or why there is no upper bound of a p95 from n cycles */
const char *words_at_most(char out[WORDS_BYTES], const struct stats_bounds *bounds, size_t n);

/* words_ratio - "2.97x [2.95x .. 2.99x]"; infinity reads "endless", NaN "-" */
const char *words_ratio(char out[WORDS_BYTES], double ratio, const struct stats_bounds *bounds);

/* words_claimed - the estimate of a verdict with its bounds, in its own unit, with as many digits
 * as it takes to tell each from the claimed limit (49.996 ms is not 50.0 ms) */
const char *words_claimed(char out[WORDS_BYTES], const struct verdict_item *item);

/* words_share - 0.00734 as "0.73 %" */
const char *words_share(char out[WORDS_BYTES], double share);

/* words_chance - a probability: 0.99896 as "99.90 %", so that what lies below 1 is never "100 %" */
const char *words_chance(char out[WORDS_BYTES], double chance);

/* words_worth - how many independent ones n are worth: "n 400", "n 400, worth 120 (tau 3.3), look
 * 3" */
const char *words_worth(char out[WORDS_BYTES], const struct verdict_item *item);

/* words_reach - what a verdict speaks of: "this sitting only" or "beyond this sitting";
 * "" where nothing was decided */
const char *words_reach(const struct verdict_item *item);

/* words_p - a p value: "0.012", "< 0.0001", "-" when there is none */
const char *words_p(char out[WORDS_BYTES], double p);

/* words_date - ISO 8601 in UTC, to the millisecond; "-" for 0 */
const char *words_date(char out[WORDS_BYTES], int64_t wall_ns);

/* words_agents_line - "60 planned = 60 ready = 60 recorded" with =, > or < as it is */
const char *words_agents_line(char out[WORDS_BYTES], const struct results_tally *tally);

/* words_log_cut - what a reader must know of a subject's log that grew too long */
const char *words_log_cut(char out[WORDS_BYTES], int64_t bytes);

/* words_plural - "1 cycle", "2 cycles" */
const char *words_plural(char out[WORDS_BYTES], int64_t count, const char *noun);

#endif
