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
    FIGURE_RATIOS,       /* every pair's ratio in the order they ran, beside the claimed one */
    FIGURE_SHIFT,        /* ratio of the two arms' quantiles, from the fastest to the slowest */
    FIGURE_MODES,        /* the shape of times that fall into two heaps */
    FIGURE_PHASES,       /* where the time of a typical agent goes, one bar per arm */
    FIGURE_KINDS
};

#define GNUPLOT_TROUBLE_BYTES 300  /* why a picture is missing */
#define FIGURE_MOST_PANELS    4    /* batch sizes shown in one figure */
#define FIGURE_MOST_STEPS     2000 /* of one curve */
#define FIGURE_MOST_ROWS      40   /* agents of one cycle in the time line */
#define FIGURE_MOST_BLOCKS    120  /* steps of block medians: beyond that several together */

/* What became of the figures of one run. Plain value. */
struct figure_set {
    char prefix[96]; /* file names begin with it: <scenario>, or <scenario>-run<ID> */
    bool wanted[FIGURE_KINDS];
    bool missing;                        /* one could not be drawn */
    char trouble[GNUPLOT_TROUBLE_BYTES]; /* why; "" when all are there */
};

const char *figure_name(enum figure_kind kind);

/*
 * figure_draw - FOLDER/PREFIX-NAME.{dat,gp,svg} for each figure the run has data for
 *
 * folder : exists. A figure that is not wanted or cannot be drawn leaves no old svg behind.
 * errors : ERR_SYSTEM (folder cannot be written), those of the store; a missing gnuplot is told in
 *          *out
 */
int figure_draw(struct figure_set *out, const char *folder, struct results *store,
                const struct facts *facts, struct err *err);

/* data*.c: the data of each figure; returns -1 only for errors of the store. No data at all says
 * that the run has nothing to show there: the figure is not wanted. */
typedef int figure_data(struct text *out, struct results *store, const struct facts *facts,
                        struct err *err);
figure_data data_distribution, data_timeline, data_scaling, data_cycles, data_ratios, data_shift,
    data_modes, data_phases;

/* data_panels - which batch sizes a figure shows: at most FIGURE_MOST_PANELS value indices, first
 * and last among them; returns how many */
size_t data_panels(size_t panels[FIGURE_MOST_PANELS], const struct facts *facts);

/* data_pick - the i-th of `count` indices spread over `of`, first and last among them */
size_t data_pick(size_t i, size_t count, size_t of);

/* data_longest - characters of the longest name of an arm, as legends show it */
int data_longest(const struct facts *facts);

/* data_largest - the value index of the largest batch, which the time line shows */
size_t data_largest(const struct facts *facts);

/* data_rows_most - how many agents of a cycle the time line shows */
size_t data_rows_most(const struct facts *facts);

/* data_thin - which of n ascending samples an ECDF shows; keep[] has room for n; returns how many
 * (at most FIGURE_MOST_STEPS); first and last are always among them */
size_t data_thin(size_t keep[], const double sorted[], size_t n);

/* data_row - one tab-separated row: m a time in ns told as ms with 6 decimals, d a double (both NaN
 * when not finite), i an int, s a label */
void data_row(struct text *out, const char *format, ...);

/* data_label - a name as a label: made safe, and shortened in its middle to 40 bytes */
void data_label(struct text *out, const char *name);

/* data_short - the same, shortened to `room` bytes, at least 12 */
void data_short(struct text *out, const char *name, size_t room);

/* data_gap - the two empty lines between gnuplot's data sets; an empty set gets a row of NaN, since
 * gnuplot takes no set without rows */
void data_gap(struct text *out, size_t rows, size_t columns);

/* data_set - such a set, which is given back */
void data_set(struct text *out, struct text *set, size_t rows, size_t columns);

/* data_is_wide - times or ratios so far apart that their axis has to be logarithmic */
bool data_is_wide(double least, double most);

/* What an axis has to reach; least INFINITY: nothing so far. */
struct reach {
    double least, most;
};

/* data_is_known - finite and above 0: a time or a ratio that can be drawn */
bool data_is_known(double value);

/* data_stretch - `value` lies within, when it is known */
void data_stretch(struct reach *reach, double value);

/* data_edges - a little more than is there; logarithmic when it is wide, which is returned */
bool data_edges(double edges[2], const struct reach *reach);

/* Two arms side by side: what a claim compares, or sequential and parallel where none does. Plain
 * value, points into the facts. */
struct comparison {
    const struct verdict_item *item; /* NULL: no claim */
    size_t above, below, value;      /* the ratio is arm above / arm below, at a batch size */
    enum scenario_metric metric;
    const char *agent;              /* of phases; or NULL */
    bool inverted;                  /* throughput told as time per agent */
    double claimed_low, claimed_up; /* NaN: nothing is claimed; low alone: at least */
};

/* data_comparisons - those a figure shows, at most FIGURE_MOST_PANELS; returns how many */
size_t data_comparisons(struct comparison out[FIGURE_MOST_PANELS], const struct facts *facts);

/* data_compare_claimed - what the claim of this item compares: "faster" or "within" */
struct comparison data_compare_claimed(const struct verdict_item *item);

/* data_heading - one more column of the last row: "AC2: sequential / parallel, 3 agents" */
void data_heading(struct text *out, const struct facts *facts, const struct comparison *comparison);

/* The samples of a comparison. Zero is empty; owned: data_compared_release. */
struct compared {
    double *above, *below, *ratios; /* by pair; +infinity: failed; ratios as stats_ratios */
    size_t n;
    size_t *sizes, blocks; /* pairs of each block */
};
int data_compare(struct compared *out, struct results *store, const struct facts *facts,
                 const struct comparison *comparison, struct err *err);
void data_compared_release(struct compared *compared);

/* data_tau - of one arm's series, as cautious as its middle and its quantile `tail` ask for */
double data_tau(const double series[], const struct compared *compared, double tail);

/*
 * data_band - the pointwise band of doubt around the curve of an arm that a claim is about
 *
 * A closed line (ms, percent): the lower bounds of the quantiles upwards, the upper ones downwards,
 * one-sided 95 % each, with the largest tau of the arm's claims; open ends reach left and right.
 * sorted  : the arm's n spawn times; left_ns, right_ns: the edges of the panel
 * returns : rows; 0 when no claim is about a quantile of this arm's spawn time at this batch size
 */
size_t data_band(struct text *out, const struct facts *facts, const struct facts_cell *cell,
                 const double sorted[], size_t n, const double edges_ns[2]);

/* data_intervals - what its claims say: from ms, to ms, percent, caps at both ends (ms, NaN where
 * the end is open); returns rows */
size_t data_intervals(struct text *out, const struct facts *facts, const struct facts_cell *cell,
                      const double edges_ns[2]);

/* ---- gnuplot.c: one picture from one script and one data file, drawn without a shell ---- */

/*
 * gnuplot_draw - FOLDER/BASE.svg from FOLDER/BASE.gp and FOLDER/BASE.dat
 *
 * base    : a plain name; the old picture stays until the new one is whole, and goes when there is
 *           none
 * trouble : GNUPLOT_TROUBLE_BYTES; why there is no picture: gnuplot is missing, complains or hangs
 * returns : 0 drawn, else -1
 */
int gnuplot_draw(const char *folder, const char *base, char *trouble);

/* gnuplot_write - FOLDER/BASE.dat, and FOLDER/BASE.gp: style.gp and then the script
 * errors : ERR_SYSTEM */
int gnuplot_write(const char *folder, const char *base, const struct text *data, const char *script,
                  struct err *err);

#endif
