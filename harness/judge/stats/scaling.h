/* scaling - why is parallel not faster still? A scaling law, and the least time a batch can take.
 *
 * All durations in one unit of the caller's choice. Each answer has `defined`; where it is false
 * the input was refused (a figure that is negative, infinite or no number, too few points) and all
 * other figures are NaN. Normal use: stats_bound_makespan with the agents of the sequential phase,
 * stats_compare_makespan with both measured times; over a sweep stats_fit_usl, stats_find_misfit,
 * and the parameters only where it raises no flag.
 */
#ifndef JUDGE_STATS_SCALING_H
#define JUDGE_STATS_SCALING_H

#include <stdbool.h>
#include <stddef.h>

/* The Universal Scalability Law, fitted. Plain value. */
struct stats_usl {
    bool defined;        /* 1 or more points */
    double t1;           /* time of one agent, > 0, unit of T */
    double sigma, kappa; /* contention, coherency: >= 0 */
    double peak_n;       /* where throughput is largest; NaN: kappa 0 or sigma >= 1, no peak */
};

/*
 * stats_fit_usl - T(N) = T1 (1 + sigma (N - 1) + kappa N (N - 1)), linear in its three products
 *
 * n      : agents, >= 1, shape [count]; may repeat; time: makespans or their medians, > 0
 * method : least sum of squared relative residuals under coefficients >= 0, by trying all active
 *          sets that hold T1; sets with more coefficients than different n are not tried. Give 6
 *          different n, two on each side of the core count; do not extrapolate beyond twice the
 *          largest
 * source : Gunther 2007; judge/STATISTICS.md 8. vector: usl_fit.json
 */
struct stats_usl stats_fit_usl(const double n[], const double time[], size_t count);

/* stats_usl_time - the fitted makespan of n agents; NaN when the fit is not defined */
double stats_usl_time(const struct stats_usl *fit, double n);

/* One point of a sweep: the medians over its rounds. Plain value. */
struct stats_point {
    double median, fit; /* measured and fitted time */
    double sigma_log;   /* spread of ln T over the rounds as by stats_measure_log_spread, > 0 */
    size_t rounds;
};

/* Does the law fit at all? Plain value. */
struct stats_misfit {
    bool defined; /* more points than parameters, each with rounds and a spread */
    double chi2, p;
    size_t freedom;
    bool flag; /* p < 0.001: show no parameters */
};

/*
 * stats_find_misfit - sum ((median - fit) / median)^2 / v, v = (1.2533 sigma_log / sqrt(rounds))^2
 *
 * parameters : 3 for the USL, also where some came out as 0
 * source     : judge/STATISTICS.md 8, pitfall 3; no golden vector, tested by hand-made figures
 */
struct stats_misfit stats_find_misfit(const struct stats_point points[], size_t count,
                                      size_t parameters);

/* A batch, described without contention. Plain value; arrays are borrowed for the call. */
struct stats_batch {
    const double *wall;  /* per agent, from the return of its spawn call, sequential phase; >= 0 */
    const double *cpu;   /* per agent, CPU time; >= 0 */
    size_t agents;       /* >= 1 */
    double cores;        /* usable: min(affinity, quota), may be a fraction; > 0 */
    double concurrent;   /* most agents at once, >= 1 */
    double spawn_serial; /* launcher CPU time per spawn, one after the other; >= 0 */
};

enum stats_binding { STATS_BINDING_CRITICAL_PATH, STATS_BINDING_CPU, STATS_BINDING_SLOTS };

/* The least time the batch can take, whoever launches it. Plain value. */
struct stats_makespan {
    bool defined;
    double critical_path;       /* max of i s + wall(i), the longest first, i = 1 .. N */
    double cpu_bound;           /* (sum cpu + N s) / cores */
    double slot_bound;          /* sum wall / concurrent */
    double lower_bound;         /* the largest of the three */
    enum stats_binding binding; /* which, the first in this order */
};

/*
 * stats_bound_makespan - formulas in struct stats_makespan
 *
 * batch   : any one unit of time, agents >= 0
 * returns : >= 0, unit of the batch; not defined when it has no agents or a figure is out of range
 * source  : judge/STATISTICS.md 9, Graham 1969. vector: makespan_bound.json
 */
struct stats_makespan stats_bound_makespan(const struct stats_batch *batch);

/* Two measured times against the bound. Plain value. */
struct stats_attained {
    bool defined;
    double max_speedup; /* sequential / bound: a claim above it is impossible; +infinity: bound 0 */
    double fraction;    /* bound / parallel, <= 1: print this as efficiency */
    double overhead;    /* parallel - bound, unit of the times */
};

/*
 * stats_compare_makespan - what was attained of what was possible
 *
 * sequential, parallel : measured, > 0
 * source : judge/STATISTICS.md 9. vector: makespan_bound.json
 */
struct stats_attained stats_compare_makespan(const struct stats_makespan *bound, double sequential,
                                             double parallel);

#endif
