/* SPDX-License-Identifier: BSD-2-Clause
 * What the card has found in a received frame: whether checksums are right, and the VLAN tag that it took out. It
 * is added where a burst has offloads (rx.h). */
#pragma once

#include "ring.h"

/** What a finished descriptor says of its frame: masks of the second quadword's bits. The tag is in its last 16. */
struct ring_rx_status {
	uint64_t ignore; /* one of these: nothing is said of checksums */
	uint64_t l4_checked, l4_bad, ip_checked, ip_bad;
	/* the frame had a tag; where tags are taken out: this one was. More does not follow (doubt 48) */
	uint64_t vlan;
	/* of the first quadword: a frame with one of these bits may have l4_bad set wrongly, which is not believed */
	uint64_t l4_doubtful;
};

/* What a queue reports: ring_rx_report.on. */
#define RING_RX_TAGS      1u
#define RING_RX_CHECKSUMS 2u

/** Sets that up for a new queue, by nic_config.offloads. */
void ring_rx_report_init(struct ring_rxq *queue, uint32_t offloads);

/** The flags that a frame's handle gets. */
RING_INLINE uint32_t ring_rx_flags(const struct ring_rx_status *status, unsigned on, uint64_t q0, uint64_t q1)
{
	bool l4_bad = q1 & status->l4_bad, l4_unknown = l4_bad && (q0 & status->l4_doubtful);
	uint32_t l4 = PKT_L4_CHECKED | (l4_bad ? PKT_L4_BAD : 0), ip = PKT_IP_CHECKED, flags = 0;

	ip |= q1 & status->ip_bad ? PKT_IP_BAD : 0;
	flags |= q1 & status->l4_checked && !l4_unknown ? l4 : 0;
	flags |= q1 & status->ip_checked ? ip : 0;
	flags = q1 & status->ignore || !(on & RING_RX_CHECKSUMS) ? 0 : flags;
	return flags | (q1 & status->vlan && on & RING_RX_TAGS ? PKT_VLAN : 0);
}

/** Adds what a frame's last descriptor says to its first handle (doubt 49). */
RING_INLINE void ring_rx_add_status(
	const struct ring_rx_status *status, unsigned on, uint64_t q0, uint64_t q1, struct pkt *pkt)
{
	pkt->flags |= (uint16_t)ring_rx_flags(status, on, q0, q1);
	if (on & RING_RX_TAGS)
		pkt->vlan = (uint16_t)(q1 >> 48);
}
