/* SPDX-License-Identifier: BSD-2-Clause
 * The echo with DPDK: its poll-mode driver owns the card in the process, as Pollux does, and avoids the same costs of
 * the kernel. A packet is an mbuf: a structure of two cache lines in front of each buffer, which receive writes and
 * transmit reads.
 *
 * Settings, of the guide of its ixgbe driver (doc.dpdk.org/guides/nics/ixgbe.html, "Vector PMD"): no receive offload,
 * of transmit's the one that makes freeing quick (MBUF_FAST_FREE: all mbufs are of one pool, and nobody else has
 * them), rx_free_thresh 32 and a divisor of the ring, tx_rs_thresh 32, so that it takes its vector functions; bursts of
 * 32, which these want at least; rings of 512 and a cache of 256 mbufs, as its own examples have.
 *
 * In a guest whose card and CPU are emulated other settings are better, and the comparison takes these there:
 * --simd-bits 64 --rx-free-thresh 128. Each write of the receive ring's tail leaves the guest, for some microseconds.
 * The vector functions write it for each 32 packets, whatever rx_free_thresh is; the scalar ones ("bulk allocation")
 * for each rx_free_thresh, so 128 saves three of four. Vectors save nothing where they are translated. */
#include "echo.h"
#include "echo_frame.h"

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BURST      32
#define RING       512
#define MBUFS      4095 /* one less than a power of two is what the pool stores best */
#define MBUF_CACHE 256
#define LINK_MS    60000 /* it looks for the module of a card first */

static const char *simd_bits, *rx_free_thresh = "32";

/* Whether the kernel has 64 MiB in free hugepages. */
static bool has_hugepages(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");
	unsigned pages = 0;

	if (!file)
		return false;
	if (fscanf(file, "%u", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages >= 32;
}

static void start_eal(const char *address)
{
	const char *arguments[20] = {"echo-dpdk", "--in-memory", "--no-telemetry", "--iova-mode=va", "-m", "64",
		"--log-level=4", "-a", address};
	char bits[64], core[16];
	int count = 9, cpu = sched_getcpu();

	snprintf(core, sizeof(core), "%d", cpu < 0 ? 0 : cpu);
	arguments[count++] = "-l";
	arguments[count++] = core;
	if (!has_hugepages())
		arguments[count++] = "--no-huge";
	if (simd_bits) {
		snprintf(bits, sizeof(bits), "--force-max-simd-bitwidth=%s", simd_bits);
		arguments[count++] = bits;
	}
	if (rte_eal_init(count, (char **)(uintptr_t)arguments) < 0)
		echo_fail("DPDK does not start: %s", rte_strerror(rte_errno));
	if (rte_eth_dev_count_avail() != 1)
		echo_fail("DPDK has no driver for %s, or it is not bound to vfio-pci: pollux-bind bind %s", address,
			address);
}

static void start_port(struct rte_mempool *pool)
{
	struct rte_eth_conf config = {0};
	struct rte_eth_dev_info info;
	struct rte_eth_link link = {0};
	int error = rte_eth_dev_info_get(0, &info);

	if (!error) {
		config.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
		error = rte_eth_dev_configure(0, 1, 1, &config);
	}
	struct rte_eth_rxconf rx = info.default_rxconf;
	rx.rx_free_thresh = (uint16_t)atoi(rx_free_thresh);
	if (!error)
		error = rte_eth_rx_queue_setup(0, 0, RING, (unsigned)SOCKET_ID_ANY, &rx, pool);
	struct rte_eth_txconf tx = info.default_txconf;
	tx.tx_rs_thresh = tx.tx_free_thresh = BURST;
	tx.offloads = config.txmode.offloads;
	if (!error)
		error = rte_eth_tx_queue_setup(0, 0, RING, (unsigned)SOCKET_ID_ANY, &tx);
	if (!error)
		error = rte_eth_dev_start(0);
	if (!error)
		error = rte_eth_promiscuous_enable(0);
	for (unsigned ms = 0; !error && !link.link_status; ms++) {
		if (ms == LINK_MS)
			echo_fail("there is no link: is the cable in, and the other end up?");
		usleep(1000);
		error = rte_eth_link_get_nowait(0, &link);
	}
	if (error)
		echo_fail("the port does not start: %s", rte_strerror(-error));
}

/* Keeps the requests, as answers, and frees the rest. @return how many are kept */
static uint16_t answer(struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint8_t *frame = rte_pktmbuf_mtod(mbufs[i], uint8_t *);
		if (echo_answer(frame, frame + mbufs[i]->data_len))
			mbufs[kept++] = mbufs[i];
		else
			rte_pktmbuf_free(mbufs[i]);
	}
	return kept;
}

int main(int argc, char **argv)
{
	static const struct echo_option options[] = {
		{.name = "--simd-bits",
			.help = "of its vectors at most, 64 for none (--force-max-simd-bitwidth)",
			.value = &simd_bits},
		{.name = "--rx-free-thresh",
			.help = "N: used descriptors that are given back at once (32); a divisor of 512",
			.value = &rx_free_thresh},
		{.name = NULL},
	};
	static const struct echo_program program = {
		.name = "echo-dpdk",
		.about = "Answers by DPDK's poll-mode driver. PORT is 0000:03:00.0.",
		.port = "PORT",
		.most_ports = 1,
		.options = options,
	};
	const char *ports[2];
	uint64_t received = 0, sent = 0;
	struct rte_mbuf *mbufs[BURST];

	echo_begin(&program, argc, argv, ports);
	int thresh = atoi(rx_free_thresh);
	if (thresh < BURST || thresh >= RING || RING % thresh != 0)
		echo_misused(&program, "--rx-free-thresh: 32, 64, 128 or 256, not ", rx_free_thresh);
	start_eal(ports[0]);
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("echo", MBUFS, MBUF_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!pool)
		echo_fail("no memory for %u mbufs: %s", MBUFS, rte_strerror(rte_errno));
	start_port(pool);
	echo_ready();
	while (!echo_stopped) {
		uint16_t n = rte_eth_rx_burst(0, 0, mbufs, BURST);
		if (n == 0)
			continue;
		n = answer(mbufs, n);
		uint16_t taken = rte_eth_tx_burst(0, 0, mbufs, n);
		rte_pktmbuf_free_bulk(mbufs + taken, n - taken); /* the ring is full: the peer counts these as lost */
		received += n;
		sent += taken;
	}
	rte_eth_dev_stop(0);
	rte_eth_dev_close(0);
	rte_eal_cleanup();
	return echo_end("dpdk", received, sent);
}
