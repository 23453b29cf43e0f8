/* SPDX-License-Identifier: BSD-2-Clause
 * Merges what several queues received, by time. A packet may be written once no lane can bring an older one: each has
 * an older one at its head, or its thread has looked since and found nothing. */
#include "dump_merge.h"

void dump_put(struct dump_lane *lane, uint64_t ns, bool cut, const struct pkt *pkts, unsigned n)
{
	uint64_t put = atomic_load_explicit(&lane->put, memory_order_relaxed);

	for (unsigned i = 0; i < n; i++)
		lane->records[(put + i) % DUMP_HELD] = (struct dump_record){ns, pkts[i], cut && i == 0};
	atomic_store_explicit(&lane->put, put + n, memory_order_release);
}

void dump_take(struct dump_lane *lane, unsigned n)
{
	uint64_t taken = atomic_load_explicit(&lane->taken, memory_order_relaxed);

	atomic_store_explicit(&lane->taken, taken + n, memory_order_release);
}

unsigned dump_next(struct dump_lane *lanes, unsigned count, unsigned *lane)
{
	/* the oldest head; how many packets its lane has; and how old one of another lane may be */
	uint64_t oldest = UINT64_MAX, others = UINT64_MAX;
	unsigned held = 0, n = 0;

	*lane = count;
	for (unsigned i = 0; i < count; i++) {
		/* in this order: what was put in before the look is there, then */
		uint64_t seen = atomic_load_explicit(&lanes[i].seen_ns, memory_order_acquire);
		uint64_t put = atomic_load_explicit(&lanes[i].put, memory_order_acquire);
		unsigned here = (unsigned)(put - atomic_load_explicit(&lanes[i].taken, memory_order_relaxed));
		uint64_t head = here ? dump_record_at(&lanes[i], 0)->ns : seen;
		if (head == UINT64_MAX)
			continue;
		if (here && !held ? head <= oldest : head < oldest) {
			others = oldest < others ? oldest : others;
			oldest = head;
			*lane = i;
			held = here;
		} else {
			others = head < others ? head : others;
		}
	}
	while (n < held && dump_record_at(&lanes[*lane], n)->ns <= others)
		n++;
	return n;
}
