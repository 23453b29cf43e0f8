/* SPDX-License-Identifier: BSD-2-Clause
 * How long packets were under way: a log-linear histogram, and what is read out of it. */
#ifndef POLLUX_APPS_GEN_LATENCY_H
#define POLLUX_APPS_GEN_LATENCY_H

#include "app_counter.h"

/** Values below 128 have a bucket each. Above, each octave has 128 buckets, so that a bucket is less than 1 % wide.
 * Values are below 2^48, as the differences of time stamps of 48 bits are. */
#define GEN_OCTAVE_BITS       7u
#define GEN_VALUE_BITS        48u
#define GEN_HISTOGRAM_BUCKETS ((GEN_VALUE_BITS - GEN_OCTAVE_BITS + 1) << GEN_OCTAVE_BITS)

/** One thread adds values, others read. */
struct gen_histogram {
	_Atomic uint64_t sum, least, most; /* of all values; least is UINT64_MAX where there are none */
	_Atomic uint64_t buckets[GEN_HISTOGRAM_BUCKETS];
};

/** Makes a histogram without values. */
void gen_histogram_clear(struct gen_histogram *histogram);

/** The bucket of a value. */
static inline unsigned gen_histogram_bucket(uint64_t value)
{
	/* how often the value has to be halved until it is below 2^(GEN_OCTAVE_BITS + 1) */
	unsigned halved = 63 - GEN_OCTAVE_BITS - (unsigned)__builtin_clzll(value | 1u << GEN_OCTAVE_BITS);

	return (halved << GEN_OCTAVE_BITS) + (unsigned)(value >> halved);
}

/** The smallest value of a bucket; of the bucket behind the last one, 2^48. */
uint64_t gen_histogram_begin(unsigned bucket);

/** Adds a value below 2^48, so many times. */
static inline void gen_histogram_add(struct gen_histogram *histogram, uint64_t value, uint64_t times)
{
	app_add(&histogram->buckets[gen_histogram_bucket(value)], times);
	app_add(&histogram->sum, times * value);
	if (value < app_get(&histogram->least))
		app_set(&histogram->least, value);
	if (value > app_get(&histogram->most))
		app_set(&histogram->most, value);
}

/** Adds all values of another histogram, to which its thread may add at the same time. */
void gen_histogram_merge(struct gen_histogram *sum, const struct gen_histogram *other);

/** How many values there are. */
uint64_t gen_histogram_count(const struct gen_histogram *histogram);

/** Shares are in 100,000ths: 50,000 is the median, 99,999 is p99.999. */
#define GEN_SHARE_ALL 100000u

/** The smallest value that at least this share of all values does not exceed, rounded up to the end of its bucket, but
 * to no more than the greatest value. 0 where there are no values. */
uint64_t gen_histogram_percentile(const struct gen_histogram *histogram, unsigned share);

/** Latencies of a stream's packets, and how much they differ, each from the one before (RFC 3393). Pairs are of packets
 * that follow each other in what is measured, none lost between them. */
struct gen_latency {
	struct gen_histogram histogram;
	_Atomic uint64_t pairs, difference_sum, difference_max;
};
void gen_latency_clear(struct gen_latency *latency);
void gen_latency_merge(struct gen_latency *sum, const struct gen_latency *other);

/** Adds the difference between the latency of a packet and of the one before it, and packets behind it with the same
 * latency: so many pairs. */
static inline void gen_latency_add_pairs(struct gen_latency *latency, uint64_t one, uint64_t other, uint64_t pairs)
{
	uint64_t difference = one > other ? one - other : other - one;

	app_add(&latency->pairs, pairs);
	app_add(&latency->difference_sum, difference);
	if (difference > app_get(&latency->difference_max))
		app_set(&latency->difference_max, difference);
}

#endif
