/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts of the gigabit chips: only for link changes, and only if the application has asked for a descriptor to
 * wait on. They come by MSI, or on conventional PCI by the interrupt line: one cause needs no more vectors. */
#include "../../vfio/error.h"
#include "../access.h"
#include "../report.h"
#include "gigabit.h"

#include <errno.h>

void gigabit_interrupt_mask(struct nic *nic)
{
	reg_write(nic, GIGABIT_IMC, UINT32_MAX);
	reg_read(nic, GIGABIT_ICR); /* clears the causes, and flushes the write */
}

void gigabit_interrupt_start(struct nic *nic)
{
	if (nic->event_fd >= 0)
		reg_write(nic, GIGABIT_IMS, GIGABIT_ICR_LSC);
}

int gigabit_enable_events(struct nic *nic)
{
	struct vfio_device *device = nic->device;
	/* What conventional PCI chips offer as MSI is not relied on: Linux uses their interrupt line only */
	bool msi = gigabit_chip(nic)->pcie && device->irq_count[VFIO_PCI_MSI_IRQ_INDEX];
	nic->event_irq = msi ? VFIO_PCI_MSI_IRQ_INDEX : VFIO_PCI_INTX_IRQ_INDEX;
	if (!device->irq_count[nic->event_irq])
		return pollux_fail(ENOTSUP,
			"%s: the device offers neither MSI nor an interrupt line: poll nic_service instead",
			device->address);
	/* Asked once only: applications ask for the descriptor at each sleep, and the line stays shared */
	bool *shared = &((struct gigabit *)nic)->line_shared;
	int ret = *shared ? -EBUSY : vfio_set_irqs(device, nic->event_irq, 1, &nic->event_fd);
	if (ret == -EBUSY && !msi) {
		if (!*shared)
			port_note(nic, "no interrupts: the card shares its line, and cannot be told apart on it");
		*shared = true;
		return pollux_fail(EBUSY,
			"%s: the interrupt line is shared with another device, and the card cannot be told apart on "
			"it: "
			"poll nic_service instead, or move the card to another slot",
			device->address);
	}
	if (ret)
		return ret;
	if (nic->started)
		gigabit_interrupt_start(nic);
	return 0;
}

void gigabit_acknowledge_events(struct nic *nic)
{
	/* Reading clears the causes, but on the 82574L not always (doubt 29); writing ones always does */
	uint32_t causes;
	if (reg_read_sure(nic, GIGABIT_ICR, &causes) == 0)
		reg_write(nic, GIGABIT_ICR, causes);
	/* The kernel masks an interrupt line when it has reported an interrupt; setting the line again unmasks it */
	if (nic->event_irq == VFIO_PCI_INTX_IRQ_INDEX && !port_gone(nic))
		vfio_set_irqs(nic->device, VFIO_PCI_INTX_IRQ_INDEX, 1, &nic->event_fd);
}
