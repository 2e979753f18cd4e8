/* hash - a digest of bytes that tells two contents apart; not against somebody who wants two alike.
 *
 * Normal use: start with HASH_START, hash_bytes for each part in order.
 *
 * source : FNV-1a, 64 bit (Fowler, Noll, Vo)
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* hash_bytes - `hash` with these bytes behind what it has; bytes may be NULL when count is 0 */
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count);

/* hash_string - without its NUL */
uint64_t hash_string(uint64_t hash, const char *string);

/* hash_column - a value of a row: its type, how long it is, and its bytes, so that the text '1' is
 * not the number 1, and nothing is not an empty text */
uint64_t hash_column(uint64_t hash, sqlite3_stmt *row, int column);

#endif
