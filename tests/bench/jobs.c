/* SPDX-License-Identifier: BSD-2-Clause
 * The packet jobs that are measured, in lock-step with in-process models: the model publishes, the driver handles just that. */
#include "jobs.h"

#include "../../driver/driver.h"
#include "../model/local.h"

#include <stdlib.h>
#include <string.h>

#define RING 512

struct bench {
	struct dma_space *space;
	struct pkt_pool *pool;
	struct vfio_device *device[2];
	struct nic *nic[2];
	struct nic_rxq *rxq;
	struct nic_txq *txq;
	uint8_t frame[2048];
	struct model_frame frames[BENCH_PACKETS];
	struct model_sink sink;
	unsigned frame_bytes; /* without FCS */
};

const char *bench_job_name(enum bench_job job)
{
	static const char *const names[] = {"rx", "tx", "fwd"};

	return names[job];
}

static unsigned take_all(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context, (void)frames;
	return n;
}

/* Each job has a loop of its own, as an application would: nothing is decided per packet. */

static unsigned run_rx(struct nic_rxq *rxq, unsigned burst)
{
	struct pkt pkts[BENCH_PACKETS];
	unsigned done = 0, n;

	while (done < BENCH_PACKETS && (n = nic_rx(rxq, pkts, burst))) {
		pkt_free(pkts, n);
		done += n;
	}
	return done;
}

static unsigned run_tx(struct nic_txq *txq, struct pkt_pool *pool, unsigned burst, uint16_t bytes)
{
	struct pkt pkts[BENCH_PACKETS];
	unsigned done = 0, n;

	while (done < BENCH_PACKETS && (n = pkt_alloc(pool, pkts, burst))) {
		for (unsigned i = 0; i < n; i++) {
			uint32_t number = done + i;
			memcpy(pkts[i].data, &number, 4);
			pkts[i].len = bytes;
		}
		done += nic_tx(txq, pkts, n);
	}
	return done;
}

static unsigned run_fwd(struct nic_rxq *rxq, struct nic_txq *txq, unsigned burst)
{
	struct pkt pkts[BENCH_PACKETS];
	unsigned done = 0, n;

	while (done < BENCH_PACKETS && (n = nic_rx(rxq, pkts, burst))) {
		for (unsigned i = 0; i < n; i++)
			pkts[i].data[48]++;
		done += nic_tx(txq, pkts, n);
	}
	return done;
}

unsigned bench_handle(struct bench *bench, enum bench_job job, unsigned burst)
{
	switch (job) {
	case BENCH_RX:
		return run_rx(bench->rxq, burst);
	case BENCH_TX:
		return run_tx(bench->txq, bench->pool, burst, (uint16_t)bench->frame_bytes);
	default:
		return run_fwd(bench->rxq, bench->txq, burst);
	}
}

bool bench_publish(struct bench *bench, enum bench_job job)
{
	if (job == BENCH_TX)
		return true;
	return model_receive(model_local_model(bench->device[0]), bench->frames, BENCH_PACKETS) == BENCH_PACKETS;
}

bool bench_collect(struct bench *bench, enum bench_job job)
{
	unsigned taken = 0, n;

	if (job == BENCH_RX)
		return true;
	while (taken < BENCH_PACKETS && (n = model_transmit(model_local_model(bench->device[1]), &bench->sink, BENCH_PACKETS - taken)))
		taken += n;
	return taken == BENCH_PACKETS;
}

static int open_port(struct bench *bench, unsigned port, const struct nic_config *config)
{
	struct model_local_config local = {.model.port = port};
	struct nic_link link = {0};
	int error = model_local_open(&bench->device[port], bench->space, &local);

	if (!error)
		error = nic_open_device(&bench->nic[port], bench->device[port]);
	if (!error)
		error = nic_start(bench->nic[port], config);
	model_set_partner(model_local_model(bench->device[port]), true);
	for (unsigned ms = 0; !error && !link.up && ms < 10000; ms++) {
		model_local_advance(bench->device[port], 1000000);
		error = nic_get_link(bench->nic[port], &link);
	}
	return error;
}

struct bench *bench_open(unsigned frame_bytes)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct nic_config config = {.rx_ring = RING, .tx_ring = RING, .promiscuous = true};

	if (!bench)
		return NULL;
	bench->frame_bytes = frame_bytes - 4;
	memset(bench->frame, 0x02, 12);
	memcpy(bench->frame + 12, "\x88\xb5", 2); /* local experimental EtherType: nothing for the model to parse */
	for (unsigned i = 0; i < BENCH_PACKETS; i++)
		bench->frames[i] = (struct model_frame){.data = bench->frame, .len = bench->frame_bytes};
	bench->sink = (struct model_sink){.take = take_all, .lengths_only = true};
	if (dma_space_open(&bench->space) || pkt_pool_open(&bench->pool, bench->space, nic_pool_count(&config, 2, 1), -1))
		goto fail;
	config.pool = bench->pool;
	for (unsigned port = 0; port < 2; port++)
		if (open_port(bench, port, &config))
			goto fail;
	bench->rxq = nic_rxq(bench->nic[0], 0);
	bench->txq = nic_txq(bench->nic[1], 0);
	return bench;
fail:
	bench_close(bench);
	return NULL;
}

void bench_close(struct bench *bench)
{
	nic_close(bench->nic[0]);
	nic_close(bench->nic[1]);
	pkt_pool_close(bench->pool);
	dma_space_unref(bench->space);
	free(bench);
}

bool bench_hugepages(const struct bench *bench)
{
	return pkt_pool_page_bytes(bench->pool) > 4096;
}
