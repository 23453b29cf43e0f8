/* SPDX-License-Identifier: BSD-2-Clause
 * Wires as the command line describes them. */
#ifndef POLLUX_TESTS_MODEL_WIRE_CONFIGURE_H
#define POLLUX_TESTS_MODEL_WIRE_CONFIGURE_H

#include "wire.h"

/**
 * Understands one `--wire` option, "PORT:KIND[=VALUE][,KEY=VALUE]...", and opens what it names. wires has `ports` of
 * them, zeroed before the first. error receives a sentence. @return 0 or -errno.
 */
int wire_configure(struct wire *wires, unsigned ports, const char *option, char *error, size_t error_bytes);
/** What wire_configure understands, for --help. */
extern const char wire_help[];

#endif
