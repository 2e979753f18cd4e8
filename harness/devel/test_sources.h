/* test_sources - every source file of the tree, for the tests that read them. */
#ifndef DEVEL_TEST_SOURCES_H
#define DEVEL_TEST_SOURCES_H

#include <ftw.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Paths from the top of the tree, such as "harness/base/text.c", in alphabetical order. */
struct sources {
    char **paths;
    size_t count;
};

static struct sources sources_found; /* nftw hands nothing along */
static bool sources_all_texts;

static inline bool sources_ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), short_length = strlen(ending);
    return length >= short_length && strcmp(path + length - short_length, ending) == 0;
}

static inline bool sources_wants(const char *path)
{
    return sources_ends_in(path, ".c") || sources_ends_in(path, ".h") ||
           sources_ends_in(path, ".cc") ||
           (sources_all_texts && (sources_ends_in(path, ".md") || sources_ends_in(path, ".sql")));
}

static inline int sources_take(const char *path, const struct stat *about, int kind,
                               struct FTW *walk)
{
    (void)about;
    (void)walk;
    if (kind != FTW_F || !sources_wants(path))
        return 0;
    sources_found.paths =
        xrealloc(sources_found.paths, sources_found.count + 1, sizeof *sources_found.paths);
    sources_found.paths[sources_found.count++] = xstrdup(path + strlen(SOURCE_DIR) + 1);
    return 0;
}

static inline int sources_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline struct sources sources_list(void)
{
    sources_found = (struct sources){0};
    nftw(SOURCE_DIR "/harness", sources_take, 16, FTW_PHYS);
    nftw(SOURCE_DIR "/reference", sources_take, 16, FTW_PHYS);
    if (sources_found.count)
        qsort(sources_found.paths, sources_found.count, sizeof *sources_found.paths,
              sources_compare);
    return sources_found;
}

/* Markdown and SQL too */
static inline struct sources sources_list_texts(void)
{
    struct sources sources;
    sources_all_texts = true;
    sources = sources_list();
    sources_all_texts = false;
    return sources;
}

static inline void sources_release(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        free(sources->paths[i]);
    free(sources->paths);
    *sources = (struct sources){0};
}

#endif
