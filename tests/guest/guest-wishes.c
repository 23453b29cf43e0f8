/* SPDX-License-Identifier: BSD-2-Clause
 * guest-wishes: sends the frames of a capture with wishes for checksums, segmentation and a VLAN tag, or receives
 * frames and says what the card tells of each. On the public API alone, so that others can judge what leaves and
 * arrives. */
#include "../../driver/nic.h"
#include "../model/wire/capture.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BURST = 32, PIECES = 32, BUFFERS = 4096, LINK_MS = 20000 };
#define IDLE_S 30. /* seconds */
enum { TCP = 6 };

struct wishes {
	bool ip, l4, vlan, offload, strip, checksum, filter;
	unsigned mss, tag, piece_bytes, queues, mtu;
};

struct port {
	struct dma_space *space;
	struct pkt_pool *pool;
	struct nic *nic;
};

static int failed(const char *what)
{
	fprintf(stderr, "guest-wishes: %s: %s\n", what, nic_error());
	return 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int port_open(struct port *p, const char *address, const struct wishes *w)
{
	struct nic_config config = {.mtu = (uint16_t)w->mtu,
		.rx_queues = (uint16_t)w->queues,
		.tx_queues = (uint16_t)w->queues,
		.promiscuous = true,
		.offloads = (w->offload ? NIC_TX_OFFLOAD : 0u) | (w->checksum ? NIC_RX_CHECKSUM : 0u) |
			    (w->strip ? NIC_RX_VLAN_STRIP : 0u)};
	struct nic_rss rss = {.headers = NIC_RSS_IPV4 | NIC_RSS_IPV4_TCP | NIC_RSS_IPV6 | NIC_RSS_IPV6_TCP};

	config.rss = w->queues > 1 ? &rss : NULL;
	if (dma_space_open(&p->space) ||
		pkt_pool_open(&p->pool, p->space, nic_pool_count(&config, 1, 1) + BUFFERS, -1) ||
		nic_open(&p->nic, address, p->space))
		return failed(address);
	config.pool = p->pool;
	if (nic_start(p->nic, &config))
		return failed("start");
	if (w->filter && nic_add_vlan(p->nic, w->tag))
		return failed("VLAN filter");
	return nic_wait_links(&p->nic, 1, LINK_MS, NULL) ? failed("link") : 0;
}

/** Ends it all. @return an exit status. */
static int port_close(struct port *p, struct nic_stats *stats)
{
	int status = 0;

	if (nic_stop(p->nic) || nic_get_stats(p->nic, stats))
		status = failed("stop");
	nic_close(p->nic);
	if (pkt_pool_close(p->pool))
		status = failed("pool");
	dma_space_unref(p->space);
	return status;
}

/** The wishes that make sense for a frame: the IPv4 checksum for IPv4, segments for TCP. */
static uint16_t wishes_for(const struct wishes *w, const uint8_t *frame)
{
	unsigned at = 12, flags = w->vlan ? PKT_VLAN : 0, protocol;
	bool v4;

	while ((frame[at] == 0x81 && frame[at + 1] == 0) || (frame[at] == 0x88 && frame[at + 1] == 0xA8))
		at += 4;
	v4 = frame[at] == 0x08;
	protocol = frame[at + 2 + (v4 ? 9 : 6)];
	if (!v4 && (protocol == 0 || protocol == 60))
		protocol = frame[at + 2 + 40];
	flags |= w->ip && v4 ? PKT_TX_IP_CHECKSUM : 0;
	flags |= w->l4 ? PKT_TX_L4_CHECKSUM : 0;
	flags |= w->mss && protocol == TCP ? PKT_TX_SEGMENT : 0;
	return (uint16_t)flags;
}

/** Fills handles with one frame. @return how many; 0: the pool is empty. */
static unsigned fill(struct port *p, const struct wishes *w, const struct model_frame *f, struct pkt *pkts)
{
	unsigned pieces = (f->len + w->piece_bytes - 1) / w->piece_bytes, at = 0;

	if (pieces > PIECES || pkt_alloc(p->pool, pkts, pieces) < pieces)
		return 0;
	for (unsigned i = 0; i < pieces; i++) {
		unsigned bytes = f->len - at < w->piece_bytes ? f->len - at : w->piece_bytes;

		memcpy(pkts[i].data, f->data + at, bytes);
		pkts[i].len = (uint16_t)bytes;
		pkts[i].flags = i + 1 < pieces ? PKT_MORE : 0;
		at += bytes;
	}
	pkts[0].flags |= wishes_for(w, f->data);
	pkts[0].hash = 0;
	pkts[0].mss = (uint16_t)w->mss;
	pkts[0].vlan = (uint16_t)w->tag;
	return pieces;
}

static int send_all(const char *address, const char *path, const struct wishes *w)
{
	struct port p = {0};
	struct capture capture = {0};
	struct nic_stats stats = {0};
	struct pkt pkts[PIECES];
	char error[256];
	double until;

	if (capture_load(&capture, path, error, sizeof(error))) {
		fprintf(stderr, "guest-wishes: %s\n", error);
		return 2;
	}
	if (port_open(&p, address, w))
		return 1;
	until = now() + IDLE_S;
	for (unsigned i = 0; i < capture.count && now() < until; i++) {
		unsigned queue = i % (w->queues ? w->queues : 1), n = fill(&p, w, &capture.frames[i], pkts);

		if (!n) {
			fprintf(stderr, "guest-wishes: no buffers for frame %u\n", i);
			break;
		}
		while (nic_tx(nic_txq(p.nic, queue), pkts, n) == 0 && now() < until)
			;
		until = now() + IDLE_S;
	}
	int status = port_close(&p, &stats);
	printf("sent %" PRIu64 " frames, %" PRIu64 " of them more by segmentation; bad %" PRIu64 ", unsent %" PRIu64
	       "; in software: checksums %" PRIu64 ", segmented %" PRIu64 ", tags %" PRIu64 "\n",
		stats.tx_packets, stats.tx_segments_more, stats.tx_bad_packets, stats.tx_unsent,
		stats.tx_software_checksums, stats.tx_software_segmented, stats.tx_software_vlans);
	capture_free(&capture);
	return status;
}

static const char *verdict(uint16_t flags, uint16_t checked, uint16_t bad)
{
	return !(flags & checked) ? "-" : flags & bad ? "bad" : "good";
}

/** Receives until so many frames have come. */
static int receive_all(const char *address, uint64_t count, const struct wishes *w)
{
	struct port p = {0};
	struct nic_stats stats = {0};
	struct pkt pkts[BURST];
	uint64_t received = 0;
	double until;

	if (port_open(&p, address, w))
		return 1;
	printf("listening\n");
	fflush(stdout);
	for (until = now() + IDLE_S; received < count && now() < until;)
		for (unsigned q = 0; q < (w->queues ? w->queues : 1); q++) {
			unsigned n = nic_rx(nic_rxq(p.nic, q), pkts, BURST);

			for (unsigned i = 0; i < n; i++) {
				printf("len %u ip %s l4 %s vlan ", pkts[i].len,
					verdict(pkts[i].flags, PKT_IP_CHECKED, PKT_IP_BAD),
					verdict(pkts[i].flags, PKT_L4_CHECKED, PKT_L4_BAD));
				if (pkts[i].flags & PKT_VLAN)
					printf("%04x", pkts[i].vlan);
				else
					printf("-");
				printf(" queue %u hash %08x\n", q, w->strip ? pkts[i].hash & 0xFFFF : pkts[i].hash);
				received += !(pkts[i].flags & PKT_MORE);
			}
			pkt_free(pkts, n);
			until = n ? now() + IDLE_S : until;
		}
	int status = port_close(&p, &stats);
	printf("received %" PRIu64 " frames, missed %" PRIu64 ", bad %" PRIu64 "\n", received, stats.rx_missed,
		stats.rx_bad_packets);
	return status || received < count;
}

static const char help[] =
	"Usage: guest-wishes send ADDRESS CAPTURE [--ip] [--l4] [--segment MSS] [--vlan TAG] [--offload]\n"
	"                    [--piece BYTES] [--mtu BYTES] [--queues N]\n"
	"       guest-wishes receive ADDRESS COUNT [--checksum] [--strip] [--filter VLAN] [--queues N]\n"
	"Wishes are made where they make sense: --ip for IPv4, --segment for TCP. --offload: by burst functions that "
	"are\n"
	"fast with wishes. --piece: frames lie in pieces of so many bytes, 2048 at most.\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"ip", no_argument, NULL, 'i'},
		{"l4", no_argument, NULL, 'l'},
		{"segment", required_argument, NULL, 's'},
		{"vlan", required_argument, NULL, 'v'},
		{"offload", no_argument, NULL, 'o'},
		{"piece", required_argument, NULL, 'p'},
		{"mtu", required_argument, NULL, 'm'},
		{"queues", required_argument, NULL, 'q'},
		{"checksum", no_argument, NULL, 'c'},
		{"strip", no_argument, NULL, 't'},
		{"filter", required_argument, NULL, 'f'},
		{NULL, 0, NULL, 0},
	};
	struct wishes w = {.piece_bytes = PKT_DATA_BYTES};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned number = optarg ? (unsigned)strtoul(optarg, NULL, 0) : 0;

		w.ip |= option == 'i';
		w.l4 |= option == 'l';
		w.vlan |= option == 'v';
		w.offload |= option == 'o';
		w.checksum |= option == 'c';
		w.strip |= option == 't';
		w.filter |= option == 'f';
		w.mss = option == 's' ? number : w.mss;
		w.tag = option == 'v' || option == 'f' ? number : w.tag;
		w.piece_bytes = option == 'p' ? number : w.piece_bytes;
		w.mtu = option == 'm' ? number : w.mtu;
		w.queues = option == 'q' ? number : w.queues;
		if (option == '?')
			return 2;
	}
	argv += optind;
	if (argc - optind == 3 && w.piece_bytes && w.piece_bytes <= PKT_DATA_BYTES && strcmp(argv[0], "send") == 0)
		return send_all(argv[1], argv[2], &w);
	if (argc - optind == 3 && strcmp(argv[0], "receive") == 0)
		return receive_all(argv[1], strtoull(argv[2], NULL, 0), &w);
	fputs(help, stderr);
	return 2;
}
