/* SPDX-License-Identifier: BSD-2-Clause
 * A rate at which to send, as it is asked for: in packets, in bits, or in percent of the line rate. */
#ifndef POLLUX_APPS_GEN_RATE_H
#define POLLUX_APPS_GEN_RATE_H

enum gen_rate_unit { GEN_RATE_UNLIMITED, GEN_RATE_PACKETS, GEN_RATE_BITS, GEN_RATE_PERCENT };

/** Packets per second; bits per second with framing; or percent of the line rate, which is with framing. */
struct gen_rate {
	double value;
	enum gen_rate_unit unit;
};
#define GEN_RATE_MIN 1e-6
#define GEN_RATE_MAX 1e15

/** Parses 1Mpps, 14.88M, 10Gbit, 50%. @return NULL; or what is wanted instead, and rate is left alone */
const char *gen_rate_parse(const char *text, struct gen_rate *rate);

/** Bits that a frame of so many bytes (without FCS) takes on the wire, with padding and framing. */
double gen_wire_bits(unsigned frame_bytes);

/** Cycles between the starts of two frames, of so many bytes (without FCS); 0: unlimited. */
double gen_rate_gap(const struct gen_rate *rate, unsigned frame_bytes, unsigned link_mbps, double tsc_hz);

#endif
