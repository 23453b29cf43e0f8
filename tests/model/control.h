/* SPDX-License-Identifier: BSD-2-Clause
 * Commands for a running pollux-model: lines that anybody writes to a FIFO. */
#ifndef POLLUX_TESTS_MODEL_CONTROL_H
#define POLLUX_TESTS_MODEL_CONTROL_H

#include "card/model.h"
#include "wire/meter_end.h"

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_LINE_MAX 256

struct control {
	int fd;           /* -1: not open */
	const char *path; /* the caller's string; control_close removes the FIFO */
	char text[CONTROL_LINE_MAX];
	size_t have;
};

/** Makes the FIFO and opens it; one that is there is taken over. error receives a sentence. @return 0 or -errno */
int control_open(struct control *control, const char *path, char *error, size_t error_bytes);

/** Cuts off the next line that was written, without waiting. What does not fit into a line is a line of its own.
 *  @return false: there is no whole line yet, or no control */
bool control_line(struct control *control, char line[CONTROL_LINE_MAX]);

void control_close(struct control *control);

/** What a line asks for. */
struct control_command {
	enum { CONTROL_LINK, CONTROL_MODULE, CONTROL_PARTNER, CONTROL_PAUSE, CONTROL_FAULT, CONTROL_METER } what;
	unsigned port;
	bool up;                  /* CONTROL_LINK */
	enum model_module module; /* CONTROL_MODULE */
	uint32_t speeds;          /* CONTROL_PARTNER */
	uint64_t pause_ns;        /* CONTROL_PAUSE */
	unsigned incident;        /* CONTROL_FAULT: MODEL_INCIDENTS: one that `number` chooses */
	unsigned number;          /* CONTROL_FAULT: its argument, or the seed */
	struct meter_order meter; /* CONTROL_METER */
	char error[256];          /* why the line cannot be understood, where there is more to say than that */
};

/** Understands "link PORT up", "link PORT down", "module PORT NAME", "partner PORT MBPS,...", "pause PORT MS",
 *  "fault PORT NAME [N]", "fault PORT random SEED" and "meter PORT ID KEY=VALUE,...", ports from 0.
 *  @return false: it is something else. */
bool control_understand(const char *line, unsigned ports, struct control_command *command);

#endif
