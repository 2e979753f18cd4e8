/* Is there a moment at which a crash would corrupt the store or lose what was acknowledged? */
#include "proof/crash/walk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* What is known of a state, by its hash. */
struct seen {
    uint64_t hash; /* 0: free */
    enum check_kind kind;
    int prefix;
    bool counted[WALK_SIDES], losing[WALK_SIDES];
};

/* A table of states, open addressing, at most half full. */
struct memory {
    struct seen *slots;
    size_t count, room; /* room: a power of 2 */
};

struct walk {
    struct walk_tally *tally;
    const struct workload *workload;
    const struct workload_run *run;
    const struct walk_effort *effort;
    uint64_t seed;
    struct states *states;
    struct disk disk;
    struct memory memory;
    struct check_result last; /* of the state just opened, for its words */
};

/* ---- states seen before ---- */

static struct seen *find(const struct memory *memory, uint64_t hash)
{
    size_t at = hash & (memory->room - 1);
    while (memory->slots[at].hash && memory->slots[at].hash != hash)
        at = (at + 1) & (memory->room - 1);
    return &memory->slots[at];
}

static void grow(struct memory *memory)
{
    struct memory larger = {.count = memory->count, .room = memory->room ? 2 * memory->room : 4096};
    larger.slots = xcalloc(larger.room, sizeof larger.slots[0]);
    for (size_t i = 0; i < memory->room; i++)
        if (memory->slots[i].hash)
            *find(&larger, memory->slots[i].hash) = memory->slots[i];
    free(memory->slots);
    *memory = larger;
}

/* The state in walk->disk: known, or opened and checked now (which changes the disk). */
static struct seen *look(struct walk *walk)
{
    uint64_t hash = disk_hash(&walk->disk) | 1;
    struct seen *seen;
    if (2 * (walk->memory.count + 1) > walk->memory.room)
        grow(&walk->memory);
    seen = find(&walk->memory, hash);
    if (seen->hash)
        return seen;
    walk->memory.count++;
    walk->tally->distinct++;
    walk->last = check_disk(&walk->disk, &walk->run->prefixes);
    *seen = (struct seen){.hash = hash, .kind = walk->last.kind, .prefix = walk->last.prefix};
    return seen;
}

/* ---- one state ---- */

static int acknowledged(const struct walk *walk)
{
    size_t at = states_at(walk->states);
    return at < walk->run->log.count ? walk->run->log.ops[at].acknowledged
                                     : walk->run->log.acknowledged;
}

static void count(struct walk_count *side, struct seen *seen, enum walk_side which, int lost)
{
    if (!seen->counted[which]) {
        side->states++;
        side->corrupt += seen->kind == CHECK_CORRUPT;
        side->partial += seen->kind == CHECK_PARTIAL;
        seen->counted[which] = true;
    }
    if (lost > 0 && !seen->losing[which]) {
        side->losing++;
        seen->losing[which] = true;
    }
    if (lost > side->worst)
        side->worst = lost;
}

static bool is_finding(const struct walk *walk, const struct seen *seen, enum walk_side which,
                       int lost)
{
    if (seen->kind != CHECK_PREFIX)
        return true;
    return lost > 0 && (which == WALK_KILL || walk->workload->bar == WORKLOAD_SOUND);
}

static void note(struct walk *walk, enum states_family family, size_t index, int lost)
{
    struct walk_finding *finding = &walk->tally->finding;
    *finding = (struct walk_finding){.found = true,
                                     .call = states_at(walk->states),
                                     .index = index,
                                     .family = family,
                                     .lost = lost};
    if (walk->last.kind == CHECK_PREFIX)
        snprintf(finding->why, sizeof finding->why,
                 "the last %d of %d acknowledged transactions are not there", lost,
                 acknowledged(walk));
    else
        snprintf(finding->why, sizeof finding->why, "%s", walk->last.why);
}

static void try(struct walk *walk, enum states_family family, size_t index)
{
    enum walk_side which = states_is_power(family) ? WALK_POWER : WALK_KILL;
    struct seen *seen;
    int lost = 0;
    if (!states_build(&walk->disk, walk->states, family, index, walk->seed))
        return;
    walk->tally->tried++;
    seen = look(walk);
    if (seen->kind == CHECK_PREFIX)
        lost = acknowledged(walk) - seen->prefix;
    count(&walk->tally->side[which], seen, which, lost);
    if (walk->tally->finding.found || !is_finding(walk, seen, which, lost))
        return;
    if (seen->kind == CHECK_PREFIX)
        walk->last = (struct check_result){.kind = CHECK_PREFIX, .prefix = seen->prefix};
    note(walk, family, index, lost);
}

/* ---- all states before one call ---- */

/* `count` members, or effort->most of them, one at random from each stretch of equal length. */
static void try_family(struct walk *walk, enum states_family family, size_t count)
{
    size_t most = walk->effort->most;
    uint64_t random = walk->seed ^ (states_at(walk->states) << 8 | (uint64_t)family);
    if (most == 0 || count <= most)
        most = count;
    for (size_t i = 0; i < most; i++) {
        size_t index = i;
        if (most < count)
            index = (i * count + states_random(&random) % count) / most;
        try(walk, family, index);
    }
}

static void try_all(struct walk *walk)
{
    size_t unsynced = states_unsynced(walk->states);
    try(walk, STATES_KILLED, 0);
    try(walk, STATES_INSIDE, 0);
    try(walk, STATES_INSIDE, 1);
    try(walk, STATES_NONE, 0);
    try_family(walk, STATES_PREFIX, unsynced + 1);
    try_family(walk, STATES_DROP, unsynced);
    try_family(walk, STATES_KEEP, unsynced);
    for (size_t i = 0; unsynced && i < walk->effort->draws; i++)
        try(walk, STATES_SUBSET, i);
    for (size_t i = 0; unsynced && i < walk->effort->draws; i++)
        try(walk, STATES_TORN, i);
}

/* ---- the walk ---- */

static void describe(struct walk_tally *tally, const struct workload_run *run)
{
    *tally = (struct walk_tally){.calls = run->log.count, .transactions = run->prefixes.count - 1};
    for (size_t i = 0; i < run->log.count; i++)
        tally->syncs += run->log.ops[i].call == CRASH_SYNC;
}

/* Built once more, because the one that was checked has been changed by SQLite. */
static int keep_finding(struct walk *walk, const char *keep, struct err *err)
{
    const struct walk_finding *finding = &walk->tally->finding;
    states_free(walk->states);
    walk->states = states_new(&walk->run->log);
    while (states_at(walk->states) < finding->call && states_advance(walk->states))
        continue;
    states_build(&walk->disk, walk->states, finding->family, finding->index, walk->seed);
    return disk_save(&walk->disk, keep, err);
}

int walk_run(struct walk_tally *out, const struct workload *workload,
             const struct workload_run *run, const struct walk_effort *effort, uint64_t seed,
             size_t at, const char *keep, struct err *err)
{
    struct walk walk = {.tally = out,
                        .workload = workload,
                        .run = run,
                        .effort = effort,
                        .seed = seed,
                        .states = states_new(&run->log)};
    int rc = disk_register(err);
    describe(out, run);
    do {
        if (rc == 0 && (at == WALK_EVERYWHERE || at == states_at(walk.states)))
            try_all(&walk);
    } while (states_advance(walk.states));
    if (rc == 0 && keep && out->finding.found)
        rc = keep_finding(&walk, keep, err);
    states_free(walk.states);
    disk_release(&walk.disk);
    free(walk.memory.slots);
    return rc;
}

enum walk_verdict walk_judge(const struct walk_tally *tally, enum workload_bar bar)
{
    const struct walk_count *kill = &tally->side[WALK_KILL], *power = &tally->side[WALK_POWER];
    /* No way of syncing matters to a process kill. */
    if (kill->corrupt + kill->partial + kill->losing > 0)
        return WALK_BROKEN;
    if (bar == WORKLOAD_MUST_BREAK)
        return power->corrupt + power->partial > 0 ? WALK_AS_IT_MUST : WALK_BLIND;
    if (power->corrupt + power->partial > 0)
        return WALK_BROKEN;
    if (bar == WORKLOAD_LOSES)
        return power->losing > 0 ? WALK_AS_IT_MUST : WALK_BLIND;
    return power->losing > 0 ? WALK_BROKEN : WALK_AS_IT_MUST;
}
