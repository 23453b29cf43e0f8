/* SPDX-License-Identifier: BSD-2-Clause
 * A device as a driver sees it, however it is reached: register windows, configuration space, interrupts, reset, and a
 * DMA space. It is one handle with a small table of operations, which a transport fills in: the kernel's VFIO,
 * vfio-user, or one of the tests'.
 *
 * Errors follow the library's rule: -errno, and a sentence in pollux_error(). A transport that has lost its device
 * reads all ones and ignores writes, as a removed PCI function does, and says why in `loss`. A refused access is an
 * error of that access alone: it reads all ones too, and is noted in `refused`. */
#pragma once

#include "error.h"

#include <linux/vfio.h> /* VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX, ... */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dma_space;
struct vfio_device;

#define VFIO_ADDRESS_MAX  256 /* bytes of a device's address with its final NUL */
#define VFIO_WINDOW_PARTS 8
#define VFIO_REFUSALS     32 /* so many refused accesses of a device are remembered */

/** A part of a register window that is memory: offsets [first, first + bytes) are at `at`. */
struct vfio_part {
	uint64_t first, bytes;
	volatile uint8_t *at;
};

/**
 * A register window (a BAR), of one of three kinds:
 *  - memory only (`memory` is set): each register is a plain load or store. Kernel VFIO has such windows, and a test
 * makes one from an array: `struct vfio_window w = {.memory = a, .bytes = sizeof(a)}`;
 *  - functions only: each access is a message or a system call;
 *  - functions, and parts that are memory: vfio_doorbell finds head and tail registers in these, all else goes through
 *    the functions.
 */
struct vfio_window {
	volatile uint8_t *memory;
	uint64_t bytes;
	uint32_t (*read32)(void *context, uint32_t offset);
	void (*write32)(void *context, uint32_t offset, uint32_t value);
	void *context;
	const struct vfio_part *parts; /* which stay where they are */
	unsigned part_count;
};

/** A region, and which parts of it are memory. Its window's functions get it as their context. */
struct vfio_region {
	struct vfio_device *device;
	unsigned index;
	unsigned part_count;
	struct vfio_part parts[VFIO_WINDOW_PARTS];
};

/** What a transport does for its devices. All return 0 or -errno unless said otherwise. */
struct vfio_device_ops {
	/** vfio_access, once it is checked. */
	int (*access)(
		struct vfio_device *device, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes);
	/** Fills in the window of a BAR. */
	int (*window)(struct vfio_device *device, unsigned region, struct vfio_window *window);
	/** vfio_set_irqs, once it is checked. Called with as many interrupts as are on, or while none is; or with none,
	 * to turn off those that are on. */
	int (*set_irqs)(struct vfio_device *device, unsigned index, unsigned count, const int *eventfds);
	/** Resets the function; NULL or -ENOTTY where there is no such reset. */
	int (*reset)(struct vfio_device *device);
	/** Reads event_fd. If it says that somebody wants the device back, or that the device broke, turns bus
	 * mastering off and marks the device gone. NULL: there are no such events. */
	void (*check)(struct vfio_device *device);
	/** Leaves the DMA space, releases everything and frees the handle. Never fails. */
	void (*close)(struct vfio_device *device);
};

/** An access that was refused: a register, at an offset of a region, was not read or not written. Eight bytes, to be
 * read and written as one. */
struct vfio_refusal {
	uint32_t offset;
	uint8_t region;
	bool write;
	uint16_t error; /* a positive errno value */
} __attribute__((aligned(8)));

/** A device handle. A transport embeds it as its first member. Read-only for drivers. */
struct vfio_device {
	const struct vfio_device_ops *ops;
	char address[VFIO_ADDRESS_MAX]; /* as given to vfio_device_open */
	char reached_by[112];           /* for people: "iommufd", "group 14 (there is no /dev/iommu)", "vfio-user" */
	struct dma_space *space;        /* the device is attached to it for its whole life */
	uint64_t region_bytes[VFIO_PCI_NUM_REGIONS];
	struct vfio_region regions[VFIO_PCI_NUM_REGIONS]; /* for the transport only */
	uint32_t irq_count[VFIO_PCI_NUM_IRQS];
	unsigned irqs_on[VFIO_PCI_NUM_IRQS]; /* so many of them, from the first on, have been directed to eventfds */
	int numa_node;                       /* -1: unknown */
	int event_fd;                        /* where there is ops->check: readable when it should be called */
	struct pollux_loss loss;             /* whether the transport has lost the device, and why */
	/* The first different accesses that were refused; atomic; error 0: none. */
	struct vfio_refusal refused[VFIO_REFUSALS];
};

/**
 * Opens a device by where it is and attaches it to a DMA space.
 * @param address  "vfio-user:/path/to/socket", or "dddd:bb:dd.f" or "bb:dd.f" (kernel VFIO)
 * @param space    the handle holds a reference until it is closed
 * Errors: -EINVAL (not an address), -ENOENT / -ECONNREFUSED (nobody there), -EPROTO (the peer breaks the protocol),
 * -ENOTSUP, -ETIMEDOUT, -EBUSY (another process has it), -ENOTSOCK, and those of dma_space_attach. A failed open leaves
 * nothing behind.
 */
int vfio_device_open(struct vfio_device **device, const char *address, struct dma_space *space);

/** Closes a device. It must have been stopped and reset by its driver. NULL is ignored. */
void vfio_device_close(struct vfio_device *device);

/** True once the transport has lost the device. Cheap; any thread. */
static inline bool vfio_device_gone(const struct vfio_device *device)
{
	return pollux_lost(&device->loss);
}

/** @return -ENODEV, with the sentence that says why the transport lost the device */
int vfio_fail_gone(const struct vfio_device *device);

/** How many of the calling thread's accesses, to any device, were refused so far. A control path that finds more after
 * its work than before has not done its work. */
uint64_t vfio_refusals(void);

/** The i-th of the device's different accesses that were refused, from 0, in the order in which they first were. False:
 * there are not so many. Any thread. */
bool vfio_refusal(const struct vfio_device *device, unsigned i, struct vfio_refusal *refusal);
/** The calling thread's last access that was refused. There must have been one. */
void vfio_last_refusal(struct vfio_refusal *refusal);
/** For transports: notes that an access was refused. Any thread. */
void vfio_note_refusal(struct vfio_device *device, const struct vfio_refusal *refusal);

/** Reads bytes of a region (linux/vfio.h has the numbers) into `in`, or writes them from `out`, by message or system
 * call; the other is NULL. bytes are 1, 2 or 4; a transport may refuse more. -errno, and all ones in `in`; no refusal
 * is noted. */
int vfio_access(struct vfio_device *device, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes);

/** Directs the first `count` interrupts of a kind (VFIO_PCI_MSIX_IRQ_INDEX, ...) to eventfds, where -1 is none, and
 * turns its others off. The descriptors stay the caller's. INTx masks itself when it fires: the same call again arms it
 * again. -errno; -EINVAL: the device does not have so many. */
int vfio_set_irqs(struct vfio_device *device, unsigned index, unsigned count, const int *eventfds);

/** Reads a little-endian word of configuration space. bytes 1, 2 or 4. @return all ones when the device is gone or
 * refuses. */
uint32_t vfio_config_read(struct vfio_device *device, unsigned offset, unsigned bytes);
/** Writes one. -errno. */
int vfio_config_write(struct vfio_device *device, unsigned offset, unsigned bytes, uint32_t value);

/** Where a PCI capability is in configuration space; 0: the device has none. */
unsigned vfio_find_capability(struct vfio_device *device, unsigned id);

/** For transports, to fill in dma_mapper.below_4gib: whether the device is conventional PCI or PCI-X, and so has no
 * PCI Express capability. -errno: its configuration space cannot be read. */
int vfio_is_conventional(struct vfio_device *device, bool *conventional);

/** Sets COMMAND.Memory, sets or clears COMMAND.BusMaster, and reads COMMAND back. -EIO: it reads back otherwise;
 * -ENODEV: the device is gone. */
int vfio_set_bus_master(struct vfio_device *device, bool on);

/** Reads a register of a window. offset is a multiple of 4 below window->bytes (the caller's duty: offsets come from
 * register lists). */
static inline uint32_t vfio_read32(const struct vfio_window *window, uint32_t offset)
{
	if (window->memory)
		return *(volatile uint32_t *)(window->memory + offset);
	return window->read32(window->context, offset);
}

/** Writes a register of a window. The device sees earlier stores to memory before this write (on x86-64, a compiler
 * barrier suffices for that). */
static inline void vfio_write32(const struct vfio_window *window, uint32_t offset, uint32_t value)
{
	if (window->memory)
		__atomic_store_n((volatile uint32_t *)(window->memory + offset), value, __ATOMIC_RELEASE);
	else
		window->write32(window->context, offset, value);
}

/** The address by which a register can be read and written like memory; NULL: it can only be reached by vfio_read32 and
 * vfio_write32. */
volatile uint32_t *vfio_doorbell(const struct vfio_window *window, uint32_t offset);

/** For transports: unmaps the parts of all regions that are mapped. */
void vfio_unmap_parts(struct vfio_device *device);

/** For transports: makes the window of a BAR, with functions that call ops->access, and with the parts that its region
 * has. -ENODEV: the device is gone; -EINVAL: it has no such BAR. */
int vfio_region_window(struct vfio_device *device, unsigned region, struct vfio_window *window);

#ifdef __cplusplus
}
#endif
