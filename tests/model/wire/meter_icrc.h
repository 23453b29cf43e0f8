/* SPDX-License-Identifier: BSD-2-Clause
 * The invariant CRC of RoCEv2: over all bytes of a packet that no router changes. */
#ifndef POLLUX_TESTS_MODEL_WIRE_METER_ICRC_H
#define POLLUX_TESTS_MODEL_WIRE_METER_ICRC_H

#include <stdint.h>

#define METER_ICRC_BYTES 4u

/** Of a packet of IPv4 without options, UDP and a base transport header, from the first byte of its IPv4 header.
 *  @param bytes  up to the CRC, more than 40 */
uint32_t meter_icrc(const uint8_t *ip, uint32_t bytes);

#endif
