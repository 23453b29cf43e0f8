/* SPDX-License-Identifier: BSD-2-Clause
 * The job on a whole Ethernet frame, for the techniques that get frames: which frame is a request, and the answer, made
 * in place. echo_xdp.bpf.c does the same in the kernel. */
#ifndef POLLUX_COMPARE_ECHO_FRAME_H
#define POLLUX_COMPARE_ECHO_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define ECHO_HEADERS 42u /* bytes: Ethernet 14, IPv4 20, UDP 8 */

/** Turns a request into its answer: Ethernet addresses, IPv4 addresses and UDP ports exchanged. Both checksums are sums
 * of what is exchanged, and stay right. False, with nothing changed, if the frame is no UDP over IPv4 to 198.18.0.2,
 * port 7007. `end` is behind the frame's last byte. */
static inline __attribute__((always_inline)) bool echo_answer(void *frame, const void *end)
{
	uint8_t *bytes = (uint8_t *)frame;
	uint8_t mac[6];
	uint32_t address;
	uint16_t words[2];

	if (bytes + ECHO_HEADERS > (const uint8_t *)end)
		return false;
	/* EtherType 0x0800, version 4 with a header of 20 bytes, no fragment, protocol 17 */
	if (bytes[12] != 0x08 || bytes[13] != 0 || bytes[14] != 0x45 || (bytes[20] & 0x3f) != 0 || bytes[21] != 0 ||
		bytes[23] != 17)
		return false;
	if (bytes[30] != 198 || bytes[31] != 18 || bytes[32] != 0 || bytes[33] != 2 || bytes[36] != 7007 >> 8 ||
		bytes[37] != (7007 & 0xff))
		return false;
	__builtin_memcpy(mac, bytes, 6);
	__builtin_memcpy(bytes, bytes + 6, 6);
	__builtin_memcpy(bytes + 6, mac, 6);
	__builtin_memcpy(&address, bytes + 26, 4);
	__builtin_memcpy(bytes + 26, bytes + 30, 4);
	__builtin_memcpy(bytes + 30, &address, 4);
	__builtin_memcpy(words, bytes + 34, 4);
	__builtin_memcpy(bytes + 34, &words[1], 2);
	__builtin_memcpy(bytes + 36, &words[0], 2);
	return true;
}

#endif
