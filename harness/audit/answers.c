/* What became of each rule of a database, object by object: held, broken or not checked? */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"

#define MOST_ANSWERS  1000 /* of one database; what is beyond says nothing new */
#define MOST_EXAMPLES 3

const char *const audit_answer_names[] = {"held", "broken", "not_checked"};

_Static_assert(sizeof audit_answer_names / sizeof audit_answer_names[0] == AUDIT_ANSWERS, "names");

/* why : given over */
static void add(struct audit_answers *answers, enum rule_id rule, struct audit_told told, char *why)
{
    if (answers->count == MOST_ANSWERS && told.answer != AUDIT_HELD) {
        free(why);
        return;
    }
    if (answers->count == answers->room) {
        answers->room = answers->room ? 2 * answers->room : 16;
        answers->items = xrealloc(answers->items, answers->room, sizeof *answers->items);
    }
    told.rule = &audit_rules[rule];
    told.object = xstrdup(told.object ? told.object : "");
    told.why = why;
    text_make_printable(told.object);
    text_make_printable(told.why);
    answers->items[answers->count++] = told;
}

void answers_broken(struct audit_answers *answers, enum rule_id rule, const char *object,
                    int64_t count, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(answers, rule,
        (struct audit_told){.answer = AUDIT_BROKEN, .object = (char *)object, .count = count},
        text_format_list(format, args));
    va_end(args);
}

void answers_unchecked(struct audit_answers *answers, enum rule_id rule, const char *object,
                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(answers, rule, (struct audit_told){.answer = AUDIT_NOT_CHECKED, .object = (char *)object},
        text_format_list(format, args));
    va_end(args);
}

void answers_left_out(struct audit_answers *answers, enum rule_id rule, const char *object,
                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(answers, rule,
        (struct audit_told){
            .answer = AUDIT_NOT_CHECKED, .object = (char *)object, .by_choice = true},
        text_format_list(format, args));
    va_end(args);
}

bool audit_answer_of(const struct audit_answers *answers, const struct audit_rule *rule,
                     enum audit_answer *out)
{
    bool asked = false;
    *out = AUDIT_NOT_CHECKED;
    for (size_t i = 0; i < answers->count; i++) {
        const struct audit_told *told = &answers->items[i];
        if (told->rule != rule)
            continue;
        asked = true;
        if (told->answer == AUDIT_BROKEN || (told->answer == AUDIT_HELD && *out != AUDIT_BROKEN))
            *out = told->answer;
    }
    return asked;
}

bool audit_answers_unchecked(const struct audit_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++) {
        const struct audit_told *told = &answers->items[i];
        enum audit_answer whole;
        if (told->answer == AUDIT_NOT_CHECKED && !told->by_choice &&
            audit_answer_of(answers, told->rule, &whole) && whole == AUDIT_NOT_CHECKED)
            return true;
    }
    return false;
}

void answers_held(struct audit_answers *answers, enum rule_id rule)
{
    enum audit_answer whole;
    if (!audit_answer_of(answers, &audit_rules[rule], &whole) || whole == AUDIT_NOT_CHECKED)
        add(answers, rule, (struct audit_told){.answer = AUDIT_HELD}, xstrdup(""));
}

void answers_tell(const struct audit_answers *answers, struct audit_findings *findings)
{
    for (size_t i = 0; i < answers->count; i++)
        if (answers->items[i].answer == AUDIT_BROKEN)
            finding_add(findings, (enum rule_id)(answers->items[i].rule - audit_rules), "", "%s",
                        answers->items[i].why);
}

void answers_sample_add(struct answers_sample *sample, const char *example)
{
    if (sample->count++ < MOST_EXAMPLES) {
        if (sample->examples.length)
            text_add(&sample->examples, "; ");
        text_add(&sample->examples, example);
    }
}

void answers_sample_release(struct answers_sample *sample)
{
    text_release(&sample->examples);
    *sample = (struct answers_sample){0};
}

void audit_answers_release(struct audit_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++) {
        free(answers->items[i].object);
        free(answers->items[i].why);
    }
    free(answers->items);
    *answers = (struct audit_answers){0};
}
