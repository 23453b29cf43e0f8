/* SPDX-License-Identifier: BSD-2-Clause
 * What a card says of received frames, as handles' flags and tags: all combinations, with bursts of every instruction
 * set and of every format of descriptors. */
#include "../../driver/gigabit/descriptor.h"
#include "../../driver/gigabit/gigabit.h"
#include "../../driver/ixgbe/bursts.h"
#include "../../mempool/pool.h"
#include "../../vfio/space.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS  256u
#define CAUSES 6u /* of flags: see struct bits */
#define LENGTH 60u
#define TAG    0xb123u
#define HASH   0x87654321u

/* As hw-docs has the descriptors: not the driver's own definitions. */
struct bits {
	uint64_t end;           /* DD and EOP */
	unsigned length;        /* shift */
	uint64_t cause[CAUSES]; /* VP, L4 checked, IP checked, L4 error, IP error, ignore */
	uint64_t udp;           /* of q0 */
	bool hash;
};
static const struct bits advanced = {.end = 3,
	.length = 32,
	.udp = 1u << 9,
	.hash = true,
	.cause = {1u << 3, 1u << 5, 1u << 6, 1u << 30, UINT64_C(1) << 31, 0}};
static const struct bits extended = {
	.end = 3, .length = 32, .hash = true, .cause = {1u << 3, 1u << 5, 1u << 6, 1u << 29, 1u << 30, 1u << 2}};
static const struct bits extended_udp = {
	.end = 3, .length = 32, .hash = true, .cause = {1u << 3, 1u << 4, 1u << 6, 1u << 29, 1u << 30, 1u << 2}};
static const struct bits legacy = {.end = UINT64_C(3) << 32,
	.cause = {UINT64_C(1) << 35, UINT64_C(1) << 37, UINT64_C(1) << 38, UINT64_C(1) << 45, UINT64_C(1) << 46,
		UINT64_C(1) << 34}};

static struct dma_space *space;
static struct pkt_pool *pool;
static struct ring_rxq queue;
static uint32_t tail;

static void open_queue(const struct ring_rx_format *format, ring_rx_burst_fn *burst, unsigned on)
{
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, 2 * SLOTS, -1), 0);
	memset(&queue, 0, sizeof(queue));
	queue.ring = aligned_alloc(128, SLOTS * sizeof(struct ring_descriptor));
	queue.buffers = calloc(SLOTS, sizeof(*queue.buffers));
	queue.pool = pool;
	queue.mask = SLOTS - 1;
	queue.tail = &tail;
	queue.tail_batch = RING_BATCH;
	queue.max_frame = 9000;
	queue.format = format;
	ring_rx_report_init(
		&queue, (on & RING_RX_TAGS ? NIC_RX_VLAN_STRIP : 0) | (on & RING_RX_CHECKSUMS ? NIC_RX_CHECKSUM : 0));
	CU_ASSERT_EQUAL_FATAL(ring_rxq_prepare(&queue, burst), 0);
}

static void close_queue(void)
{
	ring_rxq_drain(&queue);
	free(queue.ring);
	free(queue.buffers);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	dma_space_unref(space);
}

static void finish(uint32_t slot, const struct bits *bits, uint64_t q0, uint64_t q1)
{
	queue.ring[slot & (SLOTS - 1)].q0 = q0 | (uint64_t)HASH << 32;
	queue.ring[slot & (SLOTS - 1)].q1 = q1 | bits->end | (uint64_t)LENGTH << bits->length | (uint64_t)TAG << 48;
}

static uint64_t causes_of(const struct bits *bits, unsigned combination)
{
	uint64_t q1 = 0;

	for (unsigned i = 0; i < CAUSES; i++)
		q1 |= combination & 1u << i ? bits->cause[i] : 0;
	return q1;
}

static unsigned flags_wanted(const struct bits *bits, unsigned combination, bool udp, unsigned on)
{
	bool vlan = combination & 1, l4 = combination & 2, ip = combination & 4, l4_error = combination & 8;
	bool ip_error = combination & 16, ignore = bits->cause[5] && combination & 32;
	unsigned flags = vlan && on & RING_RX_TAGS ? PKT_VLAN : 0;

	if (ignore || !(on & RING_RX_CHECKSUMS))
		return flags;
	if (ip)
		flags |= PKT_IP_CHECKED | (ip_error ? PKT_IP_BAD : 0);
	if (l4 && !(l4_error && udp && bits->udp))
		flags |= PKT_L4_CHECKED | (l4_error ? PKT_L4_BAD : 0);
	return flags;
}

/* All combinations, twice: of frames that are UDP, and that are not. */
static void all_combinations(const struct bits *bits, const struct ring_rx_format *format, ring_rx_burst_fn *burst,
	unsigned on, unsigned size)
{
	struct pkt pkts[128];
	unsigned got = 0;

	open_queue(format, burst, on);
	for (unsigned i = 0; i < 128; i++)
		finish(i, bits, i & 64 ? bits->udp : 0, causes_of(bits, i & 63));
	for (unsigned n; (n = queue.nic.burst(&queue.nic, &pkts[got], size < 128 - got ? size : 128 - got)) > 0;)
		got += n;
	CU_ASSERT_EQUAL_FATAL(got, 128);
	for (unsigned i = 0; i < got; i++) {
		uint32_t hash = bits->hash ? HASH : 0;
		unsigned wanted = flags_wanted(bits, i & 63, i & 64, on);

		if (pkts[i].flags != wanted)
			printf("\n    combination %u, reported %u, burst %u: flags 0x%x, not 0x%x", i, on, size,
				pkts[i].flags, wanted);
		CU_ASSERT_EQUAL(pkts[i].flags, wanted);
		CU_ASSERT_EQUAL(pkts[i].len, LENGTH);
		if (on & RING_RX_TAGS)
			hash = (hash & 0xffff) | TAG << 16;
		CU_ASSERT_EQUAL(pkts[i].hash, hash);
		CU_ASSERT_EQUAL(pkts[i].vlan, hash >> 16);
	}
	pkt_free(pkts, got);
	close_queue();
}

static void with_all_choices(const struct bits *bits, const struct ring_rx_format *format, ring_rx_burst_fn *burst)
{
	static const unsigned sizes[] = {1, 3, 4, 7, 8, 32, 100};

	for (unsigned on = 1; on <= 3; on++)
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			all_combinations(bits, format, burst, on, sizes[i]);
}

static void the_82599_tells_what_it_found(void)
{
	for (enum pkt_simd simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++)
		if (pkt_simd_choose(simd) == simd)
			with_all_choices(&advanced, &ixgbe_rx_format, ixgbe_ring_ops.bursts[RING_OFFLOADS][simd].rx);
}

static void gigabit_chips_tell_what_they_found(void)
{
	with_all_choices(&legacy, &gigabit_rx_legacy, gigabit_rx_burst_status_legacy);
	with_all_choices(&extended, &gigabit_rx_extended, gigabit_rx_burst_status_extended);
	with_all_choices(&extended_udp, &gigabit_rx_extended, gigabit_rx_burst_status_extended);
}

static void expect(unsigned n, unsigned flags)
{
	struct pkt pkts[8];

	CU_ASSERT_EQUAL_FATAL(nic_rx(&queue.nic, pkts, n), n);
	for (unsigned i = 0; i < n; i++) {
		if (pkts[i].flags != flags)
			printf("\n    slot %u: flags 0x%x, not 0x%x ", queue.next - n + i, pkts[i].flags, flags);
		CU_ASSERT_EQUAL(pkts[i].flags, flags);
	}
	pkt_free(pkts, n);
}

/* An IPv4 header with options in each slot's buffer, with its checksum and so many bytes more on it. @return where */
static uint8_t *put_header(uint32_t slot, const uint8_t *l2, unsigned l2_bytes, unsigned more)
{
	static const uint8_t ip[24] = {0x46, 0, 0x20, 0, 0x12, 0x34, 0x20, 0, 64, 17, 0x11, 0xb5, 10, 0, 0, 1, 10, 0, 0,
		2, 1, 1, 1, 1}; /* a first fragment, whose length goes beyond its frame */
	uint8_t *at = queue.buffers[slot & (SLOTS - 1)] + 12;

	memset(at - 12, 2, LENGTH);
	memcpy(at, l2, l2_bytes);
	memcpy(at + l2_bytes, ip, sizeof(ip));
	at[l2_bytes + 11] = (uint8_t)(at[l2_bytes + 11] + more);
	return at + l2_bytes;
}

/* An erratum of the 82599: the headers of fragments may be found wrong. What is told is what they are. */
static void a_header_that_is_found_wrong_is_looked_at(ring_rx_burst_fn *burst, unsigned on)
{
	static const uint8_t untagged[] = {0x08, 0x00}, tagged[] = {0x81, 0x00, 0, 7, 0x08, 0x00},
			     twice[] = {0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 8, 0x08, 0x00}, other[] = {0x08, 0x06};
	const unsigned right = on & RING_RX_CHECKSUMS ? PKT_IP_CHECKED : 0, wrong = right ? right | PKT_IP_BAD : 0;
	const uint64_t found_wrong = causes_of(&advanced, 4 | 16);
	const unsigned ends[] = {24 + 13, 24 + 14, 14 + 19, 14, 13}; /* of frames, in their headers or before */
	struct pkt pkt;
	uint32_t slot = 0;

	open_queue(&ixgbe_rx_format, burst, on);
	for (unsigned i = 0; i < 16; i++, slot++) {
		put_header(slot, untagged, sizeof(untagged), i % 2);
		finish(slot, &advanced, 0, found_wrong);
	}
	for (unsigned i = 0; i < 16; i++)
		expect(1, i % 2 ? wrong : right);
	for (unsigned i = 0; i < 16; i++, slot++) {
		put_header(slot, i % 2 ? tagged : twice, i % 2 ? sizeof(tagged) : sizeof(twice), 0);
		finish(slot, &advanced, 0, found_wrong);
	}
	expect(8, right), expect(8, right);
	put_header(slot, other, sizeof(other), 0);
	finish(slot++, &advanced, 0, found_wrong);
	put_header(slot, untagged, sizeof(untagged), 0)[0] = 0x44; /* a length that no header has */
	finish(slot++, &advanced, 0, found_wrong);
	put_header(slot, untagged, sizeof(untagged), 0)[0] = 0x4f; /* all of the frame, and more */
	finish(slot++, &advanced, 0, found_wrong);
	expect(3, wrong);
	for (unsigned i = 0; i < sizeof(ends) / sizeof(*ends); i++, slot++) {
		put_header(slot, untagged, sizeof(untagged), 0);
		finish(slot, &advanced, 0, found_wrong);
		queue.ring[slot].q1 ^= (uint64_t)(LENGTH ^ ends[i]) << 32;
		CU_ASSERT_EQUAL_FATAL(nic_rx(&queue.nic, &pkt, 1), 1);
		CU_ASSERT_EQUAL(pkt.len, ends[i]);
		CU_ASSERT_EQUAL(pkt.flags, ends[i] == 14 + 24 ? right : wrong);
		pkt_free(&pkt, 1);
	}
	/* what the card believes is not asked again */
	put_header(slot, untagged, sizeof(untagged), 1);
	finish(slot, &advanced, 0, causes_of(&advanced, 4));
	expect(1, right);
	close_queue();
}

static void headers_found_wrong_are_looked_at(void)
{
	for (enum pkt_simd simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++)
		for (unsigned on = 1; on <= 3; on++)
			if (pkt_simd_choose(simd) == simd)
				a_header_that_is_found_wrong_is_looked_at(
					ixgbe_ring_ops.bursts[RING_OFFLOADS][simd].rx, on);
}

/* The first handle has what the last descriptor says. */
static void a_frame_in_pieces_has_it_in_its_first_handle(void)
{
	struct pkt pkts[8];

	open_queue(&ixgbe_rx_format, ixgbe_rx_status_scalar, RING_RX_TAGS | RING_RX_CHECKSUMS);
	for (unsigned i = 0; i < 3; i++)
		finish(i, &advanced, 0, causes_of(&advanced, 2 | 8));
	queue.ring[0].q1 &= ~UINT64_C(2);
	queue.ring[1].q1 &= ~UINT64_C(2);
	finish(2, &advanced, 0, causes_of(&advanced, 1 | 4));
	CU_ASSERT_EQUAL_FATAL(nic_rx(&queue.nic, pkts, 2), 2);
	CU_ASSERT_EQUAL_FATAL(nic_rx(&queue.nic, &pkts[2], 2), 1);
	CU_ASSERT_EQUAL(pkts[0].flags, PKT_MORE | PKT_VLAN | PKT_IP_CHECKED);
	CU_ASSERT_EQUAL(pkts[0].vlan, TAG);
	CU_ASSERT_EQUAL(pkts[1].flags, PKT_MORE);
	CU_ASSERT_EQUAL(pkts[2].flags, 0);
	pkt_free(pkts, 3);
	close_queue();
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"the 82599 tells what it found", the_82599_tells_what_it_found},
		{"gigabit chips tell what they found", gigabit_chips_tell_what_they_found},
		{"headers found wrong are looked at", headers_found_wrong_are_looked_at},
		{"a frame in pieces has it in its first handle", a_frame_in_pieces_has_it_in_its_first_handle},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"status of received frames", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
