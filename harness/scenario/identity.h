/* identity - may a run be compared with that one? The one definition of "same question" and of
 * "same machine", for history, baselines, the gate and calibrations.
 *
 * Times of another question say nothing about this one, nor do those of another machine, kernel or
 * engine. Normal use: scenario_question of both scenarios and strcmp; scenario_machine_read of both
 * runs' environments, scenario_machine_compare, tell what differs.
 */
#ifndef SCENARIO_IDENTITY_H
#define SCENARIO_IDENTITY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"
#include "scenario/scenario.h"

#define SCENARIO_MACHINE_FACTS 14
#define SCENARIO_FACT_BYTES    128
#define SCENARIO_ID_BYTES      17 /* 16 hexadecimal digits and the NUL */

/*
 * scenario_question - what a scenario asks of a spawner, as a hash
 *
 * Its agents, durability, consensus, prompt and what happens on failure. Not its arms, claims and
 * cycles, nor its batch sizes: those may differ between two runs that answer the same question.
 * source : FNV-1a, 64 bit (Fowler, Noll, Vo)
 */
void scenario_question(char out[SCENARIO_ID_BYTES], const struct scenario *scenario);

/* What makes times comparable. Plain value; made by scenario_machine_read or scenario_machine_take
 * only. */
struct scenario_machine {
    char facts[SCENARIO_MACHINE_FACTS][SCENARIO_FACT_BYTES]; /* as told; "" where it is not told */
    char id[SCENARIO_ID_BYTES];                              /* of the machine class */
};

/*
 * scenario_machine_read - out of what cycle_host_describe told
 *
 * environment : JSON text, as in results_run.environment_json
 * errors      : ERR_FORMAT when it is no JSON object, or tells neither processors nor kernel: two
 *               machines nobody knows anything of are not the same one
 * source      : id: FNV-1a, 64 bit (Fowler, Noll, Vo), over every fact in order
 */
int scenario_machine_read(struct scenario_machine *out, const char *environment, struct err *err);

/* scenario_machine_take - the same out of a JSON object; other members are ignored */
int scenario_machine_take(struct scenario_machine *out, const cJSON *environment, struct err *err);

/* scenario_machine_class - the id alone, of JSON text; "unknown" when it tells too little */
void scenario_machine_class(char out[SCENARIO_ID_BYTES], const char *environment);

/* scenario_machine_put - its facts as members of an object, readable by scenario_machine_take: the
 * same id */
void scenario_machine_put(cJSON *object, const struct scenario_machine *machine);

/*
 * scenario_machine_compare - how many facts differ
 *
 * differences : NULL, or one clause for each is added, "; " between them:
 *               "kernel: 6.1.0 there, 6.6.2 here". Words of files: control bytes are made '?'
 */
size_t scenario_machine_compare(struct text *differences, const struct scenario_machine *there,
                                const struct scenario_machine *here);

/* scenario_machine_fact_name - of one fact, for people: "CPU model" */
const char *scenario_machine_fact_name(size_t fact);

#endif
