/* SPDX-License-Identifier: BSD-2-Clause
 * What the software 82599 does to frames on their way out, as descriptors and contexts ask, and what becomes of those
 * that ask for what makes no sense. */
#include "model_scene.c"

#define EOP             (1ull << 24)
#define IFCS            (1ull << 25)
#define REPORT_STATUS   (1ull << 27)
#define DEXT            (1ull << 29)
#define VLE             (1ull << 30)
#define TSE             (1ull << 31)
#define DESCRIPTOR_DONE (1ull << 32)
#define INDEX(n)        ((uint64_t)(n) << 36)
#define IXSM            (1ull << 40)
#define TXSM            (1ull << 41)
#define PLAIN           (EOP | IFCS)
#define IPV4            (1ull << 10)
#define UDP             0
#define TCP             (1ull << 11)
#define SCTP            (2ull << 11)

static unsigned tail;

static void start(const struct model_config *config)
{
	const struct model_config plain = {.card = MODEL_82599};

	host_open_card(&h, config ? config : &plain);
	host_link(&h);
	host_transmit_queue(&h, 0, 128);
	tail = 0;
}

static void put(uint64_t q0, uint64_t q1)
{
	host_tx_ring(&h)[tail++] = (struct host_descriptor){q0, q1 | DEXT};
}

static void put_context(unsigned mac, unsigned ip, unsigned l4, uint64_t type, unsigned mss, uint64_t bits)
{
	put(ip | mac << 9 | bits, 2ull << 20 | type | (uint64_t)l4 << 40 | (uint64_t)mss << 48);
}

/** A context with an index. */
static void put_context_at(unsigned index, unsigned ip, uint64_t type)
{
	put(ip | 14u << 9, 2ull << 20 | type | INDEX(index));
}

static void put_data(unsigned bytes, unsigned payload, uint64_t bits)
{
	put(host_tx_iova(0), bytes | 3ull << 20 | (uint64_t)payload << 46 | bits);
}

static unsigned transmit(void)
{
	wr(0x06018, tail);
	return model_transmit(h.model, &h.sink, 1000);
}

static uint16_t sum16(const uint8_t *at, unsigned bytes, uint32_t sum)
{
	for (unsigned i = 0; i < bytes; i += 2)
		sum += (uint32_t)(at[i] << 8 | (i + 1 < bytes ? at[i + 1] : 0));
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return (uint16_t)sum;
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

/** A frame in buffer 0, prepared for the card: headers of so many bytes, and `payload` more. `length`: what counts in
 * the pseudo-header, 0 for a segmentation. @return its bytes. */
static unsigned frame(
	bool v4, unsigned ip_bytes, uint8_t protocol, unsigned l4_bytes, unsigned payload, unsigned length)
{
	uint8_t *f = host_tx_buffer(&h, 0), *ip = f + 14, *l4 = ip + ip_bytes;
	unsigned l4_length = l4_bytes + payload;

	host_fill(f, 14 + ip_bytes + l4_length, 3);
	put16(f + 12, v4 ? 0x0800 : 0x86DD);
	memset(ip, 0, ip_bytes);
	if (v4) {
		ip[0] = (uint8_t)(0x40 | ip_bytes / 4);
		put16(ip + 2, ip_bytes + l4_length);
		ip[8] = 64;
		ip[9] = protocol;
		memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	} else {
		ip[0] = 0x60;
		put16(ip + 4, ip_bytes - 40 + l4_length);
		ip[6] = ip_bytes > 40 ? 60 : protocol;
		ip[8] = ip[24] = 0xFD;
		ip[23] = 1;
		ip[39] = 2;
		if (ip_bytes > 40) {
			ip[40] = protocol;
			ip[41] = (uint8_t)((ip_bytes - 48) / 8);
			ip[42] = 1; /* one option of padding */
			ip[43] = (uint8_t)(ip_bytes - 44);
		}
	}
	if (protocol == 6)
		put16(l4 + 12, l4_bytes / 4 << 12 | 0xF9); /* FIN, PSH, ACK, URG, ECE, CWR */
	put16(l4 + (protocol == 6 ? 16 : 6), sum16(v4 ? ip + 12 : ip + 8, v4 ? 8 : 32, protocol + length));
	if (protocol == 17)
		put16(l4 + 4, l4_length);
	return 14 + ip_bytes + l4_length;
}

/** Whether all sums of a frame that left are right. */
static bool sums_right(const struct host_frame *f, bool v4, unsigned ip_bytes, uint8_t protocol)
{
	const uint8_t *ip = f->data + 14;
	unsigned length = f->len - 14 - ip_bytes;

	if (v4 && sum16(ip, ip_bytes, 0) != 0xFFFF)
		return false;
	return sum16(ip + ip_bytes, length, sum16(v4 ? ip + 12 : ip + 8, v4 ? 8 : 32, protocol + length)) == 0xFFFF;
}

static uint64_t misuse(enum model_misuse kind)
{
	return model_faults(h.model)->misuse[kind];
}

static void sums_are_inserted_into_all_that_a_card_knows(void)
{
	static const struct {
		bool v4;
		unsigned ip_bytes;
		uint8_t protocol, l4_bytes;
	} cases[] = {{true, 20, 6, 20}, {true, 20, 17, 8}, {true, 40, 6, 32}, {true, 60, 17, 8}, {false, 40, 6, 20},
		{false, 40, 17, 8}, {false, 48, 6, 20}, {false, 64, 17, 8}};

	start(NULL);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned payload = 40; payload < 43; payload++) {
			unsigned bytes = frame(cases[i].v4, cases[i].ip_bytes, cases[i].protocol, cases[i].l4_bytes,
				payload, cases[i].l4_bytes + payload);

			h.sent_n = 0;
			put_context(14, cases[i].ip_bytes, 0,
				(cases[i].v4 ? IPV4 : 0) | (cases[i].protocol == 6 ? TCP : 0), 0, 0);
			put_data(bytes, bytes, PLAIN | TXSM | (cases[i].v4 ? IXSM : 0));
			ASSERT_NUMBER(transmit(), 1);
			ASSERT_NUMBER(h.sent[0].len, bytes);
			CU_ASSERT_TRUE(sums_right(&h.sent[0], cases[i].v4, cases[i].ip_bytes, cases[i].protocol));
		}
	ASSERT_NUMBER(model_faults(h.model)->bad_descriptor, 0);
	host_close(&h);
}

/* For TCP and UDP alone the context need not say whether it is IPv4: Linux does not. */
static void tcp_alone_needs_no_version(void)
{
	unsigned bytes;
	uint8_t *ip;

	start(NULL);
	ip = host_tx_buffer(&h, 0) + 14;
	bytes = frame(true, 20, 6, 20, 80, 100);
	put16(ip + 10, (uint16_t)~sum16(ip, 20, 0));
	put_context(14, 20, 0, TCP, 0, 0);
	put_data(bytes, bytes, PLAIN | TXSM);
	ASSERT_NUMBER(transmit(), 1);
	CU_ASSERT_TRUE(sums_right(&h.sent[0], true, 20, 6));
	ASSERT_NUMBER(model_faults(h.model)->bad_descriptor, 0);
	host_close(&h);
}

/* The two contexts of a queue stay until they are replaced. */
static void contexts_stay(void)
{
	unsigned bytes;

	start(NULL);
	put_context_at(0, 20, IPV4 | TCP);
	put_context_at(1, 40, UDP);
	transmit();
	for (unsigned i = 0; i < 6; i++) {
		bool v4 = i % 2 == 0;

		bytes = frame(v4, v4 ? 20 : 40, v4 ? 6 : 17, v4 ? 20 : 8, 50, (v4 ? 20 : 8) + 50);
		put_data(bytes, bytes, PLAIN | TXSM | (v4 ? IXSM : INDEX(1)));
		h.sent_n = 0;
		ASSERT_NUMBER(transmit(), 1);
		CU_ASSERT_TRUE(sums_right(&h.sent[0], v4, v4 ? 20 : 40, v4 ? 6 : 17));
	}
	ASSERT_NUMBER(model_faults(h.model)->bad_descriptor, misuse(MODEL_TX_BOUNDARY));
	ASSERT_NUMBER(misuse(MODEL_TX_BOUNDARY), 1); /* the tail behind a context */
	host_close(&h);
}

/* What software left in the IPv4 field is summed up, as is what stands for the pseudo-header; both are counted. */
static void what_stands_in_a_checksum_field_is_summed_up(void)
{
	unsigned bytes, before;
	uint8_t *f;

	start(NULL);
	f = host_tx_buffer(&h, 0);
	bytes = frame(true, 20, 17, 8, 50, 58);
	put16(f + 24, 0x1234);
	before = sum16(f + 14, 20, 0);
	put_context(14, 20, 0, IPV4 | UDP, 0, 0);
	put_data(bytes, bytes, PLAIN | IXSM | TXSM);
	ASSERT_NUMBER(transmit(), 1);
	ASSERT_NUMBER(get16(h.sent[0].data + 24), (uint16_t)~before);
	ASSERT_NUMBER(misuse(MODEL_TX_PREPARED), 1);
	bytes = frame(true, 20, 17, 8, 50, 0); /* without the length */
	put_data(bytes, bytes, PLAIN | IXSM | TXSM);
	ASSERT_NUMBER(transmit(), 1);
	CU_ASSERT_FALSE(sums_right(&h.sent[1], true, 20, 17));
	ASSERT_NUMBER(misuse(MODEL_TX_PREPARED), 2);
	ASSERT_NUMBER(model_faults(h.model)->bad_descriptor, 2);
	host_close(&h);
}

/* UDP's sum of 0 goes out as 0xFFFF: none would say that there is no sum. */
static void a_udp_sum_of_zero_is_written_as_all_ones(void)
{
	unsigned bytes;
	uint8_t *f;

	start(NULL);
	f = host_tx_buffer(&h, 0);
	bytes = frame(true, 20, 17, 8, 50, 58);
	put16(f + 42, 0);
	put16(f + 42, (uint16_t)~sum16(f + 34, 58, 0));
	put_context(14, 20, 0, IPV4 | UDP, 0, 0);
	put_data(bytes, bytes, PLAIN | IXSM | TXSM);
	ASSERT_NUMBER(transmit(), 1);
	ASSERT_NUMBER(get16(h.sent[0].data + 40), 0xFFFF);
	host_close(&h);
}

/* A context that does not tell of the frame's headers is none of the card's business: garbage is sent. */
static void a_wrong_layout_sends_garbage(void)
{
	static const struct {
		unsigned mac, ip;
		uint64_t type;
	} wrong[] = {{14, 24, IPV4 | TCP}, {18, 20, IPV4 | TCP}, {14, 20, IPV4 | UDP}, {14, 40, TCP}};

	start(NULL);
	for (unsigned i = 0; i < 4; i++) {
		unsigned bytes = frame(true, 20, 6, 20, 80, 100);

		put_context(wrong[i].mac, wrong[i].ip, 0, wrong[i].type, 0, 0);
		put_data(bytes, bytes, PLAIN | TXSM);
		ASSERT_NUMBER(transmit(), 1);
		ASSERT_NUMBER(misuse(MODEL_TX_LAYOUT), i + 1);
		CU_ASSERT_FALSE(sums_right(&h.sent[i], true, 20, 6));
	}
	unsigned bytes = frame(true, 20, 6, 20, 80, 100);
	host_tx_buffer(&h, 0)[20] = 0x20; /* a fragment has no such sum */
	put_context(14, 20, 0, IPV4 | TCP, 0, 0);
	put_data(bytes, bytes, PLAIN | TXSM);
	ASSERT_NUMBER(transmit(), 1);
	ASSERT_NUMBER(misuse(MODEL_TX_LAYOUT), 5);
	host_close(&h);
}

/* Everything that descriptors can get wrong: one of it, in one way, which is counted as that. */
static void what_makes_no_sense_is_told_apart(void)
{
	static const struct {
		enum model_misuse kind;
		unsigned mac, ip, l4;
		uint64_t type;
		unsigned mss, less;
		uint64_t bits; /* of the data descriptor, besides EOP and RS */
	} cases[] = {
		{MODEL_TX_CONTEXT, 14, 20, 20, IPV4 | TCP, 0, 0, IFCS | TXSM | INDEX(1)},
		{MODEL_TX_CONTEXT, 14, 20, 20, IPV4 | TCP, 0, 0, IFCS | TXSM | INDEX(2)},
		{MODEL_TX_CONTEXT, 14, 20, 20, IPV4 | TCP, 0, 0, IFCS | VLE | INDEX(1)},
		{MODEL_TX_PAYLEN, 14, 20, 20, IPV4 | TCP, 0, 1, IFCS | TXSM},
		{MODEL_TX_PAYLEN, 14, 20, 20, IPV4 | TCP, 100, 55, IFCS | TXSM | IXSM | TSE},
		{MODEL_TX_PAYLEN, 14, 20, 20, IPV4 | TCP, 100, 0, IFCS | TXSM | IXSM | TSE},
		{MODEL_TX_MSS, 14, 20, 20, IPV4 | TCP, 0, 54, IFCS | TXSM | IXSM | TSE},
		{MODEL_TX_MSS, 14, 20, 20, IPV4 | TCP, 15900, 54, IFCS | TXSM | IXSM | TSE},
		{MODEL_TX_SUMS, 14, 20, 20, IPV4 | TCP, 100, 54, IFCS | TXSM | TSE},
		{MODEL_TX_SUMS, 14, 20, 20, IPV4 | TCP, 100, 54, IFCS | IXSM | TSE},
		{MODEL_TX_SUMS, 14, 40, 20, TCP, 100, 74, IFCS | IXSM | TXSM | TSE},
		{MODEL_TX_SUMS, 14, 40, 20, TCP, 0, 0, IFCS | IXSM},
		{MODEL_TX_HEADERS, 13, 20, 20, IPV4 | TCP, 0, 0, IFCS | TXSM},
		{MODEL_TX_HEADERS, 14, 19, 20, IPV4 | TCP, 0, 0, IFCS | TXSM},
		{MODEL_TX_HEADERS, 14, 20, 20, IPV4 | SCTP, 0, 0, IFCS | TXSM},
		{MODEL_TX_HEADERS, 100, 20, 20, IPV4 | TCP, 0, 0, IFCS | TXSM},
		{MODEL_TX_HEADERS, 127, 60, 20, IPV4 | TCP, 0, 0, IFCS | IXSM},
		{MODEL_TX_HEADERS, 14, 20, 19, IPV4 | TCP, 100, 53, IFCS | TXSM | IXSM | TSE},
		{MODEL_TX_HEADERS, 14, 20, 65, IPV4 | TCP, 100, 99, IFCS | TXSM | IXSM | TSE},
		{MODEL_TX_HEADERS, 120, 60, 61, IPV4 | TCP, 100, 100, IFCS | TXSM | IXSM | TSE},
		{MODEL_TX_HEADERS, 14, 20, 20, IPV4 | UDP, 100, 54, IFCS | TXSM | IXSM | TSE},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned bytes;

		start(NULL);
		bytes = frame(true, 20, 6, 20, 80, cases[i].bits & TSE ? 0 : 100);
		put_data(60, 60, PLAIN);
		put_context(cases[i].mac, cases[i].ip, cases[i].l4, cases[i].type, cases[i].mss, 0);
		put_data(bytes, bytes - cases[i].less, EOP | REPORT_STATUS | cases[i].bits);
		put_data(61, 61, PLAIN);
		ASSERT_NUMBER(transmit(), 2);
		ASSERT_NUMBER(h.sent[1].len, 61);
		ASSERT_NUMBER(host_tx_ring(&h)[2].q1 & DESCRIPTOR_DONE, DESCRIPTOR_DONE);
		if (misuse(cases[i].kind) != 1)
			printf("\n    case %u: ", i);
		ASSERT_NUMBER(misuse(cases[i].kind), 1);
		ASSERT_NUMBER(model_faults(h.model)->bad_descriptor, 1);
		host_close(&h);
	}
}

/* On a card such a queue stands still, and the others go on; it goes again when it is enabled anew. */
static void nonsense_stops_a_queue_where_that_is_wanted(void)
{
	const struct model_config config = {.quirks = MODEL_QUIRK_TX_HANG};

	start(&config);
	host_transmit_queue(&h, 1, 128); /* the same ring */
	put_data(60, 60, PLAIN | REPORT_STATUS);
	put_data(60, 61, PLAIN | REPORT_STATUS);
	put_data(60, 60, PLAIN | REPORT_STATUS);
	ASSERT_NUMBER(transmit(), 1);
	host_tx_ring(&h)[0] = host_data(0, 60, PLAIN);
	wr(0x06018 + 0x40, 1);
	ASSERT_NUMBER(transmit(), 1);
	ASSERT_NUMBER(rd(0x06010), 1);
	ASSERT_NUMBER(host_tx_ring(&h)[1].q1 & DESCRIPTOR_DONE, 0);
	ASSERT_NUMBER(misuse(MODEL_TX_PAYLEN), 1);
	for (unsigned on = 0; on < 2; on++) {
		wr(0x06028, on << 25);
		host_wait(&h, 10000);
	}
	tail = 0;
	put_data(62, 62, PLAIN);
	ASSERT_NUMBER(transmit(), 1);
	/* an empty legacy descriptor is none of it */
	host_tx_ring(&h)[tail++] = (struct host_descriptor){0, EOP | REPORT_STATUS};
	put_data(63, 63, PLAIN);
	ASSERT_NUMBER(transmit(), 1);
	host_close(&h);
}

/** Puts `bytes` as so many descriptors, of which the last has what is left. */
static void put_pieces(unsigned pieces, unsigned first_bytes, unsigned bytes, unsigned payload, uint64_t bits)
{
	for (unsigned i = 0, at = 0; i < pieces; i++) {
		unsigned part = i + 1 == pieces ? bytes - at : first_bytes;

		put(host_tx_iova(0) + at,
			part | 3ull << 20 | (i ? 0 : (uint64_t)payload << 46 | bits) | (i + 1 == pieces ? EOP : 0));
		at += part;
	}
}

static void a_frame_has_40_descriptors_at_most(void)
{
	for (unsigned pieces = 39; pieces < 45; pieces++) {
		start(NULL);
		put_pieces(pieces, 3, 200, 200, IFCS);
		put_data(61, 61, PLAIN);
		ASSERT_NUMBER(transmit(), pieces <= 40 ? 2 : 1);
		ASSERT_NUMBER(misuse(MODEL_TX_PIECES), pieces > 40);
		ASSERT_NUMBER(h.sent[pieces <= 40].len, 61);
		ASSERT_NUMBER(rd(0x06010), tail);
		host_close(&h);
	}
	/* of a segmentation the headers stand in four */
	for (unsigned first = 10; first < 20; first++) {
		start(NULL);
		unsigned bytes = frame(true, 20, 6, 20, 250, 0);
		put_context(14, 20, 20, IPV4 | TCP, 100, 0);
		put_pieces(10, first, bytes, 250, IFCS | TSE | IXSM | TXSM);
		ASSERT_NUMBER(transmit(), first * 4 >= 54 ? 3 : 0);
		ASSERT_NUMBER(misuse(MODEL_TX_PIECES), first * 4 < 54);
		host_close(&h);
	}
}

static void rules_without_consequences_are_counted(void)
{
	start(NULL);
	put(host_tx_iova(0), 60 | 3ull << 20 | 120ull << 46 | IFCS | REPORT_STATUS);
	for (unsigned i = 0; i < 3; i++)
		ASSERT_NUMBER(transmit(), 0);
	ASSERT_NUMBER(misuse(MODEL_TX_BOUNDARY), 1);
	put(host_tx_iova(0), 60 | 3ull << 20 | EOP | REPORT_STATUS);
	ASSERT_NUMBER(transmit(), 1);
	ASSERT_NUMBER(misuse(MODEL_TX_REPORT), 1);
	unsigned bytes = frame(true, 20, 6, 20, 80, 100);
	put_context(14, 20, 0, IPV4 | TCP, 0, 0);
	put_data(bytes, bytes, EOP | IXSM | TXSM);
	ASSERT_NUMBER(transmit(), 1);
	ASSERT_NUMBER(misuse(MODEL_TX_FCS), 1);
	ASSERT_NUMBER(h.sent[1].bad_crc, true);
	ASSERT_NUMBER(model_faults(h.model)->bad_descriptor, 3);
	host_close(&h);
}

static void an_x550s_descriptor_has_16_kib_at_most(void)
{
	for (enum model_card card = 0; card < MODEL_CARDS; card++) {
		const struct model_config config = {.card = card};

		start(&config);
		frame(true, 20, 6, 20, 20000, 0);
		put_context(14, 20, 20, IPV4 | TCP, 1000, 0);
		put_data(20054, 20000, PLAIN | TSE | IXSM | TXSM);
		ASSERT_NUMBER(transmit(), card == MODEL_X550 ? 0 : 20);
		ASSERT_NUMBER(misuse(MODEL_TX_LENGTH), card == MODEL_X550);
		host_close(&h);
	}
}

/* Lengths, identifications, sequence numbers, flags and sums of every segment. */
static void segments_are_frames_of_their_own(void)
{
	static const struct {
		bool v4;
		unsigned ip_bytes, l4_bytes;
	} cases[] = {{true, 20, 20}, {true, 40, 32}, {false, 40, 20}, {false, 56, 60}};

	for (unsigned i = 0; i < 4; i++)
		for (unsigned payload = 100; payload < 601; payload += 125) {
			const bool v4 = cases[i].v4;
			const unsigned ip_bytes = cases[i].ip_bytes, l4_bytes = cases[i].l4_bytes, mss = 200;
			const unsigned segments = (payload + mss - 1) / mss, header = 14 + ip_bytes + l4_bytes;
			unsigned bytes, at = 0;

			start(NULL);
			bytes = frame(v4, ip_bytes, 6, l4_bytes, payload, 0);
			uint8_t *f = host_tx_buffer(&h, 0), *tcp = f + 14 + ip_bytes;
			if (v4) {
				put16(f + 16, 0); /* software may leave no length */
				put16(f + 18, 0xFFFF);
			}
			memcpy(tcp + 4, "\xFF\xFF\xFF\x00", 4);
			wr(0x04A88, 0x0F760FF6); /* CWR is the first one's */
			put_context(14, ip_bytes, l4_bytes, (v4 ? IPV4 : 0) | TCP, mss, 0);
			put_data(bytes, payload, PLAIN | TSE | TXSM | (v4 ? IXSM : 0));
			ASSERT_NUMBER(transmit(), segments);
			for (unsigned s = 0; s < segments; s++) {
				const uint8_t *ip = h.sent[s].data + 14, *l4 = ip + ip_bytes;
				unsigned part = payload - at < mss ? payload - at : mss, flags = 0xF9;
				uint32_t sequence = 0xFFFFFF00u + at;

				ASSERT_NUMBER(h.sent[s].len, header + part);
				ASSERT_NUMBER(get16(ip + (v4 ? 2 : 4)), ip_bytes + l4_bytes + part - (v4 ? 0 : 40));
				if (v4)
					ASSERT_NUMBER(get16(ip + 4), (0xFFFF + s) & 0xFFFF);
				ASSERT_NUMBER((uint32_t)get16(l4 + 4) << 16 | get16(l4 + 6), sequence);
				if (segments > 1)
					flags &= s == 0 ? 0xF6 : s + 1 == segments ? 0x7F : 0x76;
				ASSERT_NUMBER(l4[13], flags);
				CU_ASSERT_TRUE(sums_right(&h.sent[s], v4, ip_bytes, 6));
				CU_ASSERT_EQUAL(memcmp(l4 + l4_bytes, f + header + at, part), 0);
				at += part;
			}
			ASSERT_NUMBER(at, payload);
			ASSERT_NUMBER(model_faults(h.model)->bad_descriptor, 0);
			host_close(&h);
		}
}

/* The EtherType of inserted tags is DMATXCTL's; where each frame has an outer tag, they come behind it. */
static void tags_are_inserted_where_they_belong(void)
{
	uint8_t *f;

	start(NULL);
	f = host_tx_buffer(&h, 0);
	host_fill(f, 64, 1);
	put_context(14, 0, 0, 0, 0, 0x2005u << 16);
	put_data(64, 64, PLAIN | VLE);
	ASSERT_NUMBER(transmit(), 1);
	CU_ASSERT_EQUAL(memcmp(h.sent[0].data + 12, "\x81\x00\x20\x05\x88\xB5", 6), 0);
	wr(0x04A80, (rd(0x04A80) & 0xFFFF) | 0x88A8u << 16 | 1u << 3);
	wr(0x05078, 0x91000000);
	put_data(64, 64, PLAIN | VLE);
	ASSERT_NUMBER(transmit(), 1);
	CU_ASSERT_EQUAL(memcmp(h.sent[1].data + 12, "\x88\xA8\x20\x05\x88\xB5", 6), 0);
	put16(f + 12, 0x9100);
	put16(f + 14, 7);
	put_data(64, 64, PLAIN | VLE);
	ASSERT_NUMBER(transmit(), 1);
	ASSERT_NUMBER(h.sent[2].len, 68);
	CU_ASSERT_EQUAL(memcmp(h.sent[2].data, f, 16), 0);
	CU_ASSERT_EQUAL(memcmp(h.sent[2].data + 16, "\x88\xA8\x20\x05", 4), 0);
	CU_ASSERT_EQUAL(memcmp(h.sent[2].data + 20, f + 16, 48), 0);
	ASSERT_NUMBER(model_faults(h.model)->bad_descriptor, 0);
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"sums are inserted into all that a card knows", sums_are_inserted_into_all_that_a_card_knows},
		{"TCP alone needs no version", tcp_alone_needs_no_version},
		{"contexts stay", contexts_stay},
		{"what stands in a checksum field is summed up", what_stands_in_a_checksum_field_is_summed_up},
		{"a UDP sum of zero is written as all ones", a_udp_sum_of_zero_is_written_as_all_ones},
		{"a wrong layout sends garbage", a_wrong_layout_sends_garbage},
		{"what makes no sense is told apart", what_makes_no_sense_is_told_apart},
		{"nonsense stops a queue where that is wanted", nonsense_stops_a_queue_where_that_is_wanted},
		{"a frame has 40 descriptors at most", a_frame_has_40_descriptors_at_most},
		{"rules without consequences are counted", rules_without_consequences_are_counted},
		{"an X550's descriptor has 16 KiB at most", an_x550s_descriptor_has_16_kib_at_most},
		{"segments are frames of their own", segments_are_frames_of_their_own},
		{"tags are inserted where they belong", tags_are_inserted_where_they_belong},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model offloads", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
