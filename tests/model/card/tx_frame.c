/* SPDX-License-Identifier: BSD-2-Clause
 * The careful half of transmission: contexts, legacy descriptors, frames in several buffers, padding, tags, checksums
 * and segmentation (DS 7.2.3). Each descriptor is read once; what makes no sense is counted and dropped. */
#include "checksum.h"
#include "offload.h"
#include "queue.h"
#include "tx.h"

#include <string.h>

#define PARTS 64u

/** One frame's descriptors, copied. */
struct chain {
	struct descriptor first;
	struct {
		uint64_t iova;
		uint32_t bytes;
	} part[PARTS];
	unsigned parts, count; /* parts kept; descriptors in all */
	uint64_t total;
	bool ended, bad, legacy;
};

static uint32_t next_slot(const struct queue *q, uint32_t slot)
{
	return slot + 1 == q->size ? 0 : slot + 1;
}

static void want_report(struct tx_burst *b, uint32_t slot, const struct descriptor *d)
{
	bool legacy = !(d->q1 & TXD_DEXT);

	if (b->reports < TX_REPORTS)
		b->report[b->reports++] = (struct tx_report){slot, b->frames, legacy ? d->q0 : 0, legacy ? d->q1 : 0};
}

/** Reads descriptors up to the one with EOP, to the tail, or to the first that is too many. */
static void read_chain(
	struct model *m, struct queue *q, struct tx_burst *b, const struct descriptor *first, struct chain *c)
{
	uint32_t slot = b->cursor;
	struct descriptor d = *first;

	*c = (struct chain){.first = d, .legacy = !(d.q1 & TXD_DEXT), .bad = q->skipping};
	for (uint32_t left = b->left; left && !c->ended && c->count <= PARTS; left--) {
		uint32_t bytes = d.q1 & 0xFFFF;

		if (c->count && !model_ring_read(m, q, slot, &d))
			c->bad = true;
		bytes = d.q1 & 0xFFFF;
		/* All descriptors of a frame are of one kind. */
		if (c->legacy ? (d.q1 & TXD_DEXT) != 0 : (d.q1 & (TXD_DEXT | TXD_DTYP)) != (TXD_DEXT | TXD_DTYP_DATA))
			c->bad = true;
		if (c->parts < PARTS) {
			c->part[c->parts].iova = d.q0;
			c->part[c->parts++].bytes = bytes;
		} else {
			c->bad = true;
		}
		c->bad |= bytes == 0 && !c->legacy;
		c->total += bytes;
		c->count++;
		c->ended = d.q1 & TXD_EOP;
		if (d.q1 & TXD_RS)
			want_report(b, slot, &d);
		slot = next_slot(q, slot);
	}
	/* VLE, IFCS and IC count in a legacy frame's last descriptor, in an advanced one's first (DS 7.2.3.2). */
	if (c->legacy)
		c->first.q1 = d.q1;
}

static void step_over(struct queue *q, struct tx_burst *b, unsigned descriptors)
{
	b->cursor = (b->cursor + descriptors) % q->size;
	b->left -= descriptors;
}

/** Brings the frame's bytes together. @return false: not all of them are there; counted. */
static bool fetch(struct model *m, struct queue *q, const struct chain *c, uint8_t *to)
{
	for (unsigned i = 0; i < c->parts; i++) {
		if (!(to ? model_dma_read(m, &q->buffers, c->part[i].iova, to, c->part[i].bytes)
			 : model_dma_present(m, &q->buffers, c->part[i].iova, c->part[i].bytes, false)))
			return false;
		if (to)
			to += c->part[i].bytes;
	}
	return true;
}

static uint8_t *scratch(struct model *m, uint32_t bytes)
{
	uint8_t *at = m->scratch + m->scratch_used;

	if (bytes > MODEL_SCRATCH_BYTES - m->scratch_used)
		return NULL;
	m->scratch_used += bytes;
	return at;
}

/** A tag after the addresses. */
static void insert_tag(uint8_t *frame, uint32_t len, uint16_t tag)
{
	memmove(frame + 16, frame + 12, len - 12);
	frame[12] = 0x81;
	frame[13] = 0x00;
	frame[14] = (uint8_t)(tag >> 8);
	frame[15] = (uint8_t)tag;
}

/** Makes segments from where the last burst ended. @return false: the descriptors make no sense, or their memory is not
 * there. */
static bool gather_segments(struct model *m, struct queue *q, struct tx_burst *b, const struct chain *c,
	const struct tx_layout *layout, bool lengths_only)
{
	uint32_t header = layout->l2_bytes + layout->ip_bytes + layout->l4_bytes,
		 payload = (uint32_t)(c->first.q1 >> 46);
	uint8_t *whole = m->scratch + MODEL_SCRATCH_BYTES;
	bool tagged = c->first.q1 & TXD_VLE;
	uint32_t count;

	if (layout->mss == 0 || payload == 0 || c->total != (uint64_t)header + payload || c->total > MODEL_TSO_BYTES ||
		layout->l2_bytes < 14 || layout->ip_bytes < (layout->ipv4 ? 20 : 40) || layout->l4_bytes < 20 ||
		layout->protocol != 6 || header + layout->mss + 4 > MODEL_FRAME_MAX - 4 || !(c->first.q1 & TXD_TXSM) ||
		(layout->ipv4 && !(c->first.q1 & TXD_IXSM))) {
		m->faults.bad_descriptor++;
		return false;
	}
	if (!fetch(m, q, c, lengths_only ? NULL : whole))
		return false;
	count = (payload + layout->mss - 1) / layout->mss;
	if (q->segments_sent >= count)
		q->segments_sent = 0; /* the chain changed under our hands */
	for (uint32_t i = q->segments_sent; i < count && b->frames < b->max; i++) {
		uint32_t at = i * layout->mss, bytes = payload - at < layout->mss ? payload - at : layout->mss;
		uint32_t len = header + bytes;
		uint8_t *to = lengths_only ? NULL : scratch(m, len + 64);

		if (!lengths_only && !to)
			break;
		if (to) {
			model_offload_segment(to, whole, payload, at, bytes, layout);
			if (tagged)
				insert_tag(to, len, layout->vlan);
		}
		len += tagged ? 4 : 0;
		if (len < 60 && b->pad) {
			if (to)
				memset(to + len, 0, 60 - len);
			len = 60;
		}
		b->frame[b->frames] = (struct model_frame){.data = to, .len = len};
		b->frames++;
	}
	b->segments = b->frames;
	b->segments_left = count - q->segments_sent - b->frames;
	/* The chain is done with its last segment. */
	step_over(q, b, c->count);
	for (unsigned i = 0; i < b->frames; i++)
		b->end[i] = b->cursor;
	for (unsigned i = 0; i < b->reports; i++)
		b->report[i].frame = b->frames - 1;
	return true;
}

/** One frame, changed as its descriptors ask. @return false: not sent. */
static bool gather_frame(struct model *m, struct queue *q, struct tx_burst *b, const struct chain *c,
	const struct tx_context *context, bool lengths_only)
{
	uint64_t q1 = c->first.q1;
	uint32_t len = (uint32_t)c->total;
	bool ip = !c->legacy && (q1 & TXD_IXSM), l4 = !c->legacy && (q1 & TXD_TXSM), tagged = q1 & TXD_VLE;
	/* Without IFCS the last four bytes of the data are the FCS (doubt M5). */
	bool own_fcs = !(q1 & TXD_IFCS) || !(reg_get(m, IXGBE_HLREG0) & HLREG0_TXCRCEN);
	struct tx_layout layout = model_offload_layout(&context->d);
	struct model_frame *f = &b->frame[b->frames];
	uint8_t *to = NULL;

	*f = (struct model_frame){.len = len};
	if (lengths_only) {
		if (!fetch(m, q, c, NULL))
			return false;
	} else {
		to = scratch(m, len + 64);
		if (!to || !fetch(m, q, c, to))
			return false;
		if ((ip || l4) && !model_offload_checksums(to, len, &layout, ip, l4)) {
			m->faults.bad_descriptor++;
			return false;
		}
		if (c->legacy && (q1 & TXD_IC)) {
			uint32_t start = (q1 >> 40) & 0xFF, at = (q1 >> 16) & 0xFF;

			if (start >= len || at + 2 > len) {
				m->faults.bad_descriptor++;
				return false;
			}
			uint16_t sum = model_checksum_fold(model_checksum_add(0, to + start, len - start));
			memcpy(to + at, &sum, 2);
		}
		if (tagged)
			insert_tag(to, len, c->legacy ? (uint16_t)(q1 >> 48) : layout.vlan);
	}
	len += tagged ? 4 : 0;
	if (own_fcs && len >= 18) {
		/* The last four bytes are the FCS, right or wrong. */
		uint32_t fcs;

		len -= 4;
		if (to) {
			memcpy(&fcs, to + len, 4);
			f->bad_crc = fcs != model_crc32(to, len);
		}
	} else if (len < 60 && b->pad) {
		if (to)
			memset(to + len, 0, 60 - len);
		len = 60;
	}
	f->data = to;
	f->len = len;
	step_over(q, b, c->count);
	b->end[b->frames++] = b->cursor;
	return true;
}

static bool take_context(struct model *m, struct queue *q, struct tx_burst *b, const struct descriptor *d)
{
	unsigned index = (d->q1 >> 36) & 7;

	/* It holds for the frames behind it only, so those before go first. */
	if (b->frames)
		return false;
	if (index > 1)
		m->faults.bad_descriptor++;
	else
		q->context[index] = (struct tx_context){true, *d};
	if (d->q1 & TXD_RS)
		want_report(b, b->cursor, d);
	step_over(q, b, 1);
	model_tx_consume(m, q, b);
	return true;
}

/** Drops a chain: it is completed, and sends nothing; neither will what belongs to it and is still to come. Only at the
 * start of a burst, as completion is in order. */
static bool drop_chain(struct model *m, struct queue *q, struct tx_burst *b, const struct chain *c)
{
	q->skipping = !c->ended;
	step_over(q, b, c->count);
	model_tx_consume(m, q, b);
	q->segments_sent = 0;
	return true;
}

static bool sensible(const struct chain *c, const struct tx_context *context)
{
	uint64_t q1 = c->first.q1;
	bool offload = !c->legacy && (q1 & (TXD_IXSM | TXD_TXSM | TXD_VLE | TXD_TSE));

	if (c->bad || (offload && !context->valid))
		return false;
	if (!c->legacy && (q1 & TXD_TSE))
		return true; /* looked at more closely by gather_segments */
	if (c->total < (c->legacy ? 14 : TX_LEAST) || c->total + (q1 & TXD_VLE ? 4 : 0) > MODEL_FRAME_MAX - 4)
		return false;
	return c->legacy || q1 >> 46 == c->total;
}

bool model_tx_gather(struct model *m, struct queue *q, struct tx_burst *b, bool lengths_only)
{
	struct descriptor d;
	struct chain c;
	unsigned reports = b->reports;

	if (b->segments || b->reports + PARTS > TX_REPORTS)
		return false;
	if (!model_ring_read(m, q, b->cursor, &d))
		return false;
	if ((d.q1 & (TXD_DEXT | TXD_DTYP)) == (TXD_DEXT | TXD_DTYP_CONTEXT))
		return take_context(m, q, b, &d);
	read_chain(m, q, b, &d, &c);

	const struct tx_context *context = &q->context[(d.q1 >> 36) & 1];
	bool segments = !c.legacy && (d.q1 & TXD_TSE), nothing = c.legacy && c.ended && c.total == 0;
	bool good = c.ended && sensible(&c, context);
	/* The rest may come with the next tail, unless the ring is full of it already. */
	bool unfinished = !c.ended && !c.bad && b->left + 1 < q->size;

	/* Whatever is not simply one frame waits until it is the first. */
	if (unfinished || (b->frames && (!good || segments))) {
		b->reports = reports;
		return false;
	}
	if (!good) {
		/* An empty legacy descriptor is completed, and sends nothing; and what is skipped was counted with its
		 * beginning. */
		m->faults.bad_descriptor += !nothing && !q->skipping;
		return drop_chain(m, q, b, &c);
	}
	if (segments) {
		struct tx_layout layout = model_offload_layout(&context->d);

		return gather_segments(m, q, b, &c, &layout, lengths_only) || drop_chain(m, q, b, &c);
	}
	if (gather_frame(m, q, b, &c, context, lengths_only))
		return true;
	if (b->frames) {
		b->reports = reports;
		return false; /* met again, and dropped, as the first of the next burst */
	}
	return drop_chain(m, q, b, &c);
}
