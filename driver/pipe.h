/* SPDX-License-Identifier: BSD-2-Clause
 * Pollux's public API, second part: pipes, which forward in place. What a receive queue got is sent from where it lies,
 * to the transmit queues that a function of the application's names, packet by packet; no pool is in the loop. For
 * applications that never keep a packet; the others use nic_rx and nic_tx.
 *
 * Life cycle: start the ports, open the pipes before the first burst on any of their queues, run them, close them, stop
 * the ports. From nic_pipe_open on the queues are the pipe's: nic_rx and nic_tx return 0 on them until their port is
 * started again.
 *
 * Threads: one thread at a time runs a pipe, and pipes that share a transmit queue. nic_pipe_open and nic_pipe_close
 * are called by the thread that makes the control calls of the ports. Others may be running meanwhile when a pipe is
 * opened, those on its outputs too. nic_pipe_close, and nic_stop and nic_close of any port in a pipe, require that no
 * thread is running it, nor a pipe that shares an output with it. */
#ifndef POLLUX_DRIVER_PIPE_H
#define POLLUX_DRIVER_PIPE_H

#include "nic.h"
#include "pipe_inline.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NIC_PIPE_OUTPUTS 32u /* of one pipe, at most: bits of a mask */

/** A queue of a started port. */
struct nic_queue {
	struct nic *nic;
	unsigned index;
};

/**
 * What an application does with each packet: it may change the frame, the length, and where in the buffer's headroom
 * and data room the frame begins, and says where it goes.
 * @param pkt  a whole frame in one buffer; only data and len may be changed. len is what the device says: check it
 * before reading headers. The packet must not be kept.
 * @return a mask of the pipe's outputs, bit i for outputs[i] of nic_pipe_open; 0 drops the packet
 */
typedef uint32_t nic_pipe_function(void *context, struct pkt *pkt);

struct nic_pipe_stats {
	uint64_t packets; /* that the function saw */
	uint64_t dropped; /* that it sent nowhere */
	uint64_t blocked; /* copies, one per output, not sent because that output was blocked or its port was stopped */
	uint64_t bad;     /* copies not sent because their length is impossible (0, beyond the output's MTU), a flag was
			     set, or data is not in a buffer of the receiving port's pool */
	uint32_t blocked_outputs; /* a mask of those that are blocked now */
};

/**
 * Opens a pipe from a receive queue to one or several transmit queues, of the same or of other ports, of whatever
 * cards, all in one DMA space.
 * @param outputs  1 .. NIC_PIPE_OUTPUTS of them, no queue twice. Several pipes may share an output.
 * A transmit ring must be as large as the receive rings of all pipes together that were opened on it since its port was
 * started, closed ones too; the receiving port's MTU at most 2026, so that each frame has one buffer. A transmit queue
 * that does not get rid of its packets (its link is down, its device is gone) keeps the others waiting for 100 ms: then
 * its packets are set aside, buffers from the receiving port's pool take their place, and it is blocked: packets for it
 * are dropped and counted, until it has sent what it has. While that pool is empty the others wait on: it should have
 * another receive ring's buffers for each output, as one of nic_pool_count for all ports has. Errors: -EINVAL, -EBUSY
 * (a queue is in use already), -ENOMEM, -ENODEV.
 */
int nic_pipe_open(struct nic_pipe **pipe, const struct nic_queue *input, const struct nic_queue *outputs,
	unsigned count) POLLUX_API(nic_pipe_open);

/** Closes a pipe: waits, with a limit, until its packets are sent, and gives their buffers back. What an output could
 * not send comes back when that output's port is stopped. Ports that are stopped or closed first end the pipe likewise;
 * it's then still to be closed. NULL is ignored. */
void nic_pipe_close(struct nic_pipe *pipe) POLLUX_API(nic_pipe_close);

/** Counters since nic_pipe_open. From any thread. */
void nic_pipe_get_stats(const struct nic_pipe *pipe, struct nic_pipe_stats *stats) POLLUX_API(nic_pipe_get_stats);

/**
 * Lets up to n packets through, without waiting.
 * @param function  inlined where it is a constant and its body is known; nic_pipe_call takes any
 * @return how many packets the function saw; 0 when there are none, the input's port was stopped, or a control call has
 * said that its device is gone
 */
static inline __attribute__((always_inline)) unsigned nic_pipe_run(
	struct nic_pipe *pipe, unsigned n, nic_pipe_function *function, void *context)
{
	return nic_pipe_run_inline(pipe, n, function, context);
}

/** nic_pipe_run, not inlined: calls the function through its pointer. */
unsigned nic_pipe_call(struct nic_pipe *pipe, unsigned n, nic_pipe_function *function, void *context)
	POLLUX_API(nic_pipe_call);

#ifdef __cplusplus
}
#endif
#endif
