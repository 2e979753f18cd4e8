/* How is it done again, how was each number computed, and what does this version not do? */

#include "report/chapters.h"

#define MOST_SCENARIO_BYTES 65536

void chapter_again(struct text *out, const struct facts *facts)
{
    const struct results_run *run = &facts->run;
    struct text commands = {0};
    text_addf(
        &commands,
        "spawnbench run scenario.json --seed %llu   # the text below: the same order of cycles\n",
        (unsigned long long)run->seed);
    text_addf(&commands, "spawnbench report %lld   # rebuilds this page from what is stored\n",
              (long long)run->id);
    text_add(out, "### How to do it again\n\n");
    words_block(out, "sh", commands.data, 4096);
    words_markdownf(out, "\nIt was made by spawnbench %s with ", run->version);
    words_code(out, run->command);
    text_addf(
        out,
        ", seed %llu. The seed fixes the order of the cycles, not the times. The scenario as it "
        "ran, with what the command line changed:\n\n",
        (unsigned long long)run->seed);
    words_block(out, "json", run->scenario_text, MOST_SCENARIO_BYTES);
    text_add(out, "\n");
    text_release(&commands);
}

static const char method[] =
    "## How each number was computed\n\n"
    "- **Spawn time**: the harness's own clock (CLOCK_MONOTONIC), from just before the first byte "
    "of the request is written until the last byte of the answer is read. The subject answers when "
    "every agent is ready and durably recorded. The subject's own times are checked against this "
    "envelope, never used for it.\n"
    "- **Ready time**: from the same start until the subject saw the last agent ready.\n"
    "- **Failed cycle**: one agent or more did not become ready. It counts as infinitely slow and "
    "is never dropped. Warm-ups are fixed before the run and never counted in times; integrity "
    "counts them.\n"
    "- **p50, p95, p99**: type-7 quantiles (Hyndman and Fan 1996); where a failed cycle takes part "
    "the quantile is infinite. Mean and standard deviation (divisor n - 1) are over the cycles "
    "that became ready.\n"
    "- **Bounds**: exact order statistics without any assumption about the shape (Hahn and Meeker "
    "1991). Each bound by itself holds with 95 %, lower and upper together with at least 90 %. A "
    "p95 has an upper bound from 59 cycles on.\n"
    "- **Speedup**: the median of paired ratios, cycle by cycle, of arms that ran next to each "
    "other in balanced random order; its bounds are those of the sign test. A pair in which the "
    "faster arm failed counts as 0.\n"
    "- **Verdict**: the cycles (or pairs) against the claim are counted and held against the exact "
    "binomial distribution at the claim's boundary: p support is the chance of so few, p refute of "
    "so many, if the claim held just barely. With several declared looks the 5 % error of each "
    "side is spent over them exactly (linear alpha spending, Lan and DeMets 1983), so that looking "
    "more than once makes no false verdict more likely. The bounds in the table of verdicts are at "
    "the level of the look; those in the other tables at 95 % as if the number of cycles had been "
    "fixed, widened by a tau of their own (the larger of Geyer's and the blocks').\n"
    "- **tau and n_eff**: neighbouring cycles resemble each other, so n of them are worth less "
    "than n. tau is how much wider the doubt becomes, n_eff = n / tau. It is measured on the "
    "indicator of a cycle above the claimed quantile of the samples: Geyer's initial monotone "
    "sequence (1992) where the lag-1 autocorrelation is more than chance, the design effect of the "
    "blocks (Kish 1965) where they differ by more than chance, and, since tau is itself measured "
    "on few samples, a wide Bartlett window with fixed-b critical values (Kiefer and Vogelsang "
    "2005) and Geyer's sum with its own doubt; the largest counts. Intervals beside no claim use "
    "the first two. Tests and bounds use n / tau in the binomial (Korn and Graubard 1998).\n"
    "- **What was possible**: the least time the batch can take, cycle by cycle, is the largest of "
    "the slowest agent's own time, all agents' CPU time over the usable cores, and their times "
    "over the agents allowed at once (Graham 1969); the agents' times are those of the slower "
    "arm's cycle of the same pair, where they do not stand in each other's way. Attained: that "
    "bound over the faster arm's spawn time. Serial fraction: the share of the faster arm's spawn "
    "time in which fewer than two agents were under way. What the spawner itself burns per start "
    "is not in the bound, which is therefore a little generous.\n"
    "- **How it scales**: the Universal Scalability Law (Gunther 2007), T(N) = T1 (1 + sigma (N - "
    "1) + kappa N (N - 1)), by least relative squares with nothing below 0; bounds of 90 % from "
    "1999 drawings of whole rounds. Where the law misses the medians by more than their doubt (p < "
    "0.001) no parameter is told. With kappa 0 it is the linear law; Amdahl's is for a fixed "
    "amount of work and a batch that grows is none.\n"
    "- **Shift**: the ratio of the two arms' quantiles from 5 to 95 %, with bounds that rest on "
    "both arms at half the error each (Doksum 1974).\n"
    "- **How often shorter**: the share of all cycles of one arm against all of the other in which "
    "the first takes less, with the standard error of Brunner and Munzel (2000) on the logit scale "
    "and n / tau in place of n. tau is the largest of both arms, at the median and at the tail "
    "that meets the other arm (95 % of the faster, 5 % of the slower). Where fewer than 20 tau "
    "cycles of an arm lie among the other's, the bounds are the exact binomial ones of n / tau "
    "trials, which are at least as wide; without any overlap one remains, 0.05^(tau / n). The arms "
    "are taken as independent, which is cautious where the same noise slows both.\n"
    "- **Invalid**: a verdict that must not be drawn from this run, with the reason and the "
    "remedy: steal of 10 % or more (for limits in time), quota used up in more than 5 % of the "
    "cycles, a clock as coarse as 10 % of the median, sleep, a time below what the slowest agent "
    "needs alone, a plan other than the one declared, or a metric that was not measured.\n"
    "- **\"0 of N cycles: true rate below x %\"**: exact upper bound of Clopper and Pearson 1934; "
    "for zero events 1 - 0.05^(1/N).\n"
    "- **Phases**: from the subject's answer and what the agents tell the witness; beyond 4096 "
    "samples of an arm "
    "and batch size, evenly spaced ones.\n"
    "- **Above the slowest agent**: cycle by cycle, spawn time minus the longest own "
    "initialisation that an agent of that cycle reports of itself.\n\n"
    "### Known limits\n\n"
    "- Rare bursts (say 6 % of the time twice as slow, eight cycles at a stretch) may miss a run "
    "altogether: no rule can allow for what did not happen. Simulated, a p95 claim at its limit is "
    "then wrongly supported more often than 5 % (`reports/statistics.md` has the figure). More "
    "sittings are the remedy.\n"
    "- A claim on a mean has no test that is valid for every distribution (Bahadur and Savage "
    "1956); claims on quantiles have.\n"
    "- The level of such times moves from hour to hour; ratios of interleaved pairs move less.\n"
    "- The agents report to the witness within the measured time: one connection, one packet each. "
    "Those that do not know it are started through `spawnbench-witness`, which costs each a second "
    "exec, 50 to 80 us; both arms of a comparison pay it.\n";

void chapter_method(struct text *out)
{
    text_add(out, method);
}
