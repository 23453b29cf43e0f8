/* SPDX-License-Identifier: BSD-2-Clause
 * A dry run: what would be sent is printed, or written to a capture, and no port is needed. */
#ifndef POLLUX_APPS_GEN_DRY_H
#define POLLUX_APPS_GEN_DRY_H

#include "gen_frame.h"

#include <stdio.h>

/** Prints what sizes frames have, and the first `count` packets of each stream, one a line. */
void gen_dry_print(const struct gen_makers *makers, uint64_t count, FILE *out);

/** Writes these packets to a capture. False, and printed: it could not be written. */
bool gen_dry_write(const struct gen_makers *makers, uint64_t count, const char *file);

#endif
