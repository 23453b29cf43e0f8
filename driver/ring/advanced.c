/* SPDX-License-Identifier: BSD-2-Clause
 * How the 82576, 82599, X540 and X550 are told the wishes of a packet to be sent: by an advanced context descriptor
 * (82599 DS 7.2.3.2.3), and by bits of its data descriptors (7.2.3.2.4). */
#include "offload.h"

/* context */
#define CTX_MACLEN_SHIFT 9 /* first quadword */
#define CTX_VLAN_SHIFT   16
#define CTX_IPV4         (UINT64_C(1) << 10) /* second quadword: TUCMD */
#define CTX_L4T_TCP      (UINT64_C(1) << 11) /* 12:11; 0: UDP */
#define CTX_DTYP         (UINT64_C(2) << 20 | UINT64_C(1) << 29)
#define CTX_L4LEN_SHIFT  40
#define CTX_MSS_SHIFT    48
#define CTX_MACLEN_MAX   127u
#define CTX_IPLEN_MAX    511u

/* data */
#define DATA_COMMAND      (UINT64_C(3) << 20 | UINT64_C(1) << 25 | UINT64_C(1) << 29) /* DTYP, IFCS, DEXT */
#define DATA_TSE          (UINT64_C(1) << 31)
#define DATA_PAYLEN_SHIFT 46
#define DATA_PAYLEN_MAX   ((1u << 18) - 1)

bool ring_tx_advanced(const struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	bool segment = layout->wishes & PKT_TX_SEGMENT;
	uint64_t payload = segment ? ring_tx_payload(layout) : layout->total;

	if (layout->l2_bytes > CTX_MACLEN_MAX || layout->ip_bytes > CTX_IPLEN_MAX || payload > DATA_PAYLEN_MAX ||
		(segment && ring_tx_headers(layout) > RING_TX_SEGMENT_HEADERS_MAX))
		return false;
	orders->context.q0 = layout->ip_bytes | (uint64_t)layout->l2_bytes << CTX_MACLEN_SHIFT;
	orders->context.q1 = CTX_DTYP;
	if (layout->ip_bytes && !layout->ipv6)
		orders->context.q1 |= CTX_IPV4;
	if (layout->tcp)
		orders->context.q1 |= CTX_L4T_TCP;
	/* "Check context", bit 39, stays 0: a wish by itself has the card look at the context (doubt 44) */
	orders->data = DATA_COMMAND | payload << DATA_PAYLEN_SHIFT | ring_tx_data_wishes(layout->wishes);
	if (layout->wishes & PKT_VLAN)
		orders->context.q0 |= (uint64_t)layout->vlan << CTX_VLAN_SHIFT;
	if (segment) {
		/* only here: frames that differ in nothing else share a context */
		orders->context.q1 |= (uint64_t)layout->l4_bytes << CTX_L4LEN_SHIFT | (uint64_t)layout->mss
											      << CTX_MSS_SHIFT;
		orders->data |= DATA_TSE;
	}
	orders->last_bytes = 0;
	return true;
}
