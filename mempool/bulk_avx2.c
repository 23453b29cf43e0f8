/* SPDX-License-Identifier: BSD-2-Clause
 * The bulk functions of packet pools with AVX2: four pointers at a time. */
#include "bulk_x4.h"

PKT_BULK(avx2, pkt_make_x4, pkt_buffers_x4);
