/* SPDX-License-Identifier: BSD-2-Clause
 * DPDK's ixgbe driver as it is measured beside ours: the same jobs on the same model, through /dev/vfio as
 * tests/preload presents it. This process serves the models itself, so that it can step them: until the ports are set
 * up a thread does so; then heads and tails become memory, and all else stands still. */
#include "progress.h"
#include "subject.h"

#include "../model/server/server.h"

#include <dlfcn.h>
#include <pthread.h>
#include <rte_cpuflags.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>
#include <rte_vect.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PORTS      6 /* a pair for each of DPDK's paths: vector, scalar, with offloads */
#define SUBJECTS   (PORTS / 2 + 2)
#define MBUFS      4095u
#define MBUF_CACHE 256u
#define LINK_MS    10000u

static struct {
	struct server *servers[PORTS];
	struct rte_mempool *pool;
	pthread_t thread;
	bool stop;
} dpdk;

struct pair {
	uint16_t in, out;
	void *rings[2]; /* that the card writes */
	char functions[100];
};
static struct pair pairs[PORTS / 2];

/* DPDK asks this for the instruction with which it would write tails. Its own answer is one symbol further. */
int rte_cpu_get_flag_enabled(enum rte_cpu_flag_t feature)
{
	static int (*real)(enum rte_cpu_flag_t);

	if (!real)
		real = (int (*)(enum rte_cpu_flag_t))dlsym(RTLD_NEXT, "rte_cpu_get_flag_enabled");
	return feature == RTE_CPUFLAG_MOVDIRI ? 0 : real(feature);
}

/* ---- the model's side ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void *serve(void *serving)
{
	uint64_t begin = now_ns();

	((void (*)(void))serving)();
	while (!__atomic_load_n(&dpdk.stop, __ATOMIC_ACQUIRE)) {
		unsigned done = 0;

		for (unsigned i = 0; i < PORTS; i++) {
			done += server_poll(dpdk.servers[i], 64);
			model_step(server_model(dpdk.servers[i]), now_ns() - begin);
		}
		if (!done)
			usleep(20);
	}
	return NULL;
}

static int open_servers(const char *folder, void *serving)
{
	char path[100], error[256];

	for (unsigned i = 0; i < PORTS; i++) {
		const struct server_config config = {.path = path, .model.port = i % 2};

		snprintf(path, sizeof(path), "%s/%u", folder, i);
		if (server_open(&dpdk.servers[i], &config, error, sizeof(error))) {
			fprintf(stderr, "bench: %s\n", error);
			return -1;
		}
		model_set_partner(server_model(dpdk.servers[i]), true);
	}
	return pthread_create(&dpdk.thread, NULL, serve, serving) ? -1 : 0;
}

/* ---- the jobs ---- */

static unsigned run_rx(uint16_t port, unsigned burst, unsigned packets)
{
	struct rte_mbuf *mbufs[LOCKSTEP_PACKETS];
	unsigned done = 0, n;

	while (done < packets && (n = rte_eth_rx_burst(port, 0, mbufs, (uint16_t)burst))) {
		rte_pktmbuf_free_bulk(mbufs, n);
		done += n;
	}
	return done;
}

static unsigned run_tx(uint16_t port, unsigned burst, unsigned packets, uint16_t bytes)
{
	struct rte_mbuf *mbufs[LOCKSTEP_PACKETS];
	unsigned done = 0;

	while (done < packets && rte_pktmbuf_alloc_bulk(dpdk.pool, mbufs, burst) == 0) {
		for (unsigned i = 0; i < burst; i++) {
			uint32_t number = done + i;

			memcpy(rte_pktmbuf_mtod(mbufs[i], void *), &number, 4);
			mbufs[i]->data_len = bytes;
			mbufs[i]->pkt_len = bytes;
		}
		done += rte_eth_tx_burst(port, 0, mbufs, (uint16_t)burst);
	}
	return done;
}

static unsigned run_fwd(const struct pair *pair, unsigned burst, unsigned packets)
{
	struct rte_mbuf *mbufs[LOCKSTEP_PACKETS];
	unsigned done = 0, n;

	while (done < packets && (n = rte_eth_rx_burst(pair->in, 0, mbufs, (uint16_t)burst))) {
		for (unsigned i = 0; i < n; i++)
			rte_pktmbuf_mtod(mbufs[i], uint8_t *)[48]++;
		unsigned sent = rte_eth_tx_burst(pair->out, 0, mbufs, (uint16_t)n);
		if (sent < n)
			rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
		done += sent;
	}
	return done;
}

/* Both checksums and the tag, by the card. rte_eth_tx_prepare writes the pseudo-header's sum that it wants to find. */
static unsigned run_fwd_plus(const struct pair *pair, unsigned burst, unsigned packets)
{
	struct rte_mbuf *mbufs[LOCKSTEP_PACKETS];
	unsigned done = 0, n;

	while (done < packets && (n = rte_eth_rx_burst(pair->in, 0, mbufs, (uint16_t)burst))) {
		for (unsigned i = 0; i < n; i++) {
			rte_pktmbuf_mtod(mbufs[i], uint8_t *)[48]++;
			mbufs[i]->ol_flags |= RTE_MBUF_F_TX_VLAN | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM |
					      RTE_MBUF_F_TX_UDP_CKSUM;
			mbufs[i]->l2_len = 14;
			mbufs[i]->l3_len = 20;
		}
		unsigned sent = rte_eth_tx_prepare(pair->out, 0, mbufs, (uint16_t)n);
		sent = rte_eth_tx_burst(pair->out, 0, mbufs, (uint16_t)sent);
		if (sent < n)
			rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
		done += sent;
	}
	return done;
}

/* Segments are counted. */
static unsigned run_tso(uint16_t port, unsigned burst, unsigned packets)
{
	enum { FRAME = BENCH_TSO_HEADERS + BENCH_TSO_SEGMENTS * BENCH_TSO_MSS, PIECE = 2048 };
	enum { PIECES = (FRAME + PIECE - 1) / PIECE };
	struct rte_mbuf *mbufs[PIECES * LOCKSTEP_PACKETS / BENCH_TSO_SEGMENTS],
		*frames[LOCKSTEP_PACKETS / BENCH_TSO_SEGMENTS];
	unsigned done = 0, count = burst / BENCH_TSO_SEGMENTS;

	while (done < packets && rte_pktmbuf_alloc_bulk(dpdk.pool, mbufs, count * PIECES) == 0) {
		for (unsigned f = 0; f < count; f++) {
			struct rte_mbuf **pieces = &mbufs[f * PIECES], *head = frames[f] = pieces[0];

			for (unsigned i = 0; i < PIECES; i++) {
				pieces[i]->data_len = i + 1 < PIECES ? PIECE : FRAME - (PIECES - 1) * PIECE;
				pieces[i]->next = i + 1 < PIECES ? pieces[i + 1] : NULL;
			}
			memcpy(rte_pktmbuf_mtod(head, void *), lockstep_tso_headers, BENCH_TSO_HEADERS);
			head->nb_segs = PIECES;
			head->pkt_len = FRAME;
			head->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG;
			head->l2_len = 14;
			head->l3_len = 20;
			head->l4_len = 20;
			head->tso_segsz = BENCH_TSO_MSS;
		}
		unsigned sent = rte_eth_tx_prepare(port, 0, frames, (uint16_t)count);
		done += rte_eth_tx_burst(port, 0, frames, (uint16_t)sent) * BENCH_TSO_SEGMENTS;
	}
	return done;
}

/* What testpmd writes into each mbuf besides the frame. */
static void set_mbuf(struct rte_mbuf *mbuf, uint16_t bytes)
{
	mbuf->data_len = bytes;
	mbuf->pkt_len = bytes;
	mbuf->nb_segs = 1;
	mbuf->ol_flags = 0;
	mbuf->vlan_tci = mbuf->vlan_tci_outer = 0;
	mbuf->l2_len = sizeof(struct rte_ether_hdr);
	mbuf->l3_len = sizeof(struct rte_ipv4_hdr);
}

static const struct headers {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
} __attribute__((packed, aligned(2))) plain = {
	.eth = {.dst_addr.addr_bytes = {2, 0, 0, 0, 0, 1}, .src_addr.addr_bytes = {2, 0, 0, 0, 0, 2}, .ether_type = 8},
	.ip = {.version_ihl = 0x45, .time_to_live = 64, .next_proto_id = 17},
	.udp = {.src_port = 0xe803, .dst_port = 0xe903},
};

/* As testpmd's txonly: the same three headers are copied into each frame, and no sum is reckoned. */
static unsigned run_txonly(uint16_t port, unsigned burst, unsigned packets, uint16_t bytes)
{
	struct rte_mbuf *mbufs[LOCKSTEP_PACKETS];
	unsigned done = 0;

	while (done < packets && rte_mempool_get_bulk(dpdk.pool, (void **)mbufs, burst) == 0) {
		for (unsigned i = 0; i < burst; i++) {
			struct headers *h;

			rte_pktmbuf_reset_headroom(mbufs[i]);
			set_mbuf(mbufs[i], bytes);
			h = rte_pktmbuf_mtod(mbufs[i], struct headers *);
			rte_memcpy(&h->eth, &plain.eth, sizeof(h->eth));
			rte_memcpy(&h->ip, &plain.ip, sizeof(h->ip));
			rte_memcpy(&h->udp, &plain.udp, sizeof(h->udp));
		}
		done += rte_eth_tx_burst(port, 0, mbufs, (uint16_t)burst);
	}
	return done;
}

/* As testpmd's flowgen: the destination counts through 1024 addresses, and IP's header has its sum; UDP has none, and
 * there is neither number nor time. It looks for packets first, of which here none come. */
static unsigned run_flowgen(uint16_t port, unsigned burst, unsigned packets, uint16_t bytes)
{
	static uint32_t flow;
	struct rte_mbuf *mbufs[LOCKSTEP_PACKETS];
	unsigned done = 0, n;

	while (done < packets) {
		n = rte_eth_rx_burst(port, 0, mbufs, (uint16_t)burst);
		rte_pktmbuf_free_bulk(mbufs, n);
		for (n = 0; n < burst && (mbufs[n] = rte_mbuf_raw_alloc(dpdk.pool)); n++) {
			struct headers *h = rte_pktmbuf_mtod(mbufs[n], struct headers *);

			set_mbuf(mbufs[n], bytes);
			mbufs[n]->next = NULL;
			*h = plain;
			h->ip.src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 254, 0, 0));
			h->ip.dst_addr = rte_cpu_to_be_32(RTE_IPV4(10, 253, 0, 0) + flow);
			h->ip.total_length = rte_cpu_to_be_16((uint16_t)(bytes - sizeof(h->eth)));
			h->ip.hdr_checksum = rte_ipv4_cksum(&h->ip);
			h->udp.dgram_len = rte_cpu_to_be_16((uint16_t)(bytes - sizeof(h->eth) - sizeof(h->ip)));
			flow = (flow + 1) % 1024;
		}
		if (n == 0)
			break;
		done += rte_eth_tx_burst(port, 0, mbufs, (uint16_t)n);
	}
	return done;
}

static unsigned handle_txonly(struct subject *subject, enum bench_job job, unsigned burst, unsigned packets)
{
	const struct pair *pair = subject->context;

	(void)job;
	return run_txonly(pair->out, burst, packets, (uint16_t)(subject->lockstep.frame_bytes - 4));
}

static unsigned handle_flowgen(struct subject *subject, enum bench_job job, unsigned burst, unsigned packets)
{
	const struct pair *pair = subject->context;

	(void)job;
	return run_flowgen(pair->out, burst, packets, (uint16_t)(subject->lockstep.frame_bytes - 4));
}

static unsigned handle(struct subject *subject, enum bench_job job, unsigned burst, unsigned packets)
{
	const struct pair *pair = subject->context;

	switch (job) {
	case BENCH_RX:
	case BENCH_RX_PLUS:
		return run_rx(pair->in, burst, packets);
	case BENCH_FWD_PLUS:
		return run_fwd_plus(pair, burst, packets);
	case BENCH_TSO:
		return run_tso(pair->out, burst, packets);
	case BENCH_TX:
		return run_tx(pair->out, burst, packets, (uint16_t)(subject->lockstep.frame_bytes - 4));
	default:
		return run_fwd(pair, burst, packets);
	}
}

/* ---- what a card would write ---- */

static uint8_t *frames[MBUFS];

/* The addresses are noted once, beforehand: the far core must not read an mbuf's own line, which it would take away
 * from the core that has just written it, as no card does. */
static void note_frame(struct rte_mempool *pool, void *context, void *object, unsigned index)
{
	const struct rte_mbuf *mbuf = object;

	(void)pool, (void)context;
	frames[index] = (uint8_t *)mbuf->buf_addr + RTE_PKTMBUF_HEADROOM;
}

static void *find_ring(uint16_t port, const char *kind)
{
	char name[RTE_MEMZONE_NAMESIZE];
	const struct rte_memzone *zone;

	snprintf(name, sizeof(name), "eth_p%u_q0_%s", port, kind);
	zone = rte_memzone_lookup(name);
	return zone ? zone->addr : NULL;
}

static void visit_memory(struct subject *subject, void (*visit)(void *context, void *at, size_t bytes), void *context)
{
	const struct pair *pair = subject->context;

	visit(context, pair->rings[0], LOCKSTEP_RING * 16);
	visit(context, pair->rings[1], LOCKSTEP_RING * 16);
	for (unsigned i = 0; i < MBUFS; i++)
		visit(context, frames[i], subject->lockstep.frame_bytes);
}

/* ---- set-up ---- */

static void close_nothing(struct subject *subject)
{
	(void)subject; /* nobody serves the registers any more, so DPDK cannot stop its ports: the process just ends */
}

static int start_eal(void)
{
	char core[16];
	const char *arguments[] = {"bench", "--in-memory", "--no-telemetry", "--iova-mode=va", "-m", "64",
		"--log-level=4", "-l", core, "-a", "0000:81:00.0", "-a", "0000:81:00.1", "-a", "0000:82:00.0", "-a",
		"0000:82:00.1", "-a", "0000:83:00.0", "-a", "0000:83:00.1"};
	cpu_set_t allowed;
	int cpu = 0;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	while (cpu < CPU_SETSIZE && !CPU_ISSET(cpu, &allowed))
		cpu++;
	snprintf(core, sizeof(core), "%d", cpu);
	if (rte_eal_init((int)(sizeof(arguments) / sizeof(*arguments)), (char **)(uintptr_t)arguments) < 0 ||
		rte_eth_dev_count_avail() != PORTS) {
		fprintf(stderr,
			"bench: DPDK did not find its %d ports, or no memory (%s): with Pollux it needs 164 hugepages "
			"of 2 MiB: tests/hugepages.sh 164\n",
			PORTS, rte_strerror(rte_errno));
		return -1;
	}
	rte_log_set_global_level(RTE_LOG_DEBUG);
	dpdk.pool = rte_pktmbuf_pool_create("bench", MBUFS, MBUF_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!dpdk.pool)
		return -1;
	rte_mempool_obj_iter(dpdk.pool, note_frame, NULL);
	return 0;
}

enum path { VECTOR, SCALAR, OFFLOADS, PATHS };

#define RX_OFFLOADS (RTE_ETH_RX_OFFLOAD_CHECKSUM | RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_RSS_HASH)
#define TX_OFFLOADS                                                                                                    \
	(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |                 \
		RTE_ETH_TX_OFFLOAD_VLAN_INSERT | RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS)

/* DPDK's fastest set-up: no offloads but those that are measured, nothing else that keeps it from its simplest
 * functions. @return 0 or DPDK's error */
static int set_up_port(uint16_t port, enum path path)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	struct rte_eth_txconf tx;
	struct rte_eth_rxconf rx;
	int error = rte_eth_dev_info_get(port, &info);

	if (error)
		return error;
	conf.txmode.offloads =
		info.tx_offload_capa & (path == OFFLOADS ? TX_OFFLOADS : RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE);
	if (path == OFFLOADS) {
		conf.rxmode.offloads = RX_OFFLOADS;
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IP & info.flow_type_rss_offloads;
	}
	tx = info.default_txconf;
	tx.tx_rs_thresh = tx.tx_free_thresh = 32;
	tx.offloads = conf.txmode.offloads;
	rx = info.default_rxconf;
	rx.rx_free_thresh = 32;
	rx.offloads = conf.rxmode.offloads;
	error = rte_eth_dev_configure(port, 1, 1, &conf);
	if (!error)
		error = rte_eth_rx_queue_setup(port, 0, LOCKSTEP_RING, (unsigned)SOCKET_ID_ANY, &rx, dpdk.pool);
	if (!error)
		error = rte_eth_tx_queue_setup(port, 0, LOCKSTEP_RING, (unsigned)SOCKET_ID_ANY, &tx);
	if (!error)
		error = rte_eth_dev_start(port);
	return error ? error : rte_eth_promiscuous_enable(port);
}

/* The driver tells which functions it has chosen in its log only. */
static bool chose(const char *log, enum path path, char functions[100])
{
	snprintf(functions, 100, "%s on receive, %s on transmit",
		strstr(log, "Vector rx enabled")                           ? "vector functions"
		: strstr(log, "Rx Burst Bulk Alloc function will be used") ? "scalar ones, in bulk,"
									   : "scalar ones",
		strstr(log, "Vector tx enabled")           ? "vector ones"
		: strstr(log, "Using simple tx code path") ? "simple ones"
							   : "full-featured scalar ones");
	if (path == OFFLOADS)
		return true;
	if (path == VECTOR)
		return strstr(log, "Vector rx enabled") && strstr(log, "Vector tx enabled");
	return strstr(log, "Rx Burst Bulk Alloc function will be used") && strstr(log, "Using simple tx code path") &&
	       !strstr(log, "Vector tx enabled") && !strstr(log, "Vector rx enabled");
}

static int start_port(uint16_t port, enum path path, char functions[100])
{
	struct rte_eth_link link = {0};
	char *log = NULL;
	size_t log_bytes;
	FILE *stream = open_memstream(&log, &log_bytes);
	int error;

	progress("DPDK's port %u is started", port);
	if (!stream || rte_openlog_stream(stream))
		return -ENOMEM;
	rte_log_set_level_pattern("pmd.net.ixgbe.init", RTE_LOG_DEBUG);
	error = set_up_port(port, path);
	rte_log_set_level_pattern("pmd.net.ixgbe.init", RTE_LOG_ERR);
	rte_openlog_stream(NULL);
	fclose(stream);
	if (error) {
		fprintf(stderr, "bench: DPDK does not start its port %u: %s\n", port, rte_strerror(-error));
	} else if (!chose(log, path, functions)) {
		error = -EINVAL;
		fprintf(stderr, "bench: DPDK did not choose its %s path; its log:\n%s",
			path == VECTOR ? "vector" : "scalar", log);
	}
	free(log);
	for (unsigned ms = 0; !error && !link.link_status && ms < LINK_MS; ms += 10) {
		usleep(10000);
		rte_eth_link_get_nowait(port, &link);
	}
	if (!error && !link.link_status) {
		error = -ETIMEDOUT;
		fprintf(stderr, "bench: the link of DPDK's port %u does not come up\n", port);
	}
	return error;
}

static int start_pair(struct subject *subject, enum path path, const char *name)
{
	struct pair *pair = &pairs[path];

	*pair = (struct pair){.in = (uint16_t)(2 * path), .out = (uint16_t)(2 * path + 1)};
	rte_vect_set_max_simd_bitwidth(path == SCALAR ? RTE_VECT_SIMD_DISABLED : RTE_VECT_SIMD_512);
	if (start_port(pair->in, path, pair->functions) || start_port(pair->out, path, pair->functions))
		return -1;
	pair->rings[0] = find_ring(pair->in, "rx_ring");
	pair->rings[1] = find_ring(pair->out, "tx_ring");
	if (!pair->rings[0] || !pair->rings[1]) {
		fprintf(stderr, "bench: DPDK's rings are not where its 22.11 has them\n");
		return -1;
	}
	*subject = (struct subject){.name = name,
		.context = pair,
		.burst_min = strncmp(pair->functions, "vector", 6) ? 1 : 4,
		.jobs = path == OFFLOADS ? JOBS_PLUS : JOBS_DPDK,
		.functions = pair->functions,
		.hugepages = true,
		.handle = handle,
		.visit_memory = visit_memory,
		.close = close_nothing};
	subject->lockstep.in = server_model(dpdk.servers[pair->in]);
	subject->lockstep.out = server_model(dpdk.servers[pair->out]);
	return 0;
}

int dpdk_subjects_open(struct subject *subjects, unsigned room)
{
	const char *folder = getenv("POLLUX_BENCH_SOCKETS");
	void *serving = dlsym(RTLD_DEFAULT, "pollux_preload_serving");
	int (*share)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "pollux_preload_share");

	if (!folder || room < SUBJECTS)
		return 0;
	if (!serving || !share) {
		fprintf(stderr, "bench: POLLUX_BENCH_SOCKETS is set, and tests/preload's library is not there: start "
				"it with tests/bench/run.sh\n");
		return -1;
	}
	if (open_servers(folder, serving) || start_eal() || start_pair(&subjects[0], VECTOR, "dpdk vector") ||
		start_pair(&subjects[1], SCALAR, "dpdk scalar") || start_pair(&subjects[2], OFFLOADS, "dpdk +"))
		return -1;
	/* what testpmd generates, on the ports with the fastest functions */
	subjects[3] = subjects[4] = subjects[VECTOR];
	subjects[3].name = "dpdk flowgen";
	subjects[3].handle = handle_flowgen;
	subjects[3].functions = "as testpmd's mode of that name: addresses count; IP's checksum, none of UDP";
	subjects[4].name = "dpdk txonly";
	subjects[4].handle = handle_txonly;
	subjects[4].functions = "as testpmd's mode of that name: all frames are the same";
	subjects[3].jobs = subjects[4].jobs = 1u << BENCH_GEN;
	subjects[3].burst_min = subjects[4].burst_min = 1;
	if (share()) {
		fprintf(stderr, "bench: the model does not offer its heads and tails as memory\n");
		return -1;
	}
	__atomic_store_n(&dpdk.stop, true, __ATOMIC_RELEASE);
	pthread_join(dpdk.thread, NULL);
	return SUBJECTS;
}
