/* SPDX-License-Identifier: BSD-2-Clause
 * One port of the software 82599 as a vfio-user device: a socket, at most one client, and the model behind them. It
 * never waits: whoever embeds it calls server_poll now and then, and steps the queues in between.
 *
 * A second client is refused: its connection is accepted and closed at once. When a client goes, however it goes, its
 * memory and eventfds are dropped and the function is reset, and the next one may come, be it at once. Not thread-safe:
 * one thread per server. */
#ifndef POLLUX_TESTS_MODEL_SERVER_SERVER_H
#define POLLUX_TESTS_MODEL_SERVER_SERVER_H

#include "../card/model.h"

#include <poll.h>

struct server;

struct server_config {
	const char *path;          /* of the socket; NULL: none, clients come through server_adopt */
	struct model_config model; /* bar0 is the server's own */
	bool no_shared;            /* heads and tails are not offered as memory: every access is a message */
};

struct server_counts {
	uint64_t clients;  /* served */
	uint64_t refused;  /* while another was being served, or for want of memory */
	uint64_t messages; /* handled */
	uint64_t errors;   /* of these, answered with an error */
	uint64_t tails;  /* of these, that wrote a tail: few, as queues are set up, where the client has heads and tails
			    mapped */
	uint64_t broken; /* connections that we ended because the client broke the protocol or its memory */
	uint64_t full;   /* interrupts that found their eventfd full */
};

/**
 * Opens the model and, if there is a path, listens there. A socket file that nobody listens on is replaced; the file
 * appears when a client can connect.
 * @param error  receives a sentence on failure; error_bytes of room
 * @return 0, or -EADDRINUSE (somebody serves there), -EEXIST (not a socket), -ENAMETOOLONG, -ENOMEM, ...
 */
int server_open(struct server **server, const struct server_config *config, char *error, size_t error_bytes);

/** Ends the connection, removes the socket file if it is still ours, and closes the model. NULL is ignored. */
void server_close(struct server *server);

/** Serves a connected stream socket, which becomes the server's. @return 0; -EBUSY: there is a client; -ENOMEM,
 * -EMFILE, ... The socket is closed then. */
int server_adopt(struct server *server, int fd);

/** Handles up to `most` messages, and accepts when those were fewer or most is 0. @return what happened: messages
 * handled, clients come and gone. 0: nothing. */
unsigned server_poll(struct server *server, unsigned most);

/** Fills in what to sleep on: up to 2 entries. @return how many. */
unsigned server_poll_fds(const struct server *server, struct pollfd *fds);

bool server_connected(const struct server *server);
struct model *server_model(struct server *server);
const struct server_counts *server_counts(const struct server *server);

#endif
