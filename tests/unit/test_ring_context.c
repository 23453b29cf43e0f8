/* SPDX-License-Identifier: BSD-2-Clause
 * Slots of a transmit ring that have no buffer: context descriptors in front of frames, written as an offload's burst
 * writes them, among the frames of plain bursts, and sent by the software 82599. */
#include "../../driver/driver.h"
#include "../../driver/ixgbe/descriptor.h"
#include "../../driver/ring/offload.h"
#include "../../mempool/pool.h"
#include "../model/local.h"

#include "unit.h"
#include "unit_wire.h"
#include <string.h>

#define RING          64u
#define BATCH         32u
#define REPORT_STATUS (UINT64_C(1) << 27)

/* A family's orders for whatever frame: a context that the card does not remember, of no consequence for a frame that
 * does not ask for an offload: lengths of Ethernet and IPv4 headers; DTYP, DEXT (82599 DS 7.2.3.2.3). */
static bool orders_with_context(const struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	static uint64_t mss;

	orders->context = (struct ring_descriptor){14 << 9 | 20, (++mss & 0xffff) << 48 | 2u << 20 | 1u << 29};
	orders->data = ring_tx_plain(&ixgbe_tx_format, layout->total);
	return true;
}
static const struct ring_tx_card card = {.can = RING_TX_CAN_VLAN, .contexts = 1, .orders = orders_with_context};

static struct dma_space *space;
static struct pkt_pool *pool;
static unsigned pool_count;
static struct vfio_device *device;
static struct nic *nic;
static struct ring_txq *queue;
static struct wire wire;
static unsigned written; /* frames, each with its number in its bytes */

static void open_port(enum pkt_simd simd)
{
	struct nic_config config = {.tx_ring = RING, .mtu = 9000, .simd = simd};
	struct model_local_config local = {.model.card = MODEL_82599};
	struct nic_link link = {0};

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	pool_count = nic_pool_count(&config, 1, 1) + RING;
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, pool_count, -1), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_use_simd(pool, simd), 0);
	config.pool = pool;
	CU_ASSERT_EQUAL_FATAL(model_local_open(&device, space, &local), 0);
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, device), 0);
	CU_ASSERT_EQUAL_FATAL(nic_start(nic, &config), 0);
	model_set_partner(model_local_model(device), true);
	for (unsigned ms = 0; !link.up && ms < 10000; ms++) {
		model_local_advance(device, 1000000);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(nic, &link), 0);
	}
	queue = (struct ring_txq *)nic_txq(nic, 0);
	queue->offload.card = &card;
	written = 0;
}

/* All frames that went out are the numbered ones, in their order; nothing is lost, and the model objects to nothing. */
static void close_port(void)
{
	const struct model_faults *faults = model_faults(model_local_model(device));

	CU_ASSERT_EQUAL(faults->bad_address + faults->bad_ring + faults->bad_descriptor + faults->bad_order, 0);
	for (unsigned i = 0; i < wire.count; i++)
		CU_ASSERT_TRUE(wire_is_frame(wire.data[i], wire.len[i], i, wire.len[i]));
	nic_close(nic);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), pool_count);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	dma_space_unref(space);
	wire_forget(&wire);
}

/* The next numbered frame, in one buffer, or in several. */
static unsigned make_frame(struct pkt *pkts, uint32_t len)
{
	uint8_t bytes[9000];
	unsigned n = (len + PKT_DATA_BYTES - 1) / PKT_DATA_BYTES;

	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, pkts, n), n);
	wire_frame(bytes, written++, len);
	for (unsigned i = 0; i < n; i++) {
		uint32_t rest = len - i * PKT_DATA_BYTES, piece = rest < PKT_DATA_BYTES ? rest : PKT_DATA_BYTES;

		memcpy(pkts[i].data, bytes + i * PKT_DATA_BYTES, piece);
		pkts[i].len = (uint16_t)piece;
		pkts[i].flags = i + 1 < n ? PKT_MORE : 0;
	}
	return n;
}

static void send_plain(unsigned frames)
{
	struct pkt pkt;

	for (; frames; frames--) {
		make_frame(&pkt, 60);
		CU_ASSERT_EQUAL_FATAL(nic_tx(&queue->nic, &pkt, 1), 1);
	}
}

static unsigned put_with_context(struct pkt *pkts, unsigned n)
{
	unsigned used;

	pkts->flags |= PKT_VLAN;
	used = ring_tx_put_frame(queue->format, queue, pkts, n);

	ring_tx_hand_over(queue);
	ring_tx_set_fast_until(queue);
	return used;
}

static void send_with_context(uint32_t len)
{
	struct pkt pkts[8];
	unsigned n = make_frame(pkts, len);

	CU_ASSERT_EQUAL_FATAL(put_with_context(pkts, n), n);
}

static unsigned card_sends(void)
{
	return wire_send(&wire, model_local_model(device));
}

static void with_each_instruction_set(void (*test)(void))
{
	for (enum pkt_simd simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++) {
		if (pkt_simd_choose(simd) != simd)
			continue;
		open_port(simd);
		test();
		close_port();
	}
}

/* The context has each slot of the ring in turn: its last one, and those at the ends of batches, among them. */
static void go_through_the_ring(void)
{
	bool tried[RING] = {false};

	for (unsigned round = 0; round < 5 * RING; round++) {
		unsigned before = round % 11;
		uint32_t slot;

		send_plain(before);
		slot = queue->next & queue->mask;
		tried[slot] = true;
		send_with_context(60);
		CU_ASSERT_PTR_NULL(queue->buffers[slot]);
		CU_ASSERT_EQUAL(queue->ring[slot].q1 & REPORT_STATUS, 0); /* no card reports a context */
		if (slot % BATCH == BATCH - 1)
			CU_ASSERT_EQUAL(queue->report_slot[slot / BATCH], (slot + 1) & queue->mask);
		CU_ASSERT_EQUAL(card_sends(), before + 1);
		ring_tx_reclaim(queue);
		CU_ASSERT(queue->next - queue->reclaim_next < BATCH);
	}
	for (unsigned slot = 0; slot < RING; slot++)
		CU_ASSERT_TRUE(tried[slot]);
	CU_ASSERT_EQUAL(queue->extra_slots, 5 * RING);
	CU_ASSERT_EQUAL(queue->next, written + 5 * RING);
}

static void a_context_in_any_slot_is_reclaimed(void)
{
	with_each_instruction_set(go_through_the_ring);
}

static void fill_a_ring(void)
{
	struct pkt pkts[2];
	uint32_t next;

	send_plain(RING - 3);
	send_with_context(60);
	CU_ASSERT_EQUAL(ring_tx_room(queue), 0);
	card_sends();
	send_plain(BATCH - 1); /* the first batch is back, and one slot of it is left */
	CU_ASSERT_EQUAL(ring_tx_room(queue), 1);
	next = queue->next;
	make_frame(pkts, 60);
	CU_ASSERT_EQUAL(put_with_context(pkts, 1), 0);
	CU_ASSERT_EQUAL(queue->next, next);
	CU_ASSERT_EQUAL(queue->extra_slots, 1);
	card_sends();
	ring_tx_reclaim(queue);
	CU_ASSERT_EQUAL(put_with_context(pkts, 1), 1);
	card_sends();
}

static void a_context_needs_room_for_its_frame_as_well(void)
{
	with_each_instruction_set(fill_a_ring);
}

/* Half of each batch has no buffer. */
static void send_contexts_only(void)
{
	for (unsigned i = 0; i < 5 * RING; i++) {
		send_with_context(60);
		card_sends();
		ring_tx_reclaim(queue);
	}
	CU_ASSERT_EQUAL(wire.count, 5 * RING);
	CU_ASSERT_EQUAL(queue->next, 10 * RING);
	CU_ASSERT_EQUAL(queue->reclaim_next, 10 * RING);
}

static void a_context_for_every_frame_does_no_harm(void)
{
	with_each_instruction_set(send_contexts_only);
}

static void send_unusual_frames(void)
{
	struct pkt pkt;
	uint32_t next;

	send_plain(28); /* so that the long one crosses the batch's end */
	send_with_context(7000);
	CU_ASSERT_EQUAL(queue->next, 28 + 1 + 4);
	CU_ASSERT_EQUAL(queue->report_slot[0], 32);
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
	memset(pkt.data, 0, 16);
	wire_frame(pkt.data, written++, 16);
	pkt.len = 16;
	CU_ASSERT_EQUAL(put_with_context(&pkt, 1), 1);
	CU_ASSERT_EQUAL(card_sends(), 28 + 2);
	CU_ASSERT_EQUAL(wire.len[29], 60);
	wire.len[29] = 16; /* the rest is padding */
	next = queue->next;
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 0;
	CU_ASSERT_EQUAL(put_with_context(&pkt, 1), 1);
	CU_ASSERT_EQUAL(queue->bad_packets, 1);
	CU_ASSERT_EQUAL(queue->next, next); /* no context without its frame */
}

static void unusual_frames_have_contexts_too(void)
{
	with_each_instruction_set(send_unusual_frames);
}

static void stop_with_some_in_flight(void)
{
	struct nic_stats stats;

	send_plain(10);
	send_with_context(60);
	CU_ASSERT_EQUAL(card_sends(), 11);
	model_break(model_local_model(device), MODEL_TX_STUCK);
	send_plain(BATCH - 13);
	send_with_context(60); /* in the batch's last slot */
	send_with_context(7000);
	send_plain(1);
	nic_stop(nic);
	nic_get_stats(nic, &stats);
	CU_ASSERT_EQUAL(stats.tx_packets, 11);
	CU_ASSERT_EQUAL(stats.tx_unsent, BATCH - 13 + 3); /* frames, not contexts */
}

static void contexts_in_flight_are_no_frames_at_stop(void)
{
	with_each_instruction_set(stop_with_some_in_flight);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"a context in any slot is reclaimed", a_context_in_any_slot_is_reclaimed},
		{"a context needs room for its frame as well", a_context_needs_room_for_its_frame_as_well},
		{"a context for every frame does no harm", a_context_for_every_frame_does_no_harm},
		{"unusual frames have contexts too", unusual_frames_have_contexts_too},
		{"contexts in flight are no frames at stop", contexts_in_flight_are_no_frames_at_stop},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"slots without a buffer", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
