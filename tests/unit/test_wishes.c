/* SPDX-License-Identifier: BSD-2-Clause
 * Wishes of packets to be sent: random frames with random wishes against the reference, as the fuzzer compares them;
 * and the limits, one by one. */

#include "../../driver/ixgbe/bursts.h"
#include "unit.h"

#include "../fuzz/fuzz_wishes.c"

/* ---- random ones ---- */

static uint64_t random_state;

static uint8_t random_byte(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint8_t)(random_state >> 24);
}

static void run_random(uint8_t how, unsigned inputs)
{
	static uint8_t bytes[8192];

	random_state = UINT64_C(0x9e3779b97f4a7c15) + how;
	for (unsigned i = 0; i < inputs; i++) {
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = random_byte();
		bytes[0] = (uint8_t)(how | (bytes[0] & 0x17)); /* MTU, instruction set and ring are any */
		LLVMFuzzerTestOneInput(bytes, sizeof(bytes));
	}
	CU_PASS("else it has ended the program");
}

static void random_frames_leave_as_the_reference_has_them(void)
{
	run_random(0x08, 300);
	run_random(0x00, 300);
}

static void the_same_where_the_card_can_a_part(void)
{
	run_random(0x40, 300);
}

static void the_same_where_the_card_can_nothing(void)
{
	run_random(0x20, 300);
}

/* The family refuses its orders, for all but a tag, or for all. */
static bool orders_for_a_tag(const struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	return layout->wishes == PKT_VLAN && ixgbe_tx_card.orders(layout, orders);
}

static bool no_orders(const struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	(void)layout, (void)orders;
	return false;
}

/* The last bytes of each frame have a descriptor of their own, as some chips want it. */
static bool orders_with_last_bytes(const struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	orders->last_bytes = 4;
	return ixgbe_tx_card.orders(layout, orders) && (orders->last_bytes = 4);
}

static void run_with_card(ring_tx_orders_fn *orders)
{
	struct ring_tx_card other = ixgbe_tx_card;

	other.orders = orders;
	card = &other;
	run_random(0x00, 50);
	card = NULL;
}

static void what_does_not_fit_descriptors_is_done_in_software(void)
{
	run_with_card(orders_for_a_tag);
	run_with_card(no_orders);
}

static void last_bytes_have_a_descriptor_of_their_own_if_the_card_wants_it(void)
{
	run_with_card(orders_with_last_bytes);
}

/* ---- one by one ---- */

static struct made frame;

/* A TCP or UDP frame, with IP checksums that are wrong. */
static void make(unsigned version, unsigned protocol, uint32_t payload)
{
	uint32_t ip = 14, l4 = version == 4 ? 34 : 54, header = protocol == 6 ? 20 : 8;

	memset(&frame, 0, sizeof(frame));
	for (uint32_t i = 0; i < sizeof(frame.bytes); i++)
		frame.bytes[i] = (uint8_t)(i * 5 + i / 256);
	frame.length = l4 + header + payload;
	frame.l4 = l4;
	frame.tcp = protocol == 6;
	frame.l4_checksum = l4 + (frame.tcp ? 16 : 6);
	reference_put_16(&frame.bytes[12], version == 4 ? 0x0800 : 0x86dd);
	if (version == 4) {
		frame.bytes[ip] = 0x45;
		reference_put_16(&frame.bytes[ip + 2], frame.length - ip);
		reference_put_16(&frame.bytes[ip + 6], 0x4000);
		frame.bytes[ip + 9] = (uint8_t)protocol;
	} else {
		frame.bytes[ip] = 0x60;
		reference_put_16(&frame.bytes[ip + 4], frame.length - ip - 40);
		frame.bytes[ip + 6] = (uint8_t)protocol;
	}
	if (frame.tcp)
		frame.bytes[l4 + 12] = 0x50, frame.bytes[l4 + 13] = 0x19; /* FIN, PSH, ACK */
	else
		reference_put_16(&frame.bytes[l4 + 4], header + payload);
}

/* Hands the frame over, in pieces of a size. */
static unsigned offer(unsigned flags, unsigned mss, unsigned piece, unsigned headroom)
{
	struct reference_wish wish = {.flags = flags, .mss = mss, .vlan = 0xa123, .longest = queue->max_frame};
	uint16_t sizes[4] = {
		(uint16_t)(piece - 1), (uint16_t)(piece - 1), (uint16_t)(piece - 1), (uint16_t)(piece - 1)};
	struct pkt pkts[PIECES];
	unsigned n = make_pieces(pkts, &frame, sizes, headroom), used;

	CU_ASSERT_FATAL(n > 0);
	pkts->flags |= (uint16_t)flags;
	pkts->mss = (uint16_t)mss;
	pkts->vlan = (uint16_t)wish.vlan;
	used = nic_tx(&queue->nic, pkts, n);
	if (used) {
		account(&frame, &wish, n);
	} else {
		CU_ASSERT_TRUE(is_untouched(pkts, n, &frame));
		pkt_free(pkts, n);
	}
	return used;
}

static void send(unsigned flags, unsigned mss)
{
	CU_ASSERT(offer(flags, mss, PKT_DATA_BYTES, 0) > 0);
	card_sends();
}

/* Slots that a frame takes. */
static unsigned slots_of(unsigned flags, unsigned version, unsigned protocol)
{
	uint32_t before = queue->next;

	make(version, protocol, 100);
	send(flags, 0);
	return queue->next - before;
}

static void with_card_and_without(void (*test)(void))
{
	for (unsigned software = 0; software < 2; software++) {
		start(1500, PKT_SIMD_AUTO, 512, 0);
		queue->offload.cannot = software ? UINT16_MAX : 0;
		test();
		stop();
	}
}

#define BOTH (PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM)

/* Frames that end anywhere within their headers. */
static void cut_headers(void)
{
	static const unsigned wishes[] = {PKT_TX_L4_CHECKSUM, BOTH, PKT_TX_SEGMENT, PKT_VLAN | BOTH};

	for (unsigned version = 4; version <= 6; version += 2)
		for (unsigned protocol = 6; protocol <= 17; protocol += 11)
			for (unsigned w = 0; w < 4; w++) {
				make(version, protocol, 0);
				uint32_t whole = frame.length;
				for (frame.length = 1; frame.length < whole; frame.length++) {
					uint64_t before = bad;
					send(wishes[w], 1000);
					ASSERT_NUMBER(bad, before + 1);
				}
			}
}

static void headers_beyond_the_frame_are_refused(void)
{
	with_card_and_without(cut_headers);
}

static void segments_that_make_no_sense(void)
{
	make(4, 6, 3000);
	send(PKT_TX_SEGMENT, 0);
	ASSERT_NUMBER(bad, 1);
	send(PKT_TX_SEGMENT, 1500 - 40 + 9); /* with two tags' room, 1522, one byte too long */
	ASSERT_NUMBER(bad, 2);
	send(PKT_TX_SEGMENT, 1500 - 40 + 8);
	ASSERT_NUMBER(bad, 2);
	ASSERT_NUMBER(segments_more, 2);
	make(4, 17, 1000);
	send(PKT_TX_SEGMENT, 500); /* UDP */
	ASSERT_NUMBER(bad, 3);
	make(4, 6, 500);
	send(PKT_TX_SEGMENT, 500); /* one segment */
	send(PKT_TX_SEGMENT, 65535);
	ASSERT_NUMBER(bad, 3);
	ASSERT_NUMBER(segments_more, 2);
	send(PKT_TX_SEGMENT, 499);
	ASSERT_NUMBER(segments_more, 3);
}

static void segment_sizes_that_make_no_sense_are_refused(void)
{
	with_card_and_without(segments_that_make_no_sense);
}

/* As much as 32 buffers hold, and as IP can say. */
static void long_frames(void)
{
	make(6, 6, 32 * PKT_DATA_BYTES - 74);
	ASSERT_NUMBER(offer(PKT_TX_SEGMENT, 1428, PKT_DATA_BYTES, 0), 32);
	card_sends();
	ASSERT_NUMBER(bad, 0);
	ASSERT_NUMBER(segments_more, 45);
	make(4, 6, 65535 - 40);
	ASSERT_NUMBER(offer(PKT_TX_SEGMENT, 1448, 2100, 0), 32);
	card_sends();
	ASSERT_NUMBER(bad, 0);
	make(4, 6, 65536 - 40);
	ASSERT_NUMBER(offer(PKT_TX_SEGMENT, 1448, 2100, 0), 32);
	ASSERT_NUMBER(bad, 1);
	make(4, 6, 1000);
	ASSERT_NUMBER(offer(BOTH, 0, 32, 0), 33); /* pieces */
	ASSERT_NUMBER(bad, 2);
	ASSERT_NUMBER(offer(BOTH, 0, 33, 0), 32);
	ASSERT_NUMBER(bad, 2);
	make(4, 6, 2000);
	send(BOTH, 0);
	ASSERT_NUMBER(bad, 3);
}

static void frames_are_segmented_up_to_64_kib(void)
{
	with_card_and_without(long_frames);
}

static void fill_but(unsigned room)
{
	struct pkt pkt;

	ring_tx_reclaim(queue);
	while (ring_tx_room(queue) > room) {
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
		memset(pkt.data, 7, 60);
		pkt.len = 60;
		expect(NULL, pkt.data, 60);
		CU_ASSERT_EQUAL_FATAL(nic_tx(&queue->nic, &pkt, 1), 1);
		taken++;
	}
}

static void nothing_is_put(void)
{
	uint32_t next = queue->next, extra_slots = queue->extra_slots;
	unsigned available = pkt_pool_available(pool);
	struct ring_tx_offload before = queue->offload;

	ASSERT_NUMBER(offer(PKT_TX_SEGMENT, 1000, PKT_DATA_BYTES, 0), 0);
	ASSERT_NUMBER(queue->next, next);
	ASSERT_NUMBER(queue->extra_slots, extra_slots);
	ASSERT_NUMBER(pkt_pool_available(pool), available);
	CU_ASSERT_EQUAL(memcmp(&queue->offload, &before, sizeof(before)), 0);
}

/* What cannot be put now, for want of slots or of buffers, leaves no trace. */
static void segments_are_put_all_or_none(void)
{
	struct pkt hoard[POOL];
	unsigned hoarded;

	start(1500, PKT_SIMD_AUTO, 64, 0);
	queue->offload.cannot = RING_TX_CAN_SEGMENT_IPV4 | RING_TX_CAN_SEGMENT_IPV6; /* but checksums */
	make(4, 6, 10000);
	for (unsigned round = 0; round < 40; round++) { /* batches and the ring end anywhere */
		fill_but(round % 10);
		nothing_is_put();
		card_sends();
		ring_tx_reclaim(queue);
		hoarded = pkt_alloc(pool, hoard, pkt_pool_available(pool) - 5 - round % 10);
		nothing_is_put(); /* 5 buffers are the frame's, and not as many as there are segments are left */
		pkt_free(hoard, hoarded);
		ASSERT_NUMBER(offer(PKT_TX_SEGMENT, 1000, PKT_DATA_BYTES, 0), 5);
		card_sends();
		slots_of(PKT_VLAN, 4, 6); /* so that the card does not remember the segments' context */
		slots_of(BOTH, 6, 17);
		make(4, 6, 10000);
	}
	ASSERT_NUMBER(queue->bad_packets, 0);
	stop();
}

/* Their slots might never be free all at a time. */
static void more_segments_than_slots_are_refused(void)
{
	start(1500, PKT_SIMD_AUTO, 64, 0);
	queue->offload.cannot = UINT16_MAX;
	make(4, 6, 10000);
	send(PKT_TX_SEGMENT, 667); /* 15 segments, a slot or two each, and a context */
	ASSERT_NUMBER(queue->bad_packets, 0);
	size_t put = expected.put;
	send(PKT_TX_SEGMENT, 666); /* 16 */
	ASSERT_NUMBER(queue->bad_packets, 1);
	expected.put = put; /* the reference knows of no ring */
	segments_more -= 15;
	bad++;
	stop();
}

static void a_tag_finds_room(void)
{
	struct pkt pkt;

	start(1500, PKT_SIMD_AUTO, 512, 0);
	queue->offload.cannot = UINT16_MAX;
	make(4, 17, 60);
	for (unsigned headroom = 120; headroom <= PKT_HEADROOM_BYTES; headroom++)
		for (unsigned piece = 4; piece < 30; piece++) {
			CU_ASSERT(offer(PKT_VLAN | BOTH, 0, piece, headroom) > 0);
			card_sends();
		}
	ASSERT_NUMBER(bad, 0);
	/* what is in front of the headroom stays as it is */
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
	uint8_t *metadata = pkt.data - PKT_HEADROOM_BYTES - 4;
	memset(metadata, 0x77, 4);
	pkt.data -= PKT_HEADROOM_BYTES;
	pkt.len = 60;
	pkt.flags = PKT_VLAN;
	memcpy(pkt.data, frame.bytes, 60);
	frame.length = 60;
	CU_ASSERT_EQUAL(nic_tx(&queue->nic, &pkt, 1), 1);
	account(&frame, &(struct reference_wish){.flags = PKT_VLAN, .longest = queue->max_frame}, 1);
	CU_ASSERT_EQUAL(reference_16(metadata) * 65536u + reference_16(metadata + 2), 0x77777777);
	stop();
}

/* What a card finds in a frame's fields, which it completes (82599 DS 7.2.4 and 7.2.5). */
static void finds(unsigned flags, unsigned version, unsigned length, unsigned sum_of_length)
{
	struct pkt pkt;
	uint32_t ip = 14;

	make(version, 6, 1000);
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
	memcpy(pkt.data, frame.bytes, frame.length);
	pkt.len = (uint16_t)frame.length;
	pkt.flags = (uint16_t)flags;
	pkt.mss = 600;
	CU_ASSERT_EQUAL(nic_tx(&queue->nic, &pkt, 1), 1);
	account(&frame, &(struct reference_wish){.flags = flags, .mss = 600, .longest = queue->max_frame}, 1);
	unsigned sum = reference_sum(&pkt.data[version == 4 ? ip + 12 : ip + 8], version == 4 ? 8 : 32);
	sum = reference_plus(reference_plus(sum, 6), sum_of_length);
	ASSERT_NUMBER(reference_16(&pkt.data[frame.l4_checksum]), sum);
	ASSERT_NUMBER(reference_16(&pkt.data[version == 4 ? ip + 2 : ip + 4]), length);
	if (version == 4)
		ASSERT_NUMBER(reference_16(&pkt.data[ip + 10]), 0);
	card_sends();
}

static void the_card_finds_what_it_completes(void)
{
	start(1500, PKT_SIMD_AUTO, 512, 0);
	finds(BOTH, 4, 20 + 20 + 1000, 20 + 1000);
	finds(BOTH, 6, 20 + 1000, 20 + 1000);
	finds(PKT_TX_SEGMENT, 4, 0, 0);
	finds(PKT_TX_SEGMENT, 6, 0, 0);
	stop();
}

/* A UDP length, an IPv4 fragment's field, or an IPv6 fragment header's. */
static void one_field(void)
{
	static const struct {
		unsigned version, field, wrong;
	} fields[] = {{4, 38, 7}, {4, 38, 109}, {6, 58, 7}, {6, 58, 109}, {4, 20, 0x2000}, {4, 20, 1}, {6, 56, 1},
		{6, 56, 8}};

	for (unsigned i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		for (unsigned wrong = 0; wrong < 2; wrong++) {
			make(fields[i].version, 17, 100);
			if (fields[i].field == 56) { /* the header goes between IPv6 and UDP */
				memmove(&frame.bytes[62], &frame.bytes[54], frame.length - 54);
				memset(&frame.bytes[54], 0, 8);
				frame.bytes[54] = 17;
				frame.bytes[20] = 44;
				frame.length += 8;
				reference_put_16(&frame.bytes[18], frame.length - 54);
			}
			if (wrong)
				reference_put_16(&frame.bytes[fields[i].field], fields[i].wrong);
			uint64_t before = bad;
			send(BOTH, 0);
			ASSERT_NUMBER(bad, before + wrong);
		}
}

static void one_wrong_field_is_enough(void)
{
	with_card_and_without(one_field);
}

static void with_a_checksum_of_0(void)
{
	for (unsigned version = 4; version <= 6; version += 2) {
		make(version, 17, 100);
		make_checksum_0(&frame);
		size_t at = expected.put + sizeof(uint32_t);
		send(PKT_TX_L4_CHECKSUM, 0);
		ASSERT_NUMBER(reference_16(&expected.bytes[at + frame.l4_checksum]), 0xffff);
		make(version, 6, 100);
		make_checksum_0(&frame);
		at = expected.put + sizeof(uint32_t);
		send(PKT_TX_L4_CHECKSUM, 0);
		ASSERT_NUMBER(reference_16(&expected.bytes[at + frame.l4_checksum]), 0);
	}
}

static void udp_has_0xffff_in_place_of_a_checksum_of_0(void)
{
	with_card_and_without(with_a_checksum_of_0);
}

static void the_card_is_told_a_context_once(void)
{
	start(1500, PKT_SIMD_AUTO, 512, 0);
	ASSERT_NUMBER(slots_of(BOTH, 4, 6), 2);
	ASSERT_NUMBER(slots_of(BOTH, 4, 6), 1);
	ASSERT_NUMBER(slots_of(BOTH, 4, 17), 2);
	ASSERT_NUMBER(slots_of(BOTH, 4, 6), 1); /* it remembers two */
	ASSERT_NUMBER(slots_of(BOTH, 4, 17), 1);
	ASSERT_NUMBER(slots_of(BOTH, 6, 17), 2);
	ASSERT_NUMBER(slots_of(BOTH, 4, 17), 1);
	ASSERT_NUMBER(slots_of(BOTH, 4, 6), 2);
	ASSERT_NUMBER(slots_of(0, 4, 6), 1);
	stop();
	start(1500, PKT_SIMD_AUTO, 512, 0); /* the card has forgotten all */
	ASSERT_NUMBER(slots_of(BOTH, 4, 6), 2);
	stop();
}

static void software_is_counted(void)
{
	struct nic_stats stats;

	for (unsigned software = 0; software < 2; software++) {
		start(1500, PKT_SIMD_AUTO, 512, 0);
		queue->offload.cannot = software ? UINT16_MAX : 0;
		make(4, 6, 5000);
		send(PKT_TX_SEGMENT, 1000);
		make(4, 6, 100);
		send(BOTH, 0);
		send(PKT_VLAN, 0);
		send(PKT_VLAN | PKT_TX_IP_CHECKSUM, 0);
		CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
		ASSERT_NUMBER(stats.tx_software_segmented, software);
		ASSERT_NUMBER(stats.tx_software_checksums, software * (5 + 1 + 1));
		ASSERT_NUMBER(stats.tx_software_vlans, software * 2);
		ASSERT_NUMBER(stats.tx_segments_more, 4);
		stop();
	}
}

static void stop_with_segments_in_flight(void)
{
	struct nic_stats stats;

	make(4, 6, 5000);
	send(PKT_TX_SEGMENT, 1000);
	model_break(model_local_model(fuzzed), MODEL_TX_STUCK);
	CU_ASSERT(offer(PKT_TX_SEGMENT, 1000, PKT_DATA_BYTES, 0) > 0);
	send(PKT_TX_SEGMENT, 0);
	expected.put = expected.got; /* they do not leave */
	nic_stop(nic);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	ASSERT_NUMBER(stats.tx_packets, 5);
	ASSERT_NUMBER(stats.tx_unsent, 5);
	ASSERT_NUMBER(stats.tx_bad_packets, 1);
	ASSERT_NUMBER(taken + stats.tx_segments_more, stats.tx_packets + stats.tx_bad_packets + stats.tx_unsent);
	ASSERT_NUMBER(pkt_pool_available(pool), POOL);
	model_break(model_local_model(fuzzed), 0);
}

static void segments_in_flight_are_counted_at_stop(void)
{
	for (unsigned software = 0; software < 2; software++) {
		start(1500, PKT_SIMD_AUTO, 512, 0);
		queue->offload.cannot = software ? UINT16_MAX : 0;
		stop_with_segments_in_flight();
	}
}

int main(void)
{
	static CU_TestInfo random[] = {
		{"random frames leave as the reference has them", random_frames_leave_as_the_reference_has_them},
		{"the same where the card can a part", the_same_where_the_card_can_a_part},
		{"the same where the card can nothing", the_same_where_the_card_can_nothing},
		{"what does not fit descriptors is done in software",
			what_does_not_fit_descriptors_is_done_in_software},
		{"last bytes have a descriptor of their own if the card wants it",
			last_bytes_have_a_descriptor_of_their_own_if_the_card_wants_it},
		CU_TEST_INFO_NULL,
	};
	static CU_TestInfo limits[] = {
		{"headers beyond the frame are refused", headers_beyond_the_frame_are_refused},
		{"segment sizes that make no sense are refused", segment_sizes_that_make_no_sense_are_refused},
		{"frames are segmented up to 64 KiB", frames_are_segmented_up_to_64_kib},
		{"segments are put all or none", segments_are_put_all_or_none},
		{"more segments than slots are refused", more_segments_than_slots_are_refused},
		{"a tag finds room", a_tag_finds_room},
		{"the card finds what it completes", the_card_finds_what_it_completes},
		{"one wrong field is enough", one_wrong_field_is_enough},
		{"UDP has 0xffff in place of a checksum of 0", udp_has_0xffff_in_place_of_a_checksum_of_0},
		{"the card is told a context once", the_card_is_told_a_context_once},
		{"software is counted", software_is_counted},
		{"segments in flight are counted at stop", segments_in_flight_are_counted_at_stop},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"random wishes", NULL, NULL, NULL, NULL, random},
		{"limits of wishes", NULL, NULL, NULL, NULL, limits}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
