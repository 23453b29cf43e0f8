/* SPDX-License-Identifier: BSD-2-Clause
 * How nic_pipe_run of pipe.h works. It is compiled into the application, so that the function which sees each packet is
 * inlined; that is why it is public. An application does not use what is here itself. */
#ifndef POLLUX_DRIVER_PIPE_INLINE_H
#define POLLUX_DRIVER_PIPE_INLINE_H

#include "../mempool/pkt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nic_pipe;

#define NIC_PIPE_BURST 32u /* packets that are received before they are sent, at most */

/** The burst functions of a pipe, by its instruction set. */
struct nic_pipe_bursts {
	/** Receives up to n packets into pkts. @return how many, at most NIC_PIPE_BURST */
	unsigned (*receive)(struct nic_pipe *pipe, unsigned n);
	/** Receives a packet. @return 1, or 0: there is none */
	unsigned (*receive_one)(struct nic_pipe *pipe);
	/** Sends the n packets that were received last, all of them to the same outputs. */
	void (*send_all)(struct nic_pipe *pipe, size_t n, uint32_t outputs);
	void (*send_one)(struct nic_pipe *pipe, uint32_t outputs);
	/** Sends the n packets that were received last, each to the outputs that `targets` has for it. */
	void (*send_each)(struct nic_pipe *pipe, size_t n);
};

/** The visible head of a pipe. */
struct nic_pipe {
	struct nic_pipe_bursts bursts;
	struct pkt pkts[NIC_PIPE_BURST] __attribute__((aligned(64)));
	uint32_t targets[NIC_PIPE_BURST] __attribute__((aligned(64)));
};

/* What the function has said of the packets of a burst so far. */
struct nic_pipe_answers {
	uint32_t any, all; /* the masks that the compiler knows, or'ed and and'ed: equal while they are the same */
	bool written;      /* `targets` has all masks; else all were known and the same */
};

/* Asks the function about the next `count` packets, a constant of at most 8. Where the compiler knows that the function
 * says the same of all packets, nothing is written to `targets`. */
static inline __attribute__((always_inline)) void nic_pipe_ask(struct nic_pipe *pipe, struct pkt *pkts,
	uint32_t *targets, unsigned count, uint32_t (*function)(void *context, struct pkt *pkt), void *context,
	struct nic_pipe_answers *answers)
{
	uint32_t masks[8], before = answers->all;
	bool all_known = true, some_known = false;

#pragma GCC unroll 8
	for (unsigned k = 0; k < count; k++) {
		masks[k] = function(context, &pkts[k]);
		if (__builtin_constant_p(masks[k])) {
			some_known = true;
			answers->any |= masks[k];
			answers->all &= masks[k];
		} else {
			all_known = false;
			targets[k] = masks[k];
		}
	}
	if (all_known && answers->any == answers->all && !answers->written)
		return;
	if (!answers->written)
		for (uint32_t *earlier = pipe->targets; earlier < targets; earlier++)
			*earlier = before;
	answers->written = true;
#pragma GCC unroll 8
	for (unsigned k = 0; some_known && k < count; k++)
		targets[k] = masks[k];
}

/* Has the function see a burst that was received, and sends it. */
static inline __attribute__((always_inline)) void nic_pipe_pass(
	struct nic_pipe *pipe, unsigned n, uint32_t (*function)(void *context, struct pkt *pkt), void *context)
{
	struct nic_pipe_answers answers;
	struct pkt *pkts = pipe->pkts;
	uint32_t *targets = pipe->targets;
	unsigned left = n;

	answers.any = 0; /* no designated initializer: C++ has them from C++20 on only */
	answers.all = UINT32_MAX;
	answers.written = false;
#pragma GCC unroll 1
	for (; left >= 8; left -= 8, pkts += 8, targets += 8) {
		/* else the compiler works out where the loop ends before it begins, which takes longer than a round */
		__asm__("" : "+r"(left));
		nic_pipe_ask(pipe, pkts, targets, 8, function, context, &answers);
	}
#pragma GCC unroll 1
	for (; left; left--, pkts++, targets++)
		nic_pipe_ask(pipe, pkts, targets, 1, function, context, &answers);
	if (answers.written)
		pipe->bursts.send_each(pipe, n);
	else
		pipe->bursts.send_all(pipe, n, answers.all);
}

/* nic_pipe_run of pipe.h. */
static inline __attribute__((always_inline)) unsigned nic_pipe_run_inline(
	struct nic_pipe *pipe, unsigned n, uint32_t (*function)(void *context, struct pkt *pkt), void *context)
{
	unsigned done = 0, got;
	uint32_t mask;

	if (n == 1) { /* who asks for one packet at a time does not pay for what is prepared for many */
		if (!pipe->bursts.receive_one(pipe))
			return 0;
		mask = function(context, pipe->pkts);
		pipe->bursts.send_one(pipe, mask);
		return 1;
	}
	while (done < n) {
		got = pipe->bursts.receive(pipe, n - done);
		if (got > 1) {
			nic_pipe_pass(pipe, got, function, context);
		} else if (got) {
			mask = function(context, pipe->pkts);
			pipe->bursts.send_one(pipe, mask);
		} else {
			break;
		}
		done += got;
	}
	return done;
}

#ifdef __cplusplus
}
#endif
#endif
