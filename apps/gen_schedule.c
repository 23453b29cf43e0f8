/* SPDX-License-Identifier: BSD-2-Clause
 * When the generator sends which frame: its one template over and over, or the frames of a capture file. */
#include "gen.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

bool gen_schedule_add(struct gen_schedule *schedule, const uint8_t *data, unsigned bytes, uint64_t ns)
{
	if (schedule->count == schedule->room) {
		unsigned room = schedule->room ? 2 * schedule->room : 64;
		struct gen_frame *frames = realloc(schedule->frames, room * sizeof(*frames));
		if (!frames)
			return false;
		schedule->frames = frames;
		schedule->room = room;
	}
	uint8_t *copy = data ? malloc(bytes) : NULL;
	if (data && !copy)
		return false;
	if (copy)
		memcpy(copy, data, bytes);
	schedule->frames[schedule->count++] = (struct gen_frame){.data = copy, .bytes = bytes, .ns = ns};
	return true;
}

bool gen_schedule_load(struct gen_schedule *schedule, const char *file, unsigned longest, bool quiet)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	uint64_t left_out = 0, cut = 0;
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int result = PCAP_ERROR;
	pcap_t *pcap = pcap_open_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);

	if (!pcap) {
		app_error("%s", error);
		return false;
	}
	if (pcap_datalink(pcap) != DLT_EN10MB) {
		app_error("%s: not a capture of Ethernet frames", file);
		goto close;
	}
	while ((result = pcap_next_ex(pcap, &header, &data)) == 1) {
		if (header->caplen > longest || header->caplen == 0) {
			left_out++;
			continue;
		}
		cut += header->caplen < header->len;
		if (!gen_schedule_add(
			    schedule, data, header->caplen, (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec)) {
			app_error("%s: no memory for all of its frames", file);
			goto close;
		}
	}
	if (result != PCAP_ERROR_BREAK)
		app_error("%s: %s", file, pcap_geterr(pcap));
	else if (schedule->count == 0)
		app_error("%s: no frame in it can be sent", file);
	if (left_out && !quiet)
		app_error("%s: %llu frames are empty, or longer than %u bytes: left out", file, (unsigned long long)left_out, longest);
	if (cut && !quiet)
		app_error("%s: %llu frames were cut when captured: sent as they are", file, (unsigned long long)cut);
close:
	pcap_close(pcap);
	return result == PCAP_ERROR_BREAK && schedule->count > 0;
}

void gen_schedule_pace(struct gen_schedule *schedule, const struct app_rate *rate, bool own_timing, unsigned link_mbps)
{
	schedule->catch_up = 0.01 * app_tsc_hz();
	if (schedule->count == 0)
		return;
	uint64_t begin = schedule->frames[0].ns, end = schedule->frames[schedule->count - 1].ns;
	/* Before a capture starts again, as much time passes as between its frames in the mean. */
	uint64_t again = end > begin ? (end - begin) / (schedule->count - 1) : 0;

	for (unsigned i = 0; i < schedule->count; i++) {
		struct gen_frame *f = &schedule->frames[i];
		if (own_timing && rate->unit == APP_RATE_UNLIMITED) {
			uint64_t next = i + 1 < schedule->count ? schedule->frames[i + 1].ns : f->ns + again;
			f->gap = next > f->ns ? (double)(next - f->ns) * app_tsc_hz() / 1e9 : 0;
		} else {
			f->gap = app_rate_gap(rate, f->bytes, link_mbps, app_tsc_hz());
		}
	}
}

unsigned gen_schedule_due(struct gen_schedule *schedule, double now, unsigned most)
{
	unsigned n = 0;

	if (schedule->due < now - schedule->catch_up)
		schedule->due = now - schedule->catch_up;
	for (unsigned i = schedule->next; n < most && schedule->due <= now; n++) {
		schedule->due += schedule->frames[i].gap;
		i = i + 1 < schedule->count ? i + 1 : 0;
	}
	return n;
}

const struct gen_frame *gen_schedule_next(struct gen_schedule *schedule)
{
	const struct gen_frame *frame = &schedule->frames[schedule->next];

	schedule->next = schedule->next + 1 < schedule->count ? schedule->next + 1 : 0;
	return frame;
}

void gen_schedule_free(struct gen_schedule *schedule)
{
	for (unsigned i = 0; i < schedule->count; i++)
		free(schedule->frames[i].data);
	free(schedule->frames);
	*schedule = (struct gen_schedule){0};
}
