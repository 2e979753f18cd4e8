/* Are these the same bytes as those? */
#include "base/hash.h"

#include <string.h>

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t hash_string(uint64_t hash, const char *string)
{
    return hash_bytes(hash, string, strlen(string));
}

uint64_t hash_column(uint64_t hash, sqlite3_stmt *row, int column)
{
    int type = sqlite3_column_type(row, column), count;
    const void *bytes;
    hash = hash_bytes(hash, &type, sizeof type);
    if (type == SQLITE_NULL)
        return hash;
    if (type == SQLITE_INTEGER) {
        int64_t number = sqlite3_column_int64(row, column);
        return hash_bytes(hash, &number, sizeof number);
    }
    /* text, blob and (in tables that are not STRICT) real */
    bytes = sqlite3_column_blob(row, column);
    count = sqlite3_column_bytes(row, column);
    hash = hash_bytes(hash, &count, sizeof count);
    return bytes ? hash_bytes(hash, bytes, (size_t)count) : hash;
}
