/* figure - what a run looks like: data as TSV, a fixed script, and the SVG gnuplot makes of them;
 * private to this room.
 *
 * Data never becomes code: scripts are fixed and embedded, names reach gnuplot as text columns of a
 * data file, files are named by us and begin with "./". See the notes in style.gp.
 */
#ifndef REPORT_FIGURE_H
#define REPORT_FIGURE_H

#include "base/text.h"
#include "report/facts.h"

enum figure_kind {
    FIGURE_DISTRIBUTION, /* share of cycles that were done by then, per arm */
    FIGURE_TIMELINE,     /* one typical cycle of each arm, one bar per agent */
    FIGURE_SCALING,      /* median against the number of agents */
    FIGURE_CYCLES,       /* every cycle in the order they ran */
    FIGURE_KINDS
};

#define FIGURE_MOST_PANELS 4    /* batch sizes shown in one figure */
#define FIGURE_MOST_STEPS  2000 /* of one curve */
#define FIGURE_MOST_ROWS   40   /* agents of one cycle in the time line */

/* What became of the figures of one run. Plain value. */
struct figure_set {
    char prefix[96]; /* file names begin with it: <scenario>, or <scenario>-run<ID> */
    bool wanted[FIGURE_KINDS];
    bool missing;      /* one could not be drawn */
    char trouble[300]; /* why; "" when all are there */
};

const char *figure_name(enum figure_kind kind);

/*
 * figure_draw - FOLDER/PREFIX-NAME.{dat,gp,svg} for each figure the run has data for
 *
 * folder : exists. A figure that is not wanted or cannot be drawn leaves no old svg behind.
 * errors : ERR_SYSTEM (folder cannot be written), those of the store; a missing gnuplot is told in
 * *out
 */
int figure_draw(struct figure_set *out, const char *folder, struct store *store,
                const struct facts *facts, struct err *err);

/* data.c, data_time.c: the data of each figure; returns -1 only for errors of the store */
int data_distribution(struct text *out, struct store *store, const struct facts *facts,
                      struct err *err);
int data_timeline(struct text *out, struct store *store, const struct facts *facts,
                  struct err *err);
int data_scaling(struct text *out, struct store *store, const struct facts *facts, struct err *err);
int data_cycles(struct text *out, struct store *store, const struct facts *facts, struct err *err);

/* data_panels - which batch sizes a figure shows: at most FIGURE_MOST_PANELS value indices, first
 * and last among them; returns how many */
size_t data_panels(size_t panels[FIGURE_MOST_PANELS], const struct facts *facts);

/* data_longest - characters of the longest name of an arm, as legends show it */
int data_longest(const struct facts *facts);

/* data_largest - the value index of the largest batch, which the time line shows */
size_t data_largest(const struct facts *facts);

/* data_rows_most - how many agents of a cycle the time line shows */
size_t data_rows_most(const struct facts *facts);

/* data_thin - which of n ascending samples an ECDF shows; keep[] has room for n; returns how many
 * (at most FIGURE_MOST_STEPS); first and last are always among them */
size_t data_thin(size_t keep[], const double sorted[], size_t n);

/* data_row - one tab-separated row: m a time in ns told as ms with 6 decimals, d a double, i an
 * int, s a label */
void data_row(struct text *out, const char *format, ...);

/* data_label - a name as a label: made safe, and shortened in its middle to 40 bytes */
void data_label(struct text *out, const char *name);

/* data_gap - the two empty lines between gnuplot's data sets; an empty set gets a row of NaN, since
 * gnuplot takes no set without rows */
void data_gap(struct text *out, size_t rows, size_t columns);

#endif
