/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the model's flow control: pause frames that it obeys, and those that it sends, on one port and between
 * two. */
#include "../model/wire/configure.h"
#include "unit_model_host.h"

#include "unit.h"
#include <string.h>

#define MFLCN      0x04294u
#define PMCF       (1u << 0)
#define DPF        (1u << 1)
#define RFCE       (1u << 3)
#define FCCFG      0x03D00u
#define TFCE_LINK  (1u << 3)
#define FCTTV      0x03200u
#define FCRTL      0x03220u
#define XONE       (1u << 31)
#define FCRTH      0x03260u
#define FCEN       (1u << 31)
#define FCRTV      0x032A0u
#define LXONTXC    0x03F60u
#define LXOFFTXC   0x03F68u
#define GPRC       0x04074u
#define GPTC       0x04080u
#define PTC64      0x040D8u
#define MPTC       0x040F0u
#define TPR        0x040D0u
#define LXONRXCNT  0x041A4u
#define LXOFFRXCNT 0x041A8u
#define EOP_IFCS   (1ull << 24 | 1ull << 25)
#define TDT        0x6018u
#define RDT        0x1018u
#define RING       256u
#define QUANTUM_NS 51.2 /* at 10 Gbit/s */

static struct host hosts[2];
static struct wire wires[2];
static const uint8_t other_mac[6] = {0x02, 0, 0, 0, 0, 9};

static uint32_t rd(struct host *h, uint32_t offset)
{
	return model_read32(h->model, offset);
}

static void wr(struct host *h, uint32_t offset, uint32_t value)
{
	model_write32(h->model, offset, value);
}

static void open_port(struct host *h)
{
	host_open(h);
	host_link(h);
	host_receive_queue(h, 0, RING);
	host_transmit_queue(h, 0, RING);
}

static void hand_over(struct host *h, unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++) {
		host_fill(host_tx_buffer(h, i % RING), 100, (uint8_t)i);
		host_tx_ring(h)[i % RING] = host_data(i % RING, 100, EOP_IFCS);
	}
	wr(h, TDT, (from + n) % RING);
}

/** A pause frame comes over the wire. @return whether the port was done with it at once */
static bool hear(struct host *h, uint16_t quanta)
{
	uint8_t bytes[MODEL_PAUSE_BYTES];
	model_pause_frame(other_mac, quanta, bytes);
	return host_arrive(h, bytes, sizeof(bytes));
}

static unsigned sent(struct host *h)
{
	return model_transmit(h->model, &h->sink, 8);
}

static void pause_frames_stop_transmission_for_their_quanta(void)
{
	struct host *h = &hosts[0];
	open_port(h);
	hand_over(h, 0, 200);
	CU_ASSERT_TRUE(hear(h, 1000)); /* nobody has asked for flow control */
	ASSERT_NUMBER(sent(h), 8);
	ASSERT_NUMBER(rd(h, LXOFFRXCNT), 0);
	wr(h, MFLCN, RFCE | DPF);
	CU_ASSERT_TRUE(hear(h, 1000));
	ASSERT_NUMBER(sent(h), 0);
	host_wait(h, (uint64_t)(999 * QUANTUM_NS));
	ASSERT_NUMBER(sent(h), 0);
	ASSERT_NUMBER(rd(h, 0x0CE00), 0); /* TFCS */
	host_wait(h, 60);
	ASSERT_NUMBER(sent(h), 8);
	ASSERT_NUMBER(rd(h, 0x0CE00), 0xFF);
	ASSERT_NUMBER(rd(h, LXOFFRXCNT), 1);
	ASSERT_NUMBER(model_pause_counts(h->model).paused_ns, 51200);
	/* A new pause takes the place of the old one, also a shorter one; none ends it. */
	hear(h, 60000);
	hear(h, 10);
	host_wait(h, 512);
	ASSERT_NUMBER(sent(h), 8);
	hear(h, 60000);
	hear(h, 0);
	ASSERT_NUMBER(sent(h), 8);
	ASSERT_NUMBER(rd(h, LXOFFRXCNT), 3);
	ASSERT_NUMBER(rd(h, LXONRXCNT), 1);
	ASSERT_NUMBER(model_pause_counts(h->model).paused_ns, 51200 + 512);
	ASSERT_NUMBER(model_pause_counts(h->model).in_xoff, 4);
	ASSERT_NUMBER(model_pause_counts(h->model).in_xon, 1);
	ASSERT_NUMBER(model_fate_count(h->model, MODEL_PAUSE), 5);
	/* A reset ends it, too. */
	hear(h, 60000);
	CU_ASSERT_TRUE(model_paused(h->model));
	wr(h, 0, 1u << 26);
	CU_ASSERT_FALSE(model_paused(h->model));
	host_close(h);
}

static void only_pause_frames_are_obeyed(void)
{
	struct host *h = &hosts[0];
	uint8_t bytes[MODEL_PAUSE_BYTES], own[6];
	open_port(h);
	hand_over(h, 0, 200);
	wr(h, MFLCN, RFCE | DPF);
	model_pause_frame(other_mac, 1000, bytes);
	static const struct {
		unsigned at, value;
	} spoiled[] = {{0, 0x03}, {5, 2}, {12, 0x08}, {14, 1}, {15, 2}}; /* address, type, opcode */
	for (unsigned i = 0; i < sizeof(spoiled) / sizeof(spoiled[0]); i++) {
		uint8_t good = bytes[spoiled[i].at];
		bytes[spoiled[i].at] = (uint8_t)spoiled[i].value;
		host_arrive(h, bytes, sizeof(bytes));
		ASSERT_NUMBER(sent(h), 8);
		bytes[spoiled[i].at] = good;
	}
	struct model_frame broken = {.data = bytes, .len = sizeof(bytes), .bad_crc = true};
	model_receive(h->model, &broken, 1);
	ASSERT_NUMBER(sent(h), 8);
	host_arrive(h, bytes, 59);
	ASSERT_NUMBER(sent(h), 8);
	/* To the port's own address they count. */
	model_own_address(h->model, own);
	memcpy(bytes, own, sizeof(own));
	host_arrive(h, bytes, sizeof(bytes));
	ASSERT_NUMBER(sent(h), 0);
	ASSERT_NUMBER(rd(h, LXOFFRXCNT), 1);
	host_close(h);
}

static void the_driver_sees_pause_frames_as_mflcn_says(void)
{
	struct host *h = &hosts[0];
	static const struct {
		uint32_t mflcn;
		enum model_fate fate;
		bool obeyed;
	} ways[] = {
		{0, MODEL_FILTERED, false},
		{DPF, MODEL_FILTERED, false},
		{PMCF, MODEL_RECEIVED, false},
		{RFCE, MODEL_RECEIVED, true},
		{RFCE | PMCF | DPF, MODEL_PAUSE, true},
	};
	open_port(h);
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		uint64_t before = model_fate_count(h->model, ways[i].fate);
		wr(h, MFLCN, ways[i].mflcn);
		rd(h, GPRC), rd(h, TPR);
		hear(h, 100);
		ASSERT_NUMBER(model_fate_count(h->model, ways[i].fate), before + 1);
		ASSERT_NUMBER(model_paused(h->model), ways[i].obeyed);
		/* None of those that are obeyed is in the counters of frames. */
		ASSERT_NUMBER(rd(h, TPR), !ways[i].obeyed);
		ASSERT_NUMBER(rd(h, GPRC), ways[i].mflcn == PMCF);
		ASSERT_NUMBER(rd(h, LXOFFRXCNT), ways[i].obeyed);
		hear(h, 0);
		rd(h, LXONRXCNT);
	}
	/* One that goes to the driver and waits for a descriptor is obeyed once. */
	wr(h, MFLCN, RFCE);
	for (unsigned i = 0; i < RING && hear(h, 100); i++)
		;
	rd(h, LXOFFRXCNT);
	CU_ASSERT_FALSE(hear(h, 100));
	ASSERT_NUMBER(rd(h, LXOFFRXCNT), 0);
	host_close(h);
}

/** Thresholds of the packet buffer, in bytes, and a pause of 1000 quanta, sent again when 400 of it are left. */
static void watch_buffer(struct host *h, uint32_t low, uint32_t high)
{
	wr(h, FCTTV, 1000);
	wr(h, FCRTV, 400);
	wr(h, FCRTL, low | XONE);
	wr(h, FCRTH, high | FCEN);
	wr(h, FCCFG, TFCE_LINK);
}

static void a_filling_packet_buffer_makes_the_port_send_pause_frames(void)
{
	struct host *h = &hosts[0];
	uint8_t frame[MODEL_PAUSE_BYTES], own[6];
	open_port(h);
	CU_ASSERT_FALSE(model_pause_due(h->model, 100000, frame));
	watch_buffer(h, 0x8000, 0x10000);
	CU_ASSERT_FALSE(model_pause_due(h->model, 0xffff, frame));
	CU_ASSERT_TRUE(model_pause_due(h->model, 0x10000, frame));
	static const uint8_t to[6] = {0x01, 0x80, 0xc2, 0, 0, 1}, rest[6] = {0x88, 0x08, 0, 1, 1000 >> 8, 1000 & 255};
	model_own_address(h->model, own);
	CU_ASSERT_EQUAL(memcmp(frame, to, 6), 0);
	CU_ASSERT_EQUAL(memcmp(frame + 6, own, 6), 0);
	CU_ASSERT_EQUAL(memcmp(frame + 12, rest, 6), 0);
	/* It is sent again in time, while the buffer is fuller than the low threshold. */
	CU_ASSERT_FALSE(model_pause_due(h->model, 0x20000, frame));
	host_wait(h, (uint64_t)(599 * QUANTUM_NS));
	CU_ASSERT_FALSE(model_pause_due(h->model, 0x8001, frame));
	host_wait(h, 60);
	CU_ASSERT_TRUE(model_pause_due(h->model, 0x8001, frame));
	ASSERT_NUMBER(rd(h, LXOFFTXC), 2);
	CU_ASSERT_TRUE(model_pause_due(h->model, 0x8000, frame));
	ASSERT_NUMBER(frame[16] << 8 | frame[17], 0);
	CU_ASSERT_FALSE(model_pause_due(h->model, 0x8000, frame));
	ASSERT_NUMBER(rd(h, LXONTXC), 1);
	ASSERT_NUMBER(model_pause_counts(h->model).out_xoff, 2);
	ASSERT_NUMBER(model_pause_counts(h->model).out_xon, 1);
	/* The counters of transmission have them as well. */
	ASSERT_NUMBER(rd(h, GPTC), 3);
	ASSERT_NUMBER(rd(h, PTC64), 3);
	ASSERT_NUMBER(rd(h, MPTC), 3);
	/* Without XONE the partner's time runs out. */
	wr(h, FCRTL, 0x8000);
	CU_ASSERT_TRUE(model_pause_due(h->model, 0x10000, frame));
	CU_ASSERT_FALSE(model_pause_due(h->model, 0, frame));
	/* Frames that are lost all the same make it say so at once. */
	CU_ASSERT_TRUE(model_pause_due(h->model, 0x10000, frame));
	host_fill(host_tx_buffer(h, 0), 60, 1);
	model_miss(h->model, &(struct model_frame){.data = host_tx_buffer(h, 0), .len = 60}, 1);
	CU_ASSERT_TRUE(model_pause_due(h->model, 0x10000, frame));
	CU_ASSERT_FALSE(model_pause_due(h->model, 0x10000, frame));
	/* Each of the switches ends it. */
	wr(h, FCCFG, 2u << 3);
	CU_ASSERT_FALSE(model_pause_due(h->model, 0x20000, frame));
	wr(h, FCCFG, TFCE_LINK);
	wr(h, FCRTH, 0x10000);
	CU_ASSERT_FALSE(model_pause_due(h->model, 0x20000, frame));
	host_close(h);
}

static void configure(const char *option)
{
	char error[512];
	CU_ASSERT_EQUAL_FATAL(wire_configure(wires, 2, option, error, sizeof(error)), 0);
}

static void step_both(uint64_t ns)
{
	for (unsigned i = 0; i < 2; i++) {
		host_wait(&hosts[i], ns);
		wire_step(&wires[i], hosts[i].model, hosts[i].now_ns);
	}
}

/** The receiver hands n descriptors over again. */
static void take(struct host *h, unsigned *tail, unsigned n)
{
	for (; n; n--, ++*tail)
		host_rx_ring(h)[*tail % RING] =
			(struct host_descriptor){HOST_IOVA + HOST_RX_BUFFERS + 2048u * (*tail % RING), 0};
	wr(h, RDT, *tail % RING);
}

static void close_wires(unsigned ports)
{
	char error[512];
	for (unsigned i = 0; i < ports; i++) {
		host_close(&hosts[i]);
		wire_close(&wires[i], error, sizeof(error));
	}
}

static void a_slow_receiver_slows_a_fast_sender_and_nothing_is_lost(void)
{
	unsigned handed = 0, tail = RING - 1;
	uint64_t most = 0;
	memset(wires, 0, sizeof(wires));
	configure("0:peer=1");
	for (unsigned i = 0; i < 2; i++) {
		open_port(&hosts[i]);
		wire_look(&wires[i], hosts[i].model, hosts[i].now_ns);
	}
	wr(&hosts[0], MFLCN, RFCE | DPF);
	watch_buffer(&hosts[1], 20 * 1024, 40 * 1024);
	for (unsigned i = 0; i < 2000; i++) {
		unsigned head = rd(&hosts[0], 0x6010), room = (head + RING - 1 - handed % RING) % RING;
		hand_over(&hosts[0], handed, room);
		handed += room;
		step_both(10000);
		if (wire_waiting(&wires[1]) > most)
			most = wire_waiting(&wires[1]);
		take(&hosts[1], &tail, i % 5 ? 0 : 7);
	}
	struct model_pauses to = model_pause_counts(hosts[0].model), from = model_pause_counts(hosts[1].model);
	ASSERT_NUMBER(wire_fate_count(&wires[1], MODEL_MISSED), 0);
	ASSERT_NUMBER(most, 40 * 1024 / 160); /* not one frame more than the threshold allows */
	ASSERT_NUMBER(wires[1].counts.in_frames, wires[0].counts.out_frames);
	ASSERT_NUMBER(wire_fate_count(&wires[1], MODEL_RECEIVED) + wire_waiting(&wires[1]), wires[1].counts.in_frames);
	CU_ASSERT(wires[1].counts.in_frames > 2500 && wires[1].counts.in_frames < 2800 + RING + 400);
	CU_ASSERT(from.out_xoff > 5 && from.out_xon > 5);
	ASSERT_NUMBER(to.in_xoff, from.out_xoff);
	ASSERT_NUMBER(to.in_xon, from.out_xon);
	ASSERT_NUMBER(wires[1].counts.out_pause, from.out_xoff + from.out_xon);
	ASSERT_NUMBER(wires[1].counts.out_frames, wires[1].counts.out_pause);
	ASSERT_NUMBER(wire_fate_count(&wires[0], MODEL_PAUSE), wires[0].counts.in_frames);
	CU_ASSERT(to.paused_ns > 15000000 && to.paused_ns < 20000000);
	close_wires(2);
}

static void a_pause_outlasts_a_host_that_holds_both_up(void)
{
	memset(wires, 0, sizeof(wires));
	configure("0:peer=1");
	for (unsigned i = 0; i < 2; i++) {
		open_port(&hosts[i]);
		wire_look(&wires[i], hosts[i].model, hosts[i].now_ns);
	}
	wr(&hosts[0], MFLCN, RFCE | DPF);
	watch_buffer(&hosts[1], 20 * 1024, 40 * 1024);
	for (unsigned i = 0; i < 100; i++) {
		hand_over(&hosts[0], rd(&hosts[0], 0x6010), RING - 1);
		step_both(i < 50 ? 1000 : 10000000);
	}
	CU_ASSERT_TRUE(model_paused(hosts[0].model));
	ASSERT_NUMBER(wires[1].counts.in_frames, RING - 1 + 40 * 1024 / 160);
	close_wires(2);
}

/** Steps one port in steps of 1 us, as its driver hands frames over as fast as they go. @return how many went */
static uint64_t send_for(struct host *h, struct wire *wire, unsigned us)
{
	uint64_t before = wire->counts.out_frames;
	for (unsigned i = 0; i < us; i++) {
		unsigned head = rd(h, 0x6010);
		hand_over(h, head, RING - 1);
		host_wait(h, 1000);
		wire_step(wire, h->model, h->now_ns);
	}
	return wire->counts.out_frames - before;
}

static void the_other_end_pauses_for_as_long_as_it_is_asked_to(void)
{
	struct host *h = &hosts[0];
	static const char *const kinds[] = {
		"0:sink", "0:source,rate=1k,count=1"}; /* without a packet buffer, and with */
	for (unsigned i = 0; i < 2; i++) {
		memset(wires, 0, sizeof(wires));
		configure(kinds[i]);
		open_port(h);
		/* Nobody obeys: the driver has not asked for it. */
		wire_pause(&wires[0], h->now_ns, 1000000);
		CU_ASSERT(send_for(h, &wires[0], 1500) > 1000);
		wr(h, MFLCN, RFCE | DPF);
		CU_ASSERT(send_for(h, &wires[0], 100) > 1000);
		wire_pause(&wires[0], h->now_ns, 10000000);
		ASSERT_NUMBER(send_for(h, &wires[0], 9990), 0);
		CU_ASSERT(send_for(h, &wires[0], 100) > 1000);
		/* It ends as soon as somebody wants so. */
		wire_pause(&wires[0], h->now_ns, 10000000);
		ASSERT_NUMBER(send_for(h, &wires[0], 10), 0);
		wire_pause(&wires[0], h->now_ns, 0);
		CU_ASSERT(send_for(h, &wires[0], 10) > 1000);
		struct model_pauses counts = model_pause_counts(h->model);
		ASSERT_NUMBER(counts.in_xoff, 6 + 1); /* one each 1.68 ms */
		ASSERT_NUMBER(counts.in_xon, 2);
		CU_ASSERT(counts.paused_ns > 10000000 && counts.paused_ns < 10020000);
		ASSERT_NUMBER(wire_fate_count(&wires[0], MODEL_PAUSE), counts.in_xoff + counts.in_xon);
		/* Without a link nobody pauses anybody. */
		model_set_partner(h->model, false);
		wire_pause(&wires[0], h->now_ns, 1000000);
		send_for(h, &wires[0], 10);
		ASSERT_NUMBER(model_pause_counts(h->model).in_xoff, counts.in_xoff);
		close_wires(1);
	}
}

/** A source of a million frames a second, and a driver that takes a hundred thousand. @return how many were missed */
static uint64_t too_fast(const char *option)
{
	struct host *h = &hosts[0];
	unsigned tail = RING - 1;
	memset(wires, 0, sizeof(wires));
	configure(option);
	open_port(h);
	watch_buffer(h, 20 * 1024, 40 * 1024);
	wire_look(&wires[0], h->model, h->now_ns);
	host_wait(h, WIRE_SETTLE_NS);
	for (unsigned i = 0; i < 20000; i++) {
		host_wait(h, 1000);
		wire_step(&wires[0], h->model, h->now_ns);
		take(h, &tail, i % 10 ? 0 : 1);
	}
	return wire_fate_count(&wires[0], MODEL_MISSED);
}

static void a_source_with_a_rate_obeys_as_a_switch_does(void)
{
	ASSERT_NUMBER(too_fast("0:source,rate=1M"), 0);
	struct model_pauses counts = model_pause_counts(hosts[0].model);
	CU_ASSERT(counts.out_xoff > 5 && counts.out_xon > 5);
	CU_ASSERT(wires[0].counts.in_frames < 3000);
	CU_ASSERT(wires[0].counts.held_ns > 15000000 && wires[0].counts.held_ns < 20000000);
	ASSERT_NUMBER(wires[0].counts.out_frames, wires[0].counts.out_pause);
	ASSERT_NUMBER(wires[0].counts.out_pause, counts.out_xoff + counts.out_xon);
	ASSERT_NUMBER(wire_late(&wires[0]), 0);
	close_wires(1);

	CU_ASSERT(too_fast("0:source,rate=1M,ignore-pause") > 10000);
	CU_ASSERT(model_pause_counts(hosts[0].model).out_xoff > 5);
	CU_ASSERT(wires[0].counts.in_frames > 19900);
	ASSERT_NUMBER(wires[0].counts.held_ns, 0);
	close_wires(1);
}

static void mdio_write(struct host *h, unsigned mmd, unsigned at, unsigned value)
{
	wr(h, 0x0425C, at | mmd << 16 | 1u << 30);
	host_wait(h, 20000);
	wr(h, 0x04260, value);
	wr(h, 0x0425C, at | mmd << 16 | 1u << 26 | 1u << 30);
	host_wait(h, 20000);
}

static unsigned mdio_read(struct host *h, unsigned mmd, unsigned at)
{
	wr(h, 0x0425C, at | mmd << 16 | 1u << 30);
	host_wait(h, 20000);
	wr(h, 0x0425C, at | mmd << 16 | 3u << 26 | 1u << 30);
	host_wait(h, 20000);
	return rd(h, 0x04260) >> 16;
}

/** Advertises that, and negotiates. */
static void advertise(struct host *h, unsigned abilities)
{
	mdio_write(h, 7, 16, 0x0101 | abilities << 10);
	mdio_write(h, 7, 0, 0x3200);
	host_wait(h, 6000000);
}

static void on_copper_the_partner_obeys_what_was_negotiated(void)
{
	enum { NONE, SYMMETRIC, ASYMMETRIC, BOTH };
	static const struct {
		unsigned own, partner;
		bool obeys;
	} ways[] = {
		{NONE, BOTH, false},
		{SYMMETRIC, NONE, false},
		{SYMMETRIC, SYMMETRIC, true},
		{SYMMETRIC, ASYMMETRIC, false},
		{SYMMETRIC, BOTH, true},
		{ASYMMETRIC, SYMMETRIC, false},
		{ASYMMETRIC, ASYMMETRIC, false},
		{ASYMMETRIC, BOTH, true},  /* the one way that this end alone wants */
		{BOTH, ASYMMETRIC, false}, /* the other */
		{BOTH, BOTH, true},
	};
	struct host *h = &hosts[0];
	for (unsigned card = MODEL_X540; card <= MODEL_X550; card++) {
		host_open_card(h, &(struct model_config){.card = card});
		host_link(h);
		for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			model_set_partner_pause(h->model, ways[i].partner);
			advertise(h, ways[i].own);
			CU_ASSERT_TRUE(model_link_up(h->model));
			ASSERT_NUMBER(mdio_read(h, 7, 19) >> 10 & 3, ways[i].partner);
			ASSERT_NUMBER(model_partner_obeys(h->model), ways[i].obeys);
			ASSERT_NUMBER(model_advertised_pause(h->model), ways[i].own);
		}
		host_close(h);
	}
}

static void a_port_that_advertises_anew_has_its_neighbour_negotiate(void)
{
	memset(wires, 0, sizeof(wires));
	configure("0:peer=1");
	for (unsigned i = 0; i < 2; i++) {
		host_open_card(&hosts[i], &(struct model_config){.card = MODEL_X550});
		host_link(&hosts[i]);
	}
	for (unsigned i = 0; i < 100; i++)
		step_both(100000);
	CU_ASSERT_TRUE(model_link_up(hosts[1].model));
	rd(&hosts[1], 0x042A4); /* LINKS latches low */
	ASSERT_NUMBER(mdio_read(&hosts[1], 7, 19) >> 10 & 3, 0);
	advertise(&hosts[0], MODEL_PAUSE_BOTH);
	hosts[1].now_ns = hosts[0].now_ns; /* both live in one time */
	/* Not before it stays so: a reset comes between, and what it takes away is soon there again. */
	for (unsigned i = 0; i < 900; i++)
		step_both(100000);
	ASSERT_NUMBER(mdio_read(&hosts[1], 7, 19) >> 10 & 3, 0);
	for (unsigned i = 0; i < 200; i++)
		step_both(100000);
	ASSERT_NUMBER(mdio_read(&hosts[1], 7, 19) >> 10 & 3, MODEL_PAUSE_BOTH);
	ASSERT_NUMBER(rd(&hosts[1], 0x042A4) >> 30 & 1, 0);
	ASSERT_NUMBER(rd(&hosts[1], 0x042A4) >> 30 & 1, 1);
	close_wires(2);
}

int main(void)
{
	static CU_TestInfo pause[] = {
		{"pause frames stop transmission for their quanta", pause_frames_stop_transmission_for_their_quanta},
		{"only pause frames are obeyed", only_pause_frames_are_obeyed},
		{"the driver sees pause frames as MFLCN says", the_driver_sees_pause_frames_as_mflcn_says},
		{"a filling packet buffer makes the port send pause frames",
			a_filling_packet_buffer_makes_the_port_send_pause_frames},
		{"a slow receiver slows a fast sender, and nothing is lost",
			a_slow_receiver_slows_a_fast_sender_and_nothing_is_lost},
		{"a pause outlasts a host that holds both up", a_pause_outlasts_a_host_that_holds_both_up},
		{"the other end pauses for as long as it is asked to",
			the_other_end_pauses_for_as_long_as_it_is_asked_to},
		{"a source with a rate obeys as a switch does", a_source_with_a_rate_obeys_as_a_switch_does},
		{"on copper the partner obeys what was negotiated", on_copper_the_partner_obeys_what_was_negotiated},
		{"a port that advertises anew has its neighbour negotiate",
			a_port_that_advertises_anew_has_its_neighbour_negotiate},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "flow control", .pTests = pause},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
