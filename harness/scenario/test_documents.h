/* Scenarios with one mistake each, for the checks in C and for the schema. */
#ifndef SCENARIO_TEST_DOCUMENTS_H
#define SCENARIO_TEST_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "scenario/scenario.h"

/* Every metric, and how a claim with another one is told of them. */
static const struct {
    const char *name;
    enum scenario_unit unit;
    bool phase;
} document_metrics[] = {
    {"spawn_time", SCENARIO_NS, false},         {"ready_time", SCENARIO_NS, false},
    {"sent_to_start", SCENARIO_NS, true},       {"start_to_main", SCENARIO_NS, true},
    {"main_to_own_ready", SCENARIO_NS, true},   {"own_ready_to_seen", SCENARIO_NS, true},
    {"start_to_seen", SCENARIO_NS, true},       {"seen_to_recorded", SCENARIO_NS, true},
    {"cpu_time", SCENARIO_NS, false},           {"peak_memory", SCENARIO_BYTES, false},
    {"database_size", SCENARIO_BYTES, false},   {"wal_size", SCENARIO_BYTES, false},
    {"throughput", SCENARIO_PER_SECOND, false},
};
#define DOCUMENT_METRICS                                                                           \
    "\"spawn_time\", \"ready_time\", a phase such as \"seen_to_recorded\", \"cpu_time\", "         \
    "\"peak_memory\", \"database_size\", \"wal_size\" or \"throughput\""

/* A whole scenario, one statement per line: a mistake replaces one of these lines. */
static const char *const document_lines[] = {
    /*  1 */ "{\"name\": \"good\", \"spec_id\": \"SPEC-1\",",
    /*  2 */ " \"agents\": [{\"name\": \"a\", \"command\": [\"{agent}\", \"--init\", \"5ms\"],",
    /*  3 */ "             \"ready\": {\"by\": \"fd\"}}],",
    /*  4 */ " \"arms\": [{\"name\": \"sequential\", \"subject\": [\"{reference}\"]},",
    /*  5 */ "          {\"name\": \"parallel\", \"subject\": [\"{reference}\", \"--mode\"]}],",
    /*  6 */ " \"cycles\": 20,",
    /*  7 */ " \"block\": 5,",
    /*  8 */ " \"warmup\": 1,",
    /*  9 */ " \"deadline\": \"5s\",",
    /* 10 */ " \"durability\": \"full\",",
    /* 11 */ " \"claims\": [",
    /* 12 */
    "  {\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.95, \"at_most\": \"50ms\"},",
    /* 13 */
    "  {\"id\": \"C2\", \"faster\": \"parallel\", \"than\": \"sequential\", \"at_least\": 3},",
    /* 14 */ "  {\"id\": \"C3\", \"corruption\": \"none\"},",
    /* 15 */ "  {\"id\": \"C4\", \"arm\": \"parallel\", \"failure\": \"cancels\"}],",
    /* 16 */ " \"prompt\": \"hello\"",
    /* 17 */ "}",
};

/* How far the schema goes along: it refuses too, it cannot say this, or it never gets to see it
 * because Python's own reader refuses first or takes it. */
enum document_schema { SCHEMA_REFUSES, SCHEMA_CANNOT, SCHEMA_NO_JSON };

struct document_mistake {
    size_t line; /* 1-based: which line is replaced */
    const char *instead;
    const char *message; /* the whole of it */
    enum document_schema schema;
};

static const struct document_mistake document_mistakes[] = {
    /* keys */
    {6, " \"cycels\": 20,", "line 6: unknown key 'cycels' (did you mean 'cycles'?)", 0},
    {16, " \"xylophone\": 1",
     "line 16: unknown key 'xylophone', expected one of: name, spec_id, about, agents, arms, "
     "cycles, block, warmup, spread, deadline, open_deadline, durability, consensus, on_failure, "
     "prompt, databases, vary, faults, claims",
     0},
    {3, "             \"redy\": {\"by\": \"fd\"}}],",
     "line 3: unknown key 'redy' (did you mean 'ready'?)", 0},
    {3, "             \"expect\": {}}],",
     "line 3: expect: expected an object such as {\"exit\": 0}, got an empty object", 0},
    {3, "             \"expect\": 0}],",
     "line 3: expect: expected an object such as {\"exit\": 0}, got 0", 0},
    {3, "             \"expect\": {\"exti\": 0}}],",
     "line 3: unknown key 'exti' (did you mean 'exit'?)", 0},
    {3, "             \"expect\": {\"exit\": 256}}],",
     "line 3: exit: expected an exit status from 0 to 255, got 256", 0},
    {3, "             \"expect\": {\"output\": 42}}],",
     "line 3: output: expected a text or an object such as {\"contains\": \"42\"}, got 42", 0},
    {3, "             \"expect\": {\"output\": {}}}],",
     "line 3: missing key 'contains', expected a text of at least one character", 0},
    {3, "             \"expect\": {\"output\": {\"contains\": \"\"}}}],",
     "line 3: contains: expected a text of at least one character, got \"\"", 0},
    {4, " \"arms\": [{\"name\": \"s\", \"subjekt\": [\"{reference}\"]},",
     "line 4: unknown key 'subjekt' (did you mean 'subject'?)", 0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantil\": 0.95, \"at_most\": \"50ms\"},",
     "line 12: unknown key 'quantil' (did you mean 'quantile'?)", 0},
    {6, " \"about\": \"no cycles\",",
     "line 1: missing key 'cycles', expected a number of cycles from 1 to 1000000 or {\"looks\": "
     "[100, 200]}",
     0},
    {5, "          {\"name\": \"parallel\"}],",
     "line 5: missing key 'subject', expected an array with a program and its arguments", 0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.95},",
     "line 12: claims: expected 'at_most' or 'at_least' in this claim", 0},
    {7, " \"cycles\": 20,", "line 7: key 'cycles' is given twice, or one of too many",
     SCHEMA_NO_JSON},
    /* types and ranges */
    {9, " \"deadline\": 5000,",
     "line 9: deadline: expected a duration with its unit such as \"5s\", got 5000", 0},
    {9, " \"deadline\": \"5000\",",
     "line 9: deadline: expected a duration with its unit such as \"5s\", got \"5000\"", 0},
    {9, " \"deadline\": \"0s\",",
     "line 9: deadline: expected a duration from 1ms to 24h, got \"0s\"", SCHEMA_CANNOT},
    {9, " \"deadline\": \"25h\",",
     "line 9: deadline: expected a duration from 1ms to 24h, got \"25h\"", SCHEMA_CANNOT},
    {6, " \"cycles\": \"20\",",
     "line 6: cycles: expected a number of cycles from 1 to 1000000 or {\"looks\": [100, 200]}, "
     "got "
     "\"20\"",
     0},
    {6, " \"cycles\": 0,",
     "line 6: cycles: expected a number of cycles from 1 to 1000000 or {\"looks\": [100, 200]}, "
     "got "
     "0",
     0},
    {6, " \"cycles\": 2.5,",
     "line 6: cycles: expected a number of cycles from 1 to 1000000 or {\"looks\": [100, 200]}, "
     "got "
     "2.5",
     0},
    {6, " \"cycles\": 1e400,",
     "line 6: cycles: expected a number of cycles from 1 to 1000000 or {\"looks\": [100, 200]}, "
     "got "
     "inf",
     SCHEMA_NO_JSON},
    {6, " \"cycles\": {\"looks\": [100, 100]},",
     "line 6: looks: expected ascending numbers of cycles, got 100 after 100", 0},
    {6, " \"cycles\": {\"looks\": [200, 100]},",
     "line 6: looks: expected ascending numbers of cycles, got 100 after 200", SCHEMA_CANNOT},
    {6, " \"cycles\": {\"looks\": []},",
     "line 6: looks: expected an array of 1 to 8 ascending numbers of cycles, got an empty array",
     0},
    {6, " \"cycles\": {\"looks\": [1,\n2,\ntrue]},",
     "line 8: looks: expected an integer from 1 to 1000000, got true", 0},
    {6, " \"cycles\": {},",
     "line 6: missing key 'looks', expected an array of 1 to 8 ascending numbers of cycles", 0},
    {7, " \"block\": 1001,", "line 7: block: expected an integer from 1 to 1000, got 1001", 0},
    {8, " \"warmup\": -1,", "line 8: warmup: expected an integer from 0 to 1000, got -1", 0},
    {10, " \"durability\": \"ful\",",
     "line 10: durability: expected \"normal\" or \"full\", got \"ful\" (did you mean \"full\"?)",
     0},
    {10, " \"consensus\": 1,", "line 10: consensus: expected true or false, got 1", 0},
    {10, " \"on_failure\": null,",
     "line 10: on_failure: expected \"cancel\" or \"degrade\", got null", 0},
    {16, " \"prompt\": {}", "line 16: prompt: expected a text, got an empty object", 0},
    {10, " \"vary\": [3],",
     "line 10: vary: expected an object such as {\"agents\": [3, 5, 10]}, got an array of 1", 0},
    {10, " \"vary\": {\"width\": [3]},", "line 10: unknown key 'width', expected one of: agents",
     0},
    {10, " \"vary\": {\"agents\": [3, 1001]},",
     "line 10: agents: expected an integer from 1 to 1000, got 1001", 0},
    {10, " \"vary\": {\"agents\": [3, 5, 3]},",
     "line 10: agents: expected every batch size once, got 3 twice", 0},
    /* names */
    {1, "{\"name\": \"Good\",",
     "line 1: name: expected a name of a-z 0-9 - that begins with a letter or digit (1 to 64 of "
     "them), got \"Good\"",
     0},
    {1, "{\"name\": \"good\", \"spec_id\": \"../../etc\",",
     "line 1: spec_id: expected a folder name of A-Z a-z 0-9 . _ - that does not begin with '.' (1 "
     "to 64 of them), got \"../../etc\"",
     0},
    {1, "{\"name\": \"good\", \"spec_id\": \"a/b\",",
     "line 1: spec_id: expected a folder name of A-Z a-z 0-9 . _ - that does not begin with '.' (1 "
     "to 64 of them), got \"a/b\"",
     0},
    {2, " \"agents\": [{\"name\": \"a b\", \"command\": [\"x\"],",
     "line 2: name: expected a name of A-Z a-z 0-9 _ . - (1 to 64 of them), got \"a b\"", 0},
    {2, " \"agents\": [{\"name\": \"\", \"command\": [\"x\"],",
     "line 2: name: expected a name of A-Z a-z 0-9 _ . - (1 to 64 of them), got \"\"", 0},
    {5, "          {\"name\": \"sequential\", \"subject\": [\"x\"]}],",
     "line 5: name: expected a name of its own for each arm, got \"sequential\" twice",
     SCHEMA_CANNOT},
    {14, "  {\"id\": \"C1\", \"corruption\": \"none\"},",
     "line 14: id: expected an id of its own for each claim, got \"C1\" twice", SCHEMA_CANNOT},
    /* agents and arms */
    {2, " \"agents\": [3, {\"name\": \"a\", \"command\": [\"x\"],",
     "line 2: agents: expected an object with 'name' and 'command', got 3", 0},
    {2, " \"agents\": [{\"name\": \"a\", \"command\": [],",
     "line 2: command: expected an array with a program and its arguments, got an empty array", 0},
    {2, " \"agents\": [{\"name\": \"a\", \"command\": [\"\"],",
     "line 2: command: expected a program to start, got \"\"", 0},
    {2, " \"agents\": [{\"name\": \"a\", \"command\": [\"x\", 5],",
     "line 2: command: expected a string, got 5", 0},
    {2, " \"agents\": [{\"name\": \"a\", \"command\": [\"{agnet}\"],",
     "line 2: command: unknown placeholder {agnet} (did you mean {agent}?), expected one of "
     "{agent} "
     "{reference} {null} {liar} {sharer} {metrics} {home}",
     0},
    {5, "          {\"name\": \"p\", \"subject\": [\"x\", \"{somethingelse}\"]}],",
     "line 5: subject: unknown placeholder {somethingelse}, expected one of {agent} {reference} "
     "{null} {liar} {sharer} {metrics} {home}",
     0},
    {5, "          {\"name\": \"p\", \"subject\": [\"x\", \"--at={home}\"]}],",
     "line 5: subject: {home} is a folder of an agent, a subject has none", SCHEMA_CANNOT},
    {3, "             \"fresh_home\": 1}],", "line 3: fresh_home: expected true or false, got 1",
     0},
    {3, "             \"fresh_hom\": true}],",
     "line 3: unknown key 'fresh_hom' (did you mean 'fresh_home'?)", 0},
    {3, "             \"environment\": {\"HOME\": \"/x\"}, \"fresh_home\": true}],",
     "line 3: fresh_home: 'HOME' is in its environment, expected one of both", 0},
    /* databases */
    {16, " \"database\": [\"x.db\"]", "line 16: unknown key 'database' (did you mean 'databases'?)",
     0},
    {16, " \"databases\": \"x.db\"",
     "line 16: databases: expected an array of 1 to 32 paths such as \"~/.tool/*.sqlite\", got "
     "\"x.db\"",
     0},
    {16, " \"databases\": []",
     "line 16: databases: expected an array of 1 to 32 paths such as \"~/.tool/*.sqlite\", got an "
     "empty array",
     0},
    {16, " \"databases\": [\"x.db\",\n\"\"]",
     "line 17: databases: expected the path of a database, or a glob, got \"\"", 0},
    {16, " \"databases\": [7]",
     "line 16: databases: expected the path of a database, or a glob, got 7", 0},
    {16, " \"databases\": [\"~joe/x.db\"]",
     "line 16: databases: expected \"~/\" for the home of each agent, or \"./~\" for a file whose "
     "name begins with '~'",
     0},
    {16, " \"databases\": [\"{hom}/x.db\"]",
     "line 16: databases: unknown placeholder {hom} (did you mean {home}?), expected one of {home} "
     "{folder}",
     0},
    {16, " \"databases\": [\"a{metrics}\"]",
     "line 16: databases: unknown placeholder {metrics}, expected one of {home} {folder}", 0},
    {2, " \"agents\": [{\"name\": \"a\", \"times\": 1001, \"command\": [\"x\"],",
     "line 2: times: expected an integer from 1 to 1000, got 1001", 0},
    {2,
     " \"agents\": [{\"name\": \"b\", \"times\": 1000, \"command\": [\"x\"]}, {\"name\": \"a\", "
     "\"command\": [\"x\"],",
     "line 2: agents: expected a batch of at most 1000 agents, got 1001 (counting 'times')",
     SCHEMA_CANNOT},
    {2, " \"agents\": [{\"name\": \"a\", \"command\": [\"x\"], \"directory\": \"\",",
     "line 2: directory: expected the path of a directory, got \"\"", 0},
    {2, " \"agents\": [{\"name\": \"a\", \"command\": [\"x\"], \"environment\": {\"A=B\": \"\"},",
     "line 2: environment: expected a variable name of A-Z a-z 0-9 _, got 'A=B'", 0},
    {2, " \"agents\": [{\"name\": \"a\", \"command\": [\"x\"], \"environment\": {\"A\": 1},",
     "line 2: environment: expected a string as value of 'A'", 0},
    {2,
     " \"agents\": [{\"name\": \"a\", \"command\": [\"x\"], \"environment\": {\"READY_FD\": "
     "\"3\"},",
     "line 2: environment: 'READY_FD' is set by spawnbench itself, expected another name", 0},
    {3, "   \"ready\": {\"by\": \"lines\"}}],",
     "line 3: by: expected \"fd\", \"notify\", \"line\" or \"exit\", got \"lines\" (did you mean "
     "\"line\"?)",
     0},
    {3, "   \"ready\": {\"by\": \"line\"}}],",
     "line 3: ready: missing key 'text', expected the text that its line contains", 0},
    {3, "   \"ready\": {\"by\": \"fd\", \"text\": \"x\"}}],",
     "line 3: ready: 'text' goes only with \"by\": \"line\"", 0},
    {3, "   \"ready\": {\"by\": \"line\", \"text\": \"a\\nb\"}}],",
     "line 3: text: expected a text within one line", 0},
    {3, "   \"ready\": \"fd\"}],",
     "line 3: ready: expected an object such as {\"by\": \"fd\"}, got \"fd\"", 0},
    /* claims */
    {12, "{\"id\": \"C1\", \"arm\": \"paralel\", \"quantile\": 0.95, \"at_most\": \"50ms\"},",
     "line 12: arm: expected the name of an arm (sequential, parallel), got \"paralel\" (did you "
     "mean \"parallel\"?)",
     SCHEMA_CANNOT},
    {13, "{\"id\": \"C2\", \"faster\": \"parallel\", \"than\": \"x\", \"at_least\": 3},",
     "line 13: than: expected the name of an arm (sequential, parallel), got \"x\"", SCHEMA_CANNOT},
    {13, "{\"id\": \"C2\", \"faster\": \"parallel\", \"than\": \"parallel\", \"at_least\": 3},",
     "line 13: than: expected another arm than \"parallel\", which is said to be faster",
     SCHEMA_CANNOT},
    {13, "{\"id\": \"C2\", \"faster\": \"parallel\", \"than\": \"sequential\", \"at_least\": 0},",
     "line 13: at_least: expected a ratio above 0 and below 1000000 such as 3.0, got 0", 0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 95, \"at_most\": \"50ms\"},",
     "line 12: quantile: expected a number above 0 and below 1 such as 0.95, got 95", 0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 1, \"at_most\": \"50ms\"},",
     "line 12: quantile: expected a number above 0 and below 1 such as 0.95, got 1", 0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"at_most\": 50},",
     "line 12: at_most: expected a duration with its unit such as \"5s\", got 50", 0},
    {12,
     "{\"id\": \"C\", \"arm\": \"parallel\", \"quantile\": 0.5, \"at_most\": \"1s\", \"metric\": "
     "\"spawn_tim\"},",
     "line 12: metric: expected " DOCUMENT_METRICS ", got \"spawn_tim\" "
     "(did "
     "you mean \"spawn_time\"?)",
     0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"at_most\": \"25h\"},",
     "line 12: at_most: expected a duration from 1ns to 24h, got \"25h\"", SCHEMA_CANNOT},
    {12,
     "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"metric\": \"peak_memory\", "
     "\"at_most\": \"50ms\"},",
     "line 12: at_most: expected a size above 0 with its unit such as \"64MiB\", got \"50ms\"", 0},
    {12,
     "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"metric\": \"throughput\", "
     "\"at_least\": 20},",
     "line 12: at_least: expected a rate above 0 with its unit such as \"20/s\" (agents per "
     "second), got 20",
     0},
    {12,
     "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"metric\": \"throughput\", "
     "\"at_least\": \"0/s\"},",
     "line 12: at_least: expected a rate above 0 with its unit such as \"20/s\" (agents per "
     "second), got \"0/s\"",
     0},
    {12,
     "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"statistic\": \"mean\", "
     "\"at_most\": \"1s\"},",
     "line 12: statistic: does not go with 'quantile' in one claim, expected one claim for each",
     0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"statistic\": \"mode\", \"at_most\": \"1s\"},",
     "line 12: statistic: expected \"median\" or \"mean\", got \"mode\" (did you mean \"mean\"?)",
     0},
    {12,
     "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"at_most\": \"1s\", "
     "\"at_least\": \"1s\"},",
     "line 12: at_least: does not go with 'at_most' in one claim, expected one claim for each", 0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"at_least\": \"1s\"},",
     "line 12: claims: expected 'quantile' or 'statistic' in this claim", 0},
    {12,
     "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"at_most\": \"1s\", \"agent\": "
     "\"a\"},",
     "line 12: agent: goes only with a phase of an agent such as \"metric\": "
     "\"seen_to_recorded\", not with \"spawn_time\"",
     0},
    {12,
     "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"at_most\": \"1s\", \"metric\": "
     "\"start_to_main\", \"agent\": \"b\"},",
     "line 12: agent: expected the name of an agent, got \"b\"", SCHEMA_CANNOT},
    {12,
     "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"at_most\": \"1s\", \"at\": "
     "{\"agents\": 3}},",
     "line 12: at: needs a 'vary' that gives the batch sizes to choose from", SCHEMA_CANNOT},
    {12,
     "{\"id\": \"C1\", \"arm\": \"parallel\", \"quantile\": 0.5, \"at_most\": \"1s\", \"at\": 3},",
     "line 12: at: expected an object such as {\"agents\": 20}, got 3", 0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"within\": 5, \"of\": \"sequential\"},",
     "line 12: within: expected a share above 0% and below 100% such as \"5%\", got 5", 0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"within\": \"100%\", \"of\": \"sequential\"},",
     "line 12: within: expected a share above 0% and below 100% such as \"5%\", got \"100%\"", 0},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"within\": \"5%\", \"of\": \"parallel\"},",
     "line 12: of: expected another arm than \"parallel\", which is compared with it",
     SCHEMA_CANNOT},
    {12, "{\"id\": \"C1\", \"arm\": \"parallel\", \"within\": \"5%\"},",
     "line 12: missing key 'of', expected the name of an arm", 0},
    {8, " \"spread\": 5,",
     "line 8: spread: expected a duration with its unit such as \"5s\", got 5", 0},
    {8, " \"faults\": \"all\",",
     "line 8: faults: expected [\"all\"] or an array of names of faults, got \"all\"", 0},
    {8, " \"faults\": [],",
     "line 8: faults: expected [\"all\"] or an array of names of faults, got an empty array", 0},
    {8, " \"faults\": [\"sync-error\", \"sync-eror\"],",
     "line 8: faults: expected [\"all\"] or an array of names of faults, got \"sync-eror\" (did "
     "you "
     "mean \"sync-error\"?)",
     0},
    {14, "  {\"id\": \"C3\", \"corruption\": \"some\"},",
     "line 14: corruption: expected \"none\", got \"some\" (did you mean \"none\"?)", 0},
    {14, "  {\"id\": \"C3\"},",
     "line 14: claims: expected one of 'quantile' with 'at_most', 'faster' with 'than', "
     "'within' with 'of', 'corruption' or 'failure'",
     0},
    {14, "  {\"id\": \"C3\", \"corruption\": \"none\", \"quantile\": 0.5},",
     "line 14: corruption: does not go with 'quantile' in one claim, expected one claim for each",
     0},
    {15, "  {\"id\": \"C4\", \"arm\": \"parallel\", \"failure\": \"degrades\"}],",
     "line 15: failure: expected \"cancels\", because on_failure asks for it, got \"degrades\"",
     SCHEMA_CANNOT},
    /* not JSON */
    {7, " \"block\": 05,", "line 7: a number that is none in JSON", SCHEMA_NO_JSON},
    {7, " \"block\": 5,,", "line 7: not JSON near ','", SCHEMA_NO_JSON},
    {16, " \"prompt\": \"hello\",", "line 17: not JSON near '}'", SCHEMA_NO_JSON},
    {16, " prompt: \"hello\"", "line 16: not JSON near 'prompt: \"hello\"'", SCHEMA_NO_JSON},
    {6, " \"cycles\": 20", "line 7: not JSON near '\"block\": 5,'", SCHEMA_NO_JSON},
    {6, " \"cycles\": [1,],", "line 6: not JSON near ',],'", SCHEMA_NO_JSON},
    {16, " \"prompt\": \"a\nb\"", "line 16: a line end or control character in a string",
     SCHEMA_NO_JSON},
    {16, " \"prompt\": \"\\u0000\"", "line 16: a NUL character (\\u0000) in a string",
     SCHEMA_NO_JSON},
    {16, " \"prompt\": \"\xff\"", "line 16: not UTF-8 text", SCHEMA_NO_JSON},
    {17, "", "line 18: not JSON: it ends too early", SCHEMA_NO_JSON},
    {17, "} {}", "line 17: not JSON near '{}'", SCHEMA_NO_JSON},
};
#define DOCUMENT_MISTAKES (sizeof document_mistakes / sizeof document_mistakes[0])

/* The whole scenario, with line `line` replaced (0: none); the caller frees it. */
static inline char *document_with(size_t line, const char *instead)
{
    struct text text = {0};
    for (size_t i = 0; i < sizeof document_lines / sizeof document_lines[0]; i++)
        text_addf(&text, "%s\n", i + 1 == line ? instead : document_lines[i]);
    return text_take(&text);
}

#endif
