/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-pcap-diff: compares two captures frame by frame, byte by byte; times do not matter. */
#include "wire/capture.h"
#include "wire/text.h"

#include "../../apps/app_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAME      0
#define DIFFERENT 1
#define UNUSABLE  2

static const char help[] =
	"Usage: pollux-pcap-diff [--to MAC] [--from MAC] [--swapped] [--any-order] EXPECTED GOT\n"
	"Compares two Ethernet captures frame by frame. Says 'identical' with the number of frames, or names the first "
	"frame (counted\n"
	"from 1) and byte (from 0) that differ, and how many frames were lost, added (never in EXPECTED), duplicated "
	"(more often\n"
	"than there), or came in another order.\n"
	"Frames that a forwarder changes: with --swapped each frame of EXPECTED has its Ethernet addresses swapped "
	"first; with --to and\n"
	"--from its destination or source is the one given.\n"
	"With --any-order it is enough that each frame came as often as it should: several queues overtake each "
	"other.\n"
	"Exit status: 0 identical; 1 different; 2 a capture cannot be used, or EXPECTED holds no frame.\n";

static int compare(const struct model_frame *a, const struct model_frame *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->data, b->data, a->len);
}

static int compare_for_sort(const void *a, const void *b)
{
	return compare(a, b);
}

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

static void say_first(const struct capture *expected, const struct capture *got)
{
	uint32_t shorter = expected->count < got->count ? expected->count : got->count, i = 0;
	while (i < shorter && compare(&expected->frames[i], &got->frames[i]) == 0)
		i++;
	if (i == shorter) {
		bool less = got->count < expected->count;
		printf("different: frame %u is the first that %s", i + 1,
			less ? "is missing at the end" : "was not expected");
		return;
	}
	const struct model_frame *a = &expected->frames[i], *b = &got->frames[i];
	uint32_t least = a->len < b->len ? a->len : b->len, at = 0;
	while (at < least && a->data[at] == b->data[at])
		at++;
	if (at < least)
		printf("different: frame %u at byte %u: %02x expected, %02x got", i + 1, at, a->data[at], b->data[at]);
	else
		printf("different: frame %u at byte %u: %u bytes expected, %u got", i + 1, at, a->len, b->len);
}

static void sort(struct capture *capture)
{
	if (capture->count) /* an empty one has no array */
		qsort(capture->frames, capture->count, sizeof(*capture->frames), compare_for_sort);
}

/** Both as sorted lists: what is only in one, and how often. */
static void say_counts(struct capture *expected, struct capture *got)
{
	uint32_t lost = 0, added = 0, duplicated = 0, i = 0, j = 0;
	sort(expected);
	sort(got);
	while (i < expected->count || j < got->count) {
		int order = i == expected->count ? 1
			    : j == got->count    ? -1
						 : compare(&expected->frames[i], &got->frames[j]);
		const struct model_frame *frame = order <= 0 ? &expected->frames[i] : &got->frames[j];
		uint32_t wanted = 0, had = 0;
		while (i + wanted < expected->count && compare(&expected->frames[i + wanted], frame) == 0)
			wanted++;
		while (j + had < got->count && compare(&got->frames[j + had], frame) == 0)
			had++;
		if (had < wanted)
			lost += wanted - had;
		else if (wanted)
			duplicated += had - wanted;
		else
			added += had;
		i += wanted;
		j += had;
	}
	if (lost || added || duplicated)
		printf("; %u lost, %u added, %u duplicated (%u frame%s expected, %u got)\n", lost, added, duplicated,
			expected->count, plural(expected->count), got->count);
	else
		printf("; the %u frame%s came in another order, none lost, added or duplicated\n", expected->count,
			plural(expected->count));
}

static struct {
	uint8_t to[6], from[6];
	bool has_to, has_from, swapped;
} change;
static bool any_order;

/** @return how many arguments were options; -1: not understood. */
static int understand(int argc, char **argv)
{
	int i = 1;
	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		bool good = true;
		if (strcmp(argv[i], "--swapped") == 0)
			change.swapped = true;
		else if (strcmp(argv[i], "--any-order") == 0)
			any_order = true;
		else if (strcmp(argv[i], "--to") == 0 && i + 1 < argc)
			good = change.has_to = text_mac_address(argv[++i], change.to);
		else if (strcmp(argv[i], "--from") == 0 && i + 1 < argc)
			good = change.has_from = text_mac_address(argv[++i], change.from);
		else
			good = false;
		if (!good)
			return -1;
	}
	return i - 1;
}

/** Makes of a frame what the forwarder should. */
static void change_addresses(uint8_t *frame)
{
	for (unsigned i = 0; i < 6 && change.swapped; i++) {
		uint8_t byte = frame[i];
		frame[i] = frame[6 + i];
		frame[6 + i] = byte;
	}
	if (change.has_to)
		memcpy(frame, change.to, 6);
	if (change.has_from)
		memcpy(frame + 6, change.from, 6);
}

int main(int argc, char **argv)
{
	char error[512];
	struct capture expected, got;
	app_output_descriptors();
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return SAME;
	}
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		puts("pollux-pcap-diff (Pollux) " POLLUX_VERSION);
		return SAME;
	}
	int options = understand(argc, argv);
	if (options < 0 || argc - options != 3) {
		fputs(help, stderr);
		return UNUSABLE;
	}
	argv += options;
	if (capture_load(&expected, argv[1], error, sizeof(error))) {
		fprintf(stderr, "pollux-pcap-diff: %s\n", error);
		return UNUSABLE;
	}
	if (!expected.count || capture_load(&got, argv[2], error, sizeof(error))) {
		if (!expected.count)
			snprintf(error, sizeof(error), "%s holds no frames: there is nothing to compare with", argv[1]);
		fprintf(stderr, "pollux-pcap-diff: %s\n", error);
		capture_free(&expected);
		return UNUSABLE;
	}

	for (uint32_t i = 0; i < expected.count;
		i++) /* each is part of the capture's own memory, and has 60 bytes at least */
		change_addresses(expected.data + (expected.frames[i].data - expected.data));
	if (any_order) {
		sort(&expected);
		sort(&got);
	}
	bool same = expected.count == got.count;
	for (uint32_t i = 0; same && i < got.count; i++)
		same = compare(&expected.frames[i], &got.frames[i]) == 0;
	if (same) {
		printf("identical: %u frame%s\n", got.count, plural(got.count));
	} else {
		say_first(&expected, &got);
		say_counts(&expected, &got);
	}
	capture_free(&expected);
	capture_free(&got);
	if (!app_output_end(stdout))
		return UNUSABLE;
	return same ? SAME : DIFFERENT;
}
