/* SPDX-License-Identifier: BSD-2-Clause
 * PCI configuration space: identity, BARs that can be sized, COMMAND, and the capabilities at their real offsets
 * (DS 9.3). */
#include "config.h"

#include "queue.h"

#include <string.h>

enum {
	PCI_COMMAND_AT = 0x04,
	PCI_MEMORY = 1 << 1,
	PCI_MASTER = 1 << 2,
	PCI_BAR0_AT = 0x10,
	PCI_BAR4_AT = 0x20,
	PM_AT = 0x40,
	MSI_AT = 0x50,
	MSIX_AT = 0x70,
	PCIE_AT = 0xA0,
	AER_AT = 0x100,
	SERIAL_AT = 0x140,
	PCIE_CONTROL_FLR = 1 << 15,
	PCIE_PAYLOAD = 7 << 5, /* Max_Payload_Size, in Device Control */
	PM_STATE = 3,
	PM_D3 = 3,
};

static void put(uint8_t *space, unsigned at, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		space[at + i] = (uint8_t)(value >> (8 * i));
}

static void field(struct model *m, unsigned at, unsigned bytes, uint32_t value, uint32_t writable)
{
	put(m->pci, at, value, bytes);
	put(m->pci_mask, at, writable, bytes);
}

/** What tells the cards apart in configuration space. */
static const struct identity {
	const char *name, *description;
	uint16_t device, subsystem;
	uint32_t link; /* speed and width, as in Link Capabilities */
} identities[MODEL_CARDS] = {
	[MODEL_82599] = {"82599", "8086:10fb, SFP+", 0x10FB, 0x0003, 0x082}, /* 5 GT/s, 8 lanes */
	[MODEL_X540] = {"x540", "8086:1528, 10GBASE-T: a PHY behind MDIO, flash, semaphores of its own", 0x1528, 0x0001,
		0x082},
	[MODEL_X550] = {"x550", "8086:1563, the same with 2.5 and 5 Gbit/s, RETA of 512, NVM behind its firmware",
		0x1563, 0x0001, 0x043}, /* 8 GT/s, 4 */
};

const char *model_card_name(unsigned card)
{
	return card < MODEL_CARDS ? identities[card].name : NULL;
}

const char *model_card_description(unsigned card)
{
	return card < MODEL_CARDS ? identities[card].description : NULL;
}

void model_config_reset(struct model *m, enum reset_kind kind)
{
	uint8_t payload = m->pci[PCIE_AT + 8] & PCIE_PAYLOAD, link = m->pci[PCIE_AT + 16];

	const struct identity *identity = &identities[m->config.card];

	memset(m->pci, 0, sizeof(m->pci));
	memset(m->pci_mask, 0, sizeof(m->pci_mask));
	m->bus_master = false;

	field(m, 0x00, 4, (uint32_t)identity->device << 16 | 0x8086, 0);
	field(m, PCI_COMMAND_AT, 2, 0, 0x0546); /* memory, bus master, parity, SERR, INTx disable */
	field(m, 0x06, 2, 0x0010, 0);           /* has capabilities */
	field(m, 0x08, 4, 0x02000001, 0);       /* revision 1, Ethernet controller */
	field(m, 0x0C, 1, 0x10, 0xFF);          /* cache line */
	field(m, 0x0E, 1, 0x00, 0);             /* one function a device here */
	field(m, PCI_BAR0_AT, 4, 0x4, 0xFFFFFFFF & ~(MODEL_BAR0_BYTES - 1));
	field(m, PCI_BAR0_AT + 4, 4, 0, 0xFFFFFFFF);
	field(m, PCI_BAR4_AT, 4, 0x4, 0xFFFFFFFF & ~(MODEL_BAR4_BYTES - 1));
	field(m, PCI_BAR4_AT + 4, 4, 0, 0xFFFFFFFF);
	field(m, 0x2C, 4, (uint32_t)identity->subsystem << 16 | 0x8086, 0);
	field(m, 0x34, 1, PM_AT, 0);
	field(m, 0x3C, 1, 0, 0xFF);
	field(m, 0x3D, 1, 1 + (m->config.port & 1), 0); /* INTA or INTB */

	field(m, PM_AT, 2, MSI_AT << 8 | 0x01, 0);
	field(m, PM_AT + 2, 2, 0x4823, 0);
	field(m, PM_AT + 4, 2, 0x2008, 0x0103);

	field(m, MSI_AT, 2, MSIX_AT << 8 | 0x05, 0);
	field(m, MSI_AT + 2, 2, 0x0180, 0x0071); /* 64-bit, maskable */
	field(m, MSI_AT + 4, 4, 0, 0xFFFFFFFC);
	field(m, MSI_AT + 8, 4, 0, 0xFFFFFFFF);
	field(m, MSI_AT + 12, 2, 0, 0xFFFF);
	field(m, MSI_AT + 16, 4, 0, 0x1);

	field(m, MSIX_AT, 2, PCIE_AT << 8 | 0x11, 0);
	field(m, MSIX_AT + 2, 2, MODEL_VECTORS - 1, 0xC000);
	field(m, MSIX_AT + 4, 4, 0x0000 | 4, 0); /* table: BAR4 + 0 */
	field(m, MSIX_AT + 8, 4, 0x2000 | 4, 0); /* pending bits: BAR4 + 0x2000 */

	field(m, PCIE_AT, 2, 0x10, 0);
	field(m, PCIE_AT + 2, 2, 0x0002, 0);      /* endpoint, version 2 */
	field(m, PCIE_AT + 4, 4, 0x10008CC2, 0);  /* can reset its function */
	field(m, PCIE_AT + 8, 2, 0x2810, 0xFFFF); /* control */
	field(m, PCIE_AT + 12, 4, 0x00010800 | identity->link | (m->config.port & 1) << 24, 0);
	field(m, PCIE_AT + 16, 2, 0, 0x01C3);
	field(m, PCIE_AT + 18, 2, 0x1000 | identity->link, 0); /* runs at that */
	field(m, PCIE_AT + 36, 4, 0x0000001F, 0);
	field(m, PCIE_AT + 40, 2, 0, 0x001F);

	field(m, AER_AT, 4, SERIAL_AT << 20 | 0x00010001, 0);
	field(m, AER_AT + 8, 4, 0, 0x003FF030);
	field(m, AER_AT + 12, 4, 0x00062030, 0x003FF030);
	field(m, AER_AT + 20, 4, 0x00002000, 0x000031C1);
	field(m, SERIAL_AT, 4, 0x00010003, 0);
	field(m, SERIAL_AT + 4, 4, 0xFF9E0000 | (m->config.port & 1), 0);
	field(m, SERIAL_AT + 8, 4, 0x028259FF, 0);
	m->asleep = false;
	if (kind == RESET_FUNCTION && has_quirk(m, MODEL_QUIRK_MEMORY)) {
		/* Note 9 of the X550's table 4-6: also ASPM and what else software sets of the link. */
		m->pci[PCIE_AT + 8] = (uint8_t)((m->pci[PCIE_AT + 8] & ~PCIE_PAYLOAD) | payload);
		m->pci[PCIE_AT + 16] = link;
	}
}

void model_config_read(struct model *m, uint64_t offset, void *data, size_t bytes)
{
	memcpy(data, m->pci + offset, bytes);
}

unsigned model_config_write(struct model *m, uint64_t offset, const void *data, size_t bytes)
{
	const uint8_t *from = data;
	bool was = m->bus_master, slept = m->asleep;

	for (size_t i = 0; i < bytes; i++) {
		uint8_t mask = m->pci_mask[offset + i];

		m->pci[offset + i] = (uint8_t)((m->pci[offset + i] & ~mask) | (from[i] & mask));
	}
	if (m->breakages & MODEL_BUS_MASTER_STUCK)
		m->pci[PCI_COMMAND_AT] &= (uint8_t)~PCI_MASTER;
	/* Function level reset: the bit reads as 0 (PCIe 6.6.2). */
	if (m->pci[PCIE_AT + 9] & (PCIE_CONTROL_FLR >> 8))
		return RESET_FUNCTION;
	m->asleep = (m->pci[PM_AT + 4] & PM_STATE) == PM_D3;
	m->bus_master = m->pci[PCI_COMMAND_AT] & PCI_MASTER;
	if (was != m->bus_master)
		model_queues_review(m);
	/* It is in reset while it sleeps, and comes up anew (X550 datasheet 4.2.1.4). */
	return m->asleep && !slept ? RESET_D3 : 0;
}
