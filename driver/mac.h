/* SPDX-License-Identifier: BSD-2-Clause
 * Ethernet addresses: a port's further ones, and how all families' registers hold an address. */
#pragma once

#include "driver.h"

/** An address that was added. */
struct mac_entry {
	uint8_t bytes[6];
	uint16_t filter; /* unicast: its exact filter, 1 .. unicast_filters; multicast: 0 */
};

/** False for addresses that no port can have: all zeros, or a multicast address. */
bool mac_is_usable(const uint8_t mac[6]);

/** What a multicast address selects in the hash table: a word (bits 11:5), and its bit (bits 4:0). */
unsigned mac_multicast_hash(const uint8_t mac[6]);

/** nic_add_mac and nic_remove_mac, of a device that is not gone. */
int mac_add(struct nic *nic, const uint8_t mac[6]);
int mac_remove(struct nic *nic, const uint8_t mac[6]);

/** Programs all added addresses into a port that is being started. Stops at the first failure. */
int mac_program_all(struct nic *nic);

/** An address as RAL (its first four bytes) and RAH (the other two, in the low half) hold it. */
static inline uint32_t mac_low(const uint8_t mac[6])
{
	return mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24;
}

static inline uint32_t mac_high(const uint8_t mac[6])
{
	return mac[4] | (uint32_t)mac[5] << 8;
}

static inline void mac_from_registers(uint8_t mac[6], uint32_t low, uint32_t high)
{
	for (unsigned i = 0; i < 6; i++)
		mac[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
}
