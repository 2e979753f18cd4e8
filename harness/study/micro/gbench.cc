/* How does C speak to Google Benchmark without meeting its exceptions or its aborts? */
#include "study/micro/gbench.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

struct gbench {
    benchmark::State *state;
    int64_t ns;      /* -1: none told */
    char why[256];   /* "": no failure */
    char label[256]; /* "": none */
};

namespace
{
int run_order = 1; /* from 1: a mean of 0 would make its cv row no number */
int failed_rows;

/* type-7 quantile, the definition of stats_quantile */
double quantile(std::vector<double> values, double p)
{
    if (values.empty())
        return 0;
    std::sort(values.begin(), values.end());
    double place = static_cast<double>(values.size() - 1) * p, below = std::floor(place);
    size_t at = static_cast<size_t>(below), next = std::min(at + 1, values.size() - 1);
    return values[at] + (place - below) * (values[next] - values[at]);
}

/* The library takes plain function pointers: one function per percentile. */
double p50(const std::vector<double> &values)
{
    return quantile(values, 0.50);
}
double p95(const std::vector<double> &values)
{
    return quantile(values, 0.95);
}
double p99(const std::vector<double> &values)
{
    return quantile(values, 0.99);
}
double least(const std::vector<double> &values)
{
    return quantile(values, 0);
}
double most(const std::vector<double> &values)
{
    return quantile(values, 1);
}

void take_sample(benchmark::State &state, const gbench_case &one)
{
    gbench sample = {&state, -1, "", ""};
    /* KeepRunning must answer false exactly once, or the library aborts: the loop is ours alone,
     * and whatever way the body returns, it ends up here. */
    while (state.KeepRunning()) {
        one.body(&sample, one.context);
        if (sample.ns < 0 && !sample.why[0])
            gbench_skip(&sample, "the case returned without a time");
        if (sample.why[0])
            state.SkipWithError(sample.why);
        else
            state.SetIterationTime(static_cast<double>(sample.ns) * 1e-9);
    }
    failed_rows += sample.why[0] != '\0';
    state.counters["run_order"] = run_order++;
    if (sample.label[0])
        state.SetLabel(sample.label);
}

int complain(const char *doing, const char *what)
{
    std::fprintf(stderr, "spawnbench-micro: %s: %s\n", doing, what);
    return -1;
}

/* --help is answered before the library sees argv, so it asks for its usage only when it met a
 * value it does not know, and would then exit with 0. */
[[noreturn]] void refuse_value()
{
    std::fprintf(stderr, "spawnbench-micro: a --benchmark_ flag has a value it does not know "
                         "(spawnbench-micro --help lists them)\n");
    std::exit(2);
}
} // namespace

int gbench_register(const gbench_case *one) noexcept
try {
    gbench_case kept = *one;
    benchmark::RegisterBenchmark(kept.name,
                                 [kept](benchmark::State &state) { take_sample(state, kept); })
        ->Iterations(1)
        ->Repetitions(std::max(kept.samples, 1))
        ->UseManualTime()
        ->Unit(kept.unit == GBENCH_MS ? benchmark::kMillisecond : benchmark::kMicrosecond)
        ->ComputeStatistics("p50", p50)
        ->ComputeStatistics("p95", p95)
        ->ComputeStatistics("p99", p99)
        ->ComputeStatistics("min", least)
        ->ComputeStatistics("max", most);
    return 0;
} catch (const std::exception &error) {
    return complain(one->name, error.what());
}

void gbench_time(gbench *sample, int64_t ns) noexcept
{
    sample->ns = std::max<int64_t>(ns, 0);
}

void gbench_counter(gbench *sample, const char *name, double value) noexcept
try {
    sample->state->counters[name] = value;
} catch (const std::exception &error) {
    gbench_skip(sample, error.what());
}

void gbench_label(gbench *sample, const char *text) noexcept
{
    std::snprintf(sample->label, sizeof sample->label, "%s", text);
}

void gbench_skip(gbench *sample, const char *why) noexcept
{
    std::snprintf(sample->why, sizeof sample->why, "%s", why[0] ? why : "failed");
}

int gbench_context(const char *key, const char *value) noexcept
try {
    benchmark::AddCustomContext(key, value);
    return 0;
} catch (const std::exception &error) {
    return complain(key, error.what());
}

void gbench_help(void) noexcept
{
    benchmark::PrintDefaultHelp();
    std::fflush(stdout);
}

int gbench_run(int argc, char *argv[], int *failed) noexcept
try {
    benchmark::Initialize(&argc, argv, refuse_value);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    size_t matched = benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    *failed = failed_rows;
    return matched ? 0 : 2;
} catch (const std::exception &error) {
    complain("Google Benchmark", error.what());
    return 70;
}
