/* stats_vectors: does the statistical library still give the golden values? One line per file. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    "all; 2 usage, or a directory that cannot be listed.\n";

static const struct check_file *find(const char *name)
{
    const struct check_file *file = check_files;
    while (file->name && strcmp(file->name, name) != 0)
        file++;
    return file->name ? file : NULL;
}

/* Returns 1 for a miss, and for an unknown file that was asked for. */
static int look_at(const char *directory, const char *name, int asked)
{
    const struct check_file *file = find(name);
    struct check check = {0};
    struct err err = {0};
    char *path, *data = NULL;
    size_t length = 0;
    if (!file) {
        printf("unknown %s  nothing here computes such a file, skipped\n", name);
        return asked;
    }
    path = text_format("%s/%s", directory, name);
    if (text_read_file(&data, &length, path, MOST_BYTES, &err) < 0)
        check_refuse(&check, "file", err.text);
    else
        check_data(&check, file, data, length);
    free(data);
    free(path);
    if (check.missed > 0) {
        printf("MISS %s  %zu of %zu values: first %s\n", name, check.missed, check.values,
               check.first);
        return 1;
    }
    printf("ok   %s  %zu cases, %zu values", name, check.cases, check.values);
    for (size_t i = 0; file->others[i]; i++)
        printf("%s%s", i ? ", " : "; not computed here: ", file->others[i]);
    putchar('\n');
    return 0;
}

static int is_vector_file(const struct dirent *entry)
{
    return fnmatch("*.json", entry->d_name, FNM_PERIOD) == 0;
}

static int look_at_all(const char *directory)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, is_vector_file, alphasort), rc = count == 0;
    if (count < 0) {
        fprintf(stderr, "stats_vectors: cannot list '%s': %s\n", directory, strerror(errno));
        return 2;
    }
    if (count == 0)
        fprintf(stderr, "stats_vectors: no vector file (NAME.json) in '%s'\n", directory);
    for (int i = 0; i < count; i++) {
        rc |= look_at(directory, entries[i]->d_name, 0);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int look_at_named(const char *directory, char *names[])
{
    int rc = 0;
    for (; *names; names++) {
        char *name = text_format("%s.json", *names);
        rc |= look_at(directory, find(*names) ? *names : name, 1);
        free(name);
    }
    return rc;
}

int main(int argc, char *argv[])
{
    gsl_set_error_handler_off(); /* its default ends the process */
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "stats_vectors: which directory? (see stats_vectors --help)\n");
        return 2;
    }
    return argc > 2 ? look_at_named(argv[1], argv + 2) : look_at_all(argv[1]);
}
