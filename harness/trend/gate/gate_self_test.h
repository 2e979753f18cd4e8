/* gate_self_test - would the gate see a regression that is planted, and refuse a broken baseline?
 */
#ifndef TREND_GATE_GATE_SELF_TEST_H
#define TREND_GATE_GATE_SELF_TEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* What one `spawnbench gate` answered. */
struct gate_said {
    int exit;
    char verdict[32]; /* of its JSON document, "" when there is none */
};

/* Zero but for `each`. */
struct gate_self_test {
    /* after each question; or NULL. good: it was answered as it must be */
    void (*each)(const char *what, const struct gate_said *said, bool good);
    size_t tried, missed;
};

/*
 * gate_self_test - ask all of it, in a folder of its own
 *
 * Runs this program, which must be spawnbench; what it complains of goes to stderr.
 * tolerance, alpha : that the gate is asked with
 * errors           : ERR_SYSTEM; ERR_UNFIT no baseline could be made
 */
int gate_self_test(struct gate_self_test *out, double tolerance, double alpha, struct err *err);

#endif
