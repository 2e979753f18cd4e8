/* stats_vectors: does the statistical library still give the golden values? One line per file. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gsl/gsl_errno.h>

#include "base/text.h"
#include "judge/stats/check/vector_check.h"

#define MOST_BYTES (64u << 20)

static const char usage[] =
    "usage: stats_vectors DIRECTORY [NAME]...\n"
    "\n"
    "Compares the statistics with the golden vectors of a directory, every field of every case\n"
    "within the tolerance of its file. NAME (claim_test or claim_test.json) looks at these files\n"
    "only. One line per file:\n"
    "\n"
    "  ok   NAME.json  12 cases, 96 values\n"
    "  MISS NAME.json  3 of 96 values: first CASE-ID KEY: got X, expected Y\n"
    "  unknown NAME.json  nothing here computes such a file, skipped\n"
    "\n"
    "Exit status: 0 none missed; 1 a miss, a damaged file, a NAME that is unknown, or no file at\n"
    "all; 2 usage, or no such directory.\n";

static void report(const char *file, const struct check_handler *handler, const struct check *check)
{
    if (check->missed > 0) {
        printf("MISS %s  %zu of %zu values: first %s\n", file, check->missed, check->values,
               check->first);
        return;
    }
    printf("ok   %s  %zu cases, %zu values", file, check->cases, check->values);
    for (size_t i = 0; i < CHECK_MOST_OTHERS && handler->others[i]; i++)
        printf("%s%s", i ? ", " : "; not computed here: ", handler->others[i]);
    putchar('\n');
}

enum outcome { GOOD, MISSED, UNKNOWN };

static enum outcome look_at(const char *directory, const char *file)
{
    const struct check_handler *handler = check_find(file);
    struct check check = {0};
    struct err err = {0};
    char *path, *data = NULL;
    size_t length = 0;
    enum outcome outcome;
    if (!handler) {
        printf("unknown %s  nothing here computes such a file, skipped\n", file);
        return UNKNOWN;
    }
    path = text_format("%s/%s", directory, file);
    if (text_read_file(&data, &length, path, MOST_BYTES, &err) < 0)
        check_miss(&check, "file", "%s", err.text);
    else
        check_file(&check, handler, data, length);
    report(file, handler, &check);
    outcome = check.missed > 0 ? MISSED : GOOD;
    check_release(&check);
    free(data);
    free(path);
    return outcome;
}

static int is_vector_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".json") == 0;
}

static int look_at_all(const char *directory)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, is_vector_file, alphasort), rc = 0;
    if (count < 0) {
        fprintf(stderr, "stats_vectors: cannot list '%s': %s\n", directory, strerror(errno));
        return 2;
    }
    for (int i = 0; i < count; i++) {
        if (look_at(directory, entries[i]->d_name) == MISSED)
            rc = 1;
        free(entries[i]);
    }
    free(entries);
    if (count > 0)
        return rc;
    fprintf(stderr, "stats_vectors: no vector file (NAME.json) in '%s'\n", directory);
    return 1;
}

static int look_at_named(const char *directory, char *names[], int count)
{
    int rc = 0;
    for (int i = 0; i < count; i++) {
        const char *dot = strrchr(names[i], '.');
        char *file = text_format("%s%s", names[i], dot && strcmp(dot, ".json") == 0 ? "" : ".json");
        if (look_at(directory, file) != GOOD)
            rc = 1;
        free(file);
    }
    return rc;
}

static int refuse(const char *what, const char *which)
{
    fprintf(stderr, "stats_vectors: %s%s (see stats_vectors --help)\n", what, which);
    return 2;
}

int main(int argc, char *argv[])
{
    struct stat about;
    gsl_set_error_handler_off(); /* its default ends the process */
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    if (argc < 2)
        return refuse("which directory?", "");
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-')
            return refuse("no such option: ", argv[i]);
    if (stat(argv[1], &about) != 0 || !S_ISDIR(about.st_mode))
        return refuse("no such directory: ", argv[1]);
    return argc > 2 ? look_at_named(argv[1], argv + 2, argc - 2) : look_at_all(argv[1]);
}
