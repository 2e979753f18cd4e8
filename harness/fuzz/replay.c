/* Does the target still come back from every input of the corpus? What libFuzzer does with files,
 * for compilers without it: replay FILE_OR_FOLDER...
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "fuzz/fuzz.h"

#define MOST_BYTES ((size_t)16 << 20)

static bool replay_file(const char *path)
{
    struct err err = {0};
    char *data = NULL;
    size_t length = 0;
    uint8_t *exact;
    if (text_read_file(&data, &length, path, MOST_BYTES, &err) < 0) {
        fprintf(stderr, "replay: %s\n", err.text);
        return false;
    }
    fprintf(stderr, "replay: %s\n", path); /* whoever crashes is the one named last */
    exact = xcalloc(length, 1);            /* without the NUL, so that reading it is caught */
    memcpy(exact, data, length);
    LLVMFuzzerTestOneInput(exact, length);
    free(exact);
    free(data);
    return true;
}

/* How many files were replayed; -1 when one could not be read. */
static int replay(const char *path)
{
    struct dirent **entries = NULL;
    struct stat about;
    int count, done = 0;
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
        return replay_file(path) ? 1 : -1;
    count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char *name = text_format("%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && done >= 0)
            done = replay_file(name) ? done + 1 : -1;
        free(name);
        free(entries[i]);
    }
    free(entries);
    return done;
}

int main(int argc, char *argv[])
{
    int all = 0;
    for (int i = 1; i < argc; i++) {
        int done = replay(argv[i]);
        if (done <= 0) {
            fprintf(stderr, "replay: nothing could be replayed of '%s'\n", argv[i]);
            return 1;
        }
        all += done;
    }
    printf("%d inputs, all came back\n", all);
    return all ? 0 : 2;
}
