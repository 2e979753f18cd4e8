/* Where does {home} stand in a word, and what becomes of the word? */
#include "base/placeholder.h"

#include <string.h>

#include "base/text.h"

bool placeholder_in(const char *word, const char *placeholder)
{
    for (const char *from = word, *at; (at = strstr(from, placeholder)); from = at + 1)
        if (at == word || at[-1] != '{')
            return true;
    return false;
}

/* One brace of {{home} goes, the rest stays as it is. */
char *placeholder_fill(const char *word, const char *placeholder, const char *with)
{
    struct text filled = {0};
    const char *at;
    size_t length = strlen(placeholder);
    while ((at = strstr(word, placeholder))) {
        bool literal = at > word && at[-1] == '{';
        text_add_bytes(&filled, word, (size_t)(at - word) - literal);
        text_add(&filled, literal ? placeholder : with);
        word = at + length;
    }
    text_add(&filled, word);
    return text_take(&filled);
}
