/* SPDX-License-Identifier: BSD-2-Clause
 * How long packets were under way: a log-linear histogram. */
#include "gen_latency.h"

#include <string.h>

void gen_histogram_clear(struct gen_histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
	app_set(&histogram->least, UINT64_MAX);
}

uint64_t gen_histogram_begin(unsigned bucket)
{
	const unsigned octave = 1u << GEN_OCTAVE_BITS;
	unsigned halved = bucket < octave ? 0 : (bucket >> GEN_OCTAVE_BITS) - 1;

	return (uint64_t)(bucket - halved * octave) << halved;
}

void gen_histogram_merge(struct gen_histogram *sum, const struct gen_histogram *other)
{
	uint64_t least = app_get(&other->least), most = app_get(&other->most);

	app_add(&sum->sum, app_get(&other->sum));
	if (least < app_get(&sum->least))
		app_set(&sum->least, least);
	if (most > app_get(&sum->most))
		app_set(&sum->most, most);
	for (unsigned i = 0; i < GEN_HISTOGRAM_BUCKETS; i++)
		app_add(&sum->buckets[i], app_get(&other->buckets[i]));
}

uint64_t gen_histogram_count(const struct gen_histogram *histogram)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < GEN_HISTOGRAM_BUCKETS; i++)
		count += app_get(&histogram->buckets[i]);
	return count;
}

uint64_t gen_histogram_percentile(const struct gen_histogram *histogram, unsigned share)
{
	uint64_t count = gen_histogram_count(histogram), most = app_get(&histogram->most), below = 0;
	/* this many values are to be covered; two factors, as the product might not fit */
	uint64_t wanted =
		count / GEN_SHARE_ALL * share + (count % GEN_SHARE_ALL * share + GEN_SHARE_ALL - 1) / GEN_SHARE_ALL;

	for (unsigned i = 0; i < GEN_HISTOGRAM_BUCKETS && count; i++) {
		below += app_get(&histogram->buckets[i]);
		if (below < wanted || below == 0)
			continue;
		uint64_t last = gen_histogram_begin(i + 1) - 1;
		return last < most ? last : most;
	}
	return 0;
}

void gen_latency_clear(struct gen_latency *latency)
{
	memset(latency, 0, sizeof(*latency));
	gen_histogram_clear(&latency->histogram);
}

void gen_latency_merge(struct gen_latency *sum, const struct gen_latency *other)
{
	uint64_t most = app_get(&other->difference_max);

	gen_histogram_merge(&sum->histogram, &other->histogram);
	app_add(&sum->pairs, app_get(&other->pairs));
	app_add(&sum->difference_sum, app_get(&other->difference_sum));
	if (most > app_get(&sum->difference_max))
		app_set(&sum->difference_max, most);
}
