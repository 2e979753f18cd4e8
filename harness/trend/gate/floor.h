/* floor - what a calibration of this machine says can be told apart at all. */
#ifndef TREND_GATE_FLOOR_H
#define TREND_GATE_FLOOR_H

#include "trend/gate/result.h"

/*
 * gate_check_floor - refuse a tolerance that is below the calibrated noise floor of what is asked
 *
 * Looked at is the newest document of kind "calibration" for this machine class and scenario, else
 * for this machine class. No such document: nothing is known, nothing is refused. A document that
 * cannot be read is marked.
 *
 * machine  : id of the fingerprint
 * scenario : its name
 * errors   : those of the store
 */
int gate_check_floor(struct gate_result *result, struct results *store, const char *machine,
                     const char *scenario, struct err *err);

#endif
