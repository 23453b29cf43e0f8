/* SPDX-License-Identifier: BSD-2-Clause
 * guest-pages: packets of a pool so large that it lies in a page of 1 GiB, from one port to another by a cable, from
 * both ends of the pool. The applications' pools are too small for such a page. */
#include "../../driver/nic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_1G ((size_t)1 << 30)
#define BUFFERS 400000u /* nine tenths of the page: a smaller part would not be worth it */
#define ROUNDS  200u
#define BURST   32u
#define BYTES   1000u
#define SECONDS 30

static struct pkt held[BUFFERS];

static int fail(const char *what)
{
	fprintf(stderr, "guest-pages: %s: %s\n", what, nic_error());
	return 1;
}

static struct nic *open_port(const char *address, struct dma_space *space, struct pkt_pool *pool)
{
	const struct nic_config config = {.pool = pool, .promiscuous = true};
	struct nic *nic;

	return nic_open(&nic, address, space) == 0 && nic_start(nic, &config) == 0 ? nic : NULL;
}

static bool wait_for_link(struct nic *nic)
{
	struct nic_link link = {0};
	time_t end = time(NULL) + SECONDS;

	while (!link.up && time(NULL) < end)
		nic_get_link(nic, &link);
	return link.up;
}

/** @return how many of the burst's frames came as they were sent */
static unsigned receive(struct nic_rxq *queue, uint32_t number)
{
	struct pkt pkts[BURST];
	unsigned good = 0;
	time_t end = time(NULL) + SECONDS;

	while (good < BURST && time(NULL) < end) {
		unsigned n = nic_rx(queue, pkts, BURST - good);
		for (unsigned i = 0; i < n; i++) {
			uint32_t got;
			memcpy(&got, pkts[i].data + 14, sizeof(got));
			bool same = pkts[i].len == BYTES && got == number + good;
			for (unsigned b = 18; b < BYTES && same; b++)
				same = pkts[i].data[b] == (uint8_t)(got + b);
			good += same;
		}
		pkt_free(pkts, n);
	}
	return good;
}

/** Bursts of numbered frames; before each, some of the pool's buffers are put aside, so that others take their turn. */
static int exchange(struct nic *from, struct nic *to, struct pkt_pool *pool)
{
	unsigned put_aside = 0;
	int status = 0;

	for (unsigned round = 0; round < ROUNDS && !status; round++) {
		struct pkt pkts[BURST];

		if (round % 2)
			put_aside += pkt_alloc(pool, held + put_aside, BUFFERS / 2 / ROUNDS * 2 - 64);
		if (pkt_alloc(pool, pkts, BURST) != BURST)
			return fail("the pool is empty");
		for (uint32_t i = 0; i < BURST; i++) {
			uint32_t number = round * BURST + i;
			memset(pkts[i].data, 0x02, 12);
			memcpy(pkts[i].data + 12, "\x88\xb5", 2);
			memcpy(pkts[i].data + 14, &number, sizeof(number));
			for (unsigned b = 18; b < BYTES; b++)
				pkts[i].data[b] = (uint8_t)(number + b);
			pkts[i].len = BYTES;
		}
		unsigned sent = nic_tx(nic_txq(from, 0), pkts, BURST), came = receive(nic_rxq(to, 0), round * BURST);
		pkt_free(pkts + sent, BURST - sent);
		if (came != BURST) {
			fprintf(stderr, "guest-pages: round %u: %u of %u frames came as they were sent\n", round, came,
				BURST);
			status = 1;
		}
	}
	pkt_free(held, put_aside);
	return status;
}

int main(int argc, char **argv)
{
	struct dma_space *space;
	struct pkt_pool *pool;
	struct nic *from, *to;

	if (argc != 3) {
		fprintf(stderr, "Usage: guest-pages PORT PORT\n");
		return 2;
	}
	if (dma_space_open(&space) || pkt_pool_open(&pool, space, BUFFERS, -1))
		return fail("no pool");
	if (pkt_pool_page_bytes(pool) != PAGE_1G) {
		fprintf(stderr, "guest-pages: the pool lies in pages of %zu bytes\n",
			(size_t)pkt_pool_page_bytes(pool));
		return 1;
	}
	if (!(from = open_port(argv[1], space, pool)) || !(to = open_port(argv[2], space, pool)))
		return fail("a port");
	if (!wait_for_link(from) || !wait_for_link(to))
		return fail("no link");
	int status = exchange(from, to, pool);
	nic_stop(from);
	nic_stop(to);
	nic_close(from);
	nic_close(to);
	if (pkt_pool_close(pool))
		status = fail("the pool");
	dma_space_unref(space);
	if (!status)
		printf("%u frames came as they were sent\n", ROUNDS * BURST);
	return status;
}
