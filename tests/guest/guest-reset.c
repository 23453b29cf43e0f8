/* SPDX-License-Identifier: BSD-2-Clause
 * guest-reset: resets ports in place while frames go from one to the other by a cable, and after a DMA read that the
 * IOMMU refuses. At the end all frames are accounted for. */
#include "../../driver/gigabit/gigabit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BYTES    100u
#define BURST    16u
#define FRAMES   500u /* between two resets */
#define ROUNDS   6u
#define LINK_MS  30000u
#define PATIENCE 3000u /* milliseconds without a frame */

static struct nic *from, *to;
static uint64_t sent, taken;

static int fail(const char *what)
{
	fprintf(stderr, "guest-reset: %s: %s\n", what, nic_error());
	return 1;
}

static unsigned take(void)
{
	struct pkt pkts[BURST];
	unsigned n = nic_rx(nic_rxq(to, 0), pkts, BURST);
	pkt_free(pkts, n);
	taken += n;
	return n;
}

static unsigned send(unsigned count)
{
	struct pkt pkts[BURST];
	unsigned n = pkt_alloc(from->config.pool, pkts, count);
	for (unsigned i = 0; i < n; i++) {
		memset(pkts[i].data, 0, BYTES);
		memcpy(pkts[i].data, "\x02\x01\x02\x03\x04\x05", 6);
		memset(pkts[i].data + 6, 0x02, 6);
		memcpy(pkts[i].data + 12, "\x88\xb5", 2);
		pkts[i].len = BYTES;
	}
	unsigned done = nic_tx(nic_txq(from, 0), pkts, n);
	pkt_free(pkts + done, n - done);
	sent += done;
	return done;
}

/* Sends until so many more have come. False: they stopped coming. */
static bool flows(unsigned count)
{
	uint64_t goal = taken + count;
	for (unsigned idle = 0; taken < goal && idle < PATIENCE; idle++) {
		send(BURST);
		if (take())
			idle = 0;
		usleep(1000);
	}
	return taken >= goal;
}

/* Resets a port with frames in its rings. */
static bool reset(struct nic *nic)
{
	struct nic *const both[] = {from, to};
	send(BURST);
	return nic_reset(nic) == 0 && nic_wait_links(both, 2, LINK_MS, NULL) == 0;
}

/* One frame of an address that is mapped for nobody. */
static void read_what_is_not_there(void)
{
	struct ring_txq *queue = (struct ring_txq *)nic_txq(from, 0);
	queue->iova_offset += UINT64_C(1) << 31;
	send(1);
	usleep(100000);
	queue->iova_offset -= UINT64_C(1) << 31;
	/* As a real 82576 is after that, until a function reset */
	if (gigabit_chip(from)->wedges)
		((struct gigabit *)from)->wedged = true;
}

static struct nic *open_port(const char *address)
{
	static const uint8_t added[6] = {0x02, 1, 2, 3, 4, 5};
	struct dma_space *space;
	struct nic *nic;
	if (dma_space_open(&space) || nic_open(&nic, address, space))
		return NULL;
	dma_space_unref(space);
	return nic_add_mac(nic, added) == 0 && nic_start(nic, NULL) == 0 ? nic : NULL;
}

/* The counters of a stopped port add up. */
static bool adds_up(void)
{
	struct nic_stats rx, tx;
	nic_get_stats(from, &tx);
	nic_get_stats(to, &rx);
	printf("%lu frames given, %lu sent, %lu not; %lu received, %lu taken, %lu left; %lu and %lu resets\n", sent,
		tx.tx_packets, tx.tx_unsent, rx.rx_packets, taken, rx.rx_left, tx.resets, rx.resets);
	return sent == tx.tx_packets + tx.tx_unsent && rx.rx_packets >= taken + rx.rx_left &&
	       rx.rx_packets <= tx.tx_packets && rx.rx_bad_packets + tx.tx_bad_packets == 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 3) {
		fprintf(stderr, "Usage: guest-reset FROM TO\n");
		return 2;
	}
	if (!(from = open_port(argv[1])) || !(to = open_port(argv[2])))
		return fail("a port");
	if (nic_wait_links((struct nic *[]){from, to}, 2, LINK_MS, NULL))
		return fail("no link");
	for (unsigned i = 0; i < ROUNDS; i++)
		if (!flows(FRAMES) || !reset(i % 2 ? from : to))
			return fail("a reset");
	read_what_is_not_there();
	if (!reset(from) || !flows(FRAMES))
		return fail("after the DMA fault");
	struct nic_note note;
	for (uint64_t next = 0; nic_get_notes(from, &next, &note, 1);)
		printf("note: %s\n", note.text);
	if (nic_stop(from) || nic_stop(to))
		return fail("stop");
	bool right = adds_up();
	nic_close(from);
	nic_close(to);
	return right ? 0 : 1;
}
