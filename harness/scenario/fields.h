/* fields - one JSON object against one table of the keys it may have (inside scenario/ only).
 *
 * Normal use: a table of `struct field` that ends with {0}, field_read_object. A complaint names
 * the line, the key, what was expected, what was there and the nearest known word.
 */
#ifndef SCENARIO_FIELDS_H
#define SCENARIO_FIELDS_H

#include "base/json.h"
#include "scenario/scenario.h"

/* Where the walk stands; borrowed for one scenario_parse. */
struct field_place {
    const char *data;          /* the text */
    const cJSON *root;         /* its tree */
    struct scenario *scenario; /* what is filled */
    struct err *err;
    bool stored; /* by an older version perhaps: its keys are understood */
};

/* One key: who reads its value, and into which member. Zero closes a table. */
struct field {
    const char *key;
    int (*read)(const struct field_place *place, const struct field *field, const cJSON *value,
                void *slot);
    size_t slot; /* offset of the member in the struct that the object becomes */
    const char *expected;
    double least, most;       /* numbers: the range; durations: ns; arrays: elements */
    const char *letters;      /* names: the characters they are made of */
    const char *not_first;    /* names: characters they do not begin with */
    const char *const *words; /* the words to choose from, ends with NULL */
    bool required;
};

/* field_read_object - every key known, every required key there, every value read by its reader;
 * returns 0, or -1 with the complaint. Members of absent keys are left as they are. */
int field_read_object(const struct field_place *place, const struct field fields[],
                      const cJSON *object, void *target);

/* field_check_keys - only that: every key of object is in the table */
int field_check_keys(const struct field_place *place, const struct field fields[],
                     const cJSON *object);

/* Readers. Strings they store are copies that the struct owns. */
int field_text(const struct field_place *place, const struct field *field, const cJSON *value,
               void *slot); /* char *; at least `least` bytes */
int field_name(const struct field_place *place, const struct field *field, const cJSON *value,
               void *slot); /* char * of `letters`, 1 to 64 bytes */
int field_integer(const struct field_place *place, const struct field *field, const cJSON *value,
                  void *slot); /* int */
int field_number(const struct field_place *place, const struct field *field, const cJSON *value,
                 void *slot); /* double, above least, below most */
int field_duration(const struct field_place *place, const struct field *field, const cJSON *value,
                   void *slot); /* int64_t, ns */
int field_bool(const struct field_place *place, const struct field *field, const cJSON *value,
               void *slot); /* bool */
int field_word(const struct field_place *place, const struct field *field, const cJSON *value,
               void *slot); /* int or enum: the index in `words` */
int field_command(const struct field_place *place, const struct field *field, const cJSON *value,
                  void *slot); /* char **, ends with NULL; placeholders known */

/* field_array - that value is an array of `least` to `most` elements; returns its length or -1 */
int field_array(const struct field_place *place, const struct field *field, const cJSON *value);

/* field_integers - an array of integers, each in low .. high; returns how many or -1 */
int field_integers(const struct field_place *place, const struct field *field, const cJSON *value,
                   int out[], int low, int high);

/* Complaints; all return -1.
 *
 * field_refuse         : "line N: KEY: expected EXPECTED, got VALUE"
 * field_refuse_nearest : the same with "(did you mean "WORD"?)" when one of known is near
 * field_complain       : "line N: KEY: ..." */
int field_refuse(const struct field_place *place, const struct field *field, const cJSON *value);
int field_refuse_nearest(const struct field_place *place, const struct field *field,
                         const cJSON *value, const char *const known[]);
int field_complain(const struct field_place *place, const cJSON *at, const char *key,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* field_show - a string fit for a message: cut after 60 bytes, control characters as '?' */
#define FIELD_SHOW_BYTES 64
const char *field_show(char buffer[FIELD_SHOW_BYTES], const char *string);

/* The parts of a scenario that have files of their own. */
int claims_read(const struct field_place *place, const struct field *field, const cJSON *value,
                void *slot);

int databases_read(const struct field_place *place, const struct field *field, const cJSON *value,
                   void *slot);

int faults_read(const struct field_place *place, const struct field *field, const cJSON *value,
                void *slot);

/* claims_sentence - the claim for people; the caller frees it */
char *claims_sentence(const struct scenario *scenario, const struct scenario_claim *claim);

/* What no single key can tell, asked as soon as a list is read:
 * names given twice, batches too large */
int check_agents(const struct field_place *place);
int check_arms(const struct field_place *place);
int check_claims(const struct field_place *place);

#endif
