/* scratch - what trials share: databases that may go, warnings said once too often, agents to
 * record, luck, and questions to a database. */
#ifndef PROOF_CRASH_SCRATCH_H
#define PROOF_CRASH_SCRATCH_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define SCRATCH_ID_BYTES  24
#define SCRATCH_WHY_BYTES 160

/* scratch_remove - a database and all that may lie beside it, as far as it is there */
void scratch_remove(const char *database);

/* scratch_hush, scratch_speak - nothing is said on stderr in between: the store warns at each
 * opening, thousands of times here. What hush returns is for speak. */
int scratch_hush(void);
void scratch_speak(int kept);

/* scratch_agents - the agents of a batch as they are when ready; their process ids are more than
 * the kernel gives (proc(5), pid_max): nobody has them */
void scratch_agents(struct store_agent agents[], char ids[][SCRATCH_ID_BYTES], int batch,
                    int count);

/* scratch_starting - the same agent before it was ready */
struct store_agent scratch_starting(const struct store_agent *ready);

/* scratch_randomness - SQLite's salts and nonces come from one generator for the whole process:
 * begun anew, by seed */
void scratch_randomness(uint64_t seed);

/* scratch_execute - statements whose rows nobody reads; returns a SQLite code */
int scratch_execute(sqlite3 *database, const char *text);

/* scratch_says - the text of the first row: returns 1; 0: there is none; -1: said is the error */
int scratch_says(sqlite3 *database, const char *question, char said[SCRATCH_WHY_BYTES]);

/* scratch_rows - how many rows can be read */
size_t scratch_rows(sqlite3 *database, const char *question);

/* scratch_integrity - what integrity_check says: "ok" or "not ok" */
const char *scratch_integrity(sqlite3 *database);

/* scratch_is_sound - integrity_check and foreign_key_check; else which of them, and what it says */
bool scratch_is_sound(sqlite3 *database, char why[SCRATCH_WHY_BYTES]);

#endif
