/* SPDX-License-Identifier: BSD-2-Clause
 * How the software 82599 receives: filters, descriptors, RSS, checksums, counters, and what hostile drivers hand it. */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <string.h>

#include "unit_model_host.h"

static struct host h;
static uint8_t frame[16384];

static uint32_t rd(uint32_t offset)
{
	return model_read32(h.model, offset);
}

static void wr(uint32_t offset, uint32_t value)
{
	model_write32(h.model, offset, value);
}

static void start(unsigned descriptors)
{
	host_open(&h);
	host_link(&h);
	host_receive_queue(&h, 0, descriptors);
	host_fill(frame, sizeof(frame), 1);
}

/** FCTRL may change only while receiving is off. */
static void filter(uint32_t fctrl)
{
	wr(0x03000, 0);
	wr(0x05080, fctrl);
	wr(0x03000, 1);
}

static void rearm(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		host_rx_ring(&h)[i] = (struct host_descriptor){ HOST_IOVA + HOST_RX_BUFFERS + 2048u * i, 0 };
}

static void frames_arrive_in_order_with_status_and_length(void)
{
	start(8);
	for (unsigned i = 0; i < 3; i++) {
		frame[20] = (uint8_t)i;
		CU_ASSERT(host_arrive(&h, frame, 60 + i));
	}
	for (unsigned i = 0; i < 3; i++) {
		struct host_descriptor d = host_rx_ring(&h)[i];

		CU_ASSERT_EQUAL(d.q1 & 3, 3);
		CU_ASSERT_EQUAL(d.q1 >> 32 & 0xFFFF, 60 + i);
		CU_ASSERT_EQUAL(d.q1 >> 29 & 7, 0);
		CU_ASSERT_EQUAL(d.q0 & 0xF, 0);
		CU_ASSERT_EQUAL(host_rx_buffer(&h, i)[20], i);
		CU_ASSERT_EQUAL(host_rx_buffer(&h, i)[59], frame[59]);
	}
	CU_ASSERT_EQUAL(rd(0x01010), 3);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[3].q1, 0);
	host_close(&h);
}

static void an_empty_ring_keeps_the_frame_with_the_caller(void)
{
	struct model_frame frames[100];

	start(8);
	for (unsigned i = 0; i < 100; i++)
		frames[i] = (struct model_frame){ frame, 60, false };
	CU_ASSERT_EQUAL(model_receive(h.model, frames, 100), 7);
	CU_ASSERT_EQUAL(model_receive(h.model, frames, 1), 0);
	CU_ASSERT_EQUAL(rd(0x04074), 7);
	rearm(4);
	wr(0x01018, 3);
	CU_ASSERT_EQUAL(model_receive(h.model, frames, 100), 4);
	CU_ASSERT_EQUAL(rd(0x01010), 3);
	model_miss(h.model, frames, 5);
	CU_ASSERT_EQUAL(rd(0x03FA0), 5);
	CU_ASSERT_EQUAL(rd(0x04074), 4 + 5); /* includes the missed */
	host_close(&h);
}

static void drop_enable_drops_and_counts(void)
{
	struct model_frame frames[20];

	start(8);
	for (unsigned i = 0; i < 20; i++)
		frames[i] = (struct model_frame){ frame, 60, false };
	wr(0x01028, 0);
	host_wait(&h, 10000);
	wr(0x02300, 0x03); /* queue 0 counts in 3 */
	wr(0x01018, 0);
	wr(0x01014, rd(0x01014) | 1u << 28);
	wr(0x01028, 1u << 25);
	host_wait(&h, 10000);
	wr(0x01018, 7);
	CU_ASSERT_EQUAL(model_receive(h.model, frames, 20), 20);
	CU_ASSERT_EQUAL(rd(0x01430 + 0x40 * 3), 13);
	CU_ASSERT_EQUAL(rd(0x01030 + 0x40 * 3), 7);
	CU_ASSERT_EQUAL(rd(0x01034 + 0x40 * 3), 7 * 64);
	CU_ASSERT_EQUAL(rd(0x03FA0), 0);
	host_close(&h);
}

static void addresses_are_filtered(void)
{
	static const uint8_t mine[6] = { 2, 0, 0, 0, 0, 9 }, multicast[6] = { 1, 0, 0x5E, 0, 0x12, 0x34 };

	start(64);
	filter(0);
	CU_ASSERT(host_arrive(&h, frame, 60));
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	wr(0x0A208, 0x00000002); /* RAL 1 */
	wr(0x0A20C, 0x80000900);
	memcpy(frame, mine, 6);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & 0x80, 0); /* exact: no PIF */
	wr(0x0A20C, 0x00000900);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	filter(1u << 9);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 2);
	memcpy(frame, multicast, 6);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 2);
	/* bits 47:36 of the address: 0x341, from byte 4 = 0x12 and byte 5 = 0x34 */
	wr(0x05200 + 4 * (0x341 >> 5), 1u << (0x341 & 31));
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 2);
	wr(0x05090, 4);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 3);
	wr(0x05090, 4 | 3); /* another window: bits 43:32 */
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 3);
	filter(1u << 8);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 4);
	memset(frame, 0xFF, 6);
	filter(0);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 4);
	filter(1u << 10);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 5);
	CU_ASSERT_EQUAL(rd(0x04078), 1);
	CU_ASSERT_EQUAL(rd(0x0407C), 2);
	CU_ASSERT_EQUAL(rd(0x04074), 5);
	CU_ASSERT_EQUAL(rd(0x040D0), 11); /* all that arrived */
	host_close(&h);
}

static void vlans_are_filtered_and_stripped(void)
{
	start(64);
	memcpy(frame + 12, "\x81\x00\x20\x05\x88\xB5", 6);
	wr(0x05088, 0x40008100);
	host_arrive(&h, frame, 64);
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	wr(0x0A000, 1u << 5);
	host_arrive(&h, frame, 64);
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 0xFFFF, 64);
	wr(0x01028, 1u << 25 | 1u << 30);
	host_arrive(&h, frame, 64);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 >> 32 & 0xFFFF, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 & 8, 8);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 >> 48, 0x2005);
	CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, 1), frame, 12), 0);
	CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, 1) + 12, frame + 16, 48), 0);
	host_close(&h);
}

static void the_fcs_is_kept_when_asked_for(void)
{
	/* The CRC-32 check value: of "123456789" it is cbf43926; here the residue of a frame with its FCS is checked instead. */
	uint32_t crc = 0xFFFFFFFF;

	start(8);
	wr(0x03000, 0);
	wr(0x04240, rd(0x04240) & ~2u);
	wr(0x02F00, rd(0x02F00) & ~2u);
	wr(0x03000, 1);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 0xFFFF, 64);
	for (unsigned i = 0; i < 64; i++)
		for (unsigned b = 0; b < 8; b++)
			crc = crc >> 1 ^ ((crc ^ host_rx_buffer(&h, 0)[i] >> b) & 1 ? 0xEDB88320u : 0);
	CU_ASSERT_EQUAL(crc, 0xDEBB20E3);
	host_close(&h);
}

static void large_frames_span_descriptors(void)
{
	start(16);
	CU_ASSERT(host_arrive(&h, frame, 5000)); /* too long without JUMBOEN */
	CU_ASSERT_EQUAL(rd(0x040AC), 1);
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	wr(0x04240, rd(0x04240) | 4);
	wr(0x04268, 9018u << 16);
	CU_ASSERT(host_arrive(&h, frame, 5000));
	CU_ASSERT_EQUAL(rd(0x01010), 3);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & 3, 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 & 3, 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[2].q1 & 3, 3);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 0xFFFF, 2048);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[2].q1 >> 32 & 0xFFFF, 904);
	CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, 0), frame, 5000), 0);
	CU_ASSERT(host_arrive(&h, frame, 9014));
	CU_ASSERT_EQUAL(rd(0x01010), 8);
	CU_ASSERT(host_arrive(&h, frame, 9015));
	CU_ASSERT_EQUAL(rd(0x040AC), 1);
	CU_ASSERT(host_arrive(&h, frame, 9014));
	CU_ASSERT_FALSE(host_arrive(&h, frame, 9014)); /* 2 of 5 descriptors left */
	CU_ASSERT(host_arrive(&h, frame, 100));
	host_close(&h);
}

static void legacy_descriptors_keep_their_address(void)
{
	host_open(&h);
	host_link(&h);
	host_receive_queue(&h, 1, 8);
	wr(0x01068, 0);
	host_wait(&h, 10000);
	host_fill(frame, sizeof(frame), 1);
	wr(0x0100C, 0);
	wr(0x01000, (uint32_t)HOST_IOVA);
	wr(0x01008, 128);
	wr(0x01014, 2); /* legacy */
	wr(0x01028, 1u << 25);
	host_wait(&h, 10000);
	wr(0x01018, 7);
	CU_ASSERT(host_arrive(&h, frame, 61));
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q0, HOST_IOVA + HOST_RX_BUFFERS);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & 0xFFFF, 61);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 3, 3);
	host_close(&h);
}

static void bad_frames_are_counted_and_stored_only_on_request(void)
{
	struct model_frame bad = { frame, 60, true };

	start(16);
	CU_ASSERT_EQUAL(model_receive(h.model, &bad, 1), 1);
	CU_ASSERT_EQUAL(rd(0x04000), 1);
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	filter(0x702);
	CU_ASSERT_EQUAL(model_receive(h.model, &bad, 1), 1);
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 29 & 1, 1);
	CU_ASSERT(host_arrive(&h, frame, 59));
	CU_ASSERT_EQUAL(rd(0x040A4), 1);
	CU_ASSERT(host_arrive(&h, frame, 11));
	CU_ASSERT(host_arrive(&h, frame, 0));
	CU_ASSERT_EQUAL(rd(0x040A4), 0);
	bad.len = 40;
	model_receive(h.model, &bad, 1);
	CU_ASSERT_EQUAL(rd(0x040A8), 1);
	CU_ASSERT_EQUAL(rd(0x04074), 0);
	host_close(&h);
}

static void nothing_arrives_without_link_or_enable(void)
{
	start(8);
	wr(0x03000, 0);
	CU_ASSERT(host_arrive(&h, frame, 60));
	wr(0x03000, 1);
	wr(0x08D00, 2);
	CU_ASSERT_EQUAL(rd(0x08D04), 1);
	CU_ASSERT(host_arrive(&h, frame, 60));
	wr(0x08D00, 0);
	model_set_partner(h.model, false);
	CU_ASSERT(host_arrive(&h, frame, 60));
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	CU_ASSERT_EQUAL(rd(0x040D0), 0);
	host_close(&h);
}

/* Writes an IPv4 packet with ports after the addresses. @return its header. */
static uint8_t *ipv4(uint8_t protocol, const uint8_t *addresses, uint16_t source, uint16_t destination)
{
	uint8_t *ip = frame + 14;

	memset(ip, 0, 46);
	frame[12] = 0x08;
	frame[13] = 0x00;
	ip[0] = 0x45;
	ip[3] = 46;
	ip[8] = 64;
	ip[9] = protocol;
	memcpy(ip + 12, addresses, 8);
	ip[20] = (uint8_t)(source >> 8);
	ip[21] = (uint8_t)source;
	ip[22] = (uint8_t)(destination >> 8);
	ip[23] = (uint8_t)destination;
	return ip;
}

static void rss_hashes_as_the_datasheet_says(void)
{
	static const uint8_t key[40] = { 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
		0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b,
		0xbe, 0xac, 0x01, 0xfa };
	static const struct {
		uint8_t addresses[8];
		uint16_t source, destination;
		uint32_t plain, ports;
	} flows[] = { { { 66, 9, 149, 187, 161, 142, 100, 80 }, 2794, 1766, 0x323e8fc2, 0x51ccc178 },
		{ { 199, 92, 111, 2, 65, 69, 140, 83 }, 14230, 4739, 0xd718262a, 0xc626b0ea },
		{ { 24, 19, 198, 95, 12, 22, 207, 184 }, 12898, 38024, 0xd2d0a5de, 0x5c2b394a },
		{ { 38, 27, 205, 30, 209, 142, 163, 6 }, 48228, 2217, 0x82989176, 0xafc7327f },
		{ { 153, 39, 163, 191, 202, 188, 127, 2 }, 44251, 1303, 0x5d1809c5, 0x10e828a2 } };
	static const uint8_t v6[32] = { 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, [15] = 7, [16] = 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00,
		0x00, 0x03, [31] = 1 };
	unsigned slot = 0;

	start(64);
	for (unsigned i = 0; i < 10; i++) {
		uint32_t word;

		memcpy(&word, key + 4 * i, 4);
		wr(0x0EB80 + 4 * i, word);
	}
	wr(0x05000, 1u << 13);
	for (unsigned i = 0; i < 5; i++) {
		wr(0x0EC80, 1 | 1u << 16 | 1u << 17);
		ipv4(6, flows[i].addresses, flows[i].source, flows[i].destination);
		host_arrive(&h, frame, 60);
		CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 >> 32, flows[i].ports);
		CU_ASSERT_EQUAL(host_rx_ring(&h)[slot++].q0 & 0xF, 1);
		ipv4(17, flows[i].addresses, flows[i].source, flows[i].destination);
		host_arrive(&h, frame, 60); /* UDP ports are not enabled */
		CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 >> 32, flows[i].plain);
		CU_ASSERT_EQUAL(host_rx_ring(&h)[slot++].q0 & 0xF, 2);
	}
	memset(frame + 14, 0, 60);
	frame[12] = 0x86;
	frame[13] = 0xDD;
	frame[14] = 0x60;
	frame[19] = 20;
	frame[20] = 6;
	memcpy(frame + 22, v6, 32);
	frame[54] = 2794 >> 8;
	frame[55] = 2794 & 0xFF;
	frame[56] = 1766 >> 8;
	frame[57] = 1766 & 0xFF;
	wr(0x0EC80, 1 | 1u << 20 | 1u << 21);
	host_arrive(&h, frame, 74);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 >> 32, 0x40207d3d);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot++].q0 & 0xF, 3);
	wr(0x0EC80, 1 | 1u << 20);
	host_arrive(&h, frame, 74);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 >> 32, 0x2cc18cd5);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot++].q0 & 0xF, 5);
	wr(0x0EC80, 0);
	host_arrive(&h, frame, 74);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 >> 32, 0);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 & 0xF, 0);
	host_close(&h);
}

static void the_redirection_table_picks_the_queue(void)
{
	static const uint8_t addresses[8] = { 66, 9, 149, 187, 161, 142, 100, 80 };

	start(64);
	host_receive_queue(&h, 5, 64);
	wr(0x03000, 0);
	wr(0x0EC80, 1 | 1u << 17);
	wr(0x03000, 1);
	ipv4(6, addresses, 1, 2);
	/* With a key of zeros every hash is 0: entry 0 counts. */
	wr(0x0EB00, 5);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	CU_ASSERT_EQUAL(rd(0x01010 + 0x40 * 5), 1);
	frame[12] = 0x88; /* not IP: queue 0 */
	rearm(64);        /* both rings lie in the same place */
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	host_close(&h);
}

static void ethertype_filters_pick_a_queue(void)
{
	start(64);
	host_receive_queue(&h, 70, 64);
	wr(0x05128 + 4 * 3, 1u << 31 | 0x88B5);
	wr(0x0EC00 + 4 * 3, 1u << 31 | 70u << 16);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(rd(0xD010 + 0x40 * 6), 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q0, 1u << 15 | 3u << 4);
	host_close(&h);
}

static void a_flood_is_dropped_or_filtered_in_bursts(void)
{
	struct model_frame frames[64];
	uint8_t other[60];

	start(16);
	wr(0x01014, rd(0x01014) | 1u << 28);
	host_fill(other, 60, 0);
	other[0] = 4;
	filter(0);
	wr(0x0A208, 0x00000002);
	wr(0x0A20C, 0x80000100);
	for (unsigned i = 0; i < 64; i++)
		frames[i] = (struct model_frame){ i % 2 ? other : frame, 60, false };
	CU_ASSERT_EQUAL(model_receive(h.model, frames, 64), 64);
	CU_ASSERT_EQUAL(rd(0x01030), 15);
	CU_ASSERT_EQUAL(rd(0x01430), 17);
	CU_ASSERT_EQUAL(rd(0x04074), 32);
	CU_ASSERT_EQUAL(rd(0x040D0), 64);
	for (unsigned i = 0; i < 15; i++)
		CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, i), frame, 60), 0);
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

static void checksums_and_packet_types_are_reported(void)
{
	static const uint8_t addresses[8] = { 10, 0, 0, 1, 10, 0, 0, 2 };

	start(64);
	uint8_t *ip = ipv4(17, addresses, 1000, 2000);
	ip[25] = 26;
	uint16_t sum = sum16(ip, 20, 0);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	sum = sum16(ip + 12, 8 + 26, 17 + 26);
	ip[26] = (uint8_t)(sum >> 8);
	ip[27] = (uint8_t)sum;
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q0 & 0x1FFF0, 1u << 4 | 1u << 9);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & (3u << 5 | 3u << 30), 3u << 5);
	ip[40] ^= 1;
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 & (3u << 5 | 3u << 30), 3u << 5 | 1u << 30);
	ip[8]--;
	ip[26] = ip[27] = 0;
	host_arrive(&h, frame, 60); /* no UDP checksum, and a wrong header */
	CU_ASSERT_EQUAL(host_rx_ring(&h)[2].q1 & (3u << 5 | 3u << 30), 1u << 6 | 1u << 31);
	host_close(&h);
}

static void counters_wrap_at_their_widths(void)
{
	struct model_frame frames[64];

	start(128);
	wr(0x04240, rd(0x04240) | 4);
	wr(0x04268, 0xFFFF0000);
	wr(0x01028, 0); /* drop everything: counting needs no memory */
	host_wait(&h, 10000);
	wr(0x01014, 1u << 28 | 1u << 25 | 16);
	for (unsigned i = 0; i < 64; i++)
		frames[i] = (struct model_frame){ frame, 15868, false };
	/* GORC: 64 frames of 15872 bytes, until 36 bits wrap. */
	uint64_t bytes = 0;
	while (bytes < 1ull << 32) {
		CU_ASSERT_EQUAL_FATAL(model_receive(h.model, frames, 64), 64);
		bytes += 64 * 15872;
	}
	uint32_t low = rd(0x04088);
	model_receive(h.model, frames, 64); /* in between: belongs to the next reading */
	uint32_t high = rd(0x0408C);
	CU_ASSERT_EQUAL(((uint64_t)high << 32 | low), bytes);
	CU_ASSERT_EQUAL(rd(0x04088), 64 * 15872);
	CU_ASSERT_EQUAL(rd(0x0408C), 0);
	host_close(&h);
}

static void hostile_rings_and_addresses_are_counted_not_followed(void)
{
	start(8);
	const struct model_faults *faults = model_faults(h.model);
	uint64_t before;

	before = faults->bad_ring;
	wr(0x01018, 8); /* a tail outside */
	CU_ASSERT_FALSE(host_arrive(&h, frame, 60));
	CU_ASSERT(faults->bad_ring > before);
	wr(0x01018, 7);
	static const uint64_t addresses[] = { 0, UINT64_MAX, UINT64_MAX - 30, HOST_IOVA - 1, HOST_IOVA + HOST_BYTES - 59, HOST_IOVA + HOST_BYTES };
	for (unsigned i = 0; i < 6; i++) {
		before = faults->bad_address;
		host_rx_ring(&h)[0].q0 = addresses[i];
		CU_ASSERT(host_arrive(&h, frame, 60));
		CU_ASSERT_EQUAL(faults->bad_address - before, 1);
		CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q0, addresses[i]);
	}
	h.read_only = true;
	model_memory_changed(h.model);
	before = faults->bad_address;
	CU_ASSERT(host_arrive(&h, frame, 60));
	CU_ASSERT_EQUAL(faults->bad_address - before, 1);
	h.read_only = false;
	model_memory_changed(h.model);
	uint16_t command = 2;
	model_region_write(h.model, 7, 4, &command, 2); /* bus mastering off */
	before = faults->bad_address;
	CU_ASSERT(host_arrive(&h, frame, 60));
	CU_ASSERT_EQUAL(faults->bad_address - before, 1);
	command = 6;
	model_region_write(h.model, 7, 4, &command, 2);
	host_rx_ring(&h)[0].q0 = HOST_IOVA + HOST_RX_BUFFERS;
	CU_ASSERT(host_arrive(&h, frame, 60));
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	/* Rings: nowhere, at the end of the world, without length. */
	static const uint64_t bases[] = { 0, UINT64_MAX - 127, HOST_IOVA + HOST_BYTES - 64 };
	for (unsigned i = 0; i < 3; i++)
		for (uint32_t bytes = 0; bytes <= 0xFFF80; bytes += 0x7FF80 - 0x380) {
			wr(0x01028, 0);
			host_wait(&h, 10000);
			wr(0x01018, 0);
			wr(0x01000, (uint32_t)bases[i]);
			wr(0x01004, (uint32_t)(bases[i] >> 32));
			wr(0x01008, bytes);
			wr(0x01028, 1u << 25);
			host_wait(&h, 10000);
			wr(0x01018, 7);
			host_arrive(&h, frame, 60);
			CU_ASSERT_EQUAL(rd(0x01010), 0);
		}
	host_close(&h);
}

/* Memory in pages of 4 KiB that lie in reverse order, as behind a virtual IOMMU. */
static bool scattered(void *context, uint64_t iova, struct model_extent *extent)
{
	uint64_t page = (iova - HOST_IOVA) >> 12;

	(void)context;
	if (iova < HOST_IOVA || page >= HOST_BYTES >> 12)
		return false;
	*extent = (struct model_extent){ iova & ~0xFFFull, 4096, h.memory + (((HOST_BYTES >> 12) - 1 - page) << 12), true };
	return true;
}

static uint8_t *scattered_at(uint32_t offset)
{
	return h.memory + (((HOST_BYTES >> 12) - 1 - (offset >> 12)) << 12) + (offset & 0xFFF);
}

static void rings_and_buffers_may_lie_in_pieces(void)
{
	const struct model_config config = { 0 };
	const struct model_host host = { NULL, scattered, NULL };
	uint16_t command = 6;
	struct model_frame f = { frame, 1514, false };

	host_open(&h);
	model_close(h.model);
	h.model = model_open(&config, &host);
	model_region_write(h.model, 7, 4, &command, 2);
	host_wait(&h, 10 * 1000 * 1000);
	host_link(&h);
	host_receive_queue(&h, 0, 512); /* two pages */
	host_fill(frame, sizeof(frame), 3);
	for (uint32_t i = 0; i < 512; i++) {
		uint64_t d[2] = { HOST_IOVA + HOST_RX_BUFFERS + 2048u * i + 1000, 0 }; /* every other one crosses a page */
		memcpy(scattered_at(HOST_RX_RING + 16 * i), d, 16);
	}
	for (unsigned i = 0; i < 300; i++)
		CU_ASSERT_EQUAL_FATAL(model_receive(h.model, &f, 1), 1);
	uint64_t q1;
	memcpy(&q1, scattered_at(HOST_RX_RING + 16 * 299 + 8), 8);
	CU_ASSERT_EQUAL(q1, 3 | 1514ull << 32 | 0x80);
	for (uint32_t i = 0; i < 1514; i++)
		if (*scattered_at(HOST_RX_BUFFERS + 2048u * 299 + 1000 + i) != frame[i]) {
			CU_FAIL("the frame arrived changed");
			break;
		}
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_address, 0);
	host_close(&h);
}

static void write_backs_can_be_tampered_with(void)
{
	start(8);
	model_tamper_rx(h.model, ~(0xFFFFull << 32), 0xFFFFull << 32, 1);
	host_arrive(&h, frame, 60);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 0xFFFF, 0xFFFF);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 >> 32 & 0xFFFF, 60);
	host_close(&h);
}

static void the_upper_queues_work_too(void)
{
	host_open(&h);
	host_link(&h);
	host_receive_queue(&h, 100, 8);
	CU_ASSERT_EQUAL(rd(0xD028 + 0x40 * 36) & 1u << 25, 1u << 25);
	CU_ASSERT_EQUAL(rd(0xD018 + 0x40 * 36), 7);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_register, 0);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_order, 0);
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{ "frames arrive in order with status and length", frames_arrive_in_order_with_status_and_length },
		{ "an empty ring keeps the frame with the caller", an_empty_ring_keeps_the_frame_with_the_caller },
		{ "DROP_EN drops and counts", drop_enable_drops_and_counts },
		{ "addresses are filtered", addresses_are_filtered },
		{ "VLANs are filtered and stripped", vlans_are_filtered_and_stripped },
		{ "the FCS is kept when asked for", the_fcs_is_kept_when_asked_for },
		{ "large frames span descriptors", large_frames_span_descriptors },
		{ "legacy descriptors keep their address", legacy_descriptors_keep_their_address },
		{ "bad frames are counted and stored only on request", bad_frames_are_counted_and_stored_only_on_request },
		{ "nothing arrives without link or enable", nothing_arrives_without_link_or_enable },
		{ "RSS hashes as the datasheet says", rss_hashes_as_the_datasheet_says },
		{ "the redirection table picks the queue", the_redirection_table_picks_the_queue },
		{ "EtherType filters pick a queue", ethertype_filters_pick_a_queue },
		{ "a flood is dropped or filtered in bursts", a_flood_is_dropped_or_filtered_in_bursts },
		{ "checksums and packet types are reported", checksums_and_packet_types_are_reported },
		{ "counters wrap at their widths", counters_wrap_at_their_widths },
		{ "hostile rings and addresses are counted, not followed", hostile_rings_and_addresses_are_counted_not_followed },
		{ "rings and buffers may lie in pieces", rings_and_buffers_may_lie_in_pieces },
		{ "write-backs can be tampered with", write_backs_can_be_tampered_with },
		{ "the upper queues work too", the_upper_queues_work_too },
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = { { .pName = "model receive", .pTests = tests }, CU_SUITE_INFO_NULL };

	if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
		return 1;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failed != 0;
}
