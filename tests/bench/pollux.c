/* SPDX-License-Identifier: BSD-2-Clause
 * Pollux as it is measured: the packet jobs, on two ports with in-process models. */
#include "subject.h"

#include "../../driver/driver.h"
#include "../../driver/ixgbe/queue.h"
#include "../../mempool/pool.h"
#include "../model/local.h"

#include <stdlib.h>
#include <string.h>

struct pollux {
	struct dma_space *space;
	struct pkt_pool *pool;
	struct vfio_device *device[2];
	struct nic *nic[2];
	struct nic_rxq *rxq;
	struct nic_txq *txq;
};

static unsigned run_rx(struct nic_rxq *rxq, unsigned burst, unsigned packets)
{
	struct pkt pkts[LOCKSTEP_PACKETS];
	unsigned done = 0, n;

	while (done < packets && (n = nic_rx(rxq, pkts, burst))) {
		pkt_free(pkts, n);
		done += n;
	}
	return done;
}

static unsigned run_tx(struct nic_txq *txq, struct pkt_pool *pool, unsigned burst, unsigned packets, uint16_t bytes)
{
	struct pkt pkts[LOCKSTEP_PACKETS];
	unsigned done = 0, n;

	while (done < packets && (n = pkt_alloc(pool, pkts, burst))) {
		for (unsigned i = 0; i < n; i++) {
			uint32_t number = done + i;
			memcpy(pkts[i].data, &number, 4);
			pkts[i].len = bytes;
		}
		done += nic_tx(txq, pkts, n);
	}
	return done;
}

static unsigned run_fwd(struct nic_rxq *rxq, struct nic_txq *txq, unsigned burst, unsigned packets)
{
	struct pkt pkts[LOCKSTEP_PACKETS];
	unsigned done = 0, n;

	while (done < packets && (n = nic_rx(rxq, pkts, burst))) {
		for (unsigned i = 0; i < n; i++)
			pkts[i].data[48]++;
		unsigned sent = nic_tx(txq, pkts, n);
		pkt_free(pkts + sent, n - sent); /* the ring is full; never so in lock-step */
		done += sent;
	}
	return done;
}

static unsigned handle(struct subject *subject, enum bench_job job, unsigned burst, unsigned packets)
{
	struct pollux *pollux = subject->context;

	switch (job) {
	case BENCH_RX:
		return run_rx(pollux->rxq, burst, packets);
	case BENCH_TX:
		return run_tx(pollux->txq, pollux->pool, burst, packets, (uint16_t)(subject->lockstep.frame_bytes - 4));
	default:
		return run_fwd(pollux->rxq, pollux->txq, burst, packets);
	}
}

static void reach(struct subject *subject, void (*show)(void *context, void *at, size_t bytes), void *context)
{
	struct pollux *pollux = subject->context;

	show(context, ((struct ixgbe_rxq *)pollux->rxq)->ring, LOCKSTEP_RING * sizeof(struct ixgbe_descriptor));
	show(context, ((struct ixgbe_txq *)pollux->txq)->ring, LOCKSTEP_RING * sizeof(struct ixgbe_descriptor));
	for (unsigned i = 0; i < pollux->pool->count; i++)
		show(context, pollux->pool->base + i * (size_t)PKT_BUFFER_BYTES + PKT_METADATA_BYTES + PKT_HEADROOM_BYTES, subject->lockstep.frame_bytes);
}

static int open_port(struct pollux *pollux, unsigned port, const struct nic_config *config)
{
	struct model_local_config local = {.model.port = port};
	struct nic_link link = {0};
	int error = model_local_open(&pollux->device[port], pollux->space, &local);

	if (!error)
		error = nic_open_device(&pollux->nic[port], pollux->device[port]);
	if (!error)
		error = nic_start(pollux->nic[port], config);
	if (error)
		return error;
	model_set_partner(model_local_model(pollux->device[port]), true);
	for (unsigned ms = 0; !error && !link.up && ms < 10000; ms++) {
		model_local_advance(pollux->device[port], 1000000);
		error = nic_get_link(pollux->nic[port], &link);
	}
	return error;
}

static void close_ports(struct subject *subject)
{
	struct pollux *pollux = subject->context;

	nic_close(pollux->nic[0]);
	nic_close(pollux->nic[1]);
	pkt_pool_close(pollux->pool);
	dma_space_unref(pollux->space);
	free(pollux);
}

static int open_subject(struct subject *subject, const char *name, enum pkt_simd simd)
{
	struct pollux *pollux = calloc(1, sizeof(*pollux));
	struct nic_config config = {.rx_ring = LOCKSTEP_RING, .tx_ring = LOCKSTEP_RING, .promiscuous = true, .simd = simd};
	int error = -1;

	*subject = (struct subject){.name = name, .context = pollux, .least_burst = 1, .handle = handle, .reach = reach, .close = close_ports};
	if (!pollux)
		return error;
	error = dma_space_open(&pollux->space);
	if (!error)
		error = pkt_pool_open(&pollux->pool, pollux->space, nic_pool_count(&config, 2, 1), -1);
	if (!error)
		error = pkt_pool_use_simd(pollux->pool, simd);
	config.pool = pollux->pool;
	for (unsigned port = 0; !error && port < 2; port++)
		error = open_port(pollux, port, &config);
	if (error) {
		close_ports(subject);
		return error;
	}
	pollux->rxq = nic_rxq(pollux->nic[0], 0);
	pollux->txq = nic_txq(pollux->nic[1], 0);
	subject->lockstep.in = model_local_model(pollux->device[0]);
	subject->lockstep.out = model_local_model(pollux->device[1]);
	subject->hugepages = pkt_pool_page_bytes(pollux->pool) > 4096;
	return 0;
}

/* Each instruction set that this CPU has is one, the best first: it is what an application gets. */
int pollux_subjects_open(struct subject *subjects, unsigned most)
{
	static const char *const names[] = {[PKT_SIMD_SCALAR] = "pollux scalar", [PKT_SIMD_AVX2] = "pollux AVX2", [PKT_SIMD_AVX512] = "pollux AVX-512"};
	int opened = 0;

	for (unsigned simd = PKT_SIMD_AVX512; simd >= PKT_SIMD_SCALAR && (unsigned)opened < most; simd--) {
		int error;

		if (pkt_simd_choose((enum pkt_simd)simd) != (enum pkt_simd)simd)
			continue;
		error = open_subject(&subjects[opened], names[simd], (enum pkt_simd)simd);
		if (error)
			return error;
		opened++;
	}
	return opened;
}
