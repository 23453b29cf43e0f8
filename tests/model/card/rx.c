/* SPDX-License-Identifier: BSD-2-Clause
 * Frames arriving: they are judged, and written to as many buffers as they take. Bursts of ordinary ones go by
 * rx_burst.c. */
#include "rx.h"

#include "checksum.h"
#include "incident.h"
#include "interrupt.h"
#include "prefetch.h"
#include "queue.h"

#include <string.h>

/** The frame as it goes to memory: tag stripped, FCS appended. @return its bytes. */
static uint32_t shape_frame(
	struct model *m, const struct queue *q, const struct model_frame *f, struct judgement *judged, uint8_t *to)
{
	uint32_t len = f->len;

	memcpy(to, f->data, len);
	if (!m->crc_strip) {
		uint32_t crc = model_crc32(to, len) ^ (f->bad_crc ? 0xFFFFFFFF : 0);

		memcpy(to + len, &crc, 4);
		len += 4;
	}
	if (judged->parsed.tagged && q->vlan_strip) {
		memmove(to + judged->parsed.tag_at, to + judged->parsed.tag_at + 4, len - judged->parsed.tag_at - 4);
		len -= 4;
		judged->parsed.q1 |= RXD_VP | (uint64_t)judged->parsed.vlan << 48;
	}
	return len;
}

static uint64_t legacy_status(const struct judgement *judged)
{
	uint64_t q1 = judged->parsed.q1;
	/* DD, EOP, VP, L4CS, IPCS, PIF keep their places; TCPE and IPE go to bits 46 and 47 (DS 7.1.5). */
	uint64_t errors = ((q1 & RXD_RXE) ? 1 : 0) | ((q1 & RXD_L4E) ? 1 << 6 : 0) | ((q1 & RXD_IPE) ? 1 << 7 : 0);

	return (q1 & 0xFF) << 32 | errors << 40 | (q1 & 0xFFFFull << 48);
}

/** One descriptor of a frame written back. */
static bool write_back(
	struct model *m, struct queue *q, const struct judgement *judged, struct descriptor d, uint32_t bytes, bool end)
{
	if (!q->advanced) {
		uint64_t status = end ? legacy_status(judged) : 0;

		d.q1 = status | (uint64_t)bytes | RXD_DD << 32 | (end ? RXD_EOP << 32 : 0);
	} else {
		d.q0 = judged->parsed.q0;
		d.q1 = (end ? judged->parsed.q1 | RXD_EOP : 0) | RXD_DD | (uint64_t)bytes << 32;
	}
	model_rx_tamper(m, &d);
	return model_ring_write(m, q, q->head, &d);
}

/** Writes a frame of `len` bytes to the next `need` buffers. @return false: they make no sense, which is counted;
 * nothing arrives. */
static bool store_frame(struct model *m, struct queue *q, const struct judgement *judged, const uint8_t *bytes,
	uint32_t len, uint32_t need)
{
	struct descriptor d[64];

	/* All addresses are looked at before anything is written: a frame arrives as a whole or not at all. */
	for (uint32_t i = 0; i < need; i++) {
		uint32_t part = len - i * q->buffer_bytes;

		if (!model_prefetch_read(m, q, i, &d[i]) ||
			!model_dma_present(
				m, &q->buffers, d[i].q0, part < q->buffer_bytes ? part : q->buffer_bytes, true))
			return false;
	}
	for (uint32_t i = 0; i < need; i++) {
		uint32_t from = i * q->buffer_bytes, part = len - from < q->buffer_bytes ? len - from : q->buffer_bytes;

		if (!model_dma_write(m, &q->buffers, d[i].q0, bytes + from, part) ||
			!write_back(m, q, judged, d[i], part, i + 1 == need))
			return false;
		q->head = q->head + 1 == q->size ? 0 : q->head + 1;
		model_prefetch_use(q);
	}
	return true;
}

/** Any frame, into as many buffers as it takes. @return false: its queue has no descriptors for it. */
static bool receive_one(struct model *m, const struct model_frame *f)
{
	struct judgement judged;
	uint8_t bytes[MODEL_FRAME_MAX];

	model_rx_judge(m, f, &judged);
	if (!judged.accepted) {
		model_rx_reject(m, &judged);
		return true;
	}

	struct queue *q = &m->rx[judged.parsed.queue];
	if (!q->enabled) {
		model_rx_queue_off(m, q, &judged);
		return true;
	}
	model_rx_open_queue(m, q);
	q->in_burst = false;
	uint32_t len = shape_frame(m, q, f, &judged, bytes);
	uint32_t need = q->buffer_bytes ? (len + q->buffer_bytes - 1) / q->buffer_bytes : 1;

	if (q->available < need) {
		if (q->drop) {
			model_rx_drop(m, q, &judged);
			return true;
		}
		if (!q->size || need < q->size)
			return false;
		m->faults.bad_ring++; /* no ring of this size will ever hold it */
		model_rx_count(m, &judged);
		fate_met(m, MODEL_UNDELIVERABLE, 1, 0);
		return true;
	}
	model_rx_count(m, &judged);
	if (!store_frame(m, q, &judged, bytes, len, need)) {
		fate_met(m, MODEL_UNDELIVERABLE, 1, 0);
		return true;
	}
	fate_met(m, MODEL_RECEIVED, 1, f->len);
	q->received = 1;
	q->received_bytes = f->len + (m->crc_strip ? 0 : 4);
	model_rx_close_queue(m, q, judged.erred);
	return true;
}

/** The driver does not receive. The MAC does, and counts (X550 DS 8.2.2.17.24 and further: "regardless of receive
 * enablement"). */
static void count_unreceived(struct model *m, const struct model_frame *frames, unsigned n)
{
	for (unsigned i = 0; i < n && m->link_up && !(m->breakages & MODEL_GONE); i++) {
		struct judgement judged;

		model_rx_judge(m, &frames[i], &judged);
		model_rx_count(m, &judged);
	}
	fate_met(m, MODEL_NOT_UP, n, 0);
}

unsigned model_take_frames(struct model *m, const struct model_frame *frames, unsigned n)
{
	unsigned done = 0;
	bool starved = false;

	if (unlikely((m->breakages & MODEL_GONE) || !m->receiving)) {
		model_traffic(m);
		count_unreceived(m, frames, n);
		return n;
	}
	if (unlikely(m->incidents.rx_waits) && n && model_rx_waits(m, frames))
		return 0;
	while (done < n) {
		unsigned burst = n - done < MODEL_BURST ? n - done : MODEL_BURST, k = 0;

		if (likely(m->crc_strip))
			k = model_rx_burst(m, frames + done, burst, &starved);
		done += k;
		if (k == burst)
			continue;
		if (starved || !receive_one(m, &frames[done]))
			break;
		done++;
	}
	m->incidents.rx_silent = false;
	return done;
}

void model_lose_frames(struct model *m, const struct model_frame *frames, unsigned n)
{
	uint32_t missed = 0;

	if ((m->breakages & MODEL_GONE) || !m->receiving) {
		count_unreceived(m, frames, n);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		struct judgement judged;

		model_rx_judge(m, &frames[i], &judged);
		/* GPRC includes the missed ones (an erratum; hw-docs/82599.md). */
		model_rx_count(m, &judged);
		fate_met(m, judged.accepted ? MODEL_MISSED : judged.rejected, 1, 0);
		missed += judged.accepted;
	}
	reg_add(m, IXGBE_MPC, missed);
	if (missed)
		model_raise_other(m, EICR_RX_MISS);
	m->xoff_overflow |= missed && m->xoff_sent; /* X550 DS 3.7.4.3.2 */
}

/* In MAC loopback the receive side listens to the transmit side, and the wire is cut off. */

/** MAC control frames are met in their order between the others, each once. */
unsigned model_receive(struct model *m, const struct model_frame *frames, unsigned n)
{
	if (likely(m->link_up)) {
		unsigned done = 0, plain, taken;

		while (done < n) {
			for (plain = done; plain < n && !control_frame(&frames[plain]); plain++)
				;
			taken = plain > done ? model_deliver(m, frames + done, plain - done) : 0;
			done += taken;
			if (done < plain || plain == n)
				break;
			if (m->control_waits || model_arrive(m, &frames[plain])) {
				m->control_waits = !model_deliver(m, &frames[plain], 1);
				if (m->control_waits)
					break;
			}
			done++;
		}
		return done;
	}
	m->fates[MODEL_NOT_UP] += n;
	return n;
}

unsigned model_deliver(struct model *m, const struct model_frame *frames, unsigned n)
{
	if (likely(!m->loopback))
		return model_take_frames(m, frames, n);
	m->fates[MODEL_NOT_UP] += n;
	return n;
}

void model_miss(struct model *m, const struct model_frame *frames, unsigned n)
{
	if (likely(m->link_up && !m->loopback))
		model_lose_frames(m, frames, n);
	else
		m->fates[MODEL_NOT_UP] += n;
}
