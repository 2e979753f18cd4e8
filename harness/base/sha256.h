/* sha256 - a digest that nobody can make two contents agree on: what an agent says that it printed.
 *
 * Normal use: sha256_begin, sha256_add for each part, sha256_end.
 * source : FIPS 180-4, sections 4.1.2, 5.3.3 and 6.2
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_HEX_BYTES 65 /* 64 digits and a NUL */

/* Plain value. */
struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[64]; /* the last bytes % 64 of them wait here */
};

void sha256_begin(struct sha256 *digest);
void sha256_add(struct sha256 *digest, const void *data, size_t bytes); /* NULL when there are 0 */

/* sha256_end - the digest in lower case; what was added so far stays */
void sha256_end(const struct sha256 *digest, char out[SHA256_HEX_BYTES]);

#endif
