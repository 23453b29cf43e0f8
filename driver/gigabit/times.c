/* SPDX-License-Identifier: BSD-2-Clause
 * How long the control path of the gigabit chips waits, and for what. */
#include "gigabit.h"

/* Limits are generous where the datasheets have none. */
struct gigabit_times gigabit_times = {
	.quiesce = 10000,
	.master_disable = 80000,
	.pending = 100000,
	.reset_quiet = 1000,
	.reset = 1000000,
	.auto_read = 100000,
	.auto_read_82576 = 10000,
	.settle_82540 = 5000,
	.settle_82574 = 25000,
	.eerd = 500000,
	.microwire = 50,
	.mdic = 100000,
	.phy_reset = 500000, /* IEEE 802.3, 22.2.4.1.1 */
	.link_patience = 6000000,
	.link_look = 250000,
	.hang_look = 2000000,
	.mdio_owner = 50000,
	.smbi = 100000,
	.swesmbi = 100000,
	.sync_owner = 1000000,
	.queue = 100000,
	.queue_quiet = 100,
	.drain = 100000,
};
