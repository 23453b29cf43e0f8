/* SPDX-License-Identifier: BSD-2-Clause
 * The depot: an array of blocks on three stacks (full, partial, empty), each with a tagged head in one 64-bit word.
 *
 * To give PKT_BLOCK pointers, a thread pops an empty block, fills it, and pushes it to the full ones; to take them, the
 * reverse. Fewer pointers are first merged into a partial block. So another partial block is made only while threads
 * hold all that there are, and there are never more of them than threads that were in here at one time. */
#include "depot.h"

#include "pool.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* For each thread one block that it holds, and one partial block that it made while others held theirs. */
#define SPARE_BLOCKS (2 * PKT_THREADS + 2)

struct block {
	uint8_t *buffers[PKT_BLOCK];
	uint32_t next;  /* the block below in the stack: its index + 1, or 0. Atomic: a slow pop may still read it after
			   another thread has popped the block */
	uint32_t count; /* of buffers; who has popped the block alone touches it */
} __attribute__((aligned(64)));

/* A stack's head. The low 16 bits are the top block's index + 1, or 0 when there is none. Above is a tag that every
 * change increments: a pop that was interrupted notices that the block has been away and come back in the meantime
 * (2^48 changes during one pop are out of reach). */
#define HEAD_INDEX_BITS 16
#define HEAD_INDEX_MASK ((UINT64_C(1) << HEAD_INDEX_BITS) - 1)
_Static_assert(PKT_POOL_MAX / PKT_BLOCK + 1 + SPARE_BLOCKS < HEAD_INDEX_MASK, "block indices fit into a head");

struct pkt_depot {
	/* Heads of stacks. An exchange touches two of them and `available`: one cache line. */
	uint64_t full, partial, empty;
	uint32_t available; /* pointers in the depot */
	/* Constant. */
	uint32_t count; /* pointers that there are */
	struct block *blocks;
} __attribute__((aligned(64)));

static struct block *pop(struct pkt_depot *depot, uint64_t *stack)
{
	uint64_t head = __atomic_load_n(stack, __ATOMIC_ACQUIRE);
	for (;;) {
		uint64_t index = head & HEAD_INDEX_MASK;
		if (index == 0)
			return NULL;
		struct block *block = &depot->blocks[index - 1];
		uint64_t next = __atomic_load_n(&block->next, __ATOMIC_RELAXED);
		uint64_t tag = (head & ~HEAD_INDEX_MASK) + HEAD_INDEX_MASK + 1;
		if (__atomic_compare_exchange_n(stack, &head, tag | next, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
			return block;
	}
}

static void push(struct pkt_depot *depot, uint64_t *stack, struct block *block)
{
	uint64_t index = (uint64_t)(block - depot->blocks) + 1;
	uint64_t head = __atomic_load_n(stack, __ATOMIC_RELAXED);
	uint64_t tag;
	do {
		__atomic_store_n(&block->next, (uint32_t)(head & HEAD_INDEX_MASK), __ATOMIC_RELAXED);
		tag = (head & ~HEAD_INDEX_MASK) + HEAD_INDEX_MASK + 1;
	} while (!__atomic_compare_exchange_n(stack, &head, tag | index, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static bool in_two_pages(size_t offset, size_t stride_bytes, size_t page_bytes)
{
	return page_bytes > stride_bytes && offset % page_bytes > page_bytes - stride_bytes;
}

struct pkt_depot *pkt_depot_open(uint8_t *first, size_t stride_bytes, size_t page_bytes, unsigned count)
{
	struct pkt_depot *depot = aligned_alloc(_Alignof(struct pkt_depot), sizeof(*depot));
	if (!depot)
		return NULL;
	unsigned filled = (count + PKT_BLOCK - 1) / PKT_BLOCK;
	unsigned blocks = filled + SPARE_BLOCKS;
	*depot = (struct pkt_depot){.count = count, .available = count};
	depot->blocks = aligned_alloc(_Alignof(struct block), blocks * sizeof(struct block));
	if (!depot->blocks) {
		free(depot);
		return NULL;
	}
	size_t offset = 0;
	for (unsigned i = 0; i < blocks; i++)
		depot->blocks[i].count = 0;
	for (unsigned at = 0; at < count; at++, offset += stride_bytes) {
		struct block *block = &depot->blocks[at / PKT_BLOCK];
		if (in_two_pages(offset, stride_bytes, page_bytes))
			offset += stride_bytes;
		block->buffers[block->count++] = first + offset;
	}
	/* Downwards, because the block that is pushed last comes out first. */
	for (unsigned i = blocks; i-- > 0;) {
		struct block *block = &depot->blocks[i];
		push(depot,
			block->count == PKT_BLOCK ? &depot->full
			: block->count            ? &depot->partial
						  : &depot->empty,
			block);
	}
	return depot;
}

void pkt_depot_close(struct pkt_depot *depot)
{
	if (!depot)
		return;
	free(depot->blocks);
	free(depot);
}

unsigned pkt_depot_available(const struct pkt_depot *depot)
{
	return __atomic_load_n(&depot->available, __ATOMIC_RELAXED);
}

unsigned pkt_depot_take(struct pkt_depot *depot, uint8_t **to)
{
	struct block *block = pop(depot, &depot->full);
	if (!block)
		block = pop(depot, &depot->partial);
	if (!block)
		return 0;
	unsigned count = block->count;
	memcpy(to, block->buffers, count * sizeof(to[0]));
	push(depot, &depot->empty, block);
	__atomic_fetch_sub(&depot->available, count, __ATOMIC_RELAXED);
	return count;
}

/* Pops a block with room for some of n pointers. NULL when all are full, which takes pointers that were given twice. */
static struct block *block_with_room(struct pkt_depot *depot, unsigned n)
{
	for (;;) {
		struct block *block = n < PKT_BLOCK ? pop(depot, &depot->partial) : NULL;
		if (!block && (block = pop(depot, &depot->empty)))
			block->count = 0;
		if (!block)
			block = pop(depot, &depot->partial);
		if (block || pkt_depot_available(depot) >= depot->count)
			return block;
		sched_yield(); /* other threads hold all spare blocks, and one of them will be done soon */
	}
}

void pkt_depot_give(struct pkt_depot *depot, uint8_t *const *from, unsigned n)
{
	while (n > 0) {
		struct block *block = block_with_room(depot, n);
		if (!block)
			return;
		unsigned room = PKT_BLOCK - block->count;
		unsigned count = n < room ? n : room;
		memcpy(&block->buffers[block->count], from, count * sizeof(from[0]));
		block->count += count;
		from += count;
		n -= count;
		/* Before the push, so that no other thread takes what is not counted yet: `available` never drops below
		 * 0. */
		__atomic_fetch_add(&depot->available, count, __ATOMIC_RELAXED);
		push(depot, block->count == PKT_BLOCK ? &depot->full : &depot->partial, block);
	}
}
