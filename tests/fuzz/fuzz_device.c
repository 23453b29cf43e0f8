/* SPDX-License-Identifier: BSD-2-Clause
 * Fuzzes the data path of the ixgbe driver: a started port on the software 82599, whose device also writes into the
 * rings whatever the input says. No packet may be lost, be in two hands, or be longer than its buffer. */
#include "clock.h"
#include "input.h"

#include "../../driver/driver.h"
#include "../../driver/ixgbe/bursts.h"
#include "../../driver/ixgbe/ixgbe.h"
#include "../../mempool/pool.h"

#include <errno.h>

#define RING     64u
#define HELD_MAX 1024u

static struct dma_space *space;
static struct pkt_pool *pool, *other_pool;
static struct nic *nic;
static unsigned pool_count;

static struct pkt held[HELD_MAX];
static unsigned held_count;

static bool open_once(void)
{
	struct model_local_config local = {.trapped = false};
	struct nic_config config = {.rx_ring = RING, .tx_ring = RING};

	pool_count = nic_pool_count(&config, 1, 1) + HELD_MAX;
	if (dma_space_open(&space) || pkt_pool_open(&pool, space, pool_count, -1) ||
		pkt_pool_open(&other_pool, space, 256, -1))
		return false;
	if (model_local_open(&fuzzed, space, &local) || port_from_device(&nic, fuzzed))
		return false;
	return true;
}

static bool start(uint8_t choice)
{
	struct nic_config config = {.rx_ring = RING, .tx_ring = RING, .pool = pool, .promiscuous = true};

	config.mtu = choice & 1 ? 9000 : 1500;
	config.simd = pkt_simd_choose((enum pkt_simd)(choice >> 1 & 3)); /* what the CPU does not have: the best */
	return pkt_pool_use_simd(pool, config.simd) == 0 && nic_start(nic, &config) == 0;
}

/* A packet has come into the application's hands. */
static void hold(const struct pkt *pkt)
{
	uint64_t offset = (uint64_t)pkt->data - (uint64_t)pool->base;

	HOLDS(offset <= pool->last_offset);
	HOLDS(pkt->data == pkt_default_data(pool, offset));
	HOLDS(pkt->len <= PKT_DATA_BYTES);
	for (unsigned i = 0; i < held_count; i++)
		HOLDS(held[i].data != pkt->data);
	if (held_count == HELD_MAX)
		pkt_free(&held[--held_count], 1);
	held[held_count++] = *pkt;
}

static void receive(unsigned n)
{
	struct pkt pkts[256];
	unsigned got = nic_rx(nic_rxq(nic, 0), pkts, n);

	HOLDS(got <= n);
	for (unsigned i = 0; i < got; i++)
		hold(&pkts[i]);
}

static void give_back(unsigned n)
{
	n = n < held_count ? n : held_count;
	held_count -= n;
	pkt_free(&held[held_count], n);
}

/* The application sends n of its packets; lengths and flags may make no sense. */
static void send(struct input *in, unsigned n, bool foreign)
{
	struct pkt pkts[128];
	unsigned have = 0, sent;
	uint8_t wish = input_8(in);
	uint16_t len = input_16(in);

	n = n < 128 ? n : 128;
	if (!foreign)
		while (have < n && held_count)
			pkts[have++] = held[--held_count];
	have += pkt_alloc(foreign ? other_pool : pool, &pkts[have], n - have);
	for (unsigned i = 0; i < have; i++) {
		if (wish & 1)
			pkts[i].len = wish & 2 ? input_16(in) : len;
		pkts[i].flags = 0;
		if ((wish & 12) == 12)
			pkts[i].flags = input_16(in);
		else if (wish & 4 && (i + 1) % (1u + (wish >> 4)))
			pkts[i].flags = PKT_MORE;
		if (!(wish & 16) && pkts[i].len > PKT_DATA_BYTES)
			pkts[i].len = 60;
	}
	sent = nic_tx(nic_txq(nic, 0), pkts, have);
	HOLDS(sent <= have);
	pkt_free(&pkts[sent], have - sent);
}

/* The device writes a run of descriptors, from a slot on that is near where the driver looks next. */
static void write_descriptors(struct input *in, struct ring_descriptor *ring, uint32_t next)
{
	uint8_t kind = input_8(in);
	uint32_t slot = next + input_8(in) - (kind & 0x80 ? 64 : 0), count = kind & 0x3f;
	uint64_t q0 = 0, q1;

	if (kind & 0x40) {
		q0 = input_number(in, 8);
		q1 = input_number(in, 8);
	} else {
		/* DD, EOP and the error bit from one byte, and a length */
		uint8_t bits = input_8(in);
		q1 = (bits & 3) | (uint64_t)(bits >> 2 & 1) << 29 | (uint64_t)(bits >> 3 & 1) << 32 |
		     (uint64_t)input_16(in) << 32;
	}
	for (uint32_t i = 0; i <= count; i++) {
		__atomic_store_n(&ring[(slot + i) % RING].q0, q0, __ATOMIC_RELAXED);
		__atomic_store_n(&ring[(slot + i) % RING].q1, q1, __ATOMIC_RELEASE);
	}
}

static unsigned take(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context, (void)frames;
	return n;
}

static void arrive(struct input *in)
{
	uint8_t data[256];
	struct model_frame frame = {.data = data, .len = 60 + input_8(in) % 196};

	memset(data, 0x5a, sizeof(data));
	for (unsigned i = input_8(in) % 64; i; i--)
		model_receive(model_local_model(fuzzed), &frame, 1);
}

static void one_step(struct input *in)
{
	struct model_sink sink = {.take = take};
	struct nic_stats stats;
	uint8_t op = input_8(in);

	switch (op % 11) {
	case 0:
	case 1:
		write_descriptors(in, nic->rings.rxqs[0]->ring, nic->rings.rxqs[0]->next);
		break;
	case 2:
	case 3:
		receive(input_8(in));
		break;
	case 4:
		give_back(input_8(in));
		break;
	case 5:
		send(in, input_8(in), op & 0x80);
		break;
	case 6:
		write_descriptors(in, nic->rings.txqs[0]->ring, nic->rings.txqs[0]->reclaim_next);
		break;
	case 7:
		arrive(in);
		break;
	case 8:
		model_transmit(model_local_model(fuzzed), &sink, input_8(in));
		break;
	case 9:
		nic_get_stats(nic, &stats);
		break;
	default: /* takes all that is left of the pool, and gives it back later */
		while (held_count < HELD_MAX && pkt_alloc(pool, &held[held_count], 1) == 1)
			held_count++;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct input in = {data, bytes};

	if (!nic)
		HOLDS(open_once());
	HOLDS(start(input_8(&in)));
	model_set_partner(model_local_model(fuzzed), true);
	model_local_advance(fuzzed, 100000000);
	while (in.left)
		one_step(&in);
	HOLDS(nic_stop(nic) == 0);
	give_back(held_count);
	HOLDS(pkt_pool_available(pool) == pool_count);
	HOLDS(pkt_pool_available(other_pool) == 256);
	return 0;
}
