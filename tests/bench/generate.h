/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's frames as they are measured: UDP over IPv4, whose ports count, with both checksums, a number and a
 * time in each. */
#ifndef POLLUX_TESTS_BENCH_GENERATE_H
#define POLLUX_TESTS_BENCH_GENERATE_H

#include "../../driver/nic.h"
#include "lockstep.h"

struct generator;

/** Opens one with buffers for a full transmit ring in this space. @return NULL: no memory */
struct generator *generator_open(struct dma_space *space, unsigned ring, enum pkt_simd simd);
/** NULL is ignored. */
void generator_close(struct generator *generator);

/** Sends so many frames in bursts. @param frame_bytes  with FCS. @return how many were sent */
unsigned generator_send(
	struct generator *generator, struct nic_txq *txq, unsigned burst, unsigned packets, unsigned frame_bytes);

/** Fills LOCKSTEP_PACKETS frames with the first ones of such a stream, made at the same time as those of a burst are:
 * they last until the next call. */
void generator_fill(struct generator *generator, struct model_frame *frames, unsigned frame_bytes);

/** Receives these, in bursts, as pollux-gen does. @return how many came back as they were */
unsigned generator_receive(struct generator *generator, struct nic_rxq *rxq, unsigned burst, unsigned packets);

#endif
