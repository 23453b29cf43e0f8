/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions with AVX2: four descriptors at a time. */
#include "x4.h"

#define PIPE_WIDTH 4
#define take_wide  pipe_take_fours
#define put_wide   pipe_put_fours
#define take_rest  pipe_take_rest
#define put_rest   pipe_put_rest
#define pick       pipe_pick
#include "burst.h"

const struct ixgbe_pipe_bursts ixgbe_pipe_avx2 = {pipe_take, pipe_send, pipe_send_parting};
