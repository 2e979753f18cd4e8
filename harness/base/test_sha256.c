/* Is it SHA-256? Values of FIPS 180-4's own examples, and lengths around the end of a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sha256.h"
#include "base/text.h"

static void expect(const char *bytes, size_t count, const char *digest)
{
    struct sha256 whole;
    char hex[SHA256_HEX_BYTES];
    sha256_begin(&whole);
    sha256_add(&whole, bytes, count / 3); /* in two parts */
    sha256_add(&whole, bytes ? bytes + count / 3 : NULL, count - count / 3);
    sha256_end(&whole, hex);
    assert_string_equal(hex, digest);
}

static void it_is_sha256(void **state)
{
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    char *million = xcalloc(1000001, 1);
    (void)state;
    memset(million, 'a', 1000000);
    expect(NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(two_blocks, strlen(two_blocks),
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

/* sha256sum(1) of so many letters a */
static void every_way_to_fill_the_last_block(void **state)
{
    static const struct {
        size_t count;
        const char *digest;
    } cases[] = {
        {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
        {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
        {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
        {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
        {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
        {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
        {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
        {128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
    };
    char letters[129];
    (void)state;
    memset(letters, 'a', sizeof letters);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(letters, cases[i].count, cases[i].digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_is_sha256),
                                       cmocka_unit_test(every_way_to_fill_the_last_block)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
