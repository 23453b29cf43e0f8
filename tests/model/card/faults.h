/* SPDX-License-Identifier: BSD-2-Clause
 * Counting what a well-behaved driver does not do. */
#ifndef POLLUX_TESTS_MODEL_CARD_FAULTS_H
#define POLLUX_TESTS_MODEL_CARD_FAULTS_H

#include "state.h"

/** Counts an access that breaks a rule of order, if it does. */
static inline void fault_order(struct model *m, enum model_order order, bool broken)
{
	m->faults.order[order] += broken;
	m->faults.bad_order += broken;
}
/** Counts transmit descriptors that are not what they should be. */
static inline void fault_descriptor(struct model *m, enum model_misuse misuse)
{
	m->faults.misuse[misuse]++;
	m->faults.bad_descriptor++;
}
/** Counts an access to a register that the card lacks. */
void model_fault_unknown(struct model *m, uint32_t offset, bool write);

#endif
