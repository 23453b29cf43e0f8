/* SPDX-License-Identifier: BSD-2-Clause
 * Which devices the ixgbe family drives, and a port's opening. */
#include "../access.h"
#include "port.h"

static const struct driver_id ids[] = {
	{0x10FB, IXGBE_82599_SFP, "Intel 82599ES SFI/SFP+"},
	{0x1507, IXGBE_82599_SFP, "Intel 82599 SFP+ (mezzanine)"},
	{0x154D, IXGBE_82599_SFP, "Intel 82599 SFP+ (SF2)"},
	{0x154A, IXGBE_82599_SFP, "Intel 82599 SFP+ (quad)"},
	{0x1557, IXGBE_82599_SFP, "Intel 82599EN SFP+"},
	{0x1558, IXGBE_82599, "Intel 82599 QSFP+"}, /* its module's bus is shared: set up by the NVM */
	{0x1529, IXGBE_82599_SFP, "Intel 82599 SFP+ (FCoE)"},
	{0x10F7, IXGBE_82599, "Intel 82599 KX4 backplane"},
	{0x1514, IXGBE_82599, "Intel 82599 KX4 mezzanine"},
	{0x1517, IXGBE_82599, "Intel 82599 KR backplane"},
	{0x10F8, IXGBE_82599, "Intel 82599 combined backplane"},
	{0x10F9, IXGBE_82599, "Intel 82599 CX4"},
	{0x10FC, IXGBE_82599, "Intel 82599 XAUI on board"},
	{0x152A, IXGBE_82599, "Intel 82599 backplane (FCoE)"},
	{0x151C, IXGBE_82599, "Intel 82599 10GBASE-T on board"},
	{0x154F, IXGBE_82599, "Intel 82599 (LS)"},
	{0x155D, IXGBE_82599, "Intel 82599 bypass, fixed fibre (untested)"},
	{0x1528, IXGBE_X540, "Intel X540-AT2"},
	{0x1560, IXGBE_X540, "Intel X540-T1"},
	{0x155C, IXGBE_X540, "Intel X540 bypass (untested)"},
	{0x1563, IXGBE_X550, "Intel X550-T2"},
	{0x15D1, IXGBE_X550, "Intel X550-T1"},
};

static int ixgbe_open(struct nic *nic)
{
	/* Bus mastering goes off first: the card must not fetch a ring that a former owner left. The transport has
	 * woken the device (power state D0) */
	int ret = bus_master_off(nic);
	if (!ret)
		ret = reg_open_window(nic, IXGBE_BAR_BYTES);
	if (ret)
		return ret;
	ret = ixgbe_reset(nic);
	if (!ret)
		ret = ixgbe_read_mac(nic, nic->info.mac);
	if (ret)
		return ret;
	nic->info.max_rx_queues = IXGBE_QUEUES;
	nic->info.max_tx_queues = IXGBE_TX_QUEUES_USABLE;
	nic->info.max_mtu = IXGBE_FRAME_MAX - NIC_FCS_BYTES - FRAME_OVERHEAD_BYTES;
	nic->info.max_link_mbps = 10000;
	nic->info.can = NIC_RX_CHECKSUM | NIC_RX_VLAN_STRIP | NIC_TX_OFFLOAD | NIC_RX_VLAN_STRIP_QUEUE |
			NIC_VLAN_FILTER | NIC_QUEUES_ALONE | NIC_QUEUE_BYTES | NIC_TX_IP_CHECKSUM | NIC_TX_L4_CHECKSUM |
			NIC_TX_VLAN | NIC_TX_SEGMENT_IPV4 | NIC_TX_SEGMENT_IPV6;
	nic->info.pause = NIC_PAUSE_RX | NIC_PAUSE_TX;
	bool x550 = nic->id->kind == IXGBE_X550;
	nic->info.rss_headers =
		NIC_RSS_IPV4 | NIC_RSS_IPV4_TCP | NIC_RSS_IPV4_UDP | NIC_RSS_IPV6 | NIC_RSS_IPV6_TCP | NIC_RSS_IPV6_UDP;
	nic->info.rss_queues = x550 ? 64 : 16;
	nic->info.rss_entries = x550 ? 512 : 128;
	nic->info.speeds = NIC_SPEED_1G | NIC_SPEED_10G | (ixgbe_has_copper_phy(nic) ? NIC_SPEED_100M : 0) |
			   (x550 ? NIC_SPEED_2_5G | NIC_SPEED_5G : 0);
	return 0;
}

static const struct driver_ops ops = {
	.open = ixgbe_open,
	.reset = ixgbe_reset,
	.start = ixgbe_start,
	.stop = ixgbe_stop,
	.get_link = ixgbe_get_link,
	.service = ixgbe_link_service,
	.diagnose = ixgbe_diagnose,
	.facts = ixgbe_facts,
	.set_unicast = ixgbe_set_unicast,
	.set_multicast = ixgbe_set_multicast,
	.set_receive_mode = ixgbe_set_receive_mode,
	.queues = &ixgbe_queue_ops,
	.interrupts = &ixgbe_interrupt_ops,
};

static const struct driver_register registers[] = {
#define X(name, offset, stride, count, ...) {#name, offset, stride, count},
	IXGBE_REGISTERS(X)
#undef X
};

static const struct card_counter counters[] = {IXGBE_COUNTERS(CARD_COUNTER)};
_Static_assert(IXGBE_COUNTERS(CARD_COUNTER_VALUES) <= CARD_COUNTER_VALUES_MAX, "their values have room");

const struct driver ixgbe_driver = {
	.name = "ixgbe",
	.ids = ids,
	.id_count = sizeof(ids) / sizeof(*ids),
	.port_bytes = sizeof(struct ixgbe_port),
	.unicast_filters = IXGBE_RAL_COUNT - 1,
	.ops = &ops,
	.registers = registers,
	.register_count = sizeof(registers) / sizeof(*registers),
	.counters = {counters, sizeof(counters) / sizeof(*counters), false},
};
