/* Does the strict reader under every other one bear any text, and is it strict? */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "fuzz/fuzz.h"

/* Every node has a line of the text, every number is exact or none. */
static void walk(const char *text, int lines, const cJSON *root, const cJSON *node, int left)
{
    const cJSON *item;
    int64_t number;
    int line = json_line(text, root, node);
    fuzz_expect(line >= 1 && line <= lines, "a line of the text");
    if (json_int64(&number, node) == 0)
        fuzz_expect((double)number == node->valuedouble, "an integer is what was written");
    cJSON_ArrayForEach(item, node) {
        if (left-- <= 0)
            return; /* each look for a line reads the whole text */
        walk(text, lines, root, item, left / 2);
    }
}

/* What was read can be written and read again. */
static void print_and_read(const cJSON *root)
{
    char *printed = json_print(root, 0);
    cJSON *again = NULL;
    struct err err = {0};
    if (strstr(printed, "\\u007f") == NULL && strstr(printed, "null") == NULL) {
        fuzz_expect(json_parse(&again, printed, strlen(printed), &err) == 0, "it reads its own");
        cJSON_Delete(again);
    }
    free(printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    cJSON *strict = NULL, *message = NULL;
    struct err err = {0};
    if (json_parse(&strict, text, size, &err) == 0) {
        walk(text, text_line_of(text, size), strict, strict, 32);
        print_and_read(strict);
        fuzz_expect(strlen(text) == size, "no NUL passes");
    } else {
        fuzz_expect_told(&err);
    }
    if (json_parse_message(&message, text, size, &err) < 0) {
        fuzz_expect(strict == NULL, "a document is also a message");
        fuzz_expect_told(&err);
    }
    cJSON_Delete(strict);
    cJSON_Delete(message);
    free(text);
    return 0;
}
