/* SPDX-License-Identifier: BSD-2-Clause
 * Numbered frames, by which programs in a guest see what became of each that was sent: a mark says which series it
 * belongs to, a number its place there, and every further byte follows from both. */
#ifndef POLLUX_TESTS_GUEST_NUMBERED_H
#define POLLUX_TESTS_GUEST_NUMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBERED_TYPE      0x88B5u /* EtherType for local experiments */
#define NUMBERED_BYTES_MIN 60u     /* without FCS */
#define NUMBERED_BYTES_MAX 15868u
#define NUMBERED_MARKS     16u
#define NUMBERED_END       0u /* the mark of what ends a reception */

/** What was received of one series. */
struct numbered_series {
	uint64_t frames, bytes;
	uint64_t wrong;     /* not the bytes that were sent */
	uint64_t misplaced; /* not the number after the one before */
	uint64_t next;
	int vlan; /* of the last one; -1: not tagged */
};

/** Builds a frame of len bytes without FCS, NUMBERED_BYTES_MIN to NUMBERED_BYTES_MAX. vlan -1: none. */
void numbered_build(uint8_t *frame, uint32_t len, const uint8_t to[6], const uint8_t from[6], int vlan, uint32_t mark,
	uint64_t number);

/**
 * Looks at a received frame. vlan: the tag that the card took off, or -1.
 * @return its mark, or -1: not a numbered frame.
 */
int numbered_take(struct numbered_series series[NUMBERED_MARKS], const uint8_t *frame, uint32_t len, int vlan);

/** Prints a line for each series of which frames came: "mark 3: 100 frames, 6000 bytes, 0 wrong, 0 misplaced, vlan 5".
 */
void numbered_print(const struct numbered_series series[NUMBERED_MARKS]);

/** A decimal number up to most; ends the program, saying so, when text is something else. */
uint64_t numbered_number(const char *text, uint64_t most);

/** Keeps the calling thread on one processor: each has a transmit queue of its own, and between two of them frames
 * overtake each other. */
bool numbered_stay(void);

uint64_t numbered_now_ns(void);

#endif
