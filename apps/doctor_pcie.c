/* SPDX-License-Identifier: BSD-2-Clause
 * A card's PCI Express link as pollux-doctor sees it. The kernel's files tell everybody the link's speed; the registers
 * are read from the copy of configuration space, of which only root sees more than 64 bytes. */
#include "doctor_pcie.h"

#include "../vfio/host/files.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- What it is ---- */

static bool read_lanes(struct doctor_lanes *lanes, const char *address, const char *which)
{
	char path[PATH_MAX], text[32];
	bool there;

	vfio_path(path, "/sys/bus/pci/devices/%s/%s_link_speed", address, which);
	there = vfio_read_line(path, text, sizeof(text));
	lanes->gt_s = strtod(text, NULL); /* "5.0 GT/s PCIe", or "Unknown" */
	vfio_path(path, "/sys/bus/pci/devices/%s/%s_link_width", address, which);
	vfio_read_line(path, text, sizeof(text));
	lanes->width = (unsigned)strtoul(text, NULL, 10);
	if (lanes->width > 32) /* 255: unknown */
		lanes->width = 0;
	return there;
}

/* The device's folder lies in that of the port above it. */
static void find_slot(struct doctor_pcie *pcie, const char *address)
{
	char path[PATH_MAX], target[PATH_MAX], *slash;
	const char *name;

	vfio_path(path, "/sys/bus/pci/devices/%s", address);
	if (!vfio_read_link(path, target) || (slash = strrchr(target, '/')) == NULL)
		return;
	*slash = '\0';
	name = (slash = strrchr(target, '/')) != NULL ? slash + 1 : target;
	if (strlen(name) < sizeof(pcie->slot) && strchr(name, '.'))
		strcpy(pcie->slot, name);
}

static uint32_t get(const uint8_t *config, unsigned at, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)config[at + i] << (8 * i);
	return value;
}

static void read_registers(struct doctor_pcie *pcie, const char *address)
{
	uint8_t config[256];
	char path[PATH_MAX];
	ssize_t bytes;
	unsigned at;

	vfio_path(path, "/sys/bus/pci/devices/%s/config", address);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bytes = fd < 0 ? -1 : read(fd, config, sizeof(config));
	if (fd >= 0)
		close(fd);
	if (bytes != sizeof(config) || !(get(config, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return;
	at = config[PCI_CAPABILITY_LIST] & 0xFC;
	for (unsigned i = 0; i < 48 && at >= 0x40 && config[at] != PCI_CAP_ID_EXP; i++)
		at = config[at + 1] & 0xFC;
	if (at < 0x40 || config[at] != PCI_CAP_ID_EXP || at + PCI_EXP_LNKSTA + 2 > sizeof(config))
		return;
	const uint32_t capabilities = get(config, at + PCI_EXP_DEVCAP, 4),
		       control = get(config, at + PCI_EXP_DEVCTL, 2);
	pcie->registers = true;
	pcie->link_capabilities = get(config, at + PCI_EXP_LNKCAP, 4);
	pcie->link_control = (uint16_t)get(config, at + PCI_EXP_LNKCTL, 2);
	pcie->link_status = (uint16_t)get(config, at + PCI_EXP_LNKSTA, 2);
	pcie->payload_max = 128u << (capabilities & PCI_EXP_DEVCAP_PAYLOAD);
	pcie->payload = 128u << ((control & PCI_EXP_DEVCTL_PAYLOAD) >> 5);
	pcie->read_request = 128u << ((control & PCI_EXP_DEVCTL_READRQ) >> 12);
	/* Before version 2 of the capability there was nothing to choose. */
	if ((get(config, at + PCI_EXP_FLAGS, 2) & PCI_EXP_FLAGS_VERS) < 2 || at + PCI_EXP_DEVCTL2 + 2 > sizeof(config))
		return;
	pcie->timeout_known = true;
	pcie->timeout_ranges = get(config, at + PCI_EXP_DEVCAP2, 4) & 0xF;
	pcie->timeout = get(config, at + PCI_EXP_DEVCTL2, 2) & 0x1F;
}

void doctor_pcie_read(struct doctor_pcie *pcie, const char *address)
{
	*pcie = (struct doctor_pcie){.express = false};
	pcie->express = read_lanes(&pcie->card_max, address, "max");
	pcie->conventional = !pcie->express;
	if (!pcie->express)
		return;
	read_lanes(&pcie->now, address, "current");
	find_slot(pcie, address);
	if (pcie->slot[0])
		read_lanes(&pcie->slot_max, pcie->slot, "max");
	read_registers(pcie, address);
}

const char *doctor_pcie_timeout(unsigned value)
{
	static const char *const names[16] = {[0] = "50 us to 50 ms",
		[1] = "50 to 100 us",
		[2] = "1 to 10 ms",
		[5] = "16 to 55 ms",
		[6] = "65 to 210 ms",
		[9] = "260 to 900 ms",
		[10] = "1 to 3.5 s",
		[13] = "4 to 13 s",
		[14] = "17 to 64 s"};

	return value & 0x10 ? "off" : names[value] ? names[value] : "reserved";
}

/* ---- What it carries ---- */

/* Bytes that a packet of the link has beside its data: framing, number and check take 8, the header 16 with an address
 * of 64 bits, 12 in an answer. */
#define REQUEST_BYTES    24.0
#define COMPLETION_BYTES 20.0
#define COMPLETION_DATA  64u /* of an answer: the least that processors give at a time */
#define DESCRIPTOR       16.0
#define DESCRIPTORS_READ 8.0 /* at once */
#define DESCRIPTORS_BACK 4.0 /* written back at once: a cache line */
#define REPORTS          32.0
#define LINK_SHARE       0.95 /* the rest are acknowledgements and credits */

/* Of a conventional bus, 32 bits wide at 33 MHz, which carries both directions. A transfer takes some eight clocks
 * beside its data, and there are six per frame received and sent: two of data, two descriptors read, two written back.
 */
#define BUS_BYTES_S    133e6
#define TRANSFER_BYTES 32.0
#define TRANSFERS      6.0

static double pieces(unsigned bytes, unsigned of)
{
	return (bytes + of - 1) / of;
}

double doctor_pcie_pps(const struct doctor_pcie *pcie, unsigned frame_bytes)
{
	const unsigned data = frame_bytes - 4; /* the card takes the FCS off, and puts it on */

	if (pcie->conventional)
		return BUS_BYTES_S / (2.0 * data + 4 * DESCRIPTOR + TRANSFERS * TRANSFER_BYTES);
	const double coding = pcie->now.gt_s <= 5 ? 8.0 / 10 : 128.0 / 130;
	const double bytes_s = pcie->now.gt_s * 1e9 / 8 * coding * pcie->now.width * LINK_SHARE;
	const unsigned payload = pcie->registers ? pcie->payload : 128;
	const unsigned request = pcie->registers ? pcie->read_request : 512;
	const double ask = REQUEST_BYTES / DESCRIPTORS_READ;
	const double descriptor = DESCRIPTOR + COMPLETION_BYTES * DESCRIPTOR / COMPLETION_DATA;
	/* To memory: the frame, its descriptor written back, and a descriptor asked for; of one that is sent,
	 * descriptor and frame asked for, and now and then a report. */
	const double up = data + REQUEST_BYTES * pieces(data, payload) + DESCRIPTOR + REQUEST_BYTES / DESCRIPTORS_BACK +
			  ask + ask + REQUEST_BYTES * pieces(data, request) + (DESCRIPTOR + REQUEST_BYTES) / REPORTS;
	/* From memory: both descriptors, and the frame that is sent. */
	const double down = 2 * descriptor + data + COMPLETION_BYTES * pieces(data, COMPLETION_DATA);

	return bytes_s / (up > down ? up : down);
}
