/* How do a million samples get into order without a million times twenty comparisons?
 *
 * Doubles, read as integers, are already in order but for their sign. So long series are dealt out
 * by eleven bits at a time, from the lowest on; a round in which all keys agree is left out. Short
 * ones are left to qsort, and so are values with their places. All give the same order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/stats/stats.h"
#include "judge/stats/stats_internal.h"

#define LONG_SERIES 2048 /* from here on dealing out is quicker */
#define BITS        11
#define ROUNDS      6 /* 6 * 11 bits hold 64 */
#define HEAPS       (1u << BITS)
#define SIGN        (UINT64_C(1) << 63)

/* Doubles in ascending order as integers: -0 equals 0, NaN is +infinity. */
static uint64_t key_of(double value)
{
    uint64_t bits;
    value = isnan(value) ? INFINITY : value + 0.0; /* -0 + 0 is 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits & SIGN ? ~bits : bits | SIGN;
}

static double value_of(uint64_t key)
{
    uint64_t bits = key & SIGN ? key & ~SIGN : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static unsigned digit(uint64_t key, unsigned round)
{
    return (unsigned)(key >> (round * BITS)) & (HEAPS - 1);
}

/* Counts to places: where each heap begins. False when all keys lie on one heap. */
static int begin_heaps(size_t heap[], size_t n)
{
    size_t sum = 0;
    for (unsigned h = 0; h < HEAPS; h++) {
        size_t count = heap[h];
        if (count == n)
            return 0;
        heap[h] = sum;
        sum += count;
    }
    return 1;
}

/* ---- values alone ---- */

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sorted keys are in `keys` or in `room`: returned is which. */
static uint64_t *deal_keys(uint64_t keys[], uint64_t room[], size_t n)
{
    size_t(*heaps)[HEAPS] = xcalloc(ROUNDS, sizeof *heaps);
    for (size_t i = 0; i < n; i++)
        for (unsigned round = 0; round < ROUNDS; round++)
            heaps[round][digit(keys[i], round)]++;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t *from = keys;
        if (!begin_heaps(heaps[round], n))
            continue;
        for (size_t i = 0; i < n; i++)
            room[heaps[round][digit(from[i], round)]++] = from[i];
        keys = room;
        room = from;
    }
    free(heaps);
    return keys;
}

void stats_sort(double samples[], size_t n)
{
    uint64_t *keys, *sorted;
    if (n == 0)
        return;
    keys = xcalloc(n < LONG_SERIES ? n : 2 * n, sizeof *keys);
    for (size_t i = 0; i < n; i++)
        keys[i] = key_of(samples[i]);
    sorted = keys;
    if (n < LONG_SERIES)
        qsort(keys, n, sizeof *keys, ascending);
    else
        sorted = deal_keys(keys, keys + n, n);
    for (size_t i = 0; i < n; i++)
        samples[i] = value_of(sorted[i]);
    free(keys);
}

double *stats_sorted_copy(const double samples[], size_t n)
{
    double *copy = xcalloc(n + 1, sizeof *copy);
    if (n > 0)
        memcpy(copy, samples, n * sizeof *copy);
    stats_sort(copy, n);
    return copy;
}

/* ---- values with their places ---- */

static int by_value_then_place(const void *a, const void *b)
{
    const struct stats_place *x = a, *y = b;
    if (x->value != y->value)
        return x->value > y->value ? 1 : -1;
    return (x->at > y->at) - (x->at < y->at);
}

struct stats_place *stats_order(const double x[], size_t n)
{
    struct stats_place *places = xcalloc(n + 1, sizeof *places);
    for (size_t i = 0; i < n; i++)
        places[i] = (struct stats_place){isnan(x[i]) ? INFINITY : x[i], i};
    qsort(places, n, sizeof *places, by_value_then_place);
    return places;
}

size_t *stats_block_sizes(const int blocks[], size_t n, size_t *count)
{
    size_t *sizes = xcalloc(n + 1, sizeof *sizes);
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        *count += i == 0 || blocks[i] != blocks[i - 1];
        sizes[*count - 1]++;
    }
    return sizes;
}
