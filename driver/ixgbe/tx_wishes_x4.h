/* SPDX-License-Identifier: BSD-2-Clause
 * Writing four usual frames with wishes at a time, with AVX2: those that wish both checksums (ring/tx_wishes.h). Each
 * 64-bit lane of a vector is about one frame, in the order 0 2 1 3 of tx_x4.h. */
#pragma once

#include "../ring/tx_wishes.h"
#include "tx_x4.h"

#include <immintrin.h>

/* 16 bytes at this place of two frames */
RING_INLINE __m256i ixgbe_tx_load_x2(const uint8_t *first, const uint8_t *second)
{
	return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)first)),
		_mm_loadu_si128((const __m128i *)second), 1);
}

RING_INLINE int ixgbe_tx_load_32(const uint8_t *at)
{
	int value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* 4 bytes at this place of two frames, each in a lane of its own */
RING_INLINE __m128i ixgbe_tx_load_32_x2(const uint8_t *first, const uint8_t *second)
{
	return _mm_insert_epi32(_mm_cvtsi32_si128(ixgbe_tx_load_32(first)), ixgbe_tx_load_32(second), 2);
}

/* Writes what the card wants to find into two frames: 0 for IPv4's checksum; at l4, the sums of the pseudo-headers. */
RING_INLINE void ixgbe_tx_prepare_x2(uint8_t *first, uint8_t *second, __m128i l4, __m128i sums)
{
	const uint16_t sum[2] = {(uint16_t)_mm_extract_epi16(sums, 1), (uint16_t)_mm_extract_epi16(sums, 5)};

	memset(first + 24, 0, 2);
	memset(second + 24, 0, 2);
	memcpy((uint8_t *)_mm_extract_epi64(l4, 0) + 40, &sum[0], 2);
	memcpy((uint8_t *)_mm_extract_epi64(l4, 1) + 40, &sum[1], 2);
}

/* The same word of a lane's four in all lanes. */
#define LANES(w0, w1, w2, w3)                                                                                          \
	{                                                                                                              \
		w0, w1, w2, w3, w0, w1, w2, w3, w0, w1, w2, w3, w0, w1, w2, w3                                         \
	}
/* The byte of each half of 16 bytes, or 0x80 for 0, that comes to each place of a lane. */
#define BYTES_8(h, b0, b1, b2, b3, b4, b5, b6, b7) h | b0, h | b1, h | b2, h | b3, h | b4, h | b5, h | b6, h | b7
#define BYTES(...)                                                                                                     \
	{                                                                                                              \
		BYTES_8(0, __VA_ARGS__), BYTES_8(8, __VA_ARGS__), BYTES_8(0, __VA_ARGS__), BYTES_8(8, __VA_ARGS__)     \
	}

/* Offsets are from a frame's first byte. */
static const struct ixgbe_tx_wishes_constants {
	uint16_t
		to_expected[16]; /* from its length: IP length, EtherType, IP length, version and header length of IP */
	uint16_t to_l4_bytes[16];
	uint16_t protocol_bits[16]; /* 20: more fragments, and which; 23: the protocol */
	uint16_t low_32[16], low_16[16];
	uint16_t tcp_length_bits[16], tcp_length_min[16];
	uint16_t tcp_place[16];  /* of its checksum, beyond that of UDP */
	uint16_t to_lengths[16]; /* from two of it: DTALEN and PAYLEN */
	uint8_t length_twice[32], expected[32], udp_length[32], swapped[32], halves_swapped[32];
} ixgbe_tx_wishes_constants __attribute__((aligned(32))) = {
	.to_expected = LANES((uint16_t)-14, 0x0008, (uint16_t)-14, 0x0045),
	.to_l4_bytes = LANES(34, 0, 34, 0),
	.protocol_bits = LANES(0xff3f, 0xff00, 0, 0),
	.low_32 = LANES(0xffff, 0xffff, 0, 0),
	.low_16 = LANES(0xffff, 0, 0, 0),
	.tcp_length_bits = LANES(0x3c, 0, 0, 0),
	.tcp_length_min = LANES(20, 0, 0, 0),
	.tcp_place = LANES(10, 0, 0, 0),
	.to_lengths = LANES(1, 0, 1 << (IXGBE_TX_PAYLEN_SHIFT - 32), 0),
	.length_twice = BYTES(0, 1, 0x80, 0x80, 0, 1, 0x80, 0x80),
	.expected = BYTES(5, 4, 0, 1, 5, 4, 2, 0x80),
	.udp_length = BYTES(5, 4, 0x80, 0x80, 5, 4, 0x80, 0x80),
	.swapped = BYTES(1, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80),
	.halves_swapped = BYTES(2, 3, 0, 1, 0x80, 0x80, 0x80, 0x80),
};

#undef LANES
#undef BYTES
#undef BYTES_8

#define CONSTANT(name)   _mm256_load_si256((const __m256i *)constants->name)
#define PERMUTE(x, name) _mm256_shuffle_epi8(x, CONSTANT(name))

/* As long as all four are such frames. The IPv4 packet ends where the frame does: then, as the frame has 54 bytes at
 * least, so has the packet 20 behind its IPv4 header. */
static RING_OUT_OF_LINE unsigned ixgbe_tx_put_fours(
	struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	const struct ixgbe_tx_wishes_constants *constants = &ixgbe_tx_wishes_constants;
	__asm__("" : "+r"(constants)); /* else gcc makes each constant anew in each round */
	const struct ring_tx_usual *usual = &queue->offload.usual;
	const uint64_t tag_bits = usual->wishes & PKT_VLAN ? 0xffff : 0;
	/* word by word, as a handle has them: length, flags, nothing, tag */
	const __m256i least = _mm256_set1_epi64x(
		(long long)(RING_TX_USUAL_MIN | (uint64_t)usual->wishes << 16 | (usual->vlan & tag_bits) << 48));
	const __m256i above_least = _mm256_set1_epi64x(
		(long long)((usual->len_max - RING_TX_USUAL_MIN) | PKT_STATUS << 16 | ~(tag_bits << 16) << 32));
	/* no context: what is never there */
	const __m256i tcp_protocol = _mm256_set1_epi64x(usual->tcp ? 6 << 24 : -1),
		      udp_protocol = _mm256_set1_epi64x(usual->udp ? 17 << 24 : -1);
	const __m256i tcp_order = _mm256_set1_epi64x((long long)usual->tcp),
		      udp_order = _mm256_set1_epi64x((long long)usual->udp);
	const __m256i iova_offset = _mm256_set1_epi64x((long long)queue->iova_offset);
	__m256i *ring = (__m256i *)&queue->ring[slot], *buffers = (__m256i *)&queue->buffers[slot];
	unsigned remaining = n;

	for (; remaining >= 4; remaining -= 4, ring += 2, pkts += 4) {
		__m256i first = _mm256_loadu_si256((const __m256i *)&pkts[0]),
			second = _mm256_loadu_si256((const __m256i *)&pkts[2]);
		__m256i data = _mm256_unpacklo_epi64(first, second), handle = _mm256_unpackhi_epi64(first, second);
		__m256i more = _mm256_subs_epu16(_mm256_sub_epi16(handle, least), above_least);
		if (!_mm256_testz_si256(more, more))
			break;

		uint8_t *const f0 = pkts[0].data, *const f1 = pkts[1].data, *const f2 = pkts[2].data,
			       *const f3 = pkts[3].data;
		__m256i at_12_01 = ixgbe_tx_load_x2(f0 + 12, f1 + 12), at_12_23 = ixgbe_tx_load_x2(f2 + 12, f3 + 12);
		__m256i at_26_01 = ixgbe_tx_load_x2(f0 + 26, f1 + 26), at_26_23 = ixgbe_tx_load_x2(f2 + 26, f3 + 26);
		__m256i at_12 = _mm256_unpacklo_epi64(at_12_01, at_12_23),
			at_20 = _mm256_unpackhi_epi64(at_12_01, at_12_23);
		__m256i addresses = _mm256_unpacklo_epi64(at_26_01, at_26_23),
			at_34 = _mm256_unpackhi_epi64(at_26_01, at_26_23);
		__m256i at_44 =
			_mm256_set_m128i(ixgbe_tx_load_32_x2(f1 + 44, f3 + 44), ixgbe_tx_load_32_x2(f0 + 44, f2 + 44));

		__m256i length = PERMUTE(handle, length_twice);
		__m256i l4_bytes = _mm256_sub_epi16(length, CONSTANT(to_l4_bytes));
		__m256i wrong =
			_mm256_xor_si256(PERMUTE(at_12, expected), _mm256_add_epi16(length, CONSTANT(to_expected)));
		__m256i protocol = _mm256_and_si256(at_20, CONSTANT(protocol_bits));
		__m256i tcp = _mm256_cmpeq_epi64(protocol, tcp_protocol);
		__m256i udp_wrong = _mm256_or_si256(_mm256_xor_si256(PERMUTE(at_34, udp_length), l4_bytes),
			_mm256_xor_si256(protocol, udp_protocol));
		/* 46: the length of TCP's header in the upper four bits, in dwords */
		__m256i tcp_length = _mm256_and_si256(_mm256_srli_epi64(at_44, 18), CONSTANT(tcp_length_bits));
		__m256i tcp_wrong = _mm256_or_si256(_mm256_subs_epu16(CONSTANT(tcp_length_min), tcp_length),
			_mm256_subs_epu16(tcp_length, l4_bytes));
		wrong = _mm256_or_si256(wrong, _mm256_blendv_epi8(udp_wrong, tcp_wrong, tcp));
		if (!_mm256_testz_si256(wrong, wrong))
			break;

		/* ones' complement sums do not mind in which word of 16 bits something is added, nor in which order
		 * all words have their bytes */
		__m256i sum = _mm256_add_epi64(
			_mm256_and_si256(addresses, CONSTANT(low_32)), _mm256_srli_epi64(addresses, 32));
		sum = _mm256_add_epi64(sum, protocol);
		sum = _mm256_add_epi64(sum, PERMUTE(l4_bytes, swapped));
		sum = _mm256_add_epi64(_mm256_and_si256(sum, CONSTANT(low_16)), _mm256_srli_epi64(sum, 16));
		/* the second word is all of it: what the first one carries included */
		sum = _mm256_add_epi32(sum, PERMUTE(sum, halves_swapped));
		__m256i l4 = _mm256_add_epi64(data, _mm256_and_si256(tcp, CONSTANT(tcp_place)));
		ixgbe_tx_prepare_x2(f0, f2, _mm256_castsi256_si128(l4), _mm256_castsi256_si128(sum));
		ixgbe_tx_prepare_x2(f1, f3, _mm256_extracti128_si256(l4, 1), _mm256_extracti128_si256(sum, 1));

		_mm256_storeu_si256(buffers++, _mm256_permute4x64_epi64(data, 0xd8));
		__m256i q0 = _mm256_add_epi64(data, iova_offset),
			q1 = _mm256_or_si256(_mm256_blendv_epi8(udp_order, tcp_order, tcp),
				_mm256_madd_epi16(length, CONSTANT(to_lengths)));
		_mm256_storeu_si256(ring, _mm256_unpacklo_epi64(q0, q1));
		_mm256_storeu_si256(ring + 1, _mm256_unpackhi_epi64(q0, q1));
	}
	return n - remaining;
}

#undef CONSTANT
#undef PERMUTE

static RING_OUT_OF_LINE unsigned ixgbe_tx_put_few(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	return ring_tx_put_mixed(format, queue, slot, pkts, n);
}

/* A ring_tx_put_fn: those with wishes in fours, and those without; where they are mixed, up to four one by one. */
RING_STEP unsigned ixgbe_tx_put_wishes(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	const unsigned both = PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM;
	unsigned put = 0;

	for (;;) {
		if (put < n && pkts[put].flags <= PKT_STATUS)
			put += ixgbe_tx_put_x4(format, queue, slot + put, &pkts[put], n - put);
		else if (n - put >= 4 && (queue->offload.usual.wishes & both) == both)
			put += ixgbe_tx_put_fours(queue, slot + put, &pkts[put], n - put);
		if (put == n)
			return n;
		unsigned few = n - put < 4 ? n - put : 4, done;
		done = ixgbe_tx_put_few(format, queue, slot + put, &pkts[put], few);
		put += done;
		if (done < few || put == n)
			return put;
	}
}
