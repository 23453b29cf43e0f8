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
#include "echo_nic.h"

#define BURST       32
#define CLOCK_TURNS 1024 /* turns of the loop from one look at the clock to the next */
#define OUTPUT      1u   /* the mask of the only output */

static struct echo_nic port;
static struct nic_pipe *pipe_back;
static struct nic_pipe_stats total; /* of pipes that a reset has ended */

static void open_pipe(void)
{
	const struct nic_queue queue = {.nic = port.nic};

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

/* What the pipe does with each packet. */
static inline uint32_t answer(void *context, struct pkt *pkt)
{
	(void)context;
	return echo_answer(pkt->data, pkt->data + pkt->len) ? OUTPUT : 0;
}

int main(int argc, char **argv)
{
	static const struct echo_program program = {
		.name = "echo-pipe",
		.about = "Answers by Pollux's pipe. PORT is 0000:03:00.0, or vfio-user:SOCKET.",
		.port = "PORT",
		.most_ports = 1,
		.options = echo_nic_options,
	};
	const char *ports[2];

	echo_begin(&program, argc, argv, ports);
	echo_nic_open(&port, &program, ports[0]);
	open_pipe();
	echo_nic_wait_link(&port);
	echo_ready();
	for (unsigned turn = 0; !echo_stopped; turn++) {
		if (turn % CLOCK_TURNS == 0 && echo_nic_service(&port)) {
			close_pipe(); /* the reset has ended it */
			open_pipe();
		}
		nic_pipe_run(pipe_back, BURST, answer, NULL);
	}
	close_pipe();
	echo_nic_close(&port);
	uint64_t requests = total.packets - total.dropped;
	return echo_end("pollux-pipe", requests, requests - total.blocked - total.bad);
}
