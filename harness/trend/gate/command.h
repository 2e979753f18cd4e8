/* command - a command line as its words, without any shell. */
#ifndef TREND_GATE_COMMAND_H
#define TREND_GATE_COMMAND_H

#include <stddef.h>

#include "base/err.h"

#define GATE_MOST_WORDS 256

/*
 * gate_split_command - "./spawner --name 'a b' \"c\"" as four words
 *
 * Blanks part words. '...' keeps everything, "..." everything but \" and \\, a backslash outside
 * quotes keeps the next character. Nothing is expanded: no variables, no patterns, no pipes.
 * out     : NULL-terminated; gate_free_words
 * errors  : ERR_USAGE: no word at all, a quote or backslash that is not closed, too many words
 * example : {reference} --mode parallel  gives "{reference}" "--mode" "parallel"
 */
int gate_split_command(char ***out, const char *text, struct err *err);

/* gate_free_words - accepts NULL */
void gate_free_words(char **words);

#endif
