/* SPDX-License-Identifier: BSD-2-Clause
 * The sizes of a stream's frames, for counting each apart. */
#ifndef POLLUX_APPS_GEN_SIZES_H
#define POLLUX_APPS_GEN_SIZES_H

#include "app_counter.h"
#include "gen_stream.h"

/** A stream's sizes are counted apart where there are not more; else by the classes that cards count (RMON, RFC 2819).
 */
#define GEN_SIZES 8u

/** Ranges of sizes with FCS, in rising order: most are one size. */
struct gen_sizes {
	unsigned count;
	uint16_t first[GEN_SIZES], last[GEN_SIZES];
};

void gen_sizes_init(struct gen_sizes *sizes, const struct gen_stream *stream);

/** In which range a size of the stream is. */
static inline unsigned gen_sizes_find(const struct gen_sizes *sizes, unsigned bytes)
{
	unsigned i = 0;

	while (i + 1 < sizes->count && bytes > sizes->last[i])
		i++;
	return i;
}

/** Frames of one stream that one sender has made, by their size: it alone writes. */
struct gen_made {
	_Alignas(64) _Atomic uint64_t frames[GEN_SIZES];
};

static inline uint64_t gen_made_all(const struct gen_made *made)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < GEN_SIZES; i++)
		all += app_get(&made->frames[i]);
	return all;
}

#endif
