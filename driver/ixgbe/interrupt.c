/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts of the 82599, X540 and X550 (82599 DS 7.3): link changes, and frames of receive queues that have an
 * interrupt.
 *
 * With MSI-X each queue has a vector of its own, whose interrupt masks itself (EIAM) and clears its cause (EIAC), so
 * that setting a bit of EIMS lets exactly one through. With MSI there is one vector, and each queue has a cause of its
 * own; a cause that stays raises no second interrupt (doubt 54). INTx is not used: it has to be unmasked after each
 * interrupt, and all of these cards have MSI-X or MSI. */
#include "../access.h"
#include "ixgbe.h"

#include <errno.h>

#define LINK_VECTOR 0u
#define MSI_QUEUES  16u /* causes of queues in EICR */

static bool has_msix(const struct vfio_device *device)
{
	return device->irq_count[VFIO_PCI_MSIX_IRQ_INDEX] != 0;
}

void ixgbe_interrupt_mask(struct nic *nic)
{
	reg_write(nic, IXGBE_EIMC, IXGBE_EIMC_ALL);
	for (unsigned i = 0; i < IXGBE_EIMC_EX_COUNT; i++)
		reg_write(nic, IXGBE_AT(EIMC_EX, i), UINT32_MAX);
	reg_read(nic, IXGBE_EICR); /* clears the causes, and flushes the writes */
}

static int choose(struct nic *nic, unsigned queues, unsigned *kind, unsigned *vectors)
{
	bool msix = has_msix(nic->device);
	*kind = msix ? VFIO_PCI_MSIX_IRQ_INDEX : VFIO_PCI_MSI_IRQ_INDEX;
	*vectors = msix ? queues + 1 : 1;
	unsigned have = nic->device->irq_count[*kind];
	if (!have)
		return fail_port(nic, ENOTSUP, "the device offers neither MSI-X nor MSI: poll nic_service instead");
	unsigned room = !msix ? MSI_QUEUES : (have < INTERRUPT_VECTORS ? have : INTERRUPT_VECTORS) - 1;
	if (queues > room)
		return fail_port(nic, EINVAL,
			"%u receive queues with interrupts: the device has them for %u; start fewer queues, or "
			"without rx_interrupt_us",
			queues, room);
	return 0;
}

/* A queue's cause: a bit of EICR[0] or EICR[1], and with MSI-X its vector. */
static unsigned cause_of(const struct nic *nic, unsigned queue)
{
	return has_msix(nic->device) ? queue + 1 : queue;
}

/* Causes of queues, and how often they come: with MSI by the only vector's EITR. All are masked. */
static void queues_start(struct nic *nic)
{
	unsigned queues = nic->interrupts.queues;
	uint32_t masked[2] = {0}, interval = (nic->config.rx_interrupt_us * 1000u + 2047) / 2048 << IXGBE_EITR_INTERVAL;
	for (unsigned i = 0; i < queues; i += 2) {
		uint32_t even = cause_of(nic, i) | IXGBE_IVAR_VALID, odd = cause_of(nic, i + 1) | IXGBE_IVAR_VALID;
		reg_write(nic, IXGBE_AT(IVAR, i / 2), even | (i + 1 < queues ? odd << 16 : 0));
	}
	for (unsigned i = 0; i < queues; i++) {
		unsigned vector = has_msix(nic->device) ? i + 1 : 0;
		masked[cause_of(nic, i) / 32] |= IXGBE_BIT(cause_of(nic, i) % 32);
		reg_write(nic,
			vector < IXGBE_EITR_COUNT ? IXGBE_AT(EITR, vector)
						  : IXGBE_AT(EITR_HIGH, vector - IXGBE_EITR_COUNT),
			interval);
	}
	if (!has_msix(nic->device))
		return;
	/* Causes of vectors from 16 on clear by themselves always */
	reg_write(nic, IXGBE_EIAC, masked[0] & 0xFFFF);
	for (unsigned i = 0; i < 2; i++)
		reg_write(nic, IXGBE_AT(EIAM_EX, i), masked[i]);
}

static void start(struct nic *nic)
{
	/* Pins of a cage: a module comes or goes (SDP2), or its light (SDP1) */
	bool cage = nic->id->kind == IXGBE_82599_SFP;
	/* With OCD reading EICR leaves the queues' causes alone */
	uint32_t mode = IXGBE_GPIE_OCD | (cage ? IXGBE_GPIE_SDP1 | IXGBE_GPIE_SDP2 : 0);
	if (has_msix(nic->device))
		mode |= IXGBE_GPIE_MSIX_MODE | IXGBE_GPIE_PBA_SUPPORT | (nic->interrupts.queues ? IXGBE_GPIE_EIAME : 0);
	/* GPIE first: outside MSI-X mode the card does not keep vectors and masks */
	reg_write(nic, IXGBE_GPIE, mode);
	reg_write(nic, IXGBE_IVAR_MISC, (LINK_VECTOR | IXGBE_IVAR_VALID) << IXGBE_IVAR_MISC_OTHER);
	if (nic->interrupts.queues)
		queues_start(nic);
	/* LSC alone is enough, without OTHER, bit 31 (doubt 8) */
	reg_write(nic, IXGBE_EIMS, IXGBE_EICR_LSC | (cage ? IXGBE_EICR_GPI_SDP1 | IXGBE_EICR_GPI_SDP2 : 0));
}

/* Reading clears them; writing ones does, too, as Linux has it on account of an erratum. */
static void acknowledge(struct nic *nic)
{
	uint32_t causes;
	if (reg_read_sure(nic, IXGBE_EICR, &causes) != 0)
		return;
	reg_write(nic, IXGBE_EICR, causes & IXGBE_EICR_OTHER);
	ixgbe_judge_causes(nic, causes);
}

/* The cause may still be set by frames that polling has found. It is cleared, so that they do not end the wait at once;
 * above 15 there is no register for that. The read has both writes done, and brings in what the card wrote before. */
static void arm(const struct nic *nic, unsigned queue)
{
	unsigned cause = cause_of(nic, queue);
	if (cause < 16)
		vfio_write32(&nic->bar, IXGBE_EICR, IXGBE_BIT(cause));
	vfio_write32(&nic->bar, IXGBE_AT(EIMS_EX, cause / 32), IXGBE_BIT(cause % 32));
	vfio_read32(&nic->bar, IXGBE_STATUS);
}

const struct interrupt_ops ixgbe_interrupt_ops = {
	.choose = choose,
	.start = start,
	.acknowledge = acknowledge,
	.arm = arm,
};
