/* Would a fault be found at all? A control that must fail: it is wrong about one input. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fuzz/fuzz.h"

/* Ends as libFuzzer ends after a crash, and not by a signal,
 * which CTest takes for its own affair. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    cJSON *root = NULL;
    if (json_parse(&root, text, size, NULL) == 0 && cJSON_IsTrue(root)) {
        fprintf(stderr, "the planted fault was met\n");
        _Exit(77);
    }
    cJSON_Delete(root);
    free(text);
    return 0;
}
