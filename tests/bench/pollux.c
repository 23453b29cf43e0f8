/* SPDX-License-Identifier: BSD-2-Clause
 * Pollux as it is measured: the packet jobs, on two ports with in-process models. */
#include "generate.h"
#include "subject.h"

#include "../../driver/driver.h"
#include "../../driver/ixgbe/bursts.h"
#include "../../driver/pipe.h"
#include "../../mempool/pool.h"
#include "../model/local.h"

#include <stdlib.h>
#include <string.h>

struct pollux {
	struct dma_space *space;
	struct pkt_pool *pool;
	enum pkt_simd simd;
	struct generator *generator; /* opened when its job is measured first */
	struct vfio_device *device[2];
	struct nic *nic[2];
	struct nic_rxq *rxq;
	struct nic_txq *txq;
	struct nic_pipe *pipe; /* or NULL: it uses bursts */
};

static unsigned run_rx(struct nic_rxq *rxq, unsigned burst, unsigned packets)
{
	struct pkt pkts[LOCKSTEP_PACKETS]
		__attribute__((aligned(64))); /* else the stack decides, and a tenth of the cycles with it */
	unsigned done = 0, n;

	while (done < packets && (n = nic_rx(rxq, pkts, burst))) {
		pkt_free(pkts, n);
		done += n;
	}
	return done;
}

static unsigned run_tx(struct nic_txq *txq, struct pkt_pool *pool, unsigned burst, unsigned packets, uint16_t bytes)
{
	struct pkt pkts[LOCKSTEP_PACKETS]
		__attribute__((aligned(64))); /* else the stack decides, and a tenth of the cycles with it */
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
	struct pkt pkts[LOCKSTEP_PACKETS]
		__attribute__((aligned(64))); /* else the stack decides, and a tenth of the cycles with it */
	unsigned done = 0, n;

	while (done < packets && (n = nic_rx(rxq, pkts, burst))) {
		for (unsigned i = 0; i < n; i++)
			pkts[i].data[48]++;
		unsigned sent = nic_tx(txq, pkts, n);
		if (sent < n) /* the ring is full; never so in lock-step */
			pkt_free(pkts + sent, n - sent);
		done += sent;
	}
	return done;
}

/* As run_fwd; what the receiving card took out of the frame and the sending one puts in stays in the handle. */
static unsigned run_fwd_plus(struct nic_rxq *rxq, struct nic_txq *txq, unsigned burst, unsigned packets)
{
	struct pkt pkts[LOCKSTEP_PACKETS] __attribute__((aligned(64)));
	unsigned done = 0, n;

	while (done < packets && (n = nic_rx(rxq, pkts, burst))) {
		for (unsigned i = 0; i < n; i++) {
			pkts[i].data[48]++;
			pkts[i].flags |= PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM;
		}
		unsigned sent = nic_tx(txq, pkts, n);
		if (sent < n)
			pkt_free(pkts + sent, n - sent);
		done += sent;
	}
	return done;
}

/* Segments are counted. */
static unsigned run_tso(struct nic_txq *txq, struct pkt_pool *pool, unsigned burst, unsigned packets)
{
	enum { FRAME = BENCH_TSO_HEADERS + BENCH_TSO_SEGMENTS * BENCH_TSO_MSS };
	enum { PIECES = (FRAME + PKT_DATA_BYTES - 1) / PKT_DATA_BYTES };
	struct pkt pkts[PIECES * LOCKSTEP_PACKETS / BENCH_TSO_SEGMENTS] __attribute__((aligned(64)));
	unsigned done = 0, n, frames = burst / BENCH_TSO_SEGMENTS;

	while (done < packets && (n = pkt_alloc(pool, pkts, frames * PIECES)) == frames * PIECES) {
		for (unsigned f = 0; f < frames; f++) {
			struct pkt *pieces = &pkts[f * PIECES];

			for (unsigned i = 0; i < PIECES; i++) {
				pieces[i].len = i + 1 < PIECES ? PKT_DATA_BYTES : FRAME - (PIECES - 1) * PKT_DATA_BYTES;
				pieces[i].flags = i + 1 < PIECES ? PKT_MORE : 0;
			}
			memcpy(pieces[0].data, lockstep_tso_headers, BENCH_TSO_HEADERS);
			pieces[0].flags |= PKT_TX_SEGMENT;
			pieces[0].mss = BENCH_TSO_MSS;
		}
		done += nic_tx(txq, pkts, n) / PIECES * BENCH_TSO_SEGMENTS;
	}
	return done;
}

static unsigned handle_plus(struct subject *subject, enum bench_job job, unsigned burst, unsigned packets)
{
	struct pollux *pollux = subject->context;

	switch (job) {
	case BENCH_RX_PLUS:
		return run_rx(pollux->rxq, burst, packets);
	case BENCH_FWD_PLUS:
		return run_fwd_plus(pollux->rxq, pollux->txq, burst, packets);
	default:
		return run_tso(pollux->txq, pollux->pool, burst, packets);
	}
}

static inline uint32_t change(void *context, struct pkt *pkt)
{
	(void)context;
	pkt->data[48]++;
	return 1;
}

/* What run_fwd does, through a pipe: with the function inlined here, called by its pointer in handle_call. */
static unsigned handle_pipe(struct subject *subject, enum bench_job job, unsigned burst, unsigned packets)
{
	struct nic_pipe *pipe = ((struct pollux *)subject->context)->pipe;
	unsigned done = 0, n;

	(void)job;
	while (done < packets && (n = nic_pipe_run(pipe, burst, change, NULL)))
		done += n;
	return done;
}

static unsigned handle_call(struct subject *subject, enum bench_job job, unsigned burst, unsigned packets)
{
	struct nic_pipe *pipe = ((struct pollux *)subject->context)->pipe;
	unsigned done = 0, n;

	(void)job;
	while (done < packets && (n = nic_pipe_call(pipe, burst, change, NULL)))
		done += n;
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

static unsigned handle_gen(struct subject *subject, enum bench_job job, unsigned burst, unsigned packets)
{
	struct pollux *pollux = subject->context;

	(void)job;
	if (!pollux->generator)
		return 0; /* no memory */
	return generator_send(pollux->generator, pollux->txq, burst, packets, subject->lockstep.frame_bytes);
}

static unsigned handle_gen_rx(struct subject *subject, enum bench_job job, unsigned burst, unsigned packets)
{
	struct pollux *pollux = subject->context;

	(void)job;
	return pollux->generator ? generator_receive(pollux->generator, pollux->rxq, burst, packets) : 0;
}

static void prepare(struct subject *subject, enum bench_job job)
{
	struct pollux *pollux = subject->context;

	subject->handle = job == BENCH_GEN ? handle_gen : job == BENCH_GEN_RX ? handle_gen_rx : handle;
	if (job >= BENCH_GEN && !pollux->generator)
		pollux->generator = generator_open(pollux->space, LOCKSTEP_RING, pollux->simd);
	if (job == BENCH_GEN_RX && pollux->generator)
		generator_fill(pollux->generator, subject->lockstep.frames, subject->lockstep.frame_bytes);
}

static void visit_memory(struct subject *subject, void (*visit)(void *context, void *at, size_t bytes), void *context)
{
	struct pollux *pollux = subject->context;

	visit(context, ((struct ring_rxq *)pollux->rxq)->ring, LOCKSTEP_RING * sizeof(struct ring_descriptor));
	visit(context, ((struct ring_txq *)pollux->txq)->ring, LOCKSTEP_RING * sizeof(struct ring_descriptor));
	for (unsigned i = 0; i <= pollux->pool->last_offset / PKT_BUFFER_BYTES; i++)
		visit(context,
			pollux->pool->base + i * (size_t)PKT_BUFFER_BYTES + PKT_METADATA_BYTES + PKT_HEADROOM_BYTES,
			subject->lockstep.frame_bytes);
}

static int open_port(struct pollux *pollux, unsigned port, const struct nic_config *config)
{
	struct model_local_config local = {.model.port = port};
	struct nic_link link = {0};
	int error = model_local_open(&pollux->device[port], pollux->space, &local);

	if (!error)
		error = port_from_device(&pollux->nic[port], pollux->device[port]);
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

	nic_pipe_close(pollux->pipe);
	nic_close(pollux->nic[0]);
	nic_close(pollux->nic[1]);
	generator_close(pollux->generator);
	pkt_pool_close(pollux->pool);
	dma_space_unref(pollux->space);
	free(pollux);
}

static int open_subject(struct subject *subject, const char *name, enum pkt_simd simd, bool plus, unsigned queues)
{
	static const struct nic_rss rss;
	struct pollux *pollux = calloc(1, sizeof(*pollux));
	struct nic_config config = {
		.rx_ring = LOCKSTEP_RING, .tx_ring = LOCKSTEP_RING, .promiscuous = true, .simd = simd};
	int error = -1;

	config.rx_queues = config.tx_queues = (uint16_t)queues;

	if (plus) {
		config.offloads = NIC_RX_CHECKSUM | NIC_RX_VLAN_STRIP | NIC_TX_OFFLOAD;
		config.rss = &rss;
	}
	*subject = (struct subject){.name = name,
		.context = pollux,
		.burst_min = 1,
		.jobs = plus ? JOBS_PLUS : JOBS_PLAIN,
		.prepare = plus ? NULL : prepare,
		.handle = plus ? handle_plus : handle,
		.visit_memory = visit_memory,
		.close = close_ports};
	if (!pollux)
		return error;
	pollux->simd = simd;
	error = dma_space_open(&pollux->space);
	if (!error)
		error = pkt_pool_open(&pollux->pool, pollux->space, nic_pool_count(&config, 2, queues), -1);
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

/* A pipe between the two ports. The first `shift` packets are spent, so that bursts of 8 and 32 start at no multiple of
 * 8 in the ring. */
static int open_pipe(
	struct subject *subject, unsigned shift, unsigned (*run)(struct subject *, enum bench_job, unsigned, unsigned))
{
	struct pollux *pollux = subject->context;
	struct nic_queue input = {pollux->nic[0], 0}, output = {pollux->nic[1], 0};
	int error = nic_pipe_open(&pollux->pipe, &input, &output, 1);

	subject->jobs = JOBS_PIPE;
	subject->prepare = NULL;
	subject->handle = run;
	if (error) {
		close_ports(subject);
		return error;
	}
	lockstep_set_frame(&subject->lockstep, BENCH_FWD, 64);
	lockstep_publish(&subject->lockstep, BENCH_FWD, shift);
	run(subject, BENCH_FWD, shift, shift);
	lockstep_collect(&subject->lockstep, BENCH_FWD, shift);
	return 0;
}

int pollux_queues_open(struct subject subjects[2])
{
	static struct pollux second;
	struct pollux *pollux;
	int error = open_subject(&subjects[0], "queue 0", PKT_SIMD_AUTO, false, 2);

	if (error)
		return error;
	pollux = subjects[0].context;
	second = *pollux;
	second.rxq = nic_rxq(pollux->nic[0], 1);
	second.txq = nic_txq(pollux->nic[1], 1);
	lockstep_set_frame(&subjects[0].lockstep, BENCH_FWD_PLUS, 64);
	subjects[1] = subjects[0];
	subjects[1].name = "queue 1";
	subjects[1].context = &second;
	lockstep_set_frame(&subjects[1].lockstep, BENCH_FWD_PLUS, 64);
	return 0;
}

/* Each instruction set that this CPU has is one, the best first: it is what an application gets. Then pipes. */
int pollux_subjects_open(struct subject *subjects, unsigned room)
{
	static const struct {
		const char *name;
		enum pkt_simd simd; /* AUTO: the best */
		unsigned shift;
		unsigned (*run)(struct subject *subject, enum bench_job job, unsigned burst,
			unsigned packets); /* NULL: bursts */
		bool plus;                 /* with offloads */
	} ours[] = {{"pollux AVX-512", PKT_SIMD_AVX512, 0, NULL, false}, {"pollux AVX2", PKT_SIMD_AVX2, 0, NULL, false},
		{"pollux scalar", PKT_SIMD_SCALAR, 0, NULL, false},
		{"pollux pipe", PKT_SIMD_AUTO, 0, handle_pipe, false},
		{"pollux pipe +5", PKT_SIMD_AUTO, 5, handle_pipe, false},
		{"pollux pipe call", PKT_SIMD_AUTO, 0, handle_call, false},
		{"pipe AVX2", PKT_SIMD_AVX2, 0, handle_pipe, false},
		{"pipe scalar", PKT_SIMD_SCALAR, 0, handle_pipe, false},
		{"pollux AVX-512 +", PKT_SIMD_AVX512, 0, NULL, true}, {"pollux AVX2 +", PKT_SIMD_AVX2, 0, NULL, true},
		{"pollux scalar +", PKT_SIMD_SCALAR, 0, NULL, true}};
	unsigned opened = 0;

	for (unsigned i = 0; i < sizeof(ours) / sizeof(*ours) && opened < room; i++) {
		enum pkt_simd simd = pkt_simd_choose(ours[i].simd);
		int error;

		if (ours[i].simd != PKT_SIMD_AUTO && simd != ours[i].simd)
			continue;
		error = open_subject(&subjects[opened], ours[i].name, simd, ours[i].plus, 1);
		if (!error && ours[i].run)
			error = open_pipe(&subjects[opened], ours[i].shift, ours[i].run);
		if (error)
			return error;
		opened++;
	}
	return (int)opened;
}
