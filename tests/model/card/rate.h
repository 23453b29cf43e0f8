/* SPDX-License-Identifier: BSD-2-Clause
 * The rate limit of each transmit queue. */
#ifndef POLLUX_TESTS_MODEL_CARD_RATE_H
#define POLLUX_TESTS_MODEL_CARD_RATE_H

#include "state.h"

void model_rates_reset(struct model *m);
/** Whether a queue may send by now. */
bool model_rate_allows(const struct model *m, const struct queue *q);
/** A queue has sent so many bytes with FCS: it waits for as long as that takes at its rate. */
void model_rate_spend(struct model *m, struct queue *q, uint64_t bytes, unsigned frames);

register_read model_read_rate;
register_write model_write_rate;

#endif
