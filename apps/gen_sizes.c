/* SPDX-License-Identifier: BSD-2-Clause
 * The sizes of a stream's frames. */
#include "gen_sizes.h"

static const uint16_t classes[][2] = {
	{64, 64}, {65, 127}, {128, 255}, {256, 511}, {512, 1023}, {1024, 1518}, {1519, UINT16_MAX}};
#define CLASSES (sizeof(classes) / sizeof(*classes))
_Static_assert(CLASSES <= GEN_SIZES, "all classes fit");

/* Adds a size, unless it is there. False: there are too many. */
static bool add(struct gen_sizes *sizes, uint16_t size)
{
	unsigned at = 0;

	while (at < sizes->count && sizes->first[at] < size)
		at++;
	if (at < sizes->count && sizes->first[at] == size)
		return true;
	if (sizes->count == GEN_SIZES)
		return false;
	for (unsigned i = sizes->count++; i > at; i--)
		sizes->first[i] = sizes->first[i - 1];
	sizes->first[at] = size;
	return true;
}

void gen_sizes_init(struct gen_sizes *sizes, const struct gen_stream *stream)
{
	const struct gen_values *v = &stream->size;
	const uint64_t step = v->order == GEN_RANDOM ? 1 : v->step;
	bool few = true;

	*sizes = (struct gen_sizes){.count = 0};
	for (uint64_t i = 0; i < v->count && few; i++)
		few = add(sizes, (uint16_t)(v->order == GEN_LIST ? v->list[i] : v->first + i * step));
	for (unsigned i = 0; i < GEN_SIZES; i++)
		sizes->last[i] = sizes->first[i];
	if (few)
		return;
	const unsigned shortest = gen_stream_shortest(stream), longest = gen_stream_longest(stream);
	sizes->count = 0;
	for (unsigned i = 0; i < CLASSES; i++) {
		if (longest < classes[i][0] || shortest > classes[i][1])
			continue;
		sizes->first[sizes->count] = (uint16_t)(shortest > classes[i][0] ? shortest : classes[i][0]);
		sizes->last[sizes->count++] = (uint16_t)(longest < classes[i][1] ? longest : classes[i][1]);
	}
}
