/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's frames as they are measured: made by apps/gen_frame.c, in buffers of a pool of their own, as
 * pollux-gen has them. */
#include "generate.h"

#include "../../apps/app_base.h"
#include "../../apps/gen_frame.h"
#include "lockstep.h"

#include <stdlib.h>

struct generator {
	struct pkt_pool *pool;
	struct gen_stream stream;
	struct gen_makers makers;
	unsigned frame_bytes; /* of the stream; 0: there is none yet */
	uint64_t number;
};

struct generator *generator_open(struct dma_space *space, unsigned ring, enum pkt_simd simd)
{
	struct generator *g = calloc(1, sizeof(*g));
	unsigned count = ring + 2 * LOCKSTEP_PACKETS + pkt_pool_slack(2);

	if (!g)
		return NULL;
	if (pkt_pool_open(&g->pool, space, count, -1) < 0 || pkt_pool_use_simd(g->pool, simd) < 0 ||
		!gen_makers_fill(g->pool, count)) {
		generator_close(g);
		return NULL;
	}
	return g;
}

static void end_stream(struct generator *g)
{
	if (!g->frame_bytes)
		return;
	gen_makers_free(&g->makers);
	gen_stream_free(&g->stream);
}

void generator_close(struct generator *g)
{
	if (!g)
		return;
	end_stream(g);
	pkt_pool_close(g->pool);
	free(g);
}

static bool begin_stream(struct generator *g, unsigned frame_bytes)
{
	static const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 2};
	struct gen_stream_error error;
	char text[64];

	end_stream(g);
	g->frame_bytes = 0;
	snprintf(text, sizeof(text), "udp src=1000-1063 dst=2000-2015 size=%u", frame_bytes);
	if (!gen_stream_parse(&g->stream, text, &error))
		return false;
	gen_makers_init(&g->makers, &g->stream, 1, 1, 1, to, from);
	g->frame_bytes = frame_bytes;
	return true;
}

unsigned generator_send(
	struct generator *g, struct nic_txq *txq, unsigned burst, unsigned packets, unsigned frame_bytes)
{
	struct pkt pkts[LOCKSTEP_PACKETS] __attribute__((aligned(64)));
	unsigned done = 0, n;

	if (frame_bytes != g->frame_bytes && !begin_stream(g, frame_bytes))
		return 0;
	while (done < packets && (n = pkt_alloc(g->pool, pkts, burst))) {
		gen_maker_write_burst(&g->makers.each[0], g->number, app_tsc(), pkts, n);
		unsigned sent = nic_tx(txq, pkts, n);
		if (sent < n) /* the ring is full; never so in lock-step */
			pkt_free(pkts + sent, n - sent);
		g->number += sent;
		done += sent;
	}
	return done;
}
