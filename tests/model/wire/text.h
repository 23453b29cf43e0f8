/* SPDX-License-Identifier: BSD-2-Clause
 * Reading numbers and addresses that were typed. */
#ifndef POLLUX_TESTS_MODEL_WIRE_TEXT_H
#define POLLUX_TESTS_MODEL_WIRE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/** A decimal number from least to most, and nothing else. NULL is none. @return false: it is none; value may have been
 * written */
bool text_number(const char *text, uint64_t least, uint64_t most, uint64_t *value);
/** An Ethernet address, six bytes in hexadecimal with colons between. @return false: it is none; mac may have been
 * written */
bool text_mac_address(const char *text, uint8_t mac[6]);

#endif
