/* SPDX-License-Identifier: BSD-2-Clause
 * Inside the driver: what a port is to nic.c, and what a family of cards (ixgbe/, e1000/, igb/) fills in. */
#ifndef POLLUX_DRIVER_DRIVER_H
#define POLLUX_DRIVER_DRIVER_H

#include "../mempool/memory.h"
#include "../vfio/device.h"
#include "nic.h"
#include "pipe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAC_MULTICAST_WORDS 128u /* every family has a hash table of 4096 bits */
#define RING_SIZE_MIN       64u
#define RING_SIZE_MAX       4096u
#define RING_SIZE_DEFAULT   512u
#define PORT_MTU_DEFAULT    1500u
#define PORT_MTU_MIN        68u /* the least that IPv4 allows */
#define FRAME_OVERHEAD_BYTES                                                                                           \
	22u /* bytes of a frame beyond the MTU, without FCS: Ethernet header, two VLAN tags (802.1ad) */
#define FRAME_FCS_BYTES 4u

/** A PCI id that a driver knows. */
struct driver_id {
	uint16_t device; /* the vendor is Intel */
	uint8_t kind;    /* the driver's own */
	const char *name;
	const char *refused; /* not NULL: why it is not driven, and what to do instead */
};

/**
 * What a family does for its ports. Functions return 0 or -errno with a sentence. nic.c has checked arguments, the
 * port's state, and that the device is not gone before it calls any but stop and close.
 */
struct driver_ops {
	/** Resets the device and fills in nic->info. On failure nothing is left but what `close` need not undo; DMA is
	 * off. */
	int (*open)(struct nic *nic);
	/** Undoes open, but for DMA, which is off; also for a gone device. */
	void (*close)(struct nic *nic);
	/** Stops whatever the device does and resets it. Bus mastering may be on or off and stays so. */
	int (*reset)(struct nic *nic);
	/** Starts with nic->config, which is complete and in range: opens nic->rings, and sets nic->clean to false
	 * before the card is touched. What it leaves when it fails is undone by nic_start. */
	int (*start)(struct nic *nic);
	/** Stops DMA and gives all packets back, whatever fails, also for a gone device. */
	int (*stop)(struct nic *nic);
	int (*get_link)(struct nic *nic, struct nic_link *link);
	/** Adds what the card has counted since the last call to nic->stats, byte counters before packet counters; see
	 * port_update_stats. */
	void (*update_stats)(struct nic *nic);
	/** Directs link interrupts to nic->event_fd, now or when the port is started. -ENOTSUP: the device has none. */
	int (*enable_events)(struct nic *nic);
	/** Acknowledges interrupts: clears their cause in the card. */
	void (*acknowledge_events)(struct nic *nic);
	/** Started ports only: an exact filter (1 .. unicast_filters, 0 is the port's own), NULL turns it off. */
	int (*set_unicast)(struct nic *nic, unsigned index, const uint8_t *mac);
	/** Started ports only: a word of the multicast hash table. */
	int (*set_multicast)(struct nic *nic, unsigned word, uint32_t value);
	/** Started ports only: obeys nic->promiscuous and nic->all_multicast. */
	int (*set_receive_mode)(struct nic *nic);
	/** Opens an in-place pipe between queues that exist, of started ports of this family in one DMA space. NULL:
	 * there are none. */
	int (*pipe_open)(
		struct nic_pipe **pipe, const struct nic_queue *input, const struct nic_queue *outputs, unsigned count);
};

/** A row of a family's list of registers. */
struct driver_register {
	const char *name;
	uint32_t offset, stride, count;
};

struct driver {
	const char *name;
	const struct driver_id *ids;
	unsigned id_count;
	size_t port_bytes;        /* of the family's port structure: a struct nic, or one that begins with it */
	unsigned unicast_filters; /* exact filters besides the port's own address */
	const struct driver_ops *ops;
	const struct driver_register *registers; /* its lists, for sentences */
	unsigned register_count;
	const void
		*chips; /* what the family's files know of each kind, in a form of their own; NULL: they need nothing */
};

extern const struct driver ixgbe_driver, e1000_driver, igb_driver;

struct mac_entry {
	uint8_t bytes[6];
	uint16_t filter; /* unicast: its exact filter, 1 .. unicast_filters; multicast: 0 */
};

/** All rings of a started port (ring.h). All zero: none. */
struct port_rings {
	struct ring_rxq **rxqs; /* config.rx_queues of them; each on cache lines of its own */
	struct ring_txq **txqs;
	struct dma_memory memory; /* of all queues, receive first */
};

/** A port. One control thread. */
struct nic {
	const struct driver *driver;
	const struct driver_id *id;
	struct vfio_device *device;
	struct vfio_window bar; /* BAR 0, once the family has opened it */
	struct nic_info info;

	struct nic_config config;  /* while started: no zeros left, pool set */
	struct pkt_pool *own_pool; /* NULL: the pool is the caller's, or there is none */
	struct port_rings rings;
	bool started;
	bool clean; /* reset is done, bus mastering is off, and nothing has been started since */
	bool gone;  /* its registers were found to read all ones; what the transport found is in the device. See
		       port_gone. */
	bool gone_told;
	unsigned refusals_told; /* of the device's refused registers, those that nic_service or nic_stop has told */
	bool promiscuous, all_multicast;
	int event_fd; /* what link interrupts come by; -1 until somebody wants it */
	int wait_fd;  /* that and the transport's events in one, where it has some; else -1 */

	struct nic_link link;   /* as last reported by nic_service */
	struct nic_stats stats; /* since start, without the queues' own counters, and bytes as the card counts them */
	unsigned rx_byte_extra,
		tx_byte_extra; /* bytes more than the frame that the card counts per packet: 4, the FCS, or 0 */
	struct vfio_refusal
		uncounted; /* a counter that was refused when stats were last brought up to date; error 0: none */
	uint64_t rx_bytes_told, tx_bytes_told; /* by nic_get_stats: what is told never falls */

	struct mac_entry *macs; /* added by nic_add_mac */
	unsigned mac_count;
};

/**
 * Opens a port on a device that is open already, by whatever transport. Takes ownership of the device, also on failure.
 * nic_open is vfio_device_open and this. Errors: as nic_open.
 */
int port_open_device(struct nic **nic, struct vfio_device *device);

/** True once the device is known to be gone: no register may be touched any more. */
static inline bool port_gone(const struct nic *nic)
{
	return nic->gone || vfio_device_gone(nic->device);
}

/* ---- access.c: registers, time ---- */

/** Opens the window of BAR 0, which must have so many bytes. */
int reg_open_window(struct nic *nic, uint32_t bytes);
/** Reads a register. All ones are checked against STATUS: if that is all ones too, the port is marked gone. A gone
 * device is not touched, and all its registers read all ones; so does one that the device refuses, which reg_end_call
 * notices afterwards. */
uint32_t reg_read(struct nic *nic, uint32_t offset);
/** The same for what is written back or decided by: 0, or -ENODEV or -EIO (refused) with the sentence, and all ones in
 * *value. */
int reg_read_sure(struct nic *nic, uint32_t offset, uint32_t *value);
/** Writes a register, unless the device is gone. */
void reg_write(struct nic *nic, uint32_t offset, uint32_t value);
/** Reads, clears and sets bits, writes. Leaves the register alone when the device is found gone, or refuses to have it
 * read. */
void reg_change(struct nic *nic, uint32_t offset, uint32_t clear, uint32_t set);
/** Waits until (register & mask) is value. -ETIMEDOUT without a sentence, which is the caller's; -ENODEV and -EIO
 * (refused) with one. */
int reg_wait(struct nic *nic, uint32_t offset, uint32_t mask, uint32_t value, uint32_t limit_us);
/** Reads a counter into *count. False, and 0: the device is gone or refuses, whose all ones nobody has counted. */
bool reg_read_count(struct nic *nic, uint32_t offset, uint64_t *count);
/** The same, where it does not matter whether a 0 was counted. */
uint64_t reg_count(struct nic *nic, uint32_t offset);
/** Brings nic->stats up to date, unless the device turns out to be gone: then they stay those of one earlier moment. */
void port_update_stats(struct nic *nic);
/** Ends a control call that has returned ret, and began when vfio_refusals() was `before`. @return ret; but -EIO, with
 * the sentence, where the device has refused an access meanwhile: whatever ret says came of that */
int reg_end_call(struct nic *nic, uint64_t before, int ret);
/** @return -EIO, with the sentence that names the register */
int fail_refused(struct nic *nic, const struct vfio_refusal *refusal);
uint64_t clock_now_us(void);
void clock_sleep_us(uint32_t us);
/** Between two looks at STATUS of a card that seems to be gone; a variable for tests, like the families' limits. */
extern uint32_t reg_gone_retry_us;

/* ---- bus.c ---- */

/** Where a PCI capability is in configuration space; 0: the device has none. */
unsigned bus_find_capability(struct vfio_device *device, unsigned id);
/** Waits until no PCIe request of the device is pending, at most so long. */
void bus_wait_transactions(struct nic *nic, uint32_t limit_us);
/** Turns memory space on and bus mastering off. Where that fails, the function is reset, and the failure returned all
 * the same. */
int bus_leave(struct nic *nic);
/** Resets the device and turns bus mastering off: no DMA from then on. Does all of it whatever fails; @return the first
 * failure. */
int bus_halt(struct nic *nic);
/** False for addresses that no port can have: all zeros, or a multicast address. */
bool mac_is_usable(const uint8_t mac[6]);

/** Records that a port's device is gone as the thread's failure, and sees to it that bursts touch it no more. @return
 * -ENODEV */
int fail_gone(struct nic *nic);

/** The rule that decides which driver, if any, has a device. @return NULL with a sentence: nobody drives it. */
const struct driver *driver_find(const char *address, uint16_t vendor, uint16_t device, const struct driver_id **id);

/** The word of the multicast hash table that a multicast address selects, and its bit in it. */
unsigned mac_multicast_word(const uint8_t mac[6]);
uint32_t mac_multicast_bit(const uint8_t mac[6]);

/** Programs all added addresses into a port that is being started. Stops at the first failure. */
int mac_program_all(struct nic *nic);

/** Drops all added addresses, without touching the device. */
void mac_forget_all(struct nic *nic);

#endif
