/* placeholder - "{home}" in the words of a scenario, and what stands there instead.
 *
 * Normal use: placeholder_in to see whether it is asked for, placeholder_fill.
 */
#ifndef BASE_PLACEHOLDER_H
#define BASE_PLACEHOLDER_H

#include <stdbool.h>

/*
 * placeholder_in   - does it stand in a word? {{home} is how the letters {home} are written
 * placeholder_fill - the word with what it stands for; the caller frees it
 *
 * placeholder : with its braces
 */
bool placeholder_in(const char *word, const char *placeholder);
char *placeholder_fill(const char *word, const char *placeholder, const char *with);

#endif
