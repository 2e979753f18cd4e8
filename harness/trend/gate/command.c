/* Which words does a command line consist of? No shell is asked. */
#include "trend/gate/gating.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/text.h"

/* Where one word ends. NULL: a quote or a backslash is not closed. */
static const char *take_word(struct text *word, const char *at)
{
    char quote = '\0';
    text_add(word, ""); /* '' is a word, too */
    for (; *at && (quote || !isspace((unsigned char)*at)); at++) {
        bool escapes = *at == '\\' && (!quote || (quote == '"' && (at[1] == '"' || at[1] == '\\')));
        if (escapes && !at[1])
            return NULL;
        if (escapes)
            text_add_bytes(word, ++at, 1);
        else if (quote && *at == quote)
            quote = '\0';
        else if (!quote && (*at == '\'' || *at == '"'))
            quote = *at;
        else
            text_add_bytes(word, at, 1);
    }
    return quote ? NULL : at;
}

static const char *skip_blanks(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

int gate_split_command(char ***out, const char *text, struct err *err)
{
    char **words = xcalloc(GATE_MOST_WORDS + 1, sizeof *words);
    const char *at = skip_blanks(text);
    size_t count = 0;
    while (at && *at && count < GATE_MOST_WORDS) {
        struct text word = {0};
        at = take_word(&word, at);
        words[count++] = text_take(&word);
        at = at ? skip_blanks(at) : NULL;
    }
    if (at && !*at && count && words[0][0]) {
        *out = words;
        return 0;
    }
    gate_free_words(words);
    if (!at)
        return err_set(err, ERR_USAGE, "a quote or backslash is not closed in '%s'", text);
    if (*at)
        return err_set(err, ERR_USAGE, "more than %d words in a command", GATE_MOST_WORDS);
    return err_set(err, ERR_USAGE,
                   "the command is empty (expected a program and its arguments, such as "
                   "'{reference} --mode parallel')");
}

void gate_free_words(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}
