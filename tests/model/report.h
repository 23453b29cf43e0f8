/* SPDX-License-Identifier: BSD-2-Clause
 * What pollux-model says about its ports: live counters, and the statistics at the end for people or programs. */
#ifndef POLLUX_TESTS_MODEL_REPORT_H
#define POLLUX_TESTS_MODEL_REPORT_H

#include "server/server.h"
#include "wire/wire.h"

#include <stdio.h>

struct model_port {
	struct server *server;
	struct wire *wire;
	struct wire_counts shown; /* by the last report_live */
	uint64_t shown_lost;      /* lost by then */
};

/** A line for each port: what moved since the last one, `seconds` ago. */
void report_live(FILE *to, struct model_port *ports, unsigned count, double seconds);
/** A few lines for each port. */
void report_end(FILE *to, struct model_port *ports, unsigned count);
/** The same as one JSON object. */
void report_json(FILE *to, struct model_port *ports, unsigned count);

#endif
