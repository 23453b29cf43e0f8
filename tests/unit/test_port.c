/* SPDX-License-Identifier: BSD-2-Clause
 * A port from end to end: the ixgbe driver against the software 82599 in one process, with heads and tails as memory
 * and as calls. */
#include "../../driver/driver.h"
#include "../../driver/ixgbe/bursts.h"
#include "../../driver/ixgbe/ixgbe.h"
#include "../model/local.h"

#include "unit.h"
#include "unit_wire.h"
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct dma_space *space;
	struct pkt_pool *pool;
	unsigned pool_count;
	struct vfio_device *device[2];
	struct nic *nic[2];
	struct wire wire[2];
};

static bool trapped;         /* the whole suite runs both ways, ... */
static enum model_card card; /* ... on each card */
static enum pkt_simd simd;   /* ... and with each instruction set */

static struct model *model(struct fixture *f, unsigned port)
{
	return model_local_model(f->device[port]);
}

static unsigned send_out(struct fixture *f, unsigned port)
{
	return wire_send(&f->wire[port], model(f, port));
}

static int open_device(struct fixture *f, unsigned port, unsigned fail)
{
	struct model_local_config config = {.model.card = card, .model.port = port, .trapped = trapped, .fail = fail};

	return model_local_open(&f->device[port], f->space, &config);
}

static void link_up(struct fixture *f, unsigned port)
{
	struct nic_link link = {0};

	model_set_partner(model(f, port), true);
	for (unsigned ms = 0; !link.up && ms < 10000; ms++) {
		model_local_advance(f->device[port], 1000000);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(f->nic[port], &link), 0);
	}
	CU_ASSERT_TRUE_FATAL(link.up);
	CU_ASSERT_EQUAL(link.mbps, 10000);
}

static void set_up(struct fixture *f, const struct nic_config *wanted, unsigned extra_packets)
{
	struct nic_config config = wanted ? *wanted : (struct nic_config){.promiscuous = true};

	memset(f, 0, sizeof(*f));
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&f->space), 0);
	f->pool_count = nic_pool_count(&config, 2, 1) + extra_packets;
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&f->pool, f->space, f->pool_count, -1), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_use_simd(f->pool, simd), 0);
	config.simd = simd;
	config.pool = f->pool;
	for (unsigned port = 0; port < 2; port++) {
		CU_ASSERT_EQUAL_FATAL(open_device(f, port, 0), 0);
		CU_ASSERT_EQUAL_FATAL(port_from_device(&f->nic[port], f->device[port]), 0);
		CU_ASSERT_EQUAL_FATAL(nic_start(f->nic[port], &config), 0);
		link_up(f, port);
	}
}

/* Everything back, nothing lost, and the driver did nothing that the model objects to. */
static void tear_down(struct fixture *f, bool second_first)
{
	for (unsigned port = 0; port < 2; port++) {
		const struct model_faults *faults = model_faults(model(f, port));

		CU_ASSERT_EQUAL(faults->bad_address, 0);
		CU_ASSERT_EQUAL(faults->bad_ring, 0);
		CU_ASSERT_EQUAL(faults->bad_descriptor, 0);
		CU_ASSERT_EQUAL(faults->bad_register, 0);
		CU_ASSERT_EQUAL(faults->bad_order, 0);
	}
	nic_close(f->nic[second_first]);
	nic_close(f->nic[!second_first]);
	CU_ASSERT_EQUAL(pkt_pool_available(f->pool), f->pool_count);
	CU_ASSERT_EQUAL(pkt_pool_close(f->pool), 0);
	dma_space_unref(f->space);
	wire_forget(&f->wire[0]);
	wire_forget(&f->wire[1]);
}

static bool arrive(struct fixture *f, unsigned port, unsigned number, uint32_t len)
{
	return wire_arrive(model(f, port), number, len);
}

static void receives_frames_of_every_size_byte_for_byte(void)
{
	struct fixture f;
	struct pkt pkt;

	set_up(&f, NULL, 0);
	for (uint32_t len = 60; len <= 1522; len++) { /* the longest with two VLAN tags, at an MTU of 1500 */
		CU_ASSERT_TRUE_FATAL(arrive(&f, 0, len, len));
		CU_ASSERT_EQUAL_FATAL(nic_rx(nic_rxq(f.nic[0], 0), &pkt, 1), 1);
		CU_ASSERT_TRUE(wire_is_frame(pkt.data, pkt.len, len, len));
		CU_ASSERT_EQUAL(pkt.flags, 0);
		pkt_free(&pkt, 1);
	}
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(f.nic[0], 0), &pkt, 1), 0);
	tear_down(&f, false);
}

/* Each write of the receive tail is a trap where the card is emulated. */
static void the_receive_tail_is_written_four_times_per_lap(void)
{
	struct fixture f;
	struct pkt pkt;
	unsigned writes = 0;

	set_up(&f, NULL, 0);
	const struct ring_rxq *queue = f.nic[0]->rings.rxqs[0];
	for (uint32_t i = 0; i < 2 * (queue->mask + 1); i++) {
		uint32_t before = queue->tail_written;
		CU_ASSERT_TRUE_FATAL(arrive(&f, 0, i, 60));
		CU_ASSERT_EQUAL_FATAL(nic_rx(nic_rxq(f.nic[0], 0), &pkt, 1), 1);
		pkt_free(&pkt, 1);
		writes += queue->tail_written != before;
	}
	CU_ASSERT_EQUAL(writes, 8);
	tear_down(&f, false);
}

static void sends_frames_of_every_size_and_pads_short_ones(void)
{
	struct fixture f;
	struct pkt pkt;

	set_up(&f, NULL, 0);
	for (uint32_t len = 1; len <= 1522; len++) {
		const struct wire *wire = &f.wire[1];
		bool right = true;

		CU_ASSERT_EQUAL_FATAL(pkt_alloc(f.pool, &pkt, 1), 1);
		memset(pkt.data, 0xee, PKT_DATA_BYTES);
		if (len % 5 == 0)
			pkt.data += PKT_DATA_BYTES - len; /* at the very end of its buffer */
		for (uint32_t i = 0; i < len; i++)
			pkt.data[i] = (uint8_t)(len + i);
		pkt.len = (uint16_t)len;
		CU_ASSERT_EQUAL_FATAL(nic_tx(nic_txq(f.nic[1], 0), &pkt, 1), 1);
		CU_ASSERT_EQUAL_FATAL(send_out(&f, 1), 1);
		CU_ASSERT_EQUAL_FATAL(wire->len[0], len < 60 ? 60 : len);
		for (uint32_t i = 0; i < wire->len[0]; i++)
			right = right && wire->data[0][i] == (i < len ? (uint8_t)(len + i) : 0);
		CU_ASSERT_TRUE(right);
		wire_forget(&f.wire[1]);
	}
	tear_down(&f, false);
}

/* Bursts of all sizes, from anywhere in the ring, arrivals that stop and go: in order, none lost, none twice. */
static void forwards_in_random_bursts_without_loss(void)
{
	struct fixture f;
	struct pkt pkts[256];
	unsigned arrived = 0, left = 0, errors = 0;
	unsigned short seed[3] = {1, 2, 3};

	set_up(&f, NULL, 0);
	while (f.wire[1].count < WIRE_FRAMES) {
		unsigned comes = (unsigned)nrand48(seed) % 100, burst = 1 + (unsigned)nrand48(seed) % 256, got,
			 sent = 0;

		while (comes-- && arrived < WIRE_FRAMES && arrive(&f, 0, arrived, 60 + arrived % 200))
			arrived++;
		got = nic_rx(nic_rxq(f.nic[0], 0), pkts, burst);
		while (sent < got) {
			sent += nic_tx(nic_txq(f.nic[1], 0), pkts + sent, got - sent);
			if (nrand48(seed) % 3 == 0 || sent < got)
				send_out(&f, 1);
		}
		left += got;
		if (left == WIRE_FRAMES)
			send_out(&f, 1);
	}
	for (unsigned i = 0; i < WIRE_FRAMES; i++)
		errors += !wire_is_frame(f.wire[1].data[i], f.wire[1].len[i], i, 60 + i % 200);
	CU_ASSERT_EQUAL(errors, 0);
	tear_down(&f, true);
}

static void statistics_match_the_wire(void)
{
	struct fixture f;
	struct nic_stats stats;
	struct pkt pkt;
	uint64_t bytes = 0;
	struct model_frame bad;
	uint8_t data[WIRE_BYTES];

	set_up(&f, NULL, 0);
	for (unsigned i = 0; i < 300; i++) {
		arrive(&f, 0, i, 60 + i);
		bytes += 60 + i;
		CU_ASSERT_EQUAL_FATAL(nic_rx(nic_rxq(f.nic[0], 0), &pkt, 1), 1);
		CU_ASSERT_EQUAL_FATAL(nic_tx(nic_txq(f.nic[1], 0), &pkt, 1), 1);
		if (i % 100 == 0)
			CU_ASSERT_EQUAL(nic_service(f.nic[0], NULL), 0);
	}
	send_out(&f, 1);
	bad = wire_frame(data, 1, 100);
	bad.bad_crc = true;
	model_receive(model(&f, 0), &bad, 1);
	CU_ASSERT_EQUAL(nic_get_stats(f.nic[0], &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, 300);
	CU_ASSERT_EQUAL(stats.rx_bytes, bytes);
	CU_ASSERT_EQUAL(stats.rx_errors, 1);
	CU_ASSERT_EQUAL(stats.rx_missed + stats.rx_no_descriptor + stats.rx_bad_descriptors, 0);
	CU_ASSERT_EQUAL(nic_get_stats(f.nic[1], &stats), 0);
	CU_ASSERT_EQUAL(stats.tx_packets, 300);
	CU_ASSERT_EQUAL(stats.tx_bytes, bytes);
	tear_down(&f, false);
}

static void bad_descriptors_are_dropped_and_counted(void)
{
	static const struct {
		const char *what;
		uint64_t keep, set;
		unsigned tampered, dropped; /* descriptors, of one frame */
	} cases[] = {
		{"length beyond the buffer", ~(UINT64_C(0xffff) << 32), UINT64_C(2049) << 32, 1, 1},
		{"the longest length there is", UINT64_MAX, UINT64_C(0xffff) << 32, 1, 1},
		{"an error bit", UINT64_MAX, UINT64_C(1) << 29, 1, 1}, {"every bit set", UINT64_MAX, UINT64_MAX, 1, 1},
		{"a frame without end", ~UINT64_C(2), 0, 16, 17}, /* the 17th is the end of what has no beginning */
	};
	struct fixture f;
	struct nic_stats stats;
	uint64_t dropped = 0;
	struct pkt pkts[64];

	set_up(&f, NULL, 0);
	for (unsigned c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
		unsigned got = 0, n;

		model_tamper_rx(model(&f, 0), cases[c].keep, cases[c].set, cases[c].tampered);
		for (unsigned i = 0; i < 20; i++)
			CU_ASSERT_TRUE_FATAL(arrive(&f, 0, i, 100));
		for (unsigned polls = 0; polls < 50; polls++) {
			n = nic_rx(nic_rxq(f.nic[0], 0), pkts, 1 + polls % 7);
			for (unsigned i = 0; i < n; i++)
				CU_ASSERT_TRUE(
					wire_is_frame(pkts[i].data, pkts[i].len, cases[c].dropped + got + i, 100));
			pkt_free(pkts, n);
			got += n;
		}
		CU_ASSERT_EQUAL(got, 20 - cases[c].dropped);
		dropped += cases[c].dropped;
		nic_get_stats(f.nic[0], &stats);
		if (stats.rx_bad_descriptors != dropped)
			printf("\n    %s: %lu bad descriptors counted, not %lu\n", cases[c].what,
				stats.rx_bad_descriptors, dropped);
		CU_ASSERT_EQUAL(stats.rx_bad_descriptors, dropped);
		CU_ASSERT_EQUAL(stats.rx_bad_packets, c + 1);
	}
	tear_down(&f, false);
}

/* No hardware does that: finished descriptors for all of the ring at once, behind the middle of a frame without end. */
static void what_is_dropped_is_not_handed_out_round_the_ring(void)
{
	struct nic_config small = {.rx_ring = 64, .promiscuous = true};
	struct ring_descriptor *ring;
	struct fixture f;
	struct pkt pkts[128];
	unsigned n;

	set_up(&f, &small, 0);
	ring = f.nic[0]->rings.rxqs[0]->ring;
	for (unsigned i = 0; i < 32; i++)
		ring[i].q1 = UINT64_C(60) << 32 | 1; /* DD, no EOP */
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(f.nic[0], 0), pkts, 32), 0);
	for (unsigned i = 0; i < 64; i++)
		ring[i].q1 = UINT64_C(60) << 32 | 3;
	n = nic_rx(nic_rxq(f.nic[0], 0), pkts, 64);
	CU_ASSERT_EQUAL(n, 63);
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < i; k++)
			CU_ASSERT_PTR_NOT_EQUAL(pkts[i].data, pkts[k].data);
	pkt_free(pkts, n);
	tear_down(&f, false);
}

static void long_frames_come_and_go_in_pieces(void)
{
	struct nic_config jumbo = {.mtu = 9000, .promiscuous = true};
	struct fixture f;
	struct pkt pkts[64];

	set_up(&f, &jumbo, 0);
	for (unsigned i = 0; i < 200; i++) {
		uint32_t len = 60 + i * 44; /* up to 8.8 KiB, exact multiples of the buffer among them */
		unsigned burst = i % 3 == 0 ? 1 : i % 3 == 1 ? 3 : 64, have = 0, n, sent;

		if (i == 100)
			len = 4096;
		CU_ASSERT_TRUE_FATAL(arrive(&f, 0, i, len));
		while (!have || pkts[have - 1].flags & PKT_MORE) {
			n = nic_rx(nic_rxq(f.nic[0], 0), pkts + have, burst < 64 - have ? burst : 64 - have);
			CU_ASSERT_TRUE_FATAL(n > 0);
			have += n;
		}
		CU_ASSERT_EQUAL(have, (len + PKT_DATA_BYTES - 1) / PKT_DATA_BYTES);
		/* half a frame is not taken */
		if (have > 1)
			CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[1], 0), pkts, have - 1), 0);
		sent = nic_tx(nic_txq(f.nic[1], 0), pkts, have);
		CU_ASSERT_EQUAL_FATAL(sent, have);
		send_out(&f, 1);
		CU_ASSERT_EQUAL_FATAL(f.wire[1].count, i + 1);
		CU_ASSERT_TRUE(wire_is_frame(f.wire[1].data[i], f.wire[1].len[i], i, len));
	}
	tear_down(&f, false);
}

static void an_empty_pool_stops_nothing_for_good(void)
{
	struct fixture f;
	struct nic_stats stats;
	struct pkt *held, pkt[32];
	unsigned n, count;

	set_up(&f, NULL, 0);
	held = calloc(f.pool_count, sizeof(*held));
	count = pkt_alloc(f.pool, held, f.pool_count); /* all but what the receive rings hold */
	for (unsigned i = 0; i < 2000 && arrive(&f, 0, i, 60); i++) {
		n = nic_rx(nic_rxq(f.nic[0], 0), &held[count], 1);
		count += n;
	}
	nic_get_stats(f.nic[0], &stats);
	CU_ASSERT_TRUE(stats.rx_pool_empty > 0);
	CU_ASSERT_EQUAL(count, f.pool_count - 512 - 1); /* the other port's ring, and the slot that stays back */
	pkt_free(held, count);
	nic_rx(nic_rxq(f.nic[0], 0), pkt, 32); /* refills */
	CU_ASSERT_TRUE(arrive(&f, 0, 7, 60));
	n = nic_rx(nic_rxq(f.nic[0], 0), pkt, 32);
	CU_ASSERT_EQUAL(n, 1);
	pkt_free(pkt, n);
	free(held);
	tear_down(&f, false);
}

static void a_full_ring_leaves_the_rest_with_the_caller(void)
{
	struct fixture f;
	struct pkt pkts[600];
	unsigned n, sent;

	set_up(&f, NULL, 600);
	n = pkt_alloc(f.pool, pkts, 600);
	CU_ASSERT_EQUAL_FATAL(n, 600);
	for (unsigned i = 0; i < n; i++)
		pkts[i].len = 60;
	sent = nic_tx(nic_txq(f.nic[0], 0), pkts, n);
	CU_ASSERT_EQUAL(sent, 511);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[0], 0), pkts + sent, n - sent), 0);
	f.wire[0].capacity = 40;
	send_out(&f, 0);
	sent += nic_tx(nic_txq(f.nic[0], 0), pkts + sent, n - sent);
	CU_ASSERT_EQUAL(sent, 600);
	tear_down(&f, false); /* with packets in the ring: they are sent or given back */
}

/* Frames in one buffer and in three, one of them half taken: each is in one of the counters, which stay when the port
 * has stopped. */
static void what_is_left_in_the_rings_at_the_end_is_counted(void)
{
	struct nic_config jumbo = {.mtu = 9000, .promiscuous = true};
	struct fixture f;
	struct nic_stats stats;
	struct pkt pkts[6], out[6];

	set_up(&f, &jumbo, 0);
	for (unsigned i = 0; i < 6; i++)
		CU_ASSERT_TRUE_FATAL(arrive(&f, 0, i, i == 3 ? 5000 : 100));
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(f.nic[0], 0), pkts, 4), 4);
	CU_ASSERT_EQUAL(pkts[3].flags, PKT_MORE);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[1], 0), pkts, 2), 2);
	CU_ASSERT_EQUAL(send_out(&f, 1), 2);
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(f.pool, out, 6), 6);
	for (unsigned i = 0; i < 6; i++)
		out[i].len = i == 1 ? 0 : 100; /* the second is impossible */
	out[2].flags = out[3].flags = PKT_MORE;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[1], 0), out, 6), 6);
	CU_ASSERT_EQUAL(nic_stop(f.nic[0]), 0);
	CU_ASSERT_EQUAL(nic_stop(f.nic[1]), 0);
	nic_get_stats(f.nic[0], &stats);
	CU_ASSERT_EQUAL(stats.rx_packets, 6);
	CU_ASSERT_EQUAL(stats.rx_bytes, 5 * 100 + 5000);
	CU_ASSERT_EQUAL(stats.rx_left, 3);
	CU_ASSERT_EQUAL(stats.tx_unsent + stats.rx_bad_packets, 0);
	nic_get_stats(f.nic[1], &stats);
	CU_ASSERT_EQUAL(stats.tx_packets, 2);
	CU_ASSERT_EQUAL(stats.tx_bytes, 200);
	CU_ASSERT_EQUAL(stats.tx_unsent, 3);
	CU_ASSERT_EQUAL(stats.tx_bad_packets, 1);
	pkt_free(pkts + 2, 2);
	tear_down(&f, false);
}

static void impossible_packets_are_freed_and_counted(void)
{
	struct fixture f;
	struct nic_stats stats;
	struct pkt pkts[40];

	set_up(&f, NULL, 0);
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(f.pool, pkts, 40), 40);
	for (unsigned i = 0; i < 40; i++)
		pkts[i].len = 60;
	pkts[0].len = 0;
	pkts[5].len = 1600;
	pkts[6].len = 65535;
	for (unsigned i = 10; i < 13; i++) /* a frame of four pieces, too long as a whole */
		pkts[i].flags = PKT_MORE, pkts[i].len = 600;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[1], 0), pkts, 40), 40);
	CU_ASSERT_EQUAL(send_out(&f, 1), 40 - 3 - 4);
	nic_get_stats(f.nic[1], &stats);
	CU_ASSERT_EQUAL(stats.tx_bad_packets, 4);
	tear_down(&f, false);
}

static void packets_of_another_pool_go_back_to_it(void)
{
	struct fixture f;
	struct pkt_pool *other;
	struct pkt pkts[200];

	set_up(&f, NULL, 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&other, f.space, 1000, -1), 0);
	for (unsigned i = 0; i < 200; i += 2) {
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(other, &pkts[i], 1), 1);
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(f.pool, &pkts[i + 1], 1), 1);
		pkts[i].len = pkts[i + 1].len = 60;
	}
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[0], 0), pkts, 200), 200);
	CU_ASSERT_EQUAL(send_out(&f, 0), 200);
	CU_ASSERT_EQUAL(pkt_pool_close(other), -EBUSY);
	CU_ASSERT_EQUAL(nic_stop(f.nic[0]), 0);
	CU_ASSERT_EQUAL(pkt_pool_available(other), 1000);
	CU_ASSERT_EQUAL(pkt_pool_close(other), 0);
	tear_down(&f, false);
}

static unsigned try_receive(struct fixture *f, const uint8_t destination[6])
{
	uint8_t data[64] = {0};
	struct model_frame frame = {.data = data, .len = 60};
	struct pkt pkt;
	unsigned n;

	memcpy(data, destination, 6);
	model_receive(model(f, 0), &frame, 1);
	n = nic_rx(nic_rxq(f->nic[0], 0), &pkt, 1);
	pkt_free(&pkt, n);
	return n;
}

static void filters_let_through_what_they_should(void)
{
	static const uint8_t other[6] = {2, 0, 0, 0, 0, 99}, third[6] = {2, 0, 0, 0, 0, 98},
			     broadcast[6] = {255, 255, 255, 255, 255, 255};
	static const uint8_t multicast[6] = {1, 0, 0x5e, 0, 0, 1}, multicast2[6] = {1, 0, 0x5e, 1, 2, 3}, zero[6] = {0};
	struct nic_config config = {0};
	struct nic_info info;
	struct fixture f;

	set_up(&f, &config, 0);
	nic_get_info(f.nic[0], &info);
	CU_ASSERT_EQUAL(try_receive(&f, info.mac), 1);
	CU_ASSERT_EQUAL(try_receive(&f, broadcast), 1);
	CU_ASSERT_EQUAL(try_receive(&f, other), 0);
	CU_ASSERT_EQUAL(try_receive(&f, multicast), 0);
	CU_ASSERT_EQUAL(nic_add_mac(f.nic[0], other), 0);
	CU_ASSERT_EQUAL(nic_add_mac(f.nic[0], other), -EEXIST);
	CU_ASSERT_EQUAL(nic_add_mac(f.nic[0], zero), -EINVAL);
	CU_ASSERT_EQUAL(nic_add_mac(f.nic[0], multicast), 0);
	CU_ASSERT_EQUAL(try_receive(&f, other), 1);
	CU_ASSERT_EQUAL(try_receive(&f, third), 0);
	CU_ASSERT_EQUAL(try_receive(&f, multicast), 1);
	CU_ASSERT_EQUAL(try_receive(&f, multicast2), 0);
	CU_ASSERT_EQUAL(nic_remove_mac(f.nic[0], other), 0);
	CU_ASSERT_EQUAL(nic_remove_mac(f.nic[0], other), -ENOENT);
	CU_ASSERT_EQUAL(try_receive(&f, other), 0);
	CU_ASSERT_EQUAL(nic_set_all_multicast(f.nic[0], true), 0);
	CU_ASSERT_EQUAL(try_receive(&f, multicast2), 1);
	CU_ASSERT_EQUAL(nic_set_all_multicast(f.nic[0], false), 0);
	CU_ASSERT_EQUAL(try_receive(&f, multicast2), 0);
	CU_ASSERT_EQUAL(nic_set_promiscuous(f.nic[0], true), 0);
	CU_ASSERT_EQUAL(try_receive(&f, third), 1);
	CU_ASSERT_EQUAL(try_receive(&f, multicast2), 1);
	CU_ASSERT_EQUAL(nic_set_promiscuous(f.nic[0], false), 0);
	CU_ASSERT_EQUAL(try_receive(&f, third), 0);
	for (unsigned i = 0; i < 126; i++) {
		uint8_t mac[6] = {2, 0, 0, 1, 0, (uint8_t)i};
		CU_ASSERT_EQUAL(nic_add_mac(f.nic[0], mac), 0);
	}
	CU_ASSERT_EQUAL(try_receive(&f, (const uint8_t[6]){2, 0, 0, 1, 0, 125}), 1);
	tear_down(&f, false);
}

static void link_changes_are_reported_and_survived(void)
{
	struct fixture f;
	uint32_t events;
	struct nic_link link;
	struct pollfd fd = {.events = POLLIN};

	set_up(&f, NULL, 0);
	fd.fd = nic_event_fd(f.nic[0]);
	CU_ASSERT_TRUE_FATAL(fd.fd >= 0);
	nic_service(f.nic[0], &events);
	CU_ASSERT_EQUAL(nic_service(f.nic[0], &events), 0);
	CU_ASSERT_EQUAL(events, 0);
	model_set_partner(model(&f, 0), false);
	model_local_advance(f.device[0], 1000000000);
	CU_ASSERT_EQUAL(poll(&fd, 1, 1000), 1);
	CU_ASSERT_EQUAL(nic_service(f.nic[0], &events), 0);
	CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
	CU_ASSERT_EQUAL(nic_get_link(f.nic[0], &link), 0);
	CU_ASSERT_FALSE(link.up);
	CU_ASSERT_EQUAL(poll(&fd, 1, 0), 0); /* drained */
	link_up(&f, 0);
	CU_ASSERT_EQUAL(nic_service(f.nic[0], &events), 0);
	CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
	CU_ASSERT_TRUE(arrive(&f, 0, 1, 60));
	tear_down(&f, false);
}

static unsigned open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static void short_waits(void)
{
	ixgbe_times.master_disable = ixgbe_times.reset = 20000;
	ixgbe_times.security = ixgbe_times.queue = ixgbe_times.drain = 5000;
}

/* Opens and starts one port on a broken device: the step that fails, or 0. */
static int open_and_start(struct fixture *f, uint32_t breakage, unsigned fail, bool *opened)
{
	struct nic_config config = {.pool = f->pool};
	int error = open_device(f, 0, fail);

	*opened = false;
	if (error)
		return error;
	model_break(model(f, 0), breakage);
	error = port_from_device(&f->nic[0], f->device[0]);
	if (error)
		return error;
	*opened = true;
	error = nic_start(f->nic[0], &config);
	if (error && !(breakage & MODEL_GONE)) { /* a failed start leaves the port open, stopped, and DMA off */
		CU_ASSERT_PTR_NULL(nic_rxq(f->nic[0], 0));
		CU_ASSERT_EQUAL(nic_stop(f->nic[0]), 0);
	}
	nic_close(f->nic[0]);
	return error;
}

static void broken_hardware_is_named_and_leaves_nothing(void)
{
	static const struct {
		uint32_t breakage;
		int error;
		const char *says;
	} cases[] = {
		{MODEL_RESET_STUCK, -ETIMEDOUT, "RST"},
		{MODEL_MASTER_STUCK, 0, NULL}, /* worked around: two resets (82599 DS 5.2.5.3.2) */
		{MODEL_EEPROM_STUCK, -ETIMEDOUT, "AUTO_RD"},
		{MODEL_EEPROM_ABSENT, -EIO, "EEPROM"},
		{MODEL_DMA_INIT_STUCK, -ETIMEDOUT, "DMAIDONE"},
		{MODEL_RX_ENABLE_STUCK, -ETIMEDOUT, "RXDCTL"},
		{MODEL_TX_ENABLE_STUCK, -ETIMEDOUT, "TXDCTL"},
		{MODEL_BAD_MAC, -EIO, "RAL[0]"},
		{MODEL_BUS_MASTER_STUCK, -EIO, "bus master"},
		{MODEL_GONE, -ENODEV, "does not answer"},
	};
	struct fixture f = {0};
	unsigned files;
	bool opened;

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&f.space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&f.pool, f.space, 4096, -1), 0);
	files = open_files();
	for (unsigned c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
		int error = open_and_start(&f, cases[c].breakage, 0, &opened);

		if (error != cases[c].error || (error && !strcasestr(nic_error(), cases[c].says)))
			printf("\n    breakage %#x: error %d, \"%s\"\n", cases[c].breakage, error, nic_error());
		CU_ASSERT_EQUAL(error, cases[c].error);
		if (error)
			CU_ASSERT_PTR_NOT_NULL(strcasestr(nic_error(), cases[c].says));
		CU_ASSERT_EQUAL(open_files(), files);
		CU_ASSERT_EQUAL(pkt_pool_available(f.pool), 4096);
	}
	CU_ASSERT_EQUAL(open_and_start(&f, 0, 0, &opened), 0);
	CU_ASSERT_EQUAL(pkt_pool_close(f.pool), 0);
	dma_space_unref(f.space);
}

static void every_failing_step_unwinds(void)
{
	struct fixture f = {0};
	unsigned files, fail = 1, failures = 0;
	bool opened = true;
	int error;

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&f.space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&f.pool, f.space, 4096, -1), 0);
	files = open_files();
	do {
		error = open_and_start(&f, 0, fail++, &opened);
		failures += error != 0;
		CU_ASSERT_EQUAL(open_files(), files);
		CU_ASSERT_EQUAL(pkt_pool_available(f.pool), 4096);
	} while ((error || failures < 3) && fail < 200);
	CU_ASSERT_TRUE(failures >= 3);
	CU_ASSERT_TRUE(fail < 200);
	CU_ASSERT_EQUAL(pkt_pool_close(f.pool), 0);
	dma_space_unref(f.space);
}

static void a_device_gone_under_traffic_ends_cleanly(void)
{
	struct fixture f;
	struct pkt pkts[64];
	uint32_t events;
	unsigned n;

	set_up(&f, NULL, 0);
	for (unsigned i = 0; i < 100; i++)
		arrive(&f, 0, i, 60);
	n = nic_rx(nic_rxq(f.nic[0], 0), pkts, 64);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[1], 0), pkts, n), 64);
	model_break(model(&f, 0), MODEL_GONE);
	CU_ASSERT_EQUAL(nic_service(f.nic[0], &events), -ENODEV);
	CU_ASSERT_TRUE(events & NIC_GONE);
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(f.nic[0], 0), pkts, 64), 0); /* though there are 36 more */
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(f.pool, pkts, 1), 1);
	pkts[0].len = 60;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[0], 0), pkts, 1), 0);
	pkt_free(pkts, 1);
	CU_ASSERT_EQUAL(nic_set_promiscuous(f.nic[0], true), -ENODEV);
	CU_ASSERT_EQUAL(nic_stop(f.nic[0]), -ENODEV);
	send_out(&f, 1);
	tear_down(&f, false);
}

static void ports_close_in_either_order_under_traffic(void)
{
	for (unsigned order = 0; order < 2; order++) {
		struct fixture f;
		struct pkt pkts[64];

		set_up(&f, NULL, 0);
		for (unsigned i = 0; i < 300; i++) {
			arrive(&f, 0, i, 60);
			arrive(&f, 1, i, 60);
		}
		CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[1], 0), pkts, nic_rx(nic_rxq(f.nic[0], 0), pkts, 64)), 64);
		CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[0], 0), pkts, nic_rx(nic_rxq(f.nic[1], 0), pkts, 64)), 64);
		tear_down(&f, order);
	}
}

static void a_port_starts_again_after_stopping(void)
{
	struct fixture f;
	struct nic_config config = {.promiscuous = true};
	struct nic_stats stats;
	struct pkt pkt;

	set_up(&f, NULL, 0);
	config.pool = f.pool;
	for (unsigned round = 0; round < 3; round++) {
		CU_ASSERT_TRUE(arrive(&f, 0, round, 80));
		CU_ASSERT_EQUAL(nic_rx(nic_rxq(f.nic[0], 0), &pkt, 1), 1);
		pkt_free(&pkt, 1);
		CU_ASSERT_EQUAL(nic_start(f.nic[0], &config), -EBUSY);
		CU_ASSERT_EQUAL(nic_stop(f.nic[0]), 0);
		CU_ASSERT_EQUAL(nic_stop(f.nic[0]), 0);
		CU_ASSERT_EQUAL(nic_start(f.nic[0], &config), 0);
		link_up(&f, 0);
		CU_ASSERT_EQUAL(nic_get_stats(f.nic[0], &stats), 0);
		CU_ASSERT_EQUAL(stats.rx_packets, 0);
	}
	tear_down(&f, false);
}

static void a_pool_too_small_is_refused_with_the_number(void)
{
	struct fixture f = {0};
	struct nic_config config = {0};
	struct pkt_pool *small;
	char number[16];

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&f.space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&small, f.space, 300, -1), 0);
	CU_ASSERT_EQUAL_FATAL(open_device(&f, 0, 0), 0);
	CU_ASSERT_EQUAL_FATAL(port_from_device(&f.nic[0], f.device[0]), 0);
	config.pool = small;
	CU_ASSERT_EQUAL(nic_start(f.nic[0], &config), -ENOBUFS);
	snprintf(number, sizeof(number), "%u", nic_pool_count(&config, 1, 1));
	CU_ASSERT_PTR_NOT_NULL(strstr(nic_error(), number));
	nic_close(f.nic[0]);
	CU_ASSERT_EQUAL(pkt_pool_close(small), 0);
	dma_space_unref(f.space);
}

static void a_stuck_transmitter_does_not_hang_stop(void)
{
	struct fixture f;
	struct nic_stats stats;
	struct pkt pkts[32];

	set_up(&f, NULL, 0);
	CU_ASSERT_EQUAL(pkt_alloc(f.pool, pkts, 32), 32);
	for (unsigned i = 0; i < 32; i++)
		pkts[i].len = 60;
	model_break(model(&f, 0), MODEL_TX_STUCK);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[0], 0), pkts, 32), 32);
	nic_stop(f.nic[0]);
	nic_get_stats(f.nic[0], &stats);
	CU_ASSERT_EQUAL(stats.tx_packets, 0);
	CU_ASSERT_EQUAL(stats.tx_unsent, 32);
	tear_down(&f, false);
}

/* Takes all packets of the pool and paints them; or checks that nobody has written to them, and gives them back. */
static struct pkt painted[8192];
static unsigned paint(struct fixture *f)
{
	unsigned n = 0, got;
	while ((got = pkt_alloc(f->pool, painted + n, 32)) > 0)
		n += got;
	for (unsigned i = 0; i < n; i++)
		memset(painted[i].data, 0xA5, PKT_DATA_BYTES);
	return n;
}

static void check_paint(unsigned n)
{
	static const uint8_t paint[PKT_DATA_BYTES] = {[0 ... PKT_DATA_BYTES - 1] = 0xA5};
	for (unsigned i = 0; i < n; i++)
		CU_ASSERT_EQUAL(memcmp(painted[i].data, paint, PKT_DATA_BYTES), 0);
	pkt_free(painted, n);
}

/* Queues that do not stop, and a receive path that does not drain, do not fail a stop: the reset ends all DMA. */
static void a_stop_with_time_outs_leaves_no_dma(void)
{
	struct nic_config config = {.promiscuous = true};
	struct fixture f;
	struct pkt pkts[32];
	struct nic_note note;
	struct nic_stats stats;
	uint64_t next = 0;

	set_up(&f, NULL, 0);
	config.pool = f.pool;
	CU_ASSERT_EQUAL(pkt_alloc(f.pool, pkts, 32), 32);
	for (unsigned i = 0; i < 32; i++)
		pkts[i].len = 60;
	for (unsigned i = 0; i < 100; i++)
		arrive(&f, 0, i, 60);
	model_break(model(&f, 0), MODEL_RX_DISABLE_STUCK | MODEL_SECRX_STUCK | MODEL_TX_STUCK);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[0], 0), pkts, 32), 32);
	CU_ASSERT_EQUAL(nic_stop(f.nic[0]), 0);
	CU_ASSERT_TRUE(nic_get_notes(f.nic[0], &next, &note, 1));
	CU_ASSERT_EQUAL(nic_get_stats(f.nic[0], &stats), 0);
	CU_ASSERT_EQUAL(stats.tx_unsent, 32);
	CU_ASSERT_EQUAL(stats.rx_left, 100);
	model_break(model(&f, 0), 0);
	unsigned n = paint(&f);
	model_set_partner(model(&f, 0), true);
	for (unsigned i = 0; i < 100; i++) {
		model_local_advance(f.device[0], 1000000);
		arrive(&f, 0, i, 60);
		CU_ASSERT_EQUAL(send_out(&f, 0), 0);
	}
	check_paint(n);
	CU_ASSERT_EQUAL(model_faults(model(&f, 0))->bad_address, 0);
	/* and the port works again */
	CU_ASSERT_EQUAL(nic_start(f.nic[0], &config), 0);
	link_up(&f, 0);
	CU_ASSERT_TRUE(arrive(&f, 0, 1, 60));
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(f.nic[0], 0), pkts, 32), 1);
	pkt_free(pkts, 1);
	tear_down(&f, false);
}

static void the_instruction_set_is_chosen_at_start(void)
{
	struct nic_config config = {.simd = (enum pkt_simd)7};
	struct nic_info info;
	struct fixture f;

	set_up(&f, NULL, 0);
	nic_get_info(f.nic[0], &info);
	CU_ASSERT_EQUAL(info.simd, pkt_simd_choose(simd));
	CU_ASSERT_EQUAL(nic_stop(f.nic[0]), 0);
	CU_ASSERT_EQUAL(nic_start(f.nic[0], &config), -ENOTSUP);
	config.simd = PKT_SIMD_SCALAR;
	CU_ASSERT_EQUAL(nic_start(f.nic[0], &config), 0);
	nic_get_info(f.nic[0], &info);
	CU_ASSERT_EQUAL(info.simd, PKT_SIMD_SCALAR);
	tear_down(&f, false);
}

static int set_up_suite(bool with_calls, enum model_card with_card, enum pkt_simd with_simd)
{
	trapped = with_calls;
	card = with_card;
	simd = pkt_simd_choose(with_simd); /* what the CPU does not have: the best */
	return 0;
}

static int memory_doorbells(void)
{
	return set_up_suite(false, MODEL_82599, PKT_SIMD_SCALAR);
}

static int memory_doorbells_avx2(void)
{
	return set_up_suite(false, MODEL_82599, PKT_SIMD_AVX2);
}

static int memory_doorbells_avx512(void)
{
	return set_up_suite(false, MODEL_82599, PKT_SIMD_AVX512);
}

static int trapped_doorbells(void)
{
	return set_up_suite(true, MODEL_82599, PKT_SIMD_AUTO);
}

static int on_x540(void)
{
	return set_up_suite(false, MODEL_X540, PKT_SIMD_AUTO);
}

static int on_x550(void)
{
	return set_up_suite(false, MODEL_X550, PKT_SIMD_AUTO);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"receives frames of every size byte for byte", receives_frames_of_every_size_byte_for_byte},
		{"the receive tail is written four times per lap", the_receive_tail_is_written_four_times_per_lap},
		{"sends frames of every size and pads short ones", sends_frames_of_every_size_and_pads_short_ones},
		{"forwards in random bursts without loss", forwards_in_random_bursts_without_loss},
		{"statistics match the wire", statistics_match_the_wire},
		{"bad descriptors are dropped and counted", bad_descriptors_are_dropped_and_counted},
		{"what is dropped is not handed out round the ring", what_is_dropped_is_not_handed_out_round_the_ring},
		{"long frames come and go in pieces", long_frames_come_and_go_in_pieces},
		{"an empty pool stops nothing for good", an_empty_pool_stops_nothing_for_good},
		{"a full ring leaves the rest with the caller", a_full_ring_leaves_the_rest_with_the_caller},
		{"what is left in the rings at the end is counted", what_is_left_in_the_rings_at_the_end_is_counted},
		{"impossible packets are freed and counted", impossible_packets_are_freed_and_counted},
		{"packets of another pool go back to it", packets_of_another_pool_go_back_to_it},
		{"filters let through what they should", filters_let_through_what_they_should},
		{"link changes are reported and survived", link_changes_are_reported_and_survived},
		{"broken hardware is named and leaves nothing", broken_hardware_is_named_and_leaves_nothing},
		{"every failing step unwinds", every_failing_step_unwinds},
		{"a device gone under traffic ends cleanly", a_device_gone_under_traffic_ends_cleanly},
		{"ports close in either order under traffic", ports_close_in_either_order_under_traffic},
		{"a port starts again after stopping", a_port_starts_again_after_stopping},
		{"the instruction set is chosen at start", the_instruction_set_is_chosen_at_start},
		{"a pool too small is refused with the number", a_pool_too_small_is_refused_with_the_number},
		{"a stuck transmitter does not hang stop", a_stuck_transmitter_does_not_hang_stop},
		{"a stop with time-outs leaves no DMA", a_stop_with_time_outs_leaves_no_dma},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"a port, heads and tails as memory, scalar", memory_doorbells, NULL, NULL, NULL, tests},
		{"a port, heads and tails as memory, AVX2", memory_doorbells_avx2, NULL, NULL, NULL, tests},
		{"a port, heads and tails as memory, AVX-512", memory_doorbells_avx512, NULL, NULL, NULL, tests},
		{"a port, heads and tails as calls", trapped_doorbells, NULL, NULL, NULL, tests},
		{"a port of an X540", on_x540, NULL, NULL, NULL, tests},
		{"a port of an X550", on_x550, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};

	short_waits();
	return unit_run(suites);
}
