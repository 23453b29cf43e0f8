/* SPDX-License-Identifier: BSD-2-Clause
 * A raw vfio-user client for tests of the software 82599's server: it sends whatever it is told, right or wrong, over a
 * socketpair, and lets the server answer in between; or to a server in another process. One at a time. */
#ifndef POLLUX_TESTS_UNIT_RAW_CLIENT_H
#define POLLUX_TESTS_UNIT_RAW_CLIENT_H

#include "unit.h"

#include "../model/server/channel.h"
#include "../model/server/server.h"

#include <sys/types.h>

struct raw_reply {
	struct vfio_user_header header;
	uint8_t payload[CHANNEL_PAYLOAD_MAX];
	int fd;
};

extern struct server *raw_server; /* who is asked; the test's. NULL: who listens at raw_path */
extern const char *raw_path;
extern int raw_client;             /* the socket; -1: none */
extern struct raw_reply raw_reply; /* the last one */

void raw_serve(void);
void raw_join(void);
void raw_leave(void);
void raw_send(const void *data, size_t bytes, const int *fds, unsigned count);
size_t raw_compose(uint8_t *message, unsigned command, uint32_t flags, const void *payload, size_t bytes);
/** @return what recv said: 0 the connection is closed, -1 nothing came. */
ssize_t raw_fetch(void);
void raw_close_reply_fd(void);
/** Sends a command and gets its answer. @return its error; -1: closed without one. */
int raw_ask_with(unsigned command, const void *payload, size_t bytes, const int *fds, unsigned count);
int raw_ask(unsigned command, const void *payload, size_t bytes);
void raw_greet(void);
int raw_map_at(uint64_t iova, uint64_t bytes, uint64_t offset, int fd);
int raw_unmap_at(uint64_t iova, uint64_t bytes);
int raw_read_region(uint32_t region, uint64_t offset, uint32_t count);
int raw_write_region(uint32_t region, uint64_t offset, const void *data, uint32_t count);

#endif
