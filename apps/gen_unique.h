/* SPDX-License-Identifier: BSD-2-Clause
 * Gives the packets of a capture other IP addresses each time that it starts again, so that they are other flows. */
#ifndef POLLUX_APPS_GEN_UNIQUE_H
#define POLLUX_APPS_GEN_UNIQUE_H

#include <stdbool.h>
#include <stdint.h>

/** After so many loops the addresses start again: so they stay near those of the capture. */
#define GEN_UNIQUE_LOOPS (1u << 24)

/** Where a frame has the IP addresses that may change. */
struct gen_unique {
	uint16_t source;    /* the last four bytes of the source's, an offset; 0: the frame has none that may change */
	uint8_t apart;      /* the destination's lie so many bytes behind */
	bool source_higher; /* than the destination */
};

/** Finds them, behind VLAN tags too. None where a packet is for a group, or takes a route that it names itself. */
struct gen_unique gen_unique_find(const uint8_t *frame, unsigned bytes);

/** From the addresses of loop number `from` to those of loop number `to`; the capture has those of loop 0. What is
 * added to the lower address is taken from the higher one. So both directions of a conversation stay one conversation,
 * and all checksums stay what they are, right or wrong, of fragments too. */
void gen_unique_move(uint8_t *frame, struct gen_unique place, uint64_t from, uint64_t to);

#endif
