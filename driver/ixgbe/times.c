/* SPDX-License-Identifier: BSD-2-Clause
 * How long the control path of the 82599, X540 and X550 waits, and for what. */
#include "port.h"

/* Limits are the datasheet's where it has one; 1 s is generous for the others. After a reset the datasheet asks for
 * 10 ms, but some boards need more (doubt 17). */
struct ixgbe_times ixgbe_times = {
	.quiesce = 2000,
	.master_disable = 80000,
	.pending = 100000,
	.flush = 20,
	.reset_quiet = 1000,
	.reset = 1000000,
	.settle_82599 = 50000,
	.settle_x540 = 100000,
	.security = 40000,
	.queue = 100000,
	.queue_off = 100,
	.drain = 100000,
	.smbi = 10000,
	.regsmp = 100000,
	.resource = 1000000,
};

/* Linux's, where no datasheet has one: SFF-8431 gives a module 300 ms to start, MDIO takes some 50 us, a pipeline reset
 * is given up after 40 ms, and a switch may take 10 s to negotiate. A PHY loads its firmware before it answers, for
 * which 5 s are generous. */
struct ixgbe_link_times ixgbe_link_times = {
	.retry = 2000000,
	.look = 2000000,
	.negotiate = 6000000,
	.renegotiate = 12000000,
	.module_start = 300000,
	.pipeline = 40000,
	.i2c = 5,
	.i2c_stretch = 20000,
	.phy_start = 5000000,
	.mdio = 10000,
	.nvm = 40000,
};
