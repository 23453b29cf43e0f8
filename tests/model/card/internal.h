/* SPDX-License-Identifier: BSD-2-Clause
 * What the model's files share: the port itself, its queues, and the inlined steps of the packet path. */
#ifndef POLLUX_TESTS_MODEL_CARD_INTERNAL_H
#define POLLUX_TESTS_MODEL_CARD_INTERNAL_H

#include "model.h"
#include "registers.h"

#include <string.h>

#define MODEL_QUEUES        128u
#define MODEL_WORDS         (MODEL_BAR0_BYTES / 4)
#define MODEL_EEPROM_WORDS  1024u
#define MODEL_BURST         64u
#define MODEL_NEVER         UINT64_MAX
#define MODEL_PHY_REGISTERS 48u
#define MODEL_SCRATCH_BYTES (256u * 1024)
#define MODEL_TSO_BYTES     (257u * 1024) /* input of one segmentation: PAYLEN has 18 bits */

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
	struct descriptor *linear; /* the ring, where one extent holds all of it; else NULL */
	uint32_t *tail, *head_image;
	uint32_t head, size; /* descriptors; size 0: no usable ring */
	uint32_t buffer_bytes, counter;
	bool drop, vlan_strip, advanced, enabled;
	bool touched; /* in this burst */
	uint32_t available, received, received_bytes;
	struct model_extent buffers; /* where the last buffer lay */
	struct model_extent ring, write_back;
	uint64_t base;
	unsigned index;
	/* transmit only */
	uint64_t head_write_back; /* I/O address; 0: descriptors are written back */
	struct tx_context context[2];
	uint32_t segments_sent; /* of the segmentation at the head */
	bool skipping;          /* a chain was dropped, and the rest of it is to come */
};

enum {
	WIDE_GORC,
	WIDE_GOTC,
	WIDE_TOR,
	WIDE_RXDGBC,
	WIDE_TXDGBC,
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
};

struct model {
	/* touched per burst */
	struct queue rx[MODEL_QUEUES], tx[MODEL_QUEUES];
	uint32_t *image; /* BAR0 as a client may map it: heads and tails only */
	bool receiving;  /* RXEN, path not halted */
	bool link_up, dma_allowed, loopback, rx_rss, rx_plain, rx_ethertypes;
	bool crc_strip;
	uint32_t breakages;
	uint32_t frame_limit; /* bytes without FCS and VLAN tag */
	uint16_t tx_active[MODEL_QUEUES];
	unsigned tx_active_n, tx_turn;
	uint64_t tamper_keep, tamper_set;
	unsigned tamper_count;
	uint64_t last_mac; /* the filter's last verdict; all ones: none */
	uint8_t last_verdict;
	uint8_t *scratch;
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
	uint32_t toeplitz[40][256];
	bool toeplitz_stale;

	/* time */
	uint64_t now_ns;
	uint64_t reset_bit_ns, reset_done_ns, auto_read_ns, eerd_ns, dma_init_ns, link_ns, queues_ns, mdio_ns,
		firmware_ns, next_ns;
	uint32_t eerd_pending;
	uint64_t rx_pending[2], tx_pending[2], rx_wanted[2], tx_wanted[2];

	/* interrupts */
	uint64_t vector_cause, vector_mask, vector_auto_mask, vector_deferred;
	uint32_t other_cause, other_mask, other_auto_mask;
	uint64_t vector_allowed_ns[MODEL_VECTORS];

	/* link */
	bool partner, link_latched_down, autoneg_started;
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

/** Adds to a 32-bit counter; it wraps. */
static inline void reg_add(struct model *m, uint32_t offset, uint32_t n)
{
	m->reg[offset / 4] += n;
}

/** BAR0 offset of a per-queue receive register. */
static inline uint32_t rx_offset(uint32_t first, unsigned queue)
{
	return queue < 64 ? first + 0x40 * queue : first - IXGBE_RDBAL + MODEL_RX_HIGH + 0x40 * (queue - 64);
}

static inline uint32_t tx_offset(uint32_t first, unsigned queue)
{
	return first + 0x40 * queue;
}

/* ---- dma.c ---- */

bool model_dma_lookup(struct model *m, struct model_extent *cache, uint64_t iova, uint32_t bytes, bool write);
bool model_dma_write(struct model *m, struct model_extent *cache, uint64_t iova, const void *data, uint32_t bytes);
bool model_dma_read(struct model *m, struct model_extent *cache, uint64_t iova, void *data, uint32_t bytes);
bool model_dma_present(struct model *m, struct model_extent *cache, uint64_t iova, uint32_t bytes, bool write);
void model_dma_forget(struct model *m);

/** Memory at an I/O address when the cached extent holds all of it; NULL: ask model_dma_lookup. An empty extent holds
 * nothing. */
static inline uint8_t *dma_cached(const struct model_extent *e, uint64_t iova, uint32_t bytes, bool write)
{
	uint64_t at = iova - e->iova; /* wraps to something large below the extent */

	if (unlikely(at >= e->bytes || e->bytes - at < bytes || (write && !e->writable)))
		return NULL;
	return e->at + at;
}

/** As dma_cached, asking the host where that fails. NULL: not there in one piece. */
static inline uint8_t *dma_at(struct model *m, struct model_extent *e, uint64_t iova, uint32_t bytes, bool write)
{
	uint8_t *at = dma_cached(e, iova, bytes, write);

	if (likely(at != NULL))
		return at;
	return model_dma_lookup(m, e, iova, bytes, write) ? dma_cached(e, iova, bytes, write) : NULL;
}

/* ---- queue.c: enabling, disabling, loading rings ---- */

void model_queues_reset(struct model *m);
void model_queues_step(struct model *m);
void model_rx_load(struct model *m, unsigned queue);
void model_tx_load(struct model *m, unsigned queue);
void model_rings_find(struct model *m, struct queue *q);
bool model_ring_read(struct model *m, struct queue *q, uint32_t slot, struct descriptor *d);
bool model_ring_write(struct model *m, struct queue *q, uint32_t slot, const struct descriptor *d);
uint32_t model_read_head(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_tail(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_rx_control(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_tx_control(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_tail(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_head(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_rx_ring(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_tx_ring(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_queue_map(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_dmatxctl(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/** Moves a queue's head, for the device and for whoever maps the image. */
static inline void queue_move_head(struct queue *q, uint32_t head)
{
	q->head = head;
	__atomic_store_n(q->head_image, head, __ATOMIC_RELEASE);
}

/**
 * How many descriptors the driver has handed over, reading the tail once.
 * A tail outside the ring hands over nothing.
 */
static inline uint32_t queue_available(struct model *m, const struct queue *q)
{
	uint32_t tail = __atomic_load_n(q->tail, __ATOMIC_ACQUIRE);

	if (unlikely(tail >= q->size)) {
		m->faults.bad_ring += q->size != 0 || tail != 0;
		return 0;
	}
	return tail >= q->head ? tail - q->head : tail + q->size - q->head;
}

/* ---- rx.c: frames from whatever the receive side listens to, the wire or, in loopback, our own transmit side ---- */

unsigned model_take_frames(struct model *m, const struct model_frame *frames, unsigned n);
void model_lose_frames(struct model *m, const struct model_frame *frames, unsigned n);

/* ---- faults.c ---- */

/** Counts an access that breaks a rule of order, if it does. */
static inline void fault_order(struct model *m, enum model_order order, bool broken)
{
	m->faults.order[order] += broken;
	m->faults.bad_order += broken;
}
void model_fault_unknown(struct model *m, uint32_t offset, bool write);

/* ---- registers.c ---- */

void model_registers_open(struct model *m);
void model_registers_reset(struct model *m);

/* ---- model.c ---- */

void model_device_reset(struct model *m, bool link);
void model_deadline(struct model *m, uint64_t *deadline, uint64_t delay_ns);
void model_settle(struct model *m);
void model_write_ctrl(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_receive(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_status(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_secrxstat(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/* ---- config.c ---- */

void model_config_reset(struct model *m);
void model_config_read(struct model *m, uint64_t offset, void *data, size_t bytes);
void model_config_write(struct model *m, uint64_t offset, const void *data, size_t bytes);
bool model_bus_master(const struct model *m);

/* ---- eeprom.c ---- */

void model_eeprom_open(struct model *m);
void model_eeprom_load(struct model *m);
void model_eeprom_step(struct model *m);
void model_write_eec(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_eerd(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/* ---- semaphore.c ---- */

bool model_semaphore_held(const struct model *m, uint32_t resource);
uint32_t model_read_swsm(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_sw_fw_sync(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/* ---- phy.c: X540 and X550 ---- */

void model_phy_reset(struct model *m);
void model_phy_step(struct model *m);
unsigned model_phy_mbps(const struct model *m);
void model_write_msca(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/* ---- firmware.c: X550 ---- */

void model_firmware_step(struct model *m);
void model_write_hicr(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/* ---- sfp.c ---- */

void model_write_i2c(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_i2c(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_esdp(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_esdp(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/* ---- link.c ---- */

void model_link_reset(struct model *m);
void model_link_step(struct model *m);
void model_link_review(struct model *m);
void model_link_restart(struct model *m);
void model_write_macc(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_autoc(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_links(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_anlp1(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/* ---- interrupt.c ---- */

void model_interrupts_reset(struct model *m);
void model_interrupts_step(struct model *m);
uint64_t model_interrupts_next(const struct model *m);
void model_raise_queue(struct model *m, unsigned queue, bool transmit);
void model_raise_other(struct model *m, uint32_t causes);
uint32_t model_read_eicr(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_eics(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_eims(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_eiam(struct model *m, unsigned index, uint32_t value, uint32_t offset);
uint32_t model_read_ex(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_eicr(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_eics(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_eims(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_eimc(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_eiam(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_ex(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/* ---- filter.c ---- */

enum { VERDICT_NO, VERDICT_UNICAST, VERDICT_MULTICAST, VERDICT_BROADCAST, VERDICT_INEXACT = 8 };
uint8_t model_filter_mac(struct model *m, const uint8_t *mac);
bool model_filter_vlan(const struct model *m, uint16_t tag);
void model_write_filter(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_rss(struct model *m, unsigned index, uint32_t value, uint32_t offset);
void model_write_fdirctrl(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/* ---- parse.c ---- */

/** What the receive parser finds out about one frame. */
struct parsed {
	uint64_t q0, q1; /* packet type, RSS type and hash; checksum status and errors */
	uint32_t hash;
	uint16_t vlan; /* tag, when tagged */
	bool tagged;
	uint8_t rss_type;
	uint8_t queue;
};
void model_parse(struct model *m, const uint8_t *data, uint32_t len, struct parsed *p);
/** Adds bytes to a ones' complement sum of little-endian words, folded to 32 bits at the end. Inlined, as most are of a
 * few bytes, and of a number that is known. */
static inline uint32_t model_checksum_add(uint32_t start, const uint8_t *data, uint32_t bytes)
{
	uint64_t sum = start, pair;
	uint32_t word;
	uint16_t half;

	for (; bytes >= 8; bytes -= 8, data += 8) {
		memcpy(&pair, data, 8);
		sum += pair;
		sum += sum < pair; /* the carry comes back in */
	}
	sum = (sum & UINT32_MAX) + (sum >> 32);
	if (bytes & 4) {
		memcpy(&word, data, 4);
		sum += word;
		data += 4;
	}
	if (bytes & 2) {
		memcpy(&half, data, 2);
		sum += half;
		data += 2;
	}
	if (bytes & 1)
		sum += *data;
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return (uint32_t)((sum & UINT32_MAX) + (sum >> 32));
}

uint16_t model_checksum_fold(uint32_t sum);
uint32_t model_crc32(const uint8_t *data, uint32_t bytes);

/* ---- offload.c: what transmit descriptors ask to be done to a frame ---- */

/** What a context says about a frame's layers. */
struct tx_layout {
	uint32_t l2_bytes, ip_bytes, l4_bytes, mss;
	bool ipv4;
	uint8_t protocol;
	uint16_t vlan;
};
struct tx_layout model_offload_layout(const struct descriptor *context);
bool model_offload_checksums(uint8_t *frame, uint32_t len, const struct tx_layout *layout, bool ip, bool l4);
void model_offload_segment(uint8_t *to, const uint8_t *frame, uint32_t payload, uint32_t at, uint32_t bytes,
	const struct tx_layout *layout);

/* ---- stats.c ---- */

/** What one burst adds to the counters. */
struct tally {
	uint32_t frames, multicast, broadcast, size[6];
	uint64_t bytes; /* with FCS */
};

/** Index of PRC64 .. PRC1522 and PTC64 .. PTC1522 that counts frames of this size, FCS included. */
static inline unsigned model_size_class(uint32_t bytes)
{
	if (bytes <= 64)
		return 0;
	return bytes < 128 ? 1 : bytes < 256 ? 2 : bytes < 512 ? 3 : bytes < 1024 ? 4 : 5;
}

void model_count_received(struct model *m, const struct tally *t);
void model_count_sent(struct model *m, const struct tally *t);
uint32_t model_read_wide(struct model *m, unsigned index, uint32_t value, uint32_t offset);

/** Frames have met their fate. Those in loopback did not come over the wire. */
static inline void fate_met(struct model *m, enum model_fate fate, uint64_t n, uint64_t received_bytes)
{
	if (unlikely(m->loopback))
		return;
	m->fates[fate] += n;
	m->received_bytes += received_bytes;
}

static inline void wide_add(struct model *m, unsigned counter, uint64_t n)
{
	m->wide[counter].value = (m->wide[counter].value + n) & 0xFFFFFFFFFull;
}

#endif
