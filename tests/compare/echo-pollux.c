/* SPDX-License-Identifier: BSD-2-Clause
 * The echo with Pollux's bursts. The process owns the card: VFIO maps the card's registers into it, it writes
 * descriptors and doorbells itself, and the card's DMA brings frames straight into its buffers. Of the kernel's costs
 * none is left per packet: no system call, no copy, no socket buffer, no interrupt, no lock, no protocol layer. The
 * price is a core that looks all the time, and a card that the kernel does not have any more.
 *
 * Settings (driver/nic.h): bursts of 32 and rings of 512, which is the default; no offloads, no interrupts. Of the
 * instruction sets PKT_SIMD_AUTO takes the best; on a CPU that QEMU emulates that is scalar code, since there each
 * vector instruction is a call. */
#include "echo.h"
#include "echo_frame.h"
#include "echo_nic.h"

#define BURST       32
#define CLOCK_TURNS 1024 /* turns of the loop from one look at the clock to the next */

/* Keeps the requests, as answers, and frees the rest. @return how many are kept */
static unsigned answer(struct pkt *pkts, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		bool is_whole = !(pkts[i].flags & PKT_MORE);
		if (is_whole && echo_answer(pkts[i].data, pkts[i].data + pkts[i].len))
			pkts[kept++] = pkts[i];
		else
			pkt_free(&pkts[i], 1);
	}
	return kept;
}

int main(int argc, char **argv)
{
	static const struct echo_program program = {
		.name = "echo-pollux",
		.about = "Answers by Pollux's bursts. PORT is 0000:03:00.0, or vfio-user:SOCKET.",
		.port = "PORT",
		.most_ports = 1,
		.options = echo_nic_options,
	};
	const char *ports[2];
	struct echo_nic port = {0};
	uint64_t received = 0, sent = 0;
	struct pkt pkts[BURST];

	echo_begin(&program, argc, argv, ports);
	echo_nic_open(&port, &program, ports[0]);
	echo_nic_wait_link(&port);
	struct nic_rxq *rx = nic_rxq(port.nic, 0);
	struct nic_txq *tx = nic_txq(port.nic, 0);
	echo_ready();
	for (unsigned turn = 0; !echo_stopped; turn++) {
		if (turn % CLOCK_TURNS == 0)
			echo_nic_service(&port);
		unsigned n = nic_rx(rx, pkts, BURST);
		if (n == 0)
			continue;
		n = answer(pkts, n);
		unsigned taken = nic_tx(tx, pkts, n);
		pkt_free(pkts + taken, n - taken); /* the ring is full: the peer counts these as lost */
		received += n;
		sent += taken;
	}
	echo_nic_close(&port);
	return echo_end("pollux", received, sent);
}
