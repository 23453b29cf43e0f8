/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-model's command line. */
#ifndef POLLUX_TESTS_MODEL_OPTIONS_H
#define POLLUX_TESTS_MODEL_OPTIONS_H

#include "card/model.h"
#include "wire/wire.h"

#include <stdio.h>

#define MAX_WIRES 16

struct options {
	const char *paths[WIRE_PORTS], *wires[MAX_WIRES], *control; /* control: NULL: none */
	unsigned ports, wire_count;
	struct model_config model;   /* what both ports have alike */
	uint8_t macs[WIRE_PORTS][6]; /* unique to this process where the command line gives none */
	uint32_t broken;             /* enum model_breakage */
	bool help, version, hold, no_shared, link_down, exit_when_done, once, stats, json;
	uint64_t lose, corrupt, expect; /* 0: not wanted */
	double duration;                /* seconds; 0: without end */
};

/** Fills in what the command line says; the strings stay its own. @return false: it cannot be used, and was told why on
 * stderr. */
bool options_understand(int argc, char **argv, struct options *options);

void options_help(FILE *to);

#endif
