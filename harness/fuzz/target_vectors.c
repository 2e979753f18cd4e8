/* Does a file of golden vectors that is none end in a miss, and nothing worse? The function of the
 * file only tells its inputs again: what is computed from them has tests of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "judge/stats/check/vector_check.h"

static void tell_again(struct check *check)
{
    double share = check_share(check, "share");
    size_t count, *sizes = check_sizes(check, "sizes", &count);
    struct check_list x = check_list(check, "x"), rows = check_list(check, "rows");
    double *same = check_list_like(check, "same", x.n);
    expect_number(check, "value", share + (count > 0 ? (double)sizes[0] : 0));
    expect_number(check, "count", (double)rows.n);
    expect_number(check, "flag", true);
    expect_string(check, "alternative", "less");
    expect_list(check, "x", same, x.n);
}

static const struct check_file file = {"fuzz.json", tell_again, {"other"}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct check check = {0};
    check_data(&check, &file, text, size);
    fuzz_expect(check.missed == 0 || check.first[0], "a miss is told in words");
    free(text);
    return 0;
}
