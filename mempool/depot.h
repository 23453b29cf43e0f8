/* SPDX-License-Identifier: BSD-2-Clause
 * The depot of a packet pool: where threads exchange buffer pointers, lock-free, in blocks of PKT_BLOCK. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pkt_depot;

/**
 * Opens a depot that holds count pointers: first, first + stride_bytes, ... They come out in that order.
 * @param page_bytes  the first buffer begins a page of this size, and buffers that would lie in two such pages are left
 *                    out; 0: none are
 * @return NULL: no memory
 */
struct pkt_depot *pkt_depot_open(uint8_t *first, size_t stride_bytes, size_t page_bytes, unsigned count);

/** Frees it. NULL is ignored. */
void pkt_depot_close(struct pkt_depot *depot);

/** How many pointers are in it: exact while no thread gives or takes. */
unsigned pkt_depot_available(const struct pkt_depot *depot);

/** Takes 1 to PKT_BLOCK pointers, a full block of them if there is one. @return how many; 0: the depot is empty.
 * Thread-safe. */
unsigned pkt_depot_take(struct pkt_depot *depot, uint8_t **to);

/** Gives n pointers, any number, back. Never fails; cheapest in multiples of PKT_BLOCK. Thread-safe. */
void pkt_depot_give(struct pkt_depot *depot, uint8_t *const *from, unsigned n);
