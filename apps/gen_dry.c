/* SPDX-License-Identifier: BSD-2-Clause
 * A dry run of the generator: its packets as lines and as a capture. */
#include "gen_dry.h"

#include "app_output.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

/* Packet `i` of all: the streams take turns. False: this stream has no more. */
static bool make(const struct gen_makers *makers, uint64_t i, const struct gen_maker **maker, uint64_t *number,
	uint8_t frame[APP_FRAME_MAX])
{
	*maker = &makers->each[i % makers->count];
	*number = i / makers->count;
	memset(frame, 0, APP_FRAME_MAX);
	gen_maker_write(*maker, *number, 0, frame);
	return !(*maker)->stream->count || *number < (*maker)->stream->count;
}

/* A name is optional; the number is always there. */
static void print_name(const struct gen_maker *maker, FILE *out)
{
	fprintf(out, "stream %u%s%s", maker->index, *maker->stream->name ? " " : "", maker->stream->name);
}

/* 64:7,594:4,1518:1: sizes, and how many of each there are until they start again. */
static void print_sizes(const struct gen_values *size, FILE *out)
{
	if (size->order != GEN_LIST) {
		fprintf(out, "%llu", (unsigned long long)gen_values_least(size));
		if (size->count > 1)
			fprintf(out, "-%llu", (unsigned long long)gen_values_greatest(size));
		return;
	}
	for (uint64_t i = 0; i < size->count; i++) {
		uint64_t same = 0, before = 0;
		for (uint64_t k = 0; k < size->count; k++) {
			same += size->list[k] == size->list[i];
			before += k < i && size->list[k] == size->list[i];
		}
		if (!before)
			fprintf(out, "%s%llu:%llu", i ? "," : "", (unsigned long long)size->list[i],
				(unsigned long long)same);
	}
}

void gen_dry_print(const struct gen_makers *makers, uint64_t count, FILE *out)
{
	static uint8_t frame[APP_FRAME_MAX];
	const struct gen_maker *maker;
	uint64_t number;

	for (unsigned i = 0; i < makers->count; i++) {
		maker = &makers->each[i];
		print_name(maker, out);
		fputs(": frames of ", out);
		print_sizes(&maker->stream->size, out);
		fprintf(out, " bytes with FCS; %s\n",
			gen_maker_is_stamped(maker) ? "each has a stamp"
			: maker->stream->no_stamp   ? "none has a stamp"
						    : "the shortest has no room for a stamp, so none has one");
	}
	for (uint64_t i = 0; i < count * makers->count; i++) {
		if (!make(makers, i, &maker, &number, frame))
			continue;
		fprintf(out, "%u.%llu: ", maker->index, (unsigned long long)number);
		gen_headers_print(&maker->stream->headers, frame, out);
		fprintf(out, " size=%u\n", gen_maker_bytes(maker, number) + NIC_FCS_BYTES);
	}
}

bool gen_dry_write(const struct gen_makers *makers, uint64_t count, const char *file)
{
	static uint8_t frame[APP_FRAME_MAX];
	const struct gen_maker *maker;
	uint64_t number;
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, APP_FRAME_MAX);
	FILE *out = fopen(file, "we");
	pcap_dumper_t *dumper = pcap && out ? pcap_dump_fopen(pcap, out) : NULL;

	for (uint64_t i = 0; dumper && i < count * makers->count; i++) {
		if (!make(makers, i, &maker, &number, frame))
			continue;
		struct pcap_pkthdr header = {
			.ts = {.tv_sec = (time_t)(i / 1000000), .tv_usec = (suseconds_t)(i % 1000000)},
			.caplen = gen_maker_bytes(maker, number),
			.len = gen_maker_bytes(maker, number),
		};
		pcap_dump((uint8_t *)dumper, &header, frame);
	}
	bool good = dumper && pcap_dump_flush(dumper) == 0 && !ferror(out);
	int error = errno;
	if (dumper)
		pcap_dump_close(dumper);
	else if (out)
		fclose(out);
	if (pcap)
		pcap_close(pcap);
	return good || app_error("%s: %s", file, strerror(error));
}
