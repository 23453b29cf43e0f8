/* SPDX-License-Identifier: BSD-2-Clause
 * How the software 82599 sends: descriptors of all kinds, completion, offloads, loopback, and what hostile drivers hand
 * it. */
#include "model_scene.c"

#include <stdlib.h>

#define EOP             (1ull << 24)
#define IFCS            (1ull << 25)
#define REPORT_STATUS   (1ull << 27)
#define VLE             (1ull << 30)
#define TSE             (1ull << 31)
#define DESCRIPTOR_DONE (1ull << 32)
#define IXSM            (1ull << 40)
#define TXSM            (1ull << 41)
#define PLAIN           (EOP | IFCS)

static unsigned tail;

static void start(unsigned descriptors)
{
	host_open(&h);
	host_link(&h);
	host_transmit_queue(&h, 0, descriptors);
	for (unsigned i = 0; i < 32; i++)
		host_fill(host_tx_buffer(&h, i), 2048, (uint8_t)i);
	tail = 0;
}

static void put(struct host_descriptor d)
{
	host_tx_ring(&h)[tail++] = d;
}

static unsigned transmit(void)
{
	wr(0x06018, tail);
	return model_transmit(h.model, &h.sink, 1000);
}

static void frames_leave_in_order_and_only_rs_is_answered(void)
{
	start(32);
	for (unsigned i = 0; i < 5; i++)
		put(host_data(i, 60 + i, PLAIN | (i == 2 ? REPORT_STATUS : 0)));
	CU_ASSERT_EQUAL(transmit(), 5);
	for (unsigned i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(h.sent[i].len, 60 + i);
		CU_ASSERT_EQUAL(memcmp(h.sent[i].data, host_tx_buffer(&h, i), 60 + i), 0);
		CU_ASSERT_EQUAL(host_tx_ring(&h)[i].q1 & DESCRIPTOR_DONE, i == 2 ? DESCRIPTOR_DONE : 0);
	}
	CU_ASSERT_EQUAL(rd(0x06010), 5);
	CU_ASSERT_EQUAL(rd(0x04080), 5);
	CU_ASSERT_EQUAL(rd(0x04090), 64 + 65 + 66 + 67 + 68);
	CU_ASSERT_EQUAL(rd(0x06030), 5);
	CU_ASSERT_EQUAL(rd(0x08700), 60 + 61 + 62 + 63 + 64);
	CU_ASSERT_EQUAL(rd(0x040D8), 1);
	CU_ASSERT_EQUAL(rd(0x040DC), 4);
	CU_ASSERT_EQUAL(transmit(), 0);
	host_close(&h);
}

static void short_frames_are_padded_with_zeros(void)
{
	start(32);
	put(host_data(0, 20, PLAIN));
	CU_ASSERT_EQUAL(transmit(), 1);
	CU_ASSERT_EQUAL(h.sent[0].len, 60);
	CU_ASSERT_EQUAL(h.sent[0].data[19], host_tx_buffer(&h, 0)[19]);
	for (unsigned i = 20; i < 60; i++)
		CU_ASSERT_EQUAL(h.sent[0].data[i], 0);
	wr(0x04240, rd(0x04240) & ~(1u << 10));
	put(host_data(0, 20, PLAIN));
	CU_ASSERT_EQUAL(transmit(), 1);
	CU_ASSERT_EQUAL(h.sent[1].len, 20);
	h.sink.lengths_only = true;
	wr(0x04240, rd(0x04240) | 1u << 10);
	put(host_data(0, 20, PLAIN));
	CU_ASSERT_EQUAL(transmit(), 1);
	CU_ASSERT_EQUAL(h.sent[2].len, 60);
	host_close(&h);
}

static void frames_are_gathered_from_several_buffers(void)
{
	start(32);
	struct host_descriptor d = host_data(0, 100, IFCS); /* the first descriptor's fields count */
	d.q1 = (d.q1 & ((1ull << 46) - 1)) | 350ull << 46;  /* PAYLEN is the whole */
	put(d);
	put((struct host_descriptor){host_tx_iova(1), 200 | 3ull << 20 | 1ull << 29});
	wr(0x06018, tail);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 10), 0); /* its end is not there yet */
	CU_ASSERT_EQUAL(rd(0x06010), 0);
	put((struct host_descriptor){host_tx_iova(2), 50 | 3ull << 20 | 1ull << 29 | EOP | REPORT_STATUS});
	CU_ASSERT_EQUAL(transmit(), 1);
	CU_ASSERT_EQUAL(h.sent[0].len, 350);
	CU_ASSERT_EQUAL(memcmp(h.sent[0].data, host_tx_buffer(&h, 0), 100), 0);
	CU_ASSERT_EQUAL(memcmp(h.sent[0].data + 100, host_tx_buffer(&h, 1), 200), 0);
	CU_ASSERT_EQUAL(memcmp(h.sent[0].data + 300, host_tx_buffer(&h, 2), 50), 0);
	host_close(&h);
}

static void a_frame_with_its_own_fcs_is_checked_as_such(void)
{
	start(32);
	put(host_data(0, 100, EOP));
	CU_ASSERT_EQUAL(transmit(), 1);
	CU_ASSERT_EQUAL(h.sent[0].len, 96);
	CU_ASSERT_EQUAL(h.sent[0].bad_crc, true);
	wr(0x04240, rd(0x04240) & ~1u); /* HLREG0.TXCRCEN: none gets one */
	put(host_data(0, 100, PLAIN));
	CU_ASSERT_EQUAL(transmit(), 1);
	CU_ASSERT_EQUAL(h.sent[1].len, 96);
	CU_ASSERT_EQUAL(h.sent[1].bad_crc, true);
	host_close(&h);
}

static void the_sink_may_take_less(void)
{
	start(32);
	for (unsigned i = 0; i < 10; i++)
		put(host_data(i, 60 + i, PLAIN | REPORT_STATUS));
	h.take_limit = 4;
	CU_ASSERT_EQUAL(transmit(), 4);
	CU_ASSERT_EQUAL(rd(0x06010), 4);
	CU_ASSERT_EQUAL(host_tx_ring(&h)[3].q1 & DESCRIPTOR_DONE, DESCRIPTOR_DONE);
	CU_ASSERT_EQUAL(host_tx_ring(&h)[4].q1 & DESCRIPTOR_DONE, 0);
	h.take_limit = 0;
	CU_ASSERT_EQUAL(transmit(), 0);
	h.take_limit = 100;
	CU_ASSERT_EQUAL(transmit(), 6);
	CU_ASSERT_EQUAL(h.sent[9].len, 69);
	host_close(&h);
}

static void the_head_can_be_written_back_instead(void)
{
	start(32);
	volatile uint32_t *head = (volatile uint32_t *)(void *)(h.memory + HOST_HEAD);

	wr(0x06028, 0);
	host_wait(&h, 10000);
	wr(0x06038, (uint32_t)(HOST_IOVA + HOST_HEAD) | 1);
	wr(0x06028, 1u << 25);
	host_wait(&h, 10000);
	*head = 0xFFFF;
	put(host_data(0, 60, PLAIN | REPORT_STATUS));
	put(host_data(1, 60, PLAIN));
	CU_ASSERT_EQUAL(transmit(), 2);
	CU_ASSERT_EQUAL(*head, 1);
	CU_ASSERT_EQUAL(host_tx_ring(&h)[0].q1 & DESCRIPTOR_DONE, 0);
	put(host_data(2, 60, PLAIN | REPORT_STATUS));
	CU_ASSERT_EQUAL(transmit(), 1);
	CU_ASSERT_EQUAL(*head, 3);
	/* Not aligned to 16 bytes: no ring. */
	uint64_t before = model_faults(h.model)->bad_ring;
	wr(0x06028, 0);
	host_wait(&h, 10000);
	wr(0x06038, (uint32_t)(HOST_IOVA + HOST_HEAD + 8) | 1);
	wr(0x06028, 1u << 25);
	host_wait(&h, 10000);
	CU_ASSERT(model_faults(h.model)->bad_ring > before);
	CU_ASSERT_EQUAL(transmit(), 0);
	host_close(&h);
}

static void legacy_descriptors_are_sent(void)
{
	start(32);
	put((struct host_descriptor){host_tx_iova(0), 64 | EOP | IFCS | REPORT_STATUS});
	put((struct host_descriptor){host_tx_iova(1), 100}); /* IFCS counts in the last descriptor only */
	put((struct host_descriptor){host_tx_iova(2), 100 | EOP | IFCS | REPORT_STATUS});
	put((struct host_descriptor){0, EOP | REPORT_STATUS}); /* empty: completed only */
	put((struct host_descriptor){host_tx_iova(3), 64 | EOP | IFCS | REPORT_STATUS | VLE | 0x0123ull << 48});
	CU_ASSERT_EQUAL(transmit(), 3);
	CU_ASSERT_EQUAL(h.sent[0].len, 64);
	CU_ASSERT_EQUAL(h.sent[2].len, 68);
	CU_ASSERT_EQUAL(memcmp(h.sent[2].data + 12, "\x81\x00\x01\x23", 4), 0);
	CU_ASSERT_EQUAL(host_tx_ring(&h)[3].q1 & DESCRIPTOR_DONE, DESCRIPTOR_DONE);
	CU_ASSERT_EQUAL(host_tx_ring(&h)[0].q0, host_tx_iova(0));
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_descriptor, 0);
	host_close(&h);
}

static uint16_t sum16(const uint8_t *at, unsigned bytes, uint32_t sum)
{
	for (unsigned i = 0; i < bytes; i += 2)
		sum += (uint32_t)(at[i] << 8 | (i + 1 < bytes ? at[i + 1] : 0));
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An IPv4 header for `payload` bytes of protocol; @return the header. */
static uint8_t *ipv4(unsigned buffer, uint8_t protocol, uint32_t payload)
{
	uint8_t *frame = host_tx_buffer(&h, buffer), *ip = frame + 14;

	frame[12] = 8;
	frame[13] = 0;
	memset(ip, 0, 40);
	ip[0] = 0x45;
	ip[2] = (uint8_t)((20 + payload) >> 8);
	ip[3] = (uint8_t)(20 + payload);
	ip[8] = 64;
	ip[9] = protocol;
	memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	return ip;
}

static struct host_descriptor context(bool tcp, unsigned l4_bytes, unsigned mss, unsigned vlan)
{
	return (struct host_descriptor){
		20 | 14u << 9 | (uint64_t)vlan << 16, 2ull << 20 | 1ull << 29 | 1ull << 10 | (uint64_t)tcp << 11 |
							      (uint64_t)l4_bytes << 40 | (uint64_t)mss << 48};
}

static void checksums_and_tags_are_inserted(void)
{
	start(32);
	uint8_t *ip = ipv4(0, 17, 46);
	uint16_t seed = (uint16_t)~sum16(ip + 12, 8, 17 + 46);
	ip[25] = 46;
	ip[26] = (uint8_t)(seed >> 8);
	ip[27] = (uint8_t)seed;
	put(context(false, 0, 0, 0x3005));
	put(host_data(0, 80, PLAIN | IXSM | TXSM | VLE | REPORT_STATUS));
	put(host_data(1, 60, PLAIN));
	CU_ASSERT_EQUAL(transmit(), 2);
	CU_ASSERT_EQUAL(h.sent[0].len, 84);
	CU_ASSERT_EQUAL(memcmp(h.sent[0].data + 12, "\x81\x00\x30\x05\x08\x00", 6), 0);
	CU_ASSERT_EQUAL(sum16(h.sent[0].data + 18, 20, 0), 0);
	CU_ASSERT_EQUAL(sum16(h.sent[0].data + 38, 46, (uint32_t)(uint16_t)~sum16(h.sent[0].data + 30, 8, 17 + 46)), 0);
	CU_ASSERT_EQUAL(memcmp(h.sent[0].data + 46, ip + 28, 38), 0);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_descriptor, 0);
	host_close(&h);
}

/** Puts a segmentation into the ring: its context, and one descriptor, or several of most bytes each. */
static void put_large(uint32_t payload, uint32_t mss, uint64_t bits)
{
	uint8_t *ip = ipv4(0, 6, 0), *tcp = ip + 20;
	uint16_t seed = (uint16_t)~sum16(ip + 12, 8, 6);
	uint32_t most = 32768, total = 54 + payload;

	memset(tcp, 0, 20);
	ip[2] = ip[3] = 0;
	tcp[7] = 10; /* sequence */
	tcp[12] = 0x50;
	tcp[13] = 0x19; /* ACK, PSH, FIN */
	tcp[16] = (uint8_t)(seed >> 8);
	tcp[17] = (uint8_t)seed;
	put(context(true, 20, mss, 0));
	for (uint32_t at = 0, bytes; at < total; at += bytes) {
		bytes = total - at < most ? total - at : most;
		put((struct host_descriptor){
			host_tx_iova(0) + at, bytes | 3ull << 20 | 1ull << 29 | (uint64_t)payload << 46 | IFCS | TSE |
						      IXSM | TXSM | (at + bytes == total ? EOP | bits : 0)});
	}
}

static void large_sends_are_segmented(void)
{
	enum { PAYLOAD = 1900, MSS = 100 };

	start(32);
	put_large(PAYLOAD, MSS, REPORT_STATUS);
	h.take_limit = 7; /* in portions */
	wr(0x06018, tail);
	unsigned n = 0;
	for (unsigned i = 0; i < 10; i++)
		n += model_transmit(h.model, &h.sink, 5);
	CU_ASSERT_EQUAL(n, 19);
	uint32_t at = 0;
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *f = h.sent[i].data;
		uint32_t bytes = h.sent[i].len - 54;

		CU_ASSERT_EQUAL(f[16] << 8 | f[17], 40 + (int)bytes);
		CU_ASSERT_EQUAL(f[18] << 8 | f[19], (int)i);
		CU_ASSERT_EQUAL(sum16(f + 14, 20, 0), 0);
		CU_ASSERT_EQUAL(sum16(f + 34, 20 + bytes, (uint32_t)(uint16_t)~sum16(f + 26, 8, 6 + 20 + bytes)), 0);
		CU_ASSERT_EQUAL(
			((uint32_t)f[38] << 24 | (uint32_t)f[39] << 16 | (uint32_t)f[40] << 8 | f[41]), 10 + at);
		CU_ASSERT_EQUAL(f[47], i + 1 == n ? 0x19 : 0x10);
		CU_ASSERT_EQUAL(memcmp(f + 54, host_tx_buffer(&h, 0) + 54 + at, bytes), 0);
		at += bytes;
	}
	CU_ASSERT_EQUAL(at, PAYLOAD);
	CU_ASSERT_EQUAL(rd(0x06010), 2);
	CU_ASSERT_EQUAL(host_tx_ring(&h)[1].q1 & DESCRIPTOR_DONE, DESCRIPTOR_DONE);
	host_close(&h);
}

/* Frames behind a segmentation leave behind it, and each once, however few the sink takes and however little room there
 * is. */
static void nothing_overtakes_segments(void)
{
	for (unsigned limit = 1; limit < 8; limit++) {
		unsigned n = 0;

		start(32);
		put_large(250, 100, REPORT_STATUS);
		for (unsigned i = 1; i < 4; i++)
			put(host_data(i, 60 + i, PLAIN | REPORT_STATUS));
		h.take_limit = limit;
		for (unsigned i = 0; i < 10; i++)
			n += transmit();
		ASSERT_NUMBER(n, 6);
		for (unsigned i = 0; i < n; i++)
			ASSERT_NUMBER(h.sent[i].len, i < 2 ? 154 : i == 2 ? 104 : 58 + i);
		ASSERT_NUMBER(rd(0x06010), tail);
		ASSERT_NUMBER(host_tx_ring(&h)[4].q1 & DESCRIPTOR_DONE, DESCRIPTOR_DONE);
		host_close(&h);
	}
	start(32);
	put_large(262000, 9000, REPORT_STATUS); /* more than is held at once */
	put(host_data(1, 61, PLAIN | REPORT_STATUS));
	put(host_data(2, 62, PLAIN | REPORT_STATUS));
	unsigned n = 0;
	for (unsigned i = 0; i < 10; i++)
		n += transmit();
	ASSERT_NUMBER(n, 32);
	ASSERT_NUMBER(h.sent[28].len, 9054);
	ASSERT_NUMBER(h.sent[29].len, 54 + 1000);
	ASSERT_NUMBER(h.sent[30].len, 61);
	ASSERT_NUMBER(h.sent[31].len, 62);
	ASSERT_NUMBER(rd(0x06010), tail);
	host_close(&h);
}

static struct host_descriptor part(uint64_t iova, uint32_t bytes, uint32_t whole, uint64_t bits)
{
	return (struct host_descriptor){iova, bytes | 3ull << 20 | 1ull << 29 | (uint64_t)whole << 46 | bits};
}

static void what_is_dropped_leaves_room_for_the_next(void)
{
	start(256);
	for (unsigned i = 0; i < 60; i++) {
		put(part(host_tx_iova(0), 7000, 7100, IFCS));
		put(part(HOST_IOVA + HOST_BYTES, 100, 0, EOP));
	}
	put(part(host_tx_iova(0), 100, 150, IFCS));
	put(part(host_tx_iova(1), 50, 0, EOP | REPORT_STATUS));
	ASSERT_NUMBER(transmit(), 1);
	ASSERT_NUMBER(h.sent[0].len, 150);
	ASSERT_NUMBER(host_tx_ring(&h)[tail - 1].q1 & DESCRIPTOR_DONE, DESCRIPTOR_DONE);
	ASSERT_NUMBER(model_faults(h.model)->bad_address, 60);
	host_close(&h);
}

static void a_chain_without_end_is_one_fault_and_no_frame(void)
{
	start(1024);
	for (unsigned i = 0; i < 300; i++)
		put(host_data(1, 60, 0));
	ASSERT_NUMBER(transmit(), 0);
	ASSERT_NUMBER(rd(0x06010), 300); /* each was looked at once */
	for (unsigned i = 0; i < 100; i++)
		put(host_data(1, 60, 0));
	put(host_data(1, 60, PLAIN | REPORT_STATUS)); /* its end, though it looks like a frame */
	put(host_data(2, 62, PLAIN | REPORT_STATUS));
	ASSERT_NUMBER(transmit(), 1);
	ASSERT_NUMBER(h.sent[0].len, 62);
	ASSERT_NUMBER(host_tx_ring(&h)[400].q1 & DESCRIPTOR_DONE, DESCRIPTOR_DONE);
	ASSERT_NUMBER(host_tx_ring(&h)[401].q1 & DESCRIPTOR_DONE, DESCRIPTOR_DONE);
	ASSERT_NUMBER(model_faults(h.model)->bad_descriptor, 1);
	host_close(&h);
}

static void what_sends_nothing_takes_turns_too(void)
{
	unsigned calls = 0;

	start(8192);
	for (unsigned i = 0; i < 8000; i++)
		put(context(true, 20, 100, 0));
	wr(0x06018, tail);
	for (uint32_t before = 0; before < tail && calls < 1000; calls++) {
		ASSERT_NUMBER(model_transmit(h.model, &h.sink, 128), 0);
		CU_ASSERT_TRUE(rd(0x06010) > before && rd(0x06010) - before < 1000);
		before = rd(0x06010);
	}
	CU_ASSERT_TRUE(calls > 8 && calls < 1000);
	host_close(&h);
}

static void nonsense_is_completed_counted_and_not_sent(void)
{
	const struct host_descriptor bad[] = {
		{host_tx_iova(0), 0 | 3ull << 20 | 1ull << 29 | PLAIN | REPORT_STATUS},                /* empty */
		{host_tx_iova(0), 16 | 3ull << 20 | 1ull << 29 | PLAIN | REPORT_STATUS | 16ull << 46}, /* below 17 */
		{host_tx_iova(0), 60 | 3ull << 20 | 1ull << 29 | PLAIN | REPORT_STATUS | 61ull << 46}, /* PAYLEN */
		{host_tx_iova(0), 60 | 5ull << 20 | 1ull << 29 | PLAIN | REPORT_STATUS | 60ull << 46}, /* type */
		{host_tx_iova(0),
			60 | 3ull << 20 | 1ull << 29 | PLAIN | REPORT_STATUS | 60ull << 46 | TXSM}, /* no context */
		{host_tx_iova(0),
			0xFFFF | 3ull << 20 | 1ull << 29 | PLAIN | REPORT_STATUS | 0xFFFFull << 46}, /* too long */
		{host_tx_iova(0), 60 | 3ull << 20 | 1ull << 29 | PLAIN | REPORT_STATUS | 6ull << 46 | TSE | TXSM |
					  1ull << 36}, /* no context 1 */
	};
	const unsigned n = sizeof(bad) / sizeof(bad[0]);

	start(32);
	for (unsigned i = 0; i < n; i++) {
		put(host_data(1, 60, PLAIN));
		put(bad[i]);
	}
	put(host_data(1, 60, PLAIN));
	CU_ASSERT_EQUAL(transmit(), n + 1);
	CU_ASSERT_EQUAL(rd(0x06010), 2 * n + 1);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_descriptor, n);
	for (unsigned i = 0; i < n; i++)
		CU_ASSERT_EQUAL(host_tx_ring(&h)[2 * i + 1].q1 & DESCRIPTOR_DONE, DESCRIPTOR_DONE);
	host_close(&h);
}

static void hostile_addresses_and_tails_are_counted_not_followed(void)
{
	static const uint64_t addresses[] = {
		0, UINT64_MAX, UINT64_MAX - 59, HOST_IOVA - 1, HOST_IOVA + HOST_BYTES - 59};

	start(32);
	for (unsigned i = 0; i < 5; i++) {
		struct host_descriptor d = host_data(0, 60, PLAIN | REPORT_STATUS);
		d.q0 = addresses[i];
		put(d);
		CU_ASSERT_EQUAL(transmit(), 0);
		CU_ASSERT_EQUAL(model_faults(h.model)->bad_address, i + 1);
	}
	CU_ASSERT_EQUAL(rd(0x06010), 5);
	uint64_t before = model_faults(h.model)->bad_ring;
	wr(0x06018, 32);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 10), 0);
	CU_ASSERT(model_faults(h.model)->bad_ring > before);
	/* A ring full of one frame without end. */
	for (unsigned i = 0; i < 32; i++)
		host_tx_ring(&h)[i] = host_data(0, 60, 0);
	before = model_faults(h.model)->bad_descriptor;
	wr(0x06018, 4);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 10), 0);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_descriptor - before, 1);
	CU_ASSERT_EQUAL(rd(0x06010), 4);
	host_close(&h);
}

static void random_descriptors_do_no_harm(void)
{
	start(32);
	srandom(1);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned slot = (unsigned)random() % 32;
		uint64_t q1 = (uint64_t)random() << 33 ^ (uint64_t)random() << 16 ^ (uint64_t)random();

		if (round & 1) /* nearly right */
			q1 = (q1 & ~(0xFull << 20)) | 1ull << 29 | (2 + (round >> 1 & 1)) * (1ull << 20);
		if ((round & 6) == 2) {
			uint64_t len = q1 & 0x7FF;
			q1 = (q1 & ((1ull << 46) - 1) & ~0xF800ull) | len << 46;
		}
		host_tx_ring(&h)[slot].q0 =
			round & 8 ? (uint64_t)random() << 20 : host_tx_iova(slot) + (unsigned)random() % 4096;
		host_tx_ring(&h)[slot].q1 = q1;
		wr(0x06018, (unsigned)random() % 33);
		h.sent_n = 0;
		model_transmit(h.model, &h.sink, (unsigned)random() % 100);
	}
	CU_ASSERT(model_faults(h.model)->bad_descriptor > 100);
	host_close(&h);
}

static void loopback_brings_frames_back(void)
{
	start(32);
	host_receive_queue(&h, 0, 32);
	wr(0x04240, rd(0x04240) | 1u << 15);
	model_set_partner(h.model, false);
	wr(0x042A0, rd(0x042A0) | 1);
	host_wait(&h, 100 * 1000 * 1000);
	put(host_data(0, 100, PLAIN | REPORT_STATUS));
	put(host_data(1, 30, PLAIN | REPORT_STATUS));
	h.sink.lengths_only = true;
	CU_ASSERT_EQUAL(transmit(), 2);
	CU_ASSERT_EQUAL(h.sent_n, 0);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 0xFFFF, 100);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 >> 32 & 0xFFFF, 60);
	CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, 0), host_tx_buffer(&h, 0), 100), 0);
	CU_ASSERT_EQUAL(rd(0x04074), 2);
	/* the wire is cut off meanwhile */
	uint8_t stranger[60] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
	struct model_frame frame = {.data = stranger, .len = sizeof(stranger)};
	CU_ASSERT_EQUAL(model_receive(h.model, &frame, 1), 1);
	model_miss(h.model, &frame, 1);
	CU_ASSERT_EQUAL(rd(0x04074), 0);
	CU_ASSERT_EQUAL(rd(0x03FA0), 0);
	host_close(&h);
}

static void queues_take_turns_and_nothing_leaves_without_link(void)
{
	start(32);
	put(host_data(0, 60, PLAIN));
	model_set_partner(h.model, false);
	CU_ASSERT_EQUAL(transmit(), 0);
	model_set_partner(h.model, true);
	host_wait(&h, 100 * 1000 * 1000);
	model_break(h.model, MODEL_TX_STUCK);
	CU_ASSERT_EQUAL(transmit(), 0);
	model_break(h.model, 0);
	CU_ASSERT_EQUAL(transmit(), 1);
	wr(0x04900, 1u << 6);     /* RTTDCS.ARBDIS */
	wr(0x08120, 2 | 1u << 2); /* MTQC: pools, so 128 queues */
	wr(0x04900, 0);
	host_transmit_queue(&h, 127, 32);
	put(host_data(0, 60, PLAIN));
	host_tx_ring(&h)[0] = host_data(1, 61, PLAIN);
	host_tx_ring(&h)[1] = host_data(2, 62, PLAIN);
	wr(0x06018 + 0x40 * 127, 2);
	wr(0x08600 + 4 * 31, 0x07000000); /* queue 127 counts in 7 */
	CU_ASSERT_EQUAL(transmit(), 3);
	CU_ASSERT_EQUAL(rd(0x06030 + 0x40 * 7), 2);
	CU_ASSERT_EQUAL(rd(0x06010 + 0x40 * 127), 2);
	CU_ASSERT_EQUAL(model_faults(h.model)->order[MODEL_ORDER_TX_QUEUES], 0);
	host_close(&h);
}

/* Without pools and traffic classes there are 64 (X550 DS 7.2.1.2.3.4), and MTQC is written with the arbiter off. */
static void only_64_queues_send_without_pools(void)
{
	const uint64_t *broken;

	start(32);
	broken = &model_faults(h.model)->order[MODEL_ORDER_TX_QUEUES];
	for (unsigned queue = 63; queue < 65; queue++) {
		host_transmit_queue(&h, queue, 32);
		host_tx_ring(&h)[0] = host_data(0, 60, PLAIN);
		wr(0x06018 + 0x40 * queue, 1);
		ASSERT_NUMBER(model_transmit(h.model, &h.sink, 10), queue == 63);
		ASSERT_NUMBER(*broken, queue - 63);
	}
	wr(0x08120, 2 | 1u << 2);
	ASSERT_NUMBER(*broken, 2);
	ASSERT_NUMBER(model_transmit(h.model, &h.sink, 10), 1);
	host_close(&h);
}

/* A queue goes off and on alone, and the others do not mind; its head and contexts begin anew. */
static void one_queue_stops_and_starts_alone(void)
{
	start(32);
	host_transmit_queue(&h, 1, 32);
	for (unsigned i = 0; i < 8; i++)
		put(host_data(i, 60 + i, PLAIN));
	wr(0x06018, 4);
	wr(0x06018 + 0x40, 2);
	ASSERT_NUMBER(model_transmit(h.model, &h.sink, 10), 6);
	wr(0x06028 + 0x40, 0);
	host_wait(&h, 10000);
	ASSERT_NUMBER(rd(0x06028 + 0x40) >> 25 & 1, 0);
	wr(0x06018, 5);
	wr(0x06018 + 0x40, 4);
	ASSERT_NUMBER(model_transmit(h.model, &h.sink, 10), 1);
	wr(0x06018 + 0x40, 0);
	wr(0x06028 + 0x40, 1u << 25);
	host_wait(&h, 10000);
	ASSERT_NUMBER(rd(0x06010 + 0x40), 0);
	wr(0x06018 + 0x40, 3);
	wr(0x06018, 6);
	ASSERT_NUMBER(model_transmit(h.model, &h.sink, 10), 4);
	ASSERT_NUMBER(rd(0x06010 + 0x40), 3);
	ASSERT_NUMBER(rd(0x06010), 6);
	host_close(&h);
}

static void completion_raises_the_queues_vector(void)
{
	start(32);
	wr(0x00898, 1u << 4);
	wr(0x00900, (0x80u | 9) << 8); /* transmit queue 0: vector 9 */
	wr(0x00880, 1u << 9);
	put(host_data(0, 60, PLAIN));
	transmit();
	CU_ASSERT_EQUAL(h.interrupts[9], 0);
	put(host_data(0, 60, PLAIN | REPORT_STATUS));
	transmit();
	CU_ASSERT_EQUAL(h.interrupts[9], 1);
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"frames leave in order and only RS is answered", frames_leave_in_order_and_only_rs_is_answered},
		{"short frames are padded with zeros", short_frames_are_padded_with_zeros},
		{"frames are gathered from several buffers", frames_are_gathered_from_several_buffers},
		{"a frame with its own FCS is checked as such", a_frame_with_its_own_fcs_is_checked_as_such},
		{"the sink may take less", the_sink_may_take_less},
		{"the head can be written back instead", the_head_can_be_written_back_instead},
		{"legacy descriptors are sent", legacy_descriptors_are_sent},
		{"checksums and tags are inserted", checksums_and_tags_are_inserted},
		{"large sends are segmented", large_sends_are_segmented},
		{"nothing overtakes segments", nothing_overtakes_segments},
		{"what is dropped leaves room for the next", what_is_dropped_leaves_room_for_the_next},
		{"a chain without end is one fault and no frame", a_chain_without_end_is_one_fault_and_no_frame},
		{"what sends nothing takes turns, too", what_sends_nothing_takes_turns_too},
		{"nonsense is completed, counted and not sent", nonsense_is_completed_counted_and_not_sent},
		{"hostile addresses and tails are counted, not followed",
			hostile_addresses_and_tails_are_counted_not_followed},
		{"random descriptors do no harm", random_descriptors_do_no_harm},
		{"loopback brings frames back", loopback_brings_frames_back},
		{"queues take turns and nothing leaves without link",
			queues_take_turns_and_nothing_leaves_without_link},
		{"only 64 queues send without pools", only_64_queues_send_without_pools},
		{"one queue stops and starts alone", one_queue_stops_and_starts_alone},
		{"completion raises the queue's vector", completion_raises_the_queues_vector},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model transmit", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
