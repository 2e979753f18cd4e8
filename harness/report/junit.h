/* junit - test results in the XML that CI services read: suites of cases, each passed, failed,
 * skipped or in error.
 *
 * Normal use: a zero struct junit; junit_suite, its junit_property and junit_case calls, the next
 * junit_suite; junit_write; junit_release. A suite tells its counts before its cases, so the cases
 * are kept until they are written.
 *
 * Every string may hold anything: markup is escaped; line ends in names and messages become blanks;
 * control bytes, bytes that are not UTF-8 and characters that XML does not allow become '?'.
 *
 * source: the schema junit-10.xsd that Jenkins' xUnit plugin checks; GitLab, GitHub's reporters and
 * CTest read the same elements.
 */
#ifndef REPORT_JUNIT_H
#define REPORT_JUNIT_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/text.h"

enum junit_result {
    JUNIT_PASSED,
    JUNIT_FAILED,  /* <failure>: the answer is no        */
    JUNIT_SKIPPED, /* <skipped>: there is no answer      */
    JUNIT_ERROR,   /* <error>: it could not be answered  */
    JUNIT_RESULTS
};

/* One case. Strings are borrowed for the call.
 * Zero members: a case that passed in no known time. */
struct junit_case {
    const char *group;        /* the attribute classname; NULL: the name of its suite */
    const char *name;         /* what is asked; needed */
    enum junit_result result; /* */
    const char *type;         /* of what is wrong: "refuted", "lost-start"; NULL: none */
    const char *message;      /* one line: why it is not JUNIT_PASSED; NULL: none */
    const char *detail;       /* more lines; of a case that passed they are its system-out; NULL */
    int64_t spent_ns;         /* <= 0: not told */
};

/* A document under way. Zero is an empty one; junit_release gives it back. */
struct junit {
    struct text done;       /* suites that are complete */
    char *suite;            /* the name of the open one, NULL: none */
    char *began;            /* its timestamp, NULL: none */
    struct text properties; /* of the open suite */
    struct text cases;      /* of the open suite */
    size_t count[JUNIT_RESULTS], count_all[JUNIT_RESULTS]; /* of the open suite, of complete ones */
    int64_t spent_ns, spent_all_ns;
};

/*
 * junit_suite - begin a suite; the one before is complete then
 *
 * name  : say the scenario, or "spawnbench gate"
 * began : ISO 8601 without zone ("2026-11-25T21:40:00") or NULL
 */
void junit_suite(struct junit *junit, const char *name, const char *began);

/* junit_property - a fact about the open suite: versions, seed, counts; needs an open suite */
void junit_property(struct junit *junit, const char *name, const char *value);

/* junit_case - one case of the open suite; needs an open suite */
void junit_case(struct junit *junit, const struct junit_case *one);

/*
 * junit_write - the whole document, root <testsuites>
 *
 * name   : of the document, an attribute of its root
 * junit  : its open suite is complete afterwards
 * errors : ERR_SYSTEM "cannot write the JUnit document"
 */
int junit_write(struct junit *junit, FILE *out, const char *name, struct err *err);

/* junit_release - everything back; accepts zero */
void junit_release(struct junit *junit);

#endif
