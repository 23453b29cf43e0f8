/* SPDX-License-Identifier: BSD-2-Clause
 * An echo of single frames. */
#include "unit_meter.h"

#include "../model/wire/meter_icrc.h"
#include <string.h>

void echo_set_icrc(uint8_t *frame, uint32_t len)
{
	uint32_t crc = meter_icrc(frame + ECHO_IP_AT, len - ECHO_IP_AT - 4);
	memcpy(frame + len - 4, &crc, 4);
}

static void exchange(uint8_t *a, uint8_t *b, unsigned bytes)
{
	uint8_t kept[8];
	memcpy(kept, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, kept, bytes);
}

uint8_t *echo_answer(const struct model_frame *request)
{
	static uint8_t frame[ECHO_FRAME];
	memcpy(frame, request->data, request->len);
	exchange(frame, frame + 6, 6);
	exchange(frame + ECHO_IP_AT + 12, frame + ECHO_IP_AT + 16, 4);
	if (frame[ECHO_UDP_AT + 2] == 4791 >> 8 && frame[ECHO_UDP_AT + 3] == (4791 & 0xFF)) {
		frame[ECHO_UDP_AT] ^= 0x15; /* the port is the sender's choice */
		exchange(frame + ECHO_BTH_AT + 5, frame + ECHO_BTH_AT + 17, 3);
		echo_set_icrc(frame, request->len);
	} else {
		exchange(frame + ECHO_UDP_AT, frame + ECHO_UDP_AT + 2, 2);
	}
	return frame;
}
