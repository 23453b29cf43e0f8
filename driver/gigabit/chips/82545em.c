/* SPDX-License-Identifier: BSD-2-Clause
 * The 82545EM, for conventional PCI and PCI-X: an 82540EM with a wider bus, and errata on it (doubt 34). Untested on
 * hardware. */
#include "../../../vfio/error.h"
#include "../../ring/ring.h"
#include "pci.h"

#include <errno.h>

/* Nothing that the card writes may lie across a multiple of 64 KiB (erratum 23, by Linux; doubt 34). Buffers of a pool
 * never do, and the receive ring begins at such a multiple. */
static int transmit_start(struct nic *nic)
{
	const struct ring_txq *queue = nic->rings.txqs[0];
	uint64_t first = ring_address(queue->ring, queue->iova_offset);
	uint64_t last = first + (queue->mask + UINT64_C(1)) * sizeof(*queue->ring) - 1;
	if (first >> 16 != last >> 16)
		return pollux_fail(EINVAL,
			"%s: a transmit ring of %u descriptors lies across 64 KiB, which the 82545EM cannot have: "
			"give one of at most 1024",
			nic->info.address, queue->mask + 1);
	return gigabit_pci_transmit_start(nic);
}

const struct gigabit_chip gigabit_82545em = {
	GIGABIT_PCI_CHIP,
	.reset = gigabit_pci_reset_82540,
	.tune = gigabit_pci_tune_pcix,
	.transmit_start = transmit_start,
	.packet_buffer_step_kib = 8,
	/* On PCI-X the card hangs when the first descriptor of a frame has 2016 bytes or more (erratum 10) */
	.pcix_max_frame_bytes = 2015 + NIC_FCS_BYTES,
	.absolute_delays = true,
	.eerd_done_bit = 4,
	.eerd_address_shift = 8,
};
