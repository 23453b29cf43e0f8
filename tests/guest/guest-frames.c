/* SPDX-License-Identifier: BSD-2-Clause
 * guest-frames: sends and receives numbered frames through a packet socket. */
#include "../model/wire/text.h"
#include "numbered.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALL_TYPES   3 /* ETH_P_ALL, whose header does not go together with net/if.h's everywhere */
#define BUFFER      (64 << 20)
#define BUSY_US     200
#define BUSY_AGAINS 50000u /* ten seconds with the queue full */

static int failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

/** @return a packet socket of the interface; -1: failed. */
static int open_socket(const char *name, int protocol, uint8_t mac[6])
{
	struct ifreq request = {0};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, protocol);

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		return -1;
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_protocol = (uint16_t)protocol, .sll_ifindex = (int)if_nametoindex(name)};
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -1 : fd;
}

/** Sends one frame, waiting while the interface's queue is full. */
static bool send_one(int fd, const uint8_t *frame, uint32_t len)
{
	for (unsigned again = 0; again < BUSY_AGAINS; again++) {
		ssize_t sent = send(fd, frame, len, 0);
		if (sent == (ssize_t)len)
			return true;
		if (sent >= 0 || (errno != ENOBUFS && errno != EAGAIN && errno != ENETDOWN))
			return false;
		usleep(BUSY_US);
	}
	return false;
}

/** IF TO BYTES COUNT MARK [VLAN] [PAUSE_US] */
static int send_frames(int argc, char **argv)
{
	static uint8_t frame[NUMBERED_BYTES_MAX];
	uint8_t to[6], from[6];
	int fd = open_socket(argv[0], 0, from);

	if (fd < 0 || !numbered_stay())
		return failed(argv[0]);
	if (!text_mac_address(argv[1], to))
		return 2;
	uint32_t len = (uint32_t)numbered_number(argv[2], NUMBERED_BYTES_MAX);
	uint64_t count = numbered_number(argv[3], UINT32_MAX);
	uint32_t mark = (uint32_t)numbered_number(argv[4], NUMBERED_MARKS - 1);
	int vlan = argc > 5 && strcmp(argv[5], "-") != 0 ? (int)numbered_number(argv[5], 4095) : -1;
	unsigned pause_us = argc > 6 ? (unsigned)numbered_number(argv[6], 1000000) : 0;
	if (len < NUMBERED_BYTES_MIN)
		return 2;
	for (uint64_t i = 0; i < count; i++) {
		numbered_build(frame, len, to, from, vlan, mark, i);
		if (!send_one(fd, frame, len))
			return failed("send");
		if (pause_us)
			usleep(pause_us);
	}
	return 0;
}

/** The tag that the card or the kernel took off; -1: none. */
static int tag_of(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct tpacket_auxdata auxiliary;
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&auxiliary, CMSG_DATA(c), sizeof(auxiliary));
		return auxiliary.tp_status & TP_STATUS_VLAN_VALID ? auxiliary.tp_vlan_tci & 0xFFF : -1;
	}
	return -1;
}

/** IF SECONDS: until a frame with the mark of the end comes. Says so when it listens. */
static int receive_frames(char **argv)
{
	static uint8_t frame[NUMBERED_BYTES_MAX + 16];
	static struct numbered_series series[NUMBERED_MARKS];
	uint8_t mac[6];
	int one = 1, size = BUFFER, fd = open_socket(argv[0], htons(ALL_TYPES), mac), mark = -1;
	uint64_t until = numbered_now_ns() + numbered_number(argv[1], 3600) * 1000000000u;

	if (fd < 0)
		return failed(argv[0]);
	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) ||
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		return failed("setsockopt");
	puts("listening");
	fflush(stdout);
	while (mark != NUMBERED_END && numbered_now_ns() < until) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		char control[256];
		struct sockaddr_ll from;
		struct iovec part = {frame, sizeof(frame)};
		struct msghdr message = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		if (poll(&ready, 1, 100) <= 0)
			continue;
		ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
		if (got > 0 && from.sll_pkttype != PACKET_OUTGOING)
			mark = numbered_take(series, frame, (uint32_t)got, tag_of(&message));
	}
	numbered_print(series);
	puts(mark == NUMBERED_END ? "the end" : "no end");
	return mark != NUMBERED_END;
}

/** IF TO COUNT: UDP packets of as many flows, from 198.18.0.1 port 2001 and on to 198.19.0.1 port 9, without checksum.
 */
static int send_flows(char **argv)
{
	uint8_t frame[NUMBERED_BYTES_MIN] = {[12] = 0x08, [14] = 0x45, [17] = 46, [22] = 64, 17};
	static const uint8_t rest[16] = {198, 18, 0, 1, 198, 19, 0, 1, 0, 0, 0, 9, 0, 26};
	int fd = open_socket(argv[0], 0, frame + 6);

	if (fd < 0)
		return failed(argv[0]);
	if (!text_mac_address(argv[1], frame))
		return 2;
	memcpy(frame + 26, rest, sizeof(rest));
	frame[24] = 0xEE; /* the header's sum, as it never changes */
	frame[25] = 0x97;
	uint64_t count = numbered_number(argv[2], 1000);
	for (unsigned port = 2001; port < 2001 + count; port++) {
		frame[34] = (uint8_t)(port >> 8);
		frame[35] = (uint8_t)port;
		if (!send_one(fd, frame, sizeof(frame)))
			return failed("send");
	}
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "flows") == 0)
		return send_flows(argv + 2);
	if (argc >= 7 && strcmp(argv[1], "send") == 0)
		return send_frames(argc - 2, argv + 2);
	if (argc == 4 && strcmp(argv[1], "receive") == 0)
		return receive_frames(argv + 2);
	fprintf(stderr, "usage: guest-frames send IF TO BYTES COUNT MARK [VLAN|- [PAUSE_US]] | receive IF SECONDS | "
			"flows IF TO "
			"COUNT\n");
	return 2;
}
