/* SPDX-License-Identifier: BSD-2-Clause
 * The server's interrupts: eventfds from the client, and firing them. */
#include "irqs.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

unsigned server_irqs_count(const struct server_irqs *irqs, uint32_t index)
{
	bool all = irqs->offered == MODEL_ALL_INTERRUPTS;
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return all || irqs->offered == MODEL_ONLY_INTX;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return all || irqs->offered == MODEL_ONLY_MSI;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return all ? MODEL_VECTORS : 0;
	default:
		return 0;
	}
}

uint32_t server_irqs_flags(const struct server_irqs *irqs, uint32_t index)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	return server_irqs_count(irqs, index) ? VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE : 0;
}

void server_irqs_open(struct server_irqs *irqs, struct server_counts *counts, enum model_interrupts offered)
{
	*irqs = (struct server_irqs){.counts = counts, .offered = offered};
	irqs->nothing = memfd_create("pollux-irqs", MFD_CLOEXEC);
	if (syscall(SYS_io_setup, 1, &irqs->aio))
		irqs->aio = 0;
	for (unsigned i = 0; i < VFIO_PCI_NUM_IRQS; i++)
		for (unsigned v = 0; v < MODEL_VECTORS; v++)
			irqs->eventfds[i][v] = -1;
}

void server_irqs_free(struct server_irqs *irqs)
{
	if (irqs->aio)
		syscall(SYS_io_destroy, irqs->aio);
	if (irqs->nothing >= 0)
		close(irqs->nothing);
	irqs->aio = 0;
	irqs->nothing = -1;
}

static void turn_off(int *eventfds, unsigned count)
{
	for (unsigned v = 0; v < count; v++) {
		if (eventfds[v] >= 0)
			close(eventfds[v]);
		eventfds[v] = -1;
	}
}

void server_irqs_close(struct server_irqs *irqs)
{
	for (unsigned i = 0; i < VFIO_PCI_NUM_IRQS; i++)
		turn_off(irqs->eventfds[i], MODEL_VECTORS);
	irqs->intx_masked = irqs->intx_pending = false;
}

/** Anything but an eventfd could make us wait, or take eight bytes that were never meant for it. */
static bool is_eventfd(int fd)
{
	char name[32], target[32] = "";
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return readlink(name, target, sizeof(target) - 1) > 0 && strcmp(target, "anon_inode:[eventfd]") == 0;
}

/**
 * Lets the kernel add 1 to an eventfd, as it does for itself: an asynchronous read of an empty file ends at once and
 * signals it. A write() would wait while the eventfd is full, and it is the client who says, at any time, how full it
 * is and whether it waits.
 */
static bool kernel_signals(struct server_irqs *irqs, int fd)
{
	uint8_t byte;
	struct io_event event;
	struct iocb control = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)irqs->nothing,
		.aio_buf = (uintptr_t)&byte,
		.aio_nbytes = sizeof(byte),
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)fd,
	};
	struct iocb *controls[] = {&control};
	return irqs->aio && syscall(SYS_io_submit, irqs->aio, 1, controls) == 1 &&
	       syscall(SYS_io_getevents, irqs->aio, 1, 1, &event, NULL) == 1;
}

static void signal_eventfd(struct server_irqs *irqs, int fd)
{
	static const uint64_t one = 1;
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	if (fd < 0)
		return;
	if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT)) {
		irqs->counts->full++; /* the client knows already that something happened */
		return;
	}
	/* Where there is no asynchronous I/O: a client that fills the eventfd between the look and this can keep us
	 * waiting. */
	if (!kernel_signals(irqs, fd) && write(fd, &one, sizeof(one)) < 0)
		irqs->counts->full++;
}

static void fire(struct server_irqs *irqs, unsigned index, unsigned vector)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX) {
		if (irqs->intx_masked) {
			irqs->intx_pending = true;
			return;
		}
		irqs->intx_masked = true;
	}
	signal_eventfd(irqs, irqs->eventfds[index][vector]);
}

void server_irqs_fire(struct server_irqs *irqs, unsigned vector)
{
	if (vector >= MODEL_VECTORS)
		return;
	if (irqs->eventfds[VFIO_PCI_MSIX_IRQ_INDEX][vector] >= 0)
		fire(irqs, VFIO_PCI_MSIX_IRQ_INDEX, vector);
	else if (vector == 0 && irqs->eventfds[VFIO_PCI_MSI_IRQ_INDEX][0] >= 0)
		fire(irqs, VFIO_PCI_MSI_IRQ_INDEX, 0);
	else if (vector == 0 && irqs->eventfds[VFIO_PCI_INTX_IRQ_INDEX][0] >= 0)
		fire(irqs, VFIO_PCI_INTX_IRQ_INDEX, 0);
}

/** The client's descriptors become the eventfds of start, start + 1, ...; what it sent none for is turned off. */
static int set_eventfds(struct server_irqs *irqs, struct channel *channel, const struct vfio_irq_set *set)
{
	if (channel->fd_count > set->count)
		return EINVAL;
	for (unsigned i = 0; i < channel->fd_count; i++)
		if (!is_eventfd(channel->fds[i]))
			return EINVAL;
	int *eventfds = &irqs->eventfds[set->index][set->start];
	turn_off(eventfds, set->count);
	for (unsigned i = 0; i < channel->fd_count; i++)
		eventfds[i] = channel_take_fd(channel, i);
	if (set->index == VFIO_PCI_INTX_IRQ_INDEX)
		irqs->intx_masked = irqs->intx_pending = false;
	return 0;
}

static int mask(struct server_irqs *irqs, const struct vfio_irq_set *set, bool masked)
{
	if (set->index != VFIO_PCI_INTX_IRQ_INDEX ||
		(set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) != VFIO_IRQ_SET_DATA_NONE)
		return EINVAL;
	irqs->intx_masked = masked;
	if (!masked && irqs->intx_pending) {
		irqs->intx_pending = false;
		fire(irqs, VFIO_PCI_INTX_IRQ_INDEX, 0);
	}
	return 0;
}

int server_irqs_set(struct server_irqs *irqs, struct channel *channel, const uint8_t *payload, size_t bytes)
{
	struct vfio_irq_set set;
	if (bytes < sizeof(set))
		return EINVAL;
	memcpy(&set, payload, sizeof(set));
	const uint8_t *flags = payload + sizeof(set);
	unsigned have = server_irqs_count(irqs, set.index);
	if (set.argsz < sizeof(set) || set.start > have || set.count > have - set.start ||
		(!have && set.index >= VFIO_PCI_NUM_IRQS))
		return EINVAL;
	uint32_t data = set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK, action = set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	if (set.flags != (data | action) || bytes - sizeof(set) != (data == VFIO_IRQ_SET_DATA_BOOL ? set.count : 0))
		return EINVAL;
	if (data != VFIO_IRQ_SET_DATA_EVENTFD && channel->fd_count)
		return EINVAL;

	if (action == VFIO_IRQ_SET_ACTION_MASK || action == VFIO_IRQ_SET_ACTION_UNMASK)
		return mask(irqs, &set, action == VFIO_IRQ_SET_ACTION_MASK);
	if (action != VFIO_IRQ_SET_ACTION_TRIGGER)
		return EINVAL;
	switch (data) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return set.count ? set_eventfds(irqs, channel, &set) : EINVAL;
	case VFIO_IRQ_SET_DATA_NONE:
		if (set.count == 0)
			turn_off(irqs->eventfds[set.index], have);
		for (unsigned i = 0; i < set.count; i++)
			fire(irqs, set.index, set.start + i);
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		for (unsigned i = 0; i < set.count; i++)
			if (flags[i])
				fire(irqs, set.index, set.start + i);
		return 0;
	default:
		return EINVAL;
	}
}
