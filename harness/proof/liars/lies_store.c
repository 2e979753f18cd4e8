/* Which lies does only a look at the right time, or at the content, find? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "liar.h"

static cJSON *first_of(const struct liar *liar)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(liar->message, "agents"), 0);
}

static void set(cJSON *object, const char *key, int64_t value)
{
    cJSON_DeleteItemFromObject(object, key);
    json_add_int64(object, key, value);
}

/* The rows are put aside when "spawned" is answered, and come back while the batch is finished. */
void lies_put_rows_aside(struct liar *liar)
{
    lies_tamper(liar, "CREATE TABLE late AS SELECT * FROM agent_executions WHERE batch = ?2;"
                      "DELETE FROM agent_executions WHERE batch = ?2");
}

int lies_record_late(struct liar *liar)
{
    lies_tamper(liar, "INSERT INTO agent_executions SELECT * FROM late; DROP TABLE late");
    return 0;
}

static char *older_copy(const struct liar *liar)
{
    return text_format("%s.old", liar->database);
}

int lies_keep_a_copy(struct liar *liar)
{
    char *copy = older_copy(liar), *sql = text_format("VACUUM INTO '%s'", copy);
    lies_tamper(liar, sql); /* refused where there is one: the first of them stays */
    free(sql);
    free(copy);
    return 0;
}

void lies_put_back_the_copy(struct liar *liar)
{
    char *copy = older_copy(liar), *wal = text_format("%s-wal", liar->database);
    unlink(wal);
    if (rename(copy, liar->database) < 0)
        _exit(70);
    free(wal);
    free(copy);
}

void lies_call_it_split(struct liar *liar)
{
    cJSON_ReplaceItemInObject(liar->message, "consensus", cJSON_CreateString("split"));
}

void lies_name_another_batch(struct liar *liar)
{
    set(liar->message, "batch", 424242);
}

void lies_about_exit(struct liar *liar)
{
    set(first_of(liar), "exit", 3);
}

void lies_invent_an_end(struct liar *liar)
{
    set(first_of(liar), "exit", 300);
}

void lies_cut_the_prompt(struct liar *liar)
{
    cJSON_ReplaceItemInObject(liar->message, "prompt", cJSON_CreateString("Answer."));
}

void lies_give_a_key_twice(struct liar *liar)
{
    json_add_int64(liar->message, "begin_ns", 1);
}

/* What is printed behind the true answer is one that nobody has asked for yet. */
void lies_finish_early(struct liar *liar)
{
    char *line = json_print(liar->message, 0);
    puts(line);
    free(line);
    cJSON_ReplaceItemInObject(liar->message, "op", cJSON_CreateString("finished"));
}
