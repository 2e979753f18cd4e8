/* json - cJSON made strict: whole documents only, no duplicate keys, exact integers, line numbers.
 *
 * Normal use: json_parse, then a typed walk with cJSON_ArrayForEach and
 * cJSON_GetObjectItemCaseSensitive, json_line to say where a wrong value stands, cJSON_Delete.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define JSON_INTEGER_MAX INT64_C(9007199254740992) /* 2^53: doubles are exact up to here */

/*
 * json_parse - one strict JSON document
 *
 * data   : NUL-terminated, length bytes before the NUL
 * out    : owned by the caller (cJSON_Delete)
 * errors : ERR_FORMAT with "line N: ...": not JSON, text behind the document, a key given twice in
 *          one object, more than 1000 keys in one object, bytes that are not UTF-8, NUL characters
 */
int json_parse(cJSON **out, const char *data, size_t length, struct err *err);

/* json_parse_message - the same for one line of a protocol: no look for duplicate keys */
int json_parse_message(cJSON **out, const char *data, size_t length, struct err *err);

/*
 * json_line - the line on which `node` (or its key) stands in the text that `root` was parsed from
 *
 * returns : 1-based; 1 when the node is not part of root
 */
int json_line(const char *data, const cJSON *root, const cJSON *node);

/*
 * json_int64 - an exact integer
 *
 * returns : 0, or -1 when node is NULL, no number, not integral or beyond int64_t. Beyond +-2^53
 *           (in nanoseconds: 104 days of uptime) it is exact only in trees of json_parse and
 *           json_parse_message, and must be spelled in plain digits
 */
int json_int64(int64_t *out, const cJSON *node);

/* json_string - the string of member `key`, or NULL when absent or no string;
 * lives as long as object */
const char *json_string(const cJSON *object, const char *key);

/* json_add_int64 - a member with every digit (cJSON's own printer keeps only 15) */
void json_add_int64(cJSON *object, const char *key, int64_t value);

/* json_add_double - a member with 17 digits; null for NaN and infinities,
 * which JSON does not know */
void json_add_double(cJSON *object, const char *key, double value);

/* json_add_text - a member with a string; null for NULL and for "" */
void json_add_text(cJSON *object, const char *key, const char *text);

/* json_print - text of a tree in fresh memory (xmalloc family); the caller frees it */
char *json_print(const cJSON *root, int pretty);

/* json_puts - the same on stdout, pretty, with a newline */
void json_puts(const cJSON *root);

#endif
