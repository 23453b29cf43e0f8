/* SPDX-License-Identifier: BSD-2-Clause
 * How long the generator waits for a card that sends nothing, and what it says of it. */
#ifndef POLLUX_APPS_GEN_STALL_H
#define POLLUX_APPS_GEN_STALL_H

#include <stdbool.h>
#include <stdint.h>

struct gen_stall {
	bool quiet;                       /* nothing is told but the end */
	bool ended;                       /* the card sent nothing for so long that sending ended */
	bool waited;                      /* all was in the ring, and the link was down */
	uint64_t sent, full_cycles, left; /* as at the last look */
	uint64_t since_ns, told_ns;
	bool was_up;
};

/** Looks at a transmit ring that may stay full, and tells. `sent` packets were taken by the ring, which was full for
 * full_cycles. counted: an end was asked for. @return whether to give up: not while the link is down, as it may come up
 */
bool gen_stall_sending(
	struct gen_stall *stall, bool up, bool counted, uint64_t sent, uint64_t full_cycles, uint64_t now_ns);

/** The same once all is in the ring, of which the card has not sent `left`. @return whether to wait: while the link is
 * down, and then until the card has sent it */
bool gen_stall_waiting(struct gen_stall *stall, bool up, uint64_t left, uint64_t now_ns);

#endif
