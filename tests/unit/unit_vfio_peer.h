/* SPDX-License-Identifier: BSD-2-Clause
 * A small device process for tests of the vfio-user client: a thread behind a socket that answers well, or misbehaves
 * as told. */
#ifndef POLLUX_TESTS_UNIT_VFIO_PEER_H
#define POLLUX_TESTS_UNIT_VFIO_PEER_H

#include "../../vfio/user/channel.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BAR0_BYTES 0x20000u
#define BAR4_BYTES 0x4000u
#define BAR_FILE   "pollux-test-bar"

/** A reply as it is about to be sent. */
struct reply {
	struct vfio_user_header header;
	uint8_t payload[2 * USER_PAYLOAD_MAX];
	size_t payload_bytes; /* on the wire; header.bytes says what it claims */
	int fds[32];
	unsigned fd_count; /* the fake's to close */
};

enum how {
	WELL,
	CLOSE,         /* instead of answering */
	CLOSE_HALFWAY, /* in the middle of the header */
	SILENT,
	DRIP, /* one byte at a time, too slowly */
	WRONG_ID,
	WRONG_COMMAND,
	A_COMMAND, /* instead of a reply */
	ERROR_REAL,
	ERROR_0,
	ERROR_HUGE,
	ERROR_AND_DATA,
	TOO_SHORT,   /* a consistent message of one byte less */
	ANNOUNCED_8, /* less than a header */
	ANNOUNCED_HUGE,
	TRAILING, /* bytes behind the message */
	TWO_FDS,
	MANY_FDS, /* more than the client has room for */
	HOW_COUNT,
};

struct fake {
	/* What it is to do. */
	enum how how;
	unsigned command;  /* at the first message of this kind */
	unsigned close_at; /* at the n-th message of all; 0: never */
	void (*tamper)(struct fake *fake, const struct vfio_user_header *command, struct reply *reply);
	enum how_mapped { MAPPED_NO, MAPPED_SPARSE, MAPPED_WHOLE } mapped;
	enum { FILE_GOOD, FILE_UNSEALED, FILE_SHORT, FILE_PIPE } file;
	/* What it has. */
	int listener, socket, bar_file;
	char path[64], address[80];
	pthread_t thread;
	uint8_t bar0[BAR0_BYTES], config[4096];
	/* What it saw. */
	unsigned counts[32]; /* messages by command */
	unsigned messages;
	unsigned bad; /* messages that no client should send */
	struct {
		uint64_t iova, bytes, file_bytes;
		uint8_t first_byte;
	} maps[8];
	unsigned map_count, unmaps;
	struct vfio_irq_set irqs;
	unsigned irq_fds;
	bool misbehaved;
	unsigned max_fds;
};

/** What each misbehaviour is called in reports. */
extern const char *const how_names[HOW_COUNT];

/** A good device, not started. Set what it is to do, then start it. */
struct fake *new_fake(void);
/** Binds its socket and serves one connection in a thread; `address` is valid then. */
void start_fake(struct fake *fake);
/** Waits for the end of its connection, and serves another. */
void serve_again(struct fake *fake);
/** Waits for the end of its connection, asserts that it saw no bad message, and frees it. */
void stop_fake(struct fake *fake);

#endif
