/* SPDX-License-Identifier: BSD-2-Clause
 * The further addresses that a port receives frames for: which exact filter each has, and what the multicast hash table
 * holds. Addresses of one hash share their bit of the table, so its words are always computed from the whole list. */
#include "mac.h"
#include "access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 12 bits of the address's last two bytes (MCSTCTRL.MO and RCTL.MO are 0: bits 47:36). */
unsigned mac_multicast_hash(const uint8_t mac[6])
{
	return ((unsigned)mac[4] >> 4 | (unsigned)mac[5] << 4) & 0xFFF;
}

static bool is_multicast(const uint8_t mac[6])
{
	return mac[0] & 1;
}

bool mac_is_usable(const uint8_t mac[6])
{
	static const uint8_t zero[6];
	return memcmp(mac, zero, 6) != 0 && !is_multicast(mac);
}

static int program_multicast(struct nic *nic, unsigned word)
{
	uint32_t value = 0;
	for (unsigned i = 0; i < nic->mac_count; i++) {
		unsigned hash = mac_multicast_hash(nic->macs[i].bytes);
		if (is_multicast(nic->macs[i].bytes) && hash >> 5 == word)
			value |= UINT32_C(1) << (hash & 31);
	}
	return nic->driver->ops->set_multicast(nic, word, value);
}

/* `on`: the address was added; else it was removed. */
static int program(struct nic *nic, const struct mac_entry *mac, bool on)
{
	int ret = is_multicast(mac->bytes) ? program_multicast(nic, mac_multicast_hash(mac->bytes) >> 5)
					   : nic->driver->ops->set_unicast(nic, mac->filter, on ? mac->bytes : NULL);
	return fail_if_refused(nic, nic->refusals_before, ret);
}

int mac_program_all(struct nic *nic)
{
	for (unsigned i = 0; i < nic->mac_count; i++) {
		int ret = program(nic, &nic->macs[i], true);
		if (ret)
			return ret;
	}
	return 0;
}

static struct mac_entry *find(struct nic *nic, const uint8_t mac[6])
{
	for (unsigned i = 0; i < nic->mac_count; i++)
		if (memcmp(nic->macs[i].bytes, mac, 6) == 0)
			return &nic->macs[i];
	return NULL;
}

/* The lowest exact filter that no address has; 0: all are taken. */
static unsigned free_filter(const struct nic *nic)
{
	for (unsigned filter = 1; filter <= nic->driver->unicast_filters; filter++) {
		bool taken = false;
		for (unsigned i = 0; i < nic->mac_count && !taken; i++)
			taken = nic->macs[i].filter == filter;
		if (!taken)
			return filter;
	}
	return 0;
}

int mac_add(struct nic *nic, const uint8_t mac[6])
{
	static const uint8_t zero[6], broadcast[6] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
	if (memcmp(mac, zero, 6) == 0)
		return fail_port(nic, EINVAL, "00:00:00:00:00:00 is nobody's address");
	if (memcmp(mac, broadcast, 6) == 0)
		return fail_port(nic, EINVAL, "ff:ff:ff:ff:ff:ff needs no filter: broadcasts are always received");
	if (find(nic, mac) || memcmp(nic->info.mac, mac, 6) == 0)
		return fail_port(nic, EEXIST, "%02x:%02x:%02x:%02x:%02x:%02x is received already", mac[0], mac[1],
			mac[2], mac[3], mac[4], mac[5]);
	struct mac_entry added = {.filter = 0};
	memcpy(added.bytes, mac, 6);
	if (!is_multicast(mac)) {
		added.filter = (uint16_t)free_filter(nic);
		if (!added.filter)
			return fail_port(nic, ENOSPC,
				"all %u exact filters are taken: remove an address, or receive promiscuously",
				nic->driver->unicast_filters);
	}
	struct mac_entry *macs = realloc(nic->macs, (nic->mac_count + 1) * sizeof(*macs));
	if (!macs)
		return fail_port(nic, ENOMEM, "no memory for one more address");
	nic->macs = macs;
	macs[nic->mac_count++] = added;
	if (!nic->started)
		return 0;
	int ret = program(nic, &added, true);
	if (ret)
		nic->mac_count--;
	return ret;
}

int mac_remove(struct nic *nic, const uint8_t mac[6])
{
	struct mac_entry *found = find(nic, mac);
	if (!found)
		return fail_port(nic, ENOENT, "%02x:%02x:%02x:%02x:%02x:%02x was not added", mac[0], mac[1], mac[2],
			mac[3], mac[4], mac[5]);
	struct mac_entry removed = *found;
	*found = nic->macs[--nic->mac_count];
	return nic->started ? program(nic, &removed, false) : 0;
}
