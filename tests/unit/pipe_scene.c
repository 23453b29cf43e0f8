/* SPDX-License-Identifier: BSD-2-Clause
 * What the tests of pipes begin and end with: the ixgbe driver on software 82599s in one process, numbered packets on
 * their wires, and a look whether every buffer came back. They include this file. */
#include "../../driver/driver.h"
#include "../../driver/ixgbe/ixgbe.h"
#include "../../driver/pipe.h"
#include "../../driver/pipe/slots.h"
#include "../model/local.h"

#include "unit.h"
#include "unit_wire.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORTS 4u
#define RING  64u
#define LEN   100u

struct fixture {
	struct dma_space *space;
	struct pkt_pool *pool;
	unsigned ports, pool_count;
	struct vfio_device *device[PORTS];
	struct nic *nic[PORTS];
	struct wire wire[PORTS];
	uint64_t rx_packets, tx_packets; /* by the cards' count, of all ports */
};

static unsigned data_bytes = PKT_DATA_BYTES; /* of each buffer */
static bool trapped;                         /* the suite runs all ways */
static enum pkt_simd simd;

static struct model *model(struct fixture *f, unsigned port)
{
	return model_local_model(f->device[port]);
}

static unsigned send_out(struct fixture *f, unsigned port)
{
	return wire_send(&f->wire[port], model(f, port));
}

static void link_up(struct fixture *f, unsigned port)
{
	struct nic_link link = {0};

	model_set_partner(model(f, port), true);
	for (unsigned ms = 0; !link.up && ms < 10000; ms++) {
		model_local_advance(f->device[port], 1000000);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(f->nic[port], &link), 0);
	}
}

static void set_up(struct fixture *f, unsigned ports, const struct nic_config *wanted)
{
	struct nic_config config =
		wanted ? *wanted : (struct nic_config){.rx_ring = RING, .tx_ring = 4 * RING, .promiscuous = true};

	ixgbe_times.drain = pipe_times.sent = 2000;
	pipe_times.blocked = 10000000; /* who is held up for a while must not change a test's outcome */
	memset(f, 0, sizeof(*f));
	f->ports = ports;
	f->pool_count = nic_pool_count(&config, ports, 1);
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&f->space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open_sized(&f->pool, f->space, f->pool_count, data_bytes, -1), 0);
	config.pool = f->pool;
	config.simd = simd;
	for (unsigned port = 0; port < ports; port++) {
		struct model_local_config local = {.model.port = port & 1, .trapped = trapped};

		CU_ASSERT_EQUAL_FATAL(model_local_open(&f->device[port], f->space, &local), 0);
		CU_ASSERT_EQUAL_FATAL(port_from_device(&f->nic[port], f->device[port]), 0);
		CU_ASSERT_EQUAL_FATAL(nic_start(f->nic[port], &config), 0);
		link_up(f, port);
	}
}

static void no_faults(struct fixture *f, unsigned port)
{
	const struct model_faults *faults = model_faults(model(f, port));

	CU_ASSERT_EQUAL(faults->bad_address, 0);
	CU_ASSERT_EQUAL(faults->bad_ring, 0);
	CU_ASSERT_EQUAL(faults->bad_descriptor, 0);
	CU_ASSERT_EQUAL(faults->bad_register, 0);
	CU_ASSERT_EQUAL(faults->bad_order, 0);
}

/* Everything back, nothing lost, and the driver did nothing that the model objects to. */
static void tear_down(struct fixture *f)
{
	for (unsigned port = 0; port < f->ports; port++) {
		if (f->nic[port])
			no_faults(f, port);
		nic_close(f->nic[port]);
		wire_forget(&f->wire[port]);
	}
	CU_ASSERT_EQUAL(pkt_pool_available(f->pool), f->pool_count);
	CU_ASSERT_EQUAL(pkt_pool_close(f->pool), 0);
	dma_space_unref(f->space);
}

/* From a port to the ports of a mask, in their order. */
static inline struct nic_pipe *open_pipe(struct fixture *f, unsigned from, uint32_t to)
{
	struct nic_queue input = {f->nic[from], 0}, outputs[PORTS];
	struct nic_pipe *pipe;
	unsigned count = 0;
	int error;

	for (unsigned port = 0; port < f->ports; port++)
		if (to >> port & 1)
			outputs[count++] = (struct nic_queue){f->nic[port], 0};
	error = nic_pipe_open(&pipe, &input, outputs, count);
	if (error)
		printf("\n    %s\n", nic_error());
	CU_ASSERT_EQUAL_FATAL(error, 0);
	return pipe;
}
