/* SPDX-License-Identifier: BSD-2-Clause
 * Interrupts of ports, as far as all families share them: vectors and eventfds, and the waits of receive queues. */
#include "../vfio/error.h"
#include "access.h"
#include "clock.h"
#include "report.h"
#include "ring/ring.h"
#include "ring/rx.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WAIT_QUEUES  256u    /* of one nic_wait */
#define SLICE_US     100000u /* a wait looks at the rings at least so often, whatever interrupts do */
#define LOST_US      20000u  /* a packet found after a sleep of at least so long should have raised an interrupt */
#define LOST_PACKETS 3u      /* so many in a row without one, and the queue does without interrupts */
#define STORM_WAKES  1000u   /* so many wake-ups in a row without a packet, and the queue does without, too */
#define NAP_US       1000u   /* how long such a queue sleeps before it looks again */

uint64_t interrupts_retry_us = 5000000;

/** A receive queue's interrupt. Written by the queue's thread, but for noted. */
struct rx_interrupt {
	struct nic *nic;
	unsigned index;         /* of the queue */
	int epoll_fd;           /* readable after an interrupt */
	unsigned lost;          /* packets in a row that came without interrupt */
	unsigned for_none;      /* interrupts in a row that came without packet */
	uint64_t naps_until_us; /* waits take naps, as interrupts came wrong */
	const char *wrong;      /* how, the first time; atomic */
	bool noted;             /* the thread of control calls has noted that */
};

/* ---- vectors ---- */

/* An epoll instance that reports each write to an eventfd once. -1 with errno. */
static int watch(int eventfd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	int fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, eventfd, &event) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool drain(int epoll_fd)
{
	struct epoll_event events[2];
	return epoll_wait(epoll_fd, events, 2, 0) > 0;
}

static int fail_fd(const struct nic *nic)
{
	return fail_port(nic, errno, "no descriptor for interrupts: %s", strerror(errno));
}

static int set_vectors(struct nic *nic)
{
	struct port_interrupts *interrupts = &nic->interrupts;
	int ret = -EBUSY;
	if (!interrupts->line_shared) /* which it stays: asked once only */
		ret = vfio_set_irqs(nic->device, interrupts->kind, interrupts->vectors, interrupts->eventfds);
	if (ret != -EBUSY || interrupts->kind != VFIO_PCI_INTX_IRQ_INDEX)
		return ret;
	if (!interrupts->line_shared)
		port_note(nic, "no interrupts: the card shares its line, and cannot be told apart on it");
	interrupts->line_shared = true;
	return fail_port(nic, EBUSY,
		"the interrupt line is shared with another device, and the card cannot be told apart on it: poll "
		"nic_service instead, or move the card to another slot");
}

/* Has the device write to eventfds, one for each vector that so many receive queues need. */
static int direct(struct nic *nic, unsigned queues)
{
	struct port_interrupts *interrupts = &nic->interrupts;
	unsigned kind, vectors;
	int ret = nic->driver->ops->interrupts->choose(nic, queues, &kind, &vectors);
	if (ret || (interrupts->vectors == vectors && interrupts->kind == kind))
		return ret;
	if (interrupts->vectors)
		vfio_set_irqs(nic->device, interrupts->kind, 0, NULL);
	interrupts->vectors = 0;
	for (; interrupts->eventfd_count < vectors; interrupts->eventfd_count++) {
		int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (fd < 0)
			return fail_fd(nic);
		interrupts->eventfds[interrupts->eventfd_count] = fd;
	}
	interrupts->kind = kind;
	interrupts->vectors = vectors;
	ret = set_vectors(nic);
	if (ret)
		interrupts->vectors = 0;
	return ret;
}

int interrupts_check(struct nic *nic)
{
	unsigned kind, vectors, us = nic->config.rx_interrupt_us;
	if (us == 1 || us > 1000)
		return fail_port(nic, EINVAL, "interrupts every %u us: give 2 to 1000, or 0 for none", us);
	return us ? nic->driver->ops->interrupts->choose(nic, nic->config.rx_queues, &kind, &vectors) : 0;
}

int interrupts_redirect(struct nic *nic)
{
	return nic->interrupts.vectors ? set_vectors(nic) : 0;
}

/* Gives each receive queue what its waits need; and trusts its interrupts again, after a reset. */
static int open_queues(struct nic *nic, unsigned queues)
{
	struct port_interrupts *interrupts = &nic->interrupts;
	if (queues && !interrupts->rx && !(interrupts->rx = calloc(queues, sizeof(*interrupts->rx))))
		return fail_port(nic, ENOMEM, "no memory for interrupts");
	for (unsigned i = 0; i < queues; i++) {
		struct rx_interrupt *rx = &interrupts->rx[i];
		int fd = i < interrupts->queues ? rx->epoll_fd
						: watch(interrupts->eventfds[interrupts->vectors > 1 ? i + 1 : 0]);
		if (fd < 0)
			return fail_fd(nic);
		*rx = (struct rx_interrupt){.nic = nic, .index = i, .epoll_fd = fd};
		nic->rings.rxqs[i]->interrupt = rx;
		interrupts->queues = i < interrupts->queues ? interrupts->queues : i + 1;
	}
	return 0;
}

int interrupts_start(struct nic *nic)
{
	unsigned queues = nic->config.rx_interrupt_us ? nic->config.rx_queues : 0;
	if (!queues && nic->interrupts.event_fd < 0)
		return 0;
	int ret = direct(nic, queues);
	if (!ret)
		ret = open_queues(nic, queues);
	if (ret)
		return ret;
	nic->driver->ops->interrupts->start(nic);
	return fail_if_refused(nic, nic->refusals_before, fail_if_gone(nic));
}

void interrupts_stop(struct nic *nic)
{
	struct port_interrupts *interrupts = &nic->interrupts;
	while (interrupts->queues) {
		unsigned i = --interrupts->queues;
		nic->rings.rxqs[i]->interrupt = NULL;
		close(interrupts->rx[i].epoll_fd);
	}
	free(interrupts->rx);
	interrupts->rx = NULL;
}

void interrupts_close(struct nic *nic)
{
	struct port_interrupts *interrupts = &nic->interrupts;
	interrupts_stop(nic);
	if (interrupts->vectors && !vfio_device_gone(nic->device))
		vfio_set_irqs(nic->device, interrupts->kind, 0, NULL);
	interrupts->vectors = 0;
	if (interrupts->event_fd >= 0)
		close(interrupts->event_fd);
	while (interrupts->eventfd_count)
		close(interrupts->eventfds[--interrupts->eventfd_count]);
}

/* ---- the port ---- */

bool interrupts_came(struct nic *nic)
{
	return nic->interrupts.event_fd >= 0 && drain(nic->interrupts.event_fd);
}

void interrupts_acknowledge(struct nic *nic)
{
	/* Before the link is looked at, so that a change after that raises the next interrupt */
	if (nic->interrupts.vectors && nic->started && !port_gone(nic))
		nic->driver->ops->interrupts->acknowledge(nic);
}

/* Where the transport has a descriptor, too, the instance is readable when either is. */
static int open_event_fd(struct nic *nic)
{
	struct port_interrupts *interrupts = &nic->interrupts;
	struct epoll_event event = {.events = EPOLLIN};
	int ret = direct(nic, interrupts->queues);
	if (ret)
		return ret;
	interrupts->event_fd = watch(interrupts->eventfds[0]);
	if (interrupts->event_fd < 0 || (nic->device->ops->check && epoll_ctl(interrupts->event_fd, EPOLL_CTL_ADD,
									    nic->device->event_fd, &event) != 0))
		return fail_fd(nic);
	if (nic->started)
		nic->driver->ops->interrupts->start(nic);
	return 0;
}

int nic_event_fd(struct nic *nic)
{
	struct port_interrupts *interrupts = &nic->interrupts;
	if (interrupts->event_fd < 0) {
		int ret = rings_begin_call(nic, false);
		ret = rings_end_call(nic, ret ? ret : open_event_fd(nic));
		if (ret) {
			if (interrupts->event_fd >= 0)
				close(interrupts->event_fd);
			interrupts->event_fd = -1;
			return ret;
		}
	}
	int fd = fcntl(interrupts->event_fd, F_DUPFD_CLOEXEC, 0);
	return fd >= 0 ? fd : fail_fd(nic);
}

/* ---- receive queues ---- */

static struct rx_interrupt *interrupt_of(struct nic_rxq *queue)
{
	struct rx_interrupt *rx = queue ? ((struct ring_rxq *)queue)->interrupt : NULL;
	if (!rx)
		pollux_fail(
			EINVAL, "a receive queue without interrupts: start its port with nic_config.rx_interrupt_us");
	return rx;
}

int nic_rxq_fd(struct nic_rxq *queue)
{
	const struct rx_interrupt *rx = interrupt_of(queue);
	int fd = rx ? fcntl(rx->epoll_fd, F_DUPFD_CLOEXEC, 0) : -1;
	return fd >= 0 ? fd : rx ? fail_fd(rx->nic) : -EINVAL;
}

/* Its bursts do nothing, until the port or the queue is started again. Those of a pipe's queue never do. */
static bool silent(const struct ring_rxq *queue)
{
	return !queue->pipe && __atomic_load_n(&queue->nic.burst, __ATOMIC_ACQUIRE) == ring_rx_nothing;
}

/* Whether a whole frame is there: bursts take no part of one. */
static bool has_packets(const struct ring_rxq *queue)
{
	if (silent(queue))
		return false;
	/* One slot stays back, as a tail says it (ring_rx_refill) */
	for (uint32_t i = queue->next; (int32_t)(queue->refill_next + queue->mask - i) > 0; i++) {
		uint64_t status = ring_rx_status(&queue->ring[i & queue->mask]);
		if (!(status & queue->format->dd))
			return false;
		if (status & queue->format->eop || i - queue->next == RING_BATCH) /* too long: a burst drops it */
			return true;
	}
	return false;
}

/* A burst has to find buffers for a queue's slots, or a run of its pipe to get them back from outputs, before much can
 * come: the card has so few left that a long frame may lack room, and raise no interrupt. */
static bool lacks_slots(const struct ring_rxq *queue)
{
	return !silent(queue) && (int32_t)(queue->refill_next + queue->mask - queue->next) < (int32_t)RING_BATCH;
}

static bool is_gone(const struct nic *nic)
{
	return vfio_device_gone(nic->device) || __atomic_load_n(&nic->gone, __ATOMIC_ACQUIRE);
}

static bool arm(const struct rx_interrupt *rx, const struct ring_rxq *queue)
{
	if (has_packets(queue))
		return false;
	drain(rx->epoll_fd);
	rx->nic->driver->ops->interrupts->arm(rx->nic, rx->index);
	/* What came before the interrupt was let through may not raise one */
	return !has_packets(queue);
}

bool nic_rxq_arm(struct nic_rxq *nic)
{
	const struct ring_rxq *queue = (const struct ring_rxq *)nic;
	const struct rx_interrupt *rx = interrupt_of(nic);
	return rx && !is_gone(rx->nic) && !lacks_slots(queue) && arm(rx, queue);
}

/* What a sleep tells about a queue's interrupts. */
static void judge(struct nic_rxq *queue, bool woken, uint64_t slept_us)
{
	struct rx_interrupt *rx = ((struct ring_rxq *)queue)->interrupt;
	bool packets = has_packets((const struct ring_rxq *)queue);
	const struct port_interrupts *port = &rx->nic->interrupts;
	/* Where queues share a vector, those of others wake as well */
	if (woken && !packets && (port->vectors > 1 || port->queues == 1))
		rx->for_none++;
	else
		rx->for_none = 0;
	if (packets && woken)
		rx->lost = 0;
	else if (packets && slept_us >= LOST_US)
		rx->lost++;
	if (rx->lost < LOST_PACKETS && rx->for_none < STORM_WAKES)
		return;
	if (!rx->wrong)
		__atomic_store_n(&rx->wrong,
			rx->for_none ? "interrupts come without packets" : "packets come without interrupts",
			__ATOMIC_RELAXED);
	rx->naps_until_us = clock_now_us() + interrupts_retry_us;
	rx->for_none = 0;
	rx->lost -= rx->lost >= LOST_PACKETS; /* one more is enough, when they are tried again */
}

/* How a wait sleeps, and on what. */
struct rest {
	struct pollfd fds[WAIT_QUEUES];
	bool blind;          /* a queue's interrupts are not to be trusted: naps, without descriptors */
	bool short_of_slots; /* a queue needs a burst after a nap, whatever comes */
};

/* Lets the queues' interrupts through. @return 1: packets are there; 0; or -errno */
static int arm_all(struct nic_rxq *const queues[], unsigned count, uint64_t now, struct rest *rest)
{
	rest->blind = rest->short_of_slots = false;
	for (unsigned i = 0; i < count; i++) {
		const struct ring_rxq *queue = (const struct ring_rxq *)queues[i];
		const struct rx_interrupt *rx = interrupt_of(queues[i]);
		if (!rx)
			return -EINVAL;
		if (is_gone(rx->nic))
			return fail_gone(rx->nic);
		bool naps = now < rx->naps_until_us;
		rest->blind |= naps;
		rest->short_of_slots |= lacks_slots(queue);
		if (naps ? has_packets(queue) : !arm(rx, queue))
			return 1;
		rest->fds[i] = (struct pollfd){.fd = rx->epoll_fd, .events = POLLIN};
	}
	return 0;
}

int nic_wait(struct nic_rxq *const queues[], unsigned count, uint32_t limit_us)
{
	struct rest rest;
	uint64_t now = clock_now_us(), deadline = now + limit_us;
	if (!queues || count == 0 || count > WAIT_QUEUES)
		return pollux_fail(EINVAL, "nic_wait: give 1 to %u queues", WAIT_QUEUES);
	for (;;) {
		int ret = arm_all(queues, count, now, &rest);
		if (ret || now >= deadline)
			return ret ? ret : rest.short_of_slots;
		uint64_t left = deadline - now, most = rest.blind || rest.short_of_slots ? NAP_US : SLICE_US,
			 slice = left < most ? left : most;
		struct timespec time = {.tv_nsec = (long)slice * 1000};
		int woken = ppoll(rest.fds, rest.blind ? 0 : count, &time, NULL);
		if (woken < 0)
			return pollux_fail(errno, "nic_wait: %s", errno == EINTR ? "a signal came" : strerror(errno));
		for (unsigned i = 0; i < count && !rest.blind; i++)
			judge(queues[i], rest.fds[i].revents != 0, woken ? 0 : slice);
		if (rest.short_of_slots)
			return 1;
		now = clock_now_us();
	}
}

void interrupts_note(struct nic *nic)
{
	for (unsigned i = 0; i < nic->interrupts.queues; i++) {
		struct rx_interrupt *rx = &nic->interrupts.rx[i];
		const char *wrong = __atomic_load_n(&rx->wrong, __ATOMIC_RELAXED);
		if (!wrong || rx->noted)
			continue;
		rx->noted = true;
		port_note(nic,
			"receive queue %u: %s: waits look each millisecond instead, and try interrupts again each %u s",
			i, wrong, (unsigned)(interrupts_retry_us / 1000000));
	}
}
