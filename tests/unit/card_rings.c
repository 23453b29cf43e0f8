/* SPDX-License-Identifier: BSD-2-Clause
 * driver/ring/rings.c whose allocations count as steps of the card (card_life.c), so that they can be made to fail like
 * the rest. To be included before all else. */
#include <stdlib.h>

static void *step_calloc(size_t count, size_t bytes);
static void *step_aligned_alloc(size_t alignment, size_t bytes);
#define calloc        step_calloc
#define aligned_alloc step_aligned_alloc
#include "../../driver/ring/rings.c"
#undef calloc
#undef aligned_alloc
