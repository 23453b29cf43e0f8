/* SPDX-License-Identifier: BSD-2-Clause
 * A batch of UDP packets for recvmmsg(2) and sendmmsg(2): as received, each is sent back to where it came from. */
#ifndef POLLUX_COMPARE_ECHO_BATCH_H
#define POLLUX_COMPARE_ECHO_BATCH_H

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define ECHO_BATCH 64u /* packets at most; a longer batch saves less than a hundredth of a system call per packet */

struct echo_batch {
	struct mmsghdr messages[ECHO_BATCH]; /* message i has peer, part and packet i */
	struct sockaddr_in peers[ECHO_BATCH];
	struct iovec parts[ECHO_BATCH];
	char packets[ECHO_BATCH][2048];
};

/** Makes the first `count` messages ready to receive. */
static inline void echo_batch_empty(struct echo_batch *batch, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		batch->parts[i].iov_base = batch->packets[i];
		batch->parts[i].iov_len = sizeof(batch->packets[i]);
		batch->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->peers[i],
			.msg_namelen = sizeof(batch->peers[i]),
			.msg_iov = &batch->parts[i],
			.msg_iovlen = 1,
		};
	}
}

/** Sends `count` received messages back and makes them ready to receive again. Returns how many the kernel took: one
 * that it refuses is lost, as it would be on a wire, and the peer counts it. */
static inline unsigned echo_batch_return(struct echo_batch *batch, int fd, unsigned count)
{
	unsigned sent = 0;

	for (unsigned i = 0; i < count; i++)
		batch->parts[i].iov_len = batch->messages[i].msg_len;
	for (unsigned i = 0; i < count;) {
		int taken = sendmmsg(fd, batch->messages + i, count - i, 0);
		if (taken < 0 && errno == EINTR)
			continue;
		sent += taken > 0 ? (unsigned)taken : 0;
		i += taken > 0 ? (unsigned)taken : 1;
	}
	echo_batch_empty(batch, count);
	return sent;
}

#endif
