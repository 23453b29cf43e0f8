/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-pcap-check: judges the frames of a capture that a packet generator made: IPv4 and UDP with right lengths and
 * checksums, and what else is asked for. */
#include "wire/capture.h"
#include "wire/text.h"

#include "../../apps/app_output.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOUND    0
#define UNSOUND  1
#define UNUSABLE 2

static const char help[] =
	"Usage: pollux-pcap-check [--to MAC] [--from MAC] [--size BYTES] [--count N] [--flows N] CAPTURE\n"
	"Looks at each frame of an Ethernet capture: it must be IPv4 and UDP, without options or fragments, with "
	"lengths that fit the\n"
	"frame, a right header checksum, and a UDP checksum that is right or 0 (none). Addresses, the size of all "
	"frames (without FCS),\n"
	"their number, and the number of different addresses and ports can be demanded.\n"
	"Exit status: 0 all sound; 1 not, the first such frame is named; 2 the capture cannot be used.\n";

enum { ETHERTYPE = 12, IP = 14, UDP = 34, HEADERS = 42 };

static struct {
	const char *to, *from;
	uint64_t size, count, flows; /* 0: any */
} wanted;

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static unsigned sum16(unsigned sum, const uint8_t *data, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i += 2)
		sum += (unsigned)(data[i] << 8) + (i + 1 < bytes ? data[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static bool address_is(const uint8_t *mac, const char *text)
{
	char name[18];
	snprintf(name, sizeof(name), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return !text || strcasecmp(name, text) == 0;
}

/** @return what is wrong with a frame; NULL: nothing. */
static const char *fault(const struct model_frame *frame)
{
	const uint8_t *f = frame->data;
	unsigned total, udp;
	if (wanted.size && frame->len != wanted.size)
		return "its size";
	if (frame->len < HEADERS || get16(f + ETHERTYPE) != 0x0800)
		return "not IPv4";
	if (!address_is(f, wanted.to))
		return "its destination";
	if (!address_is(f + 6, wanted.from))
		return "its source";
	if (f[IP] != 0x45 || f[IP + 9] != 17 || (get16(f + IP + 6) & 0x3fff))
		return "not UDP, or with IP options, or a fragment";
	total = get16(f + IP + 2);
	udp = get16(f + UDP + 4);
	/* what is too short for Ethernet is padded */
	if (total < HEADERS - IP || total > frame->len - IP || (total < frame->len - IP && frame->len > 60) ||
		udp != total - (UDP - IP))
		return "its lengths";
	if (sum16(0, f + IP, UDP - IP) != 0xffff)
		return "its IP header checksum";
	if (get16(f + UDP + 6) && sum16(sum16(17 + udp, f + IP + 12, 8), f + UDP, udp) != 0xffff)
		return "its UDP checksum";
	return NULL;
}

static int compare_flows(const void *a, const void *b)
{
	return memcmp(a, b, 12);
}

/** Counts the different addresses and ports. */
static unsigned long flows(const struct capture *capture)
{
	uint8_t(*all)[12] = calloc(capture->count + 1, sizeof(*all));
	unsigned long different = 0;
	if (!all)
		return 0;
	for (uint32_t i = 0; i < capture->count; i++)
		memcpy(all[i], capture->frames[i].data + IP + 12, 12);
	qsort(all, capture->count, sizeof(*all), compare_flows);
	for (uint32_t i = 0; i < capture->count; i++)
		different += i == 0 || compare_flows(all[i], all[i - 1]) != 0;
	free(all);
	return different;
}

static int judge(const struct capture *capture)
{
	for (uint32_t i = 0; i < capture->count; i++) {
		const char *what = fault(&capture->frames[i]);
		if (!what)
			continue;
		printf("unsound: frame %u of %u: %s\n", i + 1, capture->count, what);
		return UNSOUND;
	}
	unsigned long different = flows(capture);
	bool good = (!wanted.count || wanted.count == capture->count) && (!wanted.flows || wanted.flows == different);
	printf("%s: %u frames in %lu flows\n", good ? "sound" : "not as many as wanted", capture->count, different);
	return good ? SOUND : UNSOUND;
}

int main(int argc, char **argv)
{
	enum { TO = 256, FROM, SIZE, COUNT, FLOWS, HELP, VERSION };
	static const struct option names[] = {
		{"to", required_argument, NULL, TO},
		{"from", required_argument, NULL, FROM},
		{"size", required_argument, NULL, SIZE},
		{"count", required_argument, NULL, COUNT},
		{"flows", required_argument, NULL, FLOWS},
		{"help", no_argument, NULL, HELP},
		{"version", no_argument, NULL, VERSION},
		{0},
	};
	char error[512];
	struct capture capture;
	app_output_descriptors();
	for (int c; (c = getopt_long(argc, argv, "hV", names, NULL)) != -1;) {
		if (c == TO)
			wanted.to = optarg;
		else if (c == FROM)
			wanted.from = optarg;
		else if (c >= SIZE && c <= FLOWS) {
			if (text_number(optarg, 1, UINT64_MAX,
				    c == SIZE    ? &wanted.size
				    : c == COUNT ? &wanted.count
						 : &wanted.flows))
				continue;
			fprintf(stderr, "pollux-pcap-check: sizes and counts are numbers from 1, not '%s'\n", optarg);
			return UNUSABLE;
		} else if (c == VERSION || c == 'V') {
			puts("pollux-pcap-check (Pollux) " POLLUX_VERSION);
			return SOUND;
		} else {
			fputs(help, c == HELP || c == 'h' ? stdout : stderr);
			return c == HELP || c == 'h' ? SOUND : UNUSABLE;
		}
	}
	if (argc - optind != 1 || capture_load(&capture, argv[optind], error, sizeof(error))) {
		if (argc - optind == 1)
			fprintf(stderr, "pollux-pcap-check: %s\n", error);
		else
			fputs(help, stderr);
		return UNUSABLE;
	}
	int status = judge(&capture);
	capture_free(&capture);
	return app_output_end(stdout) ? status : UNUSABLE;
}
