/* SPDX-License-Identifier: BSD-2-Clause
 * Pollux's public API: network ports, their queues, and bursts of packets. With what it includes (mempool/pkt.h,
 * vfio/space.h) it is all that an application needs.
 *
 * Life cycle: nic_open, nic_start, bursts, nic_stop, nic_close. Functions return 0 or a negative errno value unless
 * said otherwise; nic_error() then has the sentence. The library never prints, exits or aborts.
 *
 * Threads: a queue is used by one thread at a time; different queues, and the receive and transmit queues of one index,
 * may be used by different threads at once. All functions on a port other than bursts are called by one thread at a
 * time, which may be another than those in bursts; nic_stop, nic_reset and nic_close require that no thread is inside a
 * burst, a run of a pipe, nic_wait or nic_rxq_arm of that port, and nic_set_rxq and nic_set_txq the same of that queue.
 */
#ifndef POLLUX_DRIVER_NIC_H
#define POLLUX_DRIVER_NIC_H

#include "../mempool/pkt.h"
#include "../vfio/space.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nic;

/** The visible head of a receive queue: its burst function, chosen at nic_start, and replaced by one that does nothing
 * when a control call finds the device gone. */
struct nic_rxq {
	unsigned (*burst)(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
};

/** The visible head of a transmit queue. */
struct nic_txq {
	unsigned (*burst)(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
};

/* What Ethernet adds to a frame's payload. Packets' lengths, and counters of bytes, include the header and VLAN tags,
 * and nothing of what comes after them. */
#define NIC_HEADER_BYTES       14u /* addresses and type */
#define NIC_VLAN_TAG_BYTES     4u  /* a frame may have two of them */
#define NIC_FCS_BYTES          4u  /* the checksum at a frame's end, which cards write and check */
#define NIC_PREAMBLE_GAP_BYTES 20u /* in front of a frame and behind it, on the wire: 8 and 12 */
#define NIC_FRAME_MIN_BYTES    60u /* the shortest frame, without FCS: cards pad what is shorter */

/** Speeds of a link, for masks. */
enum {
	NIC_SPEED_10M = 1u << 0,
	NIC_SPEED_100M = 1u << 1,
	NIC_SPEED_1G = 1u << 2,
	NIC_SPEED_2_5G = 1u << 3,
	NIC_SPEED_5G = 1u << 4,
	NIC_SPEED_10G = 1u << 5,
};

/** What a port does beyond plain frames: for nic_config.offloads, and for nic_info.can. What is off costs nothing. */
enum {
	NIC_RX_CHECKSUM =
		1u << 0, /* receive says in the handle's flags whether IPv4, TCP and UDP checksums are right */
	NIC_RX_VLAN_STRIP = 1u << 1, /* receive takes the outer VLAN tag out of the frame, into the handle */
	NIC_TX_OFFLOAD = 1u << 2, /* transmit is fast with wishes in the handle's flags. Without it, wishes are obeyed
				     as well, but slower */

	/* in nic_info.can only */
	NIC_RX_VLAN_STRIP_QUEUE = 1u << 8, /* for each queue alone: nic_set_vlan_strip */
	NIC_VLAN_FILTER = 1u << 9,         /* nic_add_vlan */
	NIC_QUEUES_ALONE = 1u << 10,       /* nic_set_rxq, nic_set_txq */
	NIC_QUEUE_BYTES = 1u << 11,        /* nic_queue_stats.bytes */
	NIC_TX_IP_CHECKSUM = 1u << 12,     /* these wishes are obeyed by the card; others in software */
	NIC_TX_L4_CHECKSUM = 1u << 13,
	NIC_TX_VLAN = 1u << 14,
	NIC_TX_SEGMENT_IPV4 = 1u << 15,
	NIC_TX_SEGMENT_IPV6 = 1u << 16,
};

/** Flow control of a link, by pause frames of IEEE 802.3x. */
enum {
	NIC_PAUSE_RX = 1u << 0, /* obey them: transmit waits as long as the other end asks for */
	NIC_PAUSE_TX = 1u << 1, /* send them: the other end waits instead of frames being lost because the packet
				   buffer is full. No queue drops frames then: one whose ring is full holds up all
				   others, and the other end */
};

/** Headers that RSS hashes: always the addresses; with TCP and UDP the ports too. */
enum {
	NIC_RSS_IPV4 = 1u << 0, /* packets that are none of the following */
	NIC_RSS_IPV4_TCP = 1u << 1,
	NIC_RSS_IPV4_UDP = 1u << 2,
	NIC_RSS_IPV6 = 1u << 3,
	NIC_RSS_IPV6_TCP = 1u << 4,
	NIC_RSS_IPV6_UDP = 1u << 5,
};

#define NIC_RSS_KEY_BYTES   40u
#define NIC_RSS_ENTRIES_MAX 512u

/** How frames are spread over receive queues: a Toeplitz hash of their headers selects an entry of a table, which has
 * the queue. */
struct nic_rss {
	uint32_t headers; /* a mask of NIC_RSS_ among those of nic_info.rss_headers; 0: all of them but UDP, whose
			     fragments would go to another queue than whole packets of their flow */
	bool symmetric;   /* both directions of a flow have one hash: by a key that repeats 16 bits. `key` is ignored */
	uint16_t
		key_bytes; /* NIC_RSS_KEY_BYTES; 0: the usual key, which is Microsoft's of the published test vectors */
	uint16_t entries;  /* nic_info.rss_entries; 0: all queues in turn, as many as nic_info.rss_queues */
	uint8_t key[NIC_RSS_KEY_BYTES];
	uint8_t table[NIC_RSS_ENTRIES_MAX]; /* receive queues, each below nic_info.rss_queues */
};

/** How a port is to be started. All zero: one queue pair, rings of 512, 1500-byte MTU, a pool of its own. */
struct nic_config {
	uint16_t rx_queues, tx_queues; /* 0: 1; at most what nic_info says */
	uint16_t rx_ring, tx_ring;     /* descriptors per ring, a power of two, 64 .. 4096; 0: 512 */
	uint16_t mtu;      /* 0: 1500; at most what nic_info says. A frame may have up to two VLAN tags besides. nic_tx
			      takes no longer frames; nic_rx may bring longer ones: up to 2048 bytes on the 82540EM and
			      82574L, one VLAN tag more on the 82599 */
	uint32_t offloads; /* NIC_RX_CHECKSUM, NIC_RX_VLAN_STRIP, NIC_TX_OFFLOAD, among those of nic_info.can */
	uint32_t speeds;   /* that the link may have, a mask of NIC_SPEED_, among those of nic_info; 0: all of them */
	uint32_t pause;    /* wanted flow control, NIC_PAUSE_ among those of nic_info.pause. Copper links, and fibre at
			      1 Gbit/s, negotiate: nic_link.pause has what came of it. 0: none */
	bool promiscuous;  /* receive frames for any address from the start */
	uint16_t rx_interrupt_us; /* receive queues have interrupts, for nic_wait and nic_rxq_fd: so long apart at least
				     from one to the next of a queue, 2 .. 1000 microseconds (ten times as long where an
				     X540 or X550 has a link of 100 Mbit/s). 0: they have none, which costs nothing */
	enum pkt_simd simd;       /* of the burst functions; 0 (PKT_SIMD_AUTO): the best that the CPU has, see pkt.h */
	const struct nic_rss *rss; /* copied. NULL: several receive queues share frames as a nic_rss of zeros says; one
				      queue has no hash */
	struct pkt_pool *pool; /* receive buffers come from this pool. It stays the caller's, who closes it after the
				  port is stopped. NULL: the port opens a pool of its own, sized for the rings. A pool
				  of pkt_pool_open_sized has jumbo frames in one buffer; a handle that nic_tx gets may
				  be as long as its buffers are */
};

/** What a port is, known once it is open. */
struct nic_info {
	char address[256];
	char reached_by[112]; /* "iommufd", "group 14 (there is no /dev/iommu)", "vfio-user"; with the reason, where
				 that is slow */
	char driver[16];      /* "ixgbe" */
	char name[48];        /* "Intel 82599ES SFI/SFP+" */
	uint16_t vendor_id, device_id;
	uint8_t mac[6];
	int numa_node;  /* -1: unknown, or one that this machine does not have */
	char note[128]; /* why the port may be slower than expected, for an application to print; "": no reason known
			 */
	uint16_t max_rx_queues, max_tx_queues, max_mtu;
	uint32_t max_link_mbps;
	uint32_t speeds;      /* that a link of this card can have, a mask of NIC_SPEED_ */
	enum pkt_simd simd;   /* what the burst functions use, once started */
	uint32_t can;         /* a mask of NIC_RX_CHECKSUM and its like */
	uint32_t pause;       /* flow control that the card has, a mask of NIC_PAUSE_ */
	uint32_t rss_headers; /* a mask of NIC_RSS_; 0: the port has no RSS */
	uint16_t rss_queues;  /* that RSS can name: queues 0 to this less one */
	uint16_t rss_entries; /* of its table */
};

struct nic_link {
	bool up;
	uint32_t mbps;  /* 0 while down */
	uint32_t pause; /* flow control in effect, a mask of NIC_PAUSE_; 0 while down */
	char state[96]; /* what is known besides, for a person to read: why it is down, or what the partner offers; ""
			   when nothing is */
};

/** Something that happened to a port and is no failure: a step of the link, a wait that ran out and endangers nothing.
 */
struct nic_note {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	char text[120];
};

/** Something that is known of a card, for a diagnosis from afar: a register decoded, the module, the NVM's version. */
struct nic_fact {
	char name[32];
	char value[160];
};

/**
 * Counters since nic_start; after nic_stop they are final, until the port is started again. Bytes are without preamble,
 * gap and FCS. A card's registers are read one after the other: while frames come, packets and bytes may be of moments
 * some microseconds apart; the final ones are not.
 *
 * To the frame, after nic_stop or nic_reset: rx_packets = frames taken with nic_rx or by a pipe + rx_bad_packets +
 * rx_left, and frames taken by nic_tx + tx_segments_more = tx_packets + tx_bad_packets + tx_unsent. The 82540EM, 82574L
 * and 82576 count received frames at the MAC: their rx_packets may also count frames that came during nic_stop or
 * nic_reset and were lost in the card's packet buffer. The 82576 with several queues takes frames that a full queue has
 * dropped off rx_packets, at most 4,095 of a queue from one read to the next, and not off rx_bytes.
 */
struct nic_stats {
	uint64_t time_ns; /* CLOCK_MONOTONIC, when the card's counters were last read; if the device is gone, the last
			     time before that */
	uint64_t rx_packets, rx_bytes; /* that the card wrote into receive rings; see above */
	uint64_t tx_packets, tx_bytes; /* that left the card */
	uint64_t rx_left;   /* frames that were still in the receive rings at nic_stop, nic_reset or nic_set_rxq. Their
			       buffers went back to the pool */
	uint64_t tx_unsent; /* frames taken by nic_tx or a pipe that the card had not counted as sent at nic_stop or
			       nic_reset */
	uint64_t resets;    /* by nic_reset, that succeeded */
	uint64_t rx_missed; /* lost: the card's packet buffer was full, because the ring was */
	uint64_t rx_no_descriptor;   /* lost: the ring was empty (only where the card drops at once) */
	uint64_t rx_errors;          /* frames the card found bad: CRC, length, fragments, jabber */
	uint64_t rx_bad_packets;     /* frames dropped by the driver: error bits, length beyond the buffer, in too many
					buffers */
	uint64_t rx_bad_descriptors; /* the descriptors of these */
	uint64_t rx_pool_empty;      /* times a refill found no buffers in the pool; nothing is lost by it alone */
	uint64_t rx_multicast, rx_broadcast;
	uint64_t rx_pause_frames, tx_pause_frames; /* that ask the one who gets them to pause */
	uint64_t tx_bad_packets;   /* frames freed unsent: no bytes in a buffer, too long, in more than 32 buffers, or
				      with a   wish that their headers cannot fulfil */
	uint64_t tx_segments_more; /* frames that segmentation has made, beyond one for each that was segmented */
	uint64_t tx_software_checksums, tx_software_vlans, tx_software_segmented; /* frames whose wish was fulfilled in
										     software */
};

/** What one queue has counted since it was started; after nic_stop the queue is gone. */
struct nic_queue_stats {
	/* Receive: handed out, or dropped as bad. Transmit: frames and segments given to the card. Those of a pipe are
	 * counted by the pipe. */
	uint64_t packets;
	uint64_t bytes;  /* by the card's counter, as in nic_stats; 0 where it has none for this queue */
	uint64_t missed; /* receive: lost because this queue was full, if the card counts that by queue */
	uint64_t bad_packets, bad_descriptors, pool_empty; /* as nic_stats has them */
};

/** A counter, for whoever shows them all: named and with units as Linux and Prometheus have it. */
struct nic_counter {
	const char *name; /* "rx_crc_errors"; no two of a port have the same name and queue */
	const char *unit; /* "packets", "bytes", "errors" or "events" */
	const char *help; /* a sentence */
	int queue;        /* -1: of the port */
	uint64_t value;   /* since nic_start */
};

/** Events of nic_service. */
enum {
	NIC_LINK_CHANGED = 1u << 0,
	NIC_GONE = 1u << 1,          /* the device was removed, or its peer went away: only stop and close remain */
	NIC_NEEDS_RESET = 1u << 2,   /* the port does not go on by itself: call nic_reset. Said by each call until then,
					with the following causes, each of which is a note, too; after a nic_reset
					that failed also with none of them */
	NIC_TX_HANG = 1u << 8,       /* frames wait to be sent, and nothing explains why they are not */
	NIC_RX_HANG = 1u << 9,       /* frames come in, and do not reach the rings, though these have room */
	NIC_MEMORY_ERROR = 1u << 10, /* the card has found wrong data in its memory */
	NIC_MALICIOUS = 1u << 11,    /* the card has stopped a queue whose descriptors it takes for an attack */
	NIC_LINK_LOST =
		1u << 12, /* the link is away for long, with frames pending that would be sent when it is back */
	NIC_DMA_FAULT = 1u << 13,  /* transmit stands still as after a read of memory that was refused */
	NIC_WAS_RESET = 1u << 14,  /* the card has lost its settings, and does nothing */
	NIC_OVERHEATED = 1u << 15, /* needs no reset: the card comes back when it has cooled down. Told each time
				      that the card says so */
};

/**
 * Opens a port: finds the driver for the device, resets the device, and reads what it is. No DMA yet.
 * @param address  "vfio-user:/path/to/socket" or "0000:03:00.0", for which "03:00.0" will do
 * @param space    DMA space; the port holds a reference. Ports in one space can send what the others received.
 * Errors: -EINVAL, -ENOENT, -ECONNREFUSED, -ENOTSOCK, -EBUSY (in use: the sentence says by whom), -EPROTO, -ENOTSUP (no
 * driver for this device), -ETIMEDOUT (a wait on the hardware ran out), -EIO (no or bad EEPROM, or the device refuses
 * an access), -ENODEV (gone), -ENOMEM. A failed open leaves nothing behind.
 */
int nic_open(struct nic **nic, const char *address, struct dma_space *space) POLLUX_API(nic_open);

/**
 * Starts a port: rings, queues, filters, link. It does not wait for the link: see nic_wait_links.
 * Errors: -EINVAL (configuration), -ENOTSUP (the CPU does not have that instruction set), -EBUSY (already started),
 * -ENOMEM, -ENOBUFS (the pool is too small: the sentence has the number needed), -ETIMEDOUT, -EIO (bus mastering cannot
 * be switched on, the PHY does not answer rightly), -ENODEV. A failed start leaves the port open and stopped.
 */
int nic_start(struct nic *nic, const struct nic_config *config) POLLUX_API(nic_start);

/** Stops a port: waits until the packets taken for transmit are sent, as long as the link's speed lets it hope, and not
 * at all without link; stops DMA; gives all packets back to their pools. 0 when it was not started. A queue that does
 * not stop is a note (nic_get_notes): the reset ends it. -ETIMEDOUT when that reset fails, -ENODEV when the device is
 * gone, -EIO when it refused an access that was not reported yet, or a final counter: the packets are back all the
 * same. The queues are invalid afterwards. */
int nic_stop(struct nic *nic) POLLUX_API(nic_stop);

/**
 * Resets the card, and starts it again as it was, while the port stays started: queues keep their handles; addresses,
 * VLANs, RSS, receive mode and stopped queues come back. What was in the rings is freed, and counted
 * (nic_stats.rx_left, tx_unsent, resets); other counters go on. A frame of which nic_rx has given the first handles
 * only never ends: free these. Pipes of the port end as by nic_stop. The link may go down for some seconds.
 *
 * As for nic_stop, no thread may be inside a burst or a wait of the port: they pause meanwhile. It takes some 100 ms.
 * Errors: as nic_start; -EINVAL: not started. The port stays started then, and its bursts do nothing: call it again, or
 * nic_stop.
 */
int nic_reset(struct nic *nic) POLLUX_API(nic_reset);

/** Opt-in, once for the process: catches the SIGBUS that an access to the registers of a card that was pulled out
 * raises, where they are mapped, of 256 mappings at most. The card is gone then: its registers read all ones, and
 * nic_service says NIC_GONE. Any other SIGBUS goes to the handler that was there. -errno: it cannot be caught. */
int nic_catch_removal(void) POLLUX_API(nic_catch_removal);

/** Stops, resets and closes a port; DMA is off when it returns. NULL is ignored. */
void nic_close(struct nic *nic) POLLUX_API(nic_close);

/** The calling thread's last failure, a sentence that names the remedy; "" if there was none. */
const char *nic_error(void) POLLUX_API(nic_error);

void nic_get_info(const struct nic *nic, struct nic_info *info) POLLUX_API(nic_get_info);

/** Whether Pollux has a driver for devices of these PCI ids; if not, nic_error() says why, with this address. */
bool nic_drives(const char *address, uint16_t vendor_id, uint16_t device_id) POLLUX_API(nic_drives);

/** The number of packet buffers that `ports` ports with this configuration, all on one pool, and `threads` threads
 * need. The input and outputs of a pipe are such ports; this leaves buffers for outputs that hang (pipe.h). */
unsigned nic_pool_count(const struct nic_config *config, unsigned ports, unsigned threads) POLLUX_API(nic_pool_count);

/** A started port's queue. NULL: out of range, or not started. Valid until nic_stop. */
struct nic_rxq *nic_rxq(struct nic *nic, unsigned index) POLLUX_API(nic_rxq);
struct nic_txq *nic_txq(struct nic *nic, unsigned index) POLLUX_API(nic_txq);

/**
 * Receives up to n packets without waiting.
 * @param pkts  receives n handles at most; they and their buffers are the caller's then. len never goes beyond the
 * buffer, but within it the device can say anything: check it before reading headers.
 * @return how many; 0 when there are none, or once a control call has said that the device is gone
 */
static inline unsigned nic_rx(struct nic_rxq *queue, struct pkt *pkts, unsigned n)
{
	return queue->burst(queue, pkts, n);
}

/**
 * Sends up to n packets without waiting. As many as are returned, from the first on, belong to the queue then; the rest
 * stays the caller's (the ring is full, or a control call has said that the device is gone). A frame of several handles
 * goes as a whole or not at all: while the last of the n handles has PKT_MORE, that frame is not taken. Frames shorter
 * than the card sends are padded; impossible ones (no bytes in a buffer, too long, more than 32 handles) are freed,
 * counted, and returned as sent.
 *
 * Wishes in flags (PKT_VLAN and PKT_TX_) are obeyed on every port: by the card, or in software where it cannot, which
 * is counted. The headers are read from the frame; the checksum fields need not be prepared, and are written to. A wish
 * that makes no sense for the frame makes it an impossible one: a checksum of TCP or UDP where there is none, or in a
 * fragment; headers that go beyond the frame; an `mss` of 0.
 */
static inline unsigned nic_tx(struct nic_txq *queue, const struct pkt *pkts, unsigned n)
{
	return queue->burst(queue, pkts, n);
}

/**
 * Does what must be done now and then: accumulates the card's counters before they wrap, follows the link, notices that
 * the device is gone, or that a reset is needed. To be called at least every 30 seconds, and when nic_event_fd is
 * readable; every second, for hangs to be noticed in time. Too often is cheap: it looks at the link (2 to 5 registers)
 * every 10 ms at most, or after an interrupt; and every 100 ms at most at the counters, at head and tail of each queue,
 * and at what the card says of itself. A hang must last for 2 seconds, and a lost link for 5.
 * @param events  receives a mask of NIC_ events since the last call; may be NULL
 * Errors: -ENODEV once the device is gone (events has NIC_GONE). -EIO: the device has refused to have a register read
 * or written, by whatever function; the sentence names it. This function and nic_stop report each register once for
 * reading and once for writing, and at most 32 per device; the port goes on without it.
 */
int nic_service(struct nic *nic, uint32_t *events) POLLUX_API(nic_service);

/** A descriptor that becomes readable when nic_service has something to report, and which nic_service drains. It is the
 * caller's, who closes it; ask once. -ENOTSUP where the device has no interrupts, or another -errno. */
int nic_event_fd(struct nic *nic) POLLUX_API(nic_event_fd);

/**
 * Sleeps until one of the queues may have packets. Called by the thread that uses them, between bursts or runs of the
 * pipe that a queue feeds. Needs nic_config.rx_interrupt_us.
 * No packet is missed that comes between the last burst and the sleep. Should the card raise no interrupts, a sleeping
 * thread finds packets after 100 ms; if that goes on, or interrupts come without packets all the time, it looks each
 * millisecond instead, and tries interrupts again after 5 s, or after nic_reset; a note says so, once. Only sleeps of
 * 20 ms and more tell of interrupts that do not come.
 * A queue that is stopped (nic_set_rxq; nic_reset has failed) brings nothing. One whose card has hardly any slot left,
 * since the pool was empty, or a pipe's outputs have not sent yet, is to be looked at after 1 ms at most.
 * @param queues    of one or several ports, 256 at most
 * @param limit_us  sleep at most so long; 0: do not sleep
 * @return 1: look at them; 0: the time is over; -EINTR: a signal came; -ENODEV: a control call has said that a device
 * is gone; -EINVAL: no queues, too many, or one without interrupts
 */
int nic_wait(struct nic_rxq *const queues[], unsigned count, uint32_t limit_us) POLLUX_API(nic_wait);

/** For an event loop of one's own: a descriptor that becomes readable after an interrupt of the queue, once it was
 * armed. It is the caller's, who closes it; ask once per nic_start. Before it sleeps the loop calls nic_rxq_arm, each
 * time; and since an interrupt may be lost, it should not sleep for longer than it can bear a packet to wait. -EINVAL
 * (the port was started without nic_config.rx_interrupt_us), or another -errno. */
int nic_rxq_fd(struct nic_rxq *queue) POLLUX_API(nic_rxq_fd);

/** Lets the queue's next interrupt through, then looks once more. By the queue's thread. True: nothing is there, and
 * the descriptor will become readable. False: packets are there already, do not sleep; or the card has hardly any slot
 * left, look again within 1 ms (see nic_wait); or the queue has no interrupts, or its device is gone. */
bool nic_rxq_arm(struct nic_rxq *queue) POLLUX_API(nic_rxq_arm);

/** The link as it is now. */
int nic_get_link(struct nic *nic, struct nic_link *link) POLLUX_API(nic_get_link);

/**
 * Waits until the links of all ports are up, and calls nic_service for them meanwhile (which takes their events: look
 * at nic_get_link afterwards).
 * @param limit_ms  wait at most so long; 0: only look
 * @param missing   receives the index of the first port whose link is down, or that the error is about; may be NULL
 * Errors: -ETIMEDOUT (a link is down: the sentence says whose), -EINTR (a signal came: call again, or give up), and
 * those of nic_get_link.
 */
int nic_wait_links(struct nic *const nics[], unsigned count, unsigned limit_ms, unsigned *missing)
	POLLUX_API(nic_wait_links);

/**
 * The port's notes since nic_open, the oldest first. The last 64 are kept.
 * @param next   the number of the first note wanted, 0 for the very first; afterwards that of the first one not copied.
 *               Notes that are lost are skipped
 * @return how many were copied into `notes`, at most n
 */
unsigned nic_get_notes(const struct nic *nic, uint64_t *next, struct nic_note *notes, unsigned n)
	POLLUX_API(nic_get_notes);

/** What is known of the card, read from it now, which may take some 100 milliseconds, most of them for the NVM. Not
 * concurrently with other control calls; works on an open port, started or not. @return how many facts there are, of
 * which `facts` receives the first n; 0 when the device is gone */
unsigned nic_get_facts(struct nic *nic, struct nic_fact *facts, unsigned n) POLLUX_API(nic_get_facts);

/** Counters since nic_start, brought up to date; they are not cleared. Not concurrently with other control calls.
 * -ENODEV when the device is gone: stats has the last values known, and their time. -EIO: the device refuses to have
 * some counters read, which stay as they were; also after nic_stop, if final values were refused. */
int nic_get_stats(struct nic *nic, struct nic_stats *stats) POLLUX_API(nic_get_stats);

/** All that the card and the rings count since nic_start: first what nic_stats has, then what the card counts besides,
 * then what each queue has counted. After nic_stop they are final, and those of queues gone. A read of all of a card's
 * counters takes some 100 microseconds.
 * @return how many there are, of which `counters` receives the first n, always in the same order as long as the port is
 * started. Names and sentences are static. Errors: -errno as nic_get_stats; `counters` has the last values known */
int nic_get_counters(struct nic *nic, struct nic_counter *counters, unsigned n) POLLUX_API(nic_get_counters);

/** Receives frames for any address, or (off) only for the port's own, those added, and broadcasts. Needs a started
 * port. */
int nic_set_promiscuous(struct nic *nic, bool on) POLLUX_API(nic_set_promiscuous);

/** Receives all multicast frames too. Needs a started port. */
int nic_set_all_multicast(struct nic *nic, bool on) POLLUX_API(nic_set_all_multicast);

/** Receives frames for a further address too: an exact filter for unicast, the hash table for multicast (which lets
 * through others of the same hash). -ENOSPC: no exact filter left, -EINVAL: not an address, -EEXIST. Kept until
 * nic_close. */
int nic_add_mac(struct nic *nic, const uint8_t mac[6]) POLLUX_API(nic_add_mac);
int nic_remove_mac(struct nic *nic, const uint8_t mac[6]) POLLUX_API(nic_remove_mac); /* -ENOENT: not there */

/** Receives only frames without VLAN tag, and those of VLANs that were added, from the first one on; with the last one
 * removed, all frames again. Kept until nic_close. vlan is 0 .. 4095. -EEXIST, -ENOENT, -EINVAL, -ENOTSUP. */
int nic_add_vlan(struct nic *nic, unsigned vlan) POLLUX_API(nic_add_vlan);
int nic_remove_vlan(struct nic *nic, unsigned vlan) POLLUX_API(nic_remove_vlan);

/** Takes VLAN tags out of a queue's frames, or leaves them in. Needs a port started with NIC_RX_VLAN_STRIP, which turns
 * it on for all queues, and a queue that is stopped (nic_set_rxq): of frames that the card took in before a change,
 * nobody could tell whether their tags were taken out. -EBUSY: the queue is running; -EINVAL, -ENOTSUP (the card can do
 * it for all queues only). */
int nic_set_vlan_strip(struct nic *nic, unsigned queue, bool on) POLLUX_API(nic_set_vlan_strip);

/** Changes how frames are spread over the queues of a started port, while they are running. Frames on their way go as
 * before. -EINVAL (the sentence says what is out of range), -ENOTSUP. */
int nic_set_rss(struct nic *nic, const struct nic_rss *rss) POLLUX_API(nic_set_rss);

/** How they are spread now: nothing is 0 but `symmetric`. -EINVAL: not started, or not spread. */
int nic_get_rss(const struct nic *nic, struct nic_rss *rss) POLLUX_API(nic_get_rss);

/**
 * Stops or starts one queue of a started port, while the others go on. A stopped queue's bursts do nothing; what is in
 * its ring goes back to the pool (transmit: after it was sent, as in nic_stop). Frames for a stopped receive queue are
 * lost. No thread may be in a burst of that queue, and it must be no pipe's. 0 when there is nothing to do.
 * Errors: -EINVAL (no such queue), -ENOTSUP (the card has only all or none), -EBUSY (a pipe has it), -ENOBUFS (the pool
 * has too few buffers), -ETIMEDOUT, -EIO (the card does not obey, now or before: stop the queue again, or the port),
 * -ENODEV.
 */
int nic_set_rxq(struct nic *nic, unsigned index, bool on) POLLUX_API(nic_set_rxq);
int nic_set_txq(struct nic *nic, unsigned index, bool on) POLLUX_API(nic_set_txq);

/** Counters of one queue of a started port; while its thread is in a burst, a few frames too many or too few. Errors:
 * as nic_get_stats, and -EINVAL (no such queue, or not started). */
int nic_get_rxq_stats(struct nic *nic, unsigned index, struct nic_queue_stats *stats) POLLUX_API(nic_get_rxq_stats);
int nic_get_txq_stats(struct nic *nic, unsigned index, struct nic_queue_stats *stats) POLLUX_API(nic_get_txq_stats);

#ifdef __cplusplus
}
#endif
#endif
