/* SPDX-License-Identifier: BSD-2-Clause
 * What became of the numbered packets of one sender that came by one receive queue: in order, reordered and how far,
 * duplicated, or too late to tell. */
#include "gen_sequence.h"

#include <string.h>
#include <sys/mman.h>

struct gen_sequence *gen_sequences_open(unsigned count)
{
	/* pages are there once they are used */
	void *all = mmap(NULL, count * sizeof(struct gen_sequence), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (all == MAP_FAILED)
		return NULL;
	gen_sequences_clear(all, count);
	return all;
}

void gen_sequences_clear(struct gen_sequence *sequences, unsigned count)
{
	/* pages that are not needed any more are zeros when they are needed again */
	if (madvise(sequences, count * sizeof(*sequences), MADV_DONTNEED) < 0)
		memset(sequences, 0, count * sizeof(*sequences)); /* they are locked */
	for (unsigned i = 0; i < count; i++)
		sequences[i].pair_with = GEN_NO_PAIR;
}

void gen_sequences_close(struct gen_sequence *sequences, unsigned count)
{
	munmap(sequences, count * sizeof(*sequences));
}

/* Packets that have arrived, duplicates aside. */
static uint32_t arrived(const struct gen_sequence *s)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < GEN_SIZES; i++)
		all += app_get(&s->arrivals[i].unique);
	return (uint32_t)all;
}

/* The window slides up to a number. Those that slide into it have not been seen, and are overtaken by this one. */
static void jump_to(struct gen_sequence *s, uint64_t number)
{
	uint64_t next = app_get(&s->next);
	uint32_t now = arrived(s);

	if (number - next >= GEN_SEQUENCE_WINDOW)
		next = number - GEN_SEQUENCE_WINDOW + 1;
	for (uint64_t i = next; i <= number; i++) {
		s->seen[i % GEN_SEQUENCE_WINDOW / 64] &= ~(UINT64_C(1) << i % 64);
		s->overtaken_at[i % GEN_SEQUENCE_WINDOW] = now;
	}
	app_set(&s->next, number + 1);
}

bool gen_sequence_add_other(struct gen_sequence *s, uint64_t number, unsigned size)
{
	uint64_t *word = &s->seen[number % GEN_SEQUENCE_WINDOW / 64], bit = UINT64_C(1) << number % 64;
	uint64_t next = app_get(&s->next);
	struct gen_arrivals *arrivals = &s->arrivals[size];

	if (number >= next) {
		jump_to(s, number);
	} else if (next - number > GEN_SEQUENCE_WINDOW) {
		app_add(&arrivals->stale, 1);
		return false;
	} else if (*word & bit) {
		app_add(&arrivals->duplicates, 1);
		return false;
	} else {
		uint32_t extent = arrived(s) - s->overtaken_at[number % GEN_SEQUENCE_WINDOW];
		app_add(&arrivals->reordered, 1);
		app_add(&s->extent_sum, extent);
		if (extent > app_get(&s->extent_max))
			app_set(&s->extent_max, extent);
	}
	*word |= bit;
	app_add(&arrivals->unique, 1);
	return true;
}
