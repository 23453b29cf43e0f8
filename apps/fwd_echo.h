/* SPDX-License-Identifier: BSD-2-Clause
 * Answers to those who look whether somebody is there: ARP and neighbour solicitation, ICMP and ICMPv6 echo. */
#ifndef POLLUX_APPS_FWD_ECHO_H
#define POLLUX_APPS_FWD_ECHO_H

#include "../driver/nic.h"

#define FWD_ADDRESSES 16u

/** Who answers. */
struct fwd_host {
	uint8_t mac[6];
	struct fwd_address {
		uint8_t bytes[16];
		unsigned length; /* 4 or 16 */
	} addresses[FWD_ADDRESSES];
	unsigned address_count; /* 0: answers for every address, except to who asks whether one is free */
};

/** Adds the addresses of a list such as 192.0.2.1,2001:db8::1. False: it is none, or too long. */
bool fwd_add_addresses(struct fwd_host *host, const char *text);

/**
 * Makes a request the answer to it.
 * @param pkt  the frame, or its first piece, which is changed, and may become longer within its buffer
 * @param bytes  of the whole frame
 * @return false: it is no request to this host, or a damaged one; it is as it was
 */
bool fwd_answer(const struct fwd_host *host, struct pkt *pkt, unsigned bytes);

/** The sum of 16-bit words that IP and its protocols have, on top of another one; an odd byte is a word's upper half.
 */
uint32_t fwd_sum(const uint8_t *data, unsigned bytes, uint32_t sum);

/** Writes the checksum that belongs to a sum. */
void fwd_put_checksum(uint8_t *at, uint32_t sum);

#endif
