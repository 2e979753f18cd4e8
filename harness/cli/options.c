/* What do all commands share? How they fail, where results lie, whether colour is wanted. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"

int cli_fail(const char *command, const struct err *err)
{
    fflush(stdout);
    fprintf(stderr, "spawnbench: %s: %s\n", command, err->text);
    return err_exit_code(err);
}

bool cli_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

char *cli_store_path(const char *results)
{
    return text_format("%s/spawnbench.sqlite", results);
}

int cli_check_stdout(const char *command, int code)
{
    struct err err = {0};
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    err_system(&err, "cannot write to stdout");
    cli_fail(command, &err);
    return code ? code : 5;
}
