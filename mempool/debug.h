/* SPDX-License-Identifier: BSD-2-Clause
 * Debug builds follow every buffer of a pool: one that is freed twice, handed out twice, or of another pool ends the
 * process with a sentence. Other builds do nothing here. */
#pragma once

#include "pool.h"

#ifdef POLLUX_DEBUG
/** n free buffers of the pool go out, or come back. */
void pkt_debug_follow(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n, bool out);
/** Somebody frees a pointer that is in no buffer of an open pool. */
void pkt_debug_foreign(const uint8_t *data);
#else
static inline void pkt_debug_follow(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n, bool out)
{
	(void)pool, (void)buffers, (void)n, (void)out;
}
static inline void pkt_debug_foreign(const uint8_t *data)
{
	(void)data;
}
#endif
