/* Is it FNV-1a? Values of the authors' own test vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

static void it_is_fnv1a(void **state)
{
    (void)state;
    assert_true(hash_bytes(HASH_START, NULL, 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(hash_string(HASH_START, "a") == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(hash_string(HASH_START, "foobar") == UINT64_C(0x85944171f73967e8));
    assert_true(hash_string(hash_string(HASH_START, "foo"), "bar") ==
                hash_string(HASH_START, "foobar"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_is_fnv1a)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
