/* SPDX-License-Identifier: BSD-2-Clause
 * The 82545EM, for conventional PCI and PCI-X: an 82540EM with a wider bus, and errata on it (doubt 34). Untested on
 * hardware. */
#include "pci.h"

const struct gigabit_chip gigabit_82545em = {
	GIGABIT_PCI_CHIP,
	.reset = gigabit_pci_reset_82540,
	.tune = gigabit_pci_tune_pcix,
	.transmit_start = gigabit_pci_transmit_start,
	.packet_buffer_step_kib = 8,
	/* On PCI-X the card hangs when the first descriptor of a frame has 2016 bytes or more (erratum 10) */
	.pcix_max_frame_bytes = 2015 + NIC_FCS_BYTES,
	.absolute_delays = true,
	.eerd_done_bit = 4,
	.eerd_address_shift = 8,
};
