/* SPDX-License-Identifier: BSD-2-Clause
 * A plain host for tests of the model: one stretch of memory, interrupts counted, queues programmed by hand from the
 * register facts. */
#ifndef POLLUX_TESTS_UNIT_MODEL_HOST_H
#define POLLUX_TESTS_UNIT_MODEL_HOST_H

#include "../model/card/model.h"

#define HOST_IOVA   0x1000000ull
#define HOST_BYTES  (4u << 20)
#define HOST_FRAMES 512u

/* Where things lie, from HOST_IOVA. */
#define HOST_RX_RING    0x00000u
#define HOST_TX_RING    0x20000u
#define HOST_HEAD       0x40000u
#define HOST_RX_BUFFERS 0x100000u
#define HOST_TX_BUFFERS 0x280000u

struct host_descriptor {
	uint64_t q0, q1;
};

/** A frame that the sink took, copied. */
struct host_frame {
	uint8_t data[16384];
	uint32_t len;
	bool bad_crc;
};

struct host {
	struct model *model;
	uint8_t *memory;
	uint64_t now_ns;
	bool read_only;
	unsigned lookups;
	unsigned interrupts[MODEL_VECTORS];
	struct host_frame *sent; /* HOST_FRAMES of them */
	unsigned sent_n, take_limit;
	struct model_sink sink;
};

/** Opens a port with bus mastering on and lets its reset finish. */
void host_open(struct host *h);
/** The same with a card, a port and an address of its own. */
void host_open_card(struct host *h, const struct model_config *config);
void host_close(struct host *h);
/** Lets time pass. */
void host_wait(struct host *h, uint64_t ns);
/** Brings the link up, with a partner. */
void host_link(struct host *h);
/** Starts a receive queue of n descriptors with buffers of 2 KiB; all but one are handed over. RXEN on, accepts
 * everything. */
void host_receive_queue(struct host *h, unsigned queue, unsigned n);
/** Starts a transmit queue of n descriptors. */
void host_transmit_queue(struct host *h, unsigned queue, unsigned n);
/** A transmit buffer. */
uint8_t *host_tx_buffer(struct host *h, unsigned i);
uint64_t host_tx_iova(unsigned i);
uint8_t *host_rx_buffer(struct host *h, unsigned i);
struct host_descriptor *host_rx_ring(struct host *h);
struct host_descriptor *host_tx_ring(struct host *h);
/** Fills in a plain 60-byte-or-more frame to 02:00:00:00:00:01 with an EtherType of no meaning. */
void host_fill(uint8_t *frame, uint32_t len, uint8_t seed);
/** An advanced data descriptor for transmit buffer i. */
struct host_descriptor host_data(unsigned i, uint32_t len, uint64_t bits);
/** Receives one frame. @return whether it was dealt with. */
bool host_arrive(struct host *h, const uint8_t *data, uint32_t len);

#endif
