/* How does the spawn time grow with the batch, by which law, and does that law hold? */
#include <math.h>

#include "report/chapters.h"

static void add_interval(struct text *out, const char *median, double lower, double upper)
{
    char low[WORDS_BYTES], high[WORDS_BYTES];
    text_addf(out, " | %s [%s .. %s]", median, words_share(low, lower), words_share(high, upper));
}

static void add_peak(struct text *out, const struct explain_law *law)
{
    const struct stats_usl_band *band = &law->band;
    if (isnan(band->fit.peak_n))
        text_add(out, " | none");
    else if (band->fit.peak_n > (double)law->most)
        text_addf(out, " | > %zu agents", law->most);
    else
        text_addf(out, " | %.0f agents", band->fit.peak_n);
}

static void add_parameters(struct text *out, const struct explain_law *law)
{
    const struct stats_usl_band *band = &law->band;
    char one[TEXT_DURATION_BYTES], words[WORDS_BYTES];
    text_addf(out, " | %s", text_duration(one, band->fit.t1));
    add_interval(out, words_share(words, band->fit.sigma), band->sigma_lower, band->sigma_upper);
    if (band->fit.kappa > 0)
        add_interval(out, words_share(words, band->fit.kappa), band->kappa_lower,
                     band->kappa_upper);
    else
        text_addf(out, " | 0, at most %s", words_share(words, band->kappa_upper));
    add_peak(out, law);
}

static void add_row(struct text *out, const struct facts *facts, size_t arm)
{
    const struct explain_law *law = &facts->explain->laws[arm];
    char p[WORDS_BYTES];
    words_markdownf(out, "| %s", facts->arms[arm].name);
    if (law->fits)
        add_parameters(out, law);
    else
        text_add(out, " | - | - | - | -");
    text_addf(out, " | %s", !law->tried ? "too few rounds" : law->fits ? "yes" : "no");
    if (law->tried)
        text_addf(out, ", p %s",
                  law->band.misfit.defined ? words_p(p, law->band.misfit.p) : "not known");
    text_addf(out, " | %zu |\n", law->band.rounds);
}

static void add_sentence(struct text *out, const struct facts *facts, size_t arm)
{
    words_markdownf(out, "- %s: ", facts->arms[arm].name);
    explain_law(out, &facts->explain->laws[arm]);
    text_add(out, ".\n");
}

static void add_reading(struct text *out, const struct facts *facts)
{
    text_addf(out,
              "\nA batch of N agents takes T1 (1 + sigma (N - 1) + kappa N (N - 1)): T1 is the "
              "time of one, sigma what each further agent adds, kappa what each agent adds for "
              "each other one (Universal Scalability Law, Gunther 2007). Sigma 100 %% is one after "
              "the other, 0 %% all at once at no cost. Amdahl's law divides a fixed amount of "
              "work among ever more workers; here the work grows with the batch, so it does not "
              "apply: sigma takes the place of its serial fraction. Bounds are two-sided, %g %%: "
              "the law is fitted again to rounds (one cycle of each batch size) drawn again.\n\n",
              100 * EXPLAIN_CONFIDENCE);
    if (facts->explain->laws[0].thin)
        text_add(out,
                 "Caution: fewer than 6 batch sizes, or fewer than two on each side of the number "
                 "of cores. The parameters describe these sizes and little more.\n\n");
}

void chapter_scaling(struct text *out, const struct facts *facts)
{
    bool any = false;
    for (size_t arm = 0; arm < facts->arm_count; arm++)
        any = any || facts->explain->laws[arm].tried;
    if (!any)
        return;
    text_add(out, "### How it scales\n\n"
                  "| arm | one agent | sigma | kappa | largest throughput | law fits | rounds |\n"
                  "|---|--:|---|---|---|---|--:|\n");
    for (size_t arm = 0; arm < facts->arm_count; arm++)
        add_row(out, facts, arm);
    text_add(out, "\n");
    for (size_t arm = 0; arm < facts->arm_count; arm++)
        add_sentence(out, facts, arm);
    add_reading(out, facts);
}
