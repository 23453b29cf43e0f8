/* SPDX-License-Identifier: BSD-2-Clause
 * The state of a server, for its own files only. */
#ifndef POLLUX_TESTS_MODEL_SERVER_STATE_H
#define POLLUX_TESTS_MODEL_SERVER_STATE_H

#include "channel.h"
#include "irqs.h"
#include "memory_map.h"
#include "server.h"

#include <sys/types.h>

struct server {
	struct model *model;
	struct memory_map *memory;
	int bar0_fd;
	uint8_t *bar0;
	bool no_shared;
	int listener; /* -1: none */
	char *path;
	ino_t inode;  /* of the socket file that we made */
	bool greeted; /* VERSION was agreed on */
	struct server_irqs irqs;
	struct server_counts counts;
	struct channel channel;
};

#endif
