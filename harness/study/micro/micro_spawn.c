/* What does starting a batch cost: each primitive bare,
 * and the reference spawner's two modes whole? */
#include <stdio.h>

#include "base/text.h"
#include "study/micro/launch.h"
#include "study/micro/micro.h"
#include "study/micro/mode.h"

static const size_t sizes[] = {3, 10, 100};
#define SIZES (sizeof sizes / sizeof sizes[0])

/* One primitive at one batch size. */
struct bare {
    const struct micro *micro;
    struct launch_options options;
    struct launch *launch; /* made by the first sample */
};

/* One mode at one durability: one process for all batch sizes. */
struct whole {
    const struct micro *micro;
    struct mode_options options;
    struct mode *mode;
    struct err failed; /* once it broke, every further sample says so */
};

struct whole_batch {
    struct whole *whole;
    size_t agents;
};

static const char *agent_argv[] = {NULL, "--init", "0ms", NULL};
static struct bare bares[LAUNCH_WAYS][2][SIZES];
static struct whole wholes[2][2];
static struct whole_batch batches[2][2][SIZES];

static void take_bare(struct gbench *sample, void *context)
{
    struct bare *bare = context;
    struct err err = {0};
    int64_t spent_ns = 0;
    if (!micro_go_on(sample))
        return;
    if ((!bare->launch && launch_new(&bare->launch, &bare->options, &err) < 0) ||
        launch_measure(bare->launch, &spent_ns, &err) < 0) {
        gbench_skip(sample, err.text);
        return;
    }
    micro_hear(bare->micro);
    gbench_time(sample, spent_ns);
    gbench_counter(sample, "per_agent_us", (double)spent_ns / 1e3 / (double)bare->options.agents);
}

static void take_whole(struct gbench *sample, void *context)
{
    struct whole_batch *batch = context;
    struct whole *whole = batch->whole;
    struct mode_times times = {0};
    if (!micro_go_on(sample))
        return;
    if (!whole->failed.code &&
        ((!whole->mode && mode_open(&whole->mode, &whole->options, &whole->failed) < 0) ||
         mode_batch(whole->mode, batch->agents, agent_argv, &times, &whole->failed) < 0)) {
        mode_close(whole->mode);
        whole->mode = NULL;
    }
    if (whole->failed.code) {
        gbench_skip(sample, whole->failed.text);
        return;
    }
    micro_hear(whole->micro);
    gbench_time(sample, times.spawn_ns);
    gbench_counter(sample, "per_agent_us", (double)times.spawn_ns / 1e3 / (double)batch->agents);
    gbench_counter(sample, "ready_ms", (double)times.ready_ns / 1e6);
    gbench_counter(sample, "own_ms", (double)times.own_ns / 1e6);
}

static void register_bares(const struct micro *micro)
{
    for (int way = 0; way < LAUNCH_WAYS; way++)
        for (int own = 0; own < 2; own++)
            for (size_t i = 0; i < SIZES; i++) {
                struct bare *bare = &bares[way][own][i];
                bare->micro = micro;
                bare->options = (struct launch_options){.way = (enum launch_way)way,
                                                        .agents = sizes[i],
                                                        .program = micro->agent,
                                                        .argv = agent_argv,
                                                        .witness = micro_witness_name(micro),
                                                        .own_pipes = own};
                micro_add(micro, take_bare, bare, 20, GBENCH_MS, "spawn/%s%s/%zu",
                          launch_way_name((enum launch_way)way), own ? "+pipes" : "", sizes[i]);
            }
}

static void register_wholes(const struct micro *micro)
{
    static const char *const modes[] = {"sequential", "parallel"};
    static const char *const durabilities[] = {"normal", "full"};
    for (int mode = 0; mode < 2; mode++)
        for (int durability = 0; durability < 2; durability++) {
            struct whole *whole = &wholes[mode][durability];
            whole->micro = micro;
            whole->options = (struct mode_options){.reference = micro->reference,
                                                   .mode = modes[mode],
                                                   .durability = durabilities[durability],
                                                   .folder = micro->folder,
                                                   .witness = micro_witness_name(micro)};
            for (size_t i = 0; i < SIZES; i++) {
                struct whole_batch *batch = &batches[mode][durability][i];
                *batch = (struct whole_batch){whole, sizes[i]};
                micro_add(micro, take_whole, batch, 20, GBENCH_MS, "mode/%s/%s/%zu", modes[mode],
                          durabilities[durability], sizes[i]);
            }
        }
}

void micro_spawn_register(const struct micro *micro)
{
    agent_argv[0] = micro->agent;
    register_bares(micro);
    register_wholes(micro);
}

void micro_spawn_release(void)
{
    for (int way = 0; way < LAUNCH_WAYS; way++)
        for (int own = 0; own < 2; own++)
            for (size_t i = 0; i < SIZES; i++)
                launch_free(bares[way][own][i].launch);
    for (int mode = 0; mode < 2; mode++)
        for (int durability = 0; durability < 2; durability++)
            mode_close(wholes[mode][durability].mode);
}
