/* SPDX-License-Identifier: BSD-2-Clause
 * A port of the e1000 lineage (82540EM, 82574L, and igb's 82576), what differs between its chips as data, and what the
 * files of the control path do for each other. */
#ifndef POLLUX_DRIVER_E1000_E1000_H
#define POLLUX_DRIVER_E1000_E1000_H

#include "../access.h"
#include "../ring/ring.h"
#include "fields.h"
#include "registers.h"

#define E1000_FRAME_OVERHEAD (FRAME_OVERHEAD_BYTES + NIC_FCS_BYTES)

struct e1000;

/** What differs between the chips. All of it stands in one file per chip. */
struct e1000_chip {
	/** Resets the chip, quiet already, and waits until it is ready again. -errno with a sentence. */
	int (*reset)(struct e1000 *e);
	/** Reads the address that the NVM gave the port. -EIO: none that a port can have. */
	int (*read_mac)(struct e1000 *e, uint8_t mac[6]);
	/** Settings of the chip that neither link nor rings are; after each reset, before bus mastering is on. */
	void (*tune)(struct e1000 *e);
	/** Programs and enables receive, all but filters; and transmit. Bus mastering is on. -errno. */
	int (*receive_start)(struct e1000 *e);
	int (*transmit_start)(struct e1000 *e);
	/** Takes the PHY from the firmware, and gives it back. NULL: nobody else uses it. False: not to be had, which
	 * keeps nobody from going on. */
	bool (*phy_take)(struct e1000 *e);
	void (*phy_give)(struct e1000 *e);
	struct ring_ops ring;
	uint32_t (*tx_head)(unsigned queue);  /* TDH */
	uint32_t bar_bytes;                   /* what its register lists need of BAR0 */
	bool pcie;                            /* has a master to disable, CTRL_EXT.DRV_LOAD, EECD.AUTO_RD */
	uint8_t rars;                         /* exact MAC filters, the port's own included */
	uint8_t rx_byte_extra, tx_byte_extra; /* bytes more than the frame that GORC and GOTC count per packet */
	uint8_t packet_buffer_kib;            /* that PBA divides between receive and transmit; 0: it does not */
	uint8_t eerd_done_bit, eerd_address_shift;
	uint16_t max_mtu;
	uint16_t max_queues;
};

#define E1000_ERRORS 8u /* counters that rx_errors is the sum of */

/** A port. igb's are this too. */
struct e1000 {
	struct nic nic; /* first */
	const struct e1000_chip *chip;
	uint32_t uncleared[1 +
			   E1000_ERRORS]; /* MPC and error counters where reading does not clear them, as last seen */
};

/** Limits of waits, and fixed times, in microseconds. A variable so that tests of stuck bits need not wait. */
struct e1000_times {
	uint32_t quiesce;                    /* for DMA in flight after receive and transmit were disabled */
	uint32_t master_disable;             /* STATUS.GIO_MASTER_ENABLE */
	uint32_t pending;                    /* PCIe Transaction Pending */
	uint32_t reset_quiet;                /* no register access after CTRL.RST */
	uint32_t reset;                      /* CTRL.RST clear */
	uint32_t auto_read, auto_read_82576; /* EECD.AUTO_RD */
	uint32_t settle_82540, settle_82574; /* EEPROM and PHY set-up after a reset */
	uint32_t eerd;                       /* a word of the NVM */
	uint32_t mdic;                       /* a register of the PHY */
	uint32_t mdio_owner;                 /* EXTCNF_CTRL.MDIO_SW */
	uint32_t smbi, swesmbi, phy_owner;   /* SWSM.SMBI, .SWESMBI, and the PHY's bits in SW_FW_SYNC */
	uint32_t queue;                      /* ENABLE bits of a queue, where there are any */
	uint32_t drain;                      /* for packets handed over for transmit */
};
extern struct e1000_times e1000_times;

static inline struct e1000 *e1000_of(struct nic *nic)
{
	return (struct e1000 *)nic;
}

/* ---- registers: as reg_read and so on ---- */

static inline uint32_t e1000_read(struct e1000 *e, uint32_t offset)
{
	return reg_read(&e->nic, offset);
}

static inline void e1000_write(struct e1000 *e, uint32_t offset, uint32_t value)
{
	reg_write(&e->nic, offset, value);
}

static inline void e1000_change(struct e1000 *e, uint32_t offset, uint32_t clear, uint32_t set)
{
	reg_change(&e->nic, offset, clear, set);
}

static inline int e1000_poll(struct e1000 *e, uint32_t offset, uint32_t mask, uint32_t value, uint32_t limit_us)
{
	return reg_poll(&e->nic, offset, mask, value, limit_us);
}

/* ---- e1000.c ---- */

/** For all chips of the lineage. A driver's `chips` are pointers to struct e1000_chip, by the kind of its ids. */
extern const struct driver_ops e1000_ops;

/* ---- chips: 82540em.c, 82574l.c ---- */

extern const struct e1000_chip e1000_82540em, e1000_82574l;

/* ---- reset.c ---- */

int e1000_reset(struct nic *nic);
/** Sets CTRL.RST and waits until it is clear. */
int e1000_reset_by_register(struct e1000 *e);
/** Waits until CTRL.RST is clear. */
int e1000_wait_reset(struct e1000 *e);
/** Waits for EECD.AUTO_RD, which says that registers have their NVM values. -ETIMEDOUT with a sentence. */
int e1000_wait_auto_read(struct e1000 *e);

/* ---- nvm.c ---- */

/** Checks the NVM's checksum and reads the address in its first words. -EIO, -ETIMEDOUT. */
int e1000_nvm_read_mac(struct e1000 *e, uint8_t mac[6]);

/* ---- phy.c, link.c ---- */

/** Writes a bit that keeps what is written only while nobody else has what it stands for, until it does. False: too
 * late, refused, or gone.
 */
bool e1000_claim(struct e1000 *e, uint32_t offset, uint32_t bit, uint32_t limit_us);
/** A register of the PHY. -ETIMEDOUT or -EIO with a sentence. */
int e1000_phy_read(struct e1000 *e, unsigned reg, uint16_t *value);
int e1000_phy_write(struct e1000 *e, unsigned reg, uint16_t value);

/** Has the PHY negotiate and the MAC follow it. */
int e1000_link_start(struct e1000 *e);
int e1000_get_link(struct nic *nic, struct nic_link *link);

#define E1000_RX_TAIL_WRITES_PER_LAP                                                                                   \
	4u /* of a ring: each tail write is a trap where the card is emulated, and the card does well with most of the \
	      ring */

/* ---- rings.c: receive and transmit of the chips with one queue ---- */

/** Programs ring and receive control; RXDCTL, RXCSUM and what is special are the chip's, done before. */
int e1000_receive_start(struct e1000 *e);
/** Programs ring and transmit control with these extra bits; TXDCTL is the chip's, done before. */
void e1000_transmit_start(struct e1000 *e, uint32_t more_tctl);
/** RCTL for the port's configuration and receive mode, not enabled. */
uint32_t e1000_rctl(const struct e1000 *e);
uint32_t e1000_rx_tail(unsigned queue);
uint32_t e1000_tx_tail(unsigned queue);
uint32_t e1000_tx_head(unsigned queue);

/* ---- start.c, stop.c ---- */

int e1000_start(struct nic *nic);
int e1000_stop(struct nic *nic);

/* ---- filter.c ---- */

/** Brings all filter tables into a known state: nothing passes but the port's own address, those added, and broadcasts.
 */
int e1000_filter_start(struct e1000 *e);
int e1000_set_unicast(struct nic *nic, unsigned index, const uint8_t *mac);
int e1000_set_multicast(struct nic *nic, unsigned word, uint32_t value);
int e1000_set_receive_mode(struct nic *nic);

/* ---- stats.c ---- */

void e1000_stats_start(struct e1000 *e);
void e1000_update_stats(struct nic *nic);

/* ---- interrupt.c ---- */

/** Masks every interrupt and drops pending causes. */
void e1000_interrupt_mask(struct e1000 *e);
/** Lets link changes through to the event descriptor of a started port, if it has one. */
void e1000_interrupt_start(struct e1000 *e);
int e1000_enable_events(struct nic *nic);
void e1000_acknowledge_events(struct nic *nic);
/** Turns the device's interrupts off again, in the transport. */
void e1000_interrupt_close(struct nic *nic);

/* ---- rx.c, tx.c: bursts ---- */

unsigned e1000_rx_burst_legacy(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
unsigned e1000_rx_burst_extended(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
unsigned e1000_tx_burst_82540em(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
unsigned e1000_tx_burst_82574l(struct nic_txq *queue, const struct pkt *pkts, unsigned n);

#endif
