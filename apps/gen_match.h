/* SPDX-License-Identifier: BSD-2-Clause
 * Recognises the frames of streams among those that come back, and tells whether they are as they were made. */
#ifndef POLLUX_APPS_GEN_MATCH_H
#define POLLUX_APPS_GEN_MATCH_H

#include "gen_frame.h"

/** What the stamp of a received frame says. */
struct gen_stamp {
	unsigned stream;
	unsigned bytes;        /* of the whole frame: the caller compares */
	uint64_t number, time; /* a number that was not sent yet is somebody else's: the caller looks */
	int shift;             /* bytes of VLAN tags that were put on (or, negative, taken off) on the way */
};

/** Finds the stamp of a received frame, of which its first piece is here.
 * @param hint  where the last one was: each receiver's own, 0 at first
 * @return whose it is; NULL: none of ours */
const struct gen_maker *gen_makers_find(
	const struct gen_makers *makers, unsigned *hint, const uint8_t *data, unsigned bytes, struct gen_stamp *stamp);

/** Whether the first piece of a frame with such a stamp is as it was sent, but for the Ethernet addresses, and VLAN
 * tags put on or taken off. */
bool gen_maker_is_intact(
	const struct gen_maker *maker, const struct gen_stamp *stamp, const uint8_t *data, unsigned bytes);
/** The same of a further piece, which begins at `offset` of the frame. */
bool gen_maker_is_piece_intact(const struct gen_stamp *stamp, const uint8_t *data, unsigned bytes, unsigned offset);

/** The quick way for what comes most often: how many of n handles from the first one on are the maker's frames *number,
 * *number + senders, ..., whole in one buffer each, with no tag more or less, and as they were sent (of their sum, 0
 * and 2^16 - 1 are the same). The buffers have room for the makers' head_bytes. What is behind these may be such
 * frames, too: the functions above tell.
 * @param times  what their stamps say: of as many as there are handles */
unsigned gen_maker_match_run(
	const struct gen_maker *maker, const struct pkt *pkts, unsigned n, uint64_t *number, uint64_t *times);

#endif
