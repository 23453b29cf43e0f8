/* SPDX-License-Identifier: BSD-2-Clause
 * guest-wait: a thread that sleeps until frames come, by the card's interrupts. Single frames go from one port to
 * another by a cable; meanwhile another thread waits for events of the port. Prints what came, how late, and what the
 * sleep costs. */
#include "../../driver/driver.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define BYTES      100u
#define FRAMES     1000u
#define GAP_US     2000u /* from a frame to the next, at most */
#define ANSWER_MS  2000u /* an interrupt has come by then, or will not come */
#define LIMIT_US   200000u
#define LATE_NS    50000000u /* by then the wait looks without an interrupt */
#define SECONDS    30
#define IDLE_TRIES 20 /* seconds, of which the idlest counts: others may use the machine */

/* What the waiting thread counts; `stop` ends it. */
static struct {
	struct nic_rxq *queue;
	uint64_t frames, late, late_max_ns, waits, empty;
	bool stop;
} receiver;

static int fail(const char *what)
{
	fprintf(stderr, "guest-wait: %s: %s\n", what, nic_error());
	return 1;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *receive(void *none)
{
	while (!__atomic_load_n(&receiver.stop, __ATOMIC_RELAXED)) {
		struct pkt pkts[32];
		int ready = nic_wait(&receiver.queue, 1, LIMIT_US);
		unsigned n = nic_rx(receiver.queue, pkts, 32);
		uint64_t now = clock_ns(CLOCK_MONOTONIC), sent;
		for (unsigned i = 0; i < n; i++) {
			memcpy(&sent, pkts[i].data + 14, sizeof(sent));
			if (now - sent > receiver.late_max_ns)
				receiver.late_max_ns = now - sent;
			receiver.late += now - sent > LATE_NS;
		}
		pkt_free(pkts, n);
		receiver.waits++;
		receiver.empty += ready == 1 && !n;
		if (ready < 0) {
			fail("nic_wait");
			break;
		}
		__atomic_fetch_add(&receiver.frames, n, __ATOMIC_RELEASE);
	}
	return none;
}

static uint64_t frames_received(void)
{
	return __atomic_load_n(&receiver.frames, __ATOMIC_ACQUIRE);
}

static bool send_frame(struct nic *from)
{
	struct pkt pkt;
	if (pkt_alloc(from->config.pool, &pkt, 1) != 1)
		return false;
	memset(pkt.data, 0, BYTES);
	memset(pkt.data, 0x02, 12);
	memcpy(pkt.data + 12, "\x88\xb5", 2);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	memcpy(pkt.data + 14, &now, sizeof(now));
	pkt.len = BYTES;
	return nic_tx(nic_txq(from, 0), &pkt, 1) == 1;
}

/* Sends single frames, each when the one before it has come. @return how many came */
static unsigned send_frames(struct nic *from, unsigned count)
{
	unsigned came = 0;
	for (unsigned i = 0; i < count; i++) {
		uint64_t before = frames_received();
		usleep(1 + i * 7919u % GAP_US);
		if (!send_frame(from))
			break;
		uint64_t end = clock_ns(CLOCK_MONOTONIC) + ANSWER_MS * 1000000u;
		while (frames_received() == before && clock_ns(CLOCK_MONOTONIC) < end)
			usleep(20);
		came += frames_received() != before;
	}
	return came;
}

static void print_notes(struct nic *nic)
{
	static uint64_t next;
	struct nic_note note;
	while (nic_get_notes(nic, &next, &note, 1))
		printf("note: %s\n", note.text);
}

/* Waits for the link to change, by the event descriptor, while the receiver waits for frames. */
static bool wait_for_change(struct nic *nic, int fd, bool up)
{
	time_t end = time(NULL) + SECONDS;
	while (time(NULL) < end) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		struct nic_link link;
		if (poll(&ready, 1, SECONDS * 1000) <= 0)
			return false;
		nic_service(nic, NULL);
		if (nic_get_link(nic, &link) == 0 && link.up == up)
			return true;
	}
	return false;
}

/* @return what the thread of this clock needs of a core when it waits in vain, in percent */
static double idle(clockid_t cpu)
{
	double least = 100;
	for (unsigned i = 0; i < IDLE_TRIES && least >= 1; i++) {
		uint64_t cpu_ns = clock_ns(cpu), ns = clock_ns(CLOCK_MONOTONIC);
		sleep(1);
		double now = 100.0 * (double)(clock_ns(cpu) - cpu_ns) / (double)(clock_ns(CLOCK_MONOTONIC) - ns);
		least = now < least ? now : least;
	}
	return least;
}

/* Has the card's interrupts come where nobody looks. */
static bool lose_interrupts(struct nic *nic)
{
	struct port_interrupts *interrupts = &nic->interrupts;
	for (unsigned i = 0; i < interrupts->vectors; i++)
		interrupts->eventfds[i] = eventfd(0, EFD_NONBLOCK);
	return vfio_set_irqs(nic->device, interrupts->kind, interrupts->vectors, interrupts->eventfds) == 0;
}

static bool wait_for_link(struct nic *nic)
{
	unsigned missing;
	return nic_wait_links(&nic, 1, SECONDS * 1000, &missing) == 0;
}

/* Each in a space of its own, since a card for conventional PCI would have to come first. */
static struct nic *open_port(const char *address, uint16_t interrupt_us)
{
	struct dma_space *space;
	struct nic *nic;
	if (dma_space_open(&space) || nic_open(&nic, address, space))
		return NULL;
	dma_space_unref(space);
	return nic_start(nic, &(struct nic_config){.promiscuous = true, .rx_interrupt_us = interrupt_us}) == 0 ? nic
													       : NULL;
}

int main(int argc, char **argv)
{
	struct nic *from, *to;
	pthread_t thread;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 4) {
		fprintf(stderr, "Usage: guest-wait FROM TO INTERRUPT_US\n");
		return 2;
	}
	if (!(from = open_port(argv[1], 0)) || !(to = open_port(argv[2], (uint16_t)atoi(argv[3]))))
		return fail("a port");
	int fd = nic_event_fd(to);
	if (fd < 0)
		return fail("no events");
	if (!wait_for_link(from) || !wait_for_link(to))
		return fail("no link");
	receiver.queue = nic_rxq(to, 0);
	/* QEMU's 82540EM receives nothing for a second after its start, part of which the link has taken */
	sleep(1);
	clockid_t cpu;
	if (pthread_create(&thread, NULL, receive, NULL) || pthread_getcpuclockid(thread, &cpu))
		return fail("no thread");
	printf("idle: %.2f %% of a core\n", idle(cpu));
	uint64_t waits = receiver.waits;
	unsigned came = send_frames(from, FRAMES);
	printf("%u of %u frames came, %lu after more than 50 ms, the latest after %.1f; %lu waits, %lu found none\n",
		came, FRAMES, receiver.late, (double)receiver.late_max_ns / 1e6, receiver.waits - waits,
		receiver.empty);
	print_notes(to);
	while (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 100) > 0)
		nic_service(to, NULL);
	printf("unplug\n");
	printf("link down: %s\n", wait_for_change(to, fd, false) ? "seen" : "not seen");
	printf("link up: %s\n", wait_for_change(to, fd, true) ? "seen" : "not seen");
	came = send_frames(from, 100);
	printf("%u of 100 frames came then\n", came);
	if (!lose_interrupts(to))
		return fail("no other descriptors");
	came = send_frames(from, 20);
	for (unsigned i = 0; i < 3; i++)
		nic_service(to, NULL);
	printf("%u of 20 frames came with interrupts lost\n", came);
	print_notes(to);
	__atomic_store_n(&receiver.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	close(fd);
	nic_stop(from);
	nic_stop(to);
	nic_close(from);
	nic_close(to);
	return 0;
}
