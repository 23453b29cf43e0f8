/* SPDX-License-Identifier: BSD-2-Clause
 * Telling the driver which descriptors are done. */
#include "interrupt.h"
#include "queue.h"
#include "tx.h"

void model_tx_complete(struct model *m, struct queue *q, const struct tx_report *r, unsigned n)
{
	if (!n || unlikely(m->incidents.tx_silent))
		return;
	if (q->head_write_back) {
		uint32_t head = r[n - 1].slot + 1 == q->size ? 0 : r[n - 1].slot + 1;
		uint8_t *at = dma_at(m, &q->write_back, q->head_write_back, 4, true);

		if (at && (uintptr_t)at % 4 == 0)
			__atomic_store_n((uint32_t *)(void *)at, head, __ATOMIC_RELEASE);
		else
			m->faults.bad_address++;
	} else {
		for (unsigned i = 0; i < n; i++) {
			struct descriptor d = {r[i].q0, r[i].q1 | TXD_DD};

			if (likely(q->linear != NULL)) {
				__atomic_store_n(&q->linear[r[i].slot].q0, d.q0, __ATOMIC_RELAXED);
				__atomic_store_n(&q->linear[r[i].slot].q1, d.q1, __ATOMIC_RELEASE);
			} else {
				model_ring_write(m, q, r[i].slot, &d);
			}
		}
	}
	model_raise_queue(m, q->index, true);
}

void model_tx_consume(struct model *m, struct queue *q, struct tx_burst *b)
{
	model_tx_complete(m, q, b->report, b->reports);
	if (b->reports && !m->incidents.tx_silent)
		q->unreported = 0;
	b->reports = 0;
	m->scratch_used = 0;
	queue_move_head(q, b->cursor);
}
