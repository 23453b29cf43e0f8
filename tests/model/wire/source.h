/* SPDX-License-Identifier: BSD-2-Clause
 * Frames made from a template: valid Ethernet, IPv4 and UDP, in a number of flows, in turn. */
#ifndef POLLUX_TESTS_MODEL_WIRE_SOURCE_H
#define POLLUX_TESTS_MODEL_WIRE_SOURCE_H

#include "../card/model.h"

#define SOURCE_FLOWS_MAX 65536u
#define SOURCE_BATCH     128u /* frames that lie side by side from any of them on */

struct source {
	struct model_frame *frames; /* `period` of them, and SOURCE_BATCH more that begin again */
	uint32_t period;
	uint32_t len; /* without FCS */
	uint8_t *data;
};

/**
 * Makes the frames. len: 60 to MODEL_FRAME_MAX - 4, without FCS; flows: 1 to SOURCE_FLOWS_MAX, told apart by source
 * address and port. numbered: frames get room of their own for a number each, see source_number; their UDP checksum is
 * 0 (none).
 * @return false: no memory.
 */
bool source_open(struct source *source, uint32_t len, uint32_t flows, bool numbered);
void source_close(struct source *source);

/** Where all frames go. */
void source_address(struct source *source, const uint8_t mac[6]);

/** Writes number, number + 1, ... as the first 8 bytes (big-endian) of UDP payload of n frames from `place` (below
 * period) on. */
void source_number(struct source *source, uint32_t place, unsigned n, uint64_t number);

#endif
