/* SPDX-License-Identifier: BSD-2-Clause
 * One vfio-user connection: sends a command, waits for its reply, and believes nothing in it that it has not checked.
 */
#pragma once

#include "../error.h"
#include "protocol.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USER_PAYLOAD_MAX 8192 /* bytes of a message behind its header; none that we send or ask for is longer */
#define USER_ACCESS_MAX  4096 /* bytes that one access moves: all of configuration space */

struct user_channel {
	int socket;
	pthread_mutex_t lock;     /* held from a command until its reply: one is on its way at a time */
	uint16_t id;              /* the last command's */
	struct pollux_loss *loss; /* why the connection was given up; nothing is sent any more then */
	const char *address;      /* for sentences */
	uint32_t max_access;      /* bytes of a region in one message, at most USER_ACCESS_MAX */
};

/** A command and the room for its reply. */
struct user_call {
	enum vfio_user_command command;
	/* The command's payload: a fixed part, then data. */
	const void *head, *data;
	size_t head_bytes, data_bytes;
	const int *fds;
	unsigned fd_count; /* at most VFIO_USER_FDS_MAX */
	/* The reply's payload: between reply_min and reply_max bytes are accepted. */
	void *reply;
	size_t reply_min, reply_max;
	size_t reply_bytes; /* out */
	int *reply_fd; /* receives the descriptor that the reply brought, the caller's to close, or -1; NULL: the reply
			  may bring none */
};

/** Connects. loss and address must outlive the channel. -ENOENT, -ECONNREFUSED, -EACCES, -EINVAL (path too long),
 * -ETIMEDOUT, ...; whatever it returns, user_channel_close comes last. */
int user_channel_open(struct user_channel *channel, const char *path, const char *address, struct pollux_loss *loss);

/** Closes the connection. No other thread may be inside a call. */
void user_channel_close(struct user_channel *channel);

/**
 * Sends a command and waits for its reply. Thread-safe.
 * Errors after which the connection goes on: the one that the peer answered, or -EPROTO where the peer's error is none
 * of Linux. Errors with which the connection is lost: -ENODEV (it was closed), -ETIMEDOUT, -EPROTO (the peer broke the
 * protocol). Once it is lost: -ENODEV.
 */
int user_channel_call(struct user_channel *channel, struct user_call *call);

/** Reads bytes of a region into `in`, or writes them from `out`; the other is NULL. -EINVAL: more than max_access; and
 * those of user_channel_call. */
int user_channel_access(
	struct user_channel *channel, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes);

/** Gives the connection up because a well-formed reply breaks the protocol. `what` completes "the device process ...".
 * @return -EPROTO, with the sentence */
int user_channel_broken(struct user_channel *channel, const char *what);
