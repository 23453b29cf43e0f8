/* SPDX-License-Identifier: BSD-2-Clause
 * Checksums of the Internet protocols, the FCS, and fields in network byte order. */
#ifndef POLLUX_TESTS_MODEL_CARD_CHECKSUM_H
#define POLLUX_TESTS_MODEL_CARD_CHECKSUM_H

#include <stdint.h>
#include <string.h>

static inline uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void put_be16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/** Adds bytes to a ones' complement sum of little-endian words; @return 32 bits, yet to be folded to 16. Inlined
 * because most calls are for a few bytes, whose number the compiler knows. */
static inline uint32_t model_checksum_add(uint32_t start, const uint8_t *data, uint32_t bytes)
{
	uint64_t sum = start, pair;
	uint32_t word;
	uint16_t half;

	for (; bytes >= 8; bytes -= 8, data += 8) {
		memcpy(&pair, data, 8);
		sum += pair;
		sum += sum < pair; /* the carry comes back in */
	}
	sum = (sum & UINT32_MAX) + (sum >> 32);
	if (bytes & 4) {
		memcpy(&word, data, 4);
		sum += word;
		data += 4;
	}
	if (bytes & 2) {
		memcpy(&half, data, 2);
		sum += half;
		data += 2;
	}
	if (bytes & 1)
		sum += *data;
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return (uint32_t)((sum & UINT32_MAX) + (sum >> 32));
}

/** @return the complement of the sum, to be stored in memory as it is; 0 where the bytes summed up held a right
 * checksum. */
uint16_t model_checksum_fold(uint32_t sum);
/** The Ethernet FCS. Sent and stored least significant byte first. */
uint32_t model_crc32(const uint8_t *data, uint32_t bytes);
/** The CRC of an SCTP packet (RFC 9260, appendix A), whose own field counts as zero. Stored least significant byte
 * first. */
uint32_t model_crc32c_sctp(const uint8_t *sctp, uint32_t bytes);

#endif
