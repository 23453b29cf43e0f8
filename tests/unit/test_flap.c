/* SPDX-License-Identifier: BSD-2-Clause
 * Links that come and go a thousand times under traffic, on cards that go on fetching without link, stop late, prefetch
 * descriptors and keep what former owners left: nothing is lost but what was on the wire or in the card, counters are
 * exact, and every buffer comes back. */
#include "../../driver/driver.h"
#include "../model/local.h"

#include "unit.h"
#include <string.h>

#define FLAPS     1000u
#define LEN       200u
#define NUMBER_AT 14u
#define QUIRKS                                                                                                         \
	(MODEL_QUIRK_MEMORY | MODEL_QUIRK_STALE | MODEL_QUIRK_ENABLE | MODEL_QUIRK_HANG | MODEL_QUIRK_PAUSE |          \
		MODEL_QUIRK_PREFETCH | MODEL_QUIRK_FIRMWARE)

static enum model_card card; /* the suite runs on each */
static struct dma_space *space;
static struct pkt_pool *pool;
static unsigned pool_count;
static struct vfio_device *device[2];
static struct nic *nic[2];
static uint32_t offered;    /* frames that came over the wire of port 0, the link up or not */
static uint32_t sent, next; /* that left port 1; the least number that may come next */
static bool in_order;

static struct model *model(unsigned port)
{
	return model_local_model(device[port]);
}

static unsigned take(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++) {
		uint32_t number;
		memcpy(&number, frames[i].data + NUMBER_AT, sizeof(number));
		in_order &= number >= next && frames[i].len == LEN && frames[i].data[LEN - 1] == (uint8_t)number;
		next = number + 1;
	}
	sent += n;
	return n;
}

static void send_all(void)
{
	const struct model_sink sink = {.take = take};

	while (model_transmit(model(1), &sink, 64))
		;
}

/** A frame comes over the wire. What finds no room in the ring is offered again, as from the card's packet buffer. */
static void arrive(unsigned frames)
{
	uint8_t data[LEN] = {0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x88, 0xB5};

	for (; frames; frames--) {
		const struct model_frame frame = {.data = data, .len = LEN};

		memcpy(data + NUMBER_AT, &offered, sizeof(offered));
		data[LEN - 1] = (uint8_t)offered;
		if (model_receive(model(0), &frame, 1))
			offered++;
	}
}

/** Forwards what there is. Packets that find no room stay for the next time. */
static void forward(struct pkt *held, unsigned *held_n)
{
	if (*held_n < 32)
		*held_n += nic_rx(nic_rxq(nic[0], 0), held + *held_n, 32);
	unsigned n = nic_tx(nic_txq(nic[1], 0), held, *held_n);
	memmove(held, held + n, (*held_n - n) * sizeof(*held));
	*held_n -= n;
}

static void link_up(unsigned port)
{
	struct nic_link link = {0};

	model_set_partner(model(port), true);
	for (unsigned ms = 0; !link.up && ms < 10000; ms++) {
		model_local_advance(device[port], 1000 * 1000);
		CU_ASSERT_EQUAL_FATAL(nic_service(nic[port], NULL), 0);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(nic[port], &link), 0);
	}
	CU_ASSERT_TRUE_FATAL(link.up);
}

static void open_ports(void)
{
	struct nic_config config = {.promiscuous = true};

	offered = sent = next = 0;
	in_order = true;
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	pool_count = nic_pool_count(&config, 2, 1) + 64;
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, pool_count, -1), 0);
	config.pool = pool;
	for (unsigned port = 0; port < 2; port++) {
		struct model_local_config local = {
			.model = {.card = card, .port = port, .quirks = QUIRKS, .time_scale = 100}};

		CU_ASSERT_EQUAL_FATAL(model_local_open(&device[port], space, &local), 0);
		CU_ASSERT_EQUAL_FATAL(port_from_device(&nic[port], device[port]), 0);
		CU_ASSERT_EQUAL_FATAL(nic_start(nic[port], &config), 0);
		link_up(port);
	}
}

static void close_ports(void)
{
	for (unsigned port = 0; port < 2; port++) {
		const struct model_faults *faults = model_faults(model(port));

		ASSERT_NUMBER(faults->bad_address, 0);
		ASSERT_NUMBER(faults->bad_ring, 0);
		ASSERT_NUMBER(faults->bad_descriptor, 0);
		ASSERT_NUMBER(faults->bad_register, 0);
		ASSERT_NUMBER(faults->bad_order, 0);
	}
	for (unsigned port = 0; port < 2; port++)
		nic_close(nic[port]);
	ASSERT_NUMBER(pkt_pool_available(pool), pool_count);
	ASSERT_NUMBER(pkt_pool_close(pool), 0);
	dma_space_unref(space);
}

static void a_thousand_flaps_lose_only_what_was_on_the_wire(void)
{
	struct pkt held[64];
	struct nic_stats stats[2];
	unsigned held_n = 0;

	open_ports();
	for (unsigned i = 0; i < FLAPS; i++) {
		unsigned port = i % 3 == 0; /* the link that frames come by goes twice as often as the other */

		arrive(1 + i % 40);
		forward(held, &held_n);
		if (i % 2)
			send_all();
		model_set_partner(model(port), false);
		arrive(i % 50);
		/* Some of them are so long that the driver's service has noticed. */
		if (i % 5 == 0)
			CU_ASSERT_EQUAL(nic_service(nic[port], NULL), 0);
		for (unsigned k = 0; k < 3; k++)
			forward(held, &held_n);
		send_all();
		link_up(port);
		send_all();
	}
	while (held_n) {
		forward(held, &held_n);
		send_all();
	}
	forward(held, &held_n);
	forward(held, &held_n);
	send_all();

	uint64_t received = model_fate_count(model(0), MODEL_RECEIVED);
	CU_ASSERT_TRUE(in_order);
	CU_ASSERT(received > 10 * FLAPS && received < offered);
	ASSERT_NUMBER(received + model_fate_count(model(0), MODEL_NOT_UP), offered);
	ASSERT_NUMBER(sent, received);
	ASSERT_NUMBER(model_tx_lost(model(1)), 0);
	for (unsigned port = 0; port < 2; port++)
		CU_ASSERT_EQUAL(nic_get_stats(nic[port], &stats[port]), 0);
	ASSERT_NUMBER(stats[0].rx_packets, received);
	ASSERT_NUMBER(stats[0].rx_missed + stats[0].rx_errors + stats[0].rx_bad_packets, 0);
	ASSERT_NUMBER(stats[1].tx_packets, sent);
	ASSERT_NUMBER(stats[1].tx_bytes, sent * LEN);
	close_ports();
}

/** Stopped while frames wait in the card: those are lost, and told. */
static void a_stop_without_link_tells_what_the_card_kept(void)
{
	struct pkt held[64];
	struct nic_stats stats;
	unsigned held_n = 0;

	open_ports();
	arrive(20);
	forward(held, &held_n);
	send_all();
	model_set_partner(model(1), false);
	for (unsigned i = 0; i < 10; i++) {
		arrive(30);
		forward(held, &held_n);
		send_all();
	}
	ASSERT_NUMBER(sent, 20);
	ASSERT_NUMBER(nic_stop(nic[1]), 0);
	ASSERT_NUMBER(nic_get_stats(nic[1], &stats), 0);
	ASSERT_NUMBER(stats.tx_packets, 20);
	ASSERT_NUMBER(stats.tx_unsent + held_n, 300);
	ASSERT_NUMBER(model_tx_lost(model(1)), 300 - held_n);
	pkt_free(held, held_n);
	close_ports();
}

#define ON_CARD(name)                                                                                                  \
	static void on_##name(void)                                                                                    \
	{                                                                                                              \
		card = MODEL_##name;                                                                                   \
	}
ON_CARD(82599)
ON_CARD(X540)
ON_CARD(X550)

int main(void)
{
	CU_TestInfo tests[] = {
		{"a thousand flaps lose only what was on the wire", a_thousand_flaps_lose_only_what_was_on_the_wire},
		{"a stop without link tells what the card kept", a_stop_without_link_tells_what_the_card_kept},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "links that flap, 82599", .pSetUpFunc = on_82599, .pTests = tests},
		{.pName = "links that flap, X540", .pSetUpFunc = on_X540, .pTests = tests},
		{.pName = "links that flap, X550", .pSetUpFunc = on_X550, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
