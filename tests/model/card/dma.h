/* SPDX-License-Identifier: BSD-2-Clause
 * The device's way to memory. An extent that was found once is remembered, by its queue and by the port. */
#ifndef POLLUX_TESTS_MODEL_CARD_DMA_H
#define POLLUX_TESTS_MODEL_CARD_DMA_H

#include "state.h"

/** Fills the cache with the extent around iova, when it is there, usable, and holds all bytes. Nothing is counted. */
bool model_dma_lookup(struct model *m, struct model_extent *cache, uint64_t iova, uint32_t bytes, bool write);

/* These three go over as many extents as it takes. @return false: not all bytes can be reached, which is counted. */
bool model_dma_write(struct model *m, struct model_extent *cache, uint64_t iova, const void *data, uint32_t bytes);
bool model_dma_read(struct model *m, struct model_extent *cache, uint64_t iova, void *data, uint32_t bytes);
bool model_dma_present(struct model *m, struct model_extent *cache, uint64_t iova, uint32_t bytes, bool write);

/** Memory at an I/O address when the cached extent holds all of it; NULL: ask model_dma_lookup. An empty extent holds
 * nothing. */
static inline uint8_t *dma_cached(const struct model_extent *e, uint64_t iova, uint32_t bytes, bool write)
{
	uint64_t at = iova - e->iova; /* wraps to something large below the extent */

	if (unlikely(at >= e->bytes || e->bytes - at < bytes || (write && !e->writable)))
		return NULL;
	return e->at + at;
}

/** As dma_cached, asking the host where that fails. NULL: not there in one piece. */
static inline uint8_t *dma_at(struct model *m, struct model_extent *e, uint64_t iova, uint32_t bytes, bool write)
{
	uint8_t *at = dma_cached(e, iova, bytes, write);

	if (likely(at != NULL))
		return at;
	return model_dma_lookup(m, e, iova, bytes, write) ? dma_cached(e, iova, bytes, write) : NULL;
}

#endif
