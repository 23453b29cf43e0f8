/* SPDX-License-Identifier: BSD-2-Clause
 * A second look at frames whose IPv4 checksum a card found wrong. */
#ifndef POLLUX_APPS_FWD_CHECKSUM_H
#define POLLUX_APPS_FWD_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

/** Whether a frame, or its beginning, has an IPv4 header with a right checksum. The 82599 finds those of fragments
 * wrong that are not (an erratum): before a frame is dropped, this is asked. */
bool fwd_ip_checksum_is_right(const uint8_t *data, unsigned bytes);

#endif
