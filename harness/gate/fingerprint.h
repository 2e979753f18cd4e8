/* fingerprint - on which class of machine was this measured, and how do two of them differ?
 *
 * Times of different machines, kernels or engines say nothing about each other. Normal use:
 * fingerprint_read of two runs' environments, fingerprint_compare, tell what differs.
 */
#ifndef GATE_FINGERPRINT_H
#define GATE_FINGERPRINT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"

#define FINGERPRINT_FACTS      14
#define FINGERPRINT_FACT_BYTES 128
#define FINGERPRINT_ID_BYTES   17

/* What makes times comparable. Plain value; made by fingerprint_read or fingerprint_take only. */
struct fingerprint {
    char facts[FINGERPRINT_FACTS][FINGERPRINT_FACT_BYTES]; /* as told; "" where it is not told */
    char id[FINGERPRINT_ID_BYTES]; /* of the machine class: 16 hexadecimal digits */
};

/*
 * fingerprint_read - out of what run_host_describe told
 *
 * environment : JSON text, as in store_run.environment_json
 * errors      : ERR_FORMAT when it is no JSON object, or tells neither processors nor kernel: two
 *               machines nobody knows anything of are not the same one
 * source      : id: FNV-1a, 64 bit (Fowler, Noll, Vo), over every fact in order
 */
int fingerprint_read(struct fingerprint *out, const char *environment, struct err *err);

/* fingerprint_take - the same out of a JSON object; other members are ignored */
int fingerprint_take(struct fingerprint *out, const cJSON *environment, struct err *err);

/* fingerprint_put - its facts as members of an object, readable by fingerprint_take: the same id */
void fingerprint_put(cJSON *object, const struct fingerprint *fingerprint);

/*
 * fingerprint_compare - how many facts differ
 *
 * differences : NULL, or one clause for each is added, "; " between them:
 *               "kernel: 6.1.0 there, 6.6.2 here". Words of files: control bytes are made '?'
 */
size_t fingerprint_compare(struct text *differences, const struct fingerprint *there,
                           const struct fingerprint *here);

/* fingerprint_fact_name - of one fact, for people: "CPU model" */
const char *fingerprint_fact_name(size_t fact);

#endif
