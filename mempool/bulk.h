/* SPDX-License-Identifier: BSD-2-Clause
 * From buffer pointers to packets and back, many at a time: once for each instruction set. */
#ifndef POLLUX_MEMPOOL_BULK_H
#define POLLUX_MEMPOOL_BULK_H

#include "pool.h"

/**
 * The functions of one instruction set. n is 1 to PKT_BLOCK; the array that is written overlaps neither the one that is
 * read nor the pool, so that what is read of the pool is read once (restrict).
 */
struct pkt_bulk {
	/** Makes the handles of empty packets in n buffers. */
	void (*make)(struct pkt *pkts, uint8_t *const *buffers, unsigned n);
	/** Writes the buffer pointers of n packets. They may come in another order than the packets. False: not all
	 * packets are the pool's, and what was written means nothing. */
	bool (*buffers_of_pkts)(
		const struct pkt_pool *pool, uint8_t **restrict buffers, const struct pkt *pkts, unsigned n);
	/** The same for n pointers to anywhere in the buffers. */
	bool (*buffers_of_data)(
		const struct pkt_pool *pool, uint8_t **restrict buffers, uint8_t *const *data, unsigned n);
};

extern const struct pkt_bulk pkt_bulk_scalar, pkt_bulk_avx2, pkt_bulk_avx512;

#endif
