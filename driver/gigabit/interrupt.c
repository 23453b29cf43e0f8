/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts of the gigabit chips: link changes, and frames of receive queues that have an interrupt. With several
 * vectors (MSI-X) they are as each chip has them (chips/). Else there is one vector, by MSI or, on conventional PCI, by
 * the interrupt line, for the link and all queues (doubt 56): it stays silent after an interrupt until its causes are
 * cleared. */
#include "../access.h"
#include "gigabit.h"

#include <errno.h>
#include <sys/eventfd.h>

void gigabit_interrupt_mask(struct nic *nic)
{
	reg_write(nic, GIGABIT_IMC, UINT32_MAX);
	reg_read(nic, GIGABIT_ICR); /* clears the causes, and flushes the write */
}

static int choose(struct nic *nic, unsigned queues, unsigned *kind, unsigned *vectors)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	const uint32_t *counts = nic->device->irq_count;
	/* What conventional PCI chips offer as MSI is not relied on: Linux uses their interrupt line only */
	*kind = chip->pcie && counts[VFIO_PCI_MSI_IRQ_INDEX] ? VFIO_PCI_MSI_IRQ_INDEX : VFIO_PCI_INTX_IRQ_INDEX;
	*vectors = 1;
	if (queues && chip->msix && counts[VFIO_PCI_MSIX_IRQ_INDEX] > queues) {
		*kind = VFIO_PCI_MSIX_IRQ_INDEX;
		*vectors = queues + 1;
	}
	if (!counts[*kind])
		return fail_port(
			nic, ENOTSUP, "the device offers neither MSI nor an interrupt line: poll nic_service instead");
	return 0;
}

static const struct interrupt_ops *msix(const struct nic *nic)
{
	return nic->interrupts.kind == VFIO_PCI_MSIX_IRQ_INDEX ? gigabit_chip(nic)->msix : NULL;
}

static void start(struct nic *nic)
{
	if (msix(nic)) {
		msix(nic)->start(nic);
		return;
	}
	if (nic->interrupts.queues && gigabit_chip(nic)->interval_register)
		reg_write(nic, gigabit_chip(nic)->interval_register, gigabit_interval(nic));
	reg_write(nic, GIGABIT_IMS, GIGABIT_ICR_LSC);
}

/* Who clears causes of the only vector wakes all that wait for it: their interrupt may not have been sent yet. */
static void wake_all(const struct nic *nic)
{
	eventfd_write(nic->interrupts.eventfds[0], 1);
}

static void acknowledge(struct nic *nic)
{
	if (msix(nic)) {
		msix(nic)->acknowledge(nic);
		return;
	}
	/* Reading clears the causes, but on the 82574L not always (doubt 29); writing ones always does */
	uint32_t causes;
	if (reg_read_sure(nic, GIGABIT_ICR, &causes) == 0) {
		reg_write(nic, GIGABIT_ICR, causes);
		/* Masked until a queue is armed again, so that its frames do not wake this thread as well */
		if (nic->interrupts.queues && (causes & GIGABIT_ICR_RX)) {
			reg_write(nic, GIGABIT_IMC, GIGABIT_ICR_RX);
			wake_all(nic);
		}
	}
	/* The kernel masks an interrupt line when it has reported an interrupt; setting the line again unmasks it */
	if (nic->interrupts.kind == VFIO_PCI_INTX_IRQ_INDEX && !port_gone(nic))
		interrupts_redirect(nic);
}

static void arm(const struct nic *nic, unsigned queue)
{
	if (msix(nic)) {
		msix(nic)->arm(nic, queue);
		return;
	}
	/* The read brings in what the card wrote before, and clears the cause of that; where it does not (doubt 29),
	 * the wait ends once without a frame */
	uint32_t causes = vfio_read32(&nic->bar, GIGABIT_ICR);
	vfio_write32(&nic->bar, GIGABIT_IMS, GIGABIT_ICR_RX);
	if (causes & (GIGABIT_ICR_LSC | (nic->interrupts.queues > 1 ? GIGABIT_ICR_RX : 0)))
		wake_all(nic);
	if (nic->interrupts.kind == VFIO_PCI_INTX_IRQ_INDEX)
		vfio_set_irqs(nic->device, VFIO_PCI_INTX_IRQ_INDEX, 1, nic->interrupts.eventfds);
}

const struct interrupt_ops gigabit_interrupt_ops = {
	.choose = choose,
	.start = start,
	.acknowledge = acknowledge,
	.arm = arm,
};
