/* SPDX-License-Identifier: BSD-2-Clause
 * The 82540EM and 82540EP, for conventional PCI. */
#include "pci.h"

const struct gigabit_chip gigabit_82540em = {
	GIGABIT_PCI_CHIP,
	.reset = gigabit_pci_reset_82540,
	.transmit_start = gigabit_pci_transmit_start,
	.absolute_delays = true,
	.eerd_done_bit = 4,
	.eerd_address_shift = 8,
};
