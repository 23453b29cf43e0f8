/* SPDX-License-Identifier: BSD-2-Clause
 * Queues as their registers make them, and their rings in memory. */
#ifndef POLLUX_TESTS_MODEL_CARD_QUEUE_H
#define POLLUX_TESTS_MODEL_CARD_QUEUE_H

#include "dma.h"
#include "faults.h"

void model_queues_reset(struct model *m);
void model_queues_step(struct model *m);
/** The device itself disables a queue. */
void model_queue_off(struct model *m, unsigned queue, bool tx);
/** Other queues than before hang. */
void model_queues_stalled(struct model *m);
/** Forgets where rings and buffers lie, and decides anew whether the device may reach memory at all: with bus mastering
 * on (COMMAND, CTRL.GIO_DIS), and not gone. */
void model_queues_review(struct model *m);
/** Reads a descriptor, once: the driver may change it meanwhile. */
bool model_ring_read(struct model *m, struct queue *q, uint32_t slot, struct descriptor *d);
/** Writes a descriptor back; the quadword with DD last. */
bool model_ring_write(struct model *m, struct queue *q, uint32_t slot, const struct descriptor *d);

register_read model_read_head, model_read_tail;
register_write model_write_rx_control, model_write_tx_control, model_write_tail, model_write_head, model_write_rx_ring,
	model_write_tx_ring, model_write_queue_map, model_write_dmatxctl, model_write_mtqc;

/** Moves a queue's head, for the device and for whoever maps the image. */
static inline void queue_move_head(struct queue *q, uint32_t head)
{
	q->head = head;
	__atomic_store_n(q->head_image, head, __ATOMIC_RELEASE);
}

/**
 * How many descriptors the driver has handed over, reading the tail once.
 * A tail outside the ring hands over nothing.
 */
static inline uint32_t queue_available(struct model *m, const struct queue *q)
{
	uint32_t tail = __atomic_load_n(q->tail, __ATOMIC_ACQUIRE);

	if (unlikely(tail >= q->size)) {
		m->faults.bad_ring += q->size != 0 || tail != 0;
		return 0;
	}
	return tail >= q->head ? tail - q->head : tail + q->size - q->head;
}

#endif
