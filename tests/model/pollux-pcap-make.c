/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-pcap-make: writes a capture of numbered frames of all sizes, each byte of which depends on the frame's number.
 * For tests that compare what went in with what came out. */
#include "../../apps/app_output.h"
#include "wire/text.h"

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST   60u
#define LARGEST 15868u /* bytes, without FCS */
#define NUMBER  42u    /* behind Ethernet, IPv4 and UDP */

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/** xorshift: repeatable on all machines. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fill(uint8_t *frame, unsigned bytes, uint64_t number, uint64_t *state)
{
	static const uint8_t ethernet[14] = {
		0x02, 0x01, 0x02, 0x03, 0x04, 0x05, 0x02, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x08, 0x00};
	uint32_t sum = 0;
	for (unsigned i = 0; i < bytes; i++)
		frame[i] = (uint8_t)(next(state) >> 24);
	memcpy(frame, ethernet, sizeof(ethernet));
	uint8_t *ip = frame + 14;
	memset(ip, 0, 28);
	ip[0] = 0x45;
	put16(ip + 2, bytes - 14);
	put16(ip + 4, (unsigned)number & 0xffff);
	ip[8] = 64;
	ip[9] = 17;
	put16(ip + 12, 0xc612); /* 198.18.x.x to 198.19.0.1: for tests */
	put16(ip + 14, (unsigned)(number % 251));
	put16(ip + 16, 0xc613);
	put16(ip + 18, 1);
	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, (~sum - (sum >> 16)) & 0xffff);
	put16(ip + 20, 49152 + (unsigned)(number % 16381));
	put16(ip + 22, 9);
	put16(ip + 24, bytes - 34); /* without a checksum */
	for (unsigned i = 0; i < 8; i++)
		frame[NUMBER + i] = (uint8_t)(number >> (56 - 8 * i));
}

static int write_all(const char *path, uint64_t count, unsigned largest)
{
	static uint8_t frame[LARGEST];
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *dumper = pcap ? pcap_dump_open(pcap, path) : NULL;
	if (!dumper) {
		fprintf(stderr, "pollux-pcap-make: %s\n", pcap ? pcap_geterr(pcap) : "no memory");
		return 1;
	}
	uint64_t state = 0x9e3779b97f4a7c15;
	for (uint64_t i = 0; i < count; i++) {
		/* the smallest and the largest for certain, and all between in any order */
		unsigned bytes = i == 0   ? LEAST
				 : i == 1 ? largest
					  : LEAST + (unsigned)(next(&state) % (largest - LEAST + 1));
		struct pcap_pkthdr header = {.caplen = bytes, .len = bytes};
		header.ts.tv_sec = 1700000000 + (long)(i / 1000000);
		header.ts.tv_usec = (long)(i % 1000000) * 1000; /* nanoseconds, here: a frame each microsecond */
		fill(frame, bytes, i, &state);
		pcap_dump((uint8_t *)dumper, &header, frame);
	}
	int failed = pcap_dump_flush(dumper) || ferror(pcap_dump_file(dumper));
	pcap_dump_close(dumper);
	pcap_close(pcap);
	if (failed)
		fprintf(stderr, "pollux-pcap-make: %s could not be written whole\n", path);
	return failed;
}

int main(int argc, char **argv)
{
	app_output_descriptors();
	uint64_t count = 0, largest = 1514;
	bool good = (argc == 3 || argc == 4) && text_number(argv[2], 1, UINT64_C(1) << 32, &count) &&
		    (argc == 3 || text_number(argv[3], LEAST, LARGEST, &largest));
	bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		puts("pollux-pcap-make (Pollux) " POLLUX_VERSION);
		return 0;
	}
	if (!good) {
		fprintf(help ? stdout : stderr,
			"Usage: pollux-pcap-make FILE COUNT [LARGEST]\n"
			"Writes COUNT numbered UDP frames, of %u to LARGEST bytes (1514; at most %u) without FCS, to a "
			"capture.\n",
			LEAST, LARGEST);
		return help ? 0 : 2;
	}
	return write_all(argv[1], count, (unsigned)largest);
}
