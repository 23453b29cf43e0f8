/* SPDX-License-Identifier: BSD-2-Clause
 * What an echo makes of the meter's requests, for tests of both. */
#ifndef POLLUX_TESTS_UNIT_METER_H
#define POLLUX_TESTS_UNIT_METER_H

#include "../model/card/model.h"

#define ECHO_FRAME  9024u /* bytes of the longest one, and more */
#define ECHO_IP_AT  14u
#define ECHO_UDP_AT 34u
#define ECHO_BTH_AT 42u

/** The answer to a request, UDP or RoCE, until the next call. */
uint8_t *echo_answer(const struct model_frame *request);
/** Writes the invariant CRC at the end of a frame of RoCE anew. */
void echo_set_icrc(uint8_t *frame, uint32_t len);

#endif
