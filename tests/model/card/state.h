/* SPDX-License-Identifier: BSD-2-Clause
 * What the card's files share: the state of a port, and the steps that all of them take with it. */
#ifndef POLLUX_TESTS_MODEL_CARD_STATE_H
#define POLLUX_TESTS_MODEL_CARD_STATE_H

#include "fields.h"
#include "model.h"

#define MODEL_QUEUES          128u
#define MODEL_WORDS           (MODEL_BAR0_BYTES / 4)
#define MODEL_EEPROM_WORDS    1024u
#define MODEL_BURST           64u
#define MODEL_NEVER           UINT64_MAX
#define MODEL_PHY_REGISTERS   48u
#define MODEL_SCRATCH_BYTES   (256u * 1024)
#define MODEL_TX_BUFFER_BYTES (160u * 1024)
#define MODEL_TSO_BYTES       (257u * 1024) /* input of one segmentation: PAYLEN has 18 bits */

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/** A descriptor, either direction, any format. */
struct descriptor {
	uint64_t q0, q1;
};

/** A transmit context (DS 7.2.3.2.3). */
struct tx_context {
	bool valid;
	struct descriptor d;
};

/** One receive or transmit queue, as loaded from its registers when it was enabled or they changed. */
struct queue {
	struct descriptor *linear;   /* the ring, where one extent holds all of it; else NULL */
	uint32_t *tail, *head_image; /* both registers, in the image of BAR0 */
	uint32_t head, size;         /* descriptors; size 0: no usable ring */
	uint32_t buffer_bytes;
	uint32_t counter; /* which of the 16 counters of frames and bytes it adds to */
	bool drop, vlan_strip, advanced, enabled;
	bool stalled;                /* it uses no descriptors, whatever the tail says */
	struct model_extent buffers; /* where the last buffer lay */
	struct model_extent ring;
	struct prefetch *prefetch; /* NULL: descriptors are read when they are used */
	uint64_t base;             /* I/O address of the ring */
	unsigned index;
	/* receive only */
	bool in_burst;                                /* the burst under way has frames for it */
	uint32_t available, received, received_bytes; /* in that burst: descriptors left, frames, bytes by DMA */
	/* transmit only */
	struct model_extent write_back;
	uint64_t head_write_back; /* I/O address; 0: descriptors are written back */
	struct tx_context context[2];
	uint32_t segments_sent; /* of the segmentation at the head */
	uint64_t allowed_ns;    /* it sends nothing before, where its rate is limited */
	bool skipping;          /* a chain was dropped, and the rest of it is to come */
	bool hung;              /* it sends nothing until it is enabled anew */
	bool unfinished;        /* the tail stands inside the frame at the head, which is counted */
	uint32_t unreported;    /* frames sent since one was last reported done */
};

enum {
	WIDE_GORC,
	WIDE_GOTC,
	WIDE_TOR,
	WIDE_RXDGBC,
	WIDE_TXDGBC,
	WIDE_RXNFGBC,
	WIDE_QBRC,
	WIDE_QBTC = WIDE_QBRC + 16,
	WIDE_COUNT = WIDE_QBTC + 16
};

/** A 36-bit byte counter read as two registers. */
struct wide_counter {
	uint64_t value;
	uint32_t high; /* what the next read of the high half returns, when latched */
	bool latched;
};

/** The bit-banged I2C bus as the SFP+ module sees it. */
struct i2c_slave {
	bool clock, data;
	uint8_t state, bits, shift, pointer, device;
	bool drive_low, reading;
	unsigned given; /* bytes that the module in the cage has been read */
};

/** What the 82599 remembers of its link. */
struct serial_link {
	enum model_module module;     /* in the cage now */
	bool restarted;               /* AN_RESTART was set since the last reset */
	unsigned restarts;            /* since the link was up or the module came, with settings that suit the module */
	bool toggled, pipeline_reset; /* LMS has its bit 2 toggled; a pipeline reset was done */
	unsigned toggled_lms;         /* LMS before it was */
	uint64_t an_ns;               /* ANLP1's state leaves 0 then */
	uint64_t module_ns;           /* the module answers I2C from then on */
	uint16_t core[3];             /* the last words that CORECTL has had */
};

/** The EEPROM behind the pins in EEC. */
struct spi_slave {
	bool clock, out;
	uint8_t command;
	uint16_t shift;
	unsigned bits; /* clocked since it was selected */
};

/** The 10GBASE-T PHY of X540 and X550, behind MDIO. */
struct mdio_phy {
	uint16_t value[MODEL_PHY_REGISTERS];
	uint16_t address[32]; /* of each MMD, as the last address cycle set it */
	uint32_t command;     /* that is under way */
	unsigned mbps;        /* of its link; 0: it has none */
	/* what both ends have advertised of flow control (enum model_pause_ability), in the last negotiation */
	unsigned own_pause, partner_pause;
	bool stands; /* it was in low power, and nobody has told it to negotiate since */
	unsigned negotiations;
	uint32_t lost;                    /* of each MMD, a bit: its status has yet to tell of a link that went */
	uint64_t negotiated_ns, quiet_ns; /* when it has a link, and when it answers again after a reset */
};

/** Frames that were fetched and not sent, one behind the other. */
struct tx_buffer {
	uint8_t *bytes;
	uint32_t begin, end; /* where the first begins, and the last ends */
};

/** What incidents have left behind. */
struct incidents {
	uint64_t tx_stalled[2], rx_stalled[2]; /* a bit for each queue */
	bool rx_stopped;                       /* all receive queues are stalled */
	bool tx_silent;                        /* nothing is written back to transmit rings */
	bool tx_dead;                          /* a function reset alone brings transmit back */
	bool masters_busy;                     /* STATUS.GIO stays */
	bool link_stale;                       /* transmit goes on without link */
	bool rx_waits;                         /* something here is in the way of frames that arrive */
	bool rx_silent;                        /* the interrupt for what arrives now has come */
	unsigned lost, early;                  /* interrupts that will be lost, or come early */
	unsigned storm;                        /* rounds of spurious interrupts that are to come */
	uint64_t early_ns;                     /* when the frames of an early interrupt arrive; 0: none has come */
	uint64_t count[MODEL_INCIDENTS];
};

struct model {
	/* touched per burst */
	struct queue rx[MODEL_QUEUES], tx[MODEL_QUEUES];
	uint32_t *image; /* BAR0 as a client may map it: heads and tails only */
	bool receiving;  /* RXEN, path not halted */
	bool link_up, bus_master, asleep /* in D3hot */, dma_allowed, loopback, rx_rss, rx_ethertypes, crc_strip;
	uint32_t breakages;
	uint32_t frame_limit;             /* bytes without FCS and VLAN tag */
	uint16_t tx_active[MODEL_QUEUES]; /* the enabled transmit queues */
	unsigned tx_active_n, tx_turn;    /* how many; which of them sends next */
	uint64_t sent_bytes;              /* with FCS, whatever their counter says */
	bool tx_limited;                  /* some queue has a limit of its rate */
	bool tx_hindered;                 /* something may be in the way of frames that are to be sent */
	bool tx_fetching;                 /* what leaves a ring now stays in the packet buffer */
	bool rx_hung;                     /* nothing is received until the next reset */
	uint64_t tamper_keep, tamper_set; /* as model_tamper_rx was told */
	unsigned tamper_count;            /* write-backs yet to be changed */
	uint64_t last_mac;                /* the address judged last; all ones: none */
	uint8_t last_verdict;
	uint8_t *scratch; /* frames put together or changed on their way out, and behind them room for a segmentation */
	uint32_t scratch_used;
	struct model_extent recent[8]; /* extents that any queue has met; empty ones hold nothing */
	unsigned recent_next;
	struct model_faults faults;
	uint64_t fates[MODEL_FATES], received_bytes; /* of the wire's frames */
	struct model_host host;

	uint32_t reg[MODEL_WORDS];
	struct wide_counter wide[WIDE_COUNT];
	uint16_t canonical[MODEL_WORDS]; /* word -> word, through the aliases */
	uint16_t rule[MODEL_WORDS];      /* word -> its row in the rules, 0: none */
	uint8_t reset_by[MODEL_WORDS];   /* word -> the kinds of reset that reach it */
	uint32_t tx_rate[MODEL_QUEUES];  /* RTTBCNRC of each transmit queue */
	uint32_t toeplitz[40][256];
	bool toeplitz_stale;

	/* time */
	uint64_t now_ns;
	uint32_t reset_asked; /* bits of CTRL that were written, and are yet to be obeyed */
	uint64_t reset_bit_ns, reset_done_ns, auto_read_ns, eerd_ns, dma_init_ns, link_ns, queues_ns, mdio_ns,
		firmware_ns, pause_ns, prefetch_ns, semaphore_ns, next_ns;
	uint32_t eerd_pending; /* EERD as it was written */
	/* a bit for each queue: its ENABLE was changed, and the device has yet to follow; what it was changed to */
	uint64_t rx_pending[2], tx_pending[2], rx_wanted[2], tx_wanted[2];

	/* interrupts: a bit for each MSI-X vector, and the other causes as in EICR; deferred: until its interval is
	 * over */
	uint64_t vector_cause, vector_mask, vector_auto_mask, vector_deferred;
	uint32_t other_cause, other_mask, other_auto_mask;
	uint64_t vector_allowed_ns[MODEL_VECTORS];

	struct incidents incidents;
	unsigned incident_in, incident_argument; /* one is to happen in so many register accesses; 0: none */
	enum model_incident incident_next;
	uint64_t accesses;
	uint64_t storm_ns, partner_back_ns; /* the next round of interrupts; the partner is back */

	struct prefetch *prefetched; /* of all receive queues; NULL: nothing is fetched ahead */
	bool firmware_holds;         /* the semaphores, now */
	struct tx_buffer tx_buffer;
	uint64_t tx_lost;       /* frames that the buffer was emptied of */
	uint64_t tx_unreported; /* frames sent whose report never came */
	uint64_t tx_flushed[2]; /* a bit for each queue: SWFLSH was written */
	uint64_t rx_flushed[2]; /* likewise */
	uint64_t halted_ns;     /* when the receive path has drained, since it was told to halt */
	uint64_t traffic_ns;    /* when a frame passed that the port did not take; 0: never */
	/* pause frames: the partner wants silence; it was told so itself, as it has to be again from then on */
	uint64_t paused_since_ns, paused_until_ns, xoff_again_ns;
	bool xoff_sent, xoff_overflow; /* the packet buffer overflowed since */
	bool control_waits;            /* a MAC control frame has arrived, and waits for a descriptor */
	struct model_pauses pauses;

	/* link */
	bool partner;           /* somebody is at the other end */
	bool link_latched_down; /* it was down since LINKS was read last */
	struct serial_link serial;
	struct i2c_slave i2c;
	struct spi_slave spi;
	struct mdio_phy phy;
	unsigned copper_mbps; /* what the PHY settled on */

	struct model_config config;
	uint32_t *own_image;
	uint16_t eeprom[MODEL_EEPROM_WORDS];
	uint8_t pci[MODEL_CONFIG_BYTES], pci_mask[MODEL_CONFIG_BYTES];
	uint8_t msix[MODEL_BAR4_BYTES];
	uint32_t unknown_reads[MODEL_WORDS], unknown_writes[MODEL_WORDS];
};

/** True for the cards with a 10GBASE-T PHY instead of a cage. */
static inline bool is_copper(const struct model *m)
{
	return m->config.card != MODEL_82599;
}

/** @return a register as the device sees it. */
static inline uint32_t reg_get(const struct model *m, uint32_t offset)
{
	return m->reg[offset / 4];
}

static inline void reg_set(struct model *m, uint32_t offset, uint32_t value)
{
	m->reg[offset / 4] = value;
}

/** Adds to a 32-bit counter, which sticks at its end, as all do (X550 DS 8.2.2.17, doubt M32). */
static inline void reg_add(struct model *m, uint32_t offset, uint32_t n)
{
	uint32_t *value = &m->reg[offset / 4];

	*value = n < UINT32_MAX - *value ? *value + n : UINT32_MAX;
}

/** The same for one of 16 bits. */
static inline void reg_add_short(struct model *m, uint32_t offset, uint32_t n)
{
	uint32_t *value = &m->reg[offset / 4];

	*value = n < UINT16_MAX - *value ? *value + n : UINT16_MAX;
}

/** Sets a deadline from now; model_step looks at deadlines only when the earliest has come. */
static inline void deadline_set(struct model *m, uint64_t *deadline, uint64_t delay_ns)
{
	*deadline = m->now_ns + delay_ns;
	if (*deadline < m->next_ns)
		m->next_ns = *deadline;
}

static inline bool has_quirk(const struct model *m, uint32_t quirk)
{
	return m->config.quirks & quirk;
}

/** @return a card's time, as this model has it. All times that only a card has go through here. */
static inline uint64_t scaled_ns(const struct model *m, uint64_t card_ns)
{
	return m->config.time_scale ? card_ns / m->config.time_scale : card_ns;
}

/** @return how long something takes: a short while, or with MODEL_QUIRK_SLOW as long as on a card. */
static inline uint64_t takes_ns(const struct model *m, uint64_t short_ns, uint64_t card_ns)
{
	return has_quirk(m, MODEL_QUIRK_SLOW) ? scaled_ns(m, card_ns) : short_ns;
}

/* What a register does besides storing is a function of the file whose matter it is; registers.c says which. */

/** @return what a read gives. */
typedef uint32_t register_read(struct model *m, uint32_t offset);
/** A write, instead of storing the value, which comes masked. */
typedef void register_write(struct model *m, uint32_t offset, uint32_t value);

#endif
