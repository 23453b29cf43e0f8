/* SPDX-License-Identifier: BSD-2-Clause
 * A card's PCI Express link as pollux-doctor sees it: what it is, and how many frames it carries. */
#ifndef POLLUX_APPS_DOCTOR_PCIE_H
#define POLLUX_APPS_DOCTOR_PCIE_H

#include <stdbool.h>
#include <stdint.h>

/** One end's speed, GT/s per lane, and lanes; 0: unknown. */
struct doctor_lanes {
	double gt_s;
	unsigned width;
};

struct doctor_pcie {
	bool express, conventional; /* whether it has a PCI Express capability; neither: it is no PCI device */
	struct doctor_lanes now, card_max, slot_max;
	char slot[20];  /* the port that the card is plugged in; "": none is shown, as on a hypervisor's root bus */
	bool registers; /* the rest is known; a user who is not root sees 64 bytes of configuration space */
	uint32_t link_capabilities;
	uint16_t link_control, link_status;
	unsigned payload, payload_max, read_request; /* bytes */
	bool timeout_known;                          /* the two that follow are */
	unsigned timeout_ranges, timeout;            /* DEVCAP2 3:0; DEVCTL2 4:0 */
};

void doctor_pcie_read(struct doctor_pcie *pcie, const char *address);

/** Names a completion timeout: the value of DEVCTL2 4:0. */
const char *doctor_pcie_timeout(unsigned value);

/** How many frames of so many bytes, FCS included, the link or bus carries per second, received and sent at once.
 * hw-docs/performance.md has the formula. 0: unknown. */
double doctor_pcie_pps(const struct doctor_pcie *pcie, unsigned frame_bytes);

#endif
