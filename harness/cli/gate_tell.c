/* Who is told what the gate found? The terminal, a JSON document, and the CI service it runs in:
 * all of it before a failing exit. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/replace.h"
#include "base/text.h"
#include "cli/pages.h"
#include "report/trend_words.h"

static bool is_set(const char *variable, const char *value)
{
    const char *told = getenv(variable);
    return told && *told && (!value || strcmp(told, value) == 0);
}

int cli_gate_could_not(struct gate_result *result, const struct err *err)
{
    if (err_exit_code(err) != 5)
        return cli_fail("gate", err);
    gate_refuse(result, "%s", err->text);
    return 0;
}

static int tell_stdout(const struct cli_gate *gate, const struct gate_result *result,
                       struct err *err)
{
    int rc = 0;
    if (gate->json)
        rc = report_gate_json(stdout, result, err);
    else if (!gate->quiet)
        rc = report_gate_terminal(stdout, result, cli_colour(), err);
    fflush(stdout);
    if (result->reason[0])
        fprintf(stderr, "spawnbench: gate: could not compare: %s\n", result->reason);
    return rc;
}

/* Beside the table; with --json stdout is one document, and the lines go to stderr, where the
 * service reads them, too. */
static void tell_lines(const struct cli_gate *gate, const struct gate_result *result)
{
    struct text lines = {0};
    if (is_set("GITHUB_ACTIONS", "true"))
        report_gate_annotations(&lines, result);
    if (gate->ctest || is_set("DASHBOARD_TEST_FROM_CTEST", NULL))
        report_gate_ctest(&lines, result);
    if (lines.length)
        fwrite(lines.data, 1, lines.length, gate->json ? stderr : stdout);
    text_release(&lines);
}

/* The summary's file is shared with the other steps of the job: appended to. */
static int append(const char *path, const struct text *page, struct err *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    bool whole = fd >= 0 && write(fd, page->data, page->length) == (ssize_t)page->length;
    if (!whole)
        err_system(err, "cannot append to $GITHUB_STEP_SUMMARY '%s'", path);
    if (fd >= 0)
        close(fd);
    return whole ? 0 : -1;
}

static int tell_summary(const struct gate_result *result, struct err *err)
{
    struct text page = {0};
    int rc;
    if (!is_set("GITHUB_STEP_SUMMARY", NULL))
        return 0;
    report_gate_markdown(&page, result);
    rc = append(getenv("GITHUB_STEP_SUMMARY"), &page, err);
    text_release(&page);
    return rc;
}

/* In memory first, so that a reader sees the old file or the new one, never half. */
static int tell_junit(const struct cli_gate *gate, const struct gate_result *result,
                      struct err *err)
{
    char *data = NULL;
    size_t length = 0;
    FILE *memory;
    int rc;
    if (!gate->junit)
        return 0;
    memory = open_memstream(&data, &length);
    if (!memory)
        return err_system(err, "cannot make the JUnit document");
    rc = report_gate_junit(memory, result, err);
    fclose(memory);
    if (rc == 0)
        rc = replace_file(gate->junit, REPLACE_GIVEN, data, length, err);
    free(data);
    return rc;
}

int cli_gate_tell(const struct cli_gate *gate, const struct gate_result *result)
{
    struct err err = {0};
    int rc = tell_stdout(gate, result, &err);
    tell_lines(gate, result);
    if (rc == 0)
        rc = tell_summary(result, &err);
    if (rc == 0)
        rc = tell_junit(gate, result, &err);
    /* what could not be told does not hide a worse answer */
    if (rc < 0) {
        int code = cli_fail("gate", &err);
        return result->code ? result->code : code;
    }
    return result->code;
}
