/* SPDX-License-Identifier: BSD-2-Clause
 * Receive descriptors that the card has fetched before it needs them: up to 64 of a queue. A driver that rewrites one
 * that it has handed over finds that the card uses the old one; that is counted as a broken rule. */
#include "prefetch.h"

#include "faults.h"
#include "queue.h"

#include <stdlib.h>
#include <string.h>

enum { PREFETCHED = 64 };

struct prefetch {
	struct descriptor d[PREFETCHED];
	uint32_t first, n; /* d[first % PREFETCHED] is the one at the head, and n of them are fetched */
};

bool model_prefetch_open(struct model *m)
{
	if (!has_quirk(m, MODEL_QUIRK_PREFETCH))
		return true;
	m->prefetched = calloc(MODEL_QUEUES, sizeof(*m->prefetched));
	m->prefetch_ns = 0;
	return m->prefetched;
}

void model_prefetch_close(struct model *m)
{
	free(m->prefetched);
}

struct prefetch *model_prefetch_of(struct model *m, unsigned queue)
{
	return m->prefetched ? &m->prefetched[queue] : NULL;
}

void model_prefetch_forget(struct queue *q)
{
	if (q->prefetch)
		q->prefetch->n = 0;
}

static void fetch(struct model *m, struct queue *q)
{
	struct prefetch *p = q->prefetch;
	uint32_t available = q->enabled && q->size ? queue_available(m, q) : 0;

	while (p->n < available && p->n < PREFETCHED &&
		model_ring_read(m, q, (q->head + p->n) % q->size, &p->d[(p->first + p->n) % PREFETCHED]))
		p->n++;
}

void model_prefetch_step(struct model *m)
{
	if (!m->prefetched)
		return;
	for (unsigned i = 0; i < MODEL_QUEUES; i++)
		if (m->rx[i].enabled)
			fetch(m, &m->rx[i]);
	deadline_set(m, &m->prefetch_ns, 1); /* each step */
}

bool model_prefetch_read(struct model *m, struct queue *q, uint32_t ahead, struct descriptor *d)
{
	if (!model_ring_read(m, q, (q->head + ahead) % q->size, d))
		return false;
	if (!q->prefetch)
		return true;
	fetch(m, q);
	if (ahead >= q->prefetch->n)
		return true;

	const struct descriptor *fetched = &q->prefetch->d[(q->prefetch->first + ahead) % PREFETCHED];
	fault_order(m, MODEL_ORDER_PREFETCH, fetched->q0 != d->q0 || fetched->q1 != d->q1);
	*d = *fetched;
	return true;
}

void model_prefetch_use(struct queue *q)
{
	if (!q->prefetch || !q->prefetch->n)
		return;
	q->prefetch->first++;
	q->prefetch->n--;
}
