/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the wire ends around the software 82599, stepped by hand, and of the programs that read captures. */
#include "../model/wire/configure.h"
#include "unit_model_host.h"

#include "unit.h"
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RDT0      0x1018u
#define TDT0      0x6018u
#define RING      256u
#define NS_PER_MS 1000000ull
#define MPC0      0x3fa0u
#define EOP       (1ull << 24)
#define IFCS      (1ull << 25)

static char folder[] = "/tmp/test_wire_XXXXXX";
static char error[512];

static const char *at(const char *name)
{
	static char path[4][300];
	static unsigned next;
	char *p = path[next++ % 4];
	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

/** A capture of n frames to the test address, of 60 bytes and more, 1 ms apart. */
static void write_capture(const char *name, int link, unsigned n)
{
	uint8_t frame[2048];
	pcap_t *pcap = pcap_open_dead(link, 65535);
	pcap_dumper_t *dumper = pcap_dump_open(pcap, at(name));
	for (unsigned i = 0; i < n; i++) {
		struct pcap_pkthdr header = {
			.ts = {.tv_sec = 1000, .tv_usec = i * 1000}, .caplen = 60 + i % 400, .len = 60 + i % 400};
		host_fill(frame, header.len, (uint8_t)i);
		pcap_dump((uint8_t *)dumper, &header, frame);
	}
	pcap_dump_close(dumper);
	pcap_close(pcap);
}

static void cut(const char *name, long bytes)
{
	CU_ASSERT_EQUAL(truncate(at(name), bytes), 0);
}

static void configure(struct wire *wires, unsigned ports, const char *format, const char *file)
{
	char option[256];
	snprintf(option, sizeof(option), format, file);
	int state = wire_configure(wires, ports, option, error, sizeof(error));
	if (state)
		printf("\n    %s: %s ", option, error);
	CU_ASSERT_EQUAL_FATAL(state, 0);
}

/** A port whose driver is up, as its wire has just seen. */
static void just_up(struct host *h, struct wire *wire)
{
	host_open(h);
	host_link(h);
	host_receive_queue(h, 0, RING);
	host_transmit_queue(h, 0, RING);
	wire_look(wire, h->model, h->now_ns);
}

/** And for long enough that a source or capture begins. */
static void up(struct host *h, struct wire *wire)
{
	just_up(h, wire);
	host_wait(h, WIRE_SETTLE_NS);
	wire_look(wire, h->model, h->now_ns);
	CU_ASSERT_TRUE(wire->started);
}

static unsigned step(struct host *h, struct wire *wire, unsigned times, uint64_t ns)
{
	unsigned moved = 0;
	for (unsigned i = 0; i < times; i++) {
		host_wait(h, ns);
		moved += wire_step(wire, h->model, h->now_ns);
	}
	return moved;
}

/** The driver hands all its descriptors but one over again, from where the card is. */
static void refill(struct host *h, unsigned tail)
{
	for (unsigned i = 0; i < RING; i++)
		host_rx_ring(h)[i] = (struct host_descriptor){HOST_IOVA + HOST_RX_BUFFERS + 2048u * i, 0};
	model_write32(h->model, RDT0, tail % RING);
}

/** The driver sends n frames. */
static void transmit(struct host *h, unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++) {
		host_fill(host_tx_buffer(h, i % RING), 100, (uint8_t)i);
		host_tx_ring(h)[i % RING] = host_data(i % RING, 100, EOP | IFCS);
	}
	model_write32(h->model, TDT0, (from + n) % RING);
}

static uint64_t received(const struct wire *wire)
{
	return wire_fate_count(wire, MODEL_RECEIVED);
}

static uint64_t missed(const struct wire *wire)
{
	return wire_fate_count(wire, MODEL_MISSED);
}

/** Each frame that came over the wire has met one fate, or waits in the packet buffer. */
static void adds_up(const struct wire *wire)
{
	uint64_t sum = wire_waiting(wire);
	for (unsigned fate = 0; fate < MODEL_FATES; fate++)
		sum += wire_fate_count(wire, fate);
	ASSERT_NUMBER(sum, wire->counts.in_frames);
}

static void close_wire(struct wire *wire)
{
	adds_up(wire);
	int state = wire_close(wire, error, sizeof(error));
	if (state)
		printf("\n    %s ", error);
	CU_ASSERT_EQUAL(state, 0);
}

static void a_capture_waits_for_descriptors_and_loses_nothing(void)
{
	static struct wire wire;
	struct host h;
	uint8_t frame[2048];
	write_capture("in.pcap", DLT_EN10MB, 600);
	configure(&wire, 1, "0:pcap-in=%s", at("in.pcap"));
	up(&h, &wire);
	step(&h, &wire, 10, 1000);
	ASSERT_NUMBER(wire.counts.in_frames, RING - 1);
	for (unsigned i = 0; i < RING - 1; i++) {
		host_fill(frame, 60 + i % 400, (uint8_t)i);
		CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, i), frame, 60 + i % 400), 0);
	}
	CU_ASSERT_TRUE(wire.counts.blocked > 0);
	CU_ASSERT_FALSE(wire_done(&wire));
	refill(&h, RING - 2);
	step(&h, &wire, 10, 1000);
	ASSERT_NUMBER(wire.counts.in_frames, 2 * (RING - 1));
	refill(&h, RING - 3);
	step(&h, &wire, 10, 1000);
	ASSERT_NUMBER(wire.counts.in_frames, 600);
	ASSERT_NUMBER(missed(&wire), 0);
	CU_ASSERT_TRUE(wire_done(&wire));
	close_wire(&wire);
	host_close(&h);
}

static void nothing_is_lost_while_the_path_is_halted(void)
{
	static struct wire wire;
	struct host h;
	configure(&wire, 1, "0:source%s", "");
	up(&h, &wire);
	model_write32(h.model, 0x8D00, 2); /* SECRXCTRL.RX_DIS */
	step(&h, &wire, 10, 1000);
	ASSERT_NUMBER(wire.given, 0);
	model_write32(h.model, 0x8D00, 0);
	step(&h, &wire, 10, 1000);
	ASSERT_NUMBER(wire.given, RING - 1);
	close_wire(&wire);
	host_close(&h);
}

static void frames_come_only_while_the_driver_has_the_port_up(void)
{
	static struct wire wire;
	struct host h;
	configure(&wire, 1, "0:source%s", "");
	host_open(&h);
	step(&h, &wire, 300, 100000);
	ASSERT_NUMBER(wire.counts.in_frames, 0);
	host_link(&h);
	step(&h, &wire, 300, 100000);
	ASSERT_NUMBER(wire.counts.in_frames, 0);
	host_receive_queue(&h, 0, RING);
	step(&h, &wire, 10, 100000);
	ASSERT_NUMBER(wire.counts.in_frames, 0);
	step(&h, &wire, 300, 100000);
	ASSERT_NUMBER(wire.counts.in_frames, RING - 1);
	model_write32(h.model, 0x3000, 0);
	wire_look(&wire, h.model, h.now_ns);
	refill(&h, RING - 2);
	step(&h, &wire, 300, 100000);
	ASSERT_NUMBER(wire.counts.in_frames, RING - 1);
	close_wire(&wire);
	host_close(&h);
}

static void a_held_source_waits_but_a_cable_does_not(void)
{
	static struct wire wires[2];
	struct host h;
	configure(wires, 2, "0:source,count=10%s", "");
	wires[0].held = true;
	up(&h, &wires[0]);
	step(&h, &wires[0], 10, 1000);
	ASSERT_NUMBER(wires[0].counts.in_frames, 0);
	wires[0].held = false;
	step(&h, &wires[0], 10, 1000);
	ASSERT_NUMBER(wires[0].counts.in_frames, 10);
	close_wire(&wires[0]);
	host_close(&h);

	configure(wires, 1, "0:peer=0%s", "");
	wires[0].held = true;
	up(&h, &wires[0]);
	transmit(&h, 0, 1);
	step(&h, &wires[0], 10, 1000);
	ASSERT_NUMBER(received(&wires[0]), 1);
	close_wire(&wires[0]);
	host_close(&h);
}

static uint32_t sum16(uint32_t sum, const uint8_t *data, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i += 2)
		sum += (uint32_t)(data[i] << 8) + (i + 1 < bytes ? data[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void template_frames_are_valid(void)
{
	static const unsigned sizes[] = {64, 65, 127, 1518, MODEL_FRAME_MAX};
	struct source source;
	for (unsigned s = 0; s < 5; s++) {
		uint32_t len = sizes[s] - 4;
		CU_ASSERT_TRUE_FATAL(source_open(&source, len, 300, false));
		for (unsigned i = 0; i < 300; i++) {
			const uint8_t *f = source.frames[i].data;
			ASSERT_NUMBER(source.frames[i].len, len);
			ASSERT_NUMBER(f[12] << 8 | f[13], 0x0800);
			ASSERT_NUMBER(f[16] << 8 | f[17], len - 14);
			ASSERT_NUMBER(sum16(0, f + 14, 20), 0xffff);
			ASSERT_NUMBER(sum16(sum16(17 + len - 34, f + 26, 8), f + 34, len - 34), 0xffff);
			CU_ASSERT_TRUE(i == 0 || memcmp(f + 26, source.frames[i - 1].data + 26, 10) != 0);
		}
		ASSERT_NUMBER(source.period, 300);
		CU_ASSERT_PTR_EQUAL(source.frames[300].data, source.frames[0].data);
		source_close(&source);
	}
}

static void a_source_goes_to_the_ports_own_address_and_counts(void)
{
	static struct wire wire;
	struct host h;
	configure(&wire, 1, "0:source,count=200,seq,flows=3%s", "");
	up(&h, &wire);
	model_write32(h.model, 0x5080, 0); /* no promiscuity: only the exact address gets in */
	step(&h, &wire, 10, 1000);
	ASSERT_NUMBER(wire.counts.in_frames, 200);
	CU_ASSERT_TRUE(wire_done(&wire));
	for (unsigned i = 0; i < 200; i++) {
		uint8_t *f = host_rx_buffer(&h, i);
		ASSERT_NUMBER(f[49], i);
		ASSERT_NUMBER(f[48], 0);
		ASSERT_NUMBER(f[29], i % 3);
	}
	close_wire(&wire);
	host_close(&h);
}

static void a_rate_is_kept_and_its_overflow_is_missed(void)
{
	static struct wire wire;
	struct host h;
	configure(&wire, 1, "0:source,rate=1M%s", "");
	up(&h, &wire);
	step(&h, &wire, 1, 1000); /* the first is due at once */
	ASSERT_NUMBER(wire.counts.in_frames, 1);
	step(&h, &wire, 100, 1000);
	ASSERT_NUMBER(wire.counts.in_frames, 101);
	/* No descriptors come back: ring, then packet buffer, then the floor. */
	step(&h, &wire, 20000, 1000);
	ASSERT_NUMBER(wire.counts.in_frames, 20101);
	ASSERT_NUMBER(received(&wire), RING - 1);
	ASSERT_NUMBER(wire_waiting(&wire), MODEL_FIFO_BYTES / 96);
	ASSERT_NUMBER(missed(&wire), 20101 - (RING - 1) - MODEL_FIFO_BYTES / 96);
	uint64_t mpc = 0;
	for (unsigned i = 0; i < 8; i++)
		mpc += model_read32(h.model, MPC0 + 4 * i);
	ASSERT_NUMBER(mpc, missed(&wire));
	/* The host stands still for a second: no frames were due meanwhile. */
	ASSERT_NUMBER(wire_late(&wire), 0);
	step(&h, &wire, 1, 1000 * NS_PER_MS);
	ASSERT_NUMBER(missed(&wire), mpc);
	/* which is told: the rate was not kept */
	ASSERT_NUMBER(wire.counts.stalled_ns, 1000 * NS_PER_MS);
	ASSERT_NUMBER(wire_late(&wire), 1000000);
	/* The driver turns the port off: what is in the packet buffer is lost with it. */
	model_write32(h.model, 0x3000, 0);
	wire_look(&wire, h.model, h.now_ns);
	ASSERT_NUMBER(wire_waiting(&wire), 0);
	ASSERT_NUMBER(wire_fate_count(&wire, MODEL_NOT_UP), MODEL_FIFO_BYTES / 96);
	close_wire(&wire);
	host_close(&h);
}

static void a_model_that_is_late_says_so(void)
{
	static struct wire wire;
	struct host h;
	configure(&wire, 1, "0:source,rate=100k%s", "");
	up(&h, &wire);
	step(&h, &wire, 100, 10000);
	CU_ASSERT_STRING_EQUAL(wire_limit(&wire), "the wire: no more frames were due");
	step(&h, &wire, 1, 6 * NS_PER_MS);
	ASSERT_NUMBER(wire_late(&wire), 600);
	CU_ASSERT_STRING_EQUAL(wire_limit(&wire), "the model, at times: it did not get the CPU, or was too slow");
	close_wire(&wire);
	host_close(&h);
	/* A step brings 128 frames: at one each 4 ms, hardly held up each time, it falls behind. */
	configure(&wire, 1, "0:source,rate=100k%s", "");
	up(&h, &wire);
	step(&h, &wire, 100, 4 * NS_PER_MS);
	ASSERT_NUMBER(wire.counts.stalled_ns, 0);
	ASSERT_NUMBER(wire.counts.in_frames + wire_late(&wire), 100 * 400 - 399);
	close_wire(&wire);
	host_close(&h);
}

static void a_captures_own_times_are_kept(void)
{
	static struct wire wire;
	struct host h;
	write_capture("in.pcap", DLT_EN10MB, 50);
	configure(&wire, 1, "0:pcap-in=%s,timing", at("in.pcap"));
	up(&h, &wire);
	step(&h, &wire, 100, NS_PER_MS / 10);
	CU_ASSERT_TRUE(wire.counts.in_frames >= 10 && wire.counts.in_frames <= 11);
	step(&h, &wire, 500, NS_PER_MS / 10);
	ASSERT_NUMBER(wire.counts.in_frames, 50);
	CU_ASSERT_TRUE(wire_done(&wire));
	close_wire(&wire);
	host_close(&h);
}

static void a_cable_carries_frames_both_ways(void)
{
	static struct wire wires[2];
	struct host a, b;
	uint8_t frame[100];
	configure(wires, 2, "0:peer=1%s", "");
	just_up(&a, &wires[0]); /* whoever has a link gets what is sent */
	just_up(&b, &wires[1]);
	transmit(&a, 0, 100);
	transmit(&b, 0, 50);
	for (unsigned i = 0; i < 4; i++) {
		step(&a, &wires[0], 1, 1000);
		step(&b, &wires[1], 1, 1000);
	}
	ASSERT_NUMBER(wires[0].counts.out_frames, 100);
	ASSERT_NUMBER(wires[1].counts.in_frames, 100);
	ASSERT_NUMBER(wires[0].counts.in_frames, 50);
	/* Who only sends keeps nobody waiting for frames to come. */
	CU_ASSERT_STRING_EQUAL(wire_limit(&wires[1]), "the other port");
	wires[1].counts.offered = 0;
	CU_ASSERT_STRING_EQUAL(wire_limit(&wires[1]), "the driver: it sent no more");
	for (unsigned i = 0; i < 100; i++) {
		host_fill(frame, 100, (uint8_t)i);
		CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&b, i), frame, 100), 0);
	}
	close_wire(&wires[0]);
	close_wire(&wires[1]);
	host_close(&a);
	host_close(&b);
}

/** Sends 6000 frames of 100 bytes to a port that returns no descriptors. @return how many left. */
static unsigned flood(struct wire *wires, struct host *a, struct host *b)
{
	unsigned sent = 0;
	up(a, &wires[0]);
	up(b, &wires[1]);
	for (unsigned i = 0; i < 60; i++) {
		unsigned before = (unsigned)wires[0].counts.out_frames;
		transmit(a, sent, 100);
		sent += 100;
		step(a, &wires[0], 3, 1000);
		step(b, &wires[1], 3, 1000);
		if (wires[0].counts.out_frames - before < 100)
			break;
	}
	return (unsigned)wires[0].counts.out_frames;
}

static void a_cable_overflows_or_holds_back(void)
{
	static struct wire wires[2];
	struct host a, b;
	configure(wires, 2, "0:peer=1%s", "");
	ASSERT_NUMBER(flood(wires, &a, &b), 6000);
	unsigned kept = MODEL_FIFO_BYTES / 160;
	ASSERT_NUMBER(wires[1].counts.in_frames, 6000);
	ASSERT_NUMBER(received(&wires[1]), RING - 1);
	ASSERT_NUMBER(wire_waiting(&wires[1]), kept);
	ASSERT_NUMBER(missed(&wires[1]), 6000 - (RING - 1) - kept);
	close_wire(&wires[0]);
	close_wire(&wires[1]);
	host_close(&a);
	host_close(&b);

	configure(wires, 2, "1:peer=0,lossless%s", "");
	ASSERT_NUMBER(flood(wires, &a, &b), RING - 1 + kept);
	ASSERT_NUMBER(missed(&wires[1]), 0);
	refill(&b, RING - 2);
	step(&b, &wires[1], 3, 1000);
	step(&a, &wires[0], 3, 1000);
	CU_ASSERT_TRUE(wires[0].counts.out_frames > RING - 1 + kept);
	close_wire(&wires[0]);
	close_wire(&wires[1]);
	host_close(&a);
	host_close(&b);
}

static void a_cable_damages_every_nth_frame(void)
{
	static struct wire wires[2];
	struct host a, b;
	configure(wires, 2, "0:peer=1,lossless,damage=10%s", "");
	up(&a, &wires[0]);
	up(&b, &wires[1]);
	wires[0].held = true; /* not yet */
	transmit(&a, 0, 15);
	step(&a, &wires[0], 3, 1000);
	step(&b, &wires[1], 3, 1000);
	ASSERT_NUMBER(wires[1].counts.damaged, 0);
	wires[0].held = false;
	transmit(&a, 15, 25);
	step(&a, &wires[0], 3, 1000);
	step(&b, &wires[1], 3, 1000);
	ASSERT_NUMBER(wires[1].counts.in_frames, 40);
	ASSERT_NUMBER(wires[1].counts.damaged, 2);
	ASSERT_NUMBER(wire_fate_count(&wires[1], MODEL_BAD_FCS), 2);
	ASSERT_NUMBER(wires[0].counts.damaged, 0);
	ASSERT_NUMBER(model_read32(b.model, 0x4000), 2);  /* CRCERRS */
	ASSERT_NUMBER(model_read32(b.model, 0x4074), 38); /* GPRC */
	close_wire(&wires[0]);
	close_wire(&wires[1]);
	host_close(&a);
	host_close(&b);
}

/** Writes a frame of len bytes to the test address, or another's where first is not 2; tagged: of VLAN 7. */
static void write_frame(pcap_dumper_t *dumper, uint32_t len, uint8_t first, bool tagged)
{
	uint8_t frame[2048];
	struct pcap_pkthdr header = {.caplen = len, .len = len};
	host_fill(frame, len, 0);
	frame[0] = first;
	if (tagged)
		memcpy(frame + 12, "\x81\x00\x00\x07", 4);
	pcap_dump((uint8_t *)dumper, &header, frame);
}

/** Each frame of the wire is told by what became of it, and the card's registers say the same. */
static void what_becomes_of_each_frame_is_told(void)
{
	static struct wire wire;
	struct host h;
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dumper = pcap_dump_open(pcap, at("in.pcap"));
	write_frame(dumper, 60, 2, false);   /* taken */
	write_frame(dumper, 60, 4, false);   /* another's address */
	write_frame(dumper, 64, 2, true);    /* a VLAN that is not wanted */
	write_frame(dumper, 1518, 2, true);  /* the same, of full size: a tag comes on top */
	write_frame(dumper, 1515, 2, false); /* too long */
	write_frame(dumper, 1519, 2, true);  /* too long */
	write_frame(dumper, 1514, 2, false); /* taken */
	for (unsigned i = 0; i < RING; i++)
		write_frame(dumper, 60, 2, false); /* the last three find no descriptor */
	pcap_dump_close(dumper);
	pcap_close(pcap);
	configure(&wire, 1, "0:pcap-in=%s", at("in.pcap"));
	up(&h, &wire);
	model_write32(h.model, 0x3000, 0);
	model_write32(h.model, 0x1014, 1u << 28 | 1u << 25 | 2); /* SRRCTL.DROP_EN */
	model_write32(h.model, 0x5080, 0);                       /* FCTRL: exact addresses only */
	model_write32(h.model, 0x5088, 0x8100 | 1u << 30);       /* VLNCTRL.VFE: no VLAN */
	model_write32(h.model, 0xa200, 0x00000002);              /* RAL, RAH: 02:00:00:00:00:01 */
	model_write32(h.model, 0xa204, 0x80000100);
	model_write32(h.model, 0x3000, 1);
	step(&h, &wire, 10, 1000);
	CU_ASSERT_TRUE(wire_done(&wire));
	ASSERT_NUMBER(wire.counts.in_frames, 7 + RING);
	ASSERT_NUMBER(wire_waiting(&wire), 0);
	ASSERT_NUMBER(received(&wire), RING - 1);
	ASSERT_NUMBER(model_received_bytes(h.model), 1514 + 60 * (RING - 2));
	ASSERT_NUMBER(wire_fate_count(&wire, MODEL_FILTERED), 3);
	ASSERT_NUMBER(wire_fate_count(&wire, MODEL_OVERSIZE), 2);
	ASSERT_NUMBER(wire_fate_count(&wire, MODEL_NO_DESCRIPTOR), 3);
	ASSERT_NUMBER(model_read32(h.model, 0x40ac), 2);        /* ROC */
	ASSERT_NUMBER(model_read32(h.model, 0x1430), 3);        /* QPRDC */
	ASSERT_NUMBER(model_read32(h.model, 0x1030), RING - 1); /* QPRC */
	ASSERT_NUMBER(model_read32(h.model, 0x40d0), 7 + RING); /* TPR */
	close_wire(&wire);
	host_close(&h);
}

/** What had come before the link went is delivered; what leaves the other end then never arrives. */
static void a_link_that_goes_costs_what_is_on_the_wire(void)
{
	static struct wire wires[2];
	struct host a, b;
	configure(wires, 2, "0:peer=1%s", "");
	up(&a, &wires[0]);
	up(&b, &wires[1]);
	for (unsigned sent = 0; sent < 300; sent += 100) {
		transmit(&a, sent, 100);
		step(&a, &wires[0], 3, 1000);
		step(&b, &wires[1], 3, 1000);
	}
	ASSERT_NUMBER(received(&wires[1]), RING - 1);
	ASSERT_NUMBER(wire_waiting(&wires[1]), 300 - (RING - 1));
	model_set_partner(b.model, false);
	wire_look(&wires[1], b.model, b.now_ns);
	transmit(&a, 300, 20);
	step(&a, &wires[0], 3, 1000);
	refill(&b, RING - 2);
	step(&b, &wires[1], 3, 1000);
	ASSERT_NUMBER(received(&wires[1]), 300);
	ASSERT_NUMBER(wire_fate_count(&wires[1], MODEL_NOT_UP), 20);
	ASSERT_NUMBER(wires[1].counts.in_frames, 320);
	close_wire(&wires[0]);
	close_wire(&wires[1]);
	host_close(&a);
	host_close(&b);
}

/** What leaves at once goes through one after the other, waits behind what is served, and is late by the delay on top.
 */
static void a_device_in_the_cable_loses_and_delays(void)
{
	static struct wire wires[2];
	struct host a, b;
	configure(wires, 2, "0:device=1,rate=100k,queue=30,delay=50us%s", "");
	up(&a, &wires[0]);
	up(&b, &wires[1]);
	transmit(&a, 0, 40);
	step(&a, &wires[0], 1, 1000); /* all are taken at this moment */
	struct device_counts d = wire_device_counts(&wires[0]);
	ASSERT_NUMBER(d.in, 40);
	ASSERT_NUMBER(d.full, 10);
	ASSERT_NUMBER(wires[1].counts.in_frames, 0);
	step(&a, &wires[0], 59, 1000); /* the first has been served for 10 us, and delayed for 50 */
	ASSERT_NUMBER(wires[1].counts.in_frames, 0);
	step(&a, &wires[0], 1, 1000);
	ASSERT_NUMBER(wires[1].counts.in_frames, 1);
	step(&a, &wires[0], 28 * 10, 1000);
	ASSERT_NUMBER(wires[1].counts.in_frames, 29);
	step(&a, &wires[0], 100, 1000);
	step(&b, &wires[1], 3, 1000);
	ASSERT_NUMBER(wires[1].counts.in_frames, 30);
	ASSERT_NUMBER(received(&wires[1]), 30);
	for (unsigned i = 0; i < 30; i++) {
		uint8_t frame[100];
		host_fill(frame, 100, (uint8_t)i);
		CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&b, i), frame, 100), 0);
	}
	close_wire(&wires[0]);
	close_wire(&wires[1]);
	host_close(&a);
	host_close(&b);
}

static void a_cable_to_the_same_port_comes_back(void)
{
	static struct wire wire;
	struct host h;
	configure(&wire, 1, "0:peer=0%s", "");
	up(&h, &wire);
	transmit(&h, 0, 20);
	step(&h, &wire, 3, 1000);
	ASSERT_NUMBER(wire.counts.in_frames, 20);
	close_wire(&wire);
	host_close(&h);
}

static void what_is_sent_is_captured_whole(void)
{
	static struct wire wire;
	struct host h;
	struct capture capture;
	uint8_t frame[100];
	configure(&wire, 1, "0:pcap-out=%s", at("out.pcap"));
	wire.lose = 3;
	wire.corrupt = 5;
	up(&h, &wire);
	transmit(&h, 0, 20);
	step(&h, &wire, 3, 1000);
	close_wire(&wire);
	host_close(&h);
	CU_ASSERT_EQUAL_FATAL(capture_load(&capture, at("out.pcap"), error, sizeof(error)), 0);
	ASSERT_NUMBER(capture.count, 19);
	CU_ASSERT_EQUAL_FATAL(capture.count, 19);
	for (unsigned i = 0; i < capture.count; i++) {
		unsigned number = i < 2 ? i : i + 1;
		host_fill(frame, 100, (uint8_t)number);
		ASSERT_NUMBER(capture.frames[i].len, 100);
		ASSERT_NUMBER(memcmp(capture.frames[i].data, frame, 100) != 0, number == 4);
	}
	CU_ASSERT_TRUE(capture.time_ns[18] >= capture.time_ns[0]);
	capture_free(&capture);
}

static void a_full_disk_is_said(void)
{
	static struct wire wire;
	struct host h;
	configure(&wire, 1, "0:pcap-out=%s", "/dev/full");
	up(&h, &wire);
	transmit(&h, 0, 200);
	step(&h, &wire, 3, 1000);
	CU_ASSERT_TRUE(wire_close(&wire, error, sizeof(error)) < 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, "/dev/full"));
	host_close(&h);
}

static void the_packet_buffer_keeps_order_and_bytes(void)
{
	struct fifo *fifo = fifo_open();
	uint8_t data[MODEL_FRAME_MAX - 4];
	uint32_t in = 0, out = 0, state = 1;
	for (unsigned round = 0; round < 20000; round++) {
		state = state * 1664525 + 1013904223;
		uint32_t len = 14 + (in * 7919u) % (in % 50 ? 1500 : (uint32_t)sizeof(data) - 14);
		if (fifo_fits(fifo, len, MODEL_FIFO_BYTES) && state >> 30) {
			memset(data, (int)in, len);
			fifo_push(fifo, &(struct model_frame){.data = data, .len = len}, true);
			in++;
			continue;
		}
		const struct model_frame *frames;
		unsigned n = fifo_peek(fifo, &frames);
		n = n > 40 ? 40 : n;
		for (unsigned i = 0; i < n; i++, out++) {
			ASSERT_NUMBER(
				frames[i].len, 14 + (out * 7919u) % (out % 50 ? 1500 : (uint32_t)sizeof(data) - 14));
			ASSERT_NUMBER(frames[i].data[0], out & 255);
			ASSERT_NUMBER(frames[i].data[frames[i].len - 1], out & 255);
		}
		fifo_pop(fifo, n);
	}
	ASSERT_NUMBER(fifo_count(fifo), in - out);
	fifo_clear(fifo);
	unsigned small = 0;
	for (; fifo_fits(fifo, 14, MODEL_FIFO_BYTES); small++)
		fifo_push(fifo, &(struct model_frame){.data = data, .len = 14}, true);
	ASSERT_NUMBER(small, MODEL_FIFO_BYTES / 64);
	/* Each begins at a multiple of 32 bytes, and has 32 of its own. */
	static const unsigned lengths[][2] = {{1, 64}, {32, 64}, {33, 96}, {60, 96}, {64, 96}, {65, 128}, {1514, 1568}};
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		ASSERT_NUMBER(fifo_frame_bytes(lengths[i][0]), lengths[i][1]);
	fifo_close(fifo);
}

static void senseless_options_are_refused_with_a_sentence(void)
{
	static const char *const options[] = {
		"",
		"0",
		"0:",
		"2:sink",
		"x:sink",
		"0:nothing",
		"0:sink,rate=1",
		"0:sink=1",
		"0:pcap-out=-",
		"0:source=3",
		"0:source,size=63",
		"0:source,size=20000",
		"0:source,size=",
		"0:source,size=64x",
		"0:source,rate=0",
		"0:source,rate=nan",
		"0:source,rate=1G",
		"0:source,rate=-1",
		"0:source,count=0",
		"0:source,flows=0",
		"0:source,flows=65537",
		"0:source,dst=me",
		"0:source,dst=1:2:3",
		"0:source,seq=1",
		"0:source,",
		"0:peer",
		"0:peer=2",
		"0:peer=1,x",
		"0:peer=1,lossless,lossless",
		"0:peer=1,damage",
		"0:peer=1,damage=0",
		"0:peer=1,damage=2,damage=3",
		"0:device",
		"0:device=2",
		"0:device=1,x",
		"0:device=1,lossless",
		"0:device=1,rate=0",
		"0:device=1,queue=0",
		"0:device=1,queue=1000001",
		"0:device=1,loss=1.1",
		"0:device=1,loss=-1",
		"0:device=1,loss=nan",
		"0:device=1,delay=20",
		"0:device=1,delay=20us,",
		"0:device=1,delay=11s",
		"0:device=1,delay=1e999s",
		"0:device=1,delay",
		"0:pcap-in",
		"0:pcap-in=/no/such/file",
		"0:pcap-out",
		"0:pcap-out=/no/such/folder/x",
		"0:pcap-out=/tmp/x,y",
		"-1:sink",
		"99999999999999999999:sink",
	};
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct wire wires[2] = {0};
		error[0] = '\0';
		int state = wire_configure(wires, 2, options[i], error, sizeof(error));
		if (state >= 0 || !error[0])
			printf("\n    '%s' gave %d, '%s' ", options[i], state, error);
		CU_ASSERT_TRUE(state < 0 && error[0]);
		wire_close(&wires[0], error, sizeof(error));
		wire_close(&wires[1], error, sizeof(error));
	}
	struct wire wires[2] = {0};
	configure(wires, 2, "0:source%s", "");
	CU_ASSERT_TRUE(wire_configure(wires, 2, "0:source", error, sizeof(error)) < 0);
	CU_ASSERT_TRUE(wire_configure(wires, 2, "1:peer=0", error, sizeof(error)) < 0);
	CU_ASSERT_TRUE(wire_configure(wires, 2, "1:device=0", error, sizeof(error)) < 0);
	wire_close(&wires[0], error, sizeof(error));
	wire_close(&wires[1], error, sizeof(error));
}

/* ---- Programs ---- */

/** Runs a program beside this one. @return its exit status; its first 511 bytes of output are in `error`. */
static int run(const char *command)
{
	char self[512] = "", line[2048];
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return -1;
	snprintf(line, sizeof(line), "%s/%s 2>&1", dirname(self), command);
	FILE *pipe = popen(line, "re");
	if (!pipe)
		return -1;
	size_t bytes = fread(error, 1, sizeof(error) - 1, pipe);
	error[bytes] = '\0';
	while (fread(line, 1, sizeof(line), pipe) > 0) /* to its end: a program that cannot write on is killed */
		;
	int status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool built(const char *program)
{
	char command[64];
	snprintf(command, sizeof(command), "%s --help", program);
	if (run(command) == 0)
		return true;
	printf("\n    skipped: %s is not built ", program);
	return false;
}

static void expect_refusal(const char *name, const char *word)
{
	char command[256];
	snprintf(command, sizeof(command), "pollux-model --port %s --wire 0:pcap-in=%s", at("s"), at(name));
	ASSERT_NUMBER(run(command), 2);
	if (!strstr(error, word))
		printf("\n    %s: no '%s' in: %s", name, word, error);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, word));
	snprintf(command, sizeof(command), "pollux-pcap-diff %s %s", at(name), at(name));
	ASSERT_NUMBER(run(command), 2);
}

static void captures_that_cannot_be_used_are_refused(void)
{
	if (!built("pollux-model") || !built("pollux-pcap-diff") || !built("pollux-pcap-check"))
		return;
	write_capture("cut.pcap", DLT_EN10MB, 10);
	cut("cut.pcap", 500);
	expect_refusal("cut.pcap", "broken behind frame");
	cut("cut.pcap", 10);
	expect_refusal("cut.pcap", "not a capture");
	cut("cut.pcap", 0);
	expect_refusal("cut.pcap", "not a capture");
	write_capture("raw.pcap", DLT_RAW, 3);
	expect_refusal("raw.pcap", "only Ethernet");
	write_capture("none.pcap", DLT_EN10MB, 0);
	expect_refusal("none.pcap", "no frames");
	expect_refusal("absent.pcap", "No such file");

	uint8_t frame[60] = {0};
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dumper = pcap_dump_open(pcap, at("snap.pcap"));
	struct pcap_pkthdr header = {.caplen = 60, .len = 1514};
	pcap_dump((uint8_t *)dumper, &header, frame);
	pcap_dump_close(dumper);
	pcap_close(pcap);
	expect_refusal("snap.pcap", "60 of its 1514");
}

/** Copies a capture frame by frame, with change: 's'ame, 'l'oses frame 4, 'd'uplicates it, 'c'orrupts its byte 20,
 * 'o'rder: swaps 4 and 5, 'a'dds one at the end. */
static void copy_capture(const char *from, const char *to, char change)
{
	struct capture capture;
	CU_ASSERT_EQUAL_FATAL(capture_load(&capture, at(from), error, sizeof(error)), 0);
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dumper = pcap_dump_open(pcap, at(to));
	for (unsigned i = 0; i < capture.count; i++) {
		unsigned n = change == 'o' && (i == 3 || i == 4) ? 7 - i : i;
		uint8_t data[2048];
		struct pcap_pkthdr header = {.caplen = capture.frames[n].len, .len = capture.frames[n].len};
		memcpy(data, capture.frames[n].data, header.len);
		if (change == 'c' && i == 3)
			data[20] ^= 1;
		for (unsigned times = i != 3 ? 1 : change == 'l' ? 0 : change == 'd' ? 2 : 1; times; times--)
			pcap_dump((uint8_t *)dumper, &header, data);
		if (change == 'a' && i + 1 == capture.count) {
			memset(data, 0x11, header.len);
			pcap_dump((uint8_t *)dumper, &header, data);
		}
	}
	pcap_dump_close(dumper);
	pcap_close(pcap);
	capture_free(&capture);
}

static void captures_are_told_apart(void)
{
	static const struct {
		char change;
		int status;
		const char *says[2];
	} cases[] = {
		{'s', 0, {"identical: 30 frames", ""}},
		{'l', 1, {"different: frame 4 at byte", "1 lost, 0 added, 0 duplicated"}},
		{'d', 1, {"different: frame 5 at byte", "0 lost, 0 added, 1 duplicated"}},
		{'c', 1, {"different: frame 4 at byte 20", "1 lost, 1 added, 0 duplicated"}},
		{'o', 1, {"different: frame 4 at byte", "another order"}},
		{'a', 1, {"frame 31 is the first that was not expected", "0 lost, 1 added, 0 duplicated"}},
	};
	if (!built("pollux-pcap-diff"))
		return;
	write_capture("in.pcap", DLT_EN10MB, 30);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char command[512];
		copy_capture("in.pcap", "out.pcap", cases[i].change);
		snprintf(command, sizeof(command), "pollux-pcap-diff %s %s", at("in.pcap"), at("out.pcap"));
		ASSERT_NUMBER(run(command), cases[i].status);
		for (unsigned s = 0; s < 2; s++) {
			if (!strstr(error, cases[i].says[s]))
				printf("\n    %c: no '%s' in: %s ", cases[i].change, cases[i].says[s], error);
			CU_ASSERT_PTR_NOT_NULL(strstr(error, cases[i].says[s]));
		}
	}
}

static void senseless_command_lines_are_refused(void)
{
	static const char *const lines[] = {
		"pollux-model",
		"pollux-model --port a --port b --port c",
		"pollux-model --port a --wire 1:sink",
		"pollux-model --port a --break x",
		"pollux-model --port a --lose 0",
		"pollux-model --port a --duration x",
		"pollux-model --port a --card x540 --sfp-absent",
		"pollux-model --port a --card x550 --module dac",
		"pollux-model --port a --module what",
		"pollux-model --port a --partner 1001",
		"pollux-model --port a --partner 1000,",
		"pollux-model --port a --partner ,1000",
		"pollux-model --port a --link-tries 0",
		"pollux-model --port a --nvm-lms 8",
		"pollux-model --port a b",
		"pollux-model --port a --control /tmp",
		"pollux-model --port a --control /dev/null",
		"pollux-model --port a --mac 02:00:00:00:00:01",
		"pollux-model --port a --mac 2:02:00:00:00:00:01",
		"pollux-model --port a --mac 0:03:00:00:00:00:01",
		"pollux-model --port a --mac 0:00:00:00:00:00:00",
		"pollux-model --what",
		"pollux-model --port /tmp/no-such-folder/s --exit-when-done --wire 0:source,size=1",
		"pollux-pcap-diff a",
		"pollux-pcap-check --count x a",
		"pollux-pcap-check --count 0 a",
	};
	if (!built("pollux-model") || !built("pollux-pcap-diff"))
		return;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int status = run(lines[i]);
		if (status != 2 || !error[0])
			printf("\n    %s: exit status %d, says '%s' ", lines[i], status, error);
		CU_ASSERT_TRUE(status == 2 && error[0]);
	}
}

static int folder_make(void)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);
	while (dir && (entry = readdir(dir)))
		unlink(at(entry->d_name));
	if (dir)
		closedir(dir);
	return rmdir(folder);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a capture waits for descriptors and loses nothing",
			a_capture_waits_for_descriptors_and_loses_nothing},
		{"frames come only while the driver has the port up",
			frames_come_only_while_the_driver_has_the_port_up},
		{"nothing is lost while the path is halted", nothing_is_lost_while_the_path_is_halted},
		{"a held source waits, but a cable does not", a_held_source_waits_but_a_cable_does_not},
		{"template frames are valid", template_frames_are_valid},
		{"a source goes to the port's own address and counts",
			a_source_goes_to_the_ports_own_address_and_counts},
		{"a rate is kept and its overflow is missed", a_rate_is_kept_and_its_overflow_is_missed},
		{"a model that is late says so", a_model_that_is_late_says_so},
		{"a capture's own times are kept", a_captures_own_times_are_kept},
		{"a cable carries frames both ways", a_cable_carries_frames_both_ways},
		{"a cable overflows or holds back", a_cable_overflows_or_holds_back},
		{"a cable damages every nth frame", a_cable_damages_every_nth_frame},
		{"what becomes of each frame is told", what_becomes_of_each_frame_is_told},
		{"a link that goes costs what is on the wire", a_link_that_goes_costs_what_is_on_the_wire},
		{"a device in the cable loses and delays", a_device_in_the_cable_loses_and_delays},
		{"a cable to the same port comes back", a_cable_to_the_same_port_comes_back},
		{"what is sent is captured whole", what_is_sent_is_captured_whole},
		{"a full disk is said", a_full_disk_is_said},
		{"the packet buffer keeps order and bytes", the_packet_buffer_keeps_order_and_bytes},
		{"senseless options are refused with a sentence", senseless_options_are_refused_with_a_sentence},
		{"captures that cannot be used are refused", captures_that_cannot_be_used_are_refused},
		{"captures are told apart", captures_are_told_apart},
		{"senseless command lines are refused", senseless_command_lines_are_refused},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "wire", .pInitFunc = folder_make, .pCleanupFunc = folder_remove, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
