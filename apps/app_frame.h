/* SPDX-License-Identifier: BSD-2-Clause
 * Frames in bursts of packet handles, where a frame may take several handles; and frames on the wire. */
#ifndef POLLUX_APPS_APP_FRAME_H
#define POLLUX_APPS_APP_FRAME_H

#include "../driver/nic.h"

/* What a frame takes on the wire besides the bytes that the counters count. */
#define APP_FRAMING_BYTES (NIC_FCS_BYTES + NIC_PREAMBLE_GAP_BYTES)

#define APP_FRAME_MAX 16384u /* bytes: room for the longest frame of any card */

/** More handles than any frame has: a frame that is still without its end after so many is dropped. */
#define APP_FRAME_HANDLES 64u

/** Counts the frames in n handles: those handles that end one. */
static inline unsigned app_frames(const struct pkt *pkts, unsigned n)
{
	unsigned more = 0;
	for (unsigned i = 0; i < n; i++)
		more += (pkts[i].flags & PKT_MORE) != 0;
	return n - more;
}

/** Handles up to the end of the last whole frame. */
static inline unsigned app_whole(const struct pkt *pkts, unsigned n)
{
	while (n && (pkts[n - 1].flags & PKT_MORE))
		n--;
	return n;
}

#endif
