/* SPDX-License-Identifier: BSD-2-Clause
 * Numbered UDP packets. */
#ifndef POLLUX_APPS_GEN_UDP_H
#define POLLUX_APPS_GEN_UDP_H

#include "app_frame.h"

#define GEN_UDP_MIN   NIC_FRAME_MIN_BYTES /* without FCS */
#define GEN_UDP_HEAD  64u                 /* bytes in which packets of a run differ */
#define GEN_FLOWS_MAX (UINT64_C(1) << 30)

/** A template of numbered packets, and what varies in them. */
struct gen_udp {
	uint8_t frame[APP_FRAME_MAX];
	unsigned bytes;
	uint32_t ip_sum, udp_sum; /* checksums, not folded, of all that does not vary */
	uint64_t flows;
	unsigned senders; /* sender i has the packets i, i + senders, i + 2 * senders, ... */
};

/** A random number for a run. */
uint32_t gen_run_number(void);

/** Makes a template: Ethernet, IPv4 from 198.18.0.0/16 to 198.19.0.1 (RFC 2544's addresses), UDP, a number, zeros.
 * @param run  a number of this run: packets of other runs are not taken for ours */
void gen_udp_init(struct gen_udp *udp, unsigned bytes, const uint8_t to[6], const uint8_t from[6], uint64_t flows,
	unsigned senders, uint32_t run);

/** Writes the head of packet `number` into a buffer that already holds the template behind its first GEN_UDP_HEAD
 * bytes. */
void gen_udp_write(const struct gen_udp *udp, uint8_t *data, uint64_t number);

/** Writes the template into all `count` buffers of a new pool. False: no memory. */
bool gen_udp_fill(const struct gen_udp *udp, struct pkt_pool *pool, unsigned count);

/** Reads the number of a received packet. False: it is none of ours. */
bool gen_udp_read(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, uint64_t *number);

/** Whether a packet of ours, or its first piece where it takes several buffers, is as it was sent under that number,
 * but for the Ethernet addresses. The caller compares the length of the whole. */
bool gen_udp_head_intact(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, uint64_t number);
/** The same of a further piece, which begins at `offset` of the frame. */
bool gen_udp_piece_intact(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, unsigned offset);

#endif
