/* What have the walks shown? */
#include "proof/crash/table.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

#define EXIT_BROKEN 4
#define EXIT_BLIND  5

static const char *verdict_of(const struct table_row *row)
{
    if (row->verdict == WALK_BROKEN)
        return "BROKEN";
    if (row->verdict == WALK_BLIND)
        return "INVALID: it did not fail";
    switch (row->workload->bar) {
    case WORKLOAD_SOUND:
        return "sound";
    case WORKLOAD_LOSES:
        return "loses, as it says";
    default:
        return "fails, as it must";
    }
}

bool table_is_of_store(const struct workload *workload)
{
    return workload->store && !workload->lying_sync;
}

size_t table_states(const struct table *table)
{
    size_t sum = 0;
    for (size_t i = 0; i < table->count; i++)
        if (table_is_of_store(table->rows[i].workload))
            sum += table->rows[i].tally.distinct;
    return sum;
}

int table_exit_code(const struct table *table)
{
    int code = 0;
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].verdict == WALK_BROKEN)
            return EXIT_BROKEN;
        else if (table->rows[i].verdict == WALK_BLIND)
            code = EXIT_BLIND;
    return code;
}

void table_head(const struct table *table)
{
    printf("crash walk  SQLite %s, %d batches of 3 agents, seed %llu\n\n", sqlite3_libversion(),
           table->batches, (unsigned long long)table->seed);
    printf("%-31s %6s %5s %5s %8s %8s %7s %8s %8s %8s %6s  %s\n", "", "", "", "", "killed", "power",
           "", "", "losing", "losing", "worst", "");
    printf("%-31s %6s %5s %5s %8s %8s %7s %8s %8s %8s %6s  %s\n", "configuration", "calls", "syncs",
           "txns", "states", "states", "corrupt", "partial", "at kill", "at power", "loss",
           "verdict");
}

void table_row_print(const struct table_row *row)
{
    const struct walk_tally *tally = &row->tally;
    const struct walk_count *kill = &tally->side[WALK_KILL], *power = &tally->side[WALK_POWER];
    printf("%-31s %6zu %5zu %5zu %8zu %8zu %7zu %8zu %8zu %8zu %6d  %s\n", row->workload->name,
           tally->calls, tally->syncs, tally->transactions, kill->states, power->states,
           kill->corrupt + power->corrupt, kill->partial + power->partial, kill->losing,
           power->losing, kill->worst > power->worst ? kill->worst : power->worst, verdict_of(row));
    fflush(stdout);
}

static void print_finding(const struct table *table, const struct table_row *row)
{
    const struct walk_finding *finding = &row->tally.finding;
    printf("%s, call %zu, family '%s' %zu: %s\n", row->workload->name, finding->call,
           states_family_name(finding->family), finding->index, finding->why);
    printf(
        "  again: spawnbench-crash %s --config %s --batches %d --seed %llu --at %zu --keep DIR\n",
        table->full ? "--full" : "--short", row->workload->name, table->batches,
        (unsigned long long)table->seed, finding->call);
}

void table_foot(const struct table *table)
{
    size_t distinct = 0, tried = 0;
    double seconds = 0;
    printf("\n");
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        distinct += row->tally.distinct;
        tried += row->tally.tried;
        seconds += row->seconds;
        if (row->tally.finding.found)
            print_finding(table, row);
    }
    printf("%zu distinct states (%zu of the reference store) in %zu tries, %.1f s, %.0f states/s\n",
           distinct, table_states(table), tried, seconds,
           seconds > 0 ? (double)distinct / seconds : 0);
}
