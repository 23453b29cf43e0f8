/* SPDX-License-Identifier: BSD-2-Clause
 * The burst and pool functions of all instruction sets against each other: a world of queues and pools for each, the
 * same random things done to all, by an application and by a card that may be hostile, and everything compared after
 * each. */
#include "../../driver/ixgbe/bursts.h"
#include "../../driver/ring/rx_status.h"
#include "../../mempool/bulk.h"
#include "../../vfio/space.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define WORLDS_MAX  3u
#define BURST_MAX   150u
#define HELD_MAX    700u
#define POOL_MAX    1100u
#define OTHER_COUNT 700u
#define OFFSET      UINT64_C(0x123456780000) /* I/O address - pointer */
#define CANARY      UINT64_C(0xca7a57e0ca7a57e0)
#define MAX_FRAME   1518u

/* Descriptor bits, as hw-docs/82599.md has them: not the driver's own definitions. */
#define RX_DD    (UINT64_C(1) << 0)
#define RX_EOP   (UINT64_C(1) << 1)
#define RX_ERROR (UINT64_C(1) << 29)
#define TX_RS    (UINT64_C(1) << 27)
#define TX_DD    (UINT64_C(1) << 32)

struct world {
	enum pkt_simd simd;
	struct pkt_pool *pool, *other;
	struct ring_rxq rx;
	struct ring_txq tx;
	uint32_t rx_tail, tx_tail;
	struct pkt held[HELD_MAX]; /* in the application's hands, all of `pool` */
	unsigned held_count;
	bool out[POOL_MAX + POOL_MAX / 28]; /* by place of a buffer: in the application's hands */
	unsigned result;                    /* of the last burst */
	unsigned wish;                      /* of most frames that it sends, for some time */
};

static struct dma_space *space;
static struct world worlds[WORLDS_MAX];
static unsigned world_count, ring_size, pool_count;
static enum ring_offloads row; /* of bursts */
static uint32_t card_head;     /* where the card writes received frames */
static uint64_t random_state, number;
static uint64_t last_number; /* as of before the step: every world counts from there */

static uint32_t random_below(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 20) % below);
}

static uint64_t random_64(void)
{
	return (uint64_t)random_below(1u << 31) << 33 ^ (uint64_t)random_below(1u << 31) << 11 ^ random_below(2048);
}

/* ---- what the application has ---- */

static void set_out(struct world *world, const uint8_t *data, bool out)
{
	uint64_t index = (uint64_t)(data - world->pool->base) / PKT_BUFFER_BYTES;

	CU_ASSERT_FATAL(index <= world->pool->last_offset / PKT_BUFFER_BYTES && index < POOL_MAX + POOL_MAX / 28);
	CU_ASSERT_NOT_EQUAL_FATAL(world->out[index], out); /* in two hands, or in none */
	world->out[index] = out;
}

static void hold(struct world *world, const struct pkt *pkt)
{
	CU_ASSERT_FATAL(world->held_count < HELD_MAX);
	CU_ASSERT_PTR_EQUAL_FATAL(pkt->data, pkt_default_data(world->pool, (uint64_t)(pkt->data - world->pool->base)));
	set_out(world, pkt->data, true);
	world->held[world->held_count++] = *pkt;
}

/* Packets look the same in all worlds because of a number in them. */
static void write_number(uint8_t *data)
{
	number++;
	memcpy(data, &number, sizeof(number));
}

static uint64_t read_number(const uint8_t *data)
{
	uint64_t value;

	memcpy(&value, data, sizeof(value));
	return value;
}

/* ---- steps ---- */

static uint64_t random_status(unsigned mode)
{
	uint64_t vlan_and_noise = (uint64_t)random_below(0x10000) << 48 | (uint64_t)random_below(0x1ff0) << 4;
	vlan_and_noise |= (uint64_t)random_below(4) << 30 | (uint64_t)random_below(2) << 3; /* IPE, L4E; VP */
	uint64_t good = vlan_and_noise | RX_DD | RX_EOP | (uint64_t)(1 + random_below(2047)) << 32;

	if (mode == 0 || (mode == 1 && random_below(16)))
		return good;
	switch (random_below(9)) {
	case 0:
		return good | RX_ERROR;
	case 1:
		return good & ~RX_EOP;
	case 2:
		return (good & ~(UINT64_C(0xffff) << 32)) | UINT64_C(2048) << 32;
	case 3:
		return good | (uint64_t)(2049 + random_below(60000)) << 32;
	case 4:
		return good & ~(UINT64_C(0xffff) << 32); /* length 0 */
	case 5:
		return good & ~RX_DD;
	case 6:
		return random_64() | RX_DD | 1u << 20;
	case 7:
		return random_64() | 1u << 20; /* never 0: that is how the driver arms one */
	default:
		return good;
	}
}

/* The card finishes a run of descriptors: those it may, or, being hostile, any. */
static void card_receives(struct world *world)
{
	unsigned mode = random_below(8) < 5 ? 0 : 1 + random_below(2), count = random_below(random_below(4) ? 12 : 200);
	bool hostile = !random_below(12);
	/* hostile: also the one that stays back, behind which lie slots that have no buffer */
	uint32_t slot = !hostile          ? card_head
			: random_below(2) ? world->rx_tail
					  : random_below(ring_size),
		 mask = ring_size - 1;

	/* a descriptor that it has left out, it finishes later */
	if (!hostile && !random_below(4))
		slot = world->rx.next;

	for (unsigned i = 0; i < count; i++, slot++) {
		struct ring_descriptor *descriptor = &world->rx.ring[slot & mask];
		uint64_t q0 = random_64(), q1 = random_status(mode);

		if (!hostile && ((slot - world->rx_tail) & mask) == 0)
			break;
		number++;
		if (((slot - world->rx.next) & mask) < world->rx.refill_next + ring_size - world->rx.next) {
			number--;
			write_number(world->rx.buffers[slot & mask]);
		}
		__atomic_store_n(&descriptor->q0, q0, __ATOMIC_RELAXED);
		__atomic_store_n(&descriptor->q1, q1, __ATOMIC_RELEASE);
	}
	if (!hostile && world == &worlds[world_count - 1])
		card_head = slot & mask;
}

static unsigned random_burst(void)
{
	static const unsigned usual[] = {0, 1, 1, 1, 2, 3, 4, 7, 8, 16, 31, 32, 32, 32, 33, 64, 128};

	return random_below(4) ? usual[random_below(sizeof(usual) / sizeof(*usual))] : random_below(BURST_MAX);
}

/* Into an array that has no more room than it must, anywhere. */
static void application_receives(struct world *world)
{
	static uint8_t memory[(BURST_MAX + 1) * sizeof(struct pkt) + 64] __attribute__((aligned(64)));
	unsigned n = random_burst();
	struct pkt *pkts = (struct pkt *)(void *)(memory + random_below(8) * 8);
	uint64_t canary = CANARY;

	if (n > HELD_MAX - world->held_count)
		n = HELD_MAX - world->held_count;
	memcpy(&pkts[n], &canary, sizeof(canary));
	world->result = nic_rx(&world->rx.nic, pkts, n);
	CU_ASSERT_FATAL(world->result <= n);
	CU_ASSERT_EQUAL_FATAL(memcmp(&pkts[n], &canary, sizeof(canary)), 0);
	for (unsigned i = 0; i < world->result; i++)
		hold(world, &pkts[i]);
}

static void application_frees(struct world *world)
{
	unsigned n = random_below(8) ? random_burst() : HELD_MAX;

	if (n > world->held_count)
		n = world->held_count;
	world->held_count -= n;
	for (unsigned i = 0; i < n; i++)
		set_out(world, world->held[world->held_count + i].data, false);
	pkt_free(&world->held[world->held_count], n);
}

static void application_allocates(struct world *world)
{
	unsigned n = random_below(8) ? random_burst() : HELD_MAX;
	struct pkt pkts[HELD_MAX];

	if (n > HELD_MAX - world->held_count)
		n = HELD_MAX - world->held_count;
	world->result = pkt_alloc(world->pool, pkts, n);
	for (unsigned i = 0; i < world->result; i++) {
		write_number(pkts[i].data);
		CU_ASSERT_EQUAL(pkts[i].len, 0);
		CU_ASSERT_EQUAL(pkts[i].flags, 0);
		CU_ASSERT_EQUAL(pkts[i].hash, 0);
		hold(world, &pkts[i]);
	}
}

static void make_odd(struct pkt *pkt)
{
	static const uint16_t lengths[] = {
		0, 1, 16, 17, 18, MAX_FRAME - 1, MAX_FRAME, MAX_FRAME + 1, 2048, 2176, 2177, 0x8000, 0xffff};

	switch (random_below(4)) {
	case 0:
		pkt->flags = PKT_MORE;
		break;
	case 1:
		pkt->flags = (uint16_t)random_below(0x10000);
		break;
	default:
		pkt->len = lengths[random_below(sizeof(lengths) / sizeof(*lengths))];
	}
}

/* TCP or UDP over IPv4, with wishes that bursts are fast with. */
static void make_usual(struct world *world, struct pkt *pkt)
{
	static const uint16_t wishes[] = {PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM,
		PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM | PKT_VLAN, PKT_VLAN, PKT_TX_L4_CHECKSUM};
	bool tcp = random_below(2);
	uint8_t *frame = pkt->data;

	world->wish = random_below(20) ? world->wish : random_below(4);
	pkt->len = (uint16_t)(54 + random_below(20));
	memset(frame + 8, (int)random_below(256), 72);
	memcpy(frame + 12, "\x08\x00\x45", 3);
	memcpy(frame + 16, (const uint8_t[]){0, (uint8_t)(pkt->len - 14 - !random_below(10))}, 2);
	memset(frame + 20, 0, 2);
	frame[23] = tcp ? 6 : 17;
	if (tcp)
		frame[46] = 0x50;
	else
		memcpy(frame + 38, (const uint8_t[]){0, (uint8_t)(pkt->len - 34)}, 2);
	pkt->flags |= wishes[world->wish];
	pkt->vlan = 1;
}

/* A mixture of what is held and of packets of another pool; what the ring does not take is held again, or freed. */
static void application_sends(struct world *world)
{
	unsigned n = random_burst(), own = 0, odd = random_below(3) ? 0 : 1 + random_below(20);
	bool foreign = !random_below(6), usual = random_below(2);
	struct pkt pkts[BURST_MAX];
	bool is_foreign[BURST_MAX] = {false};

	for (unsigned i = 0; i < n; i++) {
		if (foreign && !random_below(3) && pkt_alloc(world->other, &pkts[own], 1)) {
			is_foreign[own++] = true;
		} else if (world->held_count) {
			pkts[own++] = world->held[--world->held_count];
		} else {
			break;
		}
	}
	n = own;
	for (unsigned i = 0; i < n; i++) {
		pkts[i].data += random_below(4) ? 0 : random_below(PKT_HEADROOM_BYTES);
		write_number(pkts[i].data);
		pkts[i].len = (uint16_t)(17 + random_below(MAX_FRAME - 16));
		if (row == RING_OFFLOADS)
			memset(pkts[i].data + 8, 0, 80);
		pkts[i].flags = (uint16_t)(random_below(2) ? 0 : random_below(PKT_STATUS + 1));
		pkts[i].hash = (uint32_t)random_64();
		if (row == RING_OFFLOADS && usual)
			make_usual(world, &pkts[i]);
		if (odd && !random_below(odd))
			make_odd(&pkts[i]);
	}
	world->result = nic_tx(&world->tx.nic, pkts, n);
	CU_ASSERT_FATAL(world->result <= n);
	for (unsigned i = 0; i < n; i++)
		if (!is_foreign[i] && i < world->result)
			set_out(world, pkts[i].data, false);
	for (unsigned i = world->result; i < n; i++) {
		pkts[i].data = is_foreign[i]
				       ? pkts[i].data
				       : pkt_default_data(world->pool, (uint64_t)(pkts[i].data - world->pool->base));
		if (!is_foreign[i])
			write_number(pkts[i].data);
		if (is_foreign[i])
			pkt_free(&pkts[i], 1);
		else
			world->held[world->held_count++] = pkts[i];
	}
}

/* The card sends, and reports where it was asked to; or, being hostile, anywhere. */
static void card_sends(struct world *world)
{
	uint32_t count = random_below(random_below(3) ? 40 : ring_size), slot = world->tx.reclaim_next,
		 waiting = world->tx.next - slot;
	bool hostile = !random_below(40);

	if (hostile)
		slot = random_below(ring_size);
	else if (random_below(2))
		count = waiting;
	for (; count && (hostile || slot != world->tx.next); count--, slot++) {
		uint64_t *q1 = &world->tx.ring[slot & (ring_size - 1)].q1;
		if (hostile || *q1 & TX_RS)
			__atomic_store_n(q1, *q1 | TX_DD, __ATOMIC_RELEASE);
	}
}

static void control_changes_tags(struct world *world)
{
	bool on = random_below(2);

	if (row == RING_OFFLOADS && !random_below(20))
		world->rx.report.on = (world->rx.report.on & ~RING_RX_TAGS) | (on ? RING_RX_TAGS : 0);
}

/* ---- all worlds are the same ---- */

#define SAME(a, b)                                                                                                     \
	do {                                                                                                           \
		if ((a) != (b))                                                                                        \
			printf("\n    %s: %s is %llu, in the scalar world %llu ", pkt_simd_name(world->simd), #a,      \
				(unsigned long long)(a), (unsigned long long)(b));                                     \
		CU_ASSERT_EQUAL_FATAL(a, b);                                                                           \
	} while (0)

static void same_receive(const struct world *world, const struct world *first)
{
	const struct ring_rxq *a = &world->rx, *b = &first->rx;

	SAME(a->next, b->next);
	SAME(a->refill_next, b->refill_next);
	SAME(a->fast_until, b->fast_until);
	SAME(a->frame_left, b->frame_left);
	SAME(a->skipping, b->skipping);
	SAME(a->pool_empty, b->pool_empty);
	SAME(a->bad_descriptors, b->bad_descriptors);
	SAME(world->rx_tail, first->rx_tail);
	for (unsigned slot = 0; slot < ring_size; slot++) {
		SAME(a->ring[slot].q1, b->ring[slot].q1);
		if (a->ring[slot].q1) {
			SAME(a->ring[slot].q0, b->ring[slot].q0);
		} else {
			CU_ASSERT_EQUAL_FATAL(a->ring[slot].q0, (uint64_t)a->buffers[slot] + OFFSET);
			CU_ASSERT_EQUAL_FATAL(b->ring[slot].q0, (uint64_t)b->buffers[slot] + OFFSET);
		}
	}
}

static void same_transmit(const struct world *world, const struct world *first)
{
	const struct ring_txq *a = &world->tx, *b = &first->tx;
	const uint32_t same_bytes = row == RING_OFFLOADS ? 80 : 8; /* that were written */

	SAME(a->next, b->next);
	SAME(a->reclaim_next, b->reclaim_next);
	SAME(a->fast_until, b->fast_until);
	SAME(a->bad_packets, b->bad_packets);
	SAME(world->tx_tail, first->tx_tail);
	for (uint32_t i = a->reclaim_next; i != a->next; i++) {
		uint32_t slot = i & (ring_size - 1), length = a->ring[slot].q1 & 0xffff;

		SAME(a->ring[slot].q1, b->ring[slot].q1);
		if (!a->buffers[slot]) { /* a context */
			SAME(a->ring[slot].q0, b->ring[slot].q0);
			continue;
		}
		SAME(a->ring[slot].q0 - (uint64_t)a->buffers[slot], b->ring[slot].q0 - (uint64_t)b->buffers[slot]);
		CU_ASSERT_EQUAL_FATAL(a->ring[slot].q0, (uint64_t)a->buffers[slot] + OFFSET);
		CU_ASSERT_EQUAL_FATAL(
			memcmp(a->buffers[slot], b->buffers[slot], length < same_bytes ? length : same_bytes), 0);
	}
	for (unsigned i = 0; i < ring_size / RING_BATCH; i++)
		SAME(a->report_slot[i], b->report_slot[i]);
}

static void same_worlds(void)
{
	const struct world *first = &worlds[0];

	for (const struct world *world = first + 1; world < worlds + world_count; world++) {
		SAME(world->result, first->result);
		same_receive(world, first);
		same_transmit(world, first);
		SAME(world->held_count, first->held_count);
		for (unsigned i = 0; i < world->held_count; i++) {
			const struct pkt *a = &world->held[i], *b = &first->held[i];
			SAME(a->len, b->len);
			SAME(a->flags, b->flags);
			SAME(a->hash, b->hash);
			SAME(read_number(a->data), read_number(b->data));
		}
		SAME(pkt_pool_available(world->pool), pkt_pool_available(first->pool));
		SAME(pkt_pool_available(world->other), pkt_pool_available(first->other));
	}
}

/* ---- a life ---- */

static void open_world(struct world *world, enum pkt_simd simd)
{
	memset(world, 0, sizeof(*world));
	world->simd = simd;
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&world->pool, space, pool_count, -1), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&world->other, space, OTHER_COUNT, -1), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_use_simd(world->pool, simd), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_use_simd(world->other, simd), 0);
	/* exactly as large as they must be: an access beyond is AddressSanitizer's to find */
	world->rx.ring = aligned_alloc(128, ring_size * sizeof(struct ring_descriptor));
	world->tx.ring = aligned_alloc(128, ring_size * sizeof(struct ring_descriptor));
	world->rx.buffers = calloc(ring_size, sizeof(uint8_t *));
	world->tx.buffers = calloc(ring_size, sizeof(uint8_t *));
	world->rx.pool = world->tx.pool = world->pool;
	world->rx.iova_offset = world->tx.iova_offset = OFFSET;
	world->rx.mask = world->tx.mask = ring_size - 1;
	world->rx.tail = &world->rx_tail;
	world->tx.tail = &world->tx_tail;
	world->rx.tail_batch = RING_BATCH;
	world->tx.max_frame = MAX_FRAME;
	world->rx.format = &ixgbe_rx_format;
	unsigned reports = row == RING_OFFLOADS ? 1 + random_below(3) : 0;
	ring_rx_report_init(&world->rx, (reports & RING_RX_TAGS ? NIC_RX_VLAN_STRIP : 0u) |
						(reports & RING_RX_CHECKSUMS ? NIC_RX_CHECKSUM : 0u));
	world->tx.format = &ixgbe_tx_format;
	world->tx.offload.card = row == RING_OFFLOADS ? &ixgbe_tx_card : NULL;
	CU_ASSERT_EQUAL_FATAL(ring_rxq_prepare(&world->rx, ixgbe_ring_ops.bursts[row][simd].rx), 0);
	ring_txq_prepare(&world->tx, ixgbe_ring_ops.bursts[row][simd].tx);
	world->rx_tail = ring_size - 1;
}

static void close_world(struct world *world)
{
	ring_rxq_drain(&world->rx);
	ring_txq_drain(&world->tx);
	pkt_free(world->held, world->held_count);
	CU_ASSERT_EQUAL(pkt_pool_available(world->pool), pool_count);
	CU_ASSERT_EQUAL(pkt_pool_available(world->other), OTHER_COUNT);
	CU_ASSERT_EQUAL(pkt_pool_close(world->pool), 0);
	CU_ASSERT_EQUAL(pkt_pool_close(world->other), 0);
	free(world->rx.ring);
	free(world->tx.ring);
	free(world->rx.buffers);
	free(world->tx.buffers);
}

static void live(unsigned size, unsigned steps, uint64_t seed)
{
	static void (*const deeds[])(struct world *) = {card_receives, card_receives, application_receives,
		application_receives, application_receives, application_sends, application_sends, card_sends,
		card_sends, application_frees, application_allocates, control_changes_tags};
	uint64_t received = 0, sent = 0;

	ring_size = size;
	pool_count = 2 * size + HELD_MAX - 150; /* it can run empty */
	card_head = 0;
	random_state = seed * 0x9e3779b97f4a7c15;
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	world_count = 0;
	for (enum pkt_simd simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++)
		if (pkt_simd_choose(simd) == simd) {
			random_state = seed * 0x9e3779b97f4a7c15;
			open_world(&worlds[world_count++], simd);
		}
	for (unsigned step = 0; step < steps; step++) {
		void (*deed)(struct world *) = deeds[random_below(sizeof(deeds) / sizeof(*deeds))];
		uint64_t begin = random_state;

		last_number = number;
		for (unsigned w = 0; w < world_count; w++) {
			random_state = begin;
			number = last_number;
			worlds[w].result = 0;
			deed(&worlds[w]);
		}
		received += deed == application_receives ? worlds[0].result : 0;
		sent += deed == application_sends ? worlds[0].result : 0;
		same_worlds();
	}
	/* something has happened, and everything that can */
	CU_ASSERT(received > steps / 4 && sent > steps / 4);
	CU_ASSERT(worlds[0].rx.pool_empty > 0 && worlds[0].rx.bad_descriptors > 0 && worlds[0].tx.bad_packets > 0);
	for (unsigned w = 0; w < world_count; w++)
		close_world(&worlds[w]);
	dma_space_unref(space);
}

static void small_rings_live_alike(void)
{
	for (row = 0; row < RING_OFFLOADS_COUNT; row++)
		for (uint64_t seed = 1; seed <= 6; seed++)
			live(64, 4000, seed);
}

static void larger_rings_live_alike(void)
{
	for (row = 0; row < RING_OFFLOADS_COUNT; row++)
		for (uint64_t seed = 11; seed <= 13; seed++)
			live(256, 4000, seed);
}

/* A refill that found the pool empty is made up for by the next poll, packets or none. */
static void an_idle_poll_refills(void)
{
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	ring_size = 64;
	pool_count = 64 + 32;
	random_state = 1;
	row = RING_PLAIN;
	for (enum pkt_simd simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++) {
		struct world *world = &worlds[0];
		struct pkt pkts[64];

		if (pkt_simd_choose(simd) != simd)
			continue;
		open_world(world, simd);
		world->held_count = pkt_alloc(world->pool, world->held, 32);
		for (unsigned i = 0; i < 40; i++)
			world->rx.ring[i].q1 = RX_DD | RX_EOP | UINT64_C(60) << 32;
		CU_ASSERT_EQUAL(nic_rx(&world->rx.nic, pkts, 64), 40);
		CU_ASSERT_EQUAL(nic_rx(&world->rx.nic, &pkts[40], 8), 0);
		CU_ASSERT(world->rx.pool_empty >= 2);
		CU_ASSERT_EQUAL(world->rx_tail, 63);
		pkt_free(pkts, 40);
		CU_ASSERT_EQUAL(nic_rx(&world->rx.nic, pkts, 8), 0);
		CU_ASSERT_EQUAL(world->rx_tail, 31);
		close_world(world);
	}
	dma_space_unref(space);
}

static void an_instruction_set_can_be_chosen(void)
{
	struct pkt_pool *pool;

	CU_ASSERT_EQUAL(pkt_simd_choose(PKT_SIMD_SCALAR), PKT_SIMD_SCALAR);
	CU_ASSERT_NOT_EQUAL(pkt_simd_choose(PKT_SIMD_AUTO), PKT_SIMD_AUTO);
	CU_ASSERT_EQUAL(pkt_simd_choose((enum pkt_simd)7), PKT_SIMD_AUTO);
	CU_ASSERT_STRING_EQUAL(pkt_simd_name(PKT_SIMD_AVX512), "AVX-512");
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, 100, -1), 0);
	CU_ASSERT_PTR_NOT_EQUAL(pool->bulk, NULL);
	CU_ASSERT_EQUAL(pkt_pool_use_simd(pool, PKT_SIMD_SCALAR), 0);
	CU_ASSERT_PTR_EQUAL(pool->bulk, &pkt_bulk_scalar);
	CU_ASSERT_NOT_EQUAL(pkt_pool_use_simd(pool, (enum pkt_simd)7), 0);
	CU_ASSERT_PTR_EQUAL(pool->bulk, &pkt_bulk_scalar);
	pkt_pool_close(pool);
	dma_space_unref(space);
}

/* Pointers just outside a pool, in any place among others of any number, are seen by all. */
static void pointers_outside_a_pool_are_seen(void)
{
	static const struct pkt_bulk *const bulks[] = {NULL, &pkt_bulk_scalar, &pkt_bulk_avx2, &pkt_bulk_avx512};
	struct pkt pkts[PKT_BLOCK];
	uint8_t *data[PKT_BLOCK], *buffers[PKT_BLOCK];
	struct pkt_pool *pool;

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, 100, -1), 0);
	uint8_t *const end = pool->base + pool->last_offset + 1;
	uint8_t *const strange[] = {pool->base - 1, pool->base - (UINT64_C(1) << 32), end, end + 4096,
		pool->base + (UINT64_C(1) << 32), NULL};
	for (enum pkt_simd simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++) {
		if (pkt_simd_choose(simd) != simd)
			continue;
		for (unsigned n = 1; n <= PKT_BLOCK; n++) {
			for (unsigned i = 0; i < n; i++)
				pkts[i].data = data[i] = i % 2 ? end - 1 - i : pool->base + i;
			CU_ASSERT_TRUE(bulks[simd]->buffers_of_pkts(pool, buffers, pkts, n));
			CU_ASSERT_TRUE(bulks[simd]->buffers_of_data(pool, buffers, data, n));
			for (unsigned i = 0; i < n; i++) {
				for (unsigned s = 0; s < sizeof(strange) / sizeof(*strange); s++) {
					uint8_t *before = data[i];
					pkts[i].data = data[i] = strange[s];
					CU_ASSERT_FALSE(bulks[simd]->buffers_of_pkts(pool, buffers, pkts, n));
					CU_ASSERT_FALSE(bulks[simd]->buffers_of_data(pool, buffers, data, n));
					pkts[i].data = data[i] = before;
				}
			}
		}
	}
	pkt_pool_close(pool);
	dma_space_unref(space);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"an instruction set can be chosen", an_instruction_set_can_be_chosen},
		{"pointers outside a pool are seen", pointers_outside_a_pool_are_seen},
		{"an idle poll refills", an_idle_poll_refills},
		{"small rings live alike", small_rings_live_alike},
		{"larger rings live alike", larger_rings_live_alike},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"instruction sets", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};

	for (enum pkt_simd simd = PKT_SIMD_AVX2; simd <= PKT_SIMD_AVX512; simd++)
		if (pkt_simd_choose(simd) != simd)
			printf("skipped: this CPU does not have %s\n", pkt_simd_name(simd));
	return unit_run(suites);
}
