/* SPDX-License-Identifier: BSD-2-Clause
 * RTTBCNRC: the rate limit of each transmit queue, as a factor by which it is slower than the link. Written and read
 * for the queue in RTTDQSEL; on a card no reset clears it. */
#include "rate.h"

#include <string.h>

enum { FRAMING = 20, PART_BITS = 14, LATE_NS = 50 * 1000 }; /* preamble and gap; bits behind the factor's point */

void model_rates_reset(struct model *m)
{
	memset(m->tx_rate, 0, sizeof(m->tx_rate));
	m->tx_limited = false;
}

static uint32_t *selected(struct model *m)
{
	return &m->tx_rate[reg_get(m, IXGBE_RTTDQSEL) % MODEL_QUEUES];
}

uint32_t model_read_rate(struct model *m, uint32_t offset)
{
	(void)offset;
	return *selected(m);
}

void model_write_rate(struct model *m, uint32_t offset, uint32_t value)
{
	(void)offset;
	*selected(m) = value;
	m->tx_limited = false;
	for (unsigned i = 0; i < MODEL_QUEUES; i++)
		m->tx_limited |= m->tx_rate[i] >> 31;
}

bool model_rate_allows(const struct model *m, const struct queue *q)
{
	return !(m->tx_rate[q->index] & RTTBCNRC_RS_ENA) || m->now_ns >= q->allowed_ns;
}

void model_rate_spend(struct model *m, struct queue *q, uint64_t bytes, unsigned frames)
{
	uint32_t factor = m->tx_rate[q->index] & 0xFFFFFF;
	unsigned mbps = model_link_mbps(m);

	if (!(m->tx_rate[q->index] & RTTBCNRC_RS_ENA) || !mbps)
		return;
	/* What a step comes late by is made up for. */
	if (q->allowed_ns + LATE_NS < m->now_ns)
		q->allowed_ns = m->now_ns;
	q->allowed_ns += (bytes + (uint64_t)frames * FRAMING) * 8000 / mbps * factor >> PART_BITS;
}
