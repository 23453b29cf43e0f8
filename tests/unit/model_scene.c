/* SPDX-License-Identifier: BSD-2-Clause
 * What tests of the model's registers and queues begin with: one host, short names for its registers, and a port that
 * receives. They include this file. */
#include "unit.h"
#include "unit_model_host.h"

#include <string.h>

static struct host h;
static uint8_t rx_frame[16384];

static inline uint32_t rd(uint32_t offset)
{
	return model_read32(h.model, offset);
}

static inline void wr(uint32_t offset, uint32_t value)
{
	model_write32(h.model, offset, value);
}

static inline void start_receiving(unsigned descriptors)
{
	host_open(&h);
	host_link(&h);
	host_receive_queue(&h, 0, descriptors);
	host_fill(rx_frame, sizeof(rx_frame), 1);
}

/** FCTRL.SBP may change only while receiving is off. */
static inline void filter(uint32_t fctrl)
{
	wr(0x03000, 0);
	wr(0x05080, fctrl);
	wr(0x03000, 1);
}

/** Hands the first n descriptors over anew. */
static inline void rearm(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		host_rx_ring(&h)[i] = (struct host_descriptor){HOST_IOVA + HOST_RX_BUFFERS + 2048u * i, 0};
}
