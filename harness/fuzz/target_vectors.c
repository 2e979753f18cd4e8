/* Does a file of golden vectors that is none end in a miss, and nothing worse? The handler only
 * tells its inputs again: what is computed from them has tests of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "judge/stats/check/vector_check.h"

static void expect(struct check *check, const struct check_values in[])
{
    expect_number(check, "value", in[0].x[0]);
    expect_exact(check, "count", (double)in[2].n);
    expect_exact(check, "flag", true);
    expect_string(check, "alternative", "less");
    expect_list(check, "x", in[2].x, in[2].n, false);
}

static const struct check_handler handler = {
    "fuzz",
    expect,
    {{"share", CHECK_SHARE},
     {"sizes", CHECK_SIZES},
     {"x", CHECK_LIST},
     {"rows", CHECK_ROWS},
     {"same", CHECK_LIST},
     {"same2", CHECK_SAME}},
    {"other"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct check check = {0};
    check_file(&check, &handler, text, size);
    fuzz_expect(check.missed == 0 || check.first[0], "a miss is told in words");
    check_release(&check);
    free(text);
    return 0;
}
