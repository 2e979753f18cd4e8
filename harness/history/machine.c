/* Which class of machine is this? */
#include <stdio.h>

#include "gate/fingerprint.h"
#include "history/history.h"

void history_machine(char out[HISTORY_MACHINE_BYTES], const char *environment_json)
{
    struct fingerprint fingerprint;
    struct err ignored = {0};
    bool known = fingerprint_read(&fingerprint, environment_json, &ignored) == 0;
    snprintf(out, HISTORY_MACHINE_BYTES, "%s", known ? fingerprint.id : "unknown");
}
