/* SPDX-License-Identifier: BSD-2-Clause
 * The echo with Pollux's pipe: as echo-pollux, and besides no pool is in the loop. A frame is sent from where the card
 * has put it: receive ring and transmit ring share the buffers that lie in their slots, and exchange them. The function
 * that sees each packet is a constant, so the compiler puts it into the loop. It is for programs that never keep a
 * packet.
 *
 * Settings (driver/pipe.h): as those of echo-pollux; both rings have the same size. */
#include "../../driver/pipe.h"

#include "echo.h"
#include "echo_frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#define BURST       32
#define LINK_MS     20000
#define CLOCK_TURNS 1024 /* turns of the loop from one look at the clock to the next */
#define OUTPUT      1u   /* the mask of the only output */

static struct nic *nic;
static struct nic_pipe *pipe_back;
static struct dma_space *space;
static struct nic_pipe_stats total; /* of pipes that a reset has ended */

static void open_pipe(void)
{
	const struct nic_queue queue = {.nic = nic};

	if (nic_pipe_open(&pipe_back, &queue, &queue, 1))
		echo_fail("%s", nic_error());
}

static void close_pipe(void)
{
	struct nic_pipe_stats stats;

	nic_pipe_get_stats(pipe_back, &stats);
	total.packets += stats.packets;
	total.dropped += stats.dropped;
	total.blocked += stats.blocked;
	total.bad += stats.bad;
	nic_pipe_close(pipe_back);
}

static void open_port(const char *address, const char *simd)
{
	struct nic_config config = {.promiscuous = true};

	while (simd && strcasecmp(simd, pkt_simd_name(config.simd)) != 0)
		if (++config.simd > PKT_SIMD_AVX512) {
			fprintf(stderr, "echo-pipe: --simd %s: scalar, AVX2 or AVX-512 is wanted: see --help\n", simd);
			exit(2);
		}
	if (dma_space_open(&space) || nic_open(&nic, address, space) || nic_start(nic, &config))
		echo_fail("%s", nic_error());
	open_pipe();
	if (nic_wait_links(&nic, 1, LINK_MS, NULL))
		echo_fail("%s", nic_error());
}

/* What is to be done once a second: counters are read before they wrap, and a card that hangs is reset, which ends its
 * pipe. */
static void service(void)
{
	static time_t serviced;
	uint32_t events = 0;

	if (time(NULL) == serviced)
		return;
	serviced = time(NULL);
	if (nic_service(nic, &events))
		echo_fail("%s", nic_error());
	if (!(events & NIC_NEEDS_RESET))
		return;
	if (nic_reset(nic))
		echo_fail("%s", nic_error());
	close_pipe();
	open_pipe();
}

/* What the pipe does with each packet. */
static inline uint32_t answer(void *context, struct pkt *pkt)
{
	(void)context;
	return echo_answer(pkt->data, pkt->data + pkt->len) ? OUTPUT : 0;
}

int main(int argc, char **argv)
{
	const char *ports[2], *simd = NULL;
	const struct echo_option options[] = {
		{.name = "--simd", .help = "scalar, AVX2 or AVX-512; default: the best", .value = &simd},
		{.name = NULL},
	};
	const struct echo_program program = {
		.name = "echo-pipe",
		.about = "Answers by Pollux's pipe. PORT is 0000:03:00.0, or vfio-user:SOCKET.",
		.port = "PORT",
		.most_ports = 1,
		.options = options,
	};

	echo_begin(&program, argc, argv, ports);
	open_port(ports[0], simd);
	echo_ready();
	for (unsigned turn = 0; !echo_stopped; turn++) {
		if (turn % CLOCK_TURNS == 0)
			service();
		nic_pipe_run(pipe_back, BURST, answer, NULL);
	}
	close_pipe();
	nic_close(nic);
	dma_space_unref(space);
	uint64_t requests = total.packets - total.dropped;
	return echo_end("pollux-pipe", requests, requests - total.blocked - total.bad);
}
