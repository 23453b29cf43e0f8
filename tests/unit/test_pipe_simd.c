/* SPDX-License-Identifier: BSD-2-Clause
 * The pipes of all instruction sets against each other: a world of ports for each, the same random things done to all,
 * by a function, by cards, and by somebody hostile who writes into the rings; and everything compared after each. */
#include "pipe_scene.c"

#include "../../mempool/pool.h"

#define WORLDS_MAX 3u
#define STEPS      6000u

struct world {
	enum pkt_simd simd;
	struct fixture f;
	struct nic_pipe *pipe;
	struct ring_rxq *rxq;
	struct ring_txq *txq[2];
	uint64_t random, seen; /* seen: a hash of all that the function saw */
	unsigned mode, packets;
	unsigned result; /* of the last step */
};

static struct world worlds[WORLDS_MAX];
static unsigned world_count;

static uint32_t below(uint64_t *random, uint32_t n)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((*random >> 33) % n);
}

static void reshape(struct world *world, struct pkt *pkt)
{
	static const uint16_t lengths[] = {0, 1, 16, 17, 18, 59, 1513, 1514, 1515, 2048, 0x8000, 0xffff};

	if (below(&world->random, 4))
		pkt->data += (int)below(&world->random, 60) - 30;
	else if (below(&world->random, 4))
		pkt->flags = (uint16_t)below(&world->random, 65536);
	else
		pkt->len = lengths[below(&world->random, sizeof(lengths) / sizeof(*lengths))];
}

/* Whole bursts to one output, mostly; or each packet where chance has it; and now and then nothing stays as it was. */
static uint32_t decide(void *context, struct pkt *pkt)
{
	struct world *world = context;
	uint64_t slot =
		(uint64_t)(pkt->data - world->f.pool->base) % PKT_BUFFER_BYTES; /* buffers differ between worlds */

	world->packets++;
	world->seen = (world->seen ^ pkt->len ^ (uint64_t)pkt->hash << 16 ^ (uint64_t)pkt->flags << 48 ^ slot) *
		      UINT64_C(0x100000001b3);
	if (world->mode % 8 == 7 || (world->mode % 4 == 3 && !below(&world->random, 8)))
		reshape(world, pkt);
	return world->mode < 16   ? 1
	       : world->mode < 24 ? 2
	       : world->mode < 26 ? 0
	       : world->mode < 28 ? 3
				  : below(&world->random, 4);
}

/* The card's next descriptors are bad, or fill their buffer exactly. */
static void tamper(struct world *world, uint64_t *random)
{
	const uint64_t length = UINT64_C(0xffff) << 32;
	unsigned n = 1 + below(random, 5);

	switch (below(random, 4)) {
	case 0:
		model_tamper_rx(model(&world->f, 0), UINT64_MAX, UINT64_C(1) << 29, n); /* RXE */
		break;
	case 1:
		model_tamper_rx(model(&world->f, 0), ~UINT64_C(2), 0, n); /* no EOP */
		break;
	case 2:
		model_tamper_rx(model(&world->f, 0), ~length, (uint64_t)(2049 + below(random, 60000)) << 32, n);
		break;
	default:
		model_tamper_rx(model(&world->f, 0), ~length, (uint64_t)PKT_DATA_BYTES << 32, n);
	}
}

/* Garbage at the front of the ring, where it matters, good descriptors among it. The card does not know, so little can
 * come after that. */
static void forge(struct world *world, uint64_t *random)
{
	uint32_t slot = world->rxq->next + below(random, 4);

	for (unsigned n = 1 + below(random, 40); n--; slot++) {
		struct ring_descriptor *descriptor = &world->rxq->ring[slot & world->rxq->mask];
		uint64_t noise = (uint64_t)below(random, 1u << 31) << 33 | below(random, 1u << 31);

		descriptor->q0 = ~noise;
		descriptor->q1 = below(random, 4)
					 ? UINT64_C(3) | (uint64_t)(1 + below(random, 2047)) << 32 | (noise & 0x1ff0)
					 : noise;
	}
}

static void step(struct world *world, uint64_t *random, bool hostile)
{
	unsigned deed = below(random, 16), n = 1 + below(random, 50), port;
	static const unsigned bursts[] = {1, 1, 2, 3, 4, 5, 7, 8, 8, 8, 12, 16, 24, 31, 32, 32, 32, 33, 64, 100};

	world->mode = below(random, 32);
	world->result = 0;
	if (deed < 6) {
		while (n-- && wire_arrive(model(&world->f, 0), n, 60 + below(random, 1400)))
			world->result++;
	} else if (deed < 12) {
		n = bursts[below(random, sizeof(bursts) / sizeof(*bursts))];
		world->result = nic_pipe_run(world->pipe, n, decide, world);
	} else if (deed < 15) {
		port = 1 + below(random, 2);
		world->result = model_transmit(model(&world->f, port),
			&(struct model_sink){.context = &world->f.wire[port], .take = wire_take}, 4 * n);
	} else if (hostile) {
		forge(world, random);
	} else {
		tamper(world, random);
	}
}

#define SAME(a, b)                                                                                                     \
	do {                                                                                                           \
		if ((a) != (b))                                                                                        \
			printf("\n    %s: %s is %llu, in the scalar world %llu ", pkt_simd_name(world->simd), #a,      \
				(unsigned long long)(a), (unsigned long long)(b));                                     \
		CU_ASSERT_EQUAL_FATAL(a, b);                                                                           \
	} while (0)

/* Of a ring: a home slot's address, or what the card or somebody hostile wrote. */
static void same_receive(const struct world *world, const struct world *first)
{
	const struct ring_rxq *a = world->rxq, *b = first->rxq;

	SAME(a->next, b->next);
	SAME(a->refill_next, b->refill_next);
	SAME(*a->tail, *b->tail);
	SAME(a->bad_descriptors, b->bad_descriptors);
	for (unsigned slot = 0; slot < RING; slot++) {
		bool rewritten = a->ring[slot].q0 == (uint64_t)a->buffers[slot] + a->iova_offset;

		SAME(a->ring[slot].q1, b->ring[slot].q1);
		SAME(rewritten, b->ring[slot].q0 == (uint64_t)b->buffers[slot] + b->iova_offset);
		if (!rewritten)
			SAME(a->ring[slot].q0, b->ring[slot].q0);
	}
}

/* Of what waits to be sent: where in its buffer it begins, and all of the descriptor but whether it asks for a report,
 * which the last of a burst must, and others may. */
static void same_transmit(const struct world *world, const struct world *first, unsigned output)
{
	const struct ring_txq *a = world->txq[output], *b = first->txq[output];

	SAME(a->next, b->next);
	SAME(*a->tail, *b->tail);
	for (uint32_t i = a->next - (a->next < 100 ? a->next : 100); i != a->next; i++) {
		const struct ring_descriptor *x = &a->ring[i & a->mask], *y = &b->ring[i & b->mask];
		uint64_t report = RING_TX_RS | RING_TX_DD;

		SAME(x->q1 & ~report, y->q1 & ~report);
		SAME((x->q0 - a->iova_offset - (uint64_t)world->f.pool->base) % PKT_BUFFER_BYTES,
			(y->q0 - b->iova_offset - (uint64_t)first->f.pool->base) % PKT_BUFFER_BYTES);
	}
	SAME(world->f.wire[1 + output].count, first->f.wire[1 + output].count);
}

static void same_worlds(void)
{
	const struct world *first = &worlds[0];
	struct nic_pipe_stats b;

	nic_pipe_get_stats(first->pipe, &b);
	for (const struct world *world = first + 1; world < worlds + world_count; world++) {
		struct nic_pipe_stats a;

		nic_pipe_get_stats(world->pipe, &a);
		SAME(world->result, first->result);
		SAME(world->packets, first->packets);
		SAME(world->seen, first->seen);
		SAME(a.packets, b.packets);
		SAME(a.dropped, b.dropped);
		SAME(a.bad, b.bad);
		SAME(a.blocked, b.blocked);
		same_receive(world, first);
		for (unsigned output = 0; output < 2; output++)
			same_transmit(world, first, output);
	}
}

static void open_world(struct world *world, enum pkt_simd set, uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	simd = world->simd = set;
	world->random = seed;
	set_up(&world->f, 3, NULL);
	world->pipe = open_pipe(&world->f, 0, 6);
	world->rxq = world->f.nic[0]->rings.rxqs[0];
	for (unsigned output = 0; output < 2; output++)
		world->txq[output] = world->f.nic[1 + output]->rings.txqs[0];
}

/* The models have every reason to complain of what somebody hostile did. */
static void close_world(struct world *world)
{
	nic_pipe_close(world->pipe);
	for (unsigned port = 0; port < 3; port++) {
		nic_close(world->f.nic[port]);
		world->f.nic[port] = NULL;
	}
	tear_down(&world->f);
}

static void they_live_alike(void)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		uint64_t random = seed * 77;

		world_count = 0;
		for (enum pkt_simd set = PKT_SIMD_SCALAR; set <= PKT_SIMD_AVX512; set++)
			if (pkt_simd_choose(set) == set)
				open_world(&worlds[world_count++], set, seed);
		for (unsigned i = 0; i < STEPS; i++) {
			uint64_t before = random;

			for (unsigned w = 0; w < world_count; w++) {
				random = before;
				step(&worlds[w], &random, i > STEPS * 9 / 10);
			}
			same_worlds();
			for (unsigned w = 0; w < world_count && i % 256 == 255; w++) {
				for (unsigned port = 1; port < 3; port++) {
					send_out(&worlds[w].f, port);
					wire_forget(&worlds[w].f.wire[port]);
				}
			}
		}
		CU_ASSERT(worlds[0].packets > STEPS);
		CU_ASSERT(worlds[0].rxq->bad_descriptors > STEPS / 100);
		for (unsigned w = 0; w < world_count; w++)
			close_world(&worlds[w]);
	}
}

int main(void)
{
	CU_TestInfo tests[] = {{"they live alike", they_live_alike}, CU_TEST_INFO_NULL};
	CU_SuiteInfo suites[] = {{"a pipe's instruction sets", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};

	for (enum pkt_simd set = PKT_SIMD_AVX2; set <= PKT_SIMD_AVX512; set++)
		if (pkt_simd_choose(set) != set)
			printf("skipped: this CPU does not have %s\n", pkt_simd_name(set));
	return unit_run(suites);
}
