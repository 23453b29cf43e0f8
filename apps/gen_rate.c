/* SPDX-License-Identifier: BSD-2-Clause
 * A rate at which to send: from the command line's text to the time between two frames. */
#include "gen_rate.h"

#include "app_frame.h"
#include "app_parse.h"

#include <string.h>
#include <strings.h>

const char *gen_rate_parse(const char *text, struct gen_rate *rate)
{
	static const char forms[] =
		"packets per second (1Mpps), bits per second with framing (10Gbit) or without (9Gbit-l2), or "
		"percent (50%) are wanted";
	static const struct {
		const char *name;
		enum gen_rate_unit unit;
	} units[] = {
		{"", GEN_RATE_PACKETS},
		{"pps", GEN_RATE_PACKETS},
		{"p/s", GEN_RATE_PACKETS},
		{"%", GEN_RATE_PERCENT},
		{"bit", GEN_RATE_BITS},
		{"bit/s", GEN_RATE_BITS},
		{"bps", GEN_RATE_BITS},
		{"bit-l2", GEN_RATE_L2_BITS},
		{"bit/s-l2", GEN_RATE_L2_BITS},
	};
	double number;
	const char *rest;

	if (!app_parse_number(text, &number, &rest))
		return forms;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcasecmp(rest, units[i].name) != 0)
			continue;
		/* No card makes a thousand million packets per second: who writes that thinks of bits. */
		if (!*rest && (number >= 1e9 || text[strlen(text) - 1] == 'G'))
			return "packets or bits per second? Gpps or Gbit is wanted";
		if (units[i].unit == GEN_RATE_PERCENT && number > 100)
			return "100% of the line rate is the most";
		if (number < GEN_RATE_MIN || number > GEN_RATE_MAX)
			return "from 0.000001 to 1000000G is wanted";
		*rate = (struct gen_rate){number, units[i].unit};
		return NULL;
	}
	return forms;
}

double gen_wire_bits(unsigned frame_bytes)
{
	return 8.0 * ((frame_bytes > NIC_FRAME_MIN_BYTES ? frame_bytes : NIC_FRAME_MIN_BYTES) + APP_FRAMING_BYTES);
}

struct gen_gap gen_rate_gap(const struct gen_rate *rate, unsigned link_mbps, double tsc_hz)
{
	double per_bit = tsc_hz / rate->value;

	switch (rate->unit) {
	case GEN_RATE_PACKETS:
		return (struct gen_gap){.per_frame = tsc_hz / rate->value};
	case GEN_RATE_BITS:
		return (struct gen_gap){.per_bit = per_bit};
	case GEN_RATE_L2_BITS:
		return (struct gen_gap){.per_frame = -per_bit * 8 * NIC_PREAMBLE_GAP_BYTES, .per_bit = per_bit};
	case GEN_RATE_PERCENT:
		return (struct gen_gap){.per_bit = tsc_hz / (rate->value / 100 * link_mbps * 1e6)};
	default:
		return (struct gen_gap){.per_frame = 0};
	}
}
