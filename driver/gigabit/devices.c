/* SPDX-License-Identifier: BSD-2-Clause
 * Which devices the gigabit drivers e1000 and igb drive, and a port's opening. The two are one driver with two names,
 * by which users know their cards. */
#include "../access.h"
#include "chips/82576_registers.h"
#include "gigabit.h"

#include <errno.h>

/* The kinds of ids. */
enum { KIND_82540EM, KIND_82544GC, KIND_82545EM, KIND_82574L, KIND_82583V, KIND_82576 };

const struct gigabit_chip *const gigabit_chips[] = {[KIND_82540EM] = &gigabit_82540em,
	[KIND_82544GC] = &gigabit_82544gc,
	[KIND_82545EM] = &gigabit_82545em,
	[KIND_82574L] = &gigabit_82574l,
	[KIND_82583V] = &gigabit_82583v,
	[KIND_82576] = &gigabit_82576};

/* ---- e1000 ---- */

static const struct driver_id e1000_ids[] = {
	{0x100E, KIND_82540EM, "Intel 82540EM"},
	{0x1015, KIND_82540EM, "Intel 82540EM (on board)"},
	{0x1016, KIND_82540EM, "Intel 82540EP (on board)"},
	{0x1017, KIND_82540EM, "Intel 82540EP"},
	{0x101E, KIND_82540EM, "Intel 82540EP (mobile)"},
	{0x1008, KIND_82544GC, "Intel 82544EI"},
	{0x100C, KIND_82544GC, "Intel 82544GC"},
	{0x100D, KIND_82544GC, "Intel 82544GC (on board)"},
	{0x100F, KIND_82545EM, "Intel 82545EM"},
	{0x10D3, KIND_82574L, "Intel 82574L"},
	{0x10F6, KIND_82574L, "Intel 82574LA"},
	{0x150C, KIND_82583V, "Intel 82583V"},
};

static const struct driver_register e1000_registers[] = {
#define X(name, offset, stride, count, ...) {#name, offset, stride, count},
	GIGABIT_REGISTERS(X)
#undef X
};

/* ---- igb ---- */

static const struct driver_id igb_ids[] = {
	{0x10C9, KIND_82576, "Intel 82576"},
	{0x10E8, KIND_82576, "Intel 82576 (quad port)"},
	{0x1526, KIND_82576, "Intel 82576 (quad port ET2)"},
	{0x150A, KIND_82576, "Intel 82576NS"},
};

/* Its own first: where both lists have a register, the 82576 has it as its own says. */
static const struct driver_register igb_registers[] = {
#define X(name, offset, stride, count, ...) {#name, offset, stride, count},
	IGB_REGISTERS(X) GIGABIT_REGISTERS(X)
#undef X
};

/* ---- ports of both ---- */

/* What the card can on the bus that it is on: the longest frame, with FCS. -ENOTSUP: nothing. */
static int look_at_bus(struct nic *nic, uint32_t *max_frame_bytes)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	uint32_t status;
	*max_frame_bytes = chip->max_frame_bytes;
	if (chip->pcie)
		return 0;
	int ret = reg_read_sure(nic, GIGABIT_STATUS, &status);
	((struct gigabit *)nic)->pcix = !ret && status & GIGABIT_STATUS_PCIX_MODE;
	if (!((struct gigabit *)nic)->pcix)
		return ret;
	if (chip->pcix_refused)
		return fail_port(nic, ENOTSUP, "the %s %s", nic->info.name, chip->pcix_refused);
	if (chip->pcix_max_frame_bytes)
		*max_frame_bytes = chip->pcix_max_frame_bytes;
	return 0;
}

static int gigabit_open(struct nic *nic)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	/* Bus mastering goes off first: the card must not fetch a ring that a former owner left. The transport has
	 * woken the device (power state D0) */
	int ret = bus_master_off(nic);
	if (!ret)
		ret = reg_open_window(nic, chip->bar_bytes);
	if (!ret)
		ret = gigabit_reset(nic);
	if (!ret && chip->check_medium)
		ret = chip->check_medium(nic);
	if (!ret)
		ret = chip->read_mac(nic, nic->info.mac);
	uint32_t max_frame_bytes;
	if (!ret)
		ret = look_at_bus(nic, &max_frame_bytes);
	if (ret)
		return ret;
	nic->info.max_rx_queues = chip->max_queues;
	nic->info.max_tx_queues = chip->max_queues;
	nic->info.max_mtu = (uint16_t)(max_frame_bytes - FRAME_OVERHEAD_BYTES - NIC_FCS_BYTES);
	nic->info.max_link_mbps = 1000;
	nic->info.can = chip->can;
	nic->info.pause = NIC_PAUSE_RX | NIC_PAUSE_TX;
	nic->info.rss_headers = chip->rss_headers;
	nic->info.rss_queues = chip->rss_headers ? chip->max_queues : 0;
	nic->info.rss_entries = chip->rss_headers ? 4 * GIGABIT_RETA_COUNT : 0;
	nic->info.speeds = NIC_SPEED_10M | NIC_SPEED_100M | NIC_SPEED_1G;
	return 0;
}

#define OPS                                                                                                            \
	.open = gigabit_open, .reset = gigabit_reset, .start = gigabit_start, .stop = gigabit_stop,                    \
	.get_link = gigabit_get_link, .service = gigabit_service, .diagnose = gigabit_diagnose,                        \
	.facts = gigabit_facts, .interrupts = &gigabit_interrupt_ops, .set_unicast = gigabit_set_unicast,              \
	.set_multicast = gigabit_set_multicast, .set_receive_mode = gigabit_set_receive_mode

static const struct queue_ops e1000_queues = {.set_rss = gigabit_set_rss, .set_vlans = gigabit_set_vlans};

static const struct driver_ops e1000_ops = {OPS, .queues = &e1000_queues};
static const struct driver_ops igb_ops = {OPS, .queues = &gigabit_82576_queues};

static const struct card_counter e1000_counters[] = {E1000_COUNTERS(CARD_COUNTER) GIGABIT_COUNTERS(CARD_COUNTER)};
static const struct card_counter igb_counters[] = {GIGABIT_COUNTERS(CARD_COUNTER) IGB_COUNTERS(CARD_COUNTER)};
_Static_assert(IGB_COUNTERS(CARD_COUNTER_VALUES) + GIGABIT_COUNTERS(CARD_COUNTER_VALUES) <= CARD_COUNTER_VALUES_MAX,
	"their values have room");

const struct driver e1000_driver = {
	.name = "e1000",
	.ids = e1000_ids,
	.id_count = sizeof(e1000_ids) / sizeof(*e1000_ids),
	.port_bytes = sizeof(struct gigabit),
	.unicast_filters = 15,
	.ops = &e1000_ops,
	.registers = e1000_registers,
	.register_count = sizeof(e1000_registers) / sizeof(*e1000_registers),
	.counters = {e1000_counters, sizeof(e1000_counters) / sizeof(*e1000_counters), true},
};

const struct driver igb_driver = {
	.name = "igb",
	.ids = igb_ids,
	.id_count = sizeof(igb_ids) / sizeof(*igb_ids),
	.port_bytes = sizeof(struct gigabit),
	.unicast_filters = 23,
	.ops = &igb_ops,
	.registers = igb_registers,
	.register_count = sizeof(igb_registers) / sizeof(*igb_registers),
	.counters = {igb_counters, sizeof(igb_counters) / sizeof(*igb_counters), true},
};
