/* What does a reader of reports/gate.md need to know to believe, or to doubt, its tables? */
#include "study/trials/prose.h"

const char report_opening[] =
    "# Is the gate calibrated?\n\n"
    "`spawnbench gate` says *regression* when a candidate is slower than its baseline by more "
    "than\n"
    "the tolerance. A gate that cries wolf is switched off, and one that sees nothing is worse "
    "than\n"
    "none. Here it is asked again and again where the answer is known: beside itself, with real\n"
    "processes and planted slowdowns, and on made-up noise in far larger numbers.\n\n"
    "The words: *regression*: slower by more than the tolerance is proven; *no regression*: a\n"
    "change above it is excluded; *improvement*: no regression, and faster by more than the\n"
    "tolerance; *inconclusive*: neither is proven; *powerless*: neither is, and a change as large\n"
    "as the tolerance could not have been seen. Promised: a false regression in at most 1 % of "
    "all\n"
    "gates, all metrics and looks together, and a false *no regression* in at most 5 %.\n\n";

const char report_again[] =
    "## How to do it again\n\n"
    "    spawnbench-gate-trials --real                       # measures; keeps "
    "results/gate-trials.json\n"
    "    spawnbench-gate-trials --seed %llu --replicates %zu --markdown reports/gate.md\n\n"
    "The second one simulates, and renders both from the seed and that file: the same bytes "
    "again.\n"
    "`--real --only slower --gates 20` tries a part. Measure on a machine that does nothing else: "
    "the\n"
    "gate allows for its noise, by saying *inconclusive* and *powerless*.\n\n";

const char real_opening[] =
    "## Real gates\n\n"
    "`spawnbench gate` run as a program on the scenario three-agents, with its parallel arm "
    "against\n"
    "itself: real processes, a real database with durability `full`, all audits as always. Only "
    "the\n"
    "agents are shorter, to keep it short. A slowdown is planted by lengthening the agents' own\n"
    "initialisation (`spawnref --append --init --append DURATION`) such that the *spawn time*, "
    "measured\n"
    "just before, grows by what is said. Both arms are handed as many words. Each gate has a "
    "results\n"
    "folder of its own.\n\n";

const char real_bars[] = "### What was asked, and what came of it\n\n";

const char real_said[] =
    "### What the gates said\n\n"
    "*passed*: no regression, or an improvement. *other*: integrity findings. *ratio*: candidate "
    "/\n"
    "baseline of the gated statistic: was what is planted really there? *detectable*: the "
    "smallest\n"
    "change the gate says it could have told from none, median of gates. *pairs*, *seconds*: mean\n"
    "of a gate.\n\n";

const char real_how[] = "### How\n\n";

const char simulated_opening[] =
    "## Simulated gates\n\n"
    "The same rule (`gate_judge`) on noise whose truth is known: %zu gates of every kind without "
    "a\n"
    "change, %zu of every kind with one; tolerance 5 %%, looks at 50, 100 and 200 pairs. Of a "
    "series\n"
    "two cycles that follow each other are a pair; which of them is the candidate is random and\n"
    "balanced in blocks of %d, as in real runs. A pair model has noise that both share.\n"
    "*contiguous*: blocks follow each other without a pause; *spread*: they start at random in a\n"
    "trace %d times as long. All figures are per cent of gates, *pairs* is the mean number until "
    "the\n"
    "answer. Monte-Carlo error (one sigma): %.2f points near 1 %% without a change; with one %.2f\n"
    "near 1 %% and %.2f near 5 %%.\n\n";

const char simulated_same[] =
    "## No change at all: how often does it cry wolf?\n\n"
    "Bar: regression in at most 1 %, and improvement likewise, that with 4 sigma of Monte-Carlo\n"
    "error. Where the noise is large against 5 % the gate says so (*powerless*) instead of "
    "passing\n"
    "what it has not seen.\n\n";

const char simulated_edge[] =
    "## A change exactly as large as the tolerance\n\n"
    "The worst case for both answers. Bars: regression at most 1 %, no regression at most 5 %, "
    "each\n"
    "with 4 sigma of Monte-Carlo error. *both*: p50 and p95 gated together; a regression of one "
    "is\n"
    "one of the gate, and it passes only if both do.\n\n";

const char simulated_unlike[] =
    "## A candidate that the machine's noise hits harder\n\n"
    "The arms of the pair models keep their places: noise that both share hits one of them "
    "harder,\n"
    "which pairing cannot take out. Only the long-run median ratio is 1, or 1.05. One exception "
    "is\n"
    "told and not held against the rule: noise of autocorrelation 0.9 that hits the candidate "
    "twice\n"
    "as hard (ar.9 g=2), in a contiguous run. Fifty pairs within one mood of the machine do not\n"
    "know the other moods; spread over time they do. Identical programs are hit alike: without\n"
    "change a regression is rare there, too.\n\n";

const char simulated_power[] =
    "## What it sees\n\n"
    "Independent cycles; *noise of a pair* is the standard deviation of ln(candidate / baseline).\n"
    "Each cell: regression / no regression, mean pairs. Bars, for noise up to 5 %: no change is\n"
    "passed and +10 % is a regression in at least 97 %.\n\n";

const char simulated_fine[] =
    "## Tolerance 2 %, up to 400 pairs\n\n"
    "Looks at 50, 100, 200 and 400. Bars, for noise up to 5 %: +5 % is a regression in at least "
    "80 %\n"
    "within 200 pairs, and in at least 95 % within 400.\n\n";

const char simulated_tail[] =
    "## Slower in the tail only\n\n"
    "One batch in ten takes half as long again; the others are as they were. Bar, for noise up to\n"
    "5 %: a gate on p95 calls it a regression in at least 90 %. The median does not see it, and "
    "is\n"
    "right: gate what you promise.\n\n";
