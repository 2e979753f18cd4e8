/* What can a line of the protocol ask of the reference spawner that would hurt it? Each line is
 * read; nothing of it is done, but a batch is prepared up to the point where it would be started.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fuzz/fuzz.h"
#include "spawner/protocol.h"
#include "spawner/request.h"

#define MOST_PREPARED 8

static struct spawner idle; /* no database is open: nothing can be asked of it */

/* What is refused is answered by one line of JSON, whatever was in the request. */
static void answer(const char *line, size_t length)
{
    struct protocol protocol = {.name = "fuzz", .spawner = &idle};
    struct text said = {0};
    cJSON *message = NULL;
    struct err err = {0};
    protocol_answer(&protocol, line, length, 1, &said);
    fuzz_expect(said.length > 0 && said.data[said.length - 1] == '\n', "the answer is a line");
    fuzz_expect(json_parse_message(&message, said.data, said.length, &err) == 0,
                "the answer is JSON");
    fuzz_expect(strcmp(json_string(message, "op"), "error") == 0, "it says that it is an error");
    cJSON_Delete(message);
    text_release(&said);
}

static void read_line(const char *line, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_read(&request, line, length, &err) < 0) {
        fuzz_expect(err.text[0] != '\0', "an error says what is wrong");
        answer(line, length);
        return;
    }
    if (request.op == REQUEST_SPAWN) {
        fuzz_expect(request.batch->count > 0, "a batch has agents");
        if (request.batch->count <= MOST_PREPARED)
            batch_prepare(request.batch);
        answer(line, length); /* no database is open */
    } else if (request.op == REQUEST_OPEN) {
        fuzz_expect(request.database[0] != '\0', "a database has a name");
    }
    request_release(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end ? (size_t)(end - data) : size;
        char *line = fuzz_text(data, length);
        read_line(line, length);
        free(line);
        data += end ? length + 1 : length;
        size -= end ? length + 1 : length;
    }
    return 0;
}
