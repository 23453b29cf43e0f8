/* SPDX-License-Identifier: BSD-2-Clause
 * One vfio-user connection as messages: whole ones in, replies out, never waiting for the peer. A message that has come
 * in part stays in the buffer until the rest is there; a reply that the peer does not fetch stops the reading. */
#ifndef POLLUX_TESTS_MODEL_SERVER_CHANNEL_H
#define POLLUX_TESTS_MODEL_SERVER_CHANNEL_H

#include "../../../vfio/user/protocol.h"

#include <stdbool.h>
#include <stddef.h>

#define CHANNEL_DATA_MAX    65536u /* data in one region read or write; what VERSION announces */
#define CHANNEL_PAYLOAD_MAX (sizeof(struct vfio_user_region_access) + CHANNEL_DATA_MAX)
#define CHANNEL_MESSAGE_MAX (sizeof(struct vfio_user_header) + CHANNEL_PAYLOAD_MAX)

struct channel {
	int fd; /* -1: no connection */
	/* The message that is coming in, and what came with it. */
	size_t have;
	int fds[VFIO_USER_FDS_MAX];
	unsigned fd_count;
	bool fds_lost; /* it brought more descriptors than anybody may send */
	/* The reply that is going out. */
	size_t out_bytes, out_sent;
	int out_fd; /* goes with its first byte; not owned; -1: none */
	_Alignas(8) uint8_t in[CHANNEL_MESSAGE_MAX];
	_Alignas(8) uint8_t out[CHANNEL_MESSAGE_MAX];
};

/** Starts with a connected stream socket, which becomes the channel's. */
void channel_open(struct channel *channel, int fd);
/** Closes the socket and all descriptors that nobody took. Does nothing when there is no connection. */
void channel_close(struct channel *channel);

/**
 * Reads on. @return 1: a whole message is in `in`; 0: not yet, or a reply still waits; -EMSGSIZE: the header in `in`
 * names a size that no message has, and where the next one starts is unknown; else the connection is over (-ECONNRESET:
 * closed by the peer).
 */
int channel_receive(struct channel *channel);

/** Done with the message in `in`: closes the descriptors that nobody took. */
void channel_next(struct channel *channel);

/** Takes one of the message's descriptors, which is the caller's from now on. */
int channel_take_fd(struct channel *channel, unsigned index);

/** Where a reply's payload goes before channel_reply. */
static inline uint8_t *channel_payload(struct channel *channel)
{
	return channel->out + sizeof(struct vfio_user_header);
}

/**
 * Answers the message in `in`, unless it wants no reply. error: 0, or a positive errno value (then without payload and
 * descriptor).
 * @return 0, also when the peer has yet to fetch it; else the connection is over.
 */
int channel_reply(struct channel *channel, int error, size_t payload_bytes, int fd);

/** Sends what waits. @return 0: all sent; -EAGAIN: not yet; else the connection is over. */
int channel_flush(struct channel *channel);

#endif
