/* SPDX-License-Identifier: BSD-2-Clause
 * How long the generator waits for a card that sends nothing, and what it says of it. */
#include "gen_stall.h"

#include "app_output.h"

/* With a full transmit ring of which the card sends nothing: after so long it is told again; and not waited for any
 * longer. */
#define STALL_TOLD_NS UINT64_C(2000000000)
#define STALL_END_NS  UINT64_C(5000000000)

bool gen_stall_sending(struct gen_stall *s, bool up, bool counted, uint64_t sent, uint64_t full_cycles, uint64_t now)
{
	if (s->sent != sent || s->full_cycles == full_cycles || up != s->was_up)
		s->since_ns = s->told_ns = now;
	s->sent = sent;
	s->full_cycles = full_cycles;
	s->was_up = up;
	s->ended = up && counted && now - s->since_ns >= STALL_END_NS;
	if ((s->ended || now - s->told_ns >= STALL_TOLD_NS) && (s->ended || !s->quiet)) {
		app_error("the transmit ring is full, and nothing was sent for %.0f s: %s%s",
			(double)(now - s->since_ns) / 1e9,
			up ? "does the other end hold the card up?" : "the link is down",
			s->ended ? "; not all of --count is sent" : "");
		s->told_ns = now;
	}
	return s->ended;
}

bool gen_stall_waiting(struct gen_stall *s, bool up, uint64_t left, uint64_t now)
{
	if (left != s->left || up != s->was_up)
		s->since_ns = s->told_ns = now;
	s->left = left;
	s->was_up = up;
	s->waited = s->waited || left;
	if (!left || (up && now - s->since_ns >= STALL_END_NS))
		return false;
	if (now - s->told_ns >= STALL_TOLD_NS && !s->quiet) {
		app_error("%llu packets wait in the transmit ring, and nothing was sent for %.0f s: %s",
			(unsigned long long)left, (double)(now - s->since_ns) / 1e9,
			up ? "does the other end hold the card up?" : "the link is down");
		s->told_ns = now;
	}
	return true;
}
