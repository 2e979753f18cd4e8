/* Is a digest the one of the standard, however its bytes come? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/sha256.h"

static void assert_digest(const char *text, size_t bytes, size_t part, const char *expected)
{
    struct sha256 digest;
    char hex[SHA256_HEX_BYTES];
    sha256_begin(&digest);
    for (size_t at = 0; at < bytes; at += part)
        sha256_add(&digest, text + at, bytes - at < part ? bytes - at : part);
    sha256_end(&digest, hex);
    assert_string_equal(hex, expected);
    sha256_end(&digest, hex); /* asked again it says the same */
    assert_string_equal(hex, expected);
}

/* source : FIPS 180-2 appendix B.1 and B.2; that of nothing: sha256sum of /dev/null */
static void digests_are_those_of_the_standard(void **state)
{
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    (void)state;
    assert_digest("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(two, 56, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* source : FIPS 180-2 appendix B.3 */
static void a_million_letters_in_parts_of_any_size(void **state)
{
    static const size_t parts[] = {1, 63, 64, 65, 4096, 1000000};
    static char letters[1000000];
    (void)state;
    memset(letters, 'a', sizeof letters);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_digest(letters, sizeof letters, parts[i],
                      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Around 56 and 64 bytes the padding needs another block. source : sha256sum of as many 'a' */
static void the_padding_fits_every_length(void **state)
{
    static const struct {
        size_t bytes;
        const char *digest;
    } known[] = {
        {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
        {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
        {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
        {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
        {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
        {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
    };
    char letters[128];
    (void)state;
    memset(letters, 'a', sizeof letters);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_digest(letters, known[i].bytes, 7, known[i].digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_standard),
        cmocka_unit_test(a_million_letters_in_parts_of_any_size),
        cmocka_unit_test(the_padding_fits_every_length),
    };
    return cmocka_run_group_tests_name("reference/agent/sha256", tests, NULL, NULL);
}
