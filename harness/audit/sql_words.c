/* Are two definitions the same in other words? */
#include "audit/sql_words.h"

#include <ctype.h>
#include <string.h>

/* Where the white space and the comments that begin here end. */
static const char *skip_blank(const char *at)
{
    for (;;) {
        const char *end;
        while (isspace((unsigned char)*at))
            at++;
        if (strncmp(at, "--", 2) == 0) {
            at += strcspn(at, "\n");
        } else if (strncmp(at, "/*", 2) == 0) {
            end = strstr(at + 2, "*/");
            at = end ? end + 2 : at + strlen(at);
        } else {
            return at;
        }
    }
}

static bool is_word(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || byte == '$' || (unsigned char)byte > 127;
}

/* An operator of two signs. */
static bool is_pair(char one, char other)
{
    return other && strchr("<>!=|-", one) && strchr("=>|<", other);
}

/* A name or string in quotes; a quote in it is doubled. */
static const char *take_quoted(const char *at, struct text *word)
{
    char end = *at == '[' ? ']' : *at;
    bool string = end == '\'';
    if (string)
        text_add_bytes(word, at, 1);
    for (at++; *at; at++) {
        char byte = string ? *at : (char)tolower((unsigned char)*at);
        if (*at == end && (end == ']' || at[1] != end))
            break;
        at += *at == end;
        text_add_bytes(word, &byte, 1);
    }
    if (string)
        text_add_bytes(word, "'", 1);
    return *at ? at + 1 : at;
}

bool sql_next(const char **at, struct text *word)
{
    const char *from = skip_blank(*at);
    text_clear(word);
    if (*from && strchr("'\"`[", *from)) {
        *at = take_quoted(from, word);
        return true;
    }
    do {
        char byte = (char)tolower((unsigned char)*from);
        if (!byte)
            break;
        text_add_bytes(word, &byte, 1);
        from++;
    } while (is_word(from[-1]) ? is_word(*from) : is_pair(from[-1], *from) && word->length < 2);
    *at = from;
    return word->length > 0;
}

static void add_word(struct text *out, const struct text *word)
{
    text_add(out, out->length ? " " : "");
    text_add(out, word->data ? word->data : "");
}

char *sql_normal(const char *sql)
{
    struct text out = {0}, word = {0};
    const char *at = sql ? sql : "";
    while (sql_next(&at, &word))
        add_word(&out, &word);
    text_release(&word);
    return text_take(&out);
}

/* What stands here in parentheses, which may nest; they were just opened. */
static const char *take_nested(const char *at, struct text *out)
{
    struct text word = {0};
    int depth = 1;
    while (depth > 0 && sql_next(&at, &word)) {
        depth += word.length == 1 && *word.data == '(';
        depth -= word.length == 1 && *word.data == ')';
        add_word(out, &word);
    }
    text_release(&word);
    return at;
}

/* Is the word behind this one that one? Then *at is behind both. */
static bool is_followed_by(const char **at, const char *wanted)
{
    struct text word = {0};
    const char *behind = *at;
    bool is = sql_next(&behind, &word) && word.length && strcmp(word.data, wanted) == 0;
    if (is)
        *at = behind;
    text_release(&word);
    return is;
}

void sql_clauses(const char *sql, void (*take)(void *context, const char *clause), void *context)
{
    struct text word = {0}, clause = {0};
    bool deferrable = true;
    while (sql_next(&sql, &word)) {
        const char *is = word.length ? word.data : "";
        text_clear(&clause);
        if ((strcmp(is, "check") == 0 || strcmp(is, "as") == 0) && is_followed_by(&sql, "(")) {
            text_addf(&clause, "%s (", is);
            sql = take_nested(sql, &clause);
        } else if (strcmp(is, "on") == 0 && is_followed_by(&sql, "conflict")) {
            sql_next(&sql, &word);
            if (strcmp(word.length ? word.data : "", "abort") != 0) /* is the rule */
                text_addf(&clause, "on conflict %s", word.length ? word.data : "");
        } else if (strcmp(is, "not") == 0) {
            deferrable = !is_followed_by(&sql, "deferrable");
        } else if (strcmp(is, "deferrable") == 0 || strcmp(is, ",") == 0) {
            deferrable = true;
        } else if (strcmp(is, "initially") == 0 && is_followed_by(&sql, "deferred")) {
            if (deferrable)
                text_add(&clause, "initially deferred");
        }
        if (clause.length)
            take(context, clause.data);
    }
    text_release(&word);
    text_release(&clause);
}
