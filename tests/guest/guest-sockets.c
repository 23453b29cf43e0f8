/* SPDX-License-Identifier: BSD-2-Clause
 * guest-sockets: Linux as the judge of a capture's frames. It opens a socket for each flow of the capture, and compares
 * what the kernel hands out with the capture's payload; or it sends through such sockets, or the frames as they are.
 * A TCP socket is set up by TCP_REPAIR, as if it had been connected before: a capture has no handshake. */
#include "../model/wire/capture.h"
#include "numbered.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FLOWS = 64, UDP = 17, BUFFER = 8 << 20 };
enum { SEND_TIMES = 3, SEND_BYTES = 500 }; /* in one segment each, as no MSS was negotiated */

/** What a frame has. */
struct parts {
	const uint8_t *addresses; /* source, destination */
	const uint8_t *l4, *payload;
	uint32_t payload_bytes;
	uint8_t protocol;
	bool v4;
};

struct flow {
	struct parts first; /* of its first frame */
	int fd;
	uint8_t *bytes; /* its payload, so many; the socket has handed out `got` of them */
	uint32_t count, got;
};

static struct flow flows[FLOWS];
static unsigned n_flows;
static volatile sig_atomic_t stop;

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) << 16 | get16(at + 2);
}

static int failed(const char *what)
{
	fprintf(stderr, "guest-sockets: %s: %s\n", what, strerror(errno));
	return 1;
}

/** Takes a frame of pollux-pcap-flows apart: its headers are all there. */
static struct parts take_apart(const uint8_t *frame)
{
	struct parts p = {0};
	const uint8_t *ip = frame + 14, *end;

	while (get16(ip - 2) == 0x8100 || get16(ip - 2) == 0x88A8)
		ip += 4;
	p.v4 = ip[0] >> 4 == 4;
	p.addresses = ip + (p.v4 ? 12 : 8);
	p.protocol = ip[p.v4 ? 9 : 6];
	p.l4 = ip + (p.v4 ? (ip[0] & 15) * 4 : 40);
	end = ip + (p.v4 ? get16(ip + 2) : 40 + get16(ip + 4));
	if (!p.v4 && p.protocol != IPPROTO_TCP && p.protocol != UDP) { /* an extension header */
		p.protocol = p.l4[0];
		p.l4 += 8 + p.l4[1] * 8;
	}
	p.payload = p.l4 + (p.protocol == IPPROTO_TCP ? (p.l4[12] >> 4) * 4 : 8);
	p.payload_bytes = (uint32_t)(end - p.payload);
	return p;
}

static struct flow *flow_of(const struct parts *p)
{
	struct flow *f = flows;

	for (; f < flows + n_flows; f++)
		if (f->first.v4 == p->v4 && f->first.protocol == p->protocol &&
			memcmp(f->first.addresses, p->addresses, p->v4 ? 8 : 32) == 0 &&
			memcmp(f->first.l4, p->l4, 4) == 0)
			return f;
	if (n_flows == FLOWS)
		return NULL;
	f->first = *p;
	n_flows++;
	return f;
}

static bool load_flows(struct capture *capture, const char *path)
{
	char error[256];

	if (capture_load(capture, path, error, sizeof(error))) {
		fprintf(stderr, "guest-sockets: %s\n", error);
		return false;
	}
	for (unsigned i = 0; i < capture->count; i++) {
		struct parts p = take_apart(capture->frames[i].data);
		struct flow *f = flow_of(&p);
		uint8_t *grown = f ? realloc(f->bytes, f->count + p.payload_bytes) : NULL;

		if (!grown)
			return false;
		memcpy(grown + f->count, p.payload, p.payload_bytes);
		f->bytes = grown;
		f->count += p.payload_bytes;
	}
	return true;
}

/** An address of a flow: its source, or its destination. */
static socklen_t address_of(const struct flow *f, bool destination, struct sockaddr_storage *address)
{
	uint16_t port = htons((uint16_t)get16(f->first.l4 + (destination ? 2 : 0)));
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};

	memcpy(&v4.sin_addr, f->first.addresses + (destination ? 4 : 0), 4);
	memcpy(&v6.sin6_addr, f->first.addresses + (destination ? 16 : 0), 16);
	memset(address, 0, sizeof(*address));
	if (f->first.v4)
		memcpy(address, &v4, sizeof(v4));
	else
		memcpy(address, &v6, sizeof(v6));
	return f->first.v4 ? sizeof(v4) : sizeof(v6);
}

static bool set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/** Which number the next byte of either direction has. */
static bool set_sequence(int fd, int queue, uint32_t sequence)
{
	return set(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, queue) && set(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, (int)sequence);
}

/** Both ends have room for what is not acknowledged. */
static bool set_windows(const struct flow *f)
{
	const uint32_t sequence = get32(f->first.l4 + 4);
	const struct tcp_repair_window windows = {
		.snd_wl1 = sequence, .snd_wnd = 65535, .max_window = 65535, .rcv_wnd = 65535, .rcv_wup = sequence};

	return setsockopt(f->fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &windows, sizeof(windows)) == 0;
}

/** Opens the socket at the destination of a flow. */
static bool open_flow(struct flow *f)
{
	bool tcp = f->first.protocol == IPPROTO_TCP;
	struct sockaddr_storage address;
	socklen_t bytes = address_of(f, true, &address);

	f->fd = socket(f->first.v4 ? AF_INET : AF_INET6, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (f->fd < 0 || !set(f->fd, SOL_SOCKET, SO_REUSEADDR, 1) || !set(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER))
		return false;
	if (tcp && (!set(f->fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON) ||
			   !set_sequence(f->fd, TCP_RECV_QUEUE, get32(f->first.l4 + 4)) ||
			   !set_sequence(f->fd, TCP_SEND_QUEUE, get32(f->first.l4 + 8))))
		return false;
	if (bind(f->fd, (struct sockaddr *)&address, bytes))
		return false;
	bytes = address_of(f, false, &address);
	return connect(f->fd, (struct sockaddr *)&address, bytes) == 0 &&
	       (!tcp || (set_windows(f) && set(f->fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP)));
}

static bool open_flows(struct capture *capture, const char *path)
{
	if (!load_flows(capture, path))
		return false;
	for (unsigned i = 0; i < n_flows; i++)
		if (!open_flow(&flows[i])) {
			fprintf(stderr, "flow %u: ", i);
			failed("socket");
			return false;
		}
	return true;
}

/** Takes what a socket has. @return how many bytes of it are not those of the flow. */
static uint64_t take(struct flow *f)
{
	static uint8_t data[65536];
	ssize_t got = recv(f->fd, data, sizeof(data), MSG_DONTWAIT);
	uint64_t wrong = 0;

	for (ssize_t i = 0; i < got; i++, f->got++)
		wrong += f->got >= f->count || data[i] != f->bytes[f->got];
	return wrong;
}

/** The TCP sockets go without a word to the other end: nobody would answer there, and they would stay. */
static void vanish(void)
{
	for (unsigned i = 0; i < n_flows; i++)
		if (flows[i].first.protocol == IPPROTO_TCP)
			set(flows[i].fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON);
}

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/** @return whether all bytes have come. */
static bool report(uint64_t wrong)
{
	uint64_t sums[2][2] = {{0}};
	unsigned largest = 0;

	for (struct flow *f = flows; f < flows + n_flows; f++) {
		struct tcp_info info = {0};
		socklen_t bytes = sizeof(info);
		bool tcp = f->first.protocol == IPPROTO_TCP;

		sums[tcp][0] += f->got;
		sums[tcp][1] += f->count;
		if (tcp && getsockopt(f->fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0 && info.tcpi_rcv_mss > largest)
			largest = info.tcpi_rcv_mss;
	}
	printf("TCP %llu of %llu bytes, UDP %llu of %llu, wrong %llu; TCP's largest segment %u\n",
		(unsigned long long)sums[1][0], (unsigned long long)sums[1][1], (unsigned long long)sums[0][0],
		(unsigned long long)sums[0][1], (unsigned long long)wrong, largest);
	return sums[0][0] == sums[0][1] && sums[1][0] == sums[1][1] && !wrong;
}

/** CAPTURE SECONDS: until all has come, or a signal. */
static int receive(char **argv)
{
	struct capture capture = {0};
	struct pollfd ready[FLOWS];
	uint64_t until = numbered_now_ns() + numbered_number(argv[1], 3600) * 1000000000u, wrong = 0;
	unsigned left = 1;

	signal(SIGTERM, on_signal);
	if (!open_flows(&capture, argv[0]))
		return 1;
	puts("listening");
	fflush(stdout);
	while (left && !stop && numbered_now_ns() < until) {
		for (unsigned i = 0; i < n_flows; i++)
			ready[i] = (struct pollfd){.fd = flows[i].fd, .events = POLLIN};
		poll(ready, n_flows, 100);
		left = 0;
		for (unsigned i = 0; i < n_flows; i++) {
			wrong += ready[i].revents ? take(&flows[i]) : 0;
			left += flows[i].got < flows[i].count;
		}
	}
	bool whole = report(wrong);
	vanish();
	capture_free(&capture);
	return !whole;
}

/** CAPTURE: some bytes from each flow's destination back to its source, a few times. */
static int send_flows(char **argv)
{
	struct capture capture = {0};

	if (!open_flows(&capture, argv[0]))
		return 1;
	for (unsigned i = 0; i < n_flows * SEND_TIMES; i++) {
		struct flow *f = &flows[i % n_flows];

		if (f->first.protocol == IPPROTO_TCP && !set(f->fd, IPPROTO_TCP, TCP_NODELAY, 1))
			return failed("TCP_NODELAY");
		if (send(f->fd, f->bytes, f->count < SEND_BYTES ? f->count : SEND_BYTES, 0) < 0)
			return failed("send");
	}
	vanish();
	capture_free(&capture);
	return 0;
}

/** IF CAPTURE: its frames, with the sums that they have. */
static int send_frames(char **argv)
{
	struct capture capture = {0};
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[0])};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return failed(argv[0]);
	if (!load_flows(&capture, argv[1]))
		return 1;
	for (unsigned i = 0; i < capture.count; i++)
		if (send(fd, capture.frames[i].data, capture.frames[i].len, 0) < 0)
			return failed("send");
	capture_free(&capture);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "receive") == 0)
		return receive(argv + 2);
	if (argc == 3 && strcmp(argv[1], "send") == 0)
		return send_flows(argv + 2);
	if (argc == 4 && strcmp(argv[1], "frames") == 0)
		return send_frames(argv + 2);
	fprintf(stderr, "usage: guest-sockets receive CAPTURE SECONDS | send CAPTURE | frames IF CAPTURE\n");
	return 2;
}
