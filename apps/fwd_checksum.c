/* SPDX-License-Identifier: BSD-2-Clause
 * A second look at frames whose IPv4 checksum a card found wrong: rare, and in software. */
#include "fwd_checksum.h"

#include "../driver/nic.h"

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

bool fwd_ip_checksum_is_right(const uint8_t *data, unsigned bytes)
{
	unsigned at = NIC_HEADER_BYTES, type = bytes >= at ? get16(data + at - 2) : 0;

	for (unsigned tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8 || type == 0x9100); tags++) {
		at += NIC_VLAN_TAG_BYTES;
		type = bytes >= at ? get16(data + at - 2) : 0;
	}
	if (type != 0x0800 || bytes < at + 20)
		return false;
	unsigned header = (data[at] & 0xfu) * 4, sum = 0;
	if (header < 20 || bytes < at + header)
		return false;
	for (unsigned i = 0; i < header; i += 2)
		sum += get16(data + at + i);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}
