/* How does a suggested command find the results? With --results where they do not lie in the folder
 * that commands use by themselves, quoted for sh. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "results/results.h"
#include "results/sql.h"

#define USUAL "results"
#define PLAIN                                                                                      \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-" /* not for sh */

static void add_word(struct text *out, const char *word)
{
    if (*word && strspn(word, PLAIN) == strlen(word)) {
        text_add(out, word);
        return;
    }
    text_add(out, "'");
    for (; *word; word++)
        if (*word == '\'')
            text_add(out, "'\\''");
        else
            text_add_bytes(out, word, 1);
    text_add(out, "'");
}

static bool is_usual(const char *results)
{
    char one[PATH_MAX], other[PATH_MAX];
    return !results || strcmp(results, USUAL) == 0 ||
           (realpath(results, one) && realpath(USUAL, other) && strcmp(one, other) == 0);
}

/* Below the present folder: as one would type it. */
static const char *shorten(const char *results)
{
    char here[PATH_MAX];
    size_t length;
    if (!getcwd(here, sizeof here))
        return results;
    length = strlen(here);
    return strncmp(results, here, length) == 0 && results[length] == '/' && results[length + 1]
               ? results + length + 1
               : results;
}

const char *results_option_in(char out[RESULTS_OPTION_BYTES], const char *results)
{
    struct text text = {0};
    *out = '\0';
    if (is_usual(results))
        return out;
    text_add(&text, " --results ");
    add_word(&text, shorten(results));
    if (text.length < RESULTS_OPTION_BYTES)
        memcpy(out, text.data, text.length + 1);
    text_make_printable(out);
    text_release(&text);
    return out;
}

const char *results_option(char out[RESULTS_OPTION_BYTES], const struct results *store)
{
    char *folder = xstrdup(store->path), *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    results_option_in(out, !slash ? "." : slash == folder ? "/" : folder);
    free(folder);
    return out;
}
