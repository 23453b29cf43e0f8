/* SPDX-License-Identifier: BSD-2-Clause
 * Time as the control paths measure it, by a clock that nobody sets. */
#pragma once

#include <stdint.h>

uint64_t clock_now_ns(void);
uint64_t clock_now_us(void);
/** Sleeps at least so long; a signal does not end it. */
void clock_sleep_us(uint32_t us);
