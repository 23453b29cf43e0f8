/* SPDX-License-Identifier: BSD-2-Clause
 * Gives the packets of a capture other IP addresses each time that it starts again, so that they are other flows. */
#include "gen_unique.h"

#include "gen_reader.h"

#include <string.h>

static unsigned get_16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

struct gen_unique gen_unique_find(const uint8_t *frame, unsigned bytes)
{
	struct gen_unique none = {.source = 0};
	unsigned ip = gen_header_bytes(frame, bytes);

	if (ip > bytes)
		return none;
	const uint8_t *header = frame + ip;
	unsigned type = get_16(header - 2), held = bytes - ip;
	/* options, of which routes are some, would make the header longer than 5 words */
	if (type == 0x0800 && held >= 20 && header[0] == 0x45 && header[16] < 224)
		return (struct gen_unique){(uint16_t)(ip + 12), 4, memcmp(header + 12, header + 16, 4) > 0};
	if (type != 0x86dd || held < 40 || header[0] >> 4 != 6 || header[24] == 0xff)
		return none;
	/* the checksums of a packet with a routing header (43) are about another destination */
	unsigned next = header[6] == 0 && held > 40 ? header[40] : header[6];
	if (next == 43)
		return none;
	return (struct gen_unique){(uint16_t)(ip + 20), 16, memcmp(header + 8, header + 24, 16) > 0};
}

/* Adds as checksums do, with the carry added at the low end: else a carry that is lost would change the sums. */
static void add(uint8_t *address, uint32_t number)
{
	uint64_t sum = ((uint64_t)get_16(address) << 16 | get_16(address + 2)) + number;

	sum = (uint32_t)sum + (sum >> 32);
	for (unsigned i = 4; i-- > 0; sum >>= 8)
		address[i] = (uint8_t)sum;
}

void gen_unique_move(uint8_t *frame, struct gen_unique place, uint64_t from, uint64_t to)
{
	uint32_t more = (uint32_t)(to % GEN_UNIQUE_LOOPS), less = (uint32_t)(from % GEN_UNIQUE_LOOPS);

	if (!place.source || more == less)
		return;
	/* in such sums the negative of a number is its complement */
	uint32_t number = more > less ? more - less : ~(less - more);
	add(frame + place.source, place.source_higher ? ~number : number);
	add(frame + place.source + place.apart, place.source_higher ? number : ~number);
}
