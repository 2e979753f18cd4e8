/* Who is told what the gate found? The terminal, a JSON document, and the CI service it runs in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gate.h"
#include "report/gate_words.h"

static int tell_stdout(const struct cli_gate *gate, const struct gate_result *result,
                       struct err *err)
{
    if (gate->json)
        return report_gate_json(stdout, result, err);
    return gate->quiet ? 0 : report_gate_terminal(stdout, result, cli_colour(), err);
}

int cli_gate_tell(const struct cli_gate *gate, const struct gate_result *result)
{
    struct err err = {0};
    if (tell_stdout(gate, result, &err) < 0)
        return cli_fail("gate", &err);
    return result->code;
}
