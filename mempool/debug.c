/* SPDX-License-Identifier: BSD-2-Clause
 * Follows the buffers of packet pools in debug builds. */
#include "debug.h"

#ifdef POLLUX_DEBUG
#include <stdio.h>
#include <stdlib.h>

void pkt_debug_follow(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n, bool out)
{
	const char *wrong = out ? "handed out twice" : "freed twice";

	for (unsigned i = 0; i < n; i++) {
		uint64_t offset = (uint64_t)buffers[i] - (uint64_t)pool->base;
		uint64_t index = offset / pool->buffer_bytes;
		if (offset > pool->last_offset || offset % pool->buffer_bytes != PKT_DEFAULT_OFFSET) {
			fprintf(stderr, "pollux: %p is not where a packet of this pool starts (%s)\n",
				(void *)buffers[i], wrong);
			abort();
		}
		/* Releasing and acquiring: what threads do with a buffer one after the other is in order for tools that
		 * look for races. */
		if (__atomic_exchange_n(&pool->out[index], out, __ATOMIC_ACQ_REL) == out) {
			fprintf(stderr, "pollux: packet %llu of the pool of %u, at %p, was %s\n",
				(unsigned long long)index, pool->count, (void *)buffers[i], wrong);
			abort();
		}
	}
}

void pkt_debug_foreign(const uint8_t *data)
{
	fprintf(stderr, "pollux: %p was freed, but is in no packet of an open pool\n", (const void *)data);
	abort();
}
#endif
