/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's frames as they are measured: made by apps/gen_frame.c, in buffers of a pool of their own, as
 * pollux-gen has them. */
#include "generate.h"

#include "../../apps/app_base.h"
#include "../../apps/gen_receive.h"

#include <stdlib.h>

struct generator {
	struct pkt_pool *pool;
	struct gen_stream stream;
	struct gen_makers makers;
	unsigned frame_bytes; /* of the stream; 0: there is none yet */
	uint64_t number;
	/* what receives them */
	struct gen_reception reception;
	struct gen_made made;
	struct gen_receiver receiver;
	uint8_t frames[LOCKSTEP_PACKETS][PKT_DATA_BYTES];
};

_Static_assert(LOCKSTEP_PACKETS <= APP_BURST_MAX, "a lock-step may be one burst");

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
	gen_receiver_free(&g->receiver);
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
	g->made.frames[0] = LOCKSTEP_PACKETS;
	g->reception = (struct gen_reception){.makers = &g->makers, .made = {&g->made}, .latency_each = 1};
	gen_sizes_init(&g->reception.sizes[0], &g->stream);
	return gen_receiver_init(&g->receiver, &g->reception);
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

void generator_fill(struct generator *g, struct model_frame *frames, unsigned frame_bytes)
{
	if (frame_bytes != g->frame_bytes && !begin_stream(g, frame_bytes))
		return;
	uint64_t time = app_tsc();
	for (unsigned i = 0; i < LOCKSTEP_PACKETS; i++) {
		gen_maker_write(&g->makers.each[0], i, time, g->frames[i]);
		frames[i].data = g->frames[i];
	}
}

unsigned generator_receive(struct generator *g, struct nic_rxq *rxq, unsigned burst, unsigned packets)
{
	struct pkt pkts[LOCKSTEP_PACKETS] __attribute__((aligned(64)));
	struct gen_sequence *sequence = gen_sequence_of(&g->receiver, 0, 0);
	uint64_t before = app_get(&sequence->arrivals[0].unique);
	unsigned done = 0, n;

	app_set(&sequence->next, 0); /* each lock-step has the same frames */
	while (done < packets && (n = nic_rx(rxq, pkts, burst))) {
		gen_receive_burst(&g->receiver, &g->receiver.arrivals[0], pkts, n, app_tsc());
		pkt_free(pkts, n);
		done += n;
	}
	return (unsigned)(app_get(&sequence->arrivals[0].unique) - before);
}
