/* SPDX-License-Identifier: BSD-2-Clause
 * Which devices the ixgbe family drives, and a port's opening. */
#include "../access.h"
#include "../bus.h"
#include "port.h"

#define VIRTUAL_FUNCTION "is a virtual function, whose registers differ: open the physical function instead"
#define OLD_82598        "is an 82598, whose registers differ: Pollux drives its successors 82599, X540 and X550"
#define X550_EMBEDDED                                                                                                  \
	"is an X550 inside a processor: its link is brought up through registers behind its firmware, which Pollux "   \
	"does not know; use an 82599, X540 or X550 card"

static const struct driver_id ids[] = {
	{0x10FB, IXGBE_82599_SFP, "Intel 82599ES SFI/SFP+", NULL},
	{0x1507, IXGBE_82599_SFP, "Intel 82599 SFP+ (mezzanine)", NULL},
	{0x154D, IXGBE_82599_SFP, "Intel 82599 SFP+ (SF2)", NULL},
	{0x154A, IXGBE_82599_SFP, "Intel 82599 SFP+ (quad)", NULL},
	{0x1557, IXGBE_82599_SFP, "Intel 82599EN SFP+", NULL},
	{0x1558, IXGBE_82599, "Intel 82599 QSFP+", NULL}, /* its module's bus is shared: set up by the NVM */
	{0x1529, IXGBE_82599_SFP, "Intel 82599 SFP+ (FCoE)", NULL},
	{0x10F7, IXGBE_82599, "Intel 82599 KX4 backplane", NULL},
	{0x1514, IXGBE_82599, "Intel 82599 KX4 mezzanine", NULL},
	{0x1517, IXGBE_82599, "Intel 82599 KR backplane", NULL},
	{0x10F8, IXGBE_82599, "Intel 82599 combined backplane", NULL},
	{0x10F9, IXGBE_82599, "Intel 82599 CX4", NULL},
	{0x10FC, IXGBE_82599, "Intel 82599 XAUI on board", NULL},
	{0x152A, IXGBE_82599, "Intel 82599 backplane (FCoE)", NULL},
	{0x151C, IXGBE_82599, "Intel 82599 10GBASE-T on board", NULL},
	{0x154F, IXGBE_82599, "Intel 82599 (LS)", NULL},
	{0x155D, IXGBE_82599, "Intel 82599 bypass, fixed fibre (untested)", NULL},
	{0x1528, IXGBE_X540, "Intel X540-AT2", NULL},
	{0x1560, IXGBE_X540, "Intel X540-T1", NULL},
	{0x155C, IXGBE_X540, "Intel X540 bypass (untested)", NULL},
	{0x1563, IXGBE_X550, "Intel X550-T2", NULL},
	{0x15D1, IXGBE_X550, "Intel X550-T1", NULL},
	/* Refused by name, so that the sentence can say why */
	{0x10ED, 0, "Intel 82599 virtual function", VIRTUAL_FUNCTION},
	{0x1515, 0, "Intel X540 virtual function", VIRTUAL_FUNCTION},
	{0x1565, 0, "Intel X550 virtual function", VIRTUAL_FUNCTION},
	{0x10B6, 0, "Intel 82598", OLD_82598},
	{0x10C6, 0, "Intel 82598 AF dual port", OLD_82598},
	{0x10C7, 0, "Intel 82598 AF", OLD_82598},
	{0x10C8, 0, "Intel 82598 AT", OLD_82598},
	{0x10DB, 0, "Intel 82598EB SFP", OLD_82598},
	{0x10DD, 0, "Intel 82598EB CX4", OLD_82598},
	{0x10EC, 0, "Intel 82598 CX4 dual port", OLD_82598},
	{0x10E1, 0, "Intel 82598 DA dual port", OLD_82598},
	{0x10F1, 0, "Intel 82598 DA", OLD_82598},
	{0x10F4, 0, "Intel 82598EB XF LR", OLD_82598},
	{0x1508, 0, "Intel 82598 BX", OLD_82598},
	{0x150B, 0, "Intel 82598 AT2", OLD_82598},
	{0x15AA, 0, "Intel X550EM_x", X550_EMBEDDED},
	{0x15AB, 0, "Intel X550EM_x", X550_EMBEDDED},
	{0x15AC, 0, "Intel X550EM_x", X550_EMBEDDED},
	{0x15AD, 0, "Intel X550EM_x", X550_EMBEDDED},
	{0x15AE, 0, "Intel X550EM_x", X550_EMBEDDED},
	{0x15B0, 0, "Intel X550EM_x", X550_EMBEDDED},
	{0x15C2, 0, "Intel X550EM_a", X550_EMBEDDED},
	{0x15C3, 0, "Intel X550EM_a", X550_EMBEDDED},
	{0x15C4, 0, "Intel X550EM_a", X550_EMBEDDED},
	{0x15C6, 0, "Intel X550EM_a", X550_EMBEDDED},
	{0x15C7, 0, "Intel X550EM_a", X550_EMBEDDED},
	{0x15C8, 0, "Intel X550EM_a", X550_EMBEDDED},
	{0x15CE, 0, "Intel X550EM_a", X550_EMBEDDED},
	{0x15E4, 0, "Intel X550EM_a", X550_EMBEDDED},
	{0x15E5, 0, "Intel X550EM_a", X550_EMBEDDED},
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
	.close = ixgbe_interrupt_close,
	.reset = ixgbe_reset,
	.start = ixgbe_start,
	.stop = ixgbe_stop,
	.get_link = ixgbe_get_link,
	.service = ixgbe_link_service,
	.facts = ixgbe_facts,
	.update_stats = ixgbe_update_stats,
	.enable_events = ixgbe_enable_events,
	.acknowledge_events = ixgbe_acknowledge_events,
	.set_unicast = ixgbe_set_unicast,
	.set_multicast = ixgbe_set_multicast,
	.set_receive_mode = ixgbe_set_receive_mode,
	.queues = &ixgbe_queue_ops,
};

static const struct driver_register registers[] = {
#define X(name, offset, stride, count, section) {#name, offset, stride, count},
	IXGBE_REGISTERS(X)
#undef X
};

const struct driver ixgbe_driver = {
	.name = "ixgbe",
	.ids = ids,
	.id_count = sizeof(ids) / sizeof(*ids),
	.port_bytes = sizeof(struct ixgbe_port),
	.unicast_filters = IXGBE_RAL_COUNT - 1,
	.ops = &ops,
	.registers = registers,
	.register_count = sizeof(registers) / sizeof(*registers),
};
