/* Does a baseline that was made to harm a gate end in a clear refusal? */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "trend/gate/baseline.h"

/* What is taken can be written, and is taken again. */
static void write_and_read(const struct gate_baseline *baseline)
{
    char *text = gate_baseline_write(baseline);
    struct gate_baseline again;
    struct err err = {0};
    if (gate_baseline_read(&again, text, strlen(text), &err) < 0) {
        fprintf(stderr, "fuzz: %s\n", err.text);
        fuzz_expect(false, "a baseline is read as it was written");
    }
    fuzz_expect(again.series_count == baseline->series_count, "all of it");
    gate_baseline_release(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct gate_baseline baseline;
    struct err err = {0};
    if (gate_baseline_read(&baseline, text, size, &err) == 0)
        write_and_read(&baseline);
    else
        fuzz_expect_told(&err);
    gate_baseline_release(&baseline);
    free(text);
    return 0;
}
