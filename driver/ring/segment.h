/* SPDX-License-Identifier: BSD-2-Clause
 * Segments of a TCP frame, made in software. */
#pragma once

#include "headers.h"

/** Makes segment `index` of a frame, in packets of the pool. It wishes for its checksums, and for the frame's VLAN tag.
 * @return false: the pool is empty */
bool ring_segment_make(struct pkt_pool *pool, const struct ring_frame *frame, const struct ring_headers *headers,
	uint32_t index, struct ring_frame *segment);
