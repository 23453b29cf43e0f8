/* SPDX-License-Identifier: BSD-2-Clause
 * AF_PACKET with rings: whole frames come and go through memory that the kernel shares with the program. It avoids the
 * UDP and IP layers, the queueing discipline, and the copies from and to user space: the kernel copies a received frame
 * into the ring, and sends from the ring's own pages. Two system calls, poll and send, are shared by all frames that
 * are there; three socket buffers per frame, the interrupt and the wakeup remain. One of the three is received, one is
 * sent, and one is a clone: the kernel's IP layer gets each frame too. So the interface must not have the address, or
 * it answers that nobody listens there.
 *
 * Settings, from the kernel's Documentation/networking/packet_mmap.rst and packet(7):
 * - TPACKET_V2 for receiving: a frame can be read as soon as it is in the ring. TPACKET_V3 (--blocks) hands over whole
 *   blocks, when one is full or its timer, of at least a millisecond, ends: made for captures, it takes fewer cycles
 *   per frame, and makes whoever waits for an answer wait for the timer.
 * - One socket for each way: the sending one has protocol 0, so no received frame is shown to it. Only IPv4 comes to
 *   the other one.
 * - PACKET_QDISC_BYPASS: frames go to the driver's transmit function directly.
 * - PACKET_LOSS: a frame that cannot be sent, as one longer than the MTU, is dropped. Else the kernel would stop there,
 *   and send nothing behind it either.
 * - One send() for all frames that were put into the ring, with MSG_DONTWAIT: it does not wait until the card has sent
 *   them. A frame's slot is free again when the driver says so. */
#include "echo.h"
#include "echo_frame.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define SLOT    2048u /* bytes of a frame and its header */
#define BLOCK   4096u /* bytes: small, so that some 25 frames of 64 bytes fill a block of TPACKET_V3 */
#define BLOCKS  512u
#define RING    (BLOCK * BLOCKS)
#define SLOTS   (RING / SLOT)
#define BATCH   64u                                        /* frames that one send() is for */
#define DATA    TPACKET_ALIGN(sizeof(struct tpacket2_hdr)) /* where a frame to be sent begins in its slot */
#define WAIT_MS 1 /* until frames that the driver had no room for are tried again */

struct socket {
	int fd;
	uint8_t *ring;
	unsigned next; /* the slot, or block, that comes next */
};

struct echo {
	struct socket rx, tx;
	unsigned unsent; /* frames in the ring for which send() has not been called */
	uint64_t received, sent;
};

static struct socket open_socket(const char *interface, int protocol, int version, int which)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)protocol)};
	struct tpacket_req3 ring = {
		.tp_block_size = BLOCK,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = SLOT,
		.tp_frame_nr = SLOTS,
		.tp_retire_blk_tov = version == TPACKET_V3 ? 1 : 0, /* ms: the least there is */
	};
	const int skips = which == PACKET_TX_RING;
	/* until it is bound, it would get what comes by any interface */
	struct socket it = {.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)};

	if (it.fd < 0 && errno == EPERM)
		echo_fail("AF_PACKET needs CAP_NET_RAW: run it as root, or in a namespace (unshare -rn)");
	if (it.fd < 0)
		echo_skip("this kernel has no AF_PACKET: %s", strerror(errno));
	address.sll_ifindex = (int)if_nametoindex(interface);
	if (address.sll_ifindex == 0)
		echo_fail("there is no interface %s: \"ip link\" lists those that there are", interface);
	if (setsockopt(it.fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)))
		echo_skip("this kernel has no TPACKET_V%d: %s", version + 1, strerror(errno));
	if (setsockopt(it.fd, SOL_PACKET, PACKET_LOSS, &skips, sizeof(skips)))
		echo_fail("the ring cannot skip frames that are too long to send: %s", strerror(errno));
	if (setsockopt(
		    it.fd, SOL_PACKET, which, &ring, version == TPACKET_V3 ? sizeof(ring) : sizeof(struct tpacket_req)))
		echo_fail("the kernel has no memory for a ring of %u MiB: %s", RING >> 20, strerror(errno));
	it.ring = mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, it.fd, 0);
	if (it.ring == MAP_FAILED)
		echo_fail("the ring cannot be mapped: %s", strerror(errno));
	if (bind(it.fd, (struct sockaddr *)&address, sizeof(address)))
		echo_fail("the socket cannot be bound to %s: %s; \"ip link set %s up\" may be what it lacks", interface,
			strerror(errno), interface);
	return it;
}

/** Has the kernel send what is in the ring. */
static void flush(struct echo *echo)
{
	if (echo->unsent > 0 && send(echo->tx.fd, NULL, 0, MSG_DONTWAIT) >= 0)
		echo->unsent = 0;
	/* else the driver's queue was full (ENOBUFS, EAGAIN): the frames are still in the ring, for the next send() */
}

/** Puts the answer to a request of `length` bytes, of which `bytes` are in the receive ring, into the transmit ring. If
 * there is no room it is lost, and the peer counts it. */
static void answer(struct echo *echo, const uint8_t *frame, unsigned bytes, unsigned length)
{
	struct tpacket2_hdr *slot = (struct tpacket2_hdr *)(void *)(echo->tx.ring + echo->tx.next * SLOT);

	if (bytes < length || bytes > SLOT - DATA)
		return;
	if (__atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE) & (TP_STATUS_SEND_REQUEST | TP_STATUS_SENDING))
		return;
	uint8_t *data = (uint8_t *)slot + DATA;
	memcpy(data, frame, bytes);
	if (!echo_answer(data, data + bytes))
		return;
	echo->received++;
	slot->tp_len = bytes;
	__atomic_store_n(&slot->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
	echo->tx.next = (echo->tx.next + 1) % SLOTS;
	echo->sent++;
	if (++echo->unsent >= BATCH)
		flush(echo);
}

/** Answers the frame in the next slot of TPACKET_V2's ring; false if there is none. */
static bool take_slot(struct echo *echo)
{
	struct tpacket2_hdr *slot = (struct tpacket2_hdr *)(void *)(echo->rx.ring + echo->rx.next * SLOT);

	if (!(__atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	answer(echo, (uint8_t *)slot + slot->tp_mac, slot->tp_snaplen, slot->tp_len);
	__atomic_store_n(&slot->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	echo->rx.next = (echo->rx.next + 1) % SLOTS;
	return true;
}

/** Answers the frames in the next block of TPACKET_V3's ring; false if the kernel still has it. */
static bool take_block(struct echo *echo)
{
	uint8_t *at = echo->rx.ring + echo->rx.next * BLOCK;
	struct tpacket_hdr_v1 *block = &((struct tpacket_block_desc *)(void *)at)->hdr.bh1;

	if (!(__atomic_load_n(&block->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	at += block->offset_to_first_pkt;
	for (unsigned i = 0; i < block->num_pkts; i++) {
		const struct tpacket3_hdr *frame = (struct tpacket3_hdr *)(void *)at;
		answer(echo, at + frame->tp_mac, frame->tp_snaplen, frame->tp_len);
		at += frame->tp_next_offset;
	}
	__atomic_store_n(&block->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	echo->rx.next = (echo->rx.next + 1) % BLOCKS;
	return true;
}

int main(int argc, char **argv)
{
	static bool blocks;
	static const struct echo_option options[] = {
		{.name = "--blocks",
			.help = "receives by TPACKET_V3: whole blocks, when full or after 1 ms",
			.flag = &blocks},
		{0},
	};
	static const struct echo_program program = {
		.name = "echo-packet",
		.about = "Answers by AF_PACKET sockets with a receive and a transmit ring.",
		.port = "INTERFACE",
		.most_ports = 1,
		.options = options,
	};
	const char *ports[2];

	echo_begin(&program, argc, argv, ports);
	struct echo echo = {
		.rx = open_socket(ports[0], ETH_P_IP, blocks ? TPACKET_V3 : TPACKET_V2, PACKET_RX_RING),
		.tx = open_socket(ports[0], 0, TPACKET_V2, PACKET_TX_RING),
	};
	int on = 1;
	if (setsockopt(echo.tx.fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		fprintf(stderr, "echo-packet: without PACKET_QDISC_BYPASS, which Linux has since 3.14\n");
	echo_ready();
	while (!echo_stopped) {
		while ((blocks ? take_block(&echo) : take_slot(&echo)) && !echo_stopped)
			;
		flush(&echo);
		struct pollfd waited = {.fd = echo.rx.fd, .events = POLLIN | POLLERR};
		if (poll(&waited, 1, echo.unsent > 0 ? WAIT_MS : -1) < 0 && errno != EINTR)
			echo_fail("waiting: %s", strerror(errno));
		if (waited.revents & POLLERR)
			echo_fail("%s is down or gone: ip link set %s up", ports[0], ports[0]);
	}
	return echo_end(blocks ? "packet-ring-v3" : "packet-ring", echo.received, echo.sent);
}
