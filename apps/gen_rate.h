/* SPDX-License-Identifier: BSD-2-Clause
 * A rate at which to send, as it is asked for: in packets, in bits, or in percent of the line rate. */
#ifndef POLLUX_APPS_GEN_RATE_H
#define POLLUX_APPS_GEN_RATE_H

enum gen_rate_unit { GEN_RATE_UNLIMITED, GEN_RATE_PACKETS, GEN_RATE_BITS, GEN_RATE_L2_BITS, GEN_RATE_PERCENT };

/** Packets per second; bits per second with framing, as the wire carries them (L1); bits per second of frames with
 * their FCS alone (L2); or percent of the line rate, which is with framing. */
struct gen_rate {
	double value;
	enum gen_rate_unit unit;
};
#define GEN_RATE_MIN 1e-6
#define GEN_RATE_MAX 1e15

/** Parses 1Mpps, 14.88M, 10Gbit, 9Gbit-l2, 50%. @return NULL; or what is wanted instead, and rate is left alone */
const char *gen_rate_parse(const char *text, struct gen_rate *rate);

/** Bits that a frame of so many bytes (without FCS) takes on the wire, with padding and framing. */
double gen_wire_bits(unsigned frame_bytes);

/** From the start of a frame to that of the next one, in cycles: so many, and more for each bit that the frame takes on
 * the wire. All 0: unlimited. */
struct gen_gap {
	double per_frame, per_bit;
};
struct gen_gap gen_rate_gap(const struct gen_rate *rate, unsigned link_mbps, double tsc_hz);

#endif
