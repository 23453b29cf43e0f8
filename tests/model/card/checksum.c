/* SPDX-License-Identifier: BSD-2-Clause
 * Sums over bytes. */
#include "checksum.h"

uint16_t model_checksum_fold(uint32_t sum)
{
	sum = (sum & 0xFFFF) + (sum >> 16);
	sum = (sum & 0xFFFF) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Computed bit by bit, without a table, because it is needed rarely. */
static uint32_t crc_byte(uint32_t crc, uint8_t byte, uint32_t polynomial)
{
	crc ^= byte;
	for (unsigned b = 0; b < 8; b++)
		crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
	return crc;
}

uint32_t model_crc32(const uint8_t *data, uint32_t bytes)
{
	uint32_t crc = UINT32_MAX;

	for (uint32_t i = 0; i < bytes; i++)
		crc = crc_byte(crc, data[i], 0xEDB88320u);
	return ~crc;
}

uint32_t model_crc32c_sctp(const uint8_t *sctp, uint32_t bytes)
{
	uint32_t crc = UINT32_MAX;

	for (uint32_t i = 0; i < bytes; i++)
		crc = crc_byte(crc, i >= 8 && i < 12 ? 0 : sctp[i], 0x82F63B78u);
	return ~crc;
}
