/* SPDX-License-Identifier: BSD-2-Clause
 * Sending where something is in the way: the link is down, frames wait in the packet buffer since it was, or the
 * partner has asked for a pause. */
#include "tx.h"
#include "tx_buffer.h"

static unsigned keep(void *context, const struct model_frame *frames, unsigned n)
{
	struct model *m = context;

	return model_tx_buffer_keep(m, &m->tx[m->tx_active[m->tx_turn]], frames, n);
}

/** The DMA knows nothing of the link: it fetches until the packet buffer is full, and reports what it has fetched. */
static void fetch(struct model *m, unsigned max)
{
	const struct model_sink buffer = {.context = m, .take = keep};

	m->tx_fetching = true;
	model_tx_turns(m, &buffer, max);
	m->tx_fetching = false;
	m->tx_hindered |= m->tx_buffer.begin < m->tx_buffer.end;
}

static unsigned send_kept(struct model *m, const struct model_sink *sink, unsigned max)
{
	struct model_frame frames[MODEL_BURST];
	unsigned sent = 0, n, taken;

	do {
		n = model_tx_buffer_peek(m, frames, max - sent < MODEL_BURST ? max - sent : MODEL_BURST);
		taken = n ? sink->take(sink->context, frames, n) : 0;
		model_tx_count(m, frames, taken, false);
		model_tx_buffer_pop(m, taken);
		sent += taken;
	} while (n && taken == n);
	return sent;
}

unsigned model_tx_hindered(struct model *m, const struct model_sink *sink, unsigned max)
{
	unsigned sent;

	if (m->breakages & (MODEL_GONE | MODEL_TX_STUCK) || !(reg_get(m, IXGBE_DMATXCTL) & DMATXCTL_TE))
		return 0;
	if (!m->link_up) {
		if ((has_quirk(m, MODEL_QUIRK_STALE) || m->incidents.link_stale) && !m->loopback)
			fetch(m, max);
		return 0;
	}
	if (model_paused(m))
		return 0;
	sent = send_kept(m, sink, max);
	m->tx_hindered = m->tx_buffer.begin < m->tx_buffer.end;
	return sent < max && m->tx_buffer.begin == m->tx_buffer.end ? sent + model_tx_turns(m, sink, max - sent) : sent;
}
