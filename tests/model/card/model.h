/* SPDX-License-Identifier: BSD-2-Clause
 * The core of the software 82599: one port's registers, configuration space, EEPROM, SFP+ module, queues, filters and
 * counters, against an abstract memory. No sockets, no threads, no clock of its own: whoever embeds it steps it, one
 * event at a time and repeatably. Written from the register facts; the driver's register list gives it names and
 * offsets, nothing else.
 *
 * Nothing it is told is trusted: addresses that the host does not map, ring lengths, tails and descriptors that make no
 * sense are counted in model_faults and answered as the hardware would, never followed.
 *
 * Not thread-safe: one thread per port at a time. */
#ifndef POLLUX_TESTS_MODEL_CARD_MODEL_H
#define POLLUX_TESTS_MODEL_CARD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

/** Which card of the family a model is. */
enum model_card {
	MODEL_82599, /* 8086:10FB, SFP+ */
	MODEL_X540,  /* 8086:1528, 10GBASE-T */
	MODEL_X550,  /* 8086:1563, 10GBASE-T with 2.5 and 5 Gbit/s, NVM behind its firmware */
	MODEL_CARDS,
};

#define MODEL_BAR0_BYTES   0x20000u /* registers (128 KiB) */
#define MODEL_BAR4_BYTES   0x4000u  /* MSI-X table at 0, pending bits at 0x2000 */
#define MODEL_CONFIG_BYTES 0x1000u
#define MODEL_VECTORS      64u
#define MODEL_FRAME_MAX    15872u        /* bytes, 15.5 KiB, with FCS */
#define MODEL_FIFO_BYTES   (512u * 1024) /* what the receive packet buffer of the 82599 holds; no card has more */

/** The parts of BAR0 that a client may have as memory: heads and tails of receive queues 0 to 63, of the transmit
 * queues, and of receive queues 64 to 127. */
#define MODEL_SHARED_PARTS 3u
struct model_part {
	uint32_t first, bytes;
};
extern const struct model_part model_shared_parts[MODEL_SHARED_PARTS];
/** Whether there is a queue's tail at that offset of BAR0. */
bool model_is_tail(uint64_t offset);

/** A stretch of memory that the device may reach. `at` stands for I/O address `iova`. */
struct model_extent {
	uint64_t iova, bytes;
	uint8_t *at;
	bool writable;
};

/** What surrounds the port. */
struct model_host {
	void *context;
	/**
	 * Finds the memory at an I/O address. Fills in the whole extent around it; the core keeps it until
	 * model_memory_changed.
	 * @return false: nothing there.
	 */
	bool (*memory)(void *context, uint64_t iova, struct model_extent *extent);
	/** An MSI-X vector fires (vector 0 also stands for MSI and INTx). May be NULL. */
	void (*interrupt)(void *context, unsigned vector);
};

/** What real cards do, and the model only where it is asked to. Others are fields of struct model_config. */
enum model_quirk {
	MODEL_QUIRK_SLOW = 1u << 0,   /* what takes time takes as long as on a card, divided by time_scale */
	MODEL_QUIRK_MEMORY = 1u << 1, /* what no reset clears on a card survives; it begins as a former owner left it */
	MODEL_QUIRK_STALE = 1u << 2,  /* transmit goes on without link until 160 KiB wait, and sends these later */
	MODEL_QUIRK_ENABLE = 1u << 3, /* ENABLE goes late, and without link never; the receive path halts late */
	MODEL_QUIRK_HANG = 1u << 4,   /* receive hangs if RXEN is set into traffic that SECRXCTRL does not halt */
	MODEL_QUIRK_PAUSE = 1u << 5,  /* the partner sends pause frames */
	MODEL_QUIRK_PREFETCH = 1u << 6, /* receive descriptors are fetched ahead: what is rewritten comes too late */
	MODEL_QUIRK_FIRMWARE = 1u << 7, /* firmware takes all semaphores now and then, for milliseconds */
	MODEL_QUIRK_CHECKSUM = 1u << 8, /* 82599: UDP without a checksum, and fragments, are reported as wrong */
	MODEL_QUIRK_VP = 1u << 9,       /* VP tells of a tag that stays in the frame, too */
	MODEL_QUIRK_TX_HANG = 1u << 10, /* a transmit queue that is handed nonsense stops, until it is enabled anew */
	/* of the link: */
	MODEL_QUIRK_PIPELINE_RESET = 1u << 16, /* 82599: no link before a pipeline reset: AUTOC.LMS bit 2 toggled with
						  AN_RESTART, ANLP1's state not 0, LMS back with AN_RESTART.
						  FLR and another module undo it */
	MODEL_QUIRK_CORE_WORDS = 1u << 17,     /* 82599: no link before CORECTL has had the words that the NVM lists for
						  the module. FLR and another module undo it */
	MODEL_QUIRK_LINK_DISABLED = 1u << 18,  /* 82599: the NVM sets AUTOC2 30:28: no link before they are cleared */
	MODEL_QUIRK_CROSSTALK = 1u << 19,      /* 82599: LINKS says up while the cage is empty */
	MODEL_QUIRK_MANAGEABILITY = 1u << 20,  /* 82599: firmware (LESM) shares AUTOC: SW_FW_SYNC's MAC_CSR guards it;
						  LNK_RST while the link is up ends a management session */
	MODEL_QUIRK_PHY_LOW_POWER = 1u << 21,  /* X540, X550: the PHY comes up in low power (30.0 bit 11) */
	MODEL_QUIRKS_ALL = ((1u << 11) - 1) | 0x3Fu << 16,
};

/** What sits in the 82599's cage. */
enum model_module {
	MODEL_MODULE_SR,
	MODEL_MODULE_LR,
	MODEL_MODULE_DAC,
	MODEL_MODULE_DAC_ACTIVE,
	MODEL_MODULE_1G_SX,
	MODEL_MODULE_1G_LX,
	MODEL_MODULE_1G_T,
	MODEL_MODULE_DUAL_RATE,
	MODEL_MODULE_FOREIGN,
	MODEL_MODULE_NONE,
	MODEL_MODULE_NONSENSE,
	MODEL_MODULE_BAD_SUM,
	MODEL_MODULE_VANISHING,
	MODEL_MODULES
};

/** Speeds, as a mask. */
enum model_speed {
	MODEL_SPEED_100M = 1u << 0,
	MODEL_SPEED_1G = 1u << 1,
	MODEL_SPEED_2_5G = 1u << 2,
	MODEL_SPEED_5G = 1u << 3,
	MODEL_SPEED_10G = 1u << 4,
};

/** What an end of a copper wire advertises of flow control, as a mask (IEEE 802.3, annex 28B). */
enum model_pause_ability {
	MODEL_PAUSE_BOTH = 1u << 0,       /* PAUSE: obeys pause frames, and sends them */
	MODEL_PAUSE_ASYMMETRIC = 1u << 1, /* ASM_DIR: either way alone will do */
};

/** What interrupts a client is offered. The core fires vector 0 for one of MSI or INTx. */
enum model_interrupts {
	MODEL_ALL_INTERRUPTS, /* 64 vectors of MSI-X, one of MSI, INTx */
	MODEL_ONLY_MSI,
	MODEL_ONLY_INTX,
	MODEL_NO_INTERRUPTS,
};

struct model_config {
	enum model_card card;
	uint32_t quirks;                  /* enum model_quirk */
	unsigned time_scale;              /* a card's times are divided by this; 0 is 1 */
	unsigned port;                    /* LAN id, 0 or 1 */
	enum model_interrupts interrupts; /* whoever embeds the core heeds it */
	uint8_t mac[6];                   /* in the EEPROM; all zero: 02:82:59:9e:00:0<port> */
	/** MODEL_BAR0_BYTES, zeroed, page-aligned: the image that heads and tails live in, so that a client may map it.
	 * NULL: the core's own. Of all that is written there directly the core reads tails only. */
	uint8_t *bar0;
	/* the link */
	enum model_module module; /* 82599: what is in the cage when it is opened */
	uint32_t partner_speeds;  /* enum model_speed; 0: all */
	unsigned link_tries; /* 82599: the link comes up at so-many-th restart of AUTOC; 0: at a reset too. Since it was
				up, or the module came; a reset does not count */
	unsigned nvm_lms;    /* 82599: AUTOC.LMS after a reset; 0: 10 Gbit/s serial (3), as on boards with a cage */
};

/** @return NULL: no memory. host is copied. */
struct model *model_open(const struct model_config *config, const struct model_host *host);
void model_close(struct model *model);

/** A function-level reset, as VFIO_DEVICE_RESET does: everything but the EEPROM back to its power-on state, bus
 * mastering off. */
void model_function_reset(struct model *model);

/** A register of BAR0; offset a multiple of 4 below MODEL_BAR0_BYTES (else all ones, and counted). Reads may have
 * effects. */
uint32_t model_read32(struct model *model, uint32_t offset);
void model_write32(struct model *model, uint32_t offset, uint32_t value);

/** Any region by its VFIO index (0: BAR0, 4: BAR4, 7: configuration space). -EINVAL: no such region, or outside it, or
 * a width that registers do not take. */
int model_region_read(struct model *model, unsigned region, uint64_t offset, void *data, size_t bytes);
int model_region_write(struct model *model, unsigned region, uint64_t offset, const void *data, size_t bytes);
/** Bytes of a region; 0: not there. */
uint64_t model_region_bytes(unsigned region);

/** The host's memory map changed: forget all extents. */
void model_memory_changed(struct model *model);

/** Time passes: delays that end by now_ns (reset, EEPROM read, link) take effect. now_ns never goes back. */
void model_step(struct model *model, uint64_t now_ns);

/** The link partner comes or goes; LINKS follows when the driver has brought its side up. */
void model_set_partner(struct model *model, bool present);
/** What it can do (enum model_speed; 0: all). On copper it negotiates anew. */
void model_set_partner_speeds(struct model *model, uint32_t speeds);
/** Copper: what it advertises of flow control (enum model_pause_ability). Both ends negotiate anew. */
void model_set_partner_pause(struct model *model, unsigned abilities);
/** What the port has advertised of it in its last negotiation; not on copper: both. */
unsigned model_advertised_pause(const struct model *model);
/** 82599: another module is plugged in, or none. */
void model_set_module(struct model *model, enum model_module module);
bool model_link_up(const struct model *model);
/** RXCTRL.RXEN is set, and a receive queue enabled: the driver wants frames. */
bool model_receive_enabled(const struct model *model);
/** RXCTRL.RXEN is set, and the receive path is not halted. */
bool model_receiving(const struct model *model);
/** Of the link that is up, as LINKS says it; 0: down. */
unsigned model_link_mbps(const struct model *model);
/** Frames pass on the wire that the port does not take yet: its source, or the other port, has some to send. */
void model_traffic(struct model *model);
/** The port's own address, as the driver has left it in RAL[0] and RAH[0]. */
void model_own_address(const struct model *model, uint8_t mac[6]);
/** The memory that frames wait in until there are descriptors: RXPBSIZE[0], as far as the card has so much. */
uint32_t model_packet_buffer_bytes(const struct model *model);

/** The name that pollux-model's --card takes, and a sentence about it; NULL behind the last. */
const char *model_card_name(unsigned card);
const char *model_card_description(unsigned card);
/** The same for --module. */
const char *model_module_name(unsigned module);
const char *model_module_description(unsigned module);

/* ---- The wire ---- */

/** A frame on the wire, without FCS. */
struct model_frame {
	const uint8_t *data;
	uint32_t len;
	bool bad_crc; /* arrives with a wrong FCS */
};

/** What becomes of a frame that comes over the wire. Each has one fate; that of a frame in the packet buffer is still
 * to come. */
enum model_fate {
	MODEL_RECEIVED,      /* in the driver's buffers (also those of FCTRL.SBP, with an error) */
	MODEL_FILTERED,      /* of an address or a VLAN that the port does not take */
	MODEL_UNDERSIZE,     /* RUC, RFC; shorter than 12 bytes: in no register */
	MODEL_OVERSIZE,      /* ROC, RJC */
	MODEL_BAD_FCS,       /* CRCERRS */
	MODEL_NO_DESCRIPTOR, /* QPRDC: its queue had none, and SRRCTL.DROP_EN is set */
	MODEL_QUEUE_OFF,     /* QPRDC too: its queue is not enabled */
	MODEL_MISSED,        /* MPC: no descriptor, and the packet buffer was full */
	MODEL_UNDELIVERABLE, /* its queue's ring or buffers make no sense; in model_faults too */
	MODEL_NOT_UP,        /* the link was down, or the driver did not receive; in no register */
	MODEL_PAUSE,         /* LXOFFRXCNT, LXONRXCNT: a pause frame, which the MAC keeps */
	MODEL_FATES
};
/** How many frames of the wire met a fate, since model_open: resets do not touch it. Frames in MAC loopback are not of
 * the wire. */
uint64_t model_fate_count(const struct model *model, enum model_fate fate);
/** @return a word for a fate, as in a program's output. */
const char *model_fate_name(enum model_fate fate);
/** Bytes without FCS of the frames with the fate MODEL_RECEIVED. */
uint64_t model_received_bytes(const struct model *model);

/**
 * Frames arrive. Each is filtered, and written to its queue, in order, as far as there are descriptors. Frames shorter
 * than 60 bytes arrive padded by their sender or are counted as undersize, as `len` says.
 * @return how many are dealt with (delivered, filtered, dropped by DROP_EN, or lost because the port does not receive).
 * The next one found its queue without a descriptor: the caller keeps it in the packet buffer (offers it again later),
 * or gives it to model_miss.
 */
unsigned model_receive(struct model *model, const struct model_frame *frames, unsigned n);

/**
 * A frame comes off the wire, in front of the packet buffer: pause frames take effect at once. model_receive does that
 * by itself.
 * @return false: it was a pause frame, and the MAC keeps it: that is its fate
 */
bool model_arrive(struct model *model, const struct model_frame *frame);

/** The same for frames that have waited in the packet buffer: whether the link is still up does not matter to them. */
unsigned model_deliver(struct model *model, const struct model_frame *frames, unsigned n);

/** Frames are lost because the packet buffer is full: counts those that would have been received as missed (MPC). */
void model_miss(struct model *model, const struct model_frame *frames, unsigned n);

/** Where sent frames go. Frames and their data are valid during the call only. */
struct model_sink {
	void *context;
	/** @return how many were taken; the rest stays in the transmit ring and is offered again by the next
	 * model_transmit. Returning fewer than n is flow control that a real wire doesn't have: for tests and captures
	 * that must lose nothing. */
	unsigned (*take)(void *context, const struct model_frame *frames, unsigned n);
	/** The sink reads only each frame's len, never its data: data may then be NULL, and the packet memory stays
	 * untouched. */
	bool lengths_only;
};

/**
 * Sends up to max frames from the enabled transmit queues, in turn, and writes completions back.
 * @return how many were sent. 0 also while the link is down.
 */
unsigned model_transmit(struct model *model, const struct model_sink *sink, unsigned max);

#define MODEL_PAUSE_BYTES 60u
/**
 * The packet buffer holds so many bytes now: the port may want its partner to pause, or to go on.
 * @return true: it sends the pause frame that is in `frame` now, besides what model_transmit sends
 */
bool model_pause_due(struct model *model, uint64_t buffered_bytes, uint8_t frame[MODEL_PAUSE_BYTES]);
/** A pause frame as anybody may send it. quanta 0: the end of the pause. */
void model_pause_frame(const uint8_t from[6], uint16_t quanta, uint8_t frame[MODEL_PAUSE_BYTES]);
/** How long so many quanta are at the link's speed; 0 without a link. */
uint64_t model_pause_ns(const struct model *model, uint16_t quanta);
/** Whether the port must be silent now. */
bool model_paused(const struct model *model);
/** Whether the partner obeys pause frames: on copper as both ends have negotiated, else always. */
bool model_partner_obeys(const struct model *model);

/** Since model_open; resets do not touch them. */
struct model_pauses {
	uint64_t in_xoff, in_xon;   /* pause frames that the port obeyed, and those among them that ended a pause */
	uint64_t out_xoff, out_xon; /* that its MAC sent */
	uint64_t paused_ns;         /* for so long it had to be silent */
};
struct model_pauses model_pause_counts(const struct model *model);

/** How many frames were reported done, and never sent: they waited for the link when something emptied the transmit
 * packet buffer. */
uint64_t model_tx_lost(const struct model *m);

/** How many frames were sent, and never reported done: a reset, or the end of the queue, came first. */
uint64_t model_tx_unreported(const struct model *m);

/* ---- What tests look at, and break ---- */

/** The rules of order that are watched. */
enum model_order {
	MODEL_ORDER_RESET,     /* DS 4.2.1.6.1 */
	MODEL_ORDER_DMA_INIT,  /* DS 4.6.3 */
	MODEL_ORDER_CRC,       /* DS 8.2.3.8.8 */
	MODEL_ORDER_FCTRL,     /* DS 8.2.3.7.1 */
	MODEL_ORDER_DCA,       /* DS 4.6.7 */
	MODEL_ORDER_RING,      /* DS 4.6.7, 4.6.8 */
	MODEL_ORDER_HEAD,      /* the same */
	MODEL_ORDER_TAIL,      /* the same */
	MODEL_ORDER_TX_DMA,    /* DS 4.6.8 */
	MODEL_ORDER_SEMAPHORE, /* X540, X550; on the 82599 for CORECTL, and AUTOC where firmware shares it; DS 10.5.4 */
	MODEL_ORDER_MDIO,      /* X540, X550 */
	MODEL_ORDER_PACKET_BUFFER, /* X540 */
	MODEL_ORDER_RELAXED,       /* with MODEL_QUIRK_MEMORY */
	MODEL_ORDER_PREFETCH,      /* with MODEL_QUIRK_PREFETCH */
	MODEL_ORDER_LINK_RESET,    /* with MODEL_QUIRK_MANAGEABILITY */
	MODEL_ORDER_RSS,           /* X550 DS 7.1.3.7 */
	MODEL_ORDER_TX_QUEUES,     /* DS 4.6.8 */
	MODEL_ORDERS
};

/** What transmit descriptors should be, or ask for. */
enum model_misuse {
	/* Otherwise nothing is sent, and with MODEL_QUIRK_TX_HANG the queue stops: */
	MODEL_TX_TYPE,
	MODEL_TX_LENGTH,
	MODEL_TX_PAYLEN,
	MODEL_TX_CONTEXT,
	MODEL_TX_HEADERS,
	MODEL_TX_MSS,
	MODEL_TX_SUMS,
	MODEL_TX_PIECES,
	MODEL_TX_END,
	/* Otherwise garbage is sent: */
	MODEL_TX_LAYOUT,
	MODEL_TX_PREPARED,
	MODEL_TX_FCS,
	/* Nothing comes of it here; on a card it may: */
	MODEL_TX_REPORT,
	MODEL_TX_BOUNDARY,
	MODEL_MISUSES
};

/** Things a well-behaved driver never causes. */
struct model_faults {
	uint64_t bad_address; /* DMA to or from memory that is not there, or is read-only, or with bus mastering off */
	uint64_t bad_ring;    /* queue enabled with a bad base, length or tail */
	uint64_t bad_descriptor;        /* a transmit descriptor, or what it asks for, makes no sense */
	uint64_t misuse[MODEL_MISUSES]; /* of these, in which way */
	uint64_t bad_register; /* access outside the register file, or of a wrong width, or to a register that the model
				  lacks */
	uint64_t bad_order;    /* the datasheet's order broken, in whatever way */
	uint64_t order[MODEL_ORDERS]; /* of these, in which */
};
const struct model_faults *model_faults(const struct model *model);
/** @return a word for a rule of order, and in *rule what it wants. */
const char *model_order_name(enum model_order order, const char **rule);
/** @return a word for a misuse of transmit descriptors, and in *rule what would be right. */
const char *model_misuse_name(enum model_misuse misuse, const char **rule);

/** A stretch of neighbouring registers that the card lacks and that were accessed: the offsets of both ends. */
struct model_unknown {
	uint32_t first, last;
	uint64_t reads, writes;
};
/** Finds the first such stretch from an offset. @return false: none. */
bool model_unknown(const struct model *model, uint32_t from, struct model_unknown *unknown);

/** Ways for the device to be broken; each stays until cleared. */
enum model_breakage {
	MODEL_RESET_STUCK = 1u << 0,       /* CTRL.RST never clears */
	MODEL_MASTER_STUCK = 1u << 1,      /* STATUS.GIO never clears */
	MODEL_EEPROM_STUCK = 1u << 2,      /* EEC.AUTO_RD never comes */
	MODEL_EEPROM_ABSENT = 1u << 3,     /* EEC.EE_PRES is 0 */
	MODEL_DMA_INIT_STUCK = 1u << 4,    /* RDRXCTL.DMAIDONE never comes */
	MODEL_RX_ENABLE_STUCK = 1u << 5,   /* RXDCTL.ENABLE never comes */
	MODEL_TX_ENABLE_STUCK = 1u << 6,   /* TXDCTL.ENABLE never comes */
	MODEL_RX_DISABLE_STUCK = 1u << 7,  /* RXDCTL.ENABLE never goes */
	MODEL_SECRX_STUCK = 1u << 8,       /* SECRXSTAT.SECRX_RDY never comes */
	MODEL_BAD_MAC = 1u << 9,           /* RAL/RAH come up as a multicast address after reset */
	MODEL_GONE = 1u << 10,             /* every read is all ones, writes are lost, no DMA */
	MODEL_BUS_MASTER_STUCK = 1u << 11, /* COMMAND.BusMaster cannot be set */
	MODEL_TX_STUCK = 1u << 12,         /* transmit queues never advance */
	MODEL_SEMAPHORES_KEPT = 1u << 13,  /* firmware has all bits of SW_FW_SYNC, and never gives them back */
	MODEL_NVM_POINTERS = 1u << 14,     /* the NVM's pointers lead behind its end */
	MODEL_NVM_CHECKSUM = 1u << 15,     /* its checksum is wrong */
	MODEL_PHY_SILENT = 1u << 24,       /* X540, X550: no PHY answers MDIO, and there is no link */
	MODEL_MDIO_STUCK = 1u << 25,       /* X540, X550: MSCA.MDI_COMMAND never clears */
	MODEL_MAC_CSR_KEPT = 1u << 26,     /* 82599: firmware never gives MAC_CSR back */
};
void model_break(struct model *model, uint32_t breakages);

/** What happens to a card while it runs. A reset of the device (CTRL.RST, FLR) ends a hang. */
enum model_incident {
	MODEL_INCIDENT_TX_HANG,       /* transmit queue `argument` stands: its head and its ENABLE stay as they are */
	MODEL_INCIDENT_TX_DMA_HANG,   /* all transmit queues do, and STATUS.GIO never clears */
	MODEL_INCIDENT_TX_DEAD,       /* the same, and CTRL.RST does not end it; FLR does */
	MODEL_INCIDENT_TX_SILENT,     /* frames are sent, and neither DD nor head is written back any more */
	MODEL_INCIDENT_RX_HANG,       /* all receive queues stand: frames stay in the packet buffer until it is full */
	MODEL_INCIDENT_RX_QUEUE_HANG, /* receive queue `argument` stands, as if it had no descriptors */
	MODEL_INCIDENT_ECC,           /* EICR.ECC, and DMA stops both ways */
	MODEL_INCIDENT_SELF_RESET,    /* the card resets itself: all is as after CTRL.RST */
	MODEL_INCIDENT_MDD_TX,    /* X550, with DMATXCTL.MDP_EN: transmit queue `argument` is stopped as malicious */
	MODEL_INCIDENT_MDD_RX,    /* X550, with RDRXCTL.MDP_EN: receive queue `argument` is */
	MODEL_INCIDENT_HEAT,      /* X540, X550: EICR.TS, and no link for `argument` ms (0: 100) */
	MODEL_INCIDENT_LINK_LOSS, /* no link for `argument` ms (0: 100); what the DMA fetches meanwhile goes out stale
				   */
	MODEL_INCIDENT_GPI, /* SDP pin `argument` (0 to 2) rises: EICR.GPI_SDP, if it is an input that GPIE wants */
	MODEL_INCIDENT_INTERRUPT_LOSS,  /* the next `argument` interrupts (0: 1) never come */
	MODEL_INCIDENT_INTERRUPT_STORM, /* `argument` times (0: 1000), each 100 us, all unmasked vectors fire */
	MODEL_INCIDENT_INTERRUPT_EARLY, /* the next `argument` receive interrupts (0: 1) come 50 us before descriptors
					 */
	MODEL_INCIDENTS
};
/** Whether an incident can happen to this card, and the argument makes sense. */
bool model_incident_possible(const struct model *model, enum model_incident what, unsigned argument);
/** Chooses an incident that is possible and that a reset ends, or that ends by itself: the same for the same seed and
 * state. @param argument  of it, as a queue that is enabled */
enum model_incident model_incident_random(const struct model *model, unsigned seed, unsigned *argument);
/** Lets an incident happen now. One that is not possible does not happen. */
void model_incident(struct model *model, enum model_incident what, unsigned argument);
/** The same just before the n-th access to a register of BAR0 from now on, 1 being the next; 0: never mind. Heads and
 * tails that the client has as memory are no accesses. The last such call counts. */
void model_incident_at(struct model *model, unsigned n, enum model_incident what, unsigned argument);
/** How many register accesses there were since model_open: what an n of model_incident_at can be. */
uint64_t model_accesses(const struct model *model);
/** How often an incident happened, since model_open. */
uint64_t model_incident_count(const struct model *model, enum model_incident what);
/** A word for an incident, as in a program's output, and a sentence about it; NULL behind the last. */
const char *model_incident_name(unsigned what);
const char *model_incident_description(unsigned what);

/** The next `count` receive write-backs get their second quadword changed: (q1 & keep) | set. For bad descriptors. */
void model_tamper_rx(struct model *model, uint64_t keep, uint64_t set, unsigned count);

#endif
