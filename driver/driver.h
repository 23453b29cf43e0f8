/* SPDX-License-Identifier: BSD-2-Clause
 * Inside the driver: what a port is, and what a family of cards (ixgbe/, gigabit/) does for it. */
#pragma once

#include "../mempool/memory.h"
#include "../vfio/device.h"
#include "counters.h"
#include "interrupt.h"
#include "nic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTEL 0x8086u /* the vendor of all cards */

#define RING_SIZE_MIN     64u
#define RING_SIZE_MAX     4096u
#define RING_SIZE_DEFAULT 512u
#define PORT_MTU_DEFAULT  1500u
#define PORT_MTU_MIN      68u /* the least that IPv4 allows */

/* A frame has these bytes beyond the MTU, without FCS: Ethernet header and two VLAN tags (802.1ad). */
#define FRAME_OVERHEAD_BYTES (NIC_HEADER_BYTES + 2 * NIC_VLAN_TAG_BYTES)

struct fact_list;

/** A PCI id that a driver knows. */
struct driver_id {
	uint16_t device; /* the vendor is Intel */
	uint8_t kind;    /* the driver's own */
	const char *name;
};

/**
 * What a family does for its ports. Functions return 0 or -errno with a sentence. nic.c has checked arguments, the
 * port's state, and that the device is not gone before it calls any but stop.
 */
struct driver_ops {
	/** Resets the device and fills in nic->info. A failed open leaves nothing to be undone, and DMA off. */
	int (*open)(struct nic *nic);
	/** Stops whatever the device does and resets it. Bus mastering may be on or off and stays so. */
	int (*reset)(struct nic *nic);
	/** Starts with nic->config, which is complete and in range: opens nic->rings, and sets nic->freshly_reset to
	 * false before the card is touched. What it leaves when it fails is undone by its caller, nic_start or
	 * nic_reset. */
	int (*start)(struct nic *nic);
	/** Lets transmit finish and stops DMA, whatever fails, also for a gone device. The rings keep their packets. */
	int (*stop)(struct nic *nic);
	int (*get_link)(struct nic *nic, struct nic_link *link);
	/** Started ports only: does what the link needs now and then; waits 60 ms at most. NULL: it needs nothing. */
	void (*service)(struct nic *nic);
	/** Started ports only: sees what keeps the card from going on, with recovery_need, or recovery_tell. */
	void (*diagnose)(struct nic *nic);
	/** Adds what is known of the card, with fact_add. NULL: nothing. */
	void (*facts)(struct nic *nic, struct fact_list *facts);
	/** Started ports only: an exact filter (1 .. unicast_filters, 0 is the port's own), NULL turns it off. */
	int (*set_unicast)(struct nic *nic, unsigned index, const uint8_t *mac);
	/** Started ports only: a word of the multicast hash table. */
	int (*set_multicast)(struct nic *nic, unsigned word, uint32_t value);
	/** Started ports only: obeys nic->promiscuous and nic->all_multicast. */
	int (*set_receive_mode)(struct nic *nic);
	const struct queue_ops *queues;
	const struct interrupt_ops *interrupts;
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
	const struct driver_register *registers; /* its list, for sentences */
	unsigned register_count;
	struct card_counters counters;
};

extern const struct driver ixgbe_driver, e1000_driver, igb_driver;

/** The rule that decides which driver, if any, has a device. @return NULL with a sentence: nobody drives it. */
const struct driver *driver_find(const char *address, uint16_t vendor, uint16_t device, const struct driver_id **id);

/** The failure sentence of a device that no driver claims. */
void driver_refuse(const char *address, uint16_t vendor, uint16_t device);

/** All rings of a started port (ring.h). All zero: none. */
struct port_rings {
	struct ring_rxq **rxqs; /* config.rx_queues of them; each on cache lines of its own */
	struct ring_txq **txqs;
	struct dma_memory memory; /* of all queues, receive first */
};

/** What happened to a port (report.h). */
#define PORT_NOTES 64u
struct port_notes {
	uint64_t count; /* number i is in kept[i % PORT_NOTES] */
	struct nic_note kept[PORT_NOTES];
};

/** What ought to move, as it was last looked at (recovery.c). */
struct recovery_watch {
	uint64_t progress; /* of a queue's head, and the like */
	uint64_t since_us; /* it stands there */
	unsigned looks;    /* at which it stood there */
	uint64_t lost;     /* frames of the queue that were lost so far */
	unsigned losses;   /* looks at which more were, since then */
};

/** Why a port needs a reset, and what may become a reason. */
struct port_recovery {
	uint32_t causes;             /* a mask of NIC_NEEDS_RESET and its causes; 0: none */
	bool failed;                 /* the last reset did: the card is halted */
	uint32_t events_pending;     /* of those that need no reset: to be told by the next nic_service */
	uint64_t noted_us;           /* when they were last noted */
	uint64_t looked_us;          /* when the card was last looked at, and its counters read; 0: never */
	uint64_t link_us;            /* when its link was */
	uint64_t down_us;            /* when the link was first found down; 0: it is up, or nobody has looked */
	bool linked;                 /* it has been up since the start or reset */
	uint64_t pauses;             /* rx_pause_frames at the last look: they explain that nothing is sent */
	bool hang_mended;            /* the last reset was for a transmit hang */
	uint64_t tx_packets_at_hang; /* nic_stats had then */
	struct recovery_watch tx[QUEUES_MAX], rx[QUEUES_MAX], missed;
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
	bool freshly_reset; /* the reset succeeded, bus mastering is off, and nothing has been started since */
	bool gone;          /* its registers were found to read all ones; see port_gone */
	bool gone_reported; /* NIC_GONE is an event only once */
	struct port_recovery recovery;
	bool promiscuous, all_multicast;
	uint64_t refusals_before;   /* vfio_refusals() when the control call began that is under way */
	unsigned refusals_reported; /* of the device's refused registers, by nic_service or nic_stop */
	struct port_interrupts interrupts;

	struct nic_link link;   /* as last reported by nic_service */
	struct nic_stats stats; /* since start, without the queues' own counters, and bytes as the card counts them */
	struct port_counters counters; /* all that the card has counted */

	struct port_queues queues; /* how frames come to the queues, and what each counts (queues.h) */
	struct mac_entry *macs;    /* added by nic_add_mac */
	unsigned mac_count;
	struct port_notes notes;
};

/**
 * Makes a port of a device that is open already, by whatever transport: for tests, and for transports of one's own.
 * Takes ownership of the device, also on failure. nic_open is vfio_device_open and this. Errors: as nic_open.
 */
int port_from_device(struct nic **nic, struct vfio_device *device);

/** True once the device is known to be gone, by its registers or by the transport: no register may be touched any more.
 */
static inline bool port_gone(const struct nic *nic)
{
	return nic->gone || vfio_device_gone(nic->device);
}

/** Whether a full receive queue drops frames, for the sake of others, instead of having them wait. */
static inline bool port_queues_drop(const struct nic *nic)
{
	return nic->config.rx_queues > 1 && !(nic->config.pause & NIC_PAUSE_TX);
}

/** The longest frame that a started port takes, with FCS. */
static inline uint32_t port_max_frame_bytes(const struct nic *nic)
{
	return nic->config.mtu + FRAME_OVERHEAD_BYTES + NIC_FCS_BYTES;
}
