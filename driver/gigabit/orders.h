/* SPDX-License-Identifier: BSD-2-Clause
 * How a frame's wishes are told to the gigabit chips. */
#pragma once

#include "../ring/offload.h"

/** Of the chips for conventional PCI; of the 82574L, with one transmit queue and with two; of the 82576. */
extern const struct ring_tx_card gigabit_orders_pci, gigabit_orders_82574l, gigabit_orders_82574l_two,
	gigabit_orders_82576;
