/* SPDX-License-Identifier: BSD-2-Clause
 * What the software 82599 accepts, which queue it picks, and what it reports of a frame: filters, VLANs, RSS,
 * checksums. */
#include "model_scene.c"

static void addresses_are_filtered(void)
{
	static const uint8_t mine[6] = {2, 0, 0, 0, 0, 9}, multicast[6] = {1, 0, 0x5E, 0, 0x12, 0x34};

	start_receiving(64);
	filter(0);
	CU_ASSERT(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	wr(0x0A208, 0x00000002); /* RAL 1 */
	wr(0x0A20C, 0x80000900);
	memcpy(rx_frame, mine, 6);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & 0x80, 0); /* exact: no PIF */
	wr(0x0A20C, 0x00000900);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	filter(1u << 9);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 2);
	memcpy(rx_frame, multicast, 6);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 2);
	/* bits 47:36 of the address: 0x341, from byte 4 = 0x12 and byte 5 = 0x34 */
	wr(0x05200 + 4 * (0x341 >> 5), 1u << (0x341 & 31));
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 2);
	wr(0x05090, 4);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 3);
	wr(0x05090, 4 | 3); /* another window: bits 43:32 */
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 3);
	filter(1u << 8);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 4);
	memset(rx_frame, 0xFF, 6);
	filter(0);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 4);
	filter(1u << 10);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 5);
	CU_ASSERT_EQUAL(rd(0x04078), 1);
	CU_ASSERT_EQUAL(rd(0x0407C), 2);
	CU_ASSERT_EQUAL(rd(0x04074), 5);
	CU_ASSERT_EQUAL(rd(0x040D0), 11); /* all that arrived */
	host_close(&h);
}

static void only_promiscuous_modes_change_on_a_running_port(void)
{
	start_receiving(8);
	filter(0x400);
	for (uint32_t modes = 0x400; modes <= 0x700; modes += 0x100)
		wr(0x05080, modes);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_FCTRL], 0);
	wr(0x05080, 0x702);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_FCTRL], 1);
	host_close(&h);
}

static void vlans_are_filtered_and_stripped(void)
{
	start_receiving(64);
	memcpy(rx_frame + 12, "\x81\x00\x20\x05\x88\xB5", 6);
	wr(0x05088, 0x40008100);
	host_arrive(&h, rx_frame, 64);
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	wr(0x0A000, 1u << 5);
	host_arrive(&h, rx_frame, 64);
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 >> 32 & 0xFFFF, 64);
	wr(0x01028, 1u << 25 | 1u << 30);
	host_arrive(&h, rx_frame, 64);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 >> 32 & 0xFFFF, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 & 8, 8);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 >> 48, 0x2005);
	CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, 1), rx_frame, 12), 0);
	CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, 1) + 12, rx_frame + 16, 48), 0);
	host_close(&h);
}

/* Writes an IPv4 packet with ports after the addresses. @return its header. */
static uint8_t *ipv4(uint8_t protocol, const uint8_t *addresses, uint16_t source, uint16_t destination)
{
	uint8_t *ip = rx_frame + 14;

	memset(ip, 0, 46);
	rx_frame[12] = 0x08;
	rx_frame[13] = 0x00;
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
	static const uint8_t key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43,
		0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
		0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
	static const struct {
		uint8_t addresses[8];
		uint16_t source, destination;
		uint32_t plain, ports;
	} flows[] = {{{66, 9, 149, 187, 161, 142, 100, 80}, 2794, 1766, 0x323e8fc2, 0x51ccc178},
		{{199, 92, 111, 2, 65, 69, 140, 83}, 14230, 4739, 0xd718262a, 0xc626b0ea},
		{{24, 19, 198, 95, 12, 22, 207, 184}, 12898, 38024, 0xd2d0a5de, 0x5c2b394a},
		{{38, 27, 205, 30, 209, 142, 163, 6}, 48228, 2217, 0x82989176, 0xafc7327f},
		{{153, 39, 163, 191, 202, 188, 127, 2}, 44251, 1303, 0x5d1809c5, 0x10e828a2}};
	static const uint8_t v6[32] = {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, [15] = 7, [16] = 0x3f, 0xfe,
		0x25, 0x01, 0x02, 0x00, 0x00, 0x03, [31] = 1};
	unsigned slot = 0;

	start_receiving(64);
	for (unsigned i = 0; i < 10; i++) {
		uint32_t word;

		memcpy(&word, key + 4 * i, 4);
		wr(0x0EB80 + 4 * i, word);
	}
	wr(0x05000, 1u << 13);
	for (unsigned i = 0; i < 5; i++) {
		wr(0x0EC80, 1 | 1u << 16 | 1u << 17);
		ipv4(6, flows[i].addresses, flows[i].source, flows[i].destination);
		host_arrive(&h, rx_frame, 60);
		CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 >> 32, flows[i].ports);
		CU_ASSERT_EQUAL(host_rx_ring(&h)[slot++].q0 & 0xF, 1);
		ipv4(17, flows[i].addresses, flows[i].source, flows[i].destination);
		host_arrive(&h, rx_frame, 60); /* UDP ports are not enabled */
		CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 >> 32, flows[i].plain);
		CU_ASSERT_EQUAL(host_rx_ring(&h)[slot++].q0 & 0xF, 2);
	}
	memset(rx_frame + 14, 0, 60);
	rx_frame[12] = 0x86;
	rx_frame[13] = 0xDD;
	rx_frame[14] = 0x60;
	rx_frame[19] = 20;
	rx_frame[20] = 6;
	memcpy(rx_frame + 22, v6, 32);
	rx_frame[54] = 2794 >> 8;
	rx_frame[55] = 2794 & 0xFF;
	rx_frame[56] = 1766 >> 8;
	rx_frame[57] = 1766 & 0xFF;
	wr(0x0EC80, 1 | 1u << 20 | 1u << 21);
	host_arrive(&h, rx_frame, 74);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 >> 32, 0x40207d3d);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot++].q0 & 0xF, 3);
	wr(0x0EC80, 1 | 1u << 20);
	host_arrive(&h, rx_frame, 74);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 >> 32, 0x2cc18cd5);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot++].q0 & 0xF, 5);
	wr(0x0EC80, 0);
	host_arrive(&h, rx_frame, 74);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 >> 32, 0);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[slot].q0 & 0xF, 0);
	host_close(&h);
}

static void the_redirection_table_picks_the_queue(void)
{
	static const uint8_t addresses[8] = {66, 9, 149, 187, 161, 142, 100, 80};

	start_receiving(64);
	host_receive_queue(&h, 5, 64);
	wr(0x03000, 0);
	wr(0x0EC80, 1 | 1u << 17);
	wr(0x03000, 1);
	ipv4(6, addresses, 1, 2);
	/* With a key of zeros every hash is 0: entry 0 counts. */
	wr(0x0EB00, 5);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	CU_ASSERT_EQUAL(rd(0x01010 + 0x40 * 5), 1);
	rx_frame[12] = 0x88; /* not IP: queue 0 */
	rearm(64);           /* both rings lie in the same place */
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0x01010), 1);
	host_close(&h);
}

static void ethertype_filters_pick_a_queue(void)
{
	start_receiving(64);
	host_receive_queue(&h, 70, 64);
	wr(0x05128 + 4 * 3, 1u << 31 | 0x88B5);
	wr(0x0EC00 + 4 * 3, 1u << 31 | 70u << 16);
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(rd(0xD010 + 0x40 * 6), 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q0, 1u << 15 | 3u << 4);
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
	static const uint8_t addresses[8] = {10, 0, 0, 1, 10, 0, 0, 2};

	start_receiving(64);
	uint8_t *ip = ipv4(17, addresses, 1000, 2000);
	ip[25] = 26;
	uint16_t sum = sum16(ip, 20, 0);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	sum = sum16(ip + 12, 8 + 26, 17 + 26);
	ip[26] = (uint8_t)(sum >> 8);
	ip[27] = (uint8_t)sum;
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q0 & 0x1FFF0, 1u << 4 | 1u << 9);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & (3u << 5 | 3u << 30), 3u << 5);
	ip[40] ^= 1;
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 & (3u << 5 | 3u << 30), 3u << 5 | 1u << 30);
	ip[8]--;
	ip[26] = ip[27] = 0;
	host_arrive(&h, rx_frame, 60); /* no UDP checksum, and a wrong header */
	CU_ASSERT_EQUAL(host_rx_ring(&h)[2].q1 & (3u << 5 | 3u << 30), 1u << 6 | 1u << 31);
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"addresses are filtered", addresses_are_filtered},
		{"only promiscuous modes change on a running port", only_promiscuous_modes_change_on_a_running_port},
		{"VLANs are filtered and stripped", vlans_are_filtered_and_stripped},
		{"RSS hashes as the datasheet says", rss_hashes_as_the_datasheet_says},
		{"the redirection table picks the queue", the_redirection_table_picks_the_queue},
		{"EtherType filters pick a queue", ethertype_filters_pick_a_queue},
		{"checksums and packet types are reported", checksums_and_packet_types_are_reported},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model filters", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
