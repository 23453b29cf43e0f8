/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts of the gigabit chips: only for link changes, and only if the application has asked for a descriptor to
 * wait on. They come by MSI, or on conventional PCI by the interrupt line: one cause needs no more vectors. */
#include "../access.h"
#include "gigabit.h"

#include <errno.h>

void gigabit_interrupt_mask(struct nic *nic)
{
	reg_write(nic, GIGABIT_IMC, UINT32_MAX);
	reg_read(nic, GIGABIT_ICR); /* clears the causes, and flushes the write */
}

static int choose(struct nic *nic, unsigned queues, unsigned *kind, unsigned *vectors)
{
	/* What conventional PCI chips offer as MSI is not relied on: Linux uses their interrupt line only */
	bool msi = gigabit_chip(nic)->pcie && nic->device->irq_count[VFIO_PCI_MSI_IRQ_INDEX];
	*kind = msi ? VFIO_PCI_MSI_IRQ_INDEX : VFIO_PCI_INTX_IRQ_INDEX;
	*vectors = 1;
	if (!nic->device->irq_count[*kind])
		return fail_port(
			nic, ENOTSUP, "the device offers neither MSI nor an interrupt line: poll nic_service instead");
	if (queues)
		return fail_port(nic, ENOTSUP,
			"receive queues of this card raise no interrupts: start the port without "
			"rx_interrupt_us");
	return 0;
}

static void start(struct nic *nic)
{
	reg_write(nic, GIGABIT_IMS, GIGABIT_ICR_LSC);
}

static void acknowledge(struct nic *nic)
{
	/* Reading clears the causes, but on the 82574L not always (doubt 29); writing ones always does */
	uint32_t causes;
	if (reg_read_sure(nic, GIGABIT_ICR, &causes) == 0)
		reg_write(nic, GIGABIT_ICR, causes);
	/* The kernel masks an interrupt line when it has reported an interrupt; setting the line again unmasks it */
	if (nic->interrupts.kind == VFIO_PCI_INTX_IRQ_INDEX && !port_gone(nic))
		interrupts_redirect(nic);
}

const struct interrupt_ops gigabit_interrupt_ops = {.choose = choose, .start = start, .acknowledge = acknowledge};
