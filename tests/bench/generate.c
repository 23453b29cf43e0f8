/* SPDX-License-Identifier: BSD-2-Clause
 * The generator as it is measured: its sender, with a stream at a rate and buffers of a pool of their own, and its
 * receiver. */
#include "generate.h"

#include "../../apps/app_base.h"
#include "../../apps/gen_receive.h"
#include "../../apps/gen_send.h"

#include <stdlib.h>
#include <string.h>

#define CYCLES 10 /* between two frames that are due */

struct generator {
	struct pkt_pool *pool;
	struct gen_stream stream;
	struct gen_makers makers;
	unsigned frame_bytes; /* of the stream; 0: there is none yet */
	struct gen_sending sending;
	struct gen_sender sender;
	struct app_queue queue;
	uint64_t now; /* by the clock of the sender */
	/* what receives them */
	struct gen_reception reception;
	struct gen_made made;
	struct gen_receiver receiver;
	uint8_t frames[LOCKSTEP_PACKETS][PKT_DATA_BYTES];
};

_Static_assert(LOCKSTEP_PACKETS <= APP_BURST_MAX, "a lock-step may be one burst");

struct generator *generator_open(struct dma_space *space, unsigned ring, enum pkt_simd simd)
{
	struct generator *g = aligned_alloc(_Alignof(struct generator), sizeof(*g));
	unsigned count = ring + 2 * LOCKSTEP_PACKETS + pkt_pool_slack(2);

	if (!g)
		return NULL;
	memset(g, 0, sizeof(*g));
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
	gen_sender_close(&g->sender);
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
	g->sending = (struct gen_sending){
		.makers = &g->makers,
		.sizes = g->reception.sizes,
		.pool = g->pool,
		.senders = 1,
		.lanes = 1,
		.away_limit = UINT64_MAX,
		.start_tsc = 1,
		.end_at = UINT64_MAX,
		.speed = 1,
	};
	g->now = 1;
	if (!gen_receiver_init(&g->receiver, &g->reception) || !gen_sender_open(&g->sender, &g->sending, 0, &g->queue))
		return false;
	struct gen_schedule all;
	gen_schedule_init(
		&all, &g->makers.each[0], NULL, &(struct gen_rate){app_tsc_hz() / CYCLES, GEN_RATE_PACKETS}, 10000);
	gen_sender_begin(&g->sender);
	gen_sender_begin_lane(&g->sender, 0, 0, &all, 0);
	return true;
}

unsigned generator_send(
	struct generator *g, struct nic_txq *txq, unsigned burst, unsigned packets, unsigned frame_bytes)
{
	if (frame_bytes != g->frame_bytes && !begin_stream(g, frame_bytes))
		return 0;
	const uint64_t before = app_get(&g->queue.counters.sent);
	uint64_t done = 0, sent = 1;

	g->queue.tx = txq;
	g->sending.frames_per_burst = burst;
	while (done < packets && sent) {
		g->now += (uint64_t)burst * CYCLES; /* a burst is due */
		gen_send(&g->sender, g->now);
		sent = app_get(&g->queue.counters.sent) - before - done;
		done += sent;
	}
	return (unsigned)done;
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
