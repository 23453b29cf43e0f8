/* SPDX-License-Identifier: BSD-2-Clause
 * driver/ring/rings.c whose allocations count as steps of the card (card_life.c), so that they can be made to fail like
 * the rest. To be included before all else. */
#include "../../mempool/hot.h"

#include <stdlib.h>

static void *step_calloc(size_t count, size_t bytes);
static void *step_hot_alloc(size_t bytes);
#define calloc    step_calloc
#define hot_alloc step_hot_alloc
#include "../../driver/ring/rings.c"
#undef calloc
#undef hot_alloc
