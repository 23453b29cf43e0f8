/* SPDX-License-Identifier: BSD-2-Clause
 * Reading a capture file with libpcap. */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MIN 60u                   /* without FCS */
#define FRAME_MAX (MODEL_FRAME_MAX - 4) /* without FCS */

struct growth {
	size_t bytes, byte_room;
	uint32_t frame_room;
};

static bool grow(struct capture *capture, struct growth *growth, size_t len)
{
	if (growth->bytes + len > growth->byte_room) {
		size_t room = (growth->byte_room + len) * 2;
		uint8_t *data = realloc(capture->data, room);
		if (!data)
			return false;
		capture->data = data;
		growth->byte_room = room;
	}
	if (capture->count == growth->frame_room) {
		uint32_t room = growth->frame_room ? growth->frame_room * 2 : 1024;
		struct model_frame *frames = realloc(capture->frames, room * sizeof(*frames));
		if (!frames)
			return false;
		capture->frames = frames;
		uint64_t *times = realloc(capture->time_ns, room * sizeof(*times));
		if (!times)
			return false;
		capture->time_ns = times;
		growth->frame_room = room;
	}
	return true;
}

static int load(struct capture *capture, pcap_t *pcap, const char *path, char *error, size_t error_bytes)
{
	struct growth growth = {0};
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int state;

	if (pcap_datalink(pcap) != DLT_EN10MB) {
		const char *name = pcap_datalink_val_to_name(pcap_datalink(pcap));
		snprintf(error, error_bytes, "%s holds %s frames: only Ethernet captures can be used", path,
			name ? name : "unknown");
		return -EINVAL;
	}
	while ((state = pcap_next_ex(pcap, &header, &data)) == 1) {
		uint32_t len = header->caplen;
		if (len != header->len || len == 0) {
			snprintf(error, error_bytes,
				"%s: frame %u holds %u of its %u bytes: capture whole frames (tcpdump -s 0)", path,
				capture->count + 1, len, header->len);
			return -EINVAL;
		}
		if (len > FRAME_MAX) {
			snprintf(error, error_bytes, "%s: frame %u has %u bytes: the card takes %u at most", path,
				capture->count + 1, len, FRAME_MAX);
			return -EINVAL;
		}
		uint32_t padded = len < FRAME_MIN ? FRAME_MIN : len;
		if (capture->count == UINT32_MAX / 4 || !grow(capture, &growth, padded)) {
			snprintf(error, error_bytes, "%s: no memory for more than %u frames", path, capture->count);
			return -ENOMEM;
		}
		memcpy(capture->data + growth.bytes, data, len);
		memset(capture->data + growth.bytes + len, 0, padded - len);
		growth.bytes += padded;
		capture->frames[capture->count] = (struct model_frame){.len = padded};
		capture->time_ns[capture->count] = (uint64_t)header->ts.tv_sec * 1000000000u +
						   (uint64_t)header->ts.tv_usec; /* nanoseconds were asked for */
		capture->count++;
	}
	if (state != PCAP_ERROR_BREAK) {
		snprintf(error, error_bytes, "%s: broken behind frame %u: %s", path, capture->count, pcap_geterr(pcap));
		return -EINVAL;
	}
	/* The data has stopped moving. */
	const uint8_t *at = capture->data;
	for (uint32_t i = 0; i < capture->count; i++) {
		capture->frames[i].data = at;
		at += capture->frames[i].len;
	}
	return 0;
}

int capture_load(struct capture *capture, const char *path, char *error, size_t error_bytes)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	*capture = (struct capture){0};
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!file) {
		int number = errno;
		snprintf(error, error_bytes, "cannot open %s: %s", path, strerror(number));
		return -number;
	}
	pcap_t *pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!pcap) {
		if (file != stdin)
			fclose(file);
		snprintf(error, error_bytes, "%s is not a capture file: %s", path, why);
		return -EINVAL;
	}
	int state = load(capture, pcap, path, error, error_bytes);
	pcap_close(pcap);
	if (state)
		capture_free(capture);
	return state;
}

void capture_free(struct capture *capture)
{
	free(capture->frames);
	free(capture->time_ns);
	free(capture->data);
	*capture = (struct capture){0};
}
