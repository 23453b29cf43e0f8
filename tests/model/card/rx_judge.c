/* SPDX-License-Identifier: BSD-2-Clause
 * What all frames that arrive go through, in bursts or one by one: they are judged, and counted. */
#include "rx.h"

#include "interrupt.h"
#include "queue.h"

/** The length field of a frame that has one and no type says something else than the frame; one that is padded may say
 * less. Such frames arrive all the same (doubt M30). */
static bool length_wrong(const struct model *m, const struct model_frame *f)
{
	uint32_t said = (uint32_t)(f->data[12] << 8 | f->data[13]), there = f->len - 14;

	if (likely(said >= 0x600) || !(reg_get(m, IXGBE_HLREG0) & HLREG0_RXLNGTHERREN))
		return false;
	return said > there || (said < there && there > 46);
}

void model_rx_judge(struct model *m, const struct model_frame *f, struct judgement *judged)
{
	uint32_t limit = m->frame_limit;

	*judged = (struct judgement){.len = f->len, .rejected = MODEL_FILTERED};
	if (f->len < 60) {
		judged->rejected = MODEL_UNDERSIZE;
		judged->counted_by = f->len < 12 ? 0 : f->bad_crc ? IXGBE_RFC : IXGBE_RUC;
		return;
	}
	/* A VLAN tag comes on top of the limit (doubt 5). */
	if (f->len > limit && (f->data[12] << 8 | f->data[13]) == (int)(reg_get(m, IXGBE_VLNCTRL) & 0xFFFF))
		limit += 4;
	if (f->len > limit || f->len > MODEL_FRAME_MAX - 4) {
		judged->rejected = MODEL_OVERSIZE;
		judged->counted_by = f->bad_crc ? IXGBE_RJC : IXGBE_ROC;
		return;
	}
	judged->control = model_control_judge(m, f);
	if (judged->control == CONTROL_PAUSE_KEPT)
		judged->rejected = MODEL_PAUSE;
	if (judged->control == CONTROL_PAUSE_KEPT || judged->control == CONTROL_DROPPED)
		return;
	judged->length_erred = length_wrong(m, f);
	if (f->bad_crc) {
		judged->rejected = MODEL_BAD_FCS;
		judged->counted_by = IXGBE_CRCERRS;
		if (!(reg_get(m, IXGBE_FCTRL) & FCTRL_SBP))
			return;
		judged->erred = true;
	}
	judged->good = !f->bad_crc;
	judged->verdict = model_filter_mac(m, f->data);
	if (judged->verdict == VERDICT_NO)
		return;
	model_parse(m, f->data, f->len, &judged->parsed);
	if (judged->parsed.tagged && !model_filter_vlan(m, judged->parsed.vlan))
		return;
	judged->parsed.q1 |= (judged->verdict & VERDICT_INEXACT) ? RXD_PIF : 0;
	judged->parsed.q1 |= judged->erred ? RXD_RXE : 0;
	judged->accepted = true;
}

void model_rx_count(struct model *m, const struct judgement *judged)
{
	/* Flow control has counters of its own (X550 DS 8.2.2.17.38, .54). */
	if (judged->control >= CONTROL_PAUSE_KEPT)
		return;
	if (judged->counted_by)
		reg_add(m, judged->counted_by, 1);
	reg_add(m, IXGBE_TPR, 1);
	wide_add(m, WIDE_TOR, judged->len + 4);
	reg_add(m, IXGBE_RLEC, judged->length_erred);
	if (judged->good && !judged->accepted)
		model_count_good(m, 1, judged->len + 4);
	if (judged->accepted && !judged->erred) {
		struct tally t = {0};

		model_rx_tally(&t, judged, 1);
		model_count_received(m, &t);
	}
}

/** Whether the counters of DMA to the host count this queue: RXDSTATCTRL chooses by the 16 counters of queues (X550 DS
 * 8.2.2.17.10). */
static bool dma_counted(const struct model *m, const struct queue *q)
{
	uint32_t chosen = reg_get(m, MODEL_RXDSTATCTRL);

	return chosen == RXDSTATCTRL_ALL || chosen == q->counter;
}

void model_rx_close_queue(struct model *m, struct queue *q, bool erred)
{
	q->in_burst = false;
	if (!q->received)
		return;
	reg_add(m, IXGBE_AT(QPRC, q->counter), q->received);
	wide_add(m, WIDE_QBRC + q->counter, q->received_bytes);
	if (dma_counted(m, q) && !erred) {
		reg_add(m, MODEL_RXDGPC, q->received);
		wide_add(m, WIDE_RXDGBC, q->received_bytes);
	}
	queue_move_head(q, q->head);
	if (likely(!m->incidents.rx_silent))
		model_raise_queue(m, q->index, false);
}

void model_rx_open_queue(struct model *m, struct queue *q)
{
	q->in_burst = true;
	q->available = q->enabled && q->size && !q->stalled ? queue_available(m, q) : 0;
	q->received = q->received_bytes = 0;
}

void model_rx_tamper(struct model *m, struct descriptor *d)
{
	if (!m->tamper_count)
		return;
	m->tamper_count--;
	d->q1 = (d->q1 & m->tamper_keep) | m->tamper_set;
}

void model_rx_reject(struct model *m, const struct judgement *judged)
{
	model_rx_count(m, judged);
	fate_met(m, judged->rejected, 1, 0);
}

void model_rx_drop(struct model *m, const struct queue *q, const struct judgement *judged)
{
	reg_add(m, IXGBE_AT(QPRDC, q->counter), 1);
	model_rx_count(m, judged);
	fate_met(m, MODEL_NO_DESCRIPTOR, 1, 0);
}

/* Such frames are dropped (X550 DS 4.6.7.1), and counted as those that find no descriptor, whatever SRRCTL.DROP_EN says
 * (X550 DS 8.2.2.17.4; on the 82599 and X540 alike, doubt M24). */
void model_rx_queue_off(struct model *m, const struct queue *q, const struct judgement *judged)
{
	reg_add(m, IXGBE_AT(QPRDC, q->counter), 1);
	model_rx_count(m, judged);
	fate_met(m, MODEL_QUEUE_OFF, 1, 0);
}
