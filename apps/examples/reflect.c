/* SPDX-License-Identifier: BSD-2-Clause
 * An application on the public API: sends back all that a port receives, with the Ethernet addresses swapped. README.md
 * shows it, and says how it is built against the installed library. */
#include <pollux/driver/nic.h>
#include <stdio.h>
#include <time.h>

static int fail(void)
{
	fprintf(stderr, "%s\n", nic_error());
	return 1;
}

int main(int argc, char **argv) /* e.g. ./reflect vfio-user:/tmp/port0 */
{
	struct nic_config config = {.promiscuous = true}; /* the rest: sensible defaults */
	struct dma_space *space;
	struct nic *nic;
	struct pkt pkts[32];

	if (argc != 2)
		return 2;
	if (dma_space_open(&space))
		return fail();
	if (nic_open(&nic, argv[1], space) || nic_start(nic, &config))
		return fail();
	if (nic_wait_links(&nic, 1, 10000, NULL))
		return fail();
	for (time_t serviced = 0;;) {
		if (time(NULL) != serviced) { /* once a second; at least every 30 */
			serviced = time(NULL);
			uint32_t events;
			if (nic_service(nic, &events))
				return fail();
			if (events & NIC_NEEDS_RESET && nic_reset(nic)) /* the card hangs */
				return fail();
		}
		unsigned n = nic_rx(nic_rxq(nic, 0), pkts, 32);
		for (unsigned i = 0; i < n; i++) { /* swap the addresses */
			uint8_t *mac = pkts[i].data;
			for (int b = 0; b < 6; b++) {
				uint8_t byte = mac[b];
				mac[b] = mac[6 + b];
				mac[6 + b] = byte;
			}
		}
		unsigned sent = nic_tx(nic_txq(nic, 0), pkts, n);
		pkt_free(pkts + sent, n - sent); /* the ring was full */
	}
}
