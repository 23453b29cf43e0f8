/* SPDX-License-Identifier: BSD-2-Clause
 * The device's way to memory: I/O addresses are looked up in the host's map, remembered extent by extent, and never
 * followed anywhere else. */
#include "dma.h"

#include <string.h>

bool model_dma_lookup(struct model *m, struct model_extent *cache, uint64_t iova, uint32_t bytes, bool write)
{
	struct model_extent e = {0};

	if (!m->dma_allowed)
		return false;
	/* Frames of several pools take turns: each is in an extent of its own. */
	for (unsigned i = 0; i < sizeof(m->recent) / sizeof(m->recent[0]); i++)
		if (dma_cached(&m->recent[i], iova, bytes, write)) {
			*cache = m->recent[i];
			return true;
		}
	if (!m->host.memory || !m->host.memory(m->host.context, iova, &e))
		return false;
	if (!e.at || iova < e.iova || iova - e.iova >= e.bytes)
		return false;
	*cache = m->recent[m->recent_next++ % (sizeof(m->recent) / sizeof(m->recent[0]))] = e;
	return dma_cached(&e, iova, bytes, write) != NULL;
}

/** @return how many of the bytes lie together at iova; 0: none, or not usable. */
static uint32_t dma_run(
	struct model *m, struct model_extent *cache, uint64_t iova, uint32_t bytes, bool write, uint8_t **at)
{
	if (iova + bytes < iova && iova + bytes != 0) /* wraps around the end of the address space */
		return 0;
	*at = dma_at(m, cache, iova, 1, write);
	if (!*at)
		return 0;

	uint64_t run = cache->bytes - (iova - cache->iova);
	return run < bytes ? (uint32_t)run : bytes;
}

/** Walks over device memory, and copies it to `to` or fills it from `from`, where one is given. @return false: not all
 * bytes can be reached, which is counted. */
static bool dma_go(struct model *m, struct model_extent *cache, uint64_t iova, uint32_t bytes, bool write,
	const uint8_t *from, uint8_t *to)
{
	for (uint32_t done = 0, run; done < bytes; done += run) {
		uint8_t *at;

		run = dma_run(m, cache, iova + done, bytes - done, write, &at);
		if (!run) {
			m->faults.bad_address++;
			return false;
		}
		if (from)
			memcpy(at, from + done, run);
		if (to)
			memcpy(to + done, at, run);
	}
	return true;
}

bool model_dma_present(struct model *m, struct model_extent *cache, uint64_t iova, uint32_t bytes, bool write)
{
	return dma_go(m, cache, iova, bytes, write, NULL, NULL);
}

bool model_dma_write(struct model *m, struct model_extent *cache, uint64_t iova, const void *data, uint32_t bytes)
{
	return dma_go(m, cache, iova, bytes, true, data, NULL);
}

bool model_dma_read(struct model *m, struct model_extent *cache, uint64_t iova, void *data, uint32_t bytes)
{
	return dma_go(m, cache, iova, bytes, false, NULL, data);
}
