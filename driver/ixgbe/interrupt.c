/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts of the 82599, X540 and X550: only for link changes, and only if the application has asked for a descriptor
 * to wait on (82599 DS 7.3). */
#include "../../vfio/error.h"
#include "../access.h"
#include "ixgbe.h"

#include <errno.h>

#define LINK_VECTOR 0u /* the first one, and the only one that is directed to a descriptor */

/* INTx is not used: it has to be unmasked after each interrupt, and all of these cards have MSI-X or MSI. */
static unsigned irq_index(const struct vfio_device *device)
{
	return device->irq_count[VFIO_PCI_MSIX_IRQ_INDEX] ? VFIO_PCI_MSIX_IRQ_INDEX : VFIO_PCI_MSI_IRQ_INDEX;
}

void ixgbe_interrupt_mask(struct nic *nic)
{
	reg_write(nic, IXGBE_EIMC, IXGBE_EIMC_ALL);
	for (unsigned i = 0; i < IXGBE_EIMC_EX_COUNT; i++)
		reg_write(nic, IXGBE_AT(EIMC_EX, i), UINT32_MAX);
	reg_read(nic, IXGBE_EICR); /* clears the causes, and flushes the writes */
}

void ixgbe_interrupt_start(struct nic *nic)
{
	if (nic->event_fd < 0)
		return;
	/* Pins of a cage: a module comes or goes (SDP2), or its light (SDP1) */
	bool cage = nic->id->kind == IXGBE_82599_SFP;
	uint32_t pins = cage ? IXGBE_GPIE_SDP1 | IXGBE_GPIE_SDP2 : 0;
	if (irq_index(nic->device) == VFIO_PCI_MSIX_IRQ_INDEX) {
		/* GPIE first: outside MSI-X mode the card does not keep vectors and masks */
		reg_write(nic, IXGBE_GPIE, IXGBE_GPIE_MSIX_MODE | IXGBE_GPIE_PBA_SUPPORT | pins);
		reg_write(nic, IXGBE_IVAR_MISC, (LINK_VECTOR | IXGBE_IVAR_VALID) << IXGBE_IVAR_MISC_OTHER);
	} else {
		reg_change(nic, IXGBE_GPIE, 0, pins);
	}
	/* Without auto-clear, reading EICR acknowledges. LSC alone is enough, without OTHER, bit 31 (doubt 8) */
	reg_write(nic, IXGBE_EIAC, 0);
	reg_write(nic, IXGBE_EIMS, IXGBE_EICR_LSC | (cage ? IXGBE_EICR_GPI_SDP1 | IXGBE_EICR_GPI_SDP2 : 0));
}

int ixgbe_enable_events(struct nic *nic)
{
	struct vfio_device *device = nic->device;
	nic->event_irq = irq_index(device);
	if (!device->irq_count[nic->event_irq])
		return pollux_fail(ENOTSUP, "%s: the device offers neither MSI-X nor MSI: poll nic_service instead",
			device->address);
	int ret = vfio_set_irqs(device, nic->event_irq, 1, &nic->event_fd);
	if (ret)
		return ret;
	if (nic->started)
		ixgbe_interrupt_start(nic);
	return 0;
}

void ixgbe_acknowledge_events(struct nic *nic)
{
	reg_read(nic, IXGBE_EICR);
}
