/* Was an agent of ours started as it was asked for? The same program with other arguments is not
 * that agent: one that waits 0 ms is ready sooner than one that waits 45. See proc(5). */
#include "cycle/as_asked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

#define MOST_BYTES (1 << 22) /* exec(2) takes no more than 6 MiB, of it a word 128 KiB */

/* Words one behind the other, each ended by a NUL */
struct words {
    char *bytes; /* own; NULL: not to be read */
    size_t length;
};

static struct words read_words(pid_t pid, const char *name)
{
    struct words words = {0};
    char path[48];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    if (text_read_file(&words.bytes, &words.length, path, MOST_BYTES, NULL) < 0 ||
        words.length == 0) { /* it has just ended */
        free(words.bytes);
        words.bytes = NULL;
    }
    return words;
}

/* The word behind this one; NULL: it is the last */
static const char *next_word(const struct words *words, const char *word)
{
    const char *next = word + strlen(word) + 1;
    return next < words->bytes + words->length ? next : NULL;
}

/* Who writes into the scenario what a subject adds (spawnref --append) has asked for that too. */
static bool is_word_of_arm(const struct as_asked *what, const char *given)
{
    for (char *const *word = what->arm; word && *word; word++)
        if (strcmp(*word, given) == 0)
            return true;
    return false;
}

static enum program_answer check_arguments(char *why, size_t room, const struct as_asked *what,
                                           pid_t pid)
{
    struct words words = read_words(pid, "cmdline");
    const char *given = words.bytes;
    enum program_answer answer = given ? PROGRAM_IS : PROGRAM_UNKNOWN;
    for (size_t i = 1; given && answer == PROGRAM_IS; i++) {
        const char *asked = what->asked->command[i];
        given = next_word(&words, given);
        if (asked && strcmp(asked, "{agent}") == 0)
            asked = what->agent_path;
        if (asked && strcmp(asked, "{sharer}") == 0)
            asked = program_sharer();
        if (!asked && !given)
            break;
        if (asked && given && strcmp(asked, given) == 0)
            continue;
        if (!asked && is_word_of_arm(what, given)) {
            i--; /* behind the last that was asked for */
            continue;
        }
        snprintf(why, room, "argument %zu is %s%.50s%s, expected %s%.50s%s", i, given ? "'" : "",
                 given ? given : "missing", given ? "'" : "", asked ? "'" : "",
                 asked ? asked : "none", asked ? "'" : "");
        answer = PROGRAM_IS_NOT;
    }
    free(words.bytes);
    return answer;
}

/* The first one of this name is what getenv(3) finds. */
static bool has_variable(const struct words *words, const char *key, const char *value)
{
    size_t length = strlen(key);
    for (const char *word = words->bytes; word; word = next_word(words, word))
        if (strncmp(word, key, length) == 0 && word[length] == '=')
            return strcmp(word + length + 1, value) == 0;
    return false;
}

static enum program_answer check_environment(char *why, size_t room, const struct as_asked *what,
                                             pid_t pid)
{
    const struct scenario_agent *asked = what->asked;
    struct words words = read_words(pid, "environ");
    const char *missing = NULL;
    enum program_answer answer = !words.bytes ? PROGRAM_UNKNOWN : PROGRAM_IS;
    for (size_t i = 0; words.bytes && i < asked->environment_count; i++)
        if (!has_variable(&words, asked->environment[i].key, asked->environment[i].value))
            missing = asked->environment[i].key;
    if (words.bytes && !has_variable(&words, "SPAWNBENCH_AGENT", what->id))
        missing = "SPAWNBENCH_AGENT";
    if (words.bytes && what->witness && !has_variable(&words, "SPAWNBENCH_WITNESS", what->witness))
        missing = "SPAWNBENCH_WITNESS";
    if (missing) {
        snprintf(why, room, "'%.50s' is not in its environment as it was asked for", missing);
        answer = PROGRAM_IS_NOT;
    }
    free(words.bytes);
    return answer;
}

/* Only where it sees the same folders as we do. */
static bool sees_ours(pid_t pid)
{
    char link[48];
    struct stat theirs, ours;
    snprintf(link, sizeof link, "/proc/%d/ns/mnt", (int)pid);
    if (stat(link, &theirs) != 0 || stat("/proc/self/ns/mnt", &ours) != 0 ||
        theirs.st_ino != ours.st_ino)
        return false;
    snprintf(link, sizeof link, "/proc/%d/root", (int)pid);
    return stat(link, &theirs) == 0 && stat("/", &ours) == 0 && theirs.st_ino == ours.st_ino &&
           theirs.st_dev == ours.st_dev;
}

static enum program_answer check_folder(char *why, size_t room, const struct as_asked *what,
                                        pid_t pid)
{
    const char *asked = what->asked->directory;
    char *place, link[48];
    struct stat expected, there;
    bool known;
    if (!asked)
        return PROGRAM_IS;
    place =
        *asked == '/' ? xstrdup(asked) : text_format("/proc/%d/cwd/%s", (int)what->subject, asked);
    snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
    known = sees_ours(pid) && stat(place, &expected) == 0 && stat(link, &there) == 0;
    free(place);
    if (!known)
        return PROGRAM_UNKNOWN;
    if (expected.st_dev == there.st_dev && expected.st_ino == there.st_ino)
        return PROGRAM_IS;
    snprintf(why, room, "it runs in another folder than '%.70s'", asked);
    return PROGRAM_IS_NOT;
}

enum program_answer as_asked(char *why, size_t room, const struct as_asked *what, pid_t pid)
{
    static enum program_answer (*const checks[])(char *why, size_t room,
                                                 const struct as_asked *what, pid_t pid) = {
        check_arguments, check_environment, check_folder};
    enum program_answer all = PROGRAM_IS;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && all != PROGRAM_IS_NOT; i++) {
        enum program_answer one = checks[i](why, room, what, pid);
        all = one == PROGRAM_IS ? all : one;
    }
    return all;
}
