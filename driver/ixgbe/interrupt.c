/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts of the 82599, X540 and X550: none but link changes, and these only for who asks for a descriptor to wait on
 * (82599 DS 7.3). */
#include "../../vfio/error.h"
#include "ixgbe.h"

#include <errno.h>

#define LINK_VECTOR 0u

static bool has_msix(const struct vfio_device *device)
{
	return device->irq_count[VFIO_PCI_MSIX_IRQ_INDEX] > 0;
}

void ixgbe_interrupt_mask(struct ixgbe *ix)
{
	ixgbe_write(ix, IXGBE_EIMC, IXGBE_EIMC_ALL);
	ixgbe_write(ix, IXGBE_EIMC_EX, UINT32_MAX);
	ixgbe_write(ix, IXGBE_EIMC_EX + 4, UINT32_MAX);
	ixgbe_read(ix, IXGBE_EICR); /* clears it, and flushes the writes */
}

void ixgbe_interrupt_start(struct ixgbe *ix)
{
	if (ix->nic.event_fd < 0)
		return;
	if (has_msix(ix->nic.device)) {
		/* The mode first: vectors and masks do not stick without it */
		ixgbe_write(ix, IXGBE_GPIE, IXGBE_GPIE_MSIX_MODE | IXGBE_GPIE_PBA_SUPPORT);
		ixgbe_write(ix, IXGBE_IVAR_MISC, (LINK_VECTOR | IXGBE_IVAR_VALID) << IXGBE_IVAR_MISC_OTHER);
	}
	/* Without auto-clear, reading EICR acknowledges */
	ixgbe_write(ix, IXGBE_EIAC, 0);
	ixgbe_write(ix, IXGBE_EIMS, IXGBE_EICR_LSC);
}

int ixgbe_enable_events(struct nic *nic)
{
	struct ixgbe *ix = ixgbe_of(nic);
	struct vfio_device *device = nic->device;
	/* No INTx: it would have to be unmasked after each interrupt, and no card of these has only that */
	if (!has_msix(device) && !device->irq_count[VFIO_PCI_MSI_IRQ_INDEX])
		return pollux_fail(ENOTSUP, "%s: the device offers neither MSI-X nor MSI: poll nic_service instead", device->address);
	unsigned index = has_msix(device) ? VFIO_PCI_MSIX_IRQ_INDEX : VFIO_PCI_MSI_IRQ_INDEX;
	int ret = device->ops->set_irqs(device, index, LINK_VECTOR, 1, &nic->event_fd);
	if (ret)
		return ret;
	if (nic->started)
		ixgbe_interrupt_start(ix);
	return 0;
}

void ixgbe_acknowledge_events(struct nic *nic)
{
	ixgbe_read(ixgbe_of(nic), IXGBE_EICR);
}

void ixgbe_interrupt_close(struct nic *nic)
{
	struct vfio_device *device = nic->device;
	if (nic->event_fd < 0 || vfio_device_gone(device))
		return;
	unsigned index = has_msix(device) ? VFIO_PCI_MSIX_IRQ_INDEX : VFIO_PCI_MSI_IRQ_INDEX;
	device->ops->set_irqs(device, index, LINK_VECTOR, 1, NULL);
}
