/* SPDX-License-Identifier: BSD-2-Clause
 * guest-xsk: XDP programs on an interface, and numbered frames through an AF_XDP socket in zero-copy mode: the driver
 * gives the card this program's own memory, or the socket is refused. */
#include "../model/wire/text.h"
#include "numbered.h"
#include "xdp.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK  4096u /* bytes of a buffer */
#define CHUNKS 1024u /* the first half receives, the second sends */
#define HALF   (CHUNKS / 2)
#define RING   HALF
#define QUEUES 64u

#define BUSY_US     10000
#define BUSY_AGAINS 1000

/** One of a socket's four rings. */
struct ring {
	uint32_t *producer, *consumer, *flags;
	void *entries, *base;
	size_t bytes;
	uint32_t own; /* our side's index: what we produced or consumed so far */
};

struct xsk {
	int fd;
	uint8_t *memory;
	struct ring fill, completion, rx, tx;
};

static int failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static bool ring_map(
	struct xsk *xsk, struct ring *ring, const struct xdp_ring_offset *at, uint64_t which, size_t entry_bytes)
{
	size_t bytes = at->desc + RING * entry_bytes;
	uint8_t *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, xsk->fd, (off_t)which);

	if (base == MAP_FAILED)
		return false;
	*ring = (struct ring){
		.producer = (uint32_t *)(void *)(base + at->producer),
		.consumer = (uint32_t *)(void *)(base + at->consumer),
		.flags = (uint32_t *)(void *)(base + at->flags),
		.entries = base + at->desc,
		.base = base,
		.bytes = bytes,
	};
	return true;
}

/** How many entries the kernel has produced for us. */
static uint32_t ring_ready(const struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - ring->own;
}

/** How many the kernel has room for. */
static uint32_t ring_room(const struct ring *ring)
{
	return RING - (ring->own - __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE));
}

static void ring_consumed(struct ring *ring)
{
	__atomic_store_n(ring->consumer, ring->own, __ATOMIC_RELEASE);
}

static void ring_produced(struct ring *ring)
{
	__atomic_store_n(ring->producer, ring->own, __ATOMIC_RELEASE);
}

static void give_buffer(struct xsk *xsk, uint64_t address)
{
	((uint64_t *)xsk->fill.entries)[xsk->fill.own++ % RING] = address;
}

/** @return whether the kernel itself says that the socket copies nothing. */
static bool zero_copy(int fd)
{
	struct xdp_options options = {0};
	socklen_t bytes = sizeof(options);

	return !getsockopt(fd, SOL_XDP, XDP_OPTIONS, &options, &bytes) && (options.flags & XDP_OPTIONS_ZEROCOPY);
}

/** @return 0, or 1: said why. */
static int xsk_open(struct xsk *xsk, const char *interface, uint32_t queue)
{
	struct xdp_mmap_offsets at;
	socklen_t bytes = sizeof(at);
	int size = RING;

	xsk->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	xsk->memory = mmap(NULL, (size_t)CHUNK * CHUNKS, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (xsk->fd < 0 || xsk->memory == MAP_FAILED)
		return failed("AF_XDP");
	struct xdp_umem_reg memory = {
		.addr = (uint64_t)(uintptr_t)xsk->memory, .len = (uint64_t)CHUNK * CHUNKS, .chunk_size = CHUNK};
	if (setsockopt(xsk->fd, SOL_XDP, XDP_UMEM_REG, &memory, sizeof(memory)) ||
		setsockopt(xsk->fd, SOL_XDP, XDP_UMEM_FILL_RING, &size, sizeof(size)) ||
		setsockopt(xsk->fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &size, sizeof(size)) ||
		setsockopt(xsk->fd, SOL_XDP, XDP_RX_RING, &size, sizeof(size)) ||
		setsockopt(xsk->fd, SOL_XDP, XDP_TX_RING, &size, sizeof(size)) ||
		getsockopt(xsk->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &bytes))
		return failed("the socket's rings");
	if (!ring_map(xsk, &xsk->fill, &at.fr, XDP_UMEM_PGOFF_FILL_RING, sizeof(uint64_t)) ||
		!ring_map(xsk, &xsk->completion, &at.cr, XDP_UMEM_PGOFF_COMPLETION_RING, sizeof(uint64_t)) ||
		!ring_map(xsk, &xsk->rx, &at.rx, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc)) ||
		!ring_map(xsk, &xsk->tx, &at.tx, XDP_PGOFF_TX_RING, sizeof(struct xdp_desc)))
		return failed("mapping the rings");
	for (uint32_t i = 0; i < HALF; i++)
		give_buffer(xsk, (uint64_t)i * CHUNK);
	ring_produced(&xsk->fill);
	struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_ZEROCOPY | XDP_USE_NEED_WAKEUP,
		.sxdp_ifindex = if_nametoindex(interface),
		.sxdp_queue_id = queue,
	};
	/* A socket that was closed gives its queue back a little later. */
	for (unsigned again = 0; bind(xsk->fd, (struct sockaddr *)&address, sizeof(address)); again++) {
		if (errno != EBUSY || again == BUSY_AGAINS)
			return failed("zero-copy bind");
		usleep(BUSY_US);
	}
	if (!zero_copy(xsk->fd)) {
		fprintf(stderr, "the kernel says that this socket copies\n");
		return 1;
	}
	return 0;
}

/** The queue goes back to the kernel once nothing of the socket is left: its mapped rings count, too. */
static void xsk_close(struct xsk *xsk)
{
	const struct ring *rings[] = {&xsk->fill, &xsk->completion, &xsk->rx, &xsk->tx};

	close(xsk->fd);
	for (unsigned i = 0; i < 4; i++)
		munmap(rings[i]->base, rings[i]->bytes);
	munmap(xsk->memory, (size_t)CHUNK * CHUNKS);
}

/** Lets the driver look at rings, where it has asked for that. */
static void wake(struct xsk *xsk)
{
	if (__atomic_load_n(xsk->tx.flags, __ATOMIC_ACQUIRE) & XDP_RING_NEED_WAKEUP)
		sendto(xsk->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
}

/** Takes what has come. @return whether the mark of the end was among it. */
static bool take(struct xsk *xsk, struct numbered_series *series)
{
	uint32_t n = ring_ready(&xsk->rx);
	bool end = false;

	for (uint32_t i = 0; i < n; i++) {
		struct xdp_desc d = ((struct xdp_desc *)xsk->rx.entries)[xsk->rx.own++ % RING];
		end |= numbered_take(series, xsk->memory + d.addr, d.len, -1) == NUMBERED_END;
		give_buffer(xsk, d.addr & ~(uint64_t)(CHUNK - 1));
	}
	if (n) {
		ring_consumed(&xsk->rx);
		ring_produced(&xsk->fill);
	}
	return end;
}

/** Receives until the mark of the end, `most` frames (0: any number), or the time. @return whether it was one of the
 * first two. */
static bool receive(struct xsk *xsk, struct numbered_series *series, uint64_t most, uint64_t until_ns)
{
	while (numbered_now_ns() < until_ns) {
		struct pollfd ready = {.fd = xsk->fd, .events = POLLIN};
		uint64_t frames = 0;
		if (take(xsk, series))
			return true;
		for (unsigned i = 0; i < NUMBERED_MARKS; i++)
			frames += series[i].frames;
		if (most && frames >= most)
			return true;
		poll(&ready, 1, 50);
	}
	return false;
}

static bool own_address(const char *interface, uint8_t mac[6])
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(request.ifr_name, interface, sizeof(request.ifr_name) - 1);
	bool found = fd >= 0 && !ioctl(fd, SIOCGIFHWADDR, &request);
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	close(fd);
	return found;
}

/** Sends count frames and one that ends the reception, and waits until all are completed. */
static bool send_frames(
	struct xsk *xsk, const uint8_t *to, const uint8_t *from, uint32_t len, uint64_t count, uint32_t mark)
{
	uint64_t sent = 0, completed = 0, until = numbered_now_ns() + 60ull * 1000000000u;
	uint32_t room = HALF;

	while (completed < count + 1 && numbered_now_ns() < until) {
		uint32_t done = ring_ready(&xsk->completion);
		xsk->completion.own += done;
		ring_consumed(&xsk->completion);
		completed += done;
		room += done;
		/* Buffers come back in the order in which they went: the next is the one after the last. */
		for (; room && sent <= count && ring_room(&xsk->tx); room--, sent++) {
			uint64_t address = (HALF + sent % HALF) * (uint64_t)CHUNK;
			bool end = sent == count;
			numbered_build(
				xsk->memory + address, len, to, from, -1, end ? NUMBERED_END : mark, end ? 0 : sent);
			((struct xdp_desc *)xsk->tx.entries)[xsk->tx.own++ % RING] =
				(struct xdp_desc){.addr = address, .len = len};
		}
		ring_produced(&xsk->tx);
		wake(xsk);
	}
	printf("%llu of %llu frames completed\n", (unsigned long long)completed, (unsigned long long)(count + 1));
	return completed == count + 1;
}

/** Attaching sets the interface up anew, and the link goes; until it is back, 15 s at most. What a socket then asks for
 * is one queue only, taken from the running card and given back to it. */
static bool carrier(const char *interface)
{
	char path[128], state = '0';

	snprintf(path, sizeof(path), "/sys/class/net/%s/carrier", interface);
	for (unsigned i = 0; i < 150 && state != '1'; i++) {
		usleep(100000);
		FILE *file = fopen(path, "r");
		if (!file)
			return false;
		state = (char)fgetc(file);
		fclose(file);
	}
	return state == '1';
}

/** pass|drop|bounce IF: until it is killed. */
static int hold_program(const char *name, const char *interface)
{
	enum xdp_verdict verdict = strcmp(name, "drop") == 0     ? XDP_VERDICT_DROP
				   : strcmp(name, "bounce") == 0 ? XDP_VERDICT_BOUNCE
								 : XDP_VERDICT_PASS;

	if (xdp_attach(interface, verdict, -1) < 0 || !carrier(interface))
		return 1;
	puts("listening");
	fflush(stdout);
	for (;;)
		pause();
}

/** receive IF QUEUE SECONDS: until the mark of the end. */
static int receive_all(const char *interface, uint32_t queue, uint64_t seconds)
{
	static struct numbered_series series[NUMBERED_MARKS];
	struct xsk xsk = {0};

	int map = xdp_sockets_open(QUEUES);
	if (map < 0 || xdp_attach(interface, XDP_VERDICT_SOCKETS, map) < 0 || !carrier(interface))
		return 1;
	if (xsk_open(&xsk, interface, queue) || !xdp_sockets_set(map, queue, xsk.fd))
		return 1;
	puts("listening");
	fflush(stdout);
	bool end = receive(&xsk, series, 0, numbered_now_ns() + seconds * 1000000000u);
	numbered_print(series);
	puts(end ? "the end" : "no end");
	return !end;
}

/** send IF QUEUE TO BYTES COUNT MARK [SECONDS]: its end sets the interface up anew, for which it waits so long. */
static int send_all(char **argv)
{
	struct xsk xsk = {0};
	uint8_t to[6], from[6];
	uint32_t queue = (uint32_t)numbered_number(argv[1], QUEUES - 1),
		 len = (uint32_t)numbered_number(argv[3], CHUNK - 256);

	if (!own_address(argv[0], from) || !text_mac_address(argv[2], to) || len < NUMBERED_BYTES_MIN)
		return 2;
	if (xdp_attach(argv[0], XDP_VERDICT_PASS, -1) < 0 || !carrier(argv[0]) || xsk_open(&xsk, argv[0], queue))
		return 1;
	bool all = send_frames(&xsk, to, from, len, numbered_number(argv[4], UINT32_MAX),
		(uint32_t)numbered_number(argv[5], NUMBERED_MARKS - 1));
	fflush(stdout);
	if (all && argv[6])
		sleep((unsigned)numbered_number(argv[6], 1000));
	return !all;
}

/** again IF QUEUE TIMES FRAMES: sockets come and go on a running queue under traffic; each gets that many frames, none
 * wrong. */
static int come_and_go(char **argv)
{
	const char *interface = argv[0];
	uint32_t queue = (uint32_t)numbered_number(argv[1], QUEUES - 1);
	uint64_t times = numbered_number(argv[2], 100000), frames = numbered_number(argv[3], UINT32_MAX);
	int map = xdp_sockets_open(QUEUES);

	if (map < 0 || xdp_attach(interface, XDP_VERDICT_SOCKETS, map) < 0 || !carrier(interface))
		return 1;
	puts("listening");
	fflush(stdout);
	for (uint64_t i = 0; i < times; i++) {
		struct numbered_series series[NUMBERED_MARKS] = {0};
		struct xsk xsk = {0};
		if (xsk_open(&xsk, interface, queue) || !xdp_sockets_set(map, queue, xsk.fd)) {
			printf("socket %llu is not given\n", (unsigned long long)i);
			return 1;
		}
		bool got = receive(&xsk, series, frames, numbered_now_ns() + 20ull * 1000000000u);
		uint64_t wrong = 0;
		for (unsigned s = 0; s < NUMBERED_MARKS; s++)
			wrong += series[s].wrong;
		if (!got || wrong) {
			printf("socket %llu: %s\n", (unsigned long long)i, got ? "wrong bytes" : "too few frames");
			numbered_print(series);
			return 1;
		}
		xdp_sockets_set(map, queue, -1);
		xsk_close(&xsk);
	}
	printf("%llu sockets\n", (unsigned long long)times);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 3 && (strcmp(verb, "pass") == 0 || strcmp(verb, "drop") == 0 || strcmp(verb, "bounce") == 0))
		return hold_program(verb, argv[2]);
	if (argc == 5 && strcmp(verb, "receive") == 0)
		return receive_all(
			argv[2], (uint32_t)numbered_number(argv[3], QUEUES - 1), numbered_number(argv[4], 3600));
	if ((argc == 8 || argc == 9) && strcmp(verb, "send") == 0)
		return send_all(argv + 2);
	if (argc == 6 && strcmp(verb, "again") == 0)
		return come_and_go(argv + 2);
	fprintf(stderr, "usage: guest-xsk pass|drop|bounce IF | receive IF QUEUE SECONDS | send IF QUEUE TO BYTES "
			"COUNT MARK [SECONDS] |\n"
			"       again IF QUEUE TIMES FRAMES\n");
	return 2;
}
