/* SPDX-License-Identifier: BSD-2-Clause
 * A capture file, read whole into memory and judged before anything is sent from it. */
#ifndef POLLUX_TESTS_MODEL_WIRE_CAPTURE_H
#define POLLUX_TESTS_MODEL_WIRE_CAPTURE_H

#include "../card/model.h"

struct capture {
	struct model_frame *frames;
	uint64_t *time_ns; /* of each frame, since the epoch */
	uint32_t count;    /* may be 0 */
	uint8_t *data;
};

/**
 * Reads a capture. A frame of less than 60 bytes (without FCS) is padded with zeros to that: senders capture their own
 * frames before they are padded, but no shorter one is ever on a wire. (pcap or pcapng as far as libpcap reads it; "-":
 * standard input).
 * @param error  receives a sentence on failure
 * @return 0; -EINVAL: not a capture, truncated, not Ethernet, frames cut short by a snap length or longer than the card
 * takes; -ENOMEM; or why it cannot be opened.
 */
int capture_load(struct capture *capture, const char *path, char *error, size_t error_bytes);

/** Frees what capture_load gave. All zero is fine. */
void capture_free(struct capture *capture);

#endif
