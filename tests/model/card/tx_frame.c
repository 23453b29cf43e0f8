/* SPDX-License-Identifier: BSD-2-Clause
 * The careful half of transmission: contexts, legacy descriptors, frames in several buffers, padding, tags, checksums
 * and segmentation (DS 7.2.3). Each descriptor is read once; what makes no sense is counted and dropped. */
#include "checksum.h"
#include "faults.h"
#include "offload.h"
#include "queue.h"
#include "tx.h"

#include <string.h>

#define PARTS 40u /* what the card holds of a queue's descriptors: a frame has no more (doubt M25) */

enum {
	TSO_HEADER_PARTS = 4, /* X550 DS 7.2.4.1 */
	TSO_HEADER_MAX = 240, /* X550 DS 7.2.4.5 */
	TSO_L4_MAX = 64,      /* X550 DS 7.2.3.2.3 */
	X550_PART_MAX = 16384 /* X550 DS 7.2.3.2.4 */
};

/** One frame's descriptors, copied. */
struct chain {
	struct descriptor first;
	struct {
		uint64_t iova;
		uint32_t bytes;
	} part[PARTS];
	unsigned parts, count; /* parts kept; descriptors in all */
	uint64_t total;
	bool ended, legacy;
	unsigned reports;      /* asked for by others than the last */
	enum model_misuse bad; /* MODEL_MISUSES: nothing yet */
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

	*c = (struct chain){.first = d, .legacy = !(d.q1 & TXD_DEXT), .bad = MODEL_MISUSES};
	for (uint32_t left = b->left; left && !c->ended && c->count <= PARTS; left--) {
		uint32_t bytes;

		if (c->count && !model_ring_read(m, q, slot, &d))
			c->bad = MODEL_TX_END;
		bytes = d.q1 & 0xFFFF;
		if (c->legacy ? (d.q1 & TXD_DEXT) != 0 : (d.q1 & (TXD_DEXT | TXD_DTYP)) != (TXD_DEXT | TXD_DTYP_DATA))
			c->bad = MODEL_TX_TYPE;
		if (c->parts < PARTS) {
			c->part[c->parts].iova = d.q0;
			c->part[c->parts++].bytes = bytes;
		} else {
			c->bad = MODEL_TX_PIECES;
		}
		if ((bytes == 0 && !c->legacy) || (m->config.card == MODEL_X550 && bytes > X550_PART_MAX))
			c->bad = MODEL_TX_LENGTH;
		c->total += bytes;
		c->count++;
		c->ended = d.q1 & TXD_EOP;
		c->reports += (d.q1 & TXD_RS) && !c->ended;
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

/** A tag of DMATXCTL.VT after the addresses (X550 DS 7.4.3.1); where all frames have an outer tag already, behind that
 * (doubt M26). */
static void insert_tag(const struct model *m, uint8_t *frame, uint32_t len, uint16_t tag)
{
	uint32_t control = reg_get(m, IXGBE_DMATXCTL), at = 12;

	if ((control & DMATXCTL_GDV) && be16(frame + at) == reg_get(m, MODEL_EXVET) >> 16)
		at += 4;
	memmove(frame + at + 4, frame + at, len - at);
	put_be16(frame + at, control >> 16);
	put_be16(frame + at + 2, tag);
}

/** What is wrong with a segmentation, but for the frame's own bytes. */
static enum model_misuse segments_misused(const struct chain *c, const struct tx_layout *layout)
{
	uint32_t header = layout->l2_bytes + layout->ip_bytes + layout->l4_bytes,
		 payload = (uint32_t)(c->first.q1 >> 46), reached = 0;
	unsigned parts = 0;

	if (layout->mss == 0 || header + layout->mss + 4 > MODEL_FRAME_MAX - 4)
		return MODEL_TX_MSS;
	if (!(c->first.q1 & TXD_TXSM) || layout->ipv4 != !!(c->first.q1 & TXD_IXSM))
		return MODEL_TX_SUMS;
	if (layout->l2_bytes < 14 || layout->ip_bytes < (layout->ipv4 ? 20 : 40) || layout->l4_bytes < 20 ||
		layout->l4_bytes > TSO_L4_MAX || header > TSO_HEADER_MAX || layout->protocol != 6)
		return MODEL_TX_HEADERS;
	if (payload == 0 || c->total != (uint64_t)header + payload || c->total > MODEL_TSO_BYTES)
		return MODEL_TX_PAYLEN;
	while (reached < header)
		reached += c->part[parts++].bytes;
	return parts > TSO_HEADER_PARTS ? MODEL_TX_PIECES : MODEL_MISUSES;
}

/** Counts what a card does not notice. */
static void note(struct model *m, enum model_misuse misuse)
{
	if (misuse != MODEL_MISUSES)
		fault_descriptor(m, misuse);
}

/** RS is for a frame's last descriptor (X550 DS 7.2.3.2.2). */
static void note_reports(struct model *m, const struct chain *c)
{
	if (c->reports)
		fault_descriptor(m, MODEL_TX_REPORT);
}

/** The card appends the FCS. Otherwise the last four bytes of the data are the FCS (doubt M5). */
static bool fcs_is_ours(const struct model *m, const struct chain *c)
{
	return (c->first.q1 & TXD_IFCS) && (reg_get(m, IXGBE_HLREG0) & HLREG0_TXCRCEN);
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

	if (!fetch(m, q, c, lengths_only ? NULL : whole))
		return false;
	if (!q->segments_sent && !lengths_only)
		note(m, model_offload_judge(whole, (uint32_t)c->total, layout, layout->ipv4, true, true));
	if (!q->segments_sent && !fcs_is_ours(m, c))
		fault_descriptor(m, MODEL_TX_FCS);
	if (!q->segments_sent)
		note_reports(m, c);
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
			model_offload_segment(m, to, whole, payload, at, bytes, layout);
			if (tagged)
				insert_tag(m, to, len, layout->vlan);
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

/** Counts what is wrong with a frame, unless it is met again as the first of a burst. */
static bool not_sent(struct model *m, const struct tx_burst *b, enum model_misuse misuse)
{
	if (!b->frames)
		fault_descriptor(m, misuse);
	return false;
}

/** One frame, changed as its descriptors ask. @return false: not sent. */
static bool gather_frame(struct model *m, struct queue *q, struct tx_burst *b, const struct chain *c,
	const struct tx_layout *layout, bool lengths_only)
{
	uint64_t q1 = c->first.q1;
	uint32_t len = (uint32_t)c->total;
	bool ip = !c->legacy && (q1 & TXD_IXSM), l4 = !c->legacy && (q1 & TXD_TXSM), tagged = q1 & TXD_VLE;
	bool own_fcs = !fcs_is_ours(m, c);
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
		if (ip || l4) {
			enum model_misuse misuse = model_offload_judge(to, len, layout, ip, l4, false);

			if (!model_offload_checksums(to, len, layout, ip, l4))
				return not_sent(m, b, MODEL_TX_HEADERS);
			note(m, misuse);
		}
		if (c->legacy && (q1 & TXD_IC)) {
			uint32_t start = (q1 >> 40) & 0xFF, at = (q1 >> 16) & 0xFF;

			if (start >= len || at + 2 > len)
				return not_sent(m, b, MODEL_TX_HEADERS);
			uint16_t sum = model_checksum_fold(model_checksum_add(0, to + start, len - start));
			memcpy(to + at, &sum, 2);
		}
		if (tagged)
			insert_tag(m, to, len, c->legacy ? (uint16_t)(q1 >> 48) : layout->vlan);
	}
	if (own_fcs && (ip || l4 || tagged || (c->legacy && (q1 & TXD_IC)) || (len < 60 && b->pad)))
		fault_descriptor(m, MODEL_TX_FCS);
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
	note_reports(m, c);
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
	if (b->left == 1)
		fault_descriptor(m, MODEL_TX_BOUNDARY);
	if (index > 1)
		fault_descriptor(m, MODEL_TX_CONTEXT);
	else
		q->context[index] = (struct tx_context){true, *d};
	if (d->q1 & TXD_RS)
		want_report(b, b->cursor, d);
	step_over(q, b, 1);
	model_tx_consume(m, q, b);
	return true;
}

/** An empty legacy descriptor is completed, and sends nothing. */
static bool is_null(const struct chain *c)
{
	return c->legacy && c->ended && c->total == 0;
}

/** Drops a chain: it is completed, and sends nothing; neither will what belongs to it and is still to come. Only at the
 * start of a burst, as completion is in order. */
static bool drop_chain(struct model *m, struct queue *q, struct tx_burst *b, const struct chain *c)
{
	if (has_quirk(m, MODEL_QUIRK_TX_HANG) && !is_null(c)) {
		q->hung = true;
		b->reports = 0;
		return false;
	}
	q->skipping = !c->ended;
	step_over(q, b, c->count);
	model_tx_consume(m, q, b);
	q->segments_sent = 0;
	return true;
}

/** What is wrong with a frame, but for its own bytes. */
static enum model_misuse misused(const struct queue *q, const struct chain *c, struct tx_layout *layout)
{
	uint64_t q1 = c->first.q1;
	bool offload = !c->legacy && (q1 & (TXD_IXSM | TXD_TXSM | TXD_VLE | TXD_TSE));
	unsigned index = (q1 >> 36) & 7;

	if (c->bad != MODEL_MISUSES)
		return c->bad;
	if (!c->ended)
		return MODEL_TX_END;
	if (offload && (index > 1 || !q->context[index].valid))
		return MODEL_TX_CONTEXT;
	*layout = model_offload_layout(&q->context[index & 1].d);
	if (!c->legacy && (q1 & TXD_TSE))
		return segments_misused(c, layout);
	if (c->total < (c->legacy ? 14 : TX_LEAST) || c->total + (q1 & TXD_VLE ? 4 : 0) > MODEL_FRAME_MAX - 4)
		return MODEL_TX_LENGTH;
	if (!c->legacy && q1 >> 46 != c->total)
		return MODEL_TX_PAYLEN;
	return !c->legacy && (q1 & TXD_IXSM) && !layout->ipv4 ? MODEL_TX_SUMS : MODEL_MISUSES;
}

bool model_tx_gather(struct model *m, struct queue *q, struct tx_burst *b, bool lengths_only)
{
	struct descriptor d;
	struct chain c;
	struct tx_layout layout = {0};
	unsigned reports = b->reports;

	if (b->segments || b->reports + PARTS >= TX_REPORTS || q->hung)
		return false;
	if (!model_ring_read(m, q, b->cursor, &d))
		return false;
	if ((d.q1 & (TXD_DEXT | TXD_DTYP)) == (TXD_DEXT | TXD_DTYP_CONTEXT))
		return take_context(m, q, b, &d);
	read_chain(m, q, b, &d, &c);

	enum model_misuse misuse = misused(q, &c, &layout);
	bool segments = !c.legacy && (d.q1 & TXD_TSE);
	bool good = misuse == MODEL_MISUSES && !q->skipping;
	/* The rest may come with the next tail, unless the ring is full of it already. */
	bool unfinished = misuse == MODEL_TX_END && c.count <= PARTS && b->left + 1 < q->size && !q->skipping;

	if (unfinished && !q->unfinished)
		fault_descriptor(m, MODEL_TX_BOUNDARY);
	q->unfinished = unfinished;
	/* Whatever is not simply one frame waits until it is the first. */
	if (unfinished || (b->frames && (!good || segments))) {
		b->reports = reports;
		return false;
	}
	if (!good) {
		/* What is skipped was counted with its beginning. */
		if (!is_null(&c) && !q->skipping)
			fault_descriptor(m, misuse);
		return drop_chain(m, q, b, &c);
	}
	if (segments)
		return gather_segments(m, q, b, &c, &layout, lengths_only) || drop_chain(m, q, b, &c);
	if (gather_frame(m, q, b, &c, &layout, lengths_only))
		return true;
	if (b->frames) {
		b->reports = reports;
		return false; /* met again, and dropped, as the first of the next burst */
	}
	return drop_chain(m, q, b, &c);
}
