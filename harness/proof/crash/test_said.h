/* test_said - what a function says on stdout, as one JSON document; for tests. */
#ifndef PROOF_CRASH_TEST_SAID_H
#define PROOF_CRASH_TEST_SAID_H

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"

/* Where stdout was, and the file that it goes to meanwhile. */
struct said {
    int kept;
    char *path;
};

static inline struct said said_begin(const char *where)
{
    struct said said = {.path = text_format("%s/said", where)};
    int file = open(said.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    fflush(stdout);
    said.kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    dup2(file, STDOUT_FILENO);
    close(file);
    return said;
}

/* The document, strictly read; the caller deletes it. */
static inline cJSON *said_end(struct said said)
{
    char *text = NULL;
    size_t length;
    struct err err = {0};
    cJSON *root = NULL;
    fflush(stdout);
    dup2(said.kept, STDOUT_FILENO);
    close(said.kept);
    assert_int_equal(text_read_file(&text, &length, said.path, 1 << 22, &err), 0);
    if (json_parse(&root, text, length, &err) < 0)
        fail_msg("%s", err.text);
    free(text);
    free(said.path);
    return root;
}

#endif
