/* sql_words - what counts of a piece of SQL: its words, not their case, quotes and comments. */
#ifndef AUDIT_SQL_WORDS_H
#define AUDIT_SQL_WORDS_H

#include <stdbool.h>

#include "base/text.h"

/*
 * sql_next - the next word or sign of it, and where it ends
 *
 * Comments and white space are passed over. Names lose their quotes and are in lower case, strings
 * stay as they are.
 *
 * word    : replaced
 * returns : false at the end
 */
bool sql_next(const char **at, struct text *word);

/* sql_normal - all its words with one blank between them; the caller frees it. NULL: "" */
char *sql_normal(const char *sql);

/*
 * sql_clauses - take() for each part of a CREATE TABLE that no pragma tells
 *
 * "check (...)", "as (...)" of generated columns, "on conflict replace", "initially deferred"
 */
void sql_clauses(const char *sql, void (*take)(void *context, const char *clause), void *context);

#endif
