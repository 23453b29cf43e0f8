/* SPDX-License-Identifier: BSD-2-Clause
 * What a card can do beyond plain frames, in words: queues, RSS, offloads, flow control. */
#include "doctor_can.h"

#include <stdio.h>
#include <string.h>

struct word {
	uint32_t bit;
	const char *text;
};

static const struct word hashed[] = {
	{NIC_RSS_IPV4, "IPv4"},
	{NIC_RSS_IPV4_TCP, "its TCP"},
	{NIC_RSS_IPV4_UDP, "its UDP"},
	{NIC_RSS_IPV6, "IPv6"},
	{NIC_RSS_IPV6_TCP, "its TCP"},
	{NIC_RSS_IPV6_UDP, "its UDP"},
	{0, NULL},
};
static const struct word on_receive[] = {
	{NIC_RX_CHECKSUM, "checksum status"},
	{NIC_RX_VLAN_STRIP, "VLAN strip"},
	{NIC_RX_VLAN_STRIP_QUEUE, "VLAN strip by queue"},
	{NIC_VLAN_FILTER, "VLAN filter"},
	{NIC_QUEUES_ALONE, "queues that stop alone"},
	{0, NULL},
};
static const struct word on_transmit[] = {
	{NIC_TX_IP_CHECKSUM, "IPv4 checksum"},
	{NIC_TX_L4_CHECKSUM, "TCP and UDP checksums"},
	{NIC_TX_VLAN, "VLAN insert"},
	{NIC_TX_SEGMENT_IPV4, "TSO over IPv4"},
	{NIC_TX_SEGMENT_IPV6, "TSO over IPv6"},
	{0, NULL},
};

static const struct word flow_control[] = {
	{NIC_PAUSE_RX, "obeys pause frames"},
	{NIC_PAUSE_TX, "sends pause frames"},
	{0, NULL},
};

/* Appends the words of the bits that are in a mask. */
static void list(struct nic_fact *fact, const struct word *words, uint32_t mask)
{
	const size_t begin = strlen(fact->value);

	for (; words->text; words++) {
		size_t length = strlen(fact->value);
		if (mask & words->bit)
			snprintf(fact->value + length, sizeof(fact->value) - length, "%s%s", length > begin ? ", " : "",
				words->text);
	}
	if (strlen(fact->value) == begin)
		snprintf(fact->value + begin, sizeof(fact->value) - begin, "nothing");
}

unsigned doctor_abilities(const struct nic_info *info, struct nic_fact abilities[DOCTOR_ABILITIES])
{
	static const char *const names[DOCTOR_ABILITIES] = {
		"queues", "RSS", "receive can", "transmit can", "in software", "flow control"};

	for (unsigned i = 0; i < DOCTOR_ABILITIES; i++) {
		abilities[i].value[0] = '\0';
		snprintf(abilities[i].name, sizeof(abilities[i].name), "%s", names[i]);
	}
	snprintf(abilities[0].value, sizeof(abilities[0].value), "%u for receive, %u for transmit", info->max_rx_queues,
		info->max_tx_queues);
	if (info->rss_headers) {
		snprintf(abilities[1].value, sizeof(abilities[1].value), "%u queues, by a table of %u, over ",
			info->rss_queues, info->rss_entries);
		list(&abilities[1], hashed, info->rss_headers);
	} else {
		snprintf(abilities[1].value, sizeof(abilities[1].value), "none");
	}
	list(&abilities[2], on_receive, info->can);
	list(&abilities[3], on_transmit, info->can);
	list(&abilities[4], on_transmit, ~info->can);
	list(&abilities[5], flow_control, info->pause);
	return DOCTOR_ABILITIES;
}
