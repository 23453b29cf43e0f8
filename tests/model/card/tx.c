/* SPDX-License-Identifier: BSD-2-Clause
 * Frames leaving: descriptors gathered into bursts, handed to the sink, and completed. What is out of the ordinary is
 * gathered by tx_frame.c. */
#include "tx.h"

#include "queue.h"
#include "rate.h"
#include "rx.h"
#include "stats.h"

/** Takes ordinary descriptors (advanced data, one to a frame, nothing to be done to it) up to the first other one. */
static void gather_ordinary(struct model *m, struct queue *q, struct tx_burst *b, bool lengths_only)
{
	const uint64_t shape = TXD_DEXT | TXD_DTYP | TXD_EOP | TXD_IFCS | TXD_VLE | TXD_TSE | TXD_IXSM | TXD_TXSM;
	const uint64_t ordinary = TXD_DEXT | TXD_DTYP_DATA | TXD_EOP | TXD_IFCS;
	const struct descriptor *ring = q->linear;
	const bool pads = lengths_only && b->pad;
	const uint32_t size = q->size, first = b->frames, most = b->max - first < b->left ? b->max - first : b->left;
	struct model_extent buffers = q->buffers;
	struct model_frame *f = b->frame + first;
	uint32_t slot = b->cursor, *end = b->end + first, n;

	for (n = 0; n < most && b->reports < TX_REPORTS; n++, f++) {
		const struct descriptor *d = ring + slot;
		uint64_t q1 = __atomic_load_n(&d->q1, __ATOMIC_RELAXED), q0 = __atomic_load_n(&d->q0, __ATOMIC_RELAXED);
		uint32_t len = q1 & 0xFFFF;

		if (unlikely((q1 & shape) != ordinary || q1 >> 46 != len || len > MODEL_FRAME_MAX - 4))
			break;
		if (unlikely(len < 60 && (!pads || len < TX_LEAST)))
			break;
		const uint8_t *at = dma_cached(&buffers, q0, len, false);
		if (unlikely(!at)) {
			at = dma_at(m, &q->buffers, q0, len, false);
			if (!at)
				break;
			buffers = q->buffers;
		}
		*f = (struct model_frame){.data = at, .len = len < 60 ? 60 : len};
		if (q1 & TXD_RS)
			b->report[b->reports++] = (struct tx_report){.slot = slot, .frame = first + n};
		slot = slot + 1 == size ? 0 : slot + 1;
		end[n] = slot;
	}
	b->frames += n;
	b->left -= n;
	b->cursor = slot;
}

uint64_t model_tx_count(struct model *m, const struct model_frame *frames, unsigned n, bool lengths_only)
{
	struct tally t = {.frames = n};

	/* Frames of one length are counted at once. */
	for (unsigned i = 0, same; i < n; i += same) {
		uint32_t len = frames[i].len;

		for (same = 1; i + same < n && frames[i + same].len == len; same++)
			;
		t.bytes += (uint64_t)same * (len + 4);
		t.size[model_size_class(len + 4)] += same;
	}
	for (unsigned i = 0; i < n && !lengths_only; i++) {
		const uint8_t *to = frames[i].data;
		bool all = (to[0] & to[1] & to[2] & to[3] & to[4] & to[5]) == 0xFF;

		t.broadcast += all;
		t.multicast += (to[0] & 1) && !all;
	}
	model_count_sent(m, &t);
	return t.bytes - 4ull * n;
}

/** Counts what has come from a queue by DMA, without the FCS, which the MAC adds; and that the MAC sends it, unless it
 * stays in the packet buffer. */
static void count_fetched(
	struct model *m, struct queue *q, const struct model_frame *frames, unsigned n, bool lengths_only)
{
	uint64_t bytes = 0;

	if (likely(!m->tx_fetching))
		bytes = model_tx_count(m, frames, n, lengths_only);
	else
		for (unsigned i = 0; i < n; i++)
			bytes += frames[i].len;
	reg_add(m, IXGBE_QPTC + 0x40 * q->counter, n);
	wide_add(m, WIDE_QBTC + q->counter, bytes);
	reg_add(m, IXGBE_TXDGPC, n);
	wide_add(m, WIDE_TXDGBC, bytes);
}

/** Hands frames to the sink, or back to our own receive side. @return how many are gone. */
static unsigned hand_over(struct model *m, const struct model_sink *sink, const struct model_frame *frames, unsigned n)
{
	if (likely(!m->loopback))
		return sink->take(sink->context, frames, n);

	unsigned taken = model_take_frames(m, frames, n);
	if (taken < n)
		model_lose_frames(m, frames + taken, n - taken);
	return n;
}

/** Some of a burst's frames are gone, and the first reports with them. */
static void count_unreported(
	const struct model *m, struct queue *q, const struct tx_burst *b, unsigned taken, unsigned reports)
{
	if (m->loopback)
		return;
	if (reports && !m->incidents.tx_silent) /* one report is of all segments */
		q->unreported = b->segments ? 0 : taken - (b->report[reports - 1].frame + 1);
	else
		q->unreported += taken;
}

/** Sends from one queue. *turns: how often descriptors may be looked at yet, as what sends nothing is in no other
 * count. @return how many frames; *stopped when the sink has had enough. */
static unsigned send_queue(
	struct model *m, struct queue *q, const struct model_sink *sink, unsigned max, uint64_t *turns, bool *stopped)
{
	struct tx_burst b;
	bool lengths_only = sink->lengths_only && !m->loopback, own_fcs = !(reg_get(m, IXGBE_HLREG0) & HLREG0_TXCRCEN);
	uint32_t available = q->size ? queue_available(m, q) : 0;
	unsigned taken, reports = 0;

	if (!available)
		return 0;
	b.pad = reg_get(m, IXGBE_HLREG0) & HLREG0_TXPADEN;
	b.max = max < MODEL_BURST ? max : MODEL_BURST;
	b.cursor = q->head;
	b.left = available;
	b.frames = b.reports = 0;
	b.segments = b.segments_left = 0;
	m->scratch_used = 0;
	/* Nothing follows segments: they stay at the head until the last of them has gone. */
	while (b.left && b.frames < b.max && !b.segments && *turns) {
		uint32_t before = b.left;

		--*turns;
		if (likely(q->linear != NULL && !own_fcs && !q->skipping))
			gather_ordinary(m, q, &b, lengths_only);
		if (!b.left || b.frames == b.max)
			break;
		if (!model_tx_gather(m, q, &b, lengths_only))
			break;
		if (b.left == before)
			break;
	}
	if (!b.frames)
		return 0;
	taken = hand_over(m, sink, b.frame, b.frames);
	if (taken > b.frames)
		taken = b.frames;
	*stopped = taken < b.frames;
	if (!taken)
		return 0;
	count_fetched(m, q, b.frame, taken, lengths_only);
	if (b.segments && (taken < b.frames || b.segments_left)) {
		count_unreported(m, q, &b, taken, 0);
		q->segments_sent += taken; /* the segmentation stays at the head until its last frame has gone */
		return taken;
	}
	q->segments_sent = 0;
	while (reports < b.reports && b.report[reports].frame < taken)
		reports++;
	count_unreported(m, q, &b, taken, reports);
	model_tx_complete(m, q, b.report, reports);
	queue_move_head(q, b.end[taken - 1]);
	return taken;
}

/** Gives the queues that have something to send their turns. */
static inline unsigned take_turns(struct model *m, const struct model_sink *sink, unsigned max, const bool limited)
{
	uint64_t turns = 2ull * max + MODEL_BURST;
	unsigned sent = 0, idle = 0;
	bool stopped = false;

	while (sent < max && idle < m->tx_active_n && turns && !stopped) {
		if (m->tx_turn >= m->tx_active_n)
			m->tx_turn = 0;

		struct queue *q = &m->tx[m->tx_active[m->tx_turn]];
		uint64_t before = m->sent_bytes;
		unsigned n =
			limited && !model_rate_allows(m, q) ? 0 : send_queue(m, q, sink, max - sent, &turns, &stopped);
		if (limited && n)
			model_rate_spend(m, q, m->sent_bytes - before, n);
		sent += n;
		idle = n ? 0 : idle + 1;
		m->tx_turn++;
	}
	return sent;
}

unsigned model_tx_turns(struct model *m, const struct model_sink *sink, unsigned max)
{
	return unlikely(m->tx_limited) ? take_turns(m, sink, max, true) : take_turns(m, sink, max, false);
}

uint64_t model_tx_unreported(const struct model *m)
{
	return m->tx_unreported;
}

unsigned model_transmit(struct model *m, const struct model_sink *sink, unsigned max)
{
	if (unlikely((m->breakages & (MODEL_GONE | MODEL_TX_STUCK)) || !m->link_up || m->tx_hindered ||
		     !(reg_get(m, IXGBE_DMATXCTL) & DMATXCTL_TE)))
		return model_tx_hindered(m, sink, max);
	return model_tx_turns(m, sink, max);
}
