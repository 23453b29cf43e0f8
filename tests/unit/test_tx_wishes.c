/* SPDX-License-Identifier: BSD-2-Clause
 * Bursts that are fast with wishes: traffic as they expect it, with frames among it that they must not take, against
 * the reference of the fuzzer for wishes; and that they do take what they should. */
#include "../../driver/ixgbe/bursts.h"
#include "unit.h"

#include "../fuzz/fuzz_wishes.c"

#define BOTH  (PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM)
#define BURST 40u
#define BYTES 1800u

static uint64_t random_state;

static uint32_t random_below(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 20) % below);
}

/* TCP or UDP over IPv4, all lengths right, `padding` zeros behind. Other bytes are not 0, for the model does not accept
 * that a UDP datagram that is shorter than its packet is the card's where only zeros follow. */
static uint32_t make_usual(uint8_t *frame, bool tcp, uint32_t payload, uint32_t padding)
{
	uint32_t header = tcp ? 20 + 4 * random_below(11) : 8, end = 34 + header + payload;

	for (uint32_t i = 0; i < end; i++)
		frame[i] = (uint8_t)(1 + random_below(255));
	memset(&frame[end], 0, padding);
	reference_put_16(&frame[12], 0x0800);
	frame[14] = 0x45;
	reference_put_16(&frame[16], end - 14);
	reference_put_16(&frame[20], 0x4000 * random_below(2));
	frame[23] = tcp ? 6 : 17;
	if (tcp)
		frame[46] = (uint8_t)(header << 2 | random_below(16));
	else
		reference_put_16(&frame[38], header + payload);
	return end + padding;
}

/* Something is wrong with one of the bytes that decide, or with any of the first. */
static void spoil(uint8_t *frame, uint32_t *len)
{
	static const uint8_t deciding[] = {12, 13, 14, 16, 17, 20, 21, 23, 38, 39, 46};

	switch (random_below(3)) {
	case 0:
		frame[deciding[random_below(sizeof(deciding))]] ^= (uint8_t)(1u << random_below(8));
		break;
	case 1:
		frame[random_below(64)] = (uint8_t)(1 + random_below(255));
		break;
	default:
		*len = 17 + random_below(*len - 17);
	}
}

struct traffic {
	unsigned wishes, vlan, others, spoiled; /* one in so many has other wishes, or is spoiled; 0: none */
	uint32_t payload;                       /* bytes, at least */
};

static void send_usual(const struct traffic *traffic, unsigned n)
{
	static const unsigned wishes[] = {0, PKT_VLAN, BOTH, PKT_TX_L4_CHECKSUM, PKT_TX_IP_CHECKSUM, BOTH | PKT_VLAN,
		PKT_VLAN | PKT_TX_IP_CHECKSUM};
	struct pkt pkts[BURST];
	unsigned sent = 0;

	HOLDS(pkt_alloc(pool, pkts, n) == n);
	for (unsigned i = 0; i < n; i++) {
		uint8_t frame[BYTES];
		uint32_t padding = traffic->spoiled || random_below(4) ? 0 : random_below(20);
		uint32_t len = make_usual(frame, random_below(2), traffic->payload + random_below(100), padding);
		struct reference_wish wish = {
			.flags = traffic->wishes, .vlan = traffic->vlan, .longest = queue->max_frame};

		if (traffic->spoiled && !random_below(traffic->spoiled))
			spoil(frame, &len);
		if (traffic->others && !random_below(traffic->others)) {
			wish.flags = wishes[random_below(sizeof(wishes) / sizeof(*wishes))];
			wish.vlan = random_below(2) ? traffic->vlan : random_below(0x10000);
		}
		pkts[i].data += random_below(64);
		memcpy(pkts[i].data, frame, len);
		pkts[i].len = (uint16_t)len;
		pkts[i].hash = random_below(0x10000);
		pkts[i].flags = (uint16_t)(wish.flags | random_below(PKT_STATUS + 1));
		pkts[i].vlan = (uint16_t)wish.vlan;
		taken++;
		bad += !reference_send(frame, len, &wish, expect, NULL);
	}
	while (sent < n) {
		unsigned used = nic_tx(&queue->nic, &pkts[sent], n - sent);

		sent += used;
		if (!used)
			card_sends();
	}
	if (!random_below(4))
		card_sends();
}

static void with_traffic(unsigned others, unsigned spoiled)
{
	static const unsigned wishes[] = {
		BOTH, BOTH | PKT_VLAN, PKT_TX_L4_CHECKSUM, PKT_TX_IP_CHECKSUM | PKT_VLAN, PKT_VLAN};

	for (unsigned simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++) {
		if (pkt_simd_choose((enum pkt_simd)simd) != (enum pkt_simd)simd)
			continue;
		for (unsigned i = 0; i < 2 * sizeof(wishes) / sizeof(*wishes); i++) {
			struct traffic traffic = {wishes[i / 2], random_below(0x10000), others, spoiled, 0};

			start(1500, simd, i % 2 ? 64 : 512, NIC_TX_OFFLOAD);
			for (unsigned burst = 0; burst < 150; burst++)
				send_usual(&traffic, 1 + random_below(i % 2 ? 30 : BURST));
			stop();
		}
	}
	CU_PASS("else it has ended the program");
}

static void usual_frames_leave_as_the_reference_has_them(void)
{
	with_traffic(0, 0);
}

static void frames_with_other_wishes_are_among_them(void)
{
	with_traffic(2, 0);
	with_traffic(30, 0);
}

static void spoiled_frames_are_among_them(void)
{
	with_traffic(0, 3);
	with_traffic(20, 20);
}

/* Around the longest frame of the port, without a tag and with one. */
static void too_long_frames_are_refused(void)
{
	static const unsigned wishes[] = {BOTH, BOTH | PKT_VLAN, PKT_VLAN};

	for (unsigned simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++)
		for (unsigned i = 0; i < sizeof(wishes) / sizeof(*wishes); i++) {
			struct traffic traffic = {wishes[i], random_below(0x10000), 0, 0, 1400};

			if (pkt_simd_choose((enum pkt_simd)simd) != (enum pkt_simd)simd)
				continue;
			start(1500, simd, 512, NIC_TX_OFFLOAD);
			for (unsigned burst = 0; burst < 100; burst++)
				send_usual(&traffic, 1 + random_below(12));
			CU_ASSERT(bad > 50 && taken - bad > 50);
			stop();
		}
}

/* ---- who takes them ---- */

static const struct ring_tx_card *counted;
static unsigned asked;

static bool count_orders(const struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	asked++;
	return counted->orders(layout, orders);
}

/* The family is asked for orders for each frame that is not usual, and where wishes become usual. */
static void usual_frames_are_fast(void)
{
	static const unsigned wishes[] = {BOTH, BOTH | PKT_VLAN, PKT_TX_L4_CHECKSUM, PKT_TX_IP_CHECKSUM, PKT_VLAN};

	for (unsigned simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++) {
		if (pkt_simd_choose((enum pkt_simd)simd) != (enum pkt_simd)simd)
			continue;
		for (unsigned i = 0; i < sizeof(wishes) / sizeof(*wishes); i++) {
			struct traffic traffic = {wishes[i], 0x2064, 0, 0, 0};
			struct ring_tx_card card_counting;

			start(1500, simd, 512, NIC_TX_OFFLOAD);
			counted = queue->offload.card;
			card_counting = *counted;
			card_counting.orders = count_orders;
			queue->offload.card = &card_counting;
			asked = 0;
			for (unsigned burst = 0; burst < 50; burst++)
				send_usual(&traffic, 32);
			CU_ASSERT(asked > 0 && asked <= 12);
			if (asked > 12)
				printf("\n    %s, wishes 0x%x: asked %u times for 1600 frames ",
					pkt_simd_name((enum pkt_simd)simd), wishes[i], asked);
			queue->offload.card = counted;
			stop();
		}
	}
}

/* Where the card is kept from what they wish, software does it. */
static void what_the_card_cannot_is_not_fast(void)
{
	struct traffic traffic = {BOTH | PKT_VLAN, 0x2064, 0, 0, 0};
	struct nic_stats stats;

	for (unsigned can = RING_TX_CAN_VLAN; can <= RING_TX_CAN_L4_CHECKSUM; can <<= 1) {
		start(1500, PKT_SIMD_AUTO, 512, NIC_TX_OFFLOAD);
		queue->offload.cannot = (uint16_t)can;
		for (unsigned burst = 0; burst < 10; burst++)
			send_usual(&traffic, 32);
		CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
		CU_ASSERT_EQUAL(stats.tx_software_vlans, can == RING_TX_CAN_VLAN ? 320 : 0);
		CU_ASSERT_EQUAL(stats.tx_software_checksums, can == RING_TX_CAN_VLAN ? 0 : 320);
		stop();
	}
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"usual frames leave as the reference has them", usual_frames_leave_as_the_reference_has_them},
		{"frames with other wishes are among them", frames_with_other_wishes_are_among_them},
		{"spoiled frames are among them", spoiled_frames_are_among_them},
		{"too long frames are refused", too_long_frames_are_refused},
		{"usual frames are fast", usual_frames_are_fast},
		{"what the card cannot is not fast", what_the_card_cannot_is_not_fast},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"fast wishes", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};

	random_state = UINT64_C(0x9e3779b97f4a7c15);
	open_once();
	return unit_run(suites);
}
