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

/* The published vectors (X550 DS 7.1.3.7.5): addresses as they stand in the packet, ports, and both hashes. */
static const struct vector {
	unsigned address_bytes;
	uint8_t addresses[32];
	uint16_t source, destination;
	uint32_t plain, ports;
} vectors[] = {
	{4, {66, 9, 149, 187, 161, 142, 100, 80}, 2794, 1766, 0x323e8fc2, 0x51ccc178},
	{4, {199, 92, 111, 2, 65, 69, 140, 83}, 14230, 4739, 0xd718262a, 0xc626b0ea},
	{4, {24, 19, 198, 95, 12, 22, 207, 184}, 12898, 38024, 0xd2d0a5de, 0x5c2b394a},
	{4, {38, 27, 205, 30, 209, 142, 163, 6}, 48228, 2217, 0x82989176, 0xafc7327f},
	{4, {153, 39, 163, 191, 202, 188, 127, 2}, 44251, 1303, 0x5d1809c5, 0x10e828a2},
	{16,
		{0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, [15] = 7, [16] = 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00,
			0x00, 0x03, [31] = 1},
		2794, 1766, 0x2cc18cd5, 0x40207d3d},
	{16,
		{0x3f, 0xfe, 0x05, 0x01, 0x00, 0x08, 0, 0, 0x02, 0x60, 0x97, 0xff, 0xfe, 0x40, 0xef, 0xab, 0xff,
			0x02, [31] = 1},
		14230, 4739, 0x0f0c461c, 0xdde51bbf},
	{16,
		{0x3f, 0xfe, 0x19, 0x00, 0x45, 0x45, 0x00, 0x03, 0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf, 0xfe,
			0x80, [24] = 0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf},
		44251, 38024, 0x4b61e985, 0x02d1feef},
};

static void set_published_key(void)
{
	static const uint8_t key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43,
		0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
		0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

	for (unsigned i = 0; i < 10; i++) {
		uint32_t word;

		memcpy(&word, key + 4 * i, 4);
		wr(0x0EB80 + 4 * i, word);
	}
}

/* Writes an IPv6 packet with `between` bytes of extension headers before protocol's ports. @return its header. */
static uint8_t *ipv6(uint8_t protocol, const uint8_t *addresses, const uint8_t *extensions, unsigned between,
	uint16_t source, uint16_t destination)
{
	uint8_t *ip = rx_frame + 14, *l4 = ip + 40 + between;

	memset(ip, 0, 40 + between + 20);
	rx_frame[12] = 0x86;
	rx_frame[13] = 0xDD;
	ip[0] = 0x60;
	ip[5] = (uint8_t)(between + 20);
	ip[6] = between ? extensions[0] : protocol;
	memcpy(ip + 8, addresses, 32);
	if (between)
		memcpy(ip + 40, extensions + 1, between);
	l4[0] = (uint8_t)(source >> 8);
	l4[1] = (uint8_t)source;
	l4[2] = (uint8_t)(destination >> 8);
	l4[3] = (uint8_t)destination;
	return ip;
}

static void put_vector(const struct vector *v, uint8_t protocol)
{
	if (v->address_bytes == 4)
		ipv4(protocol, v->addresses, v->source, v->destination);
	else
		ipv6(protocol, v->addresses, NULL, 0, v->source, v->destination);
}

/* MRQC says what is hashed, at any time; the most that a frame has is taken (X550 DS 7.1.3.7.3). */
static void rss_hashes_as_the_datasheet_says(void)
{
	static const struct {
		uint32_t mrqc;
		uint8_t protocol, address_bytes;
		bool ports;
		uint8_t type;
	} cases[] = {
		{1u << 16 | 1u << 17, 6, 4, true, 1},
		{1u << 16 | 1u << 17, 17, 4, false, 2},
		{1u << 17 | 1u << 22, 17, 4, true, 7},
		{1u << 22, 17, 4, true, 7},
		{1u << 17, 6, 4, false, 2},
		{1u << 17 | 1u << 16 | 1u << 22, 132, 4, false, 2},
		{1u << 20 | 1u << 21, 6, 16, true, 3},
		{1u << 20 | 1u << 21, 17, 16, false, 5},
		{1u << 20 | 1u << 23, 17, 16, true, 8},
		{1u << 20, 6, 16, false, 5},
		{1u << 16 | 1u << 17 | 1u << 22, 6, 16, false, 0},
		{1u << 20 | 1u << 21 | 1u << 23, 6, 4, false, 0},
		{1u << 16 | 1u << 21, 17, 4, false, 0},
	};
	unsigned hashed = 0;

	start_receiving(8);
	wr(0x03000, 0);
	wr(0x0EC80, 1);
	wr(0x03000, 1);
	set_published_key();
	wr(0x05000, 1u << 13);
	for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
		for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
			const struct vector *v = &vectors[i];
			uint32_t wanted = cases[c].ports ? v->ports : v->plain, slot = rd(0x01010);

			if (v->address_bytes != cases[c].address_bytes)
				continue;
			wr(0x0EC80, 1 | cases[c].mrqc);
			put_vector(v, cases[c].protocol);
			rearm(8);
			wr(0x01018, (slot + 7) % 8);
			CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 74));
			ASSERT_NUMBER(host_rx_ring(&h)[slot].q0 & 0xF, cases[c].type);
			ASSERT_NUMBER(host_rx_ring(&h)[slot].q0 >> 32, cases[c].type ? wanted : 0);
			hashed += cases[c].type != 0;
		}
	CU_ASSERT_TRUE(hashed > 40);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_RSS], 0);
	wr(0x0EC80, 0);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_RSS], 1);
	rearm(8);
	uint32_t slot = rd(0x01010);
	wr(0x01018, (slot + 7) % 8);
	host_arrive(&h, rx_frame, 74);
	ASSERT_NUMBER(host_rx_ring(&h)[slot].q0 >> 32, 0);
	ASSERT_NUMBER(host_rx_ring(&h)[slot].q0 & 0xF, 0);
	host_close(&h);
}

/* Sends rx_frame to queue 0 at slot 0, and says what was written back. */
static struct host_descriptor reported(unsigned len)
{
	uint32_t slot = rd(0x01010);

	rearm(8);
	wr(0x01018, (slot + 7) % 8);
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, len));
	return host_rx_ring(&h)[slot];
}

/* Fragments have no ports, nor has what stands behind some extension headers (X550 DS 7.1.3.7.3, 7.1.6.3). */
static void ports_count_only_where_the_parser_reaches_them(void)
{
	static const struct {
		unsigned bytes;
		uint8_t extensions[1 + 32]; /* the first header's number, and the headers */
		bool ports;
	} cases[] = {
		{8, {0, 6, 0, 1, 4, 0, 0, 0, 0}, true},  /* hop by hop */
		{8, {60, 6, 0, 1, 4, 0, 0, 0, 0}, true}, /* destination */
		{16, {0, 60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0},
			true},                                 /* both, with single bytes of padding */
		{24, {43, 6, 2, 0, 0}, true},                  /* a route at its end */
		{24, {43, 6, 2, 0, 1}, false},                 /* one that goes on */
		{24, {60, 6, 2, 1, 2, 0, 0, 0xC9, 16}, false}, /* a home address */
		{8, {44, 6, 0, 0, 1, 0, 0, 0, 1}, false},      /* a fragment */
		{8, {44, 6, 0, 0, 0, 0, 0, 0, 1}, false},      /* that is all there is */
		{8, {51, 6, 0, 0, 0}, false},                  /* an authentication header */
	};
	const struct vector *v = &vectors[5];
	struct host_descriptor d;

	start_receiving(8);
	wr(0x03000, 0);
	wr(0x0EC80, 1 | 1u << 16 | 1u << 17 | 1u << 20 | 1u << 21);
	wr(0x03000, 1);
	set_published_key();
	wr(0x05000, 1u << 13);
	for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		ipv6(6, v->addresses, cases[c].extensions, cases[c].bytes, v->source, v->destination);
		d = reported(14 + 40 + 20 + cases[c].bytes);
		ASSERT_NUMBER(d.q0 & 0xF, cases[c].ports ? 3 : 5);
		ASSERT_NUMBER(d.q0 >> 32, cases[c].ports ? v->ports : v->plain);
		/* IPv6 with extensions, and TCP where it is known; a checksum is judged there only */
		ASSERT_NUMBER(d.q0 & 0x1FFF0,
			(cases[c].extensions[0] == 51 ? 1u << 6 : 3u << 6) | (cases[c].ports ? 1u << 8 : 0));
		ASSERT_NUMBER(d.q1 & (3u << 5), cases[c].ports ? 1u << 5 : 0);
	}
	for (unsigned more = 0; more < 2; more++) {
		ipv4(6, vectors[0].addresses, vectors[0].source, vectors[0].destination);
		rx_frame[14 + 6] = more ? 0x20 : 0;
		rx_frame[14 + 7] = more ? 0 : 1;
		d = reported(60);
		ASSERT_NUMBER(d.q0 & 0x1FFFF, 2 | 1u << 4);
		ASSERT_NUMBER(d.q0 >> 32, vectors[0].plain);
		ASSERT_NUMBER(d.q1 & (3u << 5), 1u << 6);
	}
	host_close(&h);
}

/* 82599 and X540 have 128 entries of 4 bits, the X550 512 of 6; a table is written while frames come. */
static void each_card_has_its_own_redirection_table(void)
{
	for (enum model_card card = 0; card < MODEL_CARDS; card++) {
		struct model_config config = {.card = card};
		const bool wide = card == MODEL_X550;
		const unsigned entries = wide ? 512 : 128;
		const uint8_t queue_bits = wide ? 0x3F : 0xF;

		host_open_card(&h, &config);
		host_link(&h);
		for (unsigned q = 0; q < 64; q++)
			host_receive_queue(&h, q, 512);
		host_fill(rx_frame, sizeof(rx_frame), 1);
		wr(0x03000, 0);
		wr(0x0EC80, 1 | 1u << 16 | 1u << 17);
		wr(0x03000, 1);
		set_published_key();
		for (unsigned round = 0; round < 2; round++)
			for (unsigned i = 0; i < 5; i++) {
				unsigned entry = vectors[i].ports % entries, at = entry / 4 * 4, queue;
				uint32_t offset = entry < 128 ? 0x0EB00 + at : 0x0EE80 + at - 128;

				queue = (round ? 63 - i : 2 + 9 * i) & queue_bits;
				wr(offset, 0xFFu << 8 * (entry % 4) & (uint32_t)(queue | 0xC0) << 8 * (entry % 4));
				put_vector(&vectors[i], 6);
				uint32_t before = rd(0x01010 + 0x40 * queue);
				rearm(512);
				CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
				ASSERT_NUMBER(rd(0x01010 + 0x40 * queue), before + 1);
			}
		host_close(&h);
	}
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
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & (7u << 4 | 3u << 30), 7u << 4);
	ip[40] ^= 1;
	host_arrive(&h, rx_frame, 60);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[1].q1 & (3u << 5 | 3u << 30), 3u << 5 | 1u << 30);
	ip[8]--;
	ip[26] = ip[27] = 0;
	host_arrive(&h, rx_frame, 60); /* no UDP checksum, and a wrong header */
	CU_ASSERT_EQUAL(host_rx_ring(&h)[2].q1 & (3u << 5 | 3u << 30), 1u << 6 | 1u << 31);
	host_close(&h);
}

/* UDP over IPv4 may do without a checksum, over IPv6 it may not; an erratum of the 82599 (X550 DS 7.1.5.1). */
static void a_udp_checksum_of_zero_is_none(void)
{
	static const uint8_t addresses[32] = {10, 0, 0, 1, 10, 0, 0, 2};
	const uint64_t checked = 1u << 4 | 1u << 5, wrong = 1u << 30;

	for (unsigned quirk = 0; quirk < 2; quirk++)
		for (enum model_card card = 0; card < MODEL_CARDS; card++) {
			struct model_config config = {.card = card, .quirks = quirk ? MODEL_QUIRK_CHECKSUM : 0};
			const bool erratum = quirk && card == MODEL_82599;
			uint8_t *ip;

			host_open_card(&h, &config);
			host_link(&h);
			host_receive_queue(&h, 0, 8);
			host_fill(rx_frame, sizeof(rx_frame), 1);
			ip = ipv4(17, addresses, 1000, 2000);
			ip[25] = 26;
			ASSERT_NUMBER(reported(60).q1 & (checked | wrong), erratum ? checked | wrong : 0);
			ip[6] = 0x20; /* more fragments; then the header is right */
			uint16_t sum = sum16(ip, 20, 0);
			ip[10] = (uint8_t)(sum >> 8);
			ip[11] = (uint8_t)sum;
			ASSERT_NUMBER(reported(60).q1 & (3u << 5 | 3u << 30), 1u << 6 | (erratum ? 1ull << 31 : 0));
			ipv6(17, addresses, NULL, 0, 1000, 2000)[45] = 20;
			ASSERT_NUMBER(reported(74).q1 & (checked | wrong), checked | wrong);
			host_close(&h);
		}
}

/* CRC32c over all of it, the field as zeros (RFC 9260). */
static void sctp_is_checked_by_its_crc(void)
{
	static const uint8_t packet[16] = {
		0x03, 0xe8, 0x07, 0xd0, 0, 0, 0, 1, 0, 0, 0, 0, 0x0b, 0, 0, 4}; /* a COOKIE ACK */
	static const uint8_t addresses[8] = {10, 0, 0, 1, 10, 0, 0, 2};
	uint8_t *sctp;
	uint32_t crc = UINT32_MAX;

	start_receiving(8);
	sctp = ipv4(132, addresses, 0, 0) + 20;
	sctp[-17] = 36;
	memcpy(sctp, packet, sizeof(packet));
	for (unsigned i = 0; i < sizeof(packet) * 8; i++)
		crc = crc >> 1 ^ ((crc ^ packet[i / 8] >> i % 8) & 1 ? 0x82F63B78u : 0);
	crc = ~crc;
	memcpy(sctp + 8, &crc, 4);
	ASSERT_NUMBER(reported(60).q1 & (3u << 4 | 1u << 30), 1u << 5);
	sctp[13] ^= 1;
	ASSERT_NUMBER(reported(60).q1 & (3u << 4 | 1u << 30), 1u << 5 | 1u << 30);
	host_close(&h);
}

/* With PCSD 0 and IPPCSE a fragment of UDP comes with the sum of its payload (X550 DS 7.1.6.5). */
static void fragments_come_with_their_sum(void)
{
	static const uint8_t addresses[8] = {10, 0, 0, 1, 10, 0, 0, 2};
	struct host_descriptor d;

	start_receiving(8);
	wr(0x05000, 1u << 12);
	uint8_t *ip = ipv4(17, addresses, 1000, 2000);
	ip[4] = 0x12;
	ip[5] = 0x34;
	ip[6] = 0x20;
	ip[26] = 1; /* a checksum */
	for (unsigned first = 2; first--;) {
		uint16_t sum = (uint16_t)~sum16(ip + 20, 26, 0);

		d = reported(60);
		ASSERT_NUMBER(d.q0 >> 32 & 0xFFFF, 0x1234);
		ASSERT_NUMBER(d.q0 >> 48, sum);
		ASSERT_NUMBER(d.q1 >> 10 & 1, 1);
		ip[7] = 3; /* one in the middle */
	}
	ip[7] = ip[26] = 0;
	d = reported(60);
	ASSERT_NUMBER(d.q0 >> 48, 0);
	ASSERT_NUMBER(d.q1 >> 10 & 1, 0);
	wr(0x05000, 1u << 12 | 1u << 13);
	ip[26] = 1;
	ASSERT_NUMBER(reported(60).q0 >> 32, 0);
	host_close(&h);
}

static void a_bit_of_the_tag_filters_too(void)
{
	start_receiving(8);
	for (unsigned wanted = 0; wanted < 2; wanted++)
		for (unsigned is = 0; is < 2; is++) {
			uint32_t before = rd(0x01010);

			memcpy(rx_frame + 12, is ? "\x81\x00\x30\x05" : "\x81\x00\x20\x05", 4);
			wr(0x05088, 0x8100 | 1u << 29 | wanted << 28);
			rearm(8);
			wr(0x01018, (before + 7) % 8);
			host_arrive(&h, rx_frame, 64);
			ASSERT_NUMBER((rd(0x01010) - before) & 7, is == wanted);
		}
	host_close(&h);
}

/* Tags are stripped queue by queue; VP says so, and by a sentence of the datasheet also that one stays. */
static void stripping_is_each_queues_own(void)
{
	struct model_config config = {.quirks = MODEL_QUIRK_VP};

	for (unsigned quirk = 0; quirk < 2; quirk++) {
		if (quirk)
			host_open_card(&h, &config);
		else
			host_open(&h);
		host_link(&h);
		host_receive_queue(&h, 0, 8);
		host_receive_queue(&h, 3, 8);
		host_fill(rx_frame, sizeof(rx_frame), 1);
		memcpy(rx_frame + 12, "\x81\x00\x20\x05\x88\xB5", 6);
		wr(0x01028 + 0x40 * 3, 1u << 25 | 1u << 30);
		struct host_descriptor d = reported(64);
		ASSERT_NUMBER(d.q1 >> 32 & 0xFFFF, 64);
		ASSERT_NUMBER(d.q1 >> 48, 0);
		ASSERT_NUMBER(d.q1 & 8, quirk ? 8 : 0);
		wr(0x05128, 1u << 31 | 0x88B5); /* the inner EtherType's queue */
		wr(0x0EC00, 1u << 31 | 3u << 16);
		rearm(8);
		CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 64));
		d = host_rx_ring(&h)[0];
		ASSERT_NUMBER(d.q1 >> 32 & 0xFFFF, 60);
		ASSERT_NUMBER(d.q1 >> 48, 0x2005);
		ASSERT_NUMBER(d.q1 & 8, 8);
		host_close(&h);
	}
}

/* CTRL_EXT.EXTENDED_VLAN: the outer tag stays, the inner one is filtered and stripped (X550 DS 7.4.5.3). */
static void two_tags_are_known_where_they_are_expected(void)
{
	static const uint8_t two[10] = {0x88, 0xA8, 0x00, 0x07, 0x81, 0x00, 0x20, 0x05, 0x08, 0x00},
			     one[6] = {0x81, 0x00, 0x20, 0x05, 0x08, 0x00};
	struct host_descriptor d;

	start_receiving(8);
	memcpy(rx_frame + 12, two, 10);
	memset(rx_frame + 22, 0, 20);
	rx_frame[22] = 0x45;
	rx_frame[25] = 38;
	wr(0x01028, 1u << 25 | 1u << 30);
	d = reported(68); /* unknown */
	ASSERT_NUMBER(d.q0, 0);
	ASSERT_NUMBER(d.q1 >> 32 & 0xFFFF, 68);
	wr(0x00018, rd(0x00018) | 1u << 26);
	wr(0x05078, 0x88A80000);
	d = reported(68);
	ASSERT_NUMBER(d.q0, 1u << 4);
	ASSERT_NUMBER(d.q1 >> 32 & 0xFFFF, 64);
	ASSERT_NUMBER(d.q1 >> 48, 0x2005);
	ASSERT_NUMBER(d.q1 & (1u << 9 | 8), 1u << 9 | 8);
	CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, 1), rx_frame, 16), 0);
	CU_ASSERT_EQUAL(memcmp(host_rx_buffer(&h, 1) + 16, rx_frame + 20, 48), 0);
	wr(0x05088, 0x40008100); /* the filter looks at the inner one */
	uint32_t before = rd(0x01010);
	host_arrive(&h, rx_frame, 68);
	ASSERT_NUMBER(rd(0x01010), before);
	wr(0x0A000, 1u << 5);
	reported(68);
	memcpy(rx_frame + 12, one, 6); /* the inner one alone is none that the card knows */
	wr(0x0A000, 0);
	d = reported(64);
	ASSERT_NUMBER(d.q0, 0);
	ASSERT_NUMBER(d.q1 >> 32 & 0xFFFF, 64);
	ASSERT_NUMBER(d.q1 & (1u << 9 | 8), 0);
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"addresses are filtered", addresses_are_filtered},
		{"only promiscuous modes change on a running port", only_promiscuous_modes_change_on_a_running_port},
		{"VLANs are filtered and stripped", vlans_are_filtered_and_stripped},
		{"RSS hashes as the datasheet says", rss_hashes_as_the_datasheet_says},
		{"ports count only where the parser reaches them", ports_count_only_where_the_parser_reaches_them},
		{"each card has its own redirection table", each_card_has_its_own_redirection_table},
		{"the redirection table picks the queue", the_redirection_table_picks_the_queue},
		{"EtherType filters pick a queue", ethertype_filters_pick_a_queue},
		{"checksums and packet types are reported", checksums_and_packet_types_are_reported},
		{"a UDP checksum of zero is none", a_udp_checksum_of_zero_is_none},
		{"SCTP is checked by its CRC", sctp_is_checked_by_its_crc},
		{"fragments come with their sum", fragments_come_with_their_sum},
		{"a bit of the tag filters, too", a_bit_of_the_tag_filters_too},
		{"stripping is each queue's own", stripping_is_each_queues_own},
		{"two tags are known where they are expected", two_tags_are_known_where_they_are_expected},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model filters", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
