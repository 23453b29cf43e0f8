/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions for every x86-64. */
#include "few.h"

#define PIPE_WIDTH 1
#define take_wide  take_few
#define put_wide   put_few
#define take_rest  take_few
#define put_rest   put_few

static inline unsigned pick(struct pkt *some, const struct pkt *pkts, const uint32_t *to, unsigned n, unsigned index)
{
	unsigned picked = 0;

	for (unsigned i = 0; i < n; i++) {
		some[picked] = pkts[i];
		picked += to[i] >> index & 1;
	}
	return picked;
}

#include "burst.h"

const struct ixgbe_pipe_bursts ixgbe_pipe_scalar = {pipe_take, pipe_send, pipe_send_parting};
