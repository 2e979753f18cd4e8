/* Does a file of golden vectors that is none end in a miss, and nothing worse? The handler only
 * reads its inputs: what is computed from them has tests of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "stats/check/check.h"

static void read_inputs(struct check *check)
{
    size_t n, rows;
    double share = check_number(check, "share", 0, 1);
    check_numbers(check, "x", &n);
    check_sizes(check, "sizes", &n);
    check_rows(check, "rows", 2, 10, &rows);
    check_string(check, "alternative");
    if (!check_ready(check))
        return;
    expect_number(check, "value", share);
    expect_exact(check, "count", (double)n);
    expect_flag(check, "flag", true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct check check = {0};
    check_file(&check, read_inputs, text, size);
    fuzz_expect(check.missed == 0 || check.first[0], "a miss is told in words");
    check_release(&check);
    free(text);
    return 0;
}
